"""Runs one check after another, each as a process with a home and a copy of the plugins of its own.

One line a check, with what it noted; what a failing or skipped one printed follows its line. It knows
neither the clients nor what they look at: every check is a script beside this file, its arguments, and the
server to start. The plugin directories it is given are served as one; of them a script gets the plugins
it names.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections import Counter
from pathlib import Path

import agents
import browser
import components
import conformance
import inspector
import languages
import oauth
import offline
import otlp
import page
import programs
import proxy
import python_sdk
import timing
import web

CHECK_SECONDS = 300
NOTE = "note: "  # how a line begins that is shown of a check that passes too


def main(toolrack: Path, directories: list[Path]) -> int:
    ends = Counter()
    with tempfile.TemporaryDirectory(prefix="toolrack-clients-") as scratch:
        results, home = Path(scratch, "results"), Path(scratch, "home")
        results.mkdir()
        home.mkdir()
        for number, (script, *arguments) in enumerate(checks(results)):
            plugins = gather(directories, script.PLUGINS, Path(scratch, str(number)))
            server = (str(toolrack), "serve", "--plugins", str(plugins))
            ends[run(script.__name__, *arguments, *server, home=home)] += 1
            shutil.rmtree(plugins)
    skipped = f", {ends['skip']} skipped" if ends["skip"] else ""
    print(f"{ends['pass']} passed, {ends['FAIL']} failed{skipped}")
    return 1 if ends["FAIL"] else 0


def checks(results: Path) -> list[tuple]:
    """Every check in order, as a script and its arguments."""
    return [
        *((inspector, check.__name__, era) for check, era in inspector.CHECKS),
        *((timing, case.__name__, era) for case, era in timing.CHECKS),
        *((agents, program.__name__, case) for program, case in agents.CHECKS),
        *((browser, check.__name__, era) for check, era in browser.CHECKS),
        *((page, check.__name__, era) for check, era in page.CHECKS),
        *((proxy, check.__name__, era) for check, era in proxy.CHECKS),
        *((web, check.__name__, era) for check, era in web.CHECKS),
        *((oauth, check.__name__, era) for check, era in oauth.CHECKS),
        *((otlp, check, era) for check, era in otlp.CHECKS),
        *((programs, name, era) for name, era in programs.CHECKS),
        *((languages, lang, "modern") for lang in languages.LANGUAGES),
        *((components, check.__name__, era) for check, era in components.CHECKS),
        *((python_sdk, check.__name__, mode) for check, mode in python_sdk.CHECKS),
        *((conformance, "suite", revision, str(results)) for revision in conformance.REVISIONS),
        (conformance, "baseline", "all", str(results)),
    ]


def gather(directories: list[Path], names: set[str] | None, into: Path) -> Path:
    """Copies the plugins, so that a check may change them as it likes."""
    into.mkdir()
    for directory in directories:
        for file in (*directory.glob("*.toml"), *directory.glob("*.wasm")):
            if names is None or file.stem in names:
                shutil.copy(file, into)
    return into


def run(script: str, subject: str, era: str, *arguments: str, home: Path) -> str:
    """Returns how the check ended: `pass`, `skip` or `FAIL`."""
    environment = os.environ | {"HOME": str(home), "TMPDIR": str(home), "NO_COLOR": "1",
                                "PERSONS_HOME": os.environ["HOME"]}
    environment.pop("XDG_CACHE_HOME", None)
    command = [sys.executable, "-B", Path(__file__).with_name(f"{script}.py"), subject, era, *arguments]
    begun = time.monotonic()
    # A session of its own, so that a check which hangs is ended with all that it started.
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True) as child:
        try:
            output, _ = child.communicate(timeout=CHECK_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            output = child.communicate()[0] + f"\nended after {CHECK_SECONDS} s\n".encode()
    end = {0: "pass", offline.SKIPPED: "skip"}.get(child.returncode, "FAIL")
    said = output.decode(errors="replace").rstrip()
    notes = "".join(f": {line.removeprefix(NOTE)}" for line in said.splitlines() if line.startswith(NOTE))
    print(f"{end}  {script} {subject} {era} ({time.monotonic() - begun:.1f} s){notes}", flush=True)
    if end != "pass":
        print(textwrap.indent(said, "    "), flush=True)
    return end


if __name__ == "__main__":
    toolrack, *directories = (Path(argument).resolve() for argument in sys.argv[1:])
    sys.exit(main(toolrack, directories))
