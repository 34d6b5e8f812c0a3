"""Serves over HTTP for a client that takes a URL.

It does not know what the client asks. The port is the system's choice, and the server's own log says it.
"""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LISTENING = "listening on "
START_SECONDS = 30
STOP_SECONDS = 30


@contextmanager
def serving(server: list[str], *options: str, hears: Callable[[str], None] = lambda line: None,
            environment: dict[str, str] | None = None, address: str = "127.0.0.1:0") -> Iterator[str]:
    """Yields the URL. `hears` gets each line of the log; at the end the server is asked to end, and has to."""
    command = [*server, "--http", address, *options]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          env=os.environ | (environment or {})) as child:
        url: list[str] = []
        listens = threading.Event()

        def read() -> None:
            for line in child.stderr:
                print(line, end="")
                if LISTENING in line and not url:
                    url.append(line.split(LISTENING)[1].split()[0])
                    listens.set()
                hears(line)
            listens.set()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            listens.wait(START_SECONDS)
            assert url, "the server does not say where it listens"
            yield url[0]
            child.terminate()
            assert child.wait(STOP_SECONDS) == 0, f"the server ended with {child.returncode}"
        finally:
            child.kill()
            reader.join(STOP_SECONDS)
