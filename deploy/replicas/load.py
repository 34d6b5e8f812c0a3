"""Clients that call through the balancer, each on a connection of its own, and judge every answer."""

import hashlib
import http.client
import itertools
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

HOST = "tools.example"
PORT = 80
SECONDS = 60
MODERN, LEGACY = "2026-07-28", "2025-11-25"
CLIENTS = 12
# Every third client speaks an older revision, in one session for all its calls.
LEGACY_EVERY = 3
# The tool of a plugin with a rate, and what only its answer says.
PACED, GREETS = "paced_greet", "Hello, "


@dataclass
class Lost:
    """A call that was not answered with 200 and what it should be."""

    at: float
    status: int | None
    reason: str


@dataclass
class Paced:
    """A call of a plugin with a rate, which was answered, or told that it came too soon."""

    since: float
    until: float
    is_through: bool


class Load:
    """A number of calls, shared among clients, who go on until they are ended: a fast machine gets no less load than a slow one."""

    def __init__(self, calls: int, seed: int, tokens: list[str]) -> None:
        self.calls, self.seed, self.tokens = calls, seed, tokens
        self.next = itertools.count(1)
        self.begun = 0
        self.is_over = threading.Event()
        self.lost: list[Lost] = []
        self.times: list[float] = []
        self.by_tool: dict[str, int] = {}
        self.paced: list[Paced] = []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._client, args=[number], daemon=True) for number in range(CLIENTS)]

    def begin(self) -> None:
        for thread in self.threads:
            thread.start()

    def wait_until(self, share: float) -> None:
        """Waits until this share of the calls was begun."""
        while self.begun < share * self.calls and any(thread.is_alive() for thread in self.threads):
            time.sleep(0.01)

    def end(self) -> None:
        """Ends it once there were as many calls as there should be."""
        self.is_over.set()
        for thread in self.threads:
            thread.join(SECONDS)
            assert not thread.is_alive(), "a call is not answered"

    def paced_calls(self) -> list[Paced]:
        """The calls of the plugin with a rate that are over."""
        with self.lock:
            return list(self.paced)

    def _client(self, number: int) -> None:
        choices = random.Random(self.seed * 1_000 + number)
        client = Client(self.tokens[number % len(self.tokens)], is_legacy=number % LEGACY_EVERY == 0)
        while (call := next(self.next)) <= self.calls or not self.is_over.is_set():
            with self.lock:
                self.begun += 1
            name, arguments, is_right = _chosen(choices, f"c{call}")
            since = time.monotonic()
            status, text = client.call(name, arguments, call)
            now = time.monotonic()
            with self.lock:
                if status == 200 and is_right(text):
                    self.times.append(now - since)
                    self.by_tool[name] = self.by_tool.get(name, 0) + 1
                    if name == PACED:
                        self.paced.append(Paced(since, now, GREETS in text))
                else:
                    self.lost.append(Lost(now, status, text[:300]))


class Client:
    """A client with a connection of its own, to the balancer or to the server at another port."""

    def __init__(self, token: str, *, is_legacy: bool = False, port: int = PORT) -> None:
        self.token, self.is_legacy = token, is_legacy
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        self.session: str | None = None

    def call(self, name: str, arguments: dict, number: int) -> tuple[int | None, str]:
        """Returns the status and the last message, or no status and what became of the connection."""
        try:
            if self.is_legacy and self.session is None:
                self._begin()
            params = {"name": name, "arguments": arguments}
            if not self.is_legacy:
                params["_meta"] = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
            status, _, text = self._post({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}, name)
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            return None, repr(error)
        return status, text

    def _begin(self) -> None:
        params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "load", "version": "0"}}
        status, session, text = self._post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}, None)
        if status != 200 or session is None:
            raise http.client.HTTPException(f"no session: {status} {text[:200]}")
        self.session = session

    def _post(self, message: dict, name: str | None) -> tuple[int, str | None, str]:
        headers = {"Host": HOST, "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
                   "Authorization": f"Bearer {self.token}"}
        if not self.is_legacy:
            headers |= {"MCP-Protocol-Version": MODERN, "Mcp-Method": message["method"], "Mcp-Name": name}
        elif self.session:
            headers |= {"MCP-Protocol-Version": LEGACY, "Mcp-Session-Id": self.session}
        self.connection.request("POST", "/mcp", json.dumps(message), headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith(("data: {", "{"))]
        return response.status, response.headers["Mcp-Session-Id"], lines[-1] if lines else text


def _chosen(choices: random.Random, unique: str) -> tuple[str, dict, Callable[[str], bool]]:
    """A call, and how its right answer is known. Some are wrong, and have to be told so."""
    a, b = choices.randrange(10**9), choices.randrange(10**9)
    digest = hashlib.sha256(unique.encode()).hexdigest()
    return choices.choice([
        ("hello_greet", {"name": unique}, lambda text: f"Hello, {unique}!" in text),
        ("hello_greet", {"nobody": unique}, lambda text: '"isError":true' in text),
        ("calc_evaluate", {"expression": f"{a} + {b}"}, lambda text: str(a + b) in text),
        ("hash_digest", {"data": unique, "algorithm": "sha256"}, lambda text: digest in text),
        (PACED, {"name": unique}, lambda text: f"{GREETS}{unique}!" in text or _is_too_soon(text)),
    ])


def _is_too_soon(text: str) -> bool:
    return '"isError":true' in text and "its rate limit of" in text
