"""A server in a container, as a client over HTTP sees it: at `LOOPBACK`, where no other address is given."""

import http.client
import json
import time

PORT = 8080
LOOPBACK = "127.0.0.1"
SECONDS = 60
VERSION = "2026-07-28"


def get(path: str, address: str = LOOPBACK, port: int = PORT) -> tuple[int, str]:
    connection = http.client.HTTPConnection(address, port, timeout=SECONDS)
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.read().decode()


def wait_until_ready(address: str = LOOPBACK) -> float:
    """Waits until the server is ready. Returns the seconds that took."""
    begun = time.monotonic()
    while time.monotonic() < begun + SECONDS:
        try:
            if get("/readyz", address)[0] == 200:
                return time.monotonic() - begun
        except OSError:
            pass
        time.sleep(0.02)
    raise AssertionError("nothing is ready on the port of the image")


def call(name: str, arguments: dict, token: str | None, address: str = LOOPBACK) -> tuple[int, dict]:
    """Calls a tool. Returns the status and the answer."""
    return _ask("tools/call", {"name": name, "arguments": arguments}, token, {"Mcp-Name": name}, address)


def tools(token: str, address: str = LOOPBACK) -> list[str]:
    """The names of the tools that are listed."""
    status, answer = _ask("tools/list", {}, token, {}, address)
    assert status == 200, answer
    return [tool["name"] for tool in answer["result"]["tools"]]


def _ask(method: str, params: dict, token: str | None, headers: dict, address: str) -> tuple[int, dict]:
    meta = {"io.modelcontextprotocol/protocolVersion": VERSION, "io.modelcontextprotocol/clientCapabilities": {}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params | {"_meta": meta}})
    headers = headers | {"Content-Type": "application/json", "MCP-Protocol-Version": VERSION, "Mcp-Method": method,
                         "Accept": "application/json, text/event-stream"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection = http.client.HTTPConnection(address, PORT, timeout=SECONDS)
    connection.request("POST", "/mcp", body, headers)
    response = connection.getresponse()
    text = response.read().decode()
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith(("data: ", "{"))]
    return response.status, json.loads(lines[-1]) if lines else {}
