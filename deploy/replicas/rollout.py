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
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import proxy
import sharing
from load import CLIENTS, HOST, Load
from sharing import Redis, Window

CALLS = 10_000
PLUGINS = ("hello", "calc", "hash")
# The directory of the plugins that no replica has for itself.
SHARED = "shared"
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
                 "--plugins", self.folder / "plugins", "--plugins", self.folder.parent / SHARED, "--log", "warn"]
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

    def told_of_redis(self) -> tuple[str, float]:
        """What /health says of Redis, and the metrics."""
        _, text = _get(self.port, "/health")
        _, metrics = _get(METRICS[self.port], "/metrics")
        (line,) = (line for line in metrics.splitlines() if line.startswith("toolrack_redis_connected "))
        return json.loads(text)["redis"], float(line.split()[1])

    def replace_plugin(self) -> None:
        """Puts another version of a plugin beside the old, and renames it into place: a section that nobody reads is new."""
        wasm = self.folder / "plugins/hello.wasm"
        new = wasm.with_suffix(".wasm.toolrack-new")
        new.write_bytes(wasm.read_bytes() + bytes([0, 4, 3]) + b"new")
        new.rename(wasm)


def main(toolrack: Path, shipped: Path, seed: int) -> int:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        redis = stack.enter_context(sharing.redis(folder / "redis"))
        tokens = prepare(toolrack, shipped, folder, redis)
        replicas = {port: Replica(toolrack, folder / str(port), port) for port in PORTS}
        load = Load(CALLS, seed, tokens)
        try:
            for replica in replicas.values():
                stack.callback(replica.stop)
                replica.start()
            stack.enter_context(balancer(folder / "nginx"))
            stack.enter_context(_prometheus(folder))
            until_redis("connected", replicas.values())
            since = time.monotonic()
            load.begin()
            killed_at, together, apart = _disturb(replicas, load, redis)
            load.end()
            together[-1].until = time.monotonic()
            took = together[-1].until - since
            _judge_load(load, killed_at, folder / "nginx/access.log")
            sharing.judge_together(load, together)
            sharing.judge_apart(load, apart, len(replicas))
            _judge_metrics(replicas, load)
            _judge_redis(replicas, load)
        except AssertionError as error:
            print(f"FAIL (seed {seed}): {error}")
            for replica in replicas.values():
                # Calls that came too soon are many, and each is told.
                lines = [line for line in replica.log().splitlines() if 'plugin="paced"' not in line]
                print("\n".join(lines)[-2_000:])
            return 1
    ordered = sorted(load.times)
    print(f"pass  {load.begun} calls of {CLIENTS} clients in {took:.0f} s ({load.begun / took:.0f} a second, p50 {statistics.median(ordered) * 1000:.1f} ms, "
          f"p99 {ordered[len(ordered) * 99 // 100] * 1000:.0f} ms); {len(load.lost)} lost with the killed replica; "
          f"a rate held in sum over {len(together)} times with Redis; seed {seed}")
    return 0


def prepare(toolrack: Path, shipped: Path, folder: Path, redis: Redis | None) -> list[str]:
    """Makes a home and plugins for each: the same tokens, key of sessions and Redis, if any, and plugins that are compiled."""
    first = folder / str(PORTS[0])
    (first / "plugins").mkdir(parents=True)
    for plugin in PLUGINS:
        for ending in ("toml", "wasm"):
            shutil.copy(shipped / f"{plugin}.{ending}", first / "plugins")
    sharing.add_plugins(shipped / "hello.wasm", folder / SHARED)
    environment = os.environ | {"TOOLRACK_HOME": str(first / "home")}

    def run(*words: object) -> str:
        done = subprocess.run([str(word) for word in (toolrack, *words)], check=True, capture_output=True, text=True, env=environment,
                              timeout=4 * SECONDS)
        return done.stdout.strip()

    tokens = [run("token", "add", f"client-{number}") for number in range(3)]
    run("list", "--plugins", first / "plugins", "--plugins", folder / SHARED)
    (folder / "session.key").write_text(os.urandom(32).hex())
    (folder / "session.key").chmod(0o600)
    http_section = f'[http]\nsession_key_file = "{folder}/session.key"\ndrain_delay = "1s"\ngrace = "20s"\n'
    (first / "home/config.toml").write_text(http_section + (redis.configuration() if redis else ""))
    assert not redis or "answers, and takes what is written" in run("doctor", "--plugins", first / "plugins"), "doctor does not find Redis"
    for port in PORTS[1:]:
        shutil.copytree(first, folder / str(port))
    return tokens


def _disturb(replicas: dict[int, Replica], load: Load, redis: Redis) -> tuple[float, list[Window], Window]:
    """One is killed, one is drained, Redis is stopped meanwhile, and all get another plugin.

    Returns when the one was killed, and the times in which all shared Redis and in which none did. The last one goes on.
    """
    before = {replica.digest() for replica in replicas.values()}
    assert len(before) == 1, f"replicas differ before anything happened: {before}"
    together = [Window(time.monotonic(), 0.0)]
    load.wait_until(0.15)
    killed_at = time.monotonic()
    replicas[KILLED].end(signal.SIGKILL)
    # Until Prometheus has seen it.
    _eventually("a scrape that fails", lambda: bool(_ask(f'up{{instance="127.0.0.1:{METRICS[KILLED]}"}} == 0')))
    together[0].until = time.monotonic()
    redis.stop()
    until_redis("away", [replicas[DRAINED], replicas[UNTOUCHED]])
    apart = Window(time.monotonic(), 0.0)
    load.wait_until(0.3)
    replicas[KILLED].start()
    until_redis("away", replicas.values())
    _eventually("the end of the rate in sum", lambda: _is_more_than_one_bucket(load, apart.since))
    apart.until = time.monotonic()
    _eventually("a scrape without Redis", lambda: len(_ask("toolrack_redis_connected == 0")) == len(PORTS))
    redis.start()
    until_redis("connected", replicas.values())
    together.append(Window(time.monotonic(), 0.0))
    load.wait_until(0.5)
    code = replicas[DRAINED].end(signal.SIGTERM)
    assert code == 0, f"the drained replica ended with {code}"
    # A server that starts does not wait for Redis, and counts by itself until it has it.
    together[-1].until = time.monotonic()
    replicas[DRAINED].start()
    until_redis("connected", [replicas[DRAINED]])
    together.append(Window(time.monotonic(), 0.0))
    for share, replica in zip((0.6, 0.7, 0.8), replicas.values(), strict=True):
        load.wait_until(share)
        old = replica.digest()
        replica.replace_plugin()
        _eventually("another catalog", lambda replica=replica, old=old: replica.digest() not in ("", old))
        now = {one.digest() for one in replicas.values()}
        assert len(now) == (1 if share == 0.8 else 2), f"digests after a replica changed: {now}"
    assert not before & now, "the new plugin is not told"
    return killed_at, together, apart


def until_redis(word: str, replicas: Iterable[Replica]) -> None:
    """Waits until each says so: /health and the metrics."""
    expected = (word, 1.0 if word == "connected" else 0.0)
    for replica in replicas:
        _eventually(f"Redis {word} at {replica.port}", lambda replica=replica: replica.told_of_redis() == expected)


def _is_more_than_one_bucket(load: Load, since: float) -> bool:
    now = Window(since, time.monotonic())
    return sharing.through(now.paced(load)) > now.allowed() + sharing.RATE


def _judge_load(load: Load, killed_at: float, access_log: Path) -> None:
    late = [lost for lost in load.lost if not killed_at <= lost.at <= killed_at + KILL_SECONDS]
    assert not late, f"calls that were lost for no reason: {late[:5]}"
    other = [lost for lost in load.lost if lost.status != 502]
    assert not other, f"calls that were lost otherwise than with their replica: {other[:5]}"
    # Each client has one call at a time. But while the kernel closes what the process had, one socket after the other, its queue of
    # connections still takes calls that nobody will answer. Were nginx to ask it on, calls would be lost until it is there again.
    assert len(load.lost) <= LOST_BY_ONE * CLIENTS, f"{len(load.lost)} calls lost, more than the replica can have had"
    assert len(load.times) + len(load.lost) == load.begun >= CALLS, f"{len(load.times)} answered of {load.begun}"
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


def _judge_redis(replicas: dict[int, Replica], load: Load) -> None:
    """Redis is back, its time away was told, and an answer that one replica keeps is found by another."""
    until_redis("connected", replicas.values())
    _eventually("a scrape with Redis", lambda: len(_ask("toolrack_redis_connected == 1")) == len(PORTS))
    was_away = {one["metric"]["instance"] for one in _ask("min_over_time(toolrack_redis_connected[10m]) == 0")}
    assert was_away == {f"127.0.0.1:{port}" for port in METRICS.values()}, was_away
    told = replicas[UNTOUCHED].log().count("counts calls and keeps answers by itself")
    assert told == 1, f"a replica told {told} times that Redis is away"
    for keeps, finds, another in ((KILLED, DRAINED, UNTOUCHED), (UNTOUCHED, KILLED, DRAINED)):
        _eventually(f"at {finds} an answer that {keeps} kept",
                    lambda ports=(keeps, finds, another): sharing.finds_what_another_kept(load.tokens, *ports))


@contextmanager
def balancer(folder: Path, replicas: int = len(PORTS)) -> Iterator[None]:
    """nginx before so many of the servers."""
    words, ports = proxy.documented()
    assert tuple(ports) == PORTS[:2], ports
    last = f"server 127.0.0.1:{ports[-1]} max_fails=0;"
    name = f"server_name {HOST};"
    assert words.count(last) == 1 and words.count(name) == 1, "docs/http.md sets nginx up in other words"
    words = words.replace(last, f"{last}\n    server 127.0.0.1:{PORTS[2]} max_fails=0;")
    for port in PORTS[replicas:]:
        words = words.replace(f"server 127.0.0.1:{port} max_fails=0;", "")
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
