"""The commands of docs/operating.md for Kubernetes, one after another, as a reader copies them.

There is no API server here. `helm` renders with the words of the reader, and what it would send is applied to the node of this test;
`kubectl create` is kubectl's own up to that point, and its other commands are those that the document has, by hand. Nothing is
pushed, since deploy/image/run pushes; `docker tag` is podman's.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import chart
import engine
import kubernetes_validate
import server
import tools
from documented import BLOCK, DOCUMENT, KUBERNETES
from kubelet import Node, Pod

RELEASE = "deployment/toolrack"
NAMESPACE = ["--namespace", "toolrack"]
# A program that hands its words, and its input where it reads any, to this test, and does what that answers.
PROGRAM = """#!{python}
import json, sys, urllib.request
text = sys.stdin.read() if "-" in sys.argv else ""
asked = json.dumps([{name!r}, sys.argv[1:], text]).encode()
with urllib.request.urlopen("http://127.0.0.1:{port}/", asked, timeout={seconds}) as answer:
    code, text = json.load(answer)
print(text, end="", file=sys.stderr if code else sys.stdout)
sys.exit(code)
"""


def blocks(root: Path, language: str) -> list[str]:
    text = (root / DOCUMENT).read_text().split(KUBERNETES)[1]
    return [block for found, block in BLOCK.findall(text) if found == language]


def play(node: Node, root: Path, files: Path) -> str:
    """Runs them all in a directory with what a reader has."""
    folder = node.folder / "reader"
    programs, clone = folder / "programs", folder / "clone"
    programs.mkdir(parents=True)
    shutil.copytree(root / "deploy", clone / "deploy")
    (clone / "plugins").mkdir()
    for file in ("hello.toml", "hello.wasm"):
        shutil.copy(files / "plugins" / file, clone / "plugins")
    (programs / "toolrack").symlink_to(files / "base/usr/local/bin/toolrack")
    commands = blocks(root, "sh")
    cluster = _Cluster(node, clone)
    try:
        with cluster.served() as port:
            for name in ("helm", "kubectl", "docker"):
                (programs / name).write_text(PROGRAM.format(python=shutil.which("python3"), name=name, port=port, seconds=engine.SECONDS))
                (programs / name).chmod(0o755)
            environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(folder)}
            for text in commands:
                with (folder / "said").open("w+") as said:
                    done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], check=False, stdout=said, stderr=said, cwd=clone,
                                          stdin=subprocess.DEVNULL, env=environment, timeout=engine.SECONDS)
                    said.seek(0)
                    assert done.returncode == 0, f"{text}\nended with {done.returncode}:\n{said.read()}"
        token = (clone / "ada-laptop.token").read_text().strip()
        for pod in cluster.pods:
            status, answer = server.call("hello_greet", {"name": "Ada"}, token, pod.address)
            assert status == 200 and "Hello, Ada!" in str(answer), answer
            assert server.tools(token, pod.address) == ["hello_greet"]
        assert len(cluster.pods) == 3, [pod.name for pod in cluster.pods]
    finally:
        for pod in cluster.pods:
            pod.remove()
    for text in blocks(root, "yaml"):
        _judge(text)
    return f"{len(commands)} blocks of commands"


def _judge(text: str) -> None:
    """An object has to be one of Kubernetes, and anything else has to be values of the chart."""
    (found,) = chart.objects(text)
    if "kind" not in found:
        chart.render(chart.with_least(found))
    elif found["kind"] == "Ingress":
        kubernetes_validate.validate(found, chart.NEWEST, strict=True)
        ports = {rule["backend"]["service"]["port"]["name"] for rule in found["spec"]["rules"][0]["http"]["paths"]}
        assert ports == {"http"}, ports
    else:
        # Its schema is a CRD's, which no package has.
        assert found["kind"] == "HTTPRoute" and found["apiVersion"] == "gateway.networking.k8s.io/v1", found


class _Cluster:
    """What the programs of the reader talk to."""

    def __init__(self, node: Node, clone: Path) -> None:
        self.node, self.clone = node, clone
        self.pods: list[Pod] = []
        self.values: list[str] = []
        self.template: dict | None = None
        self.made = 0

    @contextmanager
    def served(self) -> Iterator[int]:
        """Yields the port at which programs are answered."""
        cluster = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # noqa: N802 - the name is the library's
                program, words, text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                try:
                    answer = [0, getattr(cluster, program)(words, text)]
                except Exception as error:  # noqa: BLE001 - whatever it is, the reader's command has failed
                    answer = [1, f"{type(error).__name__}: {error}\n"]
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as listener:
            threading.Thread(target=listener.serve_forever, daemon=True).start()
            try:
                yield listener.server_address[1]
            finally:
                listener.shutdown()

    def docker(self, words: list[str], _: str) -> str:
        if words[0] == "push":
            self.node.engine.podman("image", "exists", *words[1:])
            return ""
        assert words[:2] == ["tag", "toolrack"], words
        return self.node.engine.podman("tag", "localhost/toolrack:with-plugins", *words[2:])

    def helm(self, words: list[str], _: str) -> str:
        verb, name, path, *options = words
        assert verb in ("install", "upgrade") and options[:2] == NAMESPACE, words
        reuses = "--reset-then-reuse-values" in options
        assert reuses == (verb == "upgrade"), words
        self.values += [word for word in options[2:] if word != "--reset-then-reuse-values"]
        done = chart.helm("template", name, self.clone / path, *NAMESPACE, "--kube-version", chart.NEWEST, *self.values)
        assert done.returncode == 0, done.stderr
        self.roll_out(chart.objects(done.stdout))
        return f"{name} was {verb}ed\n"

    def roll_out(self, rendered: list[dict]) -> None:
        """Starts pods of another template before those before it go, and as many as are asked for."""
        for one in rendered:
            if one["kind"] == "ConfigMap":
                self.node.apply(one)
        (deployment,) = (one for one in rendered if one["kind"] == "Deployment")
        replicas, template = deployment["spec"]["replicas"], deployment["spec"]["template"]
        old = [] if template == self.template else self.pods
        kept = [pod for pod in self.pods if pod not in old]
        self.template = template
        for _ in range(replicas - len(kept)):
            self.made += 1
            pod = Pod(self.node, f"reader-{self.made}", template)
            kept.append(pod)
            pod.start()
        self.pods = kept + old
        for pod in kept:
            pod.wait_until_ready()
        for pod in old:
            self.pods.remove(pod)
            pod.remove()

    def kubectl(self, words: list[str], text: str) -> str:
        if words[0] == "apply":
            assert words[1:] == ["--filename", "-"], words
            (one,) = chart.objects(text)
            self.node.apply(one)
            return ""
        if words[:2] == ["create", "namespace"]:
            return ""
        assert words[:2] == NAMESPACE, f"it is not said for which namespace: {words}"
        match words[2:]:
            case ["create", *_]:
                made = self.created(words)
                if "--dry-run=client" in words:
                    return made
                (one,) = chart.objects(made)
                self.node.apply(one)
                return ""
            case ["rollout", "status", what]:
                assert what == RELEASE, what
                for pod in self.pods:
                    pod.wait_until_ready()
                return ""
            case ["exec", what, "--", *command]:
                assert what == RELEASE, what
                return self.node.engine.podman("exec", self.pods[0].container_name(), *command) + "\n"
            case ["port-forward", "service/toolrack", ports]:
                near, far = map(int, ports.split(":"))
                assert far == self.pods[0].ports["http"], ports
                threading.Thread(target=_forward, args=(near, self.pods[0].address, far), daemon=True).start()
                return ""
        raise AssertionError(f"no such command here: {words}")

    def created(self, words: list[str]) -> str:
        """What kubectl would send."""
        flags = [word for word in words if word not in ("--dry-run=client", "--output=yaml")]
        done = subprocess.run([tools.KUBECTL, *flags, "--dry-run=client", "--output=yaml"], check=False, capture_output=True, text=True,
                              cwd=self.clone, env={"PATH": os.environ["PATH"], "HOME": str(self.clone)}, timeout=chart.SECONDS)
        assert done.returncode == 0, done.stderr
        return done.stdout


def _forward(near: int, address: str, far: int) -> None:
    """Serves one connection after the other, as long as the test runs."""
    with socket.create_server(("127.0.0.1", near)) as listener:
        while True:
            client, _ = listener.accept()
            with client, socket.create_connection((address, far), timeout=server.SECONDS) as pod:
                back = threading.Thread(target=_copy, args=(pod, client), daemon=True)
                back.start()
                _copy(client, pod)
                back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while some := source.recv(65_536):
            target.sendall(some)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # The other side has gone.
        return
