"""The page for people in Chromium: `page.py CHECK ERA SERVER...`.

`page.mjs` drives it with Playwright: by keyboard alone, in light, dark and on a narrow screen, with axe-core looking at each
section, and with a site that attacks it. The only network is loopback, so what the page needs is what the server gives. With the
variable `SHOTS`, a folder, the pictures of the page in the documentation are taken. The last of the server's arguments is
its plugin directory.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import which

import debian
import http_server
import offline
import packages

PLUGINS = {"hello", "text", "time", "calc"}
CHROMIUM = "chromium"
SECONDS = 240
HOSTILE = """
[[tools]]
name = "greet"
description = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
"""


def open_to_all(server: list[str]) -> None:
    """Without tokens: a tool is tried, calls and a reload are seen, and a hostile plugin's words stay words."""
    plugins = Path(server[-1])
    for kind, text in (("toml", HOSTILE.encode()), ("wasm", (plugins / "hello.wasm").read_bytes())):
        (plugins / f"hostile.{kind}").write_bytes(text)
    with http_server.serving(server, environment=home()) as url:
        drive("open", url, str(plugins))


def closed(server: list[str]) -> None:
    """With tokens: the page tells nothing without one, and with one what that allows."""
    tokens = [token(server[0], "ada"), token(server[0], "bob", "--allow", "text_*")]
    with http_server.serving(server, environment=home()) as url:
        drive("closed", url, *tokens)


def bare_address(server: list[str]) -> None:
    """Of a server for other machines: the page loads at a bare address, and says in words that it wants a token."""
    tokens = [token(server[0], "ada")]
    with http_server.serving(server, environment=home(), address="0.0.0.0:0") as url:
        drive("bare", url.replace("0.0.0.0", "127.0.0.1"), *tokens)


def pictures(server: list[str]) -> None:
    """The pictures of the documentation, into the folder that `SHOTS` names."""
    with http_server.serving(server, environment=home()) as url:
        drive("pictures", url, os.environ["SHOTS"])


CHECKS = [(check, "modern") for check in (open_to_all, closed, bare_address)]


def token(toolrack: str, *arguments: str) -> str:
    return subprocess.run([toolrack, "token", "add", *arguments], env=os.environ | home(), capture_output=True, text=True,
                          check=True).stdout.strip()


def drive(scene: str, url: str, *arguments: str) -> None:
    program = [packages.node(), packages.HERE / "page.mjs", scene, url, *arguments]
    environment = os.environ | {"CHROMIUM": which(CHROMIUM) or CHROMIUM}
    subprocess.run([str(part) for part in program], env=environment, check=True, timeout=SECONDS)


def home() -> dict[str, str]:
    """A home for the server in that of this check, in which no other check leaves tokens."""
    return {"TOOLRACK_HOME": os.path.join(os.environ["PAGE_HOME"], "rack")}


if __name__ == "__main__":
    check, _era, *server = sys.argv[1:]
    offline.enter(lambda: debian.install((CHROMIUM,), lambda: which(CHROMIUM) is not None, "there is no Chromium"))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PAGE_HOME"] = folder
        globals()[check](server)
