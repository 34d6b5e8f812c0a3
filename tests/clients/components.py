"""One check of a component that knows nothing of Toolrack: `components.py CHECK ERA SERVER...`.

A toolchain from a registry makes the component of sources beside this file. It lies with an empty
manifest in the plugin directory, which the last of the server's arguments names; the Inspector calls
its functions.
"""

import subprocess
import sys
from pathlib import Path

import packages
import programs
from web import Called, write

PLUGINS: set[str] = set()

WORDS = "words_example_text_words_0_1_0"


def javascript(server: list[str], era: str) -> None:
    """componentize-qjs: types both ways, an `err`, and its own helper left out."""
    sources = packages.HERE / "words"
    programs.componentize(sources / "words.js", sources / "words.wit", Path(server[-1], "words.wasm"))
    write(server, "words", "")
    tally = Called(server, era, f"{WORDS}_count", text="a b a", **{"at-least": 2})
    tally.answers('{"result":{"ok":[{"word":"a","times":2}]}}')
    every = Called(server, era, f"{WORDS}_count", text="a b a")
    every.answers('{"word":"b","times":1}')
    Called(server, era, f"{WORDS}_count", text=" ").fails("the text has no words in it")
    Called(server, era, f"{WORDS}_count", words="a").fails("text")
    listed = subprocess.run([server[0], "list", "--json", *server[2:]], check=True, timeout=60,
                            capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert "init" not in listed.stdout, listed.stdout


CHECKS = [(javascript, "legacy")]


if __name__ == "__main__":
    check, era, *server = sys.argv[1:]
    globals()[check](server, era)
