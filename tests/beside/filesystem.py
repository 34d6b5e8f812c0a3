#!/usr/bin/env python3
"""`files` beside the reference server for files, on the same inputs.

    tests/beside/filesystem.py target/release/toolrack manifests [--write]

Needs Node.js and Debian's mkfifo and stat. The reference is npm's @modelcontextprotocol/server-filesystem in the version
below, which is installed into target/beside. Each case is made anew for each server, asked of both, and judged by what is
right; `--write` puts the table into filesystem.md. The run fails where `files` is wrong.
"""

import json
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile

from stdio import Server

PACKAGE = "@modelcontextprotocol/server-filesystem"
VERSION = "2026.8.31"
HERE = pathlib.Path(__file__).resolve().parent
NARROW = "\u202f"


class Case:
    """One request in the words of each server, and what is right of the answer and of the files afterwards."""

    def __init__(self, name, ours, theirs, files=None, prepare=None, says=(), lacks=(), fails=False, leaves=None, check=None, why=""):
        self.name, self.ours, self.theirs = name, ours, theirs
        self.files, self.prepare = files or {}, prepare
        self.says, self.lacks, self.fails = says, lacks, fails
        self.leaves, self.check, self.why = leaves or {}, check, why


def mode(name):
    return lambda root: oct((root / name).stat().st_mode & 0o777)[2:]


def chmod(name, bits):
    return lambda root: (root / name).chmod(bits)


def big(root):
    (root / "big").write_text("".join(f"line {number}\n" for number in range(200_000)))


def odd_names(root):
    (root / "plain").write_text("x")
    with open(os.fsencode(root) + b"/caf\xe9", "w") as file:
        file.write("x")


CASES = [
    Case("list a directory", ("list", {"path": "{root}"}), ("list_directory", {"path": "{root}"}),
         {"a.txt": "12345", "d/b": ""}, says=("a.txt", "d")),
    Case("the tree without a directory", ("list", {"path": "{root}", "depth": 9, "exclude": ["node_modules"]}),
         ("directory_tree", {"path": "{root}", "excludePatterns": ["node_modules"]}),
         {"src/a.js": "", "src/node_modules/x/i.js": ""}, says=("a.js",), lacks=("i.js",)),
    Case("find by name", ("list", {"path": "{root}", "glob": "**/*.md"}), ("search_files", {"path": "{root}", "pattern": "**/*.md"}),
         {"a.md": "", "b/c.md": "", "b/d.txt": ""}, says=("a.md", "c.md"), lacks=("d.txt",)),
    Case("`?` stands for `é`", ("list", {"path": "{root}", "glob": "caf?.md"}), ("search_files", {"path": "{root}", "pattern": "caf?.md"}),
         {"café.md": ""}, says=("café.md",)),
    Case("a directory with a name that is not UTF-8", ("list", {"path": "{root}"}), ("list_directory", {"path": "{root}"}),
         prepare=odd_names, says=("plain",), lacks=("\ufffd",), why="theirs shows a name that no later call can use"),
    Case("read", ("read", {"path": "{root}/a"}), ("read_text_file", {"path": "{root}/a"}), {"a": "one\ntwo\n"}, says=("one\ntwo\n",)),
    Case("head", ("read", {"path": "{root}/a", "lines": 2}), ("read_text_file", {"path": "{root}/a", "head": 2}),
         {"a": "1\n2\n3\n"}, says=("1\n2",), lacks=("3",)),
    Case("tail", ("read", {"path": "{root}/a", "last": 2}), ("read_text_file", {"path": "{root}/a", "tail": 2}),
         {"a": "1\n2\n3\n"}, says=("2\n3",), lacks=("1",), why="theirs counts the empty text after the last line break as a line, `tail` does not"),
    Case("several files, one missing", ("read", {"paths": ["{root}/a", "{root}/none"]}), ("read_multiple_files", {"paths": ["{root}/a", "{root}/none"]}),
         {"a": "here"}, says=("here", "none")),
    Case("a long file", ("read", {"path": "{root}/big"}), ("read_text_file", {"path": "{root}/big"}), prepare=big,
         says=("line 0\n",), check=lambda root: "", lacks=("line 199999",), why="theirs gives 2.4 MB, more than a model's context; ours says where to go on"),
    Case("text in Windows-1252", ("read", {"path": "{root}/a"}), ("read_text_file", {"path": "{root}/a"}),
         prepare=lambda root: (root / "a").write_bytes(b"a caf\xe9 au lait"), says=("café",), lacks=("\ufffd",), why="theirs reads all as UTF-8"),
    Case("a name with a space at its end", ("read", {"path": "{root}/trail .txt "}), ("read_text_file", {"path": "{root}/trail .txt "}),
         {"trail .txt ": "right", "trail .txt": "wrong"}, says=("right",)),
    Case("a name typed with another space", ("read", {"path": "{root}/Shot 9.41 AM"}), ("read_text_file", {"path": "{root}/Shot 9.41 AM"}),
         {f"Shot 9.41{NARROW}AM": "x"}, fails=True, says=("\\u202f",), why="theirs says that there is none"),
    Case("a pipe", ("read", {"path": "{root}/pipe"}), ("read_text_file", {"path": "{root}/pipe"}),
         prepare=lambda root: os.mkfifo(root / "pipe"), fails=True, says=("pipe",), why="theirs waits for its other end"),
    Case("through a link that leads out", ("read", {"path": "{root}/out/passwd"}), ("read_text_file", {"path": "{root}/out/passwd"}),
         prepare=lambda root: (root / "out").symlink_to("/etc"), fails=True, lacks=("root:",)),
    Case("lines that match", ("search", {"path": "{root}", "pattern": "TODO", "context": 1}), None,
         {"a": "x\nTODO\ny\n"}, says=('"line":2',), why="theirs has no search in files"),
    Case("write a new file", ("write", {"path": "{root}/n/a", "text": "x"}), ("write_file", {"path": "{root}/n/a", "content": "x"}),
         leaves={"n/a": "x"}, why="theirs wants the directory to be made first"),
    Case("replace a private file", ("write", {"path": "{root}/a", "text": "new", "mode": "overwrite"}), ("write_file", {"path": "{root}/a", "content": "new"}),
         {"a": "old"}, chmod("a", 0o600), leaves={"a": "new"}, check=mode("a"), says=("600",)),
    Case("replace a script", ("write", {"path": "{root}/a", "text": "new", "mode": "overwrite"}), ("write_file", {"path": "{root}/a", "content": "new"}),
         {"a": "old"}, chmod("a", 0o755), leaves={"a": "new"}, check=mode("a"), says=("755",)),
    Case("replace one of two names", ("write", {"path": "{root}/a", "text": "new", "mode": "overwrite"}), ("write_file", {"path": "{root}/a", "content": "new"}),
         {"a": "old"}, lambda root: os.link(root / "a", root / "b"), leaves={"a": "new", "b": "new"}, why="theirs leaves the other name with the old text"),
    Case("write what is there already", ("write", {"path": "{root}/a", "text": "new"}), ("write_file", {"path": "{root}/a", "content": "new"}),
         {"a": "old"}, fails=True, leaves={"a": "old"}, why="theirs overwrites without being told to"),
    Case("edit a CRLF file", ("edit", {"path": "{root}/a", "old": "one\ntwo", "new": "1\n2"}),
         ("edit_file", {"path": "{root}/a", "edits": [{"oldText": "one\ntwo", "newText": "1\n2"}]}),
         prepare=lambda root: (root / "a").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n"), leaves={"a": "\ufeff1\r\n2\r\n"}, why="theirs makes all line ends LF"),
    Case("edit what stands twice", ("edit", {"path": "{root}/a", "old": "x", "new": "y"}), ("edit_file", {"path": "{root}/a", "edits": [{"oldText": "x", "newText": "y"}]}),
         {"a": "x\nx\n"}, fails=True, leaves={"a": "x\nx\n"}, why="theirs changes the first"),
    Case("edit with `$&` in the new text", ("edit", {"path": "{root}/a", "old": "x", "new": "$&$1"}), ("edit_file", {"path": "{root}/a", "edits": [{"oldText": "x", "newText": "$&$1"}]}),
         {"a": "x\n"}, leaves={"a": "$&$1\n"}),
    Case("a dry run", ("edit", {"path": "{root}/a", "old": "x", "new": "y", "dry_run": True}), ("edit_file", {"path": "{root}/a", "edits": [{"oldText": "x", "newText": "y"}], "dryRun": True}),
         {"a": "x\n"}, says=("-x", "+y"), leaves={"a": "x\n"}),
    Case("move over another file", ("move", {"from": "{root}/a", "to": "{root}/b"}), ("move_file", {"source": "{root}/a", "destination": "{root}/b"}),
         {"a": "1", "b": "2"}, fails=True, leaves={"a": "1", "b": "2"}),
    Case("make a directory", ("write", {"path": "{root}/x/y", "mode": "directory"}), ("create_directory", {"path": "{root}/x/y"}),
         check=lambda root: str((root / "x/y").is_dir()), says=("True",)),
    Case("write a hook of Git", ("write", {"path": "{root}/.git/hooks/pre-commit", "text": "x"}), ("write_file", {"path": "{root}/.git/hooks/pre-commit", "content": "x"}),
         prepare=lambda root: (root / ".git/hooks").mkdir(parents=True), fails=True, check=lambda root: str(len(list((root / ".git/hooks").iterdir()))), says=("0",), why="theirs writes what Git then runs"),
    Case("what a file is", ("list", {"path": "{root}/a"}), ("get_file_info", {"path": "{root}/a"}), {"a": "12345"}, says=("5",)),
    Case("a picture", ("read", {"path": "{root}/a.png"}), ("read_media_file", {"path": "{root}/a.png"}),
         prepare=lambda root: (root / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0"), says=("(image)",)),
    Case("delete, which is switched on", ("delete", {"path": "{root}/d", "recursive": True}), None, {"d/a": "", "b": ""},
         check=lambda root: " ".join(sorted(os.listdir(root))), says=("b",), why="theirs deletes nothing"),
]


def placed(value, root):
    """Arguments with the directory in place of `{root}`."""
    return json.loads(json.dumps(value).replace("{root}", str(root)))


def tried(case, request, start):
    """What a server answers to a case, and what of it is wrong."""
    if request is None:
        return "(no such tool)", "it has no tool for it"
    with tempfile.TemporaryDirectory() as root:
        root = pathlib.Path(root).resolve()
        for name, text in case.files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(text.encode())
        if case.prepare:
            case.prepare(root)
        server = start(root)
        try:
            failed, text = server.call(request[0], placed(request[1], root))
        except queue.Empty:
            return "(no answer)", "it does not answer"
        finally:
            server.process.kill()
        found = text + ("\n" + case.check(root) if case.check else "")
        return text.replace(str(root), "DIR"), judged(case, failed, found, root)


def judged(case, failed, found, root):
    if failed != case.fails:
        return "it fails" if failed else "it does not fail"
    for part in case.says:
        if part not in found:
            return f"{part!r} is missing"
    for part in case.lacks:
        if part in found:
            return f"{part!r} is there"
    for name, text in case.leaves.items():
        there = (root / name).read_bytes().decode() if (root / name).exists() else None
        if there != text:
            return f"{name} holds {there!r}"
    return ""


def ours(toolrack, manifests):
    home = pathlib.Path(tempfile.mkdtemp())
    plugins = home / "plugins"
    plugins.mkdir()
    for ending in ("toml", "wasm"):
        shutil.copy(manifests / f"files.{ending}", plugins)

    def start(root):
        grant = f"files = [{{ path = {json.dumps(str(root))}, at = \"/work\", access = \"write\" }}]"
        (plugins / "files.local.toml").write_text(f"[grants]\n{grant}\nconfig = {{ delete = true }}\n")
        env = {**os.environ, "TOOLRACK_HOME": str(home / "home")}
        return Server([str(toolrack), "serve", "--plugins", str(plugins)], env)

    return start


def theirs():
    place = HERE.parent.parent / "target" / "beside"
    place.mkdir(parents=True, exist_ok=True)
    package = place / "node_modules" / PACKAGE
    if not package.exists():
        subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", str(place), f"{PACKAGE}@{VERSION}"], check=True)
    return lambda root: Server(["node", str(package / "dist" / "index.js"), str(root)], dict(os.environ))


def short(text):
    text = text if len(text) <= 90 else f"{text[:60]}... ({len(text.encode())} bytes)"
    shown = json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("|", "\\|").replace("`", "'")
    return f"`{shown}`"


def main():
    toolrack, manifests = (pathlib.Path(name).resolve() for name in sys.argv[1:3])
    start_ours, start_theirs = ours(toolrack, manifests), theirs()
    rows, wrong, cost = [], [], []
    for name, start in (("files", start_ours), ("reference", start_theirs)):
        with tempfile.TemporaryDirectory() as root:
            server = start(pathlib.Path(root).resolve())
            tools = server.tools()
            cost.append(f"{name}: {len(tools)} tools, {len(json.dumps(tools, separators=(',', ':')))} bytes")
            server.end()
    for case in CASES:
        own = tried(case, case.ours and (f"files_{case.ours[0]}", case.ours[1]), start_ours)
        other = tried(case, case.theirs, start_theirs)
        if own[1]:
            wrong.append(f"{case.name}: {own[1]}: {own[0]!r}")
        verdict = ["right" if not problem else problem.replace("|", "\\|") for _, problem in (own, other)]
        why = case.why if other[1] else ""
        rows.append(f"| {case.name} | {verdict[0]} | {short(own[0])} | {verdict[1]} | {short(other[0])} | {why} |")
        print(f"{'same' if not own[1] and not other[1] else 'differs':8} {case.name}: files {verdict[0]}, reference {verdict[1]}")
    print("\n".join(cost))
    if "--write" in sys.argv:
        (HERE / "filesystem.md").write_text(page(rows, cost))
    if wrong:
        sys.exit("files is wrong:\n" + "\n".join(wrong))


def page(rows, cost):
    head = (HERE / "filesystem.md").read_text().split("<!-- table -->")[0]
    table = ["| request | `files` | its answer | reference | its answer | why |", "|---|---|---|---|---|---|", *rows]
    listed = "In `tools/list`: " + "; ".join(cost) + "."
    return f"{head}<!-- table -->\n\n" + "\n".join(table) + f"\n\n{listed}\n"


if __name__ == "__main__":
    main()
