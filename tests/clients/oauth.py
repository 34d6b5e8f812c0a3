"""One check with an authorization server: `oauth.py CHECK ERA SERVER...`.

The authorization server is npm's `oidc-provider` (`oauth_issuer.mjs`), the person's client the TypeScript SDK's
(`oauth_client.mjs`). Which tokens count, and which tools each allows, stands in a configuration that is written here.
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import http_server
import packages

PLUGINS = {"calc", "hello"}
SECONDS = 120
READ, WRITE = ["hello_greet"], ["calc_evaluate"]


def code_flow(server: list[str], era: str) -> None:
    """A person's client finds its way with nothing but the URL, and gets another scope when a tool needs it."""
    with issuing() as (issuer, url), serving(server, issuer, url):
        command = [str(packages.node()), str(packages.HERE / "oauth_client.mjs"), url, era]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              timeout=SECONDS, check=True)
        seen = json.loads(done.stdout.splitlines()[-1])
        assert seen["first"] == READ, seen
        assert seen["greeting"] == "Hello, Ada!" and json.loads(seen["answer"])["value"] == "42", seen
        assert (seen["revision"] == "2026-07-28") == (era == "auto"), seen
        assert seen["second"] == sorted(READ + WRITE), seen
        first, second = seen["asked"]
        assert first == {"scope": "tools:read", "resource": url, "code_challenge_method": "S256"}, seen
        assert sorted(second["scope"].split()) == ["tools:read", "tools:write"], seen


def tokens(server: list[str], era: str) -> None:
    """Each kind of token that should not count does not, and the answer says what a client has to do."""
    with issuing() as (issuer, url), serving(server, issuer, url):
        good = issuer.token(url, "tools:read tools:write")
        assert asks(url, good) == (200, ""), "a good token"
        status, challenge = asks(url, None)
        assert status == 401 and "error=" not in challenge, challenge
        assert f'resource_metadata="{url.replace("/mcp", "/.well-known/oauth-protected-resource/mcp")}"' in challenge
        for what, token, status, expected in (
            ("another audience", issuer.token("https://other.example", "tools:read"), 401, "another audience"),
            ("expired", issuer.token(url, "tools:read", client="expired"), 401, "expired"),
            ("changed", good[:-8] + "AAAAAAAA", 401, "signature"),
            ("no scope", issuer.token(url, ""), 403, 'error="insufficient_scope", scope="tools:read"'),
        ):
            found, challenge = asks(url, token)
            assert found == status and expected in challenge, f"{what}: {found} {challenge}"
            assert status == 403 or 'error="invalid_token"' in challenge, challenge
        reader = issuer.token(url, "tools:read")
        assert asks(url, reader, "hello_greet") == (200, "")
        status, challenge = asks(url, reader, "calc_evaluate")
        assert status == 403 and 'scope="tools:read tools:write"' in challenge, challenge


def keys(server: list[str], era: str) -> None:
    """The authorization server goes, comes back, and has another key."""
    with issuing() as (issuer, url), serving(server, issuer, url):
        old, another = issuer.token(url, "tools:read"), issuer.token(url, "tools:read")
        assert asks(url, old) == (200, "")
        issuer.does("stop")
        assert asks(url, another) == (200, ""), "keys that are known count on"
        issuer.does("start")
        issuer.does("rotate")
        new = issuer.token(url, "tools:read")
        # A key that is not known is asked for every half minute at most.
        begun = time.monotonic()
        while asks(url, new)[0] != 200:
            assert time.monotonic() - begun < 45, "the new key does not count"
            time.sleep(1)
        status, challenge = asks(url, old)
        assert status == 401 and 'error="invalid_token"' in challenge, "the old key was withdrawn"


def introspection(server: list[str], era: str) -> None:
    """Opaque tokens are asked about."""
    with issuing("/opaque") as (issuer, url), serving(server, issuer, url, asked=True):
        audience = f"{url}/opaque"
        token = issuer.token(audience, "tools:read")
        assert "." not in token, "it is opaque"
        assert asks(url, token, "hello_greet") == (200, "")
        assert asks(url, token, "calc_evaluate")[0] == 403
        status, challenge = asks(url, token[::-1])
        assert status == 401 and 'error="invalid_token"' in challenge, challenge
        issuer.does("stop")
        assert asks(url, token) == (200, ""), "the last answer counts for a minute"
        assert asks(url, "unknown")[0] == 503


CHECKS = [(code_flow, "legacy"), (code_flow, "auto"), (tokens, "modern"), (keys, "modern"), (introspection, "modern")]


class Issuer:
    """An authorization server that runs."""

    def __init__(self, url: str, child: subprocess.Popen):
        self.url = url
        self.child = child
        self.given: list[str] = []

    def does(self, command: str) -> None:
        self.child.stdin.write(f"{command}\n")
        self.child.stdin.flush()
        self.is_ready()

    def is_ready(self) -> None:
        line = self.child.stdout.readline()
        assert line == "ready\n", f"the authorization server says {line!r}"

    def token(self, resource: str, scope: str, client: str = "machine") -> str:
        """A token that it gives to a machine."""
        form = {"grant_type": "client_credentials", "resource": resource} | ({"scope": scope} if scope else {})
        proof = b64encode(f"{client}:test-only".encode()).decode()
        request = urllib.request.Request(f"{self.url}/token", urllib.parse.urlencode(form).encode(),
                                         {"Authorization": f"Basic {proof}"})
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            token = json.load(answer)["access_token"]
            self.given.append(token)
            return token


@contextmanager
def issuing(suffix: str = "") -> Iterator[tuple[Issuer, str]]:
    """An authorization server, and the URL of what it protects."""
    url, port = f"http://127.0.0.1:{free_port()}/mcp", free_port()
    command = [str(packages.node()), str(packages.HERE / "oauth_issuer.mjs"), str(port), url + suffix]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            issuer = Issuer(f"http://127.0.0.1:{port}", child)
            issuer.is_ready()
            yield issuer, url
        finally:
            child.stdin.close()
            child.terminate()


@contextmanager
def serving(server: list[str], issuer: Issuer, url: str, asked: bool = False) -> Iterator[None]:
    """Serves with a configuration that accepts tokens of this authorization server. The log holds nothing of any."""
    log: list[str] = []
    with tempfile.TemporaryDirectory() as directory:
        secret, config = Path(directory, "secret"), Path(directory, "config.toml")
        secret.write_text("test-only\n")
        secret.chmod(0o600)
        check = "" if not asked else f"""
            audience = ["{url}/opaque"]
            introspection = "{issuer.url}/token/introspection"
            client_id = "machine"
            client_secret_file = "{secret}"
        """
        config.write_text(f"""
            [auth]
            resource = "{url}"
            first_scopes = ["tools:read"]
            [[auth.issuers]]
            issuer = "{issuer.url}"
            {check}
            [auth.scopes]
            "tools:read" = ["hello_*"]
            "tools:write" = ["calc_*"]
        """)
        address = urllib.parse.urlsplit(url).netloc
        with http_server.serving([*server, "--config", str(config)], address=address, hears=log.append) as own:
            assert own == url, own
            yield
        for piece in (piece for token in issuer.given for piece in token.split(".") if piece):
            assert not any(piece in line for line in log), "a piece of a token stands in the log"


def asks(url: str, token: str | None, tool: str = "hello_greet") -> tuple[int, str]:
    """The status of a call, and the challenge that it is refused with."""
    arguments = {"hello_greet": {"name": "Ada"}, "calc_evaluate": {"expression": "6*7"}}[tool]
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
               "params": {"name": tool, "arguments": arguments, "_meta": meta}}
    headers = {"Content-Type": "application/json", "Accept": "application/json", "Mcp-Method": "tools/call",
               "Mcp-Name": tool, "MCP-Protocol-Version": "2026-07-28"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, json.dumps(message).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers.get("WWW-Authenticate", "")


def free_port() -> int:
    """A port that nobody listens on. Its URL has to be known before the server starts."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


if __name__ == "__main__":
    name, era, *server = sys.argv[1:]
    globals()[name](server, era)
