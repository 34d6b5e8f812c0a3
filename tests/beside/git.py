#!/usr/bin/env python3
"""`git` beside the reference server for git, on the same inputs.

    tests/beside/git.py target/release/toolrack manifests [--write]

Needs git and Python 3.11. The reference is PyPI's mcp-server-git in the version below, which is installed into target/beside.
Each case is made anew for each server, asked of both, and judged by what git itself says; `--write` puts the table into
git.md. The run fails where `git` is wrong.
"""

import json
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile
import venv

from stdio import Server

VERSION = "2026.10.19"
HERE = pathlib.Path(__file__).resolve().parent
ENVIRONMENT = {
    **os.environ,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER") for what, text in
       (("NAME", "Ada"), ("EMAIL", "ada@example.org"), ("DATE", "1700000000 +0000"))},
}
CALLER = {name: text for name, text in ENVIRONMENT.items() if not name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))}


def git(root, *arguments):
    run = subprocess.run(["git", "-c", "core.quotePath=false", *arguments], cwd=root, env=ENVIRONMENT, capture_output=True, text=True)
    return run.stdout if run.returncode == 0 else run.stderr


def begun(root):
    """Two commits on main, a branch, and who commits."""
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@example.org")
    (root / "a.txt").write_text("one\ntwo\n")
    (root / ".gitignore").write_text("*.log\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    (root / "a.txt").write_text("one\n2\n")
    git(root, "commit", "-qam", "second")
    git(root, "branch", "other", "HEAD~1")


def changed(root):
    (root / "a.txt").write_text("one\n3\n")
    (root / "new file.txt").write_text("n\n")
    (root / "x.log").write_text("ignored\n")


def staged(root):
    changed(root)
    git(root, "add", "a.txt")


def removed(root):
    (root / "a.txt").unlink()


def hooked(root):
    staged(root)
    hook = root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\ntouch hook-was-run\n")
    hook.chmod(0o755)


def filtered(root):
    (root / ".gitattributes").write_text("*.txt diff=evil\n")
    git(root, "config", "diff.evil.textconv", "touch textconv-was-run; cat")
    changed(root)


def long(root):
    (root / "long.txt").write_text("".join(f"line {number}\n" for number in range(200_000)))
    git(root, "add", "-N", "long.txt")


def conflict(root):
    git(root, "checkout", "-q", "other")
    (root / "a.txt").write_text("one\nother\n")
    git(root, "commit", "-qam", "third")
    git(root, "checkout", "-q", "main")
    git(root, "merge", "other")


def ran(name):
    return lambda root: f"{name}: {(root / name).exists()}"


def says(*arguments):
    return lambda root: git(root, *arguments)


class Case:
    """One request in the words of each server, what the repository is before, and what is right after."""

    def __init__(self, name, ours, theirs, prepare=None, says=(), lacks=(), fails=False, check=None, why=""):
        self.name, self.ours, self.theirs, self.prepare = name, ours, theirs, prepare
        self.says, self.lacks, self.fails, self.check, self.why = says, lacks, fails, check, why


CASES = [
    Case("status", ("status", {}), ("status", {}), changed, says=("a.txt", "new file.txt"), lacks=("x.log",)),
    Case("status in a merge with conflicts", ("status", {}), ("status", {}), conflict, says=("a.txt", "merge")),
    Case("what is not staged", ("diff", {}), ("diff_unstaged", {}), changed, says=("-2\n+3",)),
    Case("what is staged", ("diff", {"staged": True}), ("diff_staged", {}), staged, says=("-2\n+3",)),
    Case("between two branches", ("diff", {"from": "other", "to": "main"}), ("diff", {"target": "other"}), says=("-two\n+2",)),
    Case("lines counted", ("diff", {"from": "other", "to": "main", "stat": True}), None, says=("1\t1\ta.txt",),
         why="theirs gives whole diffs only"),
    Case("a diff of 200,000 lines", ("diff", {}), ("diff_unstaged", {}), long, says=("line 0",), lacks=("line 199999",),
         why="theirs gives all of it, more than a model's context; ours says where to go on"),
    Case("history", ("log", {}), ("log", {}), says=("second", "first")),
    Case("history of one file", ("log", {"paths": [".gitignore"]}), None, says=("first",), lacks=("second",),
         why="theirs has no paths"),
    Case("one commit", ("show", {"revision": "HEAD"}), ("show", {"revision": "HEAD"}), says=("second", "-two", "+2")),
    Case("a file as it was", ("show", {"revision": "HEAD~1:a.txt"}), ("show", {"revision": "HEAD~1:a.txt"}), says=("two",)),
    Case("who wrote a line", ("blame", {"path": "a.txt"}), None, says=("second", "2\t2"), why="theirs has no tool for it"),
    Case("branches", ("branches", {}), ("branch", {"branch_type": "local"}), says=("* main", "other")),
    Case("stage one file", ("add", {"paths": ["a.txt"]}), ("add", {"files": ["a.txt"]}), changed,
         check=says("status", "--porcelain"), says=("M  a.txt",)),
    Case("stage a deletion", ("add", {"paths": ["a.txt"]}), ("add", {"files": ["a.txt"]}), removed,
         check=says("status", "--porcelain"), says=("D  a.txt",)),
    Case("stage what is ignored", ("add", {"paths": ["x.log"]}), ("add", {"files": ["x.log"]}), changed, fails=True, says=("ignored",)),
    Case("commit", ("commit", {"message": "third"}), ("commit", {"message": "third"}), staged,
         check=says("log", "-1", "--format=%an: %s"), says=("Ada: third",)),
    Case("commit nothing", ("commit", {"message": "third"}), ("commit", {"message": "third"}), fails=True, says=("staged",),
         why="theirs makes an empty commit"),
    Case("commit with a hook of the repository's", ("commit", {"message": "third"}), ("commit", {"message": "third"}), hooked,
         check=ran("hook-was-run"), says=("hook-was-run: False",), why="theirs runs a program that the repository brought along"),
    Case("a diff with a program of the repository's", ("diff", {}), ("diff_unstaged", {}), filtered,
         check=ran("textconv-was-run"), says=("textconv-was-run: False",), why="theirs runs a program that the repository names"),
    Case("finish a merge too early", ("commit", {"message": "third"}), ("commit", {"message": "third"}), conflict, fails=True,
         says=("a.txt",)),
    Case("unstage", ("restore", {"paths": ["."], "staged": True}), ("reset", {}), staged,
         check=says("status", "--porcelain"), says=(" M a.txt",)),
    Case("a new branch", ("create_branch", {"name": "fix", "start": "other"}), ("create_branch", {"branch_name": "fix", "base_branch": "other"}),
         check=says("log", "-1", "--format=%s", "fix"), says=("first",)),
    Case("switch", ("checkout", {"target": "other"}), ("checkout", {"branch_name": "other"}),
         check=says("branch", "--show-current"), says=("other",)),
    Case("switch with changes that would be lost", ("checkout", {"target": "other"}), ("checkout", {"branch_name": "other"}), changed,
         fails=True, says=("a.txt",)),
    Case("throw a change away", ("restore", {"paths": ["a.txt"]}), None, changed, check=says("status", "--porcelain"), lacks=(" M",),
         why="theirs has no tool for it"),
    Case("a revision that looks like an option", ("show", {"revision": "--output=made"}), ("show", {"revision": "--output=made"}),
         fails=True, check=ran("made"), says=("made: False",)),
]


def tried(case, tool, start):
    """What the server answers, and what is wrong with it."""
    if tool is None:
        return "(no such tool)", "it has no tool for it"
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory).resolve()
        begun(root)
        if case.prepare:
            case.prepare(root)
        server = start(root)
        try:
            failed, text = server.call(f"git_{tool[0]}", tool[1] | ({"repo_path": str(root)} if start.reference else {}))
        except (queue.Empty, EOFError):
            return "(no answer)", "it does not answer"
        finally:
            server.process.kill()
        found = text + ("\n" + case.check(root) if case.check else "")
        return text.replace(str(root), "DIR"), judged(case, failed, found)


def judged(case, failed, found):
    if failed != case.fails:
        return "it fails" if failed else "it does not fail"
    for part in case.says:
        if part not in found:
            return f"{part!r} is missing"
    for part in case.lacks:
        if part in found:
            return f"{part!r} is there"
    return ""


def ours(toolrack, manifests):
    home = pathlib.Path(tempfile.mkdtemp())
    plugins = home / "plugins"
    plugins.mkdir()
    for ending in ("toml", "wasm"):
        shutil.copy(manifests / f"git.{ending}", plugins)

    def start(root):
        grant = f"files = [{{ path = {json.dumps(str(root))}, at = \"/work\", access = \"write\" }}]"
        (plugins / "git.local.toml").write_text(f"[grants]\n{grant}\n")
        return Server([str(toolrack), "serve", "--plugins", str(plugins)], CALLER | {"TOOLRACK_HOME": str(home / "home")})

    start.reference = False
    return start


def theirs():
    place = HERE.parent.parent / "target" / "beside" / "git"
    python = place / "bin" / "python"
    if not (place / "bin" / "mcp-server-git").exists():
        venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", f"mcp-server-git=={VERSION}"], check=True)

    def start(root):
        # `-P`: this file has the name of a module of theirs.
        return Server([str(python), "-P", "-m", "mcp_server_git", "--repository", str(root)], CALLER)

    start.reference = True
    return start


def short(text):
    text = text if len(text) <= 90 else f"{text[:60]}... ({len(text.encode())} bytes)"
    shown = json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("|", "\\|").replace("`", "'")
    return f"`{shown}`"


def main():
    toolrack, manifests = (pathlib.Path(name).resolve() for name in sys.argv[1:3])
    start_ours, start_theirs = ours(toolrack, manifests), theirs()
    rows, wrong, cost = [], [], []
    for name, start in (("git", start_ours), ("reference", start_theirs)):
        with tempfile.TemporaryDirectory() as root:
            begun(pathlib.Path(root))
            server = start(pathlib.Path(root).resolve())
            tools = server.tools()
            cost.append(f"{name}: {len(tools)} tools, {len(json.dumps(tools, separators=(',', ':')))} bytes")
            server.end()
    for case in CASES:
        own, other = tried(case, case.ours, start_ours), tried(case, case.theirs, start_theirs)
        if own[1]:
            wrong.append(f"{case.name}: {own[1]}: {own[0]!r}")
        verdict = ["right" if not problem else problem.replace("|", "\\|") for _, problem in (own, other)]
        why = case.why if other[1] else ""
        rows.append(f"| {case.name} | {verdict[0]} | {short(own[0])} | {verdict[1]} | {short(other[0])} | {why} |")
        print(f"{'same' if not own[1] and not other[1] else 'differs':8} {case.name}: git {verdict[0]}, reference {verdict[1]}", flush=True)
    print("\n".join(cost))
    if "--write" in sys.argv:
        (HERE / "git.md").write_text(page(rows, cost))
    if wrong:
        sys.exit("git is wrong:\n" + "\n".join(wrong))


def page(rows, cost):
    head = (HERE / "git.md").read_text().split("<!-- table -->")[0]
    table = ["| request | `git` | its answer | reference | its answer | why |", "|---|---|---|---|---|---|", *rows]
    listed = "In `tools/list`: " + "; ".join(cost) + "."
    return f"{head}<!-- table -->\n\n" + "\n".join(table) + f"\n\n{listed}\n"


if __name__ == "__main__":
    main()
