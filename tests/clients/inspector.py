"""One check with the command line of the Inspector: `inspector.py CHECK ERA SERVER...`.

The Inspector starts the server itself, over stdio, or is given the URL of one, where ERA ends in `/http`. It exits
non-zero when anything is wrong with what it got; the checks here only look at what a person would look at next.
"""

import json
import subprocess
import sys

import http_server
import packages

PLUGINS = None  # all there are: their schemas are what the Inspector looks at
SECONDS = 120
TOOL_FAILED = 5  # how the Inspector ends when a result is an error


def lists(server: list[str], era: str) -> None:
    # `--strict`: schemas that some model provider would refuse are an error.
    tools = inspect(server, era, "tools/list", "--strict")["tools"]
    names = [tool["name"] for tool in tools]
    assert len(set(names)) == len(names), names
    assert {"hello_greet", "calc_evaluate", "test_simple_text"} <= set(names), names
    assert all(tool["description"] for tool in tools), tools


def calls(server: list[str], era: str) -> None:
    result = inspect(server, era, "tools/call", "--tool-name", "hello_greet", "--tool-arg", "name=Ada")
    assert text(result) == "Hello, Ada!", result
    result = inspect(server, era, "tools/call", "--tool-name", "calc_evaluate",
                     "--tool-args-json", '{"expression": "6*7"}')
    assert "42" in text(result), result


def load(server: list[str], era: str) -> None:
    summary = inspect(server, era, "tools/call", "--tool-name", "hello_greet", "--tool-arg", "name=Ada",
                      "--load", "--load-requests", "2000", "--load-concurrency", "16")
    assert (summary["ok"], summary["toolErrors"], summary["errors"]) == (2000, 0, 0), summary


HTTP = "/http"  # how an era ends in which the server is reached over HTTP
CHECKS = [
    *((check, era) for era in ("legacy", "modern", f"legacy{HTTP}", f"modern{HTTP}") for check in (lists, calls, load)),
    (lists, "auto"),
    (lists, f"auto{HTTP}"),
]


def inspect(server: list[str], era: str, method: str, *options: str) -> dict:
    done = run(server, era, method, *options)
    assert done.returncode == 0, f"the Inspector ended with {done.returncode}: {done.stdout}"
    return json.loads(done.stdout)["result"]


def run(server: list[str], era: str, method: str, *options: str) -> subprocess.CompletedProcess:
    """The Inspector as it ended; its stderr holds the server's log."""
    command = [str(packages.node()), str(packages.INSPECTOR), *arguments(server, era, method, *options)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=SECONDS, check=False)
    print(done.stderr, end="", file=sys.stderr)
    return done


def arguments(server: list[str], era: str, method: str, *options: str) -> list[str]:
    # A URL is a target of one word.
    return ["--cli", *server, "--method", method, "--protocol-era", era, "--format", "json", *options]


def text(result: dict) -> str:
    return "".join(block["text"] for block in result["content"] if block["type"] == "text")


if __name__ == "__main__":
    name, era, *server = sys.argv[1:]
    if era.endswith(HTTP):
        with http_server.serving(server) as url:
            globals()[name]([url], era.removesuffix(HTTP))
    else:
        globals()[name](server, era)
