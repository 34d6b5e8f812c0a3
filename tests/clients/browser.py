"""A page in Chromium that calls a tool across origins: `browser.py CHECK ERA SERVER...`.

The page and the server are of two origins, so what the page can do and read is what the server's CORS allows. Names such as
`app.example` are this machine, by a rule of Chromium's. The network is loopback. The last of the server's arguments is its
plugin directory.
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from shutil import which
from urllib.parse import urlencode

import debian
import http_server
import offline
import packages

PLUGINS = {"hello"}
PAGE = packages.HERE / "page.html"
CHROMIUM = "chromium"
APP, OTHER = "app.example", "other.example"
SECONDS = 60
SWITCHES = ("--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", f"--host-resolver-rules=MAP {APP} 127.0.0.1, MAP {OTHER} 127.0.0.1")


def allowed(server: list[str], era: str) -> None:
    """A page of this machine may call a tool, and one of a site that is named; no other reaches the server."""
    with page() as (port, tells):
        with http_server.serving(server, "--allow-origin", f"http://{APP}:{port}", environment=home()) as url:
            for host in ("127.0.0.1", "localhost", APP):
                *_, called = tells(host, url, era)
                assert called.get("status") == 200 and "Hello, Ada!" in called["body"], f"{host}: {called}"
            (refused,) = tells(OTHER, url, era)
            assert "TypeError" in refused.get("error", ""), f"{OTHER}: {refused}"
        # Only the origin that was named is another one now.
        with http_server.serving(server, "--allow-origin", f"http://{OTHER}:{port}", environment=home()) as url:
            (refused,) = tells(APP, url, era)
            assert "TypeError" in refused.get("error", ""), f"{APP}: {refused}"
            *_, called = tells(OTHER, url, era)
            assert called.get("status") == 200, f"{OTHER}: {called}"


def unauthorized(server: list[str], era: str) -> None:
    """A page reads the status of a request without a token, and what it is told to do; with one it calls."""
    done = subprocess.run([server[0], "token", "add", "page"], env=os.environ | home(), capture_output=True, text=True,
                          check=True)
    with page() as (port, tells), http_server.serving(server, "--allow-origin", f"http://{APP}:{port}",
                                                      environment=home()) as url:
        (refused,) = tells(APP, url, era)
        assert refused.get("status") == 401, f"without a token: {refused}"
        assert refused["headers"]["www-authenticate"].startswith("Bearer"), f"without a token: {refused}"
        *_, called = tells(APP, url, era, token=done.stdout.strip())
        assert called.get("status") == 200 and "Hello, Ada!" in called["body"], f"with a token: {called}"


CHECKS = [(check, era) for check in (allowed, unauthorized) for era in ("legacy", "modern")]


@contextmanager
def page() -> Iterator[tuple]:
    """Serves the page. Yields its port, and a function that shows it in Chromium and returns what it told."""
    told: queue.Queue = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(PAGE.read_bytes() if self.path.startswith("/page") else b"")

        def do_POST(self) -> None:
            told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as pages:
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        port = pages.server_port

        def tells(host: str, url: str, era: str, **more: str) -> list[dict]:
            address = f"http://{host}:{port}/page?" + urlencode({"url": url, "era": era} | more)
            with chromium(address):
                answers = told.get(timeout=SECONDS)
            print(host, json.dumps(answers))
            return answers

        yield port, tells
        pages.shutdown()


@contextmanager
def chromium(address: str) -> Iterator[None]:
    # Chromium's own sandbox is not for root.
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [CHROMIUM, *SWITCHES, *root, f"--user-data-dir={profile}", address]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as child:
            try:
                yield
            finally:
                child.terminate()
                child.wait(SECONDS)


def home() -> dict[str, str]:
    """A home for the server in that of this check, in which no other check leaves tokens."""
    return {"TOOLRACK_HOME": os.path.join(os.environ["BROWSER_HOME"], "rack")}


if __name__ == "__main__":
    check, era, *server = sys.argv[1:]
    offline.enter(lambda: debian.install((CHROMIUM,), lambda: which(CHROMIUM) is not None, "there is no Chromium"))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BROWSER_HOME"] = folder
        globals()[check](server, era)
