"""One check of a client that waits no longer than Claude Code: `timing.py CASE ERA SERVER...`.

It opens, subscribes, waits for the acknowledgement and lists, each within the time that Claude Code gives
it. A first list may lack plugins that still compile; the client then lists again whenever the server tells
of a change, until every tool is there. Each step's time is printed. The last of the server's arguments is
its plugin directory.
"""

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import packages

PLUGINS = {"calc", "fetch", "files", "git", "github", "hash", "hello", "json", "text", "time", "weather"}

# The limits that Claude Code 2.1 has.
ACKNOWLEDGED_SECONDS = 27
ANSWER_SECONDS = 5
# The server answers the first list within two seconds of its start, and the machine may be busy.
FIRST_LIST_SECONDS = 3
CALL_SECONDS = 60
# A bound on a check, not a limit of the client: in this time all plugins compile on any machine.
COMPLETE_SECONDS = 90
END_SECONDS = 10

MODERN, LEGACY = "2026-07-28", "2025-11-25"
CLIENT = {"name": "timing", "version": "1"}
META = "io.modelcontextprotocol"
ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
CHANGED = "notifications/tools/list_changed"


def cold(server: list[str], era: str) -> None:
    """No plugin has been compiled on this machine before."""
    expected = tools(server)
    with new_home() as home, started(server, era, home) as client:
        client.completes(expected, at_once=True)
        # The largest of them: nothing of it has been compiled yet.
        answer = client.calls("json_query", filter=".a", input='{"a": 7}')
        assert answer == "7", answer


def warm(server: list[str], era: str) -> None:
    """Every plugin has been compiled before: `tools` sees to that."""
    expected = tools(server)
    with started(server, era, os.environ["HOME"]) as client:
        client.completes(expected, at_once=True)


def twenty(server: list[str], era: str) -> None:
    """Each plugin has a copy beside it, so twenty have to be compiled."""
    expected = add_copies(server, tools(server))
    with new_home() as home, started(server, era, home) as client:
        client.completes(expected)


def python(server: list[str], era: str) -> None:
    """Beside the plugins lies a component of 18 MB, which takes longer to compile than all of them."""
    expected = tools(server) | {"word_count_count_words"}
    add_python(server)
    with new_home() as home, started(server, era, home) as client:
        client.completes(expected)


def unpacked(server: list[str], era: str) -> None:
    """No plugin's file lists its tools, so that each is compiled first, and told of later."""
    expected = tools(server)
    for wasm in Path(server[-1]).glob("*.wasm"):
        wasm.write_bytes(without_listing(wasm.read_bytes()))
    with new_home() as home, started(server, era, home) as client:
        client.completes(expected)


CHECKS = [(case, era) for case in (cold, warm, unpacked) for era in ("modern", "legacy")] + [
    (twenty, "modern"), (python, "modern")]


def tools(server: list[str]) -> set[str]:
    """Returns the tools of the plugin directory. Afterwards the home's cache holds all its plugins."""
    listed = subprocess.run([server[0], "list", "--json", *server[2:]], check=True, timeout=120, text=True,
                            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout
    return {tool["name"] for tool in json.loads(listed)}


def add_copies(server: list[str], expected: set[str]) -> set[str]:
    """Adds a copy of each plugin to the plugin directory. Returns the expected tools with those of the copies."""
    copied = set()
    for wasm in list(Path(server[-1]).glob("*.wasm")):
        copy = wasm.with_stem(f"{wasm.stem}2")
        # With a custom section the file does the same, but nothing compiled for the other one fits it.
        copy.write_bytes(wasm.read_bytes() + b"\0\x05\x04copy")
        # One manifest states the plugin's name, to show how.
        manifest = wasm.with_suffix(".toml").read_text().replace(f'"{wasm.stem}', f'"{copy.stem}')
        copy.with_suffix(".toml").write_text(manifest)
        copied |= {tool.replace(f"{wasm.stem}_", f"{copy.stem}_", 1)
                   for tool in expected if tool.startswith(f"{wasm.stem}_")}
    return expected | copied


def without_listing(wasm: bytes) -> bytes:
    """Returns a packed plugin as it was before: the section with its tools is the last one."""
    name = b"toolrack:listing"
    bare = wasm[:wasm.rindex(name + b"{") - 1]
    # Before the name's length stand the section's, in groups of seven bits, and its id.
    while bare[-1:] != b"\0" or length_of(bare, wasm) is None:
        bare = bare[:-1]
    return bare[:-1]


def length_of(bare: bytes, wasm: bytes) -> int | None:
    """Returns the length of the section whose id ends `bare`, if it reaches to the end of `wasm`."""
    length, at = 0, len(bare)
    for shift in range(0, 35, 7):
        length |= (wasm[at] & 0x7F) << shift
        at += 1
        if wasm[at - 1] < 0x80:
            return length if at + length == len(wasm) else None
    return None


def add_python(server: list[str]) -> None:
    """Adds the plugin that `toolrack new` makes in Python to the plugin directory."""
    # The checks share the home, so the component is built once: that takes ten seconds and more.
    sources = Path(os.environ["HOME"], "word-count")
    if not Path(sources, "word-count.wasm").exists():
        make = [[server[0], "new", sources.name, "--lang", "python"],
                [packages.COMPONENTIZE_PY, "-d", sources / "word-count.wit", "-w", "tools",
                 "componentize", "-p", sources, "app", "-o", sources / "word-count.wasm"]]
        for command in make:
            subprocess.run(command, cwd=sources.parent, check=True, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, timeout=120)
    for ending in ("toml", "wit", "wasm"):
        shutil.copy(sources / f"word-count.{ending}", server[-1])


def new_home() -> tempfile.TemporaryDirectory:
    # A process that compiles may still write there when its server was killed.
    return tempfile.TemporaryDirectory(ignore_cleanup_errors=True)


class Client:
    """A client on the server's stdin and stdout."""

    def __init__(self, server: subprocess.Popen, era: str) -> None:
        self.server, self.era = server, era
        self.begun = time.monotonic()
        self.messages: queue.Queue[dict | None] = queue.Queue()  # `None` is the end of the server's stdout
        self.waiting: list[dict] = []  # messages that came while another one was awaited
        self.requests = 0
        threading.Thread(target=self._read, daemon=True).start()

    def completes(self, expected: set[str], *, at_once: bool = False) -> None:
        """Opens, and lists until no expected tool is missing: in the first list, if `at_once`."""
        if self.era == "modern":
            self._open_modern()
        else:
            self._open_legacy()
        begun = time.monotonic()
        missing = self._missing(expected)
        first = time.monotonic()
        assert first - begun < FIRST_LIST_SECONDS, f"the first list came after {first - begun:.1f} s"
        assert not (at_once and missing), f"the first list lacks {', '.join(sorted(missing))}"
        while missing:
            print(f"          the list lacks {', '.join(sorted(missing))}")
            left = self.begun + COMPLETE_SECONDS - time.monotonic()
            self._await(CHANGED, left, lambda message: message.get("method") == CHANGED)
            missing = self._missing(expected)
        # `checks.py` shows this also of a check that passes.
        print(f"note: open after {begun - self.begun:.1f} s, first list in {first - begun:.1f} s, "
              f"complete after {time.monotonic() - self.begun:.1f} s")

    def calls(self, tool: str, **arguments: str) -> str:
        """Calls a tool, and returns its text. A call may wait for its plugin's code as long as clients wait."""
        number = self._send("tools/call", name=tool, arguments=arguments)
        answer = self._await(tool, CALL_SECONDS, lambda message: message.get("id") == number)
        return answer["result"]["content"][0]["text"]

    def _open_modern(self) -> None:
        found = self._request("server/discover")
        assert MODERN in found["supportedVersions"], found
        subscription = self._send("subscriptions/listen", notifications={"toolsListChanged": True})
        acknowledged = self._await(ACKNOWLEDGED, ACKNOWLEDGED_SECONDS,
                                   lambda message: message.get("method") == ACKNOWLEDGED)
        assert acknowledged["params"]["_meta"][f"{META}/subscriptionId"] == subscription, acknowledged
        # What came before was only Claude Code's probe.
        self._request("server/discover")

    def _open_legacy(self) -> None:
        opened = self._request("initialize", protocolVersion=LEGACY, capabilities={}, clientInfo=CLIENT)
        assert opened["protocolVersion"] == LEGACY, opened
        self._write({"method": "notifications/initialized"})

    def _missing(self, expected: set[str]) -> set[str]:
        return expected - {tool["name"] for tool in self._request("tools/list")["tools"]}

    def _request(self, method: str, **params: object) -> dict:
        number = self._send(method, **params)
        answer = self._await(method, ANSWER_SECONDS, lambda message: message.get("id") == number)
        assert "result" in answer, answer
        return answer["result"]

    def _send(self, method: str, **params: object) -> int:
        number, self.requests = self.requests, self.requests + 1
        if self.era == "modern":
            params["_meta"] = {f"{META}/protocolVersion": MODERN, f"{META}/clientInfo": CLIENT,
                               f"{META}/clientCapabilities": {}}
        self._write({"id": number, "method": method, "params": params})
        return number

    def _write(self, message: dict) -> None:
        self.server.stdin.write(json.dumps({"jsonrpc": "2.0"} | message).encode() + b"\n")
        self.server.stdin.flush()

    def _await(self, what: str, seconds: float, fits: Callable[[dict], bool]) -> dict:
        """Takes the first message that fits, of those that have come or come in time, and prints when."""
        asked = time.monotonic()
        while not (found := [message for message in self.waiting if fits(message)]):
            left = asked + seconds - time.monotonic()
            try:
                message = self.messages.get(timeout=max(left, 0))
            except queue.Empty:
                raise AssertionError(f"no {what} within {seconds:.0f} s") from None
            assert message is not None, f"the server ended before {what}"
            self.waiting.append(message)
        self.waiting.remove(found[0])
        now = time.monotonic()
        print(f"{now - self.begun:6.2f} s  {what} after {now - asked:.2f} s")
        return found[0]

    def _read(self) -> None:
        for line in self.server.stdout:
            self.messages.put(json.loads(line))
        self.messages.put(None)


@contextmanager
def started(server: list[str], era: str, home: str) -> Iterator[Client]:
    """Starts the server for a client. The server has to end by itself when its input does."""
    environment = {"PATH": os.defpath, "HOME": home}
    with subprocess.Popen(server, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            yield Client(child, era)
            child.stdin.close()
            assert child.wait(END_SECONDS) == 0, f"the server ended with {child.returncode}"
        finally:
            child.kill()


if __name__ == "__main__":
    case, era, *server = sys.argv[1:]
    globals()[case](server, era)
