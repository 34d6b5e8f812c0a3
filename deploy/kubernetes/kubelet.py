"""Pods of a Deployment in podman, with their volumes as the kubelet lays them out.

`podman play kube` makes containers of what a pod says. Some of it the podman of Debian 12 does not know: it takes no `subPath`, gives
all replicas one volume, swaps no ConfigMap, and asks probes of programs that the image has not. So each volume is laid out here, as
a directory of the machine, and probes are asked from outside by whoever waits for a pod.
"""

import base64
import copy
import http.client
import json
import os
import shutil
import ssl
import time
from pathlib import Path

import server
from engine import Engine

# A bridge of podman's, which the test makes.
NETWORK = "pods"
LATEST = "..data"
WAIT_SECONDS = 120


class Node:
    """The objects that pods refer to, by kind and name, and the pods that were made of them."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.objects: dict[tuple[str, str], dict[str, bytes]] = {}
        self.followed: list[tuple[dict, Path, int]] = []

    def apply(self, one: dict) -> None:
        """Takes a ConfigMap or a Secret. Volumes of it that are there are swapped, as the kubelet does."""
        text = one.get("data", {}).items() if one["kind"] == "ConfigMap" else one.get("stringData", {}).items()
        values = {key: value.encode() for key, value in text}
        coded = one.get("binaryData", {}) if one["kind"] == "ConfigMap" else one.get("data", {})
        values |= {key: base64.b64decode(value) for key, value in coded.items()}
        self.objects[one["kind"], one["metadata"]["name"]] = values
        for volume, folder, group in self.followed:
            if _source(volume)[:2] == (one["kind"], one["metadata"]["name"]):
                self._lay_out(volume, folder, group)

    def start(self, deployment: dict, replicas: int) -> list["Pod"]:
        """Starts pods of a Deployment, as its controller would."""
        name, template = deployment["metadata"]["name"], deployment["spec"]["template"]
        pods = [Pod(self, f"{name}-{number}", template) for number in range(replicas)]
        for pod in pods:
            pod.start()
        return pods

    def volume(self, volume: dict, folder: Path, group: int) -> Path:
        """Lays a volume out. Returns its directory."""
        if "emptyDir" in volume:
            _make(folder, 0o2777, group)
        elif image := volume.get("image"):
            return Path(self.engine.podman("image", "mount", image["reference"]))
        else:
            _make(folder, 0o3777, group)
            self._lay_out(volume, folder, group)
            # Pods of one ConfigMap have directories of their own, which are swapped one after the other.
            self.followed.append((volume, folder, group))
        return folder

    def _lay_out(self, volume: dict, folder: Path, group: int) -> None:
        """Puts files in place as the kubelet's AtomicWriter does: links to a directory that is swapped as a whole."""
        kind, name, source = _source(volume)
        values = self.objects[kind, name]
        items = source.get("items") or [{"key": key, "path": key} for key in values]
        version = folder / f"..{time.time_ns()}"
        _make(version, 0o2755, group)
        for item in items:
            file = version / item["path"]
            file.write_bytes(values[item["key"]])
            os.chown(file, 0, group)
            file.chmod(source.get("defaultMode", 0o644))
        (folder / "..data_tmp").symlink_to(version.name)
        before = folder / LATEST
        old = os.readlink(before) if before.is_symlink() else None
        (folder / "..data_tmp").rename(before)
        for item in items:
            link = folder / item["path"]
            if not link.is_symlink():
                link.symlink_to(f"{LATEST}/{item['path']}")
        for link in folder.iterdir():
            if not link.name.startswith("..") and not link.exists():
                link.unlink()
        if old:
            shutil.rmtree(folder / old)


class Pod:
    """One pod, with one container and those that run before it."""

    def __init__(self, node: Node, name: str, template: dict) -> None:
        self.node, self.name = node, name
        self.spec = copy.deepcopy(template["spec"])
        (self.container,) = self.spec["containers"]
        self.probes = {probe: self.container.pop(probe) for probe in ("startupProbe", "readinessProbe", "livenessProbe")}
        self.ports = {port["name"]: port["containerPort"] for port in self.container.pop("ports")}
        # A pod that has ended is looked at, and not started again.
        self.spec["restartPolicy"] = "Never"
        group = self.spec["securityContext"]["fsGroup"]
        folder = node.folder / name
        folder.mkdir()
        folders = {volume["name"]: node.volume(volume, folder / volume["name"], group) for volume in self.spec["volumes"]}
        self.spec["volumes"] = []
        for container in (*self.spec.get("initContainers", []), self.container):
            for number, mount in enumerate(container["volumeMounts"]):
                place = (folders[mount["name"]] / mount.pop("subPath", "")).resolve()
                mount["name"] = f"{container['name']}-{number}"
                self.spec["volumes"].append({"name": mount["name"], "hostPath": {"path": str(place)}})
            # A nested mount comes after that which it lies in.
            container["volumeMounts"].sort(key=lambda mount: mount["mountPath"])
        self.address = ""

    def start(self) -> None:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": self.name}, "spec": self.spec}
        file = self.node.folder / f"{self.name}.json"
        file.write_text(json.dumps(pod))
        done = self.node.engine.run("podman", "play", "kube", "--network", NETWORK, file, expects=None)
        if done.returncode:
            names = [f"{self.name}-{container['name']}" for container in self.spec.get("initContainers", [])]
            logs = [self.node.engine.run("podman", "logs", name, expects=None) for name in names]
            raise AssertionError(f"{self.name} does not start: {done.stdout}{done.stderr}{''.join(log.stderr for log in logs)}")
        infra = self.node.engine.inspect(self.name, "pod")["InfraContainerID"]
        networks = self.node.engine.inspect(infra)["NetworkSettings"]["Networks"]
        (self.address,) = (network["IPAddress"] for network in networks.values())
        assert self.address, f"{self.name} has no address: {networks}"

    def container_name(self) -> str:
        return f"{self.name}-{self.container['name']}"

    def log(self) -> str:
        return self.node.engine.log(self.container_name())

    def probe(self, which: str) -> int:
        """Asks what a probe of the kubelet asks. Returns the status."""
        request = self.probes[which]["httpGet"]
        address = (self.address, self.ports[request["port"]])
        if request.get("scheme") == "HTTPS":
            # As the kubelet does, which knows no certificates of pods.
            connection = http.client.HTTPSConnection(*address, timeout=server.SECONDS, context=ssl._create_unverified_context())
        else:
            connection = http.client.HTTPConnection(*address, timeout=server.SECONDS)
        connection.request("GET", request["path"])
        return connection.getresponse().status

    def wait_until_ready(self) -> float:
        begun = time.monotonic()
        while time.monotonic() < begun + WAIT_SECONDS:
            try:
                if self.probe("startupProbe") == 200 and self.probe("readinessProbe") == 200:
                    return time.monotonic() - begun
            except OSError:
                state = self.node.engine.inspect(self.container_name())["State"]
                assert state["Status"] in ("created", "running"), f"{self.name} is {state['Status']}:\n{self.log()}"
            time.sleep(0.05)
        raise AssertionError(f"{self.name} is not ready:\n{self.log()}")

    def remove(self) -> None:
        self.node.engine.podman("pod", "rm", "--force", "--time", "0", self.name)


def _source(volume: dict) -> tuple[str, str, dict]:
    """The kind, the name and the particulars of what a volume is made of."""
    if "secret" in volume:
        return "Secret", volume["secret"]["secretName"], volume["secret"]
    return ("ConfigMap", volume["configMap"]["name"], volume["configMap"]) if "configMap" in volume else ("", "", {})


def _make(folder: Path, mode: int, group: int) -> None:
    folder.mkdir()
    os.chown(folder, 0, group)
    folder.chmod(mode)
