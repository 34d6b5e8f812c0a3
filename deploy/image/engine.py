"""The engine: buildah, podman and runc, with everything that they keep in one directory.

It knows how they work on small machines, where neither systemd nor cgroups of version 2 need be there, and nothing of
the image.
"""

import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = ("musl-tools", "buildah", "podman", "runc", "catatonit", "curl", "docker-registry")
PROGRAMS = ("musl-gcc", "buildah", "podman", "runc", "curl", "docker-registry")
SECONDS = 300
STOP_SECONDS = 30
# What people are told to run it with. Nothing that is refused here may be needed.
CONFINED = ("--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges", "--memory", "256m", "--pids-limit", "64")

# A process has no more descriptors and processes than its parent may give, and nobody but runc needs no cgroups of version 2.
CONTAINERS = """[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
log_driver = "k8s-file"
netns = "host"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
tmp_dir = "{folder}/tmp"
[network]
network_config_dir = "{folder}/networks"
"""
STORAGE = """[storage]
driver = "vfs"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
"""


def is_there() -> bool:
    return all(shutil.which(program) for program in PROGRAMS)


class Engine:
    """Images, containers and volumes, all of them in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in (("containers.conf", CONTAINERS), ("storage.conf", STORAGE)):
            (folder / name).write_text(text.format(folder=folder))
        self.environment = os.environ | {
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            # The form of images that has HEALTHCHECK.
            "BUILDAH_FORMAT": "docker",
            "BUILDAH_ISOLATION": "chroot",
        }

    def run(self, *command: object, expects: int | None = 0, seconds: float = SECONDS) -> subprocess.CompletedProcess:
        """Runs a program to its end, which has to be with the status `expects`, if that is not None."""
        words = [str(word) for word in command]
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=seconds, cwd=self.folder,
                              stdin=subprocess.DEVNULL, env=self.environment)
        shown = f"`{' '.join(words)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        assert expects is None or done.returncode == expects, shown
        return done

    def podman(self, *words: object, **options: object) -> str:
        return self.run("podman", *words, **options).stdout.strip()

    def inspect(self, what: str, kind: str = "container") -> dict:
        (found,) = json.loads(self.podman("inspect", "--type", kind, what))
        return found

    @contextmanager
    def container(self, image: str, *options: str, words: tuple[str, ...] = ()) -> Iterator[str]:
        """Yields the name of a container that runs in the background."""
        name = f"toolrack-{secrets.token_hex(4)}"
        # Without systemd nobody would ask about its health by the clock.
        self.podman("run", "--detach", "--name", name, "--health-interval", "disable", *options, image, *words)
        try:
            yield name
        finally:
            self.podman("rm", "--force", "--volumes", "--time", "0", name, expects=None)

    def log(self, container: str) -> str:
        done = self.run("podman", "logs", container)
        return done.stdout + done.stderr

    def remove_everything(self) -> None:
        self.podman("rm", "--all", "--force", "--volumes", "--time", "0", expects=None)
        self.podman("volume", "rm", "--all", "--force", expects=None)
        self.podman("rmi", "--all", "--force", expects=None)


@contextmanager
def engine(below: Path) -> Iterator[Engine]:
    """Yields an engine that has nothing, and of which nothing is left."""
    below.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="engine-", dir=below, ignore_cleanup_errors=True) as folder:
        made = Engine(Path(folder))
        try:
            yield made
        finally:
            made.remove_everything()
