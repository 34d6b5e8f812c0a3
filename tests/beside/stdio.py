"""A client that starts an MCP server and calls its tools, as few lines as that takes."""

import json
import queue
import subprocess
import threading

PATIENCE = 15  # seconds for one answer


class Server:
    """A server on stdio, in the handshake form of 2025-06-18."""

    def __init__(self, command, env):
        self.process = subprocess.Popen(
            command, env=env, text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        self.lines = queue.Queue()
        self.last = 0
        threading.Thread(target=self._read, daemon=True).start()
        about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "beside", "version": "0"}}
        self.ask("initialize", about)
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")

    def _write(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def ask(self, method, params):
        """The answer to a request, or an exception: it fails, or none comes in time."""
        self.last += 1
        self._write({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params})
        while True:
            line = self.lines.get(timeout=PATIENCE)
            if not line:
                raise EOFError("the server ended")
            answer = json.loads(line)
            if answer.get("id") == self.last and "method" not in answer:
                return answer

    def call(self, tool, arguments):
        """What a tool answers: whether it failed, and its texts."""
        answer = self.ask("tools/call", {"name": tool, "arguments": arguments})
        if "error" in answer:
            return True, answer["error"]["message"]
        result = answer["result"]
        texts = [block.get("text", f"({block['type']})") for block in result.get("content", [])]
        return bool(result.get("isError")), "\n".join(texts)

    def tools(self):
        """The list of tools as a model pays for it."""
        return self.ask("tools/list", {})["result"]["tools"]

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
