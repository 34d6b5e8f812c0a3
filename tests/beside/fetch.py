#!/usr/bin/env python3
"""`fetch` beside the reference server for web pages, on the same pages of loopback.

    tests/beside/fetch.py target/release/toolrack manifests [--write]

Needs Python 3.11 and a Linux that makes network namespaces: both servers see loopback alone. The reference is PyPI's
mcp-server-fetch in the version below, which is installed into target/beside. The pages are those of
plugins/fetch/fixtures/pages.toml and the requests those of plugins/fetch/acceptance.toml; what is right stands there, and
is compared without Markdown's marks. `--write` puts the table into fetch.md. The run fails where `fetch` is wrong.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
import venv
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from stdio import Server

PACKAGE, VERSION = "mcp-server-fetch", "2026.10.24"
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OFFLINE = ROOT / "tests/clients/offline.py"
FETCH = ROOT / "plugins/fetch"
MARKS = re.compile(r"[*#|`\\~$()\[\]<>_-]")
# What `fetch` says of a page in words of its own, which nobody else has to say.
OWN = re.compile(r"Title: |URL: |\(redirected\)|start_index|\(characters|taken out|U\+E")


class Case:
    """What is asked, what the web answers, and what is right."""

    def __init__(self, name, arguments, routes, says=(), lacks=(), fails=False):
        self.name, self.arguments, self.routes = name, arguments, routes
        self.says, self.lacks, self.fails = says, lacks, fails

    def for_others(self):
        """The same without what only `fetch` would say."""
        says = [part.split("\n\n(")[0] for part in self.says]
        says = [part for part in says if not OWN.search(part)]
        return Case(self.name, self.arguments, self.routes, says, self.lacks, self.fails)

    def wrong(self, answer):
        failed, text = answer
        if failed != self.fails:
            return "it fails" if failed else "it does not fail"
        if failed:
            return ""
        bare = words(text)
        lost = [part for part in self.says if words(part) not in bare]
        extra = [part for part in self.lacks if part in text]
        return "; ".join([f"lost {short(part)}" for part in lost] + [f"has {short(part)}" for part in extra])


def words(text):
    return " ".join(MARKS.sub(" ", text).split())


def short(text):
    line = json.dumps(text, ensure_ascii=False)[1:-1].replace("`", "'").replace("|", "\\|")
    return f"`{line if len(line) < 50 else line[:47] + '...'}`"


class Web(BaseHTTPRequestHandler):
    routes = {}

    def do_GET(self):
        status, headers, body = self.routes.get(self.path, (404, [], b""))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def pages(origin):
    """A case for each page of the fixtures."""
    for page in tomllib.loads((FETCH / "fixtures/pages.toml").read_text())["page"]:
        body = page["html"].encode(page.get("charset", "utf-8"), "xmlcharrefreplace")
        route = (200, [("content-type", page.get("media", "text/html"))], body)
        arguments = {"url": f"{origin}/b/"} | {key: page[key] for key in ("selector", "extract") if key in page}
        at_home = lambda parts: [part.replace("https://a.example", origin) for part in parts]
        says = at_home(page.get("has", []) + [page[key] for key in ("whole",) if key in page])
        yield Case(page["name"], arguments, {"/b/": route}, says, at_home(page.get("lacks", [])))


def requests(origin):
    """A case for each request of the acceptance test."""
    for request in tomllib.loads((FETCH / "acceptance.toml").read_text())["request"]:
        routes = {}
        for route in request.get("server", []):
            body = bytes.fromhex(route["body"]) if route.get("hex") else route["body"].encode()
            headers = [tuple(line.split(": ", 1)) for line in route.get("headers", "").split("\r\n") if line]
            routes[route["on"].removeprefix("GET ")] = (route.get("status", 200), headers, body)
        placed = lambda part: part.replace("{server}", origin)
        yield Case(
            request["asks"], json.loads(placed(request["arguments"])), routes,
            [placed(part) for part in request.get("contains", [])], request.get("lacks", []), "error" in request,
        )


def reference():
    """The command of the reference, which is installed where it is missing."""
    folder = ROOT / "target/beside/fetch"
    program = folder / "bin/python"
    installed = folder / "version"
    if not installed.exists() or installed.read_text() != VERSION:
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        subprocess.run([program, "-m", "pip", "install", "--quiet", f"{PACKAGE}=={VERSION}"], check=True)
        installed.write_text(VERSION)
    return [str(program), "-m", "mcp_server_fetch", "--allow-private-ips"]


def ours(server, arguments):
    return server.call("fetch_page", arguments)


def theirs(server, arguments):
    if "selector" in arguments:
        return True, "(no such argument)"
    extract = arguments.pop("extract", "main")
    return server.call("fetch", arguments | {"raw": extract == "source", "max_length": arguments.get("max_length", 100_000)})


def tried(server, call, case):
    Web.routes = case.routes
    try:
        judged = case if call is ours else case.for_others()
        return judged.wrong(call(server, dict(case.arguments)))
    except Exception as error:  # a server that ends or hangs is an answer, too
        return f"no answer ({type(error).__name__})"


def run(toolrack, plugins, write):
    web = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{web.server_port}"
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        (place / "plugins").mkdir()
        shutil.copy(pathlib.Path(plugins) / "fetch.wasm", place / "plugins")
        manifest = f'[grants]\nnetwork = ["{origin}"]\nconfig = {{ robots = "obey" }}\n'
        (place / "plugins/fetch.toml").write_text(manifest)
        home = {"PATH": os.environ["PATH"], "HOME": str(place)}
        pair = [
            (Server([toolrack, "serve", "--plugins", str(place / "plugins")], home), ours),
            # Where it finds Node.js, it wants packages of npm, and waits for them for ever.
            (Server(reference(), home | {"PATH": "/nonexistent"}), theirs),
        ]
        for server, call in pair:  # the first call waits for more than a page
            tried(server, call, Case("", {"url": origin}, {}))
        sizes = [len(json.dumps(server.tools(), separators=(",", ":"))) for server, _ in pair]
        rows = [(case.name, *(tried(server, call, case) for server, call in pair))
                for case in [*pages(origin), *requests(origin)]]
        for server, _ in pair:
            server.end()
    right = [sum(not row[column] for row in rows) for column in (1, 2)]
    told = f"Of {len(rows)} requests `fetch` answers {right[0]} right, the reference {right[1]}. " \
           f"What a model pays for the list of tools: {sizes[0]} and {sizes[1]} bytes."
    lines = [told, "", "| request | `fetch` | reference |", "|---|---|---|"]
    lines += [f"| {name} | {our or 'right'} | {their or 'right'} |" for name, our, their in rows]
    table = "\n".join(lines).replace(origin, "SERVER") + "\n"
    print(table)
    if write:
        text = HERE / "fetch.md"
        text.write_text(text.read_text().split("<!-- table -->")[0] + "<!-- table -->\n\n" + table)
    return right[0] == len(rows)


def main():
    if os.environ.get("BESIDE_ALONE"):
        sys.exit(0 if run(sys.argv[1], sys.argv[2], "--write" in sys.argv) else 1)
    reference()
    alone = ["unshare", "--net", *(["--map-root-user"] if os.geteuid() else []), sys.executable, "-B", str(OFFLINE)]
    os.environ["BESIDE_ALONE"] = "1"
    os.execvp(alone[0], [*alone, sys.executable, "-B", __file__, *sys.argv[1:]])


if __name__ == "__main__":
    main()
