"""A server made with the Python SDK, for `cargo xtask bench`: one tool that gives back its text."""

from mcp.server import MCPServer

server = MCPServer("bench")


# As in the servers beside it, the answer is text alone.
@server.tool(structured_output=False)
def echo(text: str) -> str:
    """Gives back the text."""
    return text


server.run("stdio")
