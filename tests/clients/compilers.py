"""What the languages of `languages.py` are built with, beside what a plugin's own files install.

Go comes from PyPI and is in place before. C is the system's: on Debian apt installs it, for root.
"""

import subprocess
from pathlib import Path

import debian
import packages

DEBIAN = ("clang", "lld", "wasi-libc", "libclang-rt-dev-wasm32")
C = ("clang", "--target=wasm32-wasi", "-x", "c", "-", "-o", "/dev/null")
PROGRAM = b"#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }\n"


def tools() -> dict[str, Path]:
    """What a shell needs to find beside the system's own: Go, and the Node that the clients run on."""
    return {"go": packages.go(), "node": packages.node()}


def install(lang: str) -> None:
    """Sees to it that the language's compiler is here. Says what is missing where that cannot be."""
    if lang == "c":
        debian.install(DEBIAN, _compiles, "clang cannot compile C for WASI here")


def _compiles() -> bool:
    try:
        return subprocess.run(C, input=PROGRAM, check=False, capture_output=True, timeout=60).returncode == 0
    except OSError:
        return False
