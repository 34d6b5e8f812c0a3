"""What holds of pods of the chart, one check after another."""

import base64
import http.client
import json
import secrets
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import chart
import engine
import reader
import server
import tools
from checks import REGISTRY, registry
from engine import Engine
from kubelet import NETWORK, Node, Pod

IMAGE = "localhost/toolrack:with-plugins"
BASE = "localhost/toolrack:base"
OWN = "localhost/own:1"
REPLICAS = 3
PERIOD = 0.05
SWAP_SECONDS = 60
LEGACY = "2025-11-25"
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
VALUES = {
    "image": {"repository": "localhost/toolrack", "tag": "with-plugins"},
    "replicas": REPLICAS,
    "sessionKey": {"secret": "toolrack-session"},
    "pluginSecrets": {"secret": "toolrack-secrets"},
    "config": "[policy]\ntotal_memory = \"256MiB\"\n",
    "metrics": {"enabled": True},
    "networkPolicy": {"prometheus": [{"podSelector": {}}]},
    "drain": {"delaySeconds": 5, "graceSeconds": 5},
}


class Cluster:
    """The image, the objects that an operator makes by hand, and three pods that serve one plugin of a ConfigMap."""

    def __init__(self, containers: Engine, root: Path) -> None:
        self.engine, self.root, self.files = containers, root, root / "target/image/files"
        common = ["--file", root / "deploy/Containerfile", "--build-context", f"build={self.files.parent}", "--network", "host"]
        for name, target in ((BASE, ["--target", "base"]), (IMAGE, [])):
            containers.run("buildah", "bud", *common, *target, "--tag", name, root)
        (containers.folder / "pods").mkdir()
        self.node = Node(containers, containers.folder / "pods")
        home = containers.folder / "home"
        toolrack = self.files / "base/usr/local/bin/toolrack"
        made = subprocess.run([toolrack, "token", "add", "ada"], check=True, capture_output=True, text=True,
                              env={"TOOLRACK_HOME": str(home), "HOME": str(home)}, timeout=engine.SECONDS)
        self.token, self.tokens = made.stdout.strip(), (home / "http/tokens.json").read_text()
        for name, values in (("toolrack-tokens", {"tokens.json": self.tokens}), ("toolrack-session", {"session.key": secrets.token_hex(32)}),
                             ("toolrack-secrets", {"GITHUB_TOKEN": "a secret of a plugin"})):
            self.node.apply(secret(name, values))
        self.values = chart.with_least(VALUES)
        self.pods = self.deploy("toolrack", {"plugins": self.plugins("hello")}, REPLICAS)

    def plugins(self, *names: str) -> dict:
        """The values that serve these plugins of the image's from a ConfigMap."""
        files = {f"{name}.toml": (self.files / "plugins" / f"{name}.toml").read_text() for name in names}
        binaries = {f"{name}.wasm": base64.b64encode((self.files / "plugins" / f"{name}.wasm").read_bytes()).decode() for name in names}
        return {"included": False, "files": files, "binaries": binaries}

    def deploy(self, name: str, values: dict, replicas: int) -> list[Pod]:
        """Does what the chart says, and returns the pods."""
        rendered = chart.objects(chart.render(chart.merged(self.values, values), name=name))
        for one in rendered:
            if one["kind"] == "ConfigMap":
                self.node.apply(one)
        (deployment,) = (one for one in rendered if one["kind"] == "Deployment")
        return self.node.start(deployment, replicas)

    @contextmanager
    def one(self, name: str, values: dict) -> Iterator[Pod]:
        """One more pod, with other values."""
        (pod,) = self.deploy(name, values, 1)
        try:
            pod.wait_until_ready()
            yield pod
        finally:
            pod.remove()

    def greets(self, pod: Pod, name: str = "hello_greet") -> tuple[int, dict]:
        return server.call(name, {"name": "Ada"}, self.token, pod.address)


def secret(name: str, values: dict[str, str]) -> dict:
    return {"kind": "Secret", "metadata": {"name": name}, "stringData": values}


@contextmanager
def cluster(root: Path) -> Iterator[Cluster]:
    with engine.engine(root / "target/image") as containers:
        # Pods have networks of their own.
        config = containers.folder / "containers.conf"
        config.write_text(config.read_text().replace('netns = "host"', 'netns = "bridge"'))
        containers.podman("network", "create", NETWORK)
        # Addresses that are given away are noted there, too, and not where others of the machine are.
        file = containers.folder / f"networks/{NETWORK}.conflist"
        network = json.loads(file.read_text())
        (bridge,) = (plugin for plugin in network["plugins"] if plugin["type"] == "bridge")
        bridge["ipam"]["dataDir"] = str(containers.folder / "addresses")
        file.write_text(json.dumps(network))
        yield Cluster(containers, root)


def eventually(what: str, look: Callable[[], bool], seconds: float = SWAP_SECONDS) -> float:
    """Waits until something holds. Returns the seconds that took."""
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        if look():
            return time.monotonic() - begun
        time.sleep(PERIOD)
    raise AssertionError(f"{what} does not come in {seconds} s")


def three_pods_become_ready(cluster: Cluster) -> str:
    """Each has an address of its own, is alive, and tells the same catalog."""
    took = [pod.wait_until_ready() for pod in cluster.pods]
    assert len({pod.address for pod in cluster.pods}) == REPLICAS
    assert all(pod.probe("livenessProbe") == 200 for pod in cluster.pods)

    def digests() -> set[str]:
        return {server.get("/readyz", pod.address)[1] for pod in cluster.pods}

    same = eventually("one catalog", lambda: len(digests()) == 1 and all(cluster.greets(pod)[0] == 200 for pod in cluster.pods))
    return f"{max(took):.1f} s, the same catalog and a call on each after {same:.1f} s more"


def each_serves_calls_to_those_with_a_token(cluster: Cluster) -> None:
    for pod in cluster.pods:
        assert server.call("hello_greet", {"name": "Ada"}, None, pod.address)[0] == 401
        status, answer = cluster.greets(pod)
        assert status == 200 and "Hello, Ada!" in str(answer), answer
        status, text = server.get("/metrics", pod.address, pod.ports["metrics"])
        assert status == 200 and 'toolrack_calls' in text and 'hello' in text, text[:500]
        warnings = [line for line in pod.log().splitlines() if '"WARN"' in line and "travel in the clear" not in line]
        assert not warnings, "\n".join(warnings)


def each_is_confined(cluster: Cluster) -> None:
    """The kernel's own word on what the rendered securityContext came to."""
    for pod in cluster.pods:
        pid = cluster.engine.inspect(pod.container_name())["State"]["Pid"]
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        assert status["Uid"].split() == ["65532"] * 4 and status["NoNewPrivs"] == "1", status
        assert all(int(status[rights], 16) == 0 for rights in CAPABILITIES), status
        root = next(line for line in Path(f"/proc/{pid}/mounts").read_text().splitlines() if line.split()[1] == "/")
        assert root.split()[3].startswith("ro"), root


def a_session_goes_on_at_any_replica(cluster: Cluster) -> None:
    """One that was begun at the first is known to the others, by the key that they share."""
    def post(pod: Pod, body: dict, session: str | None) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(pod.address, server.PORT, timeout=server.SECONDS)
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
                   "Authorization": f"Bearer {cluster.token}"}
        headers |= {"Mcp-Session-Id": session, "MCP-Protocol-Version": LEGACY} if session else {}
        connection.request("POST", "/mcp", json.dumps(body), headers)
        return connection.getresponse()

    params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "me", "version": "0"}}
    begun = post(cluster.pods[0], {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}, None)
    session = begun.headers["Mcp-Session-Id"]
    assert begun.status == 200 and session, begun.status
    for pod in cluster.pods:
        answer = post(pod, {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}, session)
        text = answer.read().decode()
        assert answer.status == 200 and "hello_greet" in text, text
    forged = session[:-1] + ("A" if session[-1] != "A" else "B")
    assert post(cluster.pods[1], {"jsonrpc": "2.0", "id": 3, "method": "tools/list"}, forged).status == 404


def a_changed_config_map_is_served_without_a_restart(cluster: Cluster) -> str:
    """It is swapped as the kubelet does: another manifest, one more plugin with its Wasm, one that is taken out."""
    def swap(*names: str, change: Callable[[str], str] = lambda text: text) -> None:
        values = cluster.plugins(*names)
        values["files"] = {file: change(text) for file, text in values["files"].items()}
        for one in chart.objects(chart.render(chart.merged(cluster.values, {"plugins": values}))):
            if one["metadata"]["name"] == "toolrack-plugins":
                cluster.node.apply(one)

    def listed(pod: Pod) -> list[str]:
        return server.tools(cluster.token, pod.address)

    started = [cluster.engine.inspect(pod.container_name())["State"]["StartedAt"] for pod in cluster.pods]
    other = ('prefix = "hello"', 'prefix = "good"')
    steps = (
        ("another prefix", lambda: swap("hello", change=lambda text: text.replace(*other)), lambda names: "good_greet" in names),
        ("a plugin more", lambda: swap("hello", "hash"), lambda names: {"hello_greet", "hash_digest"} <= set(names)),
        ("a plugin less", lambda: swap("hello"), lambda names: "hash_digest" not in names and "hello_greet" in names),
    )
    notes = []
    for what, step, holds in steps:
        step()
        took = eventually(what, lambda holds=holds: all(holds(listed(pod)) for pod in cluster.pods))
        notes.append(f"{what} after {took:.1f} s")
    for pod in cluster.pods:
        assert cluster.greets(pod)[0] == 200
    assert started == [cluster.engine.inspect(pod.container_name())["State"]["StartedAt"] for pod in cluster.pods]
    return ", ".join(notes)


def a_withdrawn_token_counts_without_a_restart(cluster: Cluster) -> str:
    """The Secret is swapped; so it is when the token comes back."""
    none = json.dumps(json.loads(cluster.tokens) | {"tokens": []})
    cluster.node.apply(secret("toolrack-tokens", {"tokens.json": none}))
    gone = eventually("refusal", lambda: all(cluster.greets(pod)[0] == 401 for pod in cluster.pods))
    cluster.node.apply(secret("toolrack-tokens", {"tokens.json": cluster.tokens}))
    back = eventually("service", lambda: all(cluster.greets(pod)[0] == 200 for pod in cluster.pods))
    return f"refused after {gone:.1f} s, served again after {back:.1f} s"


def a_new_certificate_is_shown_without_a_restart(cluster: Cluster) -> str:
    """HTTPS with a Secret as cert-manager fills it: for the name of the Service, and a new one when it is swapped."""
    name = "tls-toolrack.toolrack.svc"

    def certify() -> ssl.SSLContext:
        key, certificate = cluster.engine.folder / "tls.key", cluster.engine.folder / "tls.crt"
        cluster.engine.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                           "-subj", "/CN=toolrack", "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", certificate)
        cluster.node.apply(secret("certificate", {"tls.key": key.read_text(), "tls.crt": certificate.read_text()}))
        return ssl.create_default_context(cafile=str(certificate))

    def is_shown(context: ssl.SSLContext) -> bool:
        try:
            with socket.create_connection((pod.address, server.PORT), server.SECONDS) as connection, \
                    context.wrap_socket(connection, server_hostname=name) as encrypted:
                encrypted.sendall(f"GET /livez HTTP/1.1\r\nHost: {name}:{server.PORT}\r\nConnection: close\r\n\r\n".encode())
                return encrypted.recv(64).startswith(b"HTTP/1.1 200")
        except ssl.SSLCertVerificationError:
            return False

    first = certify()
    with cluster.one("tls", {"replicas": 1, "tls": {"secret": "certificate"}, "plugins": cluster.plugins("hello")}) as pod:
        assert is_shown(first)
        second = certify()
        took = eventually("the new certificate", lambda: is_shown(second))
        assert not is_shown(first)
        assert pod.probe("livenessProbe") == 200
    return f"after {took:.1f} s"


def a_pod_that_ends_loses_no_call(cluster: Cluster) -> str:
    """SIGTERM: /readyz says 503 while calls are served on; then it ends with 0, before the kubelet would kill it."""
    pod = cluster.pods[-1]
    answers: list[int] = []
    told = threading.Event()
    lost: list[str] = []

    def call() -> None:
        # A balancer sends on until it has seen that the pod is not ready.
        while not told.is_set():
            try:
                answers.append(cluster.greets(pod)[0])
            except (OSError, http.client.HTTPException) as error:
                lost.append(str(error))

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    try:
        begun = time.monotonic()
        cluster.engine.podman("kill", "--signal", "TERM", pod.container_name())
        unready = eventually("503", lambda: pod.probe("readinessProbe") == 503, 1)
        alive = pod.probe("livenessProbe")
        served = len(answers)
        eventually("calls that are served on", lambda: len(answers) > served + 5, 4)
    finally:
        told.set()
        for caller in callers:
            caller.join()
    ended = lambda: cluster.engine.inspect(pod.container_name())["State"]
    eventually("the end", lambda: ended()["Status"] == "exited", pod.spec["terminationGracePeriodSeconds"])
    code = ended()["ExitCode"]
    took = time.monotonic() - begun
    cluster.pods.remove(pod)
    assert code == 0 and alive == 200, (code, alive)
    assert not lost and set(answers) == {200}, (lost, set(answers))
    delay = VALUES["drain"]["delaySeconds"]
    assert delay <= took < pod.spec["terminationGracePeriodSeconds"], f"{took:.1f} s"
    pod.remove()
    return f"503 after {unready:.1f} s, {len(answers)} calls, ended after {took:.1f} s"


def plugins_come_from_an_image(cluster: Cluster) -> str:
    """A volume of it, or a copy before the server starts; with the copy, decisions lie beside them."""
    folder = cluster.engine.folder / "own"
    (folder / "plugins").mkdir(parents=True)
    for ending in ("toml", "wasm"):
        file = f"hello.{ending}"
        (folder / "plugins" / file).write_bytes((cluster.files / "plugins" / file).read_bytes())
    (folder / "Containerfile").write_text(f"FROM {BASE}\nCOPY plugins/ /plugins/\n")
    cluster.engine.run("buildah", "bud", "--tag", OWN, folder)
    own = {"included": False, "image": {"reference": OWN}}
    # By a user whom nobody knows, as OpenShift assigns one.
    with cluster.one("volume", {"replicas": 1, "plugins": own, "pod": {"user": 1_000_650_000}}) as pod:
        eventually("the plugin", lambda: cluster.greets(pod)[0] == 200 and server.tools(cluster.token, pod.address) == ["hello_greet"])
    copied = chart.merged(own, {"image": {"delivery": "copy"}, "decisions": {"hello": "[plugin]\nprefix = \"good\"\n"}})
    since = time.monotonic()
    with cluster.one("copy", {"replicas": 1, "plugins": copied}) as pod:
        eventually("the plugin", lambda: server.tools(cluster.token, pod.address) == ["good_greet"])
        assert cluster.greets(pod, "good_greet")[0] == 200
        return f"copied and ready after {time.monotonic() - since:.1f} s"


def the_image_serves_its_own_plugins_by_default(cluster: Cluster) -> str:
    """The least values and a Secret with a token; a decision on one of its plugins."""
    values = {"image": VALUES["image"], "plugins": {"decisions": {"hello": "[plugin]\nprefix = \"good\"\n"}}}
    before, cluster.values = cluster.values, chart.with_least({})
    try:
        with cluster.one("defaults", values) as pod:
            took = eventually("the plugin", lambda: cluster.greets(pod, "good_greet")[0] == 200)
            names = {name.split("_")[0] for name in server.tools(cluster.token, pod.address)}
            assert {"good", "calc", "hash", "text"} <= names and "hello" not in names, names
            return f"{len(names)} plugins, a call after {took:.1f} s"
    finally:
        cluster.values = before


def the_chart_is_pushed_and_pulled(cluster: Cluster) -> None:
    """A registry of images keeps it, and what comes back renders to the same."""
    place = f"oci://{REGISTRY}/charts"
    with registry(cluster.engine):
        (packed,) = (tools.VENV / "packed").glob("toolrack-*.tgz")
        done = chart.helm("push", packed, place, "--plain-http")
        assert done.returncode == 0, done.stderr
        words = (f"{place}/toolrack", "--plain-http", "--namespace", chart.NAMESPACE, "--kube-version", chart.NEWEST, "--values", "-")
        done = chart.helm("template", chart.NAME, *words, text=json.dumps(chart.LEAST))
    assert done.stdout == chart.render(chart.LEAST), done.stderr


def readers_of_the_document_get_three_replicas(cluster: Cluster) -> str:
    """Every command of docs/operating.md for Kubernetes works as it stands there."""
    while cluster.pods:
        cluster.pods.pop().remove()
    return reader.play(cluster.node, cluster.root, cluster.files)


CHECKS = [
    three_pods_become_ready,
    each_serves_calls_to_those_with_a_token,
    each_is_confined,
    a_session_goes_on_at_any_replica,
    a_changed_config_map_is_served_without_a_restart,
    a_withdrawn_token_counts_without_a_restart,
    a_new_certificate_is_shown_without_a_restart,
    a_pod_that_ends_loses_no_call,
    plugins_come_from_an_image,
    the_image_serves_its_own_plugins_by_default,
    the_chart_is_pushed_and_pulled,
    readers_of_the_document_get_three_replicas,
]
