"""A server made with the Python SDK, for `cargo xtask bench`: one tool that gives back its text.

It speaks over stdio, or over HTTP where its argument is a port.
"""

import sys

from mcp.server import MCPServer

server = MCPServer("bench")


# As in the servers beside it, the answer is text alone.
@server.tool(structured_output=False)
def echo(text: str) -> str:
    """Gives back the text."""
    return text


if len(sys.argv) > 1:
    # As many sessions as are measured, for as long as that takes.
    server.run("streamable-http", port=int(sys.argv[1]), max_sessions=None)
else:
    server.run("stdio")
