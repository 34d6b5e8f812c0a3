"""One check of the traces that a server sends: `otlp.py CHECK ERA SERVER...`.

A receiver that nobody here wrote, PyPI's `oteltap`, takes them, and OpenTelemetry's own protobuf classes read them. The plugin
`fetch` sends a request to a server of this process. The last of the server's arguments is its plugin directory.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from oteltap import OtelTapHttpProtobufReceiver, OtelTapHttpProtobufReceiverSettings

PLUGINS = {"fetch"}
SECONDS = 60
MODERN, LEGACY = "2026-07-28", "2025-11-25"
META = "io.modelcontextprotocol"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CHECKS = [("trace", era) for era in ("legacy", "modern")]


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


async def trace(server: list[str], era: str) -> None:
    """A call whose plugin sends a request is one trace, below the span that the client names."""
    site = HTTPServer(("127.0.0.1", 0), Site)
    Thread(target=site.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{site.server_port}"
    Path(server[-1], "fetch.local.toml").write_text(f'[grants]\nnetwork = ["{origin}"]\n')
    port = free_port()
    async with OtelTapHttpProtobufReceiver(OtelTapHttpProtobufReceiverSettings(http_port=port)) as receiver:
        names = {"tools/call fetch_page", "toolrack.wait", "toolrack.guest", "GET"}
        spans: dict[str, Span] = {}

        async def collect() -> None:
            async for span in receiver.stream_traces():
                spans[span.name] = span
                if names <= spans.keys():
                    return

        collecting = asyncio.create_task(collect())
        await asyncio.to_thread(call, server, era, port, f"{origin}/secret-path?q=secret-query")
        await asyncio.wait_for(collecting, SECONDS)
    site.shutdown()
    asked, wait, guest, sent = (spans[name] for name in ("tools/call fetch_page", "toolrack.wait", "toolrack.guest", "GET"))
    assert all(span.trace_id.hex() == TRACE and span.trace_state == "vendor=1" for span in (asked, wait, guest, sent)), spans
    assert asked.parent_span_id.hex() == PARENT and asked.kind == Span.SPAN_KIND_SERVER, asked
    assert wait.parent_span_id == guest.parent_span_id == asked.span_id, spans
    assert sent.parent_span_id == guest.span_id and sent.kind == Span.SPAN_KIND_CLIENT, sent
    assert sent.status.code == Status.STATUS_CODE_ERROR and attributes(sent)["error.type"] == "404", sent
    assert attributes(sent)["http.response.status_code"] == 404, sent
    assert attributes(asked)["error.type"] == "tool_error" and attributes(asked)["network.transport"] == "pipe", asked
    for span in (wait, guest, sent):
        assert asked.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano <= asked.end_time_unix_nano
    assert b"secret-" not in b"".join(span.SerializeToString() for span in spans.values())


def call(server: list[str], era: str, port: int, url: str) -> None:
    """Calls `fetch_page` of a server that ends when its input does."""
    meta: dict[str, object] = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=1"}
    messages = []
    if era == "modern":
        meta |= {f"{META}/protocolVersion": MODERN, f"{META}/clientCapabilities": {}}
    else:
        params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "otlp", "version": "1"}}
        messages.append({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
    params = {"name": "fetch_page", "arguments": {"url": url}, "_meta": meta}
    messages.append({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    environment = os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
    ran = subprocess.run(server, env=environment, text=True, timeout=SECONDS, check=True, stdout=subprocess.PIPE,
                         input="".join(f"{json.dumps(message)}\n" for message in messages))
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert any(answer.get("id") == 1 and answer["result"]["isError"] for answer in answers), ran.stdout


def attributes(span: Span) -> dict[str, object]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


if __name__ == "__main__":
    check, era, *server = sys.argv[1:]
    asyncio.run({"trace": trace}[check](server, era))
