"""What holds of the image, one check after another: a line for each, with what it took and noted."""

import json
import re
import shutil
import ssl
import subprocess
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import documented
import engine
import server
from engine import CONFINED, Engine

IMAGE = "localhost/toolrack:with-plugins"
BASE = "localhost/toolrack:base"
HOME = "/var/lib/toolrack"
BILL = "usr/share/doc/toolrack/toolrack.cdx.json"
REGISTRY = "127.0.0.1:5000"
REGISTRY_CONFIG = """version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: "{folder}"}}}}
http: {{addr: "{registry}"}}
"""
COMPILE_SECONDS = 240  # a program that is not optimised takes ten times as long as one that is
REFUSED = 2  # how a server that cannot start ends
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


def main(root: Path) -> int:
    files = root / "target/image/files"
    if not files.is_dir():
        print(f"{files} is missing: `cargo xtask image` builds it")
        return 2
    failed, begun = 0, time.monotonic()
    with engine.engine(root / "target/image") as containers:
        image = Image(containers, root, files)
        for check in CHECKS:
            since = time.monotonic()
            try:
                note, end = check(image), "pass"
            except Exception as error:  # noqa: BLE001 - whatever it is, the others are judged, too
                note, end = None, "FAIL"
                failed += 1
                reason = str(error) if isinstance(error, AssertionError) else traceback.format_exc()
            print(f"{end}  {check.__name__} ({time.monotonic() - since:.1f} s){f': {note}' if note else ''}", flush=True)
            if end == "FAIL":
                print("    " + reason.replace("\n", "\n    "), flush=True)
                if check is builds:
                    break
    print(f"{len(CHECKS) - failed} passed, {failed} failed ({time.monotonic() - begun:.0f} s)")
    return 1 if failed else 0


class Image:
    """The image, and where the files are that it was made of."""

    def __init__(self, containers: Engine, root: Path, files: Path) -> None:
        self.engine, self.root, self.files = containers, root, files
        self.plugins = {path.stem for path in (files / "plugins").glob("*.wasm")}

    def token(self, *options: str) -> str:
        """Makes a token in a container that ends at once."""
        return self.engine.podman("run", "--rm", *CONFINED, *options, IMAGE, "token", "add", "ada", "--expires", "1d")

    @contextmanager
    def volume(self, name: str) -> Iterator[str]:
        """Yields the option that mounts a volume of its own."""
        self.engine.podman("volume", "create", name)
        try:
            yield f"--volume={name}:{HOME}"
        finally:
            self.engine.podman("volume", "rm", "--force", name, expects=None)


def builds(image: Image) -> str:
    """The Containerfile makes both images of files that the host has built."""
    version = image.engine.run(image.files / "base/usr/local/bin/toolrack", "--version").stdout.split()[1]
    common = ["--file", image.root / "deploy/Containerfile", "--build-context", f"build={image.files.parent}",
              "--build-arg", f"VERSION={version}", "--network", "host"]
    for name, target in ((BASE, ["--target", "base"]), (IMAGE, [])):
        image.engine.run("buildah", "bud", *common, *target, "--tag", name, image.root)
    labels = image.engine.inspect(IMAGE, "image")["Config"]["Labels"]
    assert labels["org.opencontainers.image.version"] == version, labels
    sizes = {name: image.engine.inspect(name, "image")["Size"] / 1e6 for name in (BASE, IMAGE)}
    return f"{sizes[BASE]:.0f} MB, {sizes[IMAGE]:.0f} MB with plugins"


def holds_what_it_says(image: Image) -> str:
    """One static program, the configuration, licences and the bill of materials; nothing that others own."""
    with image.engine.container(BASE, words=("--version",)) as name:
        archive = image.engine.folder / "image.tar"
        image.engine.podman("export", "--output", archive, name)
    listed = image.engine.run("tar", "--list", "--verbose", "--numeric-owner", "--file", archive).stdout.splitlines()
    rows = [line.split(maxsplit=5) for line in listed]
    regular = {row[5]: row[0] for row in rows if row[0].startswith("-") and not row[5].startswith(("dev/", "run/"))}
    ours = {path for path in regular if not path.startswith("etc/") or path.startswith("etc/toolrack/")}
    documents = {f"usr/share/doc/toolrack/{name}" for name in ("LICENSE-APACHE", "LICENSE-MIT", "toolrack.cdx.json")}
    assert ours == documents | {"usr/local/bin/toolrack", "etc/toolrack/config.toml"}, ours
    (state,) = (row for row in rows if row[5] == "var/lib/toolrack/")
    assert state[0] == "drwxrwxrwt" and state[1] == "0/0", state
    program = image.files / "base/usr/local/bin/toolrack"
    headers = image.engine.run("readelf", "--program-headers", program).stdout
    assert "INTERP" not in headers, f"{program} wants a loader:\n{headers}"
    bill = json.loads(image.engine.run("tar", "--extract", "--to-stdout", "--file", archive, BILL).stdout)
    names = {component["name"] for component in bill["components"]}
    assert {"wasmtime", "rustls"} <= names, names
    archive.unlink()
    return f"{len(names)} components in its bill of materials"


def refuses_to_serve_everybody(image: Image) -> str:
    """Without a token it ends, and says what whoever runs it has to do; with what it names, it starts."""
    done = image.engine.run("podman", "run", "--rm", *CONFINED, IMAGE, expects=REFUSED)
    for expected in (f"{HOME}/http/tokens.json holds no token", "`token add NAME`", f"under [auth] in {HOME}/config.toml"):
        assert expected in done.stderr, f"{expected}: {done.stderr}"
    config = image.engine.folder / "config.toml"
    config.write_text("[http]\nallow_unauthenticated = true\n")
    with image.engine.container(IMAGE, *CONFINED, f"--volume={config}:{HOME}/config.toml:ro"):
        server.wait_until_ready()
        status, answer = server.call("hello_greet", {"name": "Ada"}, None)
        assert status == 200 and "Hello, Ada!" in str(answer), answer


def serves_confined(image: Image) -> str:
    """Read-only, without rights, within its memory, it serves all plugins, to those with a token; SIGTERM ends it with 0."""
    with image.volume("confined") as volume:
        token = image.token(volume)
        with image.engine.container(IMAGE, *CONFINED, volume) as name:
            ready = server.wait_until_ready()
            pid = image.engine.inspect(name)["State"]["Pid"]
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
            assert status["Uid"].split() == ["65532"] * 4 and status["NoNewPrivs"] == "1", status
            assert all(int(status[rights], 16) == 0 for rights in CAPABILITIES), status
            assert server.call("hello_greet", {"name": "Ada"}, None)[0] == 401
            status, answer = server.call("hello_greet", {"name": "Ada"}, token)
            assert status == 200 and "Hello, Ada!" in str(answer), answer
            served = wait_for_plugins(image, name)
            healthy = is_healthy(image, name)
            took = stop(image, name)
            log = image.engine.log(name)
            # Whoever publishes the port decides who reads what is sent.
            warnings = [line for line in log.splitlines() if " WARN " in line and "travel in the clear" not in line]
            assert not warnings, "\n".join(warnings)
        # What was compiled and the tokens are in the volume.
        with image.engine.container(IMAGE, *CONFINED, volume):
            again = server.wait_until_ready()
            assert server.call("hello_greet", {"name": "Bob"}, token)[0] == 200
    return f"ready after {ready:.1f} s, {len(image.plugins)} plugins after {served:.1f} s, ended in {took:.1f} s; {again:.1f} s the next time{healthy}"


def wait_for_plugins(image: Image, name: str) -> float:
    """Waits until every plugin is compiled and none is refused. Returns the seconds that took."""
    begun = time.monotonic()
    while time.monotonic() < begun + COMPILE_SECONDS:
        (status,) = json.loads(image.engine.podman("exec", name, "toolrack", "status", "--json"))
        states = {plugin["name"]: plugin["state"] for plugin in status["plugins"]}
        if status["state"] == "serving" and not status["loading"]:
            assert states == dict.fromkeys(image.plugins, "serving"), states
            return time.monotonic() - begun
        time.sleep(1)
    raise AssertionError(f"still being compiled: {[plugin['name'] for plugin in status['loading']]}")


def is_healthy(image: Image, name: str) -> str:
    """Runs the image's own HEALTHCHECK."""
    image.engine.podman("healthcheck", "run", name)
    health = image.engine.inspect(name)["State"]["Health"]["Status"]
    assert health == "healthy", health
    return ", healthy"


def stop(image: Image, name: str) -> float:
    """Ends a server as engines do. Returns the seconds that took."""
    begun = time.monotonic()
    image.engine.podman("stop", "--time", engine.STOP_SECONDS, name)
    took = time.monotonic() - begun
    state = image.engine.inspect(name)["State"]
    assert state["ExitCode"] == 0, f"it ended with {state['ExitCode']}:\n{image.engine.log(name)}"
    assert took < engine.STOP_SECONDS, f"it took {took:.1f} s"
    return took


def writes_nothing_beside_its_volume(image: Image) -> None:
    """Where the root can be written, nothing is."""
    with image.volume("beside") as volume:
        token = image.token(volume)
        # Files that the engine itself puts there.
        with image.engine.container(IMAGE, volume, words=("--version",)) as name:
            before = set(image.engine.podman("diff", name).splitlines())
        with image.engine.container(IMAGE, volume) as name:
            server.wait_until_ready()
            # By then a plugin was compiled, in a process of its own.
            assert server.call("hello_greet", {"name": "Ada"}, token)[0] == 200
            stop(image, name)
            after = set(image.engine.podman("diff", name).splitlines())
        assert after <= before, after - before


def any_user_will_do(image: Image) -> None:
    """A user whom nobody knows, as OpenShift assigns one, on a directory that belongs to somebody else."""
    # As Kubernetes mounts an `emptyDir`.
    memory = f"--mount=type=tmpfs,destination={HOME},tmpfs-mode=1777"
    tokens = image.engine.folder / "tokens.json"
    with image.volume("any") as volume:
        token = image.token(volume)
        # As Kubernetes mounts a Secret: another owner, read-only.
        mounted = Path(image.engine.inspect("any", "volume")["Mountpoint"], "http/tokens.json")
        shutil.copy(mounted, tokens)
    tokens.chmod(0o444)
    for options in ([memory], []):
        secret = f"--volume={tokens}:{HOME}/http/tokens.json:ro"
        with image.engine.container(IMAGE, *CONFINED, "--user", "1000650000:0", *options, secret) as name:
            server.wait_until_ready()
            status, answer = server.call("hello_greet", {"name": "Ada"}, token)
            assert status == 200 and "Hello, Ada!" in str(answer), answer
            stop(image, name)


def serves_stdio(image: Image) -> None:
    """A client that starts programs can start the image."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize",
               "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "me", "version": "0"}}}
    words = ["podman", "run", "--rm", "--interactive", "--network", "none", *CONFINED, IMAGE, "serve", "--stdio"]
    done = subprocess.run(words, check=True, input=json.dumps(request) + "\n", text=True, capture_output=True,
                          env=image.engine.environment, timeout=engine.SECONDS)
    assert json.loads(done.stdout)["result"]["serverInfo"]["name"] == "toolrack", done.stdout


def plugins_are_added_to_the_base(image: Image) -> None:
    """An image of other plugins is two lines, and a mounted directory does as well."""
    folder = image.engine.folder / "own"
    (folder / "plugins").mkdir(parents=True)
    for file in ("hello.toml", "hello.wasm"):
        shutil.copy(image.files / "plugins" / file, folder / "plugins")
    (folder / "Containerfile").write_text(f"FROM {BASE}\nCOPY plugins/ /plugins/\n")
    image.engine.run("buildah", "bud", "--tag", "localhost/own", folder)
    listed = image.engine.podman("run", "--rm", *CONFINED, "localhost/own", "list")
    assert "hello_greet" in listed and "calc" not in listed, listed
    mount = f"--volume={folder}/plugins:/plugins:ro"
    assert "hello_greet" in image.engine.podman("run", "--rm", *CONFINED, mount, BASE, "list")


def https_reaches_servers_of_a_private_authority(image: Image) -> None:
    """Mozilla's authorities are in the program; others are a file that SSL_CERT_FILE names."""
    folder = image.engine.folder / "tls"
    folder.mkdir()
    certificate, key, authority, its_key = (folder / name for name in ("cert.pem", "key.pem", "ca.pem", "ca-key.pem"))
    new = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1")
    image.engine.run(*new, "-subj", "/CN=Authority", "-keyout", its_key, "-out", authority)
    image.engine.run(*new, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=CA:FALSE",
                     "-CA", authority, "-CAkey", its_key, "-keyout", key, "-out", certificate)
    (folder / "fetch.local.toml").write_text('[grants]\nnetwork = ["https://localhost:8443"]\n')
    web = ThreadingHTTPServer(("127.0.0.1", 8443), Page)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    web.socket = context.wrap_socket(web.socket, server_side=True)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    local = f"--volume={folder}/fetch.local.toml:/plugins/fetch.local.toml:ro"
    call = ("call", "fetch_page", "url=https://localhost:8443/")
    trusted = [f"--volume={authority}:/etc/ssl/ca.pem:ro", "--env=SSL_CERT_FILE=/etc/ssl/ca.pem"]
    done = image.engine.run("podman", "run", "--rm", *CONFINED, local, IMAGE, *call, expects=1)
    assert "certificate" in done.stdout + done.stderr, done
    assert "A page" in image.engine.podman("run", "--rm", *CONFINED, local, *trusted, IMAGE, *call)
    web.shutdown()


class Page(BaseHTTPRequestHandler):
    """A page over HTTPS."""

    def do_GET(self) -> None:  # noqa: N802 - the name is the library's
        page = b"<html><body><h1>A page</h1><p>of somebody else.</p></body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Tells nobody."""


def is_pushed_and_pulled(image: Image) -> str:
    """A registry gives by its digest what it was given."""
    with registry(image.engine):
        name = f"{REGISTRY}/toolrack/toolrack"
        digest_file = image.engine.folder / "digest"
        image.engine.run("buildah", "push", "--tls-verify=false", "--format", "v2s2", "--digestfile", digest_file, IMAGE,
                         f"docker://{name}:test")
        digest = digest_file.read_text().strip()
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest), digest
        image.engine.podman("pull", "--tls-verify=false", f"{name}@{digest}")
        ids = {image.engine.inspect(known, "image")["Id"] for known in (IMAGE, f"{name}@{digest}")}
        assert len(ids) == 1, ids
        version = image.engine.podman("run", "--rm", *CONFINED, f"{name}@{digest}", "--version")
    return f"{digest[:19]}, {version}"


def is_operated_as_documented(image: Image) -> str:
    """Every command of the documentation works as it stands there."""
    return f"{documented.play(image.engine, image.root, image.files)} blocks of commands"


@contextmanager
def registry(containers: Engine) -> Iterator[None]:
    config = containers.folder / "registry.yml"
    config.write_text(REGISTRY_CONFIG.format(folder=containers.folder / "registry", registry=REGISTRY))
    with subprocess.Popen(["docker-registry", "serve", config], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as child:
        try:
            # It retries on its own while the registry is not there yet.
            containers.run("curl", "--silent", "--fail", "--retry", "50", "--retry-connrefused", "--retry-delay", "0",
                           f"http://{REGISTRY}/v2/")
            yield
        finally:
            child.terminate()
            child.wait(engine.STOP_SECONDS)


CHECKS = [
    builds,
    holds_what_it_says,
    refuses_to_serve_everybody,
    serves_confined,
    writes_nothing_beside_its_volume,
    any_user_will_do,
    serves_stdio,
    plugins_are_added_to_the_base,
    https_reaches_servers_of_a_private_authority,
    is_pushed_and_pulled,
    is_operated_as_documented,
]
