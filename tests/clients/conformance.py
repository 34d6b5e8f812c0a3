"""The conformance suite, through the bridge.

`conformance.py suite REVISION RESULTS SERVER...` runs every scenario of one revision; only what
`expected-failures.yaml` names may fail, and must. `conformance.py baseline all RESULTS` then looks for
names in that file that failed in no revision. The last of the server's arguments is its plugin
directory.
"""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import packages

PLUGINS = {"conformance", "hello"}  # few, because the bridge starts many servers
REVISIONS = ("2025-06-18", "2025-11-25", "2026-07-28")
EXPECTED = packages.HERE / "expected-failures.yaml"
SUITE_SECONDS = 240
STOP_SECONDS = 30


def suite(revision: str, results: Path, server: list[str]) -> None:
    with bridge(server) as url:
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
    failed = {f"{scenario}:{check['id']}" for revision in results.iterdir() for scenario, check in checks(revision)
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


@contextmanager
def bridge(server: list[str]):
    """Runs the bridge; fails afterwards if it held anything against the server."""
    manifest = Path(server[-1]) / "hello.toml"
    command = [str(packages.node()), str(packages.HERE / "bridge.mjs"), str(manifest), *server]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield json.loads(child.stdout.readline())["url"]
            report, _ = child.communicate(timeout=STOP_SECONDS)
        finally:
            child.kill()
    report = json.loads(report)
    print(f"{report['processes']} processes")
    if report["faults"]:
        sys.exit("\n".join(["the bridge holds against the server:", *report["faults"]]))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["suite", revision, results, *server]:
            suite(revision, Path(results), server)
        case ["baseline", "all", results, *_]:
            baseline(Path(results))
        case _:
            sys.exit(__doc__)
