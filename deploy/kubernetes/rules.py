"""What has to hold of the objects that the chart renders, whatever its values are."""

from collections.abc import Iterator

# A change of these by the user of the chart is made outside it.
NOT_OURS = "ServiceMonitor"
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def judge(objects: list[dict], secrets: set[str]) -> None:
    """Checks all rules. `secrets` names the Secrets, and whatever else is made by hand."""
    by_kind: dict[str, list[dict]] = {}
    for one in objects:
        by_kind.setdefault(one["kind"], []).append(one)
    names = [(one["kind"], one["metadata"]["name"]) for one in objects]
    assert len(names) == len(set(names)), f"two objects of one name: {names}"
    assert not by_kind.keys() & {"Secret", "ClusterRole", "Role", "ServiceAccount"}, f"the chart makes what it must not: {names}"
    (deployment,) = by_kind["Deployment"]
    spec = deployment["spec"]["template"]["spec"]
    _is_confined(spec)
    _has_probes(spec, "HTTPS" if "tls_cert" in _configuration(by_kind) else "HTTP")
    _ends_in_time(spec, _configuration(by_kind))
    _refers_to_what_is_there(spec, by_kind, secrets)
    _is_found(deployment, by_kind)
    _ports_match(spec, by_kind, _configuration(by_kind))


def containers(spec: dict) -> Iterator[dict]:
    yield from spec.get("initContainers", [])
    yield from spec["containers"]


def _is_confined(spec: dict) -> None:
    assert spec["automountServiceAccountToken"] is False
    # Without a user's name it is the image's or the platform's user, and still not root.
    assert spec["securityContext"]["runAsNonRoot"] is True and spec["securityContext"].get("runAsUser", 1) > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC", "hostUsers", "shareProcessNamespace"}
    for container in containers(spec):
        context = container["securityContext"]
        assert context == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        resources = container["resources"]
        assert {"cpu", "memory"} <= resources["requests"].keys() and "memory" in resources["limits"], resources
        _is_pinned(container["image"])
        written = [mount for mount in container["volumeMounts"] if not mount.get("readOnly")]
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        assert all("emptyDir" in volumes[mount["name"]] for mount in written), written
    for volume in spec["volumes"]:
        kind = set(volume) - {"name"}
        assert kind < {"emptyDir", "configMap", "secret", "image"} and len(kind) == 1, volume
        assert "emptyDir" not in volume or volume["emptyDir"].get("sizeLimit"), volume
        if "image" in volume:
            _is_pinned(volume["image"]["reference"])


def _is_pinned(reference: str) -> None:
    name = reference.rsplit("/", 1)[-1]
    assert "@sha256:" in name or (":" in name and not name.endswith(":latest")), reference


def _has_probes(spec: dict, scheme: str) -> None:
    (container,) = spec["containers"]
    assert all(container[probe]["httpGet"].get("scheme", "HTTP") == scheme for probe in PROBES), f"a probe does not ask by {scheme}"
    paths = {probe: container[probe]["httpGet"]["path"] for probe in PROBES}
    assert paths == {"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/livez"}, paths


def _configuration(by_kind: dict[str, list[dict]]) -> dict:
    """The configuration that the chart writes, key by key, as text."""
    (text,) = (one["data"]["config.toml"] for one in by_kind["ConfigMap"] if "config.toml" in one.get("data", {}))
    pairs = (line.split(" = ", 1) for line in text.splitlines() if " = " in line)
    return {key: value.strip('"') for key, value in pairs}


def _ends_in_time(spec: dict, configuration: dict) -> None:
    needed = sum(int(configuration[key].removesuffix("s")) for key in ("drain_delay", "grace"))
    assert spec["terminationGracePeriodSeconds"] > needed, f"{spec['terminationGracePeriodSeconds']} s, of which {needed} are used"


def _refers_to_what_is_there(spec: dict, by_kind: dict[str, list[dict]], secrets: set[str]) -> None:
    maps = {one["metadata"]["name"]: one for one in by_kind["ConfigMap"]}
    used = set()
    volumes = {}
    for volume in spec["volumes"]:
        assert volume["name"] not in volumes, f"two volumes of one name: {volume['name']}"
        volumes[volume["name"]] = volume
        if secret := volume.get("secret"):
            assert secret["secretName"] in secrets, secret
        if config := volume.get("configMap"):
            if config["name"] in secrets:
                continue
            assert config["name"] in maps, f"no such ConfigMap: {config}"
            one = maps[config["name"]]
            used.add(config["name"])
            keys = one.get("data", {}).keys() | one.get("binaryData", {}).keys()
            assert all(item["key"] in keys for item in config.get("items", [])), config
    assert used == maps.keys(), f"ConfigMaps that nobody reads: {maps.keys() - used}"
    mounted = [mount for container in containers(spec) for mount in container["volumeMounts"]]
    assert {mount["name"] for mount in mounted} == volumes.keys(), "a volume is not mounted, or none is there to mount"
    for container in containers(spec):
        paths = [mount["mountPath"] for mount in container["volumeMounts"]]
        assert len(paths) == len(set(paths)), paths
        variables = [variable["name"] for variable in container["env"]]
        assert len(variables) == len(set(variables)), variables


def _is_found(deployment: dict, by_kind: dict[str, list[dict]]) -> None:
    """Everything that selects pods selects these."""
    labels = deployment["spec"]["template"]["metadata"]["labels"].items()
    selectors = [deployment["spec"]["selector"]["matchLabels"], *(one["spec"]["selector"] for one in by_kind["Service"])]
    selectors += [one["spec"]["selector"]["matchLabels"] for one in by_kind.get("PodDisruptionBudget", [])]
    selectors += [one["spec"]["podSelector"]["matchLabels"] for one in by_kind.get("NetworkPolicy", [])]
    spread = deployment["spec"]["template"]["spec"].get("topologySpreadConstraints", [])
    selectors += [one["labelSelector"]["matchLabels"] for one in spread]
    assert all(selector.items() <= labels for selector in selectors), selectors
    for scaler in by_kind.get("HorizontalPodAutoscaler", []):
        assert scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
        assert "replicas" not in deployment["spec"], "two would say how many replicas there are"
    for monitor in by_kind.get(NOT_OURS, []):
        wanted, port = monitor["spec"]["selector"]["matchLabels"].items(), monitor["spec"]["endpoints"][0]["port"]
        found = [one for one in by_kind["Service"] if wanted <= one["metadata"]["labels"].items()]
        assert len(found) == 1 and [one["name"] for one in found[0]["spec"]["ports"]] == [port], found


def _ports_match(spec: dict, by_kind: dict[str, list[dict]], configuration: dict) -> None:
    (container,) = spec["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    addresses = {"http": configuration["address"]} | ({"metrics": configuration["metrics"]} if "metrics" in configuration else {})
    assert {name: f"0.0.0.0:{port}" for name, port in ports.items()} == addresses, ports
    probed = {container[probe]["httpGet"]["port"] for probe in PROBES}
    assert probed == {"http"}, probed
    targets = {port["targetPort"] for one in by_kind["Service"] for port in one["spec"]["ports"]}
    rules = [rule for one in by_kind.get("NetworkPolicy", []) for rule in one["spec"]["ingress"]]
    assert all(rule["from"] and rule["ports"] for rule in rules), f"a rule that lets everybody in: {rules}"
    ways_out = [rule for one in by_kind.get("NetworkPolicy", []) for rule in one["spec"]["egress"]]
    assert all(rule["to"] for rule in ways_out), f"a rule that lets everything out: {ways_out}"
    allowed = {port["port"] for rule in rules for port in rule["ports"]}
    assert targets == ports.keys() and (not rules or allowed <= ports.keys()), (targets, allowed, ports)
