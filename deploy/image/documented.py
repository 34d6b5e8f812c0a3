"""The commands of docs/operating.md up to Kubernetes, one after another, as a reader copies them.

Three words stand for something else here: `docker` is podman on the host's network, which the namespace keeps to
loopback; a build takes the files that the host has built; and `cargo xtask image` has been run already.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import engine
from engine import Engine

DOCUMENT = "docs/operating.md"
# The rest of the document is for clusters, and is played there.
KUBERNETES = "\n## Replicas in Kubernetes\n"
DOCKER = """#!/bin/sh
case $1 in
build) shift; exec podman build --build-context build='{files}' "$@" ;;
run) shift; exec podman run --health-interval disable "$@" ;;
*) exec podman "$@" ;;
esac
"""
CARGO = """#!/bin/sh
test "$*" = "xtask image"
"""
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def play(containers: Engine, root: Path, files: Path) -> int:
    """Runs them all in a directory with what a reader has. Returns how many blocks there were."""
    folder = containers.folder / "documented"
    programs = folder / "programs"
    programs.mkdir(parents=True)
    for name, text in (("docker", DOCKER.format(files=files.parent)), ("cargo", CARGO)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    reader = folder / "clone"
    shutil.copytree(root / "deploy", reader / "deploy")
    (reader / "target").mkdir()
    (reader / "target/image").symlink_to(files.parent)
    plugins = reader / "plugins"
    plugins.mkdir()
    for file in ("hello.toml", "hello.wasm"):
        shutil.copy(files / "plugins" / file, plugins)
    blocks = BLOCK.findall((root / DOCUMENT).read_text().split(KUBERNETES)[0])
    config, warm_config = (text for language, text in blocks if language == "toml")
    (reader / "config.toml").write_text(config)
    own, warm = (text for language, text in blocks if language == "dockerfile")
    commands = [text for language, text in blocks if language == "sh"]
    environment = containers.environment | {"PATH": f"{programs}:{os.environ['PATH']}"}
    for text in commands:
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], check=False, capture_output=True, text=True, cwd=reader,
                              stdin=subprocess.DEVNULL, env=environment, timeout=engine.SECONDS)
        assert done.returncode == 0, f"{text}\nended with {done.returncode}:\n{done.stdout}{done.stderr}"
    (reader / "Containerfile").write_text(own)
    containers.run("podman", "build", "--tag", "own", reader)
    assert "hello_greet" in containers.podman("run", "--rm", "own", "list")
    (reader / "config.toml").write_text(warm_config)
    (reader / "Containerfile").write_text(warm)
    containers.run("podman", "build", "--tag", "warm", reader)
    for image, compiles in (("own", True), ("warm", False)):
        assert _compiled(containers, image) == compiles, f"{image} {'does not compile' if compiles else 'compiles'}"
    token = (reader / "ada-laptop.token").read_text()
    assert token.startswith("trk_"), token
    containers.podman("stop", "toolrack")
    assert containers.inspect("toolrack")["State"]["ExitCode"] == 0
    return len(commands)


def _compiled(containers: Engine, image: str) -> bool:
    """True if a new container of this image keeps code after a call, since it had none."""
    volume = f"cache-of-{image}"
    containers.podman("volume", "create", volume)
    answer = containers.podman("run", "--rm", "--volume", f"{volume}:/var/lib/toolrack", image, "call", "hello_greet", "name=Ada")
    assert "Hello, Ada!" in answer, answer
    cache = Path(containers.podman("volume", "inspect", "--format", "{{.Mountpoint}}", volume)) / "cache"
    return any(cache.glob("*.baseline")) or any(cache.glob("*.cwasm"))
