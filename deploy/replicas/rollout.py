"""What happens to the replicas meanwhile, and what has to be true of it then."""

import http.client
import json
import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import proxy
from load import CLIENTS, HOST, Load

CALLS = 10_000
PLUGINS = ("hello", "calc", "hash")
PORTS = (8787, 8788, 8789)
METRICS = {port: port + 1_000 for port in PORTS}
PROMETHEUS = 9490
KILLED, DRAINED, UNTOUCHED = PORTS
SECONDS = 90
# Calls of the killed replica are answered by nginx as soon as it notices.
KILL_SECONDS = 5.0
LOST_BY_ONE = 4
SCRAPES = "1s"
LOG_FORMAT = "log_format replicas '$status $upstream_addr $msec';\n"


class Replica:
    """One server, with a home and a plugin directory of its own."""

    def __init__(self, toolrack: Path, folder: Path, port: int) -> None:
        self.toolrack, self.folder, self.port = toolrack, folder, port
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        words = [self.toolrack, "serve", "--http", f"127.0.0.1:{self.port}", "--http-host", HOST, "--metrics", f"127.0.0.1:{METRICS[self.port]}",
                 "--plugins", self.folder / "plugins", "--log", "warn"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stderr=log,
                                            env=os.environ | {"TOOLRACK_HOME": str(self.folder / "home")})
        _eventually(f"the replica at {self.port}", self.is_ready)

    def is_ready(self) -> bool:
        assert self.process.poll() is None, f"the replica at {self.port} has ended:\n{self.log()}"
        return bool(self.digest())

    def log(self) -> str:
        file = self.folder / "log"
        return file.read_text() if file.exists() else ""

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait(SECONDS)

    def digest(self) -> str:
        """What it serves, or nothing while it is not ready."""
        try:
            status, text = _get(self.port, "/readyz")
        except OSError:
            return ""
        return text if status == 200 else ""

    def replace_plugin(self) -> None:
        """Puts another version of a plugin beside the old, and renames it into place: a section that nobody reads is new."""
        wasm = self.folder / "plugins/hello.wasm"
        new = wasm.with_suffix(".wasm.toolrack-new")
        new.write_bytes(wasm.read_bytes() + bytes([0, 4, 3]) + b"new")
        new.rename(wasm)


def main(toolrack: Path, shipped: Path, seed: int) -> int:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        tokens = _prepare(toolrack, shipped, folder)
        replicas = {port: Replica(toolrack, folder / str(port), port) for port in PORTS}
        load = Load(CALLS, seed, tokens)
        try:
            for replica in replicas.values():
                stack.callback(replica.stop)
                replica.start()
            stack.enter_context(_balancer(folder / "nginx"))
            stack.enter_context(_prometheus(folder))
            since = time.monotonic()
            load.begin()
            killed_at = _disturb(replicas, load)
            load.end()
            took = time.monotonic() - since
            _judge_load(load, killed_at, folder / "nginx/access.log")
            _judge_metrics(replicas, load)
        except AssertionError as error:
            print(f"FAIL (seed {seed}): {error}")
            for replica in replicas.values():
                print(replica.log()[-2_000:])
            return 1
    ordered = sorted(load.times)
    print(f"pass  {CALLS} calls of {CLIENTS} clients in {took:.0f} s ({CALLS / took:.0f} a second, p50 {statistics.median(ordered) * 1000:.1f} ms, "
          f"p99 {ordered[len(ordered) * 99 // 100] * 1000:.0f} ms); {len(load.lost)} lost with the killed replica; seed {seed}")
    return 0


def _prepare(toolrack: Path, shipped: Path, folder: Path) -> list[str]:
    """Makes a home and plugins for each: the same tokens, the same key of sessions, and plugins that are compiled."""
    first = folder / str(PORTS[0])
    (first / "plugins").mkdir(parents=True)
    for plugin in PLUGINS:
        for ending in ("toml", "wasm"):
            shutil.copy(shipped / f"{plugin}.{ending}", first / "plugins")
    environment = os.environ | {"TOOLRACK_HOME": str(first / "home")}

    def run(*words: object) -> str:
        done = subprocess.run([str(word) for word in (toolrack, *words)], check=True, capture_output=True, text=True, env=environment,
                              timeout=4 * SECONDS)
        return done.stdout.strip()

    tokens = [run("token", "add", f"client-{number}") for number in range(3)]
    run("list", "--plugins", first / "plugins")
    (folder / "session.key").write_text(os.urandom(32).hex())
    (folder / "session.key").chmod(0o600)
    (first / "home/config.toml").write_text(f'[http]\nsession_key_file = "{folder}/session.key"\ndrain_delay = "1s"\ngrace = "20s"\n')
    for port in PORTS[1:]:
        shutil.copytree(first, folder / str(port))
    return tokens


def _disturb(replicas: dict[int, Replica], load: Load) -> float:
    """One is killed, one is drained, all get another plugin. Returns when the one was killed."""
    before = {replica.digest() for replica in replicas.values()}
    assert len(before) == 1, f"replicas differ before anything happened: {before}"
    load.wait_until(0.15)
    killed_at = time.monotonic()
    replicas[KILLED].end(signal.SIGKILL)
    # Until Prometheus has seen it.
    _eventually("a scrape that fails", lambda: bool(_ask(f'up{{instance="127.0.0.1:{METRICS[KILLED]}"}} == 0')))
    load.wait_until(0.3)
    replicas[KILLED].start()
    load.wait_until(0.4)
    code = replicas[DRAINED].end(signal.SIGTERM)
    assert code == 0, f"the drained replica ended with {code}"
    load.wait_until(0.5)
    replicas[DRAINED].start()
    for share, replica in zip((0.6, 0.7, 0.8), replicas.values(), strict=True):
        load.wait_until(share)
        old = replica.digest()
        replica.replace_plugin()
        _eventually("another catalog", lambda replica=replica, old=old: replica.digest() not in ("", old))
        now = {one.digest() for one in replicas.values()}
        assert len(now) == (1 if share == 0.8 else 2), f"digests after a replica changed: {now}"
    assert not before & now, "the new plugin is not told"
    return killed_at


def _judge_load(load: Load, killed_at: float, access_log: Path) -> None:
    late = [lost for lost in load.lost if not killed_at <= lost.at <= killed_at + KILL_SECONDS]
    assert not late, f"calls that were lost for no reason: {late[:5]}"
    other = [lost for lost in load.lost if lost.status != 502]
    assert not other, f"calls that were lost otherwise than with their replica: {other[:5]}"
    # Each client has one call at a time. But while the kernel closes what the process had, one socket after the other, its queue of
    # connections still takes calls that nobody will answer. Were nginx to ask it on, calls would be lost until it is there again.
    assert len(load.lost) <= LOST_BY_ONE * CLIENTS, f"{len(load.lost)} calls lost, more than the replica can have had"
    assert len(load.times) + len(load.lost) == CALLS, f"{len(load.times)} answered"
    entries = [line.split(" ") for line in access_log.read_text().splitlines()]
    # The last server that nginx asked is the one that it got no answer from.
    failed = {entry[-2] for entry in entries if entry[0] != "200"}
    assert failed <= {f"127.0.0.1:{KILLED}"}, f"nginx got no answer from {failed}"


def _judge_metrics(replicas: dict[int, Replica], load: Load) -> None:
    """The metrics and /health tell what happened."""
    status, text = _get(UNTOUCHED, "/health", load.tokens[0])
    counted = json.loads(text)["statistics"]["calls"]
    instance = f'instance="127.0.0.1:{METRICS[UNTOUCHED]}"'
    total = f"sum(mcp_server_operation_duration_seconds_count{{{instance}}})"
    _eventually(f"{counted} calls in the metrics", lambda: _value(total) == counted)
    assert 0 < counted < len(load.times), f"{counted} calls of {len(load.times)} came to one replica"
    for port in PORTS:
        updated = f'toolrack_reloads_total{{instance="127.0.0.1:{METRICS[port]}",result="updated"}}'
        _eventually("an update", lambda updated=updated: _value(updated) == 1)
    _eventually("one catalog", lambda: len(_ask("count by (catalog) (toolrack_build_info)")) == 1)
    was_down = {one["metric"]["instance"] for one in _ask("min_over_time(up[10m]) == 0")}
    assert f"127.0.0.1:{METRICS[KILLED]}" in was_down and f"127.0.0.1:{METRICS[UNTOUCHED]}" not in was_down, was_down
    assert all(replica.process.poll() is None for replica in replicas.values())


@contextmanager
def _balancer(folder: Path) -> Iterator[None]:
    words, ports = proxy.documented()
    assert tuple(ports) == PORTS[:2], ports
    last = f"server 127.0.0.1:{ports[-1]} max_fails=0;"
    name = f"server_name {HOST};"
    assert words.count(last) == 1 and words.count(name) == 1, "docs/http.md sets nginx up in other words"
    words = words.replace(last, f"{last}\n    server 127.0.0.1:{PORTS[2]} max_fails=0;")
    words = LOG_FORMAT + words.replace(name, f"{name}\n    access_log {folder}/access.log replicas;")
    with proxy.nginx(words, folder):
        yield


@contextmanager
def _prometheus(folder: Path) -> Iterator[None]:
    targets = [f"127.0.0.1:{port}" for port in METRICS.values()]
    config = {"global": {"scrape_interval": SCRAPES}, "scrape_configs": [{"job_name": "toolrack", "static_configs": [{"targets": targets}]}]}
    # JSON is YAML.
    (folder / "prometheus.yml").write_text(json.dumps(config))
    words = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{PROMETHEUS}"]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder) as child:
        try:
            proxy.ready(PROMETHEUS, "/-/ready")
            yield
        finally:
            child.terminate()
            child.wait(SECONDS)


def _eventually(what: str, look: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if look():
            return
        time.sleep(0.1)
    raise AssertionError(f"{what} does not come")


def _ask(query: str) -> list:
    """The series that a query gives now."""
    status, text = _get(PROMETHEUS, "/api/v1/query?" + urllib.parse.urlencode({"query": query}))
    assert status == 200, text
    return json.loads(text)["data"]["result"]


def _value(query: str) -> float:
    found = _ask(query)
    return float(found[0]["value"][1]) if found else -1.0


def _get(port: int, path: str, token: str | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    return response.status, response.read().decode()
