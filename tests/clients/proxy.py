"""Two servers behind nginx, of which one ends, or each is restarted, under load: `proxy.py CHECK ERA SERVER...`.

nginx is set up by the words of docs/http.md. The network is loopback, and a namespace of its own, so that the ports
that stand there are free. The last of the server's arguments is its plugin directory.
"""

import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import which

import debian
import http_server
import offline
import packages

PLUGINS = {"conformance", "hello"}
DOCS = packages.HERE.parent.parent / "docs/http.md"
NGINX = "nginx"
# The lines that nginx needs around the words of the documentation, to run beside others and without root.
AROUND = """daemon off;
pid {folder}/pid;
error_log {folder}/error.log notice;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{words}
}}
"""
ROUNDS = 8
CLIENTS = 24
BEFORE, AFTER = 0.7, 1.0  # seconds of load around the signal
SECONDS = 30
STEP = 3.0  # seconds between the restart of one server and that of the other
VERSION = "2026-07-28"


def ends(server: list[str], _era: str) -> None:
    """Every request is answered while one of the two servers is ended, again and again."""
    words, ports = documented()
    counts: Counter = Counter()
    with tempfile.TemporaryDirectory() as folder:
        home = {"TOOLRACK_HOME": f"{folder}/rack"}
        # Compiled before, so that each start is a matter of milliseconds.
        subprocess.run([*server[:1], *server[2:], "list"], env=os.environ | home, check=True, stdout=subprocess.DEVNULL)
        for round_ in range(ROUNDS):
            with ExitStack() as stack:
                first, second = [stack.enter_context(replica(server, home, port)) for port in ports]
                stack.enter_context(nginx(words, Path(folder, str(round_))))
                load = Load()
                load.begin()
                time.sleep(BEFORE + random.random() / 10)
                first.send_signal(signal.SIGTERM)
                assert first.wait(SECONDS) == 0, f"the server ended with {first.returncode}"
                time.sleep(AFTER)
                load.end()
                counts.update(load.counts)
                assert second.poll() is None
            print_errors(Path(folder, str(round_)))
    judge(counts, f"{ROUNDS} servers ended", ROUNDS * CLIENTS)


def restarts(server: list[str], _era: str) -> None:
    """Every request is answered while one server after the other is restarted, and what lies under /.well-known/ passes."""
    words, ports = documented()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        home = {"TOOLRACK_HOME": f"{folder}/rack"}
        subprocess.run([*server[:1], *server[2:], "list"], env=os.environ | home, check=True, stdout=subprocess.DEVNULL)
        running = {port: stack.enter_context(replica(server, home, port)) for port in ports}
        stack.enter_context(nginx(words, Path(folder, "nginx")))
        for path in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"]:
            # There is no authorization server here, which Toolrack says in JSON, and nginx in HTML.
            assert "not_found" in get(path), f"nginx does not pass {path}"
        for host, origin, status in [
            ("tools.example", "http://tools.example", 204),
            ("tools.example:18080", "http://tools.example:18080", 204),
            ("tools.example:18080", "http://tools.example", 403),
            ("tools.example", "http://tools.example:18080", 403),
        ]:
            assert preflight(host, origin) == status, f"a page of {origin} at {host}"
        load = Load()
        load.begin()
        for port in ports:
            time.sleep(BEFORE)
            running[port].send_signal(signal.SIGTERM)
            assert running[port].wait(SECONDS) == 0, f"the server ended with {running[port].returncode}"
            stack.enter_context(replica(server, home, port))
            time.sleep(STEP - BEFORE)
        time.sleep(AFTER)
        load.end()
        print_errors(Path(folder, "nginx"))
    judge(load.counts, f"{len(ports)} servers restarted", CLIENTS)


def preflight(host: str, origin: str) -> int:
    """The status of the answer to a page of `origin` that asks whether it may call, and knows the server as `host`."""
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=SECONDS)
    connection.request("OPTIONS", "/mcp", headers={"Host": host, "Origin": origin})
    return connection.getresponse().status


def get(path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=SECONDS)
    connection.request("GET", path, headers={"Host": "tools.example"})
    return connection.getresponse().read().decode()


def print_errors(folder: Path) -> None:
    errors = (folder / "error.log").read_text().splitlines()
    # That a server does not listen any more is no error: nginx asks the other one.
    print(*(line for line in errors if "[error]" in line and "Connection refused" not in line), sep="\n")


def judge(counts: Counter, done: str, least: int) -> None:
    wrong = {what: count for what, count in counts.items() if what != "answered"}
    assert not wrong and counts["answered"] > least, f"of all requests, {dict(counts)}"
    print(f"note: {counts['answered']} requests, {done}, none lost")


CHECKS = [(ends, "modern"), (restarts, "modern")]


class Load:
    """Clients that ask one request after another, each on a connection of its own."""

    def __init__(self) -> None:
        self.counts: Counter = Counter()
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self._client, args=[number]) for number in range(CLIENTS)]

    def begin(self) -> None:
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join(SECONDS)
            assert not thread.is_alive(), "a request is not answered"

    def _client(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=SECONDS)
        randomness = random.Random(number)
        counts: Counter = Counter()
        request = 0
        while not self.is_over.is_set():
            request += 1
            try:
                counts[self._ask(connection, f"{number}-{request}", randomness)] += 1
            except (OSError, http.client.HTTPException) as error:
                counts[repr(error)] += 1
                connection.close()
            # Between requests, connections of nginx to the servers ask for nothing.
            time.sleep(randomness.choice([0, 0, 0.002, 0.03]))
        self.counts.update(counts)

    @staticmethod
    def _ask(connection: http.client.HTTPConnection, request: str, randomness: random.Random) -> str:
        """Returns how the request ended. Some answers are one event after another, and take a while."""
        name, arguments = randomness.choice([("hello_greet", {"name": request})] * 9 + [("test_tool_with_progress", {})])
        meta = {"io.modelcontextprotocol/protocolVersion": VERSION, "io.modelcontextprotocol/clientCapabilities": {}}
        if not arguments:
            meta["progressToken"] = request
        params = {"name": name, "arguments": arguments, "_meta": meta}
        body = json.dumps({"jsonrpc": "2.0", "id": request, "method": "tools/call", "params": params})
        headers = {"Host": "tools.example", "Content-Type": "application/json", "MCP-Protocol-Version": VERSION,
                   "Accept": "application/json, text/event-stream", "Mcp-Method": "tools/call", "Mcp-Name": name}
        connection.request("POST", "/mcp", body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        if response.status != 200:
            return f"{response.status}: {text[:200]}"
        lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith(("data: ", "{"))]
        answer = json.loads(lines[-1])
        is_right = answer.get("id") == request and not answer.get("result", {"isError": True}).get("isError")
        if arguments and f"Hello, {request}!" not in text:
            is_right = False
        return "answered" if is_right else f"wrong: {text[:200]}"


def documented() -> tuple[str, list[int]]:
    """nginx's words in the documentation, and the ports of the servers that they name."""
    (words,) = re.findall(r"```nginx\n(.*?)```", DOCS.read_text(), re.DOTALL)
    return words, [int(port) for port in re.findall(r"server 127\.0\.0\.1:(\d+)", words)]


@contextmanager
def replica(server: list[str], home: dict[str, str], port: int) -> Iterator[subprocess.Popen]:
    """A server that is ended by the check or at the end. It says nothing but errors."""
    with open(os.path.join(home["TOOLRACK_HOME"], f"{port}.log"), "ab") as log:
        command = [*server, "--http", f"127.0.0.1:{port}", "--http-host", "tools.example", "--log", "warn"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log, env=os.environ | home) as child:
            try:
                ready(port, "/readyz")
                yield child
            finally:
                child.kill()


@contextmanager
def nginx(words: str, folder: Path) -> Iterator[None]:
    folder.mkdir()
    file = folder / "nginx.conf"
    file.write_text(AROUND.format(folder=folder, words=words))
    with subprocess.Popen([which_nginx(), "-c", file, "-e", folder / "error.log"], stdin=subprocess.DEVNULL) as child:
        try:
            ready(80, "/")
            yield
        finally:
            child.terminate()
            child.wait(SECONDS)


def ready(port: int, path: str) -> None:
    """Waits until something answers, and a server that it is ready."""
    due = time.monotonic() + SECONDS
    while time.monotonic() < due:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
            connection.request("GET", path)
            if connection.getresponse().status != 503:
                return
        except OSError:
            pass
        time.sleep(0.01)
    raise AssertionError(f"nothing is ready on port {port}")


def which_nginx() -> str | None:
    # Debian keeps it where only root's PATH looks.
    return which(NGINX) or which(NGINX, path="/usr/sbin")


if __name__ == "__main__":
    check, era, *server = sys.argv[1:]
    offline.enter(lambda: debian.install((NGINX,), lambda: which_nginx() is not None, "there is no nginx"))
    globals()[check](server, era)
