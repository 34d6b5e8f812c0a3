"""The Redis that the replicas share, and what has to be true of it: rates hold in sum, and answers are found by others."""

import re
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from load import Client, Load, Paced

OPERATING = Path(__file__).resolve().parent.parent.parent / "docs/operating.md"
REDIS = "redis-server"
PORT = 6390
SECONDS = 30
# Calls of the plugin `paced` in a second, which is also how many may come at once.
RATE = 5
# Both are the greeting of `hello`.
MANIFESTS = {
    "paced": f'[limits]\nrate = "{RATE}/s"\n',
    "kept": '[[tools]]\nname = "greet"\ncache = "10m"\n',
}


class Redis:
    """Debian's Redis, with the user of docs/operating.md. It keeps nothing over its end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen | None = None
        password = secrets.token_hex(16)
        (line,) = re.findall(r"^ACL SETUSER (toolrack on >PASSWORD .*)$", OPERATING.read_text(), re.MULTILINE)
        folder.mkdir()
        (folder / "password").write_text(password)
        (folder / "password").chmod(0o600)
        lines = ["bind 127.0.0.1", f"port {PORT}", f"dir {folder}", 'save ""', "user default off", f"user {line.replace('PASSWORD', password)}"]
        (folder / "redis.conf").write_text("\n".join(lines) + "\n")

    def configuration(self) -> str:
        """What stands in the configuration of each server. A slow machine is no reason to do without Redis."""
        return f'[redis]\nurl = "redis://toolrack@127.0.0.1:{PORT}"\npassword_file = "{self.folder}/password"\ntimeout = "10s"\n'

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([REDIS, self.folder / "redis.conf"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            assert self.process.poll() is None, f"Redis has ended:\n{(self.folder / 'log').read_text()}"
            with socket.socket() as connection:
                if connection.connect_ex(("127.0.0.1", PORT)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("Redis takes no connection")

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait(SECONDS)


@contextmanager
def redis(folder: Path) -> Iterator[Redis]:
    server = Redis(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def add_plugins(hello: Path, folder: Path) -> None:
    """Makes the directory of plugins that all replicas serve: an answer is known by the place of its plugin, too."""
    folder.mkdir()
    for name, manifest in MANIFESTS.items():
        shutil.copy(hello, folder / f"{name}.wasm")
        (folder / f"{name}.toml").write_text(manifest)


@dataclass
class Window:
    """A time in which every replica that served shared Redis, or none did."""

    since: float
    until: float

    def paced(self, load: Load) -> list[Paced]:
        """The calls that were begun and answered in it."""
        return [call for call in load.paced_calls() if self.since <= call.since and call.until <= self.until]

    def allowed(self) -> float:
        """The calls that one bucket lets through in it."""
        return RATE + RATE * (self.until - self.since)


def through(calls: list[Paced]) -> int:
    return sum(call.is_through for call in calls)


def judge_together(load: Load, windows: list[Window]) -> None:
    """Each time with Redis, all replicas together let through what one bucket holds."""
    for window in windows:
        calls = window.paced(load)
        found, allowed = through(calls), window.allowed()
        assert found <= allowed, f"{found} calls of a plugin were let through in {window}, and its rate allows {allowed:.1f} in sum"
        # Else a bucket for each replica would have looked the same.
        assert len(calls) > 2 * allowed, f"{len(calls)} calls in {window} say nothing of a rate that allows {allowed:.1f}"
        # A bucket that was empty at first fills.
        assert found >= (allowed - RATE) / 2, f"only {found} of {len(calls)} calls were let through in {window}, and the rate allows {allowed:.1f}"


def judge_apart(load: Load, window: Window, replicas: int) -> None:
    """While Redis was away, each replica let through what its own bucket holds."""
    found, allowed = through(window.paced(load)), window.allowed()
    assert allowed < found <= replicas * allowed, f"{found} calls were let through in {window}, and one bucket allows {allowed:.1f}"


def finds_what_another_kept(tokens: list[str], keeps: int, finds: int, another: int) -> bool:
    """Whether an answer that the server at one port made is given to the same client at another, and to no other client."""
    unique = f"k{secrets.token_hex(8)}"

    def is_kept(token: str, port: int) -> bool:
        status, text = Client(token, port=port).call("kept_greet", {"name": unique}, 1)
        assert status == 200 and f"Hello, {unique}!" in text, f"{status} {text}"
        return '"toolrack/cache"' in text

    assert not is_kept(tokens[0], keeps), "an answer was kept before there was one"
    # It goes to Redis after the call is answered.
    time.sleep(0.1)
    if not is_kept(tokens[0], finds):
        return False
    assert not is_kept(tokens[1], another), "a client is given what was kept for another"
    return True
