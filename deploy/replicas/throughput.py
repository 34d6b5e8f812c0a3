"""Calls a second, by how many replicas answer them and by who counts them."""

import json
import os
import re
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

import rollout
import sharing
from load import HOST, MODERN, PORT, Client
from rollout import PORTS, Replica

WRK = "wrk"
CONNECTIONS = 16
TOOL = "paced_greet"
# More than any machine here makes: what is measured is the counting.
RATE = "10000/s"
# What wrk sends, and what it says in the end: how many answers there were, and how many of them were not the greeting.
SCRIPT = """wrk.method, wrk.path, wrk.body = "POST", "/mcp", {body}
wrk.headers = {{ {headers} }}
local all = {{}}
function setup(thread) table.insert(all, thread) end
function init() wrong = 0 end
function response(status, _, body)
  if status ~= 200 or not body:find("Hello, Ada!", 1, true) then wrong = wrong + 1 end
end
function done(summary, latency)
  local sum = 0
  for _, thread in ipairs(all) do sum = sum + thread:get("wrong") end
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  print(string.format("measured %.1f %d %d %d", summary.requests * 1e6 / summary.duration, sum + failed, latency:percentile(50), latency:percentile(99)))
end
"""


def main(toolrack: Path, shipped: Path, seconds: int) -> int:
    print(f"{os.cpu_count()} processors, {CONNECTIONS} connections, {seconds} s each")
    try:
        for is_shared in (False, True):
            _measure(toolrack, shipped, seconds, is_shared=is_shared)
    except AssertionError as error:
        print(f"FAIL: {error}")
        return 1
    return 0


def _measure(toolrack: Path, shipped: Path, seconds: int, *, is_shared: bool) -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        redis = stack.enter_context(sharing.redis(folder / "redis")) if is_shared else None
        token = rollout.prepare(toolrack, shipped, folder, redis)[0]
        (folder / rollout.SHARED / "paced.toml").write_text(f'[limits]\nrate = "{RATE}"\nconcurrency = 32\n')
        for port in PORTS:
            replica = Replica(toolrack, folder / str(port), port)
            stack.callback(replica.stop)
            replica.start()
            if is_shared:
                rollout.until_redis("connected", [replica])
            status, text = Client(token, port=port).call(TOOL, {"name": "Ada"}, 1)
            assert status == 200 and "Hello, Ada!" in text, f"{status} {text}"
        script = folder / "wrk.lua"
        script.write_text(_script(token))
        counts = "counted in Redis" if is_shared else "counted by each"
        _print(f"{counts}, direct to one", script, PORTS[0], seconds)
        for replicas in range(1, len(PORTS) + 1):
            with rollout.balancer(folder / f"nginx-{replicas}", replicas):
                _print(f"{counts}, nginx and {replicas}", script, PORT, seconds)


def _script(token: str) -> str:
    meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
    params = {"name": TOOL, "arguments": {"name": "Ada"}, "_meta": meta}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    headers = {"Host": HOST, "Content-Type": "application/json", "Accept": "application/json, text/event-stream", "Authorization": f"Bearer {token}",
               "MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": TOOL}
    # A string of JSON is one of Lua, where it has no more than this.
    return SCRIPT.format(body=json.dumps(body), headers=", ".join(f"[{json.dumps(key)}] = {json.dumps(value)}" for key, value in headers.items()))


def _print(what: str, script: Path, port: int, seconds: int) -> None:
    words = [WRK, "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s", "--script", script, f"http://127.0.0.1:{port}"]
    done = subprocess.run([str(word) for word in words], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=seconds + 60)
    found = re.search(r"^measured (\S+) (\d+) (\d+) (\d+)$", done.stdout, re.MULTILINE)
    assert found, f"wrk says nothing: {done.stdout}{done.stderr}"
    calls, wrong, p50, p99 = map(float, found.groups())
    assert wrong == 0, f"{what}: {wrong:.0f} calls were not answered as they should be"
    print(f"{what:34}{calls:8.0f} a second, p50 {p50 / 1000:6.1f} ms, p99 {p99 / 1000:6.1f} ms", flush=True)
