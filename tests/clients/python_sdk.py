"""One check with the client of the Python SDK: `python_sdk.py CHECK MODE SERVER...`.

MODE is the SDK's own word for how to speak: `legacy` (handshake), `auto` (probe, then choose) or a
stateless revision. Where it ends in `/http`, the server is reached over HTTP; where it ends in `/remote`, by a
program that joins clients that only start programs to it, npm's `mcp-remote`. Every message of the server is kept, to see also what the SDK passes over in
silence. The last of the server's arguments is its plugin directory.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

import http_server
import packages

PLUGINS = {"calc", "conformance", "hello", "runaway"}
SECONDS = 60
PROMPT_SECONDS = 5  # after which a change of the plugin directory has been told, on any machine
MODERN = "2026-07-28"


@dataclass
class Session:
    client: Client
    messages: list[Any]  # every one the server sent
    mode: str
    plugins: Path


async def opens(session: Session) -> None:
    expected = "2025-11-25" if session.mode == "legacy" else MODERN
    assert session.client.protocol_version == expected, session.client.protocol_version
    if session.mode != MODERN:  # a pinned revision asks the server nothing before its first request
        assert session.client.server_capabilities.tools is not None
        assert session.client.server_info and session.client.server_info.name == "toolrack"
    if session.mode == "legacy":
        await session.client.send_ping()
    assert await tool_names(session.client)


async def lists(session: Session) -> None:
    tools = (await session.client.list_tools()).tools
    assert {"hello_greet", "calc_evaluate", "json_schema_2020_12_tool"} <= {tool.name for tool in tools}
    for tool in tools:
        assert tool.description and tool.input_schema["type"] == "object", tool
    again = (await session.client.list_tools(cache_mode="refresh")).tools
    assert again == tools, "two lists differ"


async def calls(session: Session) -> None:
    result = await session.client.call_tool("hello_greet", {"name": "Ada"})
    assert text(result) == "Hello, Ada!" and not result.is_error, result

    answers: dict[int, str] = {}

    async def add(number: int) -> None:
        answers[number] = text(await session.client.call_tool("calc_evaluate", {"expression": f"{number}+1000"}))

    async with anyio.create_task_group() as group:
        for number in range(40):
            group.start_soon(add, number)
    assert all(str(number + 1000) in answer for number, answer in answers.items()), answers

    kinds = {}
    for name in ("test_image_content", "test_audio_content", "test_embedded_resource", "test_multiple_content_types"):
        kinds[name] = [block.type for block in (await session.client.call_tool(name)).content]
    assert list(kinds.values()) == [["image"], ["audio"], ["resource"], ["text", "image", "resource"]], kinds


async def refuses(session: Session) -> None:
    failed = await session.client.call_tool("test_error_handling")
    assert failed.is_error and text(failed), failed
    wrong = await session.client.call_tool("hello_greet", {"name": 5})
    assert wrong.is_error and "`name` takes a string; 5 was given" in text(wrong), wrong
    missing = await session.client.call_tool("hello_greet", {})
    assert missing.is_error and "name" in text(missing), missing
    try:
        await session.client.call_tool("no_such_tool", {})
    except MCPError as error:
        assert error.code == types.INVALID_PARAMS and "no_such_tool" in error.message, error
    else:
        raise AssertionError("an unknown tool was called")


async def progress(session: Session) -> None:
    steps: list[tuple[float, float | None]] = []

    async def step(done: float, total: float | None, _message: str | None) -> None:
        steps.append((done, total))

    await session.client.call_tool("test_tool_with_progress", progress_callback=step)
    assert steps == [(0, 100), (50, 100), (100, 100)], steps
    await session.client.call_tool("test_tool_with_progress")
    tokens = [m for m in session.messages if getattr(m, "method", "") == "notifications/progress"]
    assert len(tokens) == 3, "progress nobody asked for"


async def cancels(session: Session) -> None:
    names = await tool_names(session.client)
    assert {"runaway_spin", "runaway_hoard"} <= set(names), "serve `target/fixtures` too; `cargo xtask build` makes it"
    cancelled = 8

    async def spin() -> None:
        with anyio.move_on_after(0.5) as scope:
            await session.client.call_tool("runaway_spin")
        assert scope.cancelled_caught, "an endless loop ended by itself"

    # More than one plugin may run at once, so that some are cancelled while they wait for a place.
    async with anyio.create_task_group() as group:
        for _ in range(cancelled):
            group.start_soon(spin)
    # A call that only seems to end would keep its place until its two seconds of work are over.
    with anyio.fail_after(1.5):
        assert (await session.client.call_tool("runaway_hoard")).is_error
        assert text(await session.client.call_tool("hello_greet", {"name": "Ada"})) == "Hello, Ada!"
    # A tenth of a second, for an answer that must not come.
    await session.client.call_tool("test_tool_with_progress")
    # Errors are the SDK's own: over HTTP it makes one of a cancelled request that ends without an answer.
    answered = [message.id for message in session.messages if hasattr(message, "result")]
    assert len(answered) == len(set(answered)), f"two answers for one request: {answered}"
    due = max(answered) - min(answered) + 1 - cancelled
    assert len(answered) == due, f"{due} answers are due: {answered}"


async def reloads(session: Session) -> None:
    client, manifest = session.client, session.plugins / "hello.toml"
    before = await tool_names(client)
    async with AsyncExitStack() as stack:
        if session.mode == MODERN:
            subscription = await stack.enter_async_context(client.listen(tools_list_changed=True))

            async def changed(_times: int) -> None:
                await anext(subscription)
        else:

            async def changed(times: int) -> None:
                told = "notifications/tools/list_changed"
                while sum(getattr(m, "method", "") == told for m in session.messages) < times:
                    await anyio.sleep(0.01)

        with anyio.fail_after(PROMPT_SECONDS):
            manifest.rename(manifest.with_suffix(".gone"))
            await changed(1)
        assert await tool_names(client) == [name for name in before if not name.startswith("hello_")]
        with anyio.fail_after(PROMPT_SECONDS):
            manifest.with_suffix(".gone").rename(manifest)
            await changed(2)
        assert await tool_names(client) == before
        assert text(await client.call_tool("hello_greet", {"name": "Ada"})) == "Hello, Ada!"


HTTP = "/http"  # how a mode ends in which the server is reached over HTTP
REMOTE = "/remote"  # the same through `mcp-remote`
CHECKS = [
    (check, mode + transport)
    for transport in ("", HTTP)
    for mode in ("legacy", MODERN)
    for check in (opens, lists, calls, refuses, progress, cancels, reloads)
] + [(opens, "auto"), (opens, f"auto{HTTP}")] + [
    (check, f"legacy{REMOTE}") for check in (opens, calls, refuses, progress, reloads)
]


async def tool_names(client: Client) -> list[str]:
    return [tool.name for tool in (await client.list_tools(cache_mode="refresh")).tools]


def text(result: types.CallToolResult) -> str:
    return "".join(block.text for block in result.content if isinstance(block, types.TextContent))


@asynccontextmanager
async def recorded(transport: Any, messages: list[Any]) -> AsyncIterator[Any]:
    """A transport of the SDK, with every incoming message also put into `messages`."""
    async with transport as (read, write, *_):
        send, receive = anyio.create_memory_object_stream[Any](0)

        async def copy() -> None:
            async with send:
                async for message in read:
                    if isinstance(message, Exception):
                        raise message
                    messages.append(message.message)
                    await send.send(message)

        async with anyio.create_task_group() as group:
            group.start_soon(copy)
            yield receive, write
            group.cancel_scope.cancel()


def reached(server: list[str]) -> Any:
    """The SDK's transport: over stdio, or over HTTP where the server is a URL."""
    match server:
        case [url]:
            return streamable_http_client(url)
        case [command, *args]:
            return stdio_client(StdioServerParameters(command=command, args=args))


async def main(check: str, mode: str, server: list[str], plugins: Path) -> None:
    messages: list[Any] = []
    failure = None
    with anyio.fail_after(SECONDS):
        async with Client(recorded(reached(server), messages), mode=mode) as client:
            try:
                await globals()[check](Session(client, messages, mode, plugins))
            except Exception as error:  # raised outside, where no task group wraps it
                failure = error
    if failure:
        raise failure


def run(check: str, mode: str, *server: str) -> None:
    plugins = Path(server[-1])
    if mode.endswith(REMOTE):
        with http_server.serving(list(server)) as url:
            remote = [str(packages.node()), str(packages.MCP_REMOTE), url]
            anyio.run(main, check, mode.removesuffix(REMOTE), remote, plugins)
    elif mode.endswith(HTTP):
        with http_server.serving(list(server)) as url:
            anyio.run(main, check, mode.removesuffix(HTTP), [url], plugins)
    else:
        anyio.run(main, check, mode, list(server), plugins)


if __name__ == "__main__":
    run(*sys.argv[1:])
