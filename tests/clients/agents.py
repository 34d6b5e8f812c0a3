"""One check of a program that people run: `agents.py PROGRAM CASE SERVER...`.

Claude Code, Codex, Gemini CLI and the Inspector start the server themselves, where nothing has been compiled
before: the home is new. In the case `registered`, `toolrack register` tells them of it, between other entries of
theirs, and `toolrack unregister` has to leave their files as they were. In the case `http`, `toolrack register --http` tells them of
a server that runs already and asks for a token: first with the token in their file, then with a variable that holds it. The environment holds
only `PATH`, `HOME`, that variable and the switch that keeps the program quiet, the network is loopback, and nobody is
logged in. The last of the server's arguments is its plugin directory.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import http_server
import inspector
import offline
import packages
import timing

PLUGINS = timing.PLUGINS
SECONDS = 120
# A server of somebody else's, which ends at once.
OTHER = {"command": "/bin/true"}
TOKEN_VARIABLE = "A_TOKEN"


def claude(server: list[str], case: str) -> None:
    if case == "many":
        # With one processor, all of these compile for longer than Claude Code waits.
        timing.add_copies(server, set())
        timing.add_python(server)
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    # The switch stands for those against telemetry, error reports and updates.
    with person(CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1") as ada:
        if case == "registered":
            ada.writes(".claude.json", {"mcpServers": {"other": OTHER}})
            # It adds what it keeps of its own.
            ada.runs(packages.CLAUDE, "mcp", "list")
            with ada.registered(server, "claude", ".claude.json"):
                ada.sees("✔ Connected", packages.CLAUDE, "mcp", "list")
            return
        if case == "http":
            ada.writes(".claude.json", {"mcpServers": {"other": OTHER}})
            ada.runs(packages.CLAUDE, "mcp", "list")
            for _ in ada.reached(server, "claude", ".claude.json"):
                ada.sees("✔ Connected", packages.CLAUDE, "mcp", "list")
            return
        ada.runs(packages.CLAUDE, "mcp", "add", "--scope", "user", "toolrack", "--", *server)
        # It also says `! Connected · tools fetch failed`.
        ada.sees("✔ Connected", packages.CLAUDE, "mcp", "list")


def codex(server: list[str], case: str) -> None:
    config = f'# mine\nmodel = "m" # why\n\n[mcp_servers.other]\ncommand = "{OTHER["command"]}"\n# the last word\n'
    with person() as ada:
        ada.writes_text(".codex/config.toml", config)
        if case == "http":
            for _ in ada.reached(server, "codex", ".codex/config.toml"):
                codex_connects(ada)
            return
        with ada.registered(server, "codex", ".codex/config.toml"):
            listed = json.loads(ada.runs(packages.CODEX, "mcp", "list", "--json"))
        entries = {entry["name"]: entry for entry in listed}
        transport = entries["toolrack"]["transport"]
        found = [transport["command"], *transport["args"]]
        toolrack, _serve, *directories = server
        expected = [toolrack, "serve", "--stdio", *directories]
        assert found == expected, f"Codex would start {found}, not {expected}"
        assert entries["toolrack"]["enabled"] and "other" in entries, f"Codex lists {listed}"


def codex_connects(ada: "Person") -> None:
    """Asks Codex what its servers are and which tools they have. No command of its command line connects."""
    requests = [{"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "ada", "version": "0"}}},
                {"method": "initialized"}, {"id": 2, "method": "mcpServerStatus/list", "params": {}}]
    servers = ada.asks(requests, packages.CODEX, "app-server")["result"]["data"]
    found = {server["name"]: server for server in servers}
    assert "other" in found, f"Codex knows {sorted(found)}"
    assert "hello_greet" in found["toolrack"]["tools"], f"Codex says {found['toolrack']}"


def gemini(server: list[str], case: str) -> None:
    with person() as ada:
        settings = {"general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
                    "privacy": {"usageStatisticsEnabled": False}}
        settings["mcpServers"] = {"other": OTHER}
        text = json.dumps(settings, indent="\t").replace("{\n", "{ // mine\n", 1)
        ada.writes_text(".gemini/settings.json", text)
        # It starts no server in a folder that is not trusted.
        ada.writes(".gemini/trustedFolders.json", {str(ada.folder): "TRUST_FOLDER"})
        if case == "registered":
            with ada.registered(server, "gemini", ".gemini/settings.json"):
                ada.sees("Connected", packages.GEMINI, "mcp", "list")
            return
        if case == "http":
            for _ in ada.reached(server, "gemini", ".gemini/settings.json"):
                ada.sees("Connected", packages.GEMINI, "mcp", "list")
            return
        ada.runs(packages.GEMINI, "mcp", "add", "--scope", "user", "toolrack", *server)
        ada.sees("Connected", packages.GEMINI, "mcp", "list")


def inspector_cli(server: list[str], era: str) -> None:
    expected = timing.tools(server)
    with person() as ada:
        said = ada.runs(packages.INSPECTOR, *inspector.arguments(server, era, "tools/list"))
    listed = {tool["name"] for tool in json.loads(said)["result"]["tools"]}
    # A tool whose secret turns out to have no value goes when that has been looked up, which no list waits for.
    assert listed >= expected, f"the Inspector lists {sorted(listed)}, not all of {sorted(expected)}"


CHECKS = [(claude, "cold"), (claude, "many"), (claude, "registered"), (codex, "registered"), (gemini, "cold"),
          (gemini, "registered"), (claude, "http"), (codex, "http"), (gemini, "http"),
          (inspector_cli, "legacy"), (inspector_cli, "modern")]


class Person:
    """Somebody who has just got the programs, and a folder to start them in."""

    def __init__(self, home: Path, switches: dict[str, str]) -> None:
        self.home, self.folder = home, home / "folder"
        self.environment = {"PATH": os.defpath, "HOME": str(home)} | switches
        self.folder.mkdir()

    def writes(self, name: str, content: dict) -> None:
        self.writes_text(name, json.dumps(content))

    def writes_text(self, name: str, text: str) -> None:
        file = self.home / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    @contextmanager
    def registered(self, server: list[str], client: str, name: str) -> Iterator[None]:
        """Registers the server, and after that compares the client's file with what it was."""
        toolrack, _serve, *directories = server
        file = self.home / name
        before = file.read_bytes()
        self._start(toolrack, "register", client, *directories)
        assert b"toolrack" in file.read_bytes(), f"nothing was registered in {file}"
        yield
        self._start(toolrack, "unregister", client)
        after = file.read_bytes()
        assert after == before, f"{file} was {before.decode()!r} and is {after.decode()!r}"

    def reached(self, server: list[str], client: str, name: str) -> Iterator[str]:
        """Serves over HTTP to whoever has a token, and registers that: with the token, then with a variable.

        Yields the URL while the client is to be tried. After each time, it compares the client's file with what it was."""
        toolrack, file = server[0], self.home / name
        # A file that others read gets no token.
        file.chmod(0o600)
        home = {"TOOLRACK_HOME": str(self.home / "rack")}
        token = subprocess.run([toolrack, "token", "add", "ada"], env=os.environ | home, capture_output=True, text=True,
                               check=True).stdout.strip()
        self.writes_text("token", token)
        with http_server.serving(server, environment=home) as url:
            for option in (["--token-file", self.home / "token"], ["--token-env", TOKEN_VARIABLE]):
                before = file.read_bytes()
                self._start(toolrack, "register", client, "--http", url, *option)
                assert (token in file.read_text()) == (TOKEN_VARIABLE not in option)
                self.environment[TOKEN_VARIABLE] = token if TOKEN_VARIABLE in option else ""
                yield url
                self._start(toolrack, "unregister", client)
                after = file.read_bytes()
                assert after == before, f"{file} was {before.decode()!r} and is {after.decode()!r}"

    def runs(self, program: Path, *arguments: str) -> str:
        return self._run(program, *arguments).stdout

    def sees(self, state: str, program: Path, *arguments: str) -> None:
        """Compares what the program says of the server, at the end of the server's line."""
        done = self._run(program, *arguments)
        # Gemini says it on stderr.
        lines = (done.stdout + done.stderr).splitlines()
        states = [line.rpartition(" - ")[2] for line in lines if "toolrack: " in line]
        assert states == [state], f"it says {states}, not {state}"

    def asks(self, requests: list[dict], program: Path, *arguments: str) -> dict:
        """Writes a line for each request to a program that goes on until its input ends. Returns the answer to the last."""
        command = self._alone(packages.node(), program, *arguments)
        last = requests[-1]["id"]
        with subprocess.Popen(command, cwd=self.folder, env=self.environment, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as child:
            watchdog = threading.Timer(SECONDS, child.kill)
            watchdog.start()
            child.stdin.writelines(json.dumps(request) + "\n" for request in requests)
            child.stdin.flush()
            lines = map(json.loads, child.stdout)
            answer = next((line for line in lines if line.get("id") == last), None)
            child.kill()
            watchdog.cancel()
        assert answer and "result" in answer, f"{program.name} answers {answer}"
        return answer

    def _run(self, program: Path, *arguments: str) -> subprocess.CompletedProcess:
        return self._start(packages.node(), program, *arguments)

    def _start(self, *command: object) -> subprocess.CompletedProcess:
        done = subprocess.run(self._alone(*command), cwd=self.folder, env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=SECONDS, check=False)
        print(done.stdout, done.stderr, sep="\n")
        assert done.returncode == 0, f"{' '.join(map(str, command))} ended with {done.returncode}"
        return done


    @staticmethod
    def _alone(*command: object) -> list[str]:
        # The server of the case `http` runs in the same network, so that is made around all of it.
        return list(map(str, command)) if offline.INSIDE in os.environ else offline.command(*command)


@contextmanager
def person(**switches: str) -> Iterator[Person]:
    with timing.new_home() as home:
        yield Person(Path(home).resolve(), switches)


if __name__ == "__main__":
    offline.need()
    program, case, *server = sys.argv[1:]
    if case == "http":
        offline.enter()
    globals()[program](server, case)
