"""One check of what `toolrack new` makes: `languages.py LANGUAGE ERA SERVER...`.

Makes a plugin and does what `toolrack new` says is next, word for word, in a shell that finds the
language's tools; then the Inspector calls its tool. Rust is left to `cargo xtask test`, which has all it
needs.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import compilers
from web import Called

PLUGINS: set[str] = set()

PROGRAM = ("c", "go", "assemblyscript")
FUNCTIONS = ("js", "python")
LANGUAGES = PROGRAM + FUNCTIONS


def check(server: list[str], era: str, lang: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        answer = follow(server, lang, directory)
    text = "to be or not\nto be"
    if lang in PROGRAM:
        assert answer.startswith("6 words"), answer
        call(server, era, text=text, lines=True).answers("6 words, 1 line breaks")
        call(server, era, text=" ").fails("the text has no words in it", "failed with exit code 1")
        call(server, era, text="tôt " * 12_000).answers("12000 words")
    else:
        assert answer.startswith('{"result":{"ok":6}}'), answer
        listed = subprocess.run([server[0], "list", *server[2:]], check=True, timeout=60, text=True,
                                stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout
        assert "Counts the words of a text" in listed, listed
        call(server, era, text=text, distinct=True).answers('{"result":{"ok":4}}')
        call(server, era, text=" ").fails("`text` has no words in it")
        call(server, era, text="tôt " * 12_000).answers('{"result":{"ok":12000}}')


def follow(server: list[str], lang: str, directory: str) -> str:
    """What the last of the commands printed, which calls the tool."""
    compilers.install(lang)
    tools = Path(directory, "bin")
    tools.mkdir()
    for name, program in {"toolrack": server[0], **compilers.tools()}.items():
        Path(tools, name).symlink_to(program)
    environment = os.environ | {
        "PATH": os.pathsep.join([str(tools), os.environ["PATH"]]),
        # Whoever runs the checks has the caches and the registries of the language's tools.
        "HOME": os.environ["PERSONS_HOME"],
        "TOOLRACK_HOME": str(Path(os.environ["HOME"], ".toolrack")), "TOOLRACK_PLUGINS": server[-1],
    }

    def shell(script: str) -> str:
        command = ["bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=sys.stdout, text=True, timeout=280, check=False)
        assert done.returncode == 0, f"{script}\nended with {done.returncode}: {done.stdout}"
        return done.stdout

    _, told = shell(f"toolrack new word-count --lang {lang}").split("Go on with:\n")
    *steps, last = told.splitlines()
    assert last.strip().startswith("toolrack call word_count_count_words "), told
    shell("\n".join(steps))
    return shell(last)


def call(server: list[str], era: str, **arguments: object) -> Called:
    return Called(server, era, "word_count_count_words", **arguments)


if __name__ == "__main__":
    lang, era, *server = sys.argv[1:]
    check(server, era, lang)
