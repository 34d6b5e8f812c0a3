"""One check of the plugins that use the network: `web.py CHECK ERA SERVER...`.

A server of this process, on loopback, stands in for the services; the plugin's manifest is written
anew for it. The Inspector calls the tools and says what came. The last of the server's arguments is
its plugin directory.
"""

import json
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import inspector

PLUGINS = {"fetch", "github", "weather"}
KEY = "0123456789abcdef0123456789abcdef"

WEATHER = {"weather": [{"description": "light rain"}], "main": {"temp": 10.4, "humidity": 81},
           "wind": {"speed": 5, "deg": 90}, "dt": 1774787400, "timezone": 7200}


def weather(server: list[str], era: str) -> None:
    def now(request: "Request") -> None:
        request.release.wait(request.delay)
        if f"appid={KEY}" not in request.path:
            request.answer(401, json.dumps({"cod": 401, "message": "Invalid API key."}))
        else:
            request.answer(200, request.page or json.dumps(WEATHER))

    def call(port: int, key: str = KEY) -> "Called":
        write(server, "weather", f"""
            limits.timeout = "2s"
            [grants]
            network = [{{ url = "http://127.0.0.1:{port}", secret = "OPENWEATHER_API_KEY", query = "appid" }}]
            config = {{ provider = "openweathermap", endpoint = "http://127.0.0.1:{port}" }}
        """, OPENWEATHER_API_KEY=key)
        called = Called(server, era, "weather_current", place="52.52, 13.41")
        assert key not in called.output, called.output
        return called

    with serving(now) as (port, paths):
        call(port).answers("light rain, 10 °C")
        assert f"appid={KEY}" in paths[-1], paths
        call(port, KEY[::-1]).fails("does not accept the API key", "toolrack secret set OPENWEATHER_API_KEY")
    call(port).fails("cannot connect to", "try again later")
    with serving(now, delay=30) as (port, _):
        call(port).fails("longer than its wall-clock timeout of 2s")
    for page in ("<html>Sign in to the Wi-Fi</html>", '{"weather": [', "\0\1\2"):
        with serving(now, page=page) as (port, _):
            call(port).fails("OpenWeatherMap: it answers with")


def fetch(server: list[str], era: str) -> None:
    def site(request: "Request") -> None:
        match request.path:
            case "/page":
                request.answer(200, "<title>Tea</title><nav>Menu</nav><p>A <a href=/cup>cup</a>.", "text/html")
            case "/moved":
                request.answer(301, "", location="/page")
            case "/away":
                request.answer(301, "", location="https://elsewhere.example/")
            case _:
                request.answer(404, "none")

    with serving(site) as (port, _):
        def call(path: str) -> "Called":
            return Called(server, era, "fetch_page", url=f"http://127.0.0.1:{port}{path}")

        write(server, "fetch", f'grants.network = ["http://127.0.0.1:{port}"]')
        call("/moved").answers("Title: Tea", "/page (redirected)", f"A [cup](http://127.0.0.1:{port}/cup).")
        call("/away").fails("redirects to https://elsewhere.example/", 'toolrack grant fetch network https://elsewhere.example')
        call("/none").fails("status 404: there is no such page")
    call("/page").fails("refuses connections; try again later")


def github(server: list[str], era: str) -> None:
    releases = json.dumps([{"tag_name": "v1", "html_url": "https://github.com/a/b/releases/v1"}])

    def api(request: "Request") -> None:
        if request.headers["authorization"] != f"Bearer {KEY}":
            request.answer(401, json.dumps({"message": "Bad credentials"}))
        elif request.path.startswith("/repos/a/b/"):
            request.answer(200, releases)
        else:
            request.answer(404, json.dumps({"message": "Not Found"}))

    def call(port: int, repository: str = "a/b", key: str = KEY) -> "Called":
        write(server, "github", f"""
            [grants]
            network = [{{ url = "http://127.0.0.1:{port}", secret = "GITHUB_TOKEN", header = "Authorization", before = "Bearer " }}]
            config = {{ endpoint = "http://127.0.0.1:{port}" }}
        """, GITHUB_TOKEN=key)
        called = Called(server, era, "github_list", repository=repository, kind="releases")
        assert key not in called.output, called.output
        return called

    with serving(api) as (port, _):
        call(port).answers('"name":"v1"')
        call(port, "a/none").fails("no repository `a/none`, or there is no access to it")
        call(port, key=KEY[::-1]).fails("wants a token that it accepts: Bad credentials")
    call(port).fails("refuses connections; try again later")


CHECKS = [(check, era) for check in (weather, fetch, github) for era in ("legacy", "modern")]


class Request(BaseHTTPRequestHandler):
    """A request, with what its server was told to do."""

    def answer(self, status: int, body: str, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"content-type": kind} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(answer, delay: float = 0, page: str | None = None):
    """A server that answers by calling `answer`: its port, and the paths that were asked for."""
    paths, release = [], Event()

    class Told(Request):
        def do_GET(self) -> None:
            paths.append(self.path)
            answer(self)

    Told.delay, Told.page, Told.release = delay, page, release
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Told)
    thread = Thread(target=httpd.serve_forever)
    thread.start()
    try:
        yield httpd.server_port, paths
    finally:
        release.set()
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def write(server: list[str], plugin: str, manifest: str, **secrets: str) -> None:
    """A manifest of the plugin, and beside it the secrets."""
    plugins = Path(server[-1])
    Path(plugins, f"{plugin}.toml").write_text(manifest)
    env = Path(plugins, ".env")
    env.touch(mode=0o600)
    env.write_text("".join(f"{name}={value}\n" for name, value in secrets.items()))


class Called:
    """A call of a tool through the Inspector."""

    def __init__(self, server: list[str], era: str, tool: str, **arguments: object) -> None:
        done = inspector.run(server, era, "tools/call", "--tool-name", tool,
                             "--tool-args-json", json.dumps(arguments))
        self.status, self.output = done.returncode, done.stdout + done.stderr
        result = json.loads(done.stdout)["result"]
        self.text = inspector.text(result) or json.dumps(result["content"])

    def answers(self, *parts: str) -> None:
        self.ends(0, parts)

    def fails(self, *parts: str) -> None:
        self.ends(inspector.TOOL_FAILED, parts)

    def ends(self, status: int, parts: tuple[str, ...]) -> None:
        assert self.status == status, (self.status, self.text)
        for part in parts:
            assert part in self.text, (part, self.text)


if __name__ == "__main__":
    name, era, *server = sys.argv[1:]
    globals()[name](server, era)
