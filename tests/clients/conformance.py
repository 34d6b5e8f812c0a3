"""The conformance suite, over the server's own HTTP.

`conformance.py suite REVISION RESULTS SERVER...` runs every scenario of one revision; only what
`expected-failures.yaml` names may fail, and must. `conformance.py baseline all RESULTS` then looks for
names in that file that failed in no revision. The last of the server's arguments is its plugin
directory.

The suite asks a server to change its own list of tools through a tool named `test_trigger_tool_change`. What
Toolrack lists changes when files do: the fixture of that name writes a line to the log, and this script takes a
manifest away or puts it back when it reads that line.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import http_server
import packages

PLUGINS = {"conformance", "hello"}
REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
TRIGGER = "plugin: test_trigger_tool_change"
EXPECTED = packages.HERE / "expected-failures.yaml"
SUITE_SECONDS = 240


def suite(revision: str, results: Path, server: list[str]) -> None:
    manifest = Path(server[-1]) / "hello.toml"
    gone = manifest.with_suffix(".gone")

    def toggle(line: str) -> None:
        if TRIGGER in line:
            (gone.rename(manifest) if gone.exists() else manifest.rename(gone))

    # The suite waits a second and a half for a change: what it changes is compiled before.
    home = {"TOOLRACK_HOME": str(results / f"home-{revision}")}
    program, _serve, *where = server
    subprocess.run([program, *where, "call", "hello_greet", "name=Ada"], env=os.environ | home, check=True)
    with http_server.serving(server, hears=toggle, environment=home) as url:
        command = [str(packages.node()), str(packages.CONFORMANCE), "server", "--url", url, "--suite", "all",
                   "--spec-version", revision, "--expected-failures", str(EXPECTED),
                   "--output-dir", str(results / revision)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=SUITE_SECONDS, check=False)
    if done.returncode != 0:
        for scenario, check in checks(results / revision):
            if check["status"] in ("FAILURE", "WARNING") and f"{scenario}:{check['id']}" not in expected():
                print(f"{scenario}:{check['id']}: {check.get('errorMessage')}", json.dumps(check.get("details")))
        sys.exit("the suite failed")


def baseline(results: Path) -> None:
    failed = {f"{scenario}:{check['id']}" for revision in REVISIONS for scenario, check in checks(results / revision)
              if check["status"] in ("FAILURE", "WARNING")}
    if stale := expected() - failed:
        sys.exit(f"{EXPECTED.name} names what no revision failed: {', '.join(sorted(stale))}")


def expected() -> set[str]:
    lines = (line.split("#")[0].strip() for line in EXPECTED.read_text().splitlines())
    return {line.removeprefix("- ") for line in lines if line.startswith("- ")}


def checks(results: Path):
    """Every check of a run with the name of its scenario, which its directory's name carries."""
    for directory in sorted(results.iterdir()):
        scenario = directory.name.removeprefix("server-").rsplit("-", 6)[0]
        for check in json.loads((directory / "checks.json").read_text()):
            yield scenario, check


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["suite", revision, results, *server]:
            suite(revision, Path(results), server)
        case ["baseline", "all", results, *_]:
            baseline(Path(results))
        case _:
            sys.exit(__doc__)
