"""What can be said of the chart without running anything."""

import base64
import functools

import chart
import golden
import kubernetes_validate
import rules
import tools
import wrong

# Made by hand, as the values of the goldens name them.
SECRETS = {"toolrack-tokens", "toolrack-session", "toolrack-secrets", "toolrack-redis", "tools-example-org", "own-plugins"}
PLUGIN_IMAGE = f"registry.example:5000/plugins@sha256:{'a' * 64}"

# Values that go together, each beside the least that has to be said: features, and what else is at their edges.
RIGHT = [
    {},
    {"replicas": 3, "sessionKey": {"secret": "toolrack-session", "key": "other"}},
    {"tokens": {"secret": ""}, "config": "[auth]\nresource = \"https://tools.example.org/mcp\"\n"},
    {"tokens": {"secret": ""}, "config": "[http]\nallow_unauthenticated = true\n"},
    {"image": {"digest": "sha256:" + "0" * 64, "tag": "latest"}},
    {"image": {"tag": "v" + "1" * 127}},
    {"plugins": {"files": {"hello.toml": "[limits]\nmemory = \"1MiB\"\n", "hello.local.toml": ""}, "binaries": {"hello.wasm": "AGFz\nbQ=="}}},
    {"plugins": {"files": {"hello.toml": "#" * 1_048_576}}},
    {"plugins": {"configMap": "own-plugins", "included": False}},
    {"plugins": {"decisions": {"weather": "prefix = \"a\"\n", "hello": ""}}},
    {"plugins": {"image": {"reference": PLUGIN_IMAGE, "delivery": "copy"}, "decisions": {"hello": ""}}},
    {"plugins": {"image": {"reference": "a/b:1", "delivery": "copy", "command": ["/bin/cp", "-R", "/plugins/.", "/bundle/"]}}},
    {"metrics": {"enabled": True}, "networkPolicy": {"enabled": False}},
    {"networkPolicy": {"clients": [], "dns": [], "networks": []}},
    {"resources": {"limits": {"cpu": "1500m"}}},
    {"resources": {"limits": {"cpu": 2}}},
    {"disruptionBudget": {"enabled": False}, "topologySpread": {"keys": []}},
    {"drain": {"delaySeconds": 0, "graceSeconds": 0}},
    {"env": {"TZ": "1"}, "pod": {"labels": {"team": "a"}, "annotations": {"a/b": "true"}, "tolerations": [{"operator": "Exists"}],
                                 "affinity": {"nodeAffinity": {}}, "nodeSelector": {"disk": "ssd"}}},
    {"pod": {"user": 1_000_650_000}},
    {"pod": {"user": None}},
    {"tls": {"secret": "tools-example-org"}},
    {"replicas": 3, "sessionKey": {"secret": "toolrack-session"}, "redis": {"url": "redis://redis.tools.svc:6379/2"},
     "networkPolicy": {"redis": [{"podSelector": {"matchLabels": {"app": "redis"}}}], "dns": [], "networks": []}},
    {"sessionKey": {"secret": "toolrack-session"}, "networkPolicy": {"enabled": False},
     "redis": {"url": "rediss://[2001:db8::7]", "secret": "toolrack-redis", "key": "redis-password", "prefix": "sales:"}},
    {"config": "[redis]\nurl = \"redis://redis.example.org\"\n"},
    {"service": {"type": "LoadBalancer", "port": 80, "annotations": {"a/b": "1"}}},
]

# Without this, it reads all definitions of a version anew for each object.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)


def _validate(objects: list[dict], version: str) -> None:
    for one in objects:
        # Its schema comes with the Prometheus Operator, and no package has it.
        if one["kind"] != rules.NOT_OURS:
            try:
                kubernetes_validate.validate(one, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                raise AssertionError(f"{one['kind']} {one['metadata']['name']}: {error.message} at {list(error.path)}") from error


def chart_has_no_fault_that_helm_finds() -> str:
    """`helm lint` finds nothing, for the least values and for all."""
    for values in ("defaults", "everything"):
        _, read, _ = golden.FILES[f"{values}.yaml"]
        text = chart.json.dumps(read())
        done = chart.helm("lint", chart.CHART, "--strict", "--kube-version", chart.NEWEST, "--values", "-", text=text)
        assert done.returncode == 0, done.stdout + done.stderr
    packed = tools.VENV / "packed"
    done = chart.helm("package", chart.CHART, "--destination", packed)
    assert done.returncode == 0, done.stderr
    version = next(line for line in (tools.ROOT / "Cargo.toml").read_text().splitlines() if line.startswith("version = "))
    described = chart.yaml.safe_load((chart.CHART / "Chart.yaml").read_text())
    assert version == f'version = "{described["appVersion"]}"', f"the chart is for {described['appVersion']}, and Cargo.toml has {version}"
    return chart.helm("version", "--short").stdout.strip()


def plain_yaml_is_what_the_chart_renders() -> str:
    for file in golden.FILES:
        assert golden.path(file).read_text() == golden.rendered(file), f"{file} differs: `deploy/kubernetes/run --bless` writes it anew"
        rules.judge(chart.objects(golden.path(file).read_text()), SECRETS)
    return " and ".join(golden.FILES)


def kubernetes_takes_every_object() -> str:
    """The schemas of the oldest and of the newest Kubernetes take what is rendered for each, and refuse what is not theirs."""
    judged = 0
    for version in (chart.OLDEST, chart.NEWEST):
        for values in RIGHT:
            objects = chart.objects(chart.render(chart.with_least(values), version))
            rules.judge(objects, SECRETS)
            _validate(objects, version)
            judged += len(objects)
    objects = chart.objects(golden.path("everything.yaml").read_text())
    for version in (chart.IMAGE_VOLUMES, chart.NEWEST):
        _validate(objects, version)
    for broken, version in ((_misspelt(), chart.NEWEST), (objects, chart.OLDEST)):
        try:
            _validate(broken, version)
        except AssertionError:
            continue
        raise AssertionError(f"the schemas of {version} take what they must not")
    return f"{judged} objects for {chart.OLDEST} and {chart.NEWEST}"


def _misspelt() -> list[dict]:
    text = golden.path("defaults.yaml").read_text().replace("livenessProbe", "livenesProbe")
    assert "livenesProbe" in text
    return chart.objects(text)


# Changes of everything.yaml that break a rule, each by itself: where it is made, and what is put there.
BREAKS = [
    ("Deployment", "spec.template.spec.automountServiceAccountToken", True),
    ("Deployment", "spec.template.spec.hostNetwork", True),
    ("Deployment", "spec.template.spec.securityContext.runAsNonRoot", False),
    ("Deployment", "spec.template.spec.securityContext.runAsUser", 0),
    ("Deployment", "spec.template.spec.securityContext.seccompProfile.type", "Unconfined"),
    ("Deployment", "spec.template.spec.terminationGracePeriodSeconds", 35),
    ("Deployment", "spec.template.spec.containers.0.securityContext.readOnlyRootFilesystem", False),
    ("Deployment", "spec.template.spec.containers.0.securityContext.capabilities.add", ["NET_RAW"]),
    ("Deployment", "spec.template.spec.containers.0.securityContext.privileged", True),
    ("Deployment", "spec.template.spec.containers.0.resources.requests", {"cpu": 1}),
    ("Deployment", "spec.template.spec.containers.0.image", "registry.example:5000/toolrack"),
    ("Deployment", "spec.template.spec.containers.0.image", "registry.example/toolrack:latest"),
    ("Deployment", "spec.template.spec.containers.0.livenessProbe.httpGet.path", "/health"),
    ("Deployment", "spec.template.spec.containers.0.readinessProbe.httpGet.port", "metrics"),
    ("Deployment", "spec.template.spec.containers.0.readinessProbe.httpGet.scheme", "HTTP"),
    ("Deployment", "spec.template.spec.containers.0.ports.0.containerPort", 8081),
    ("Deployment", "spec.template.spec.containers.0.volumeMounts.1.readOnly", False),
    ("Deployment", "spec.template.spec.containers.0.volumeMounts.2.mountPath", "/etc/toolrack"),
    ("Deployment", "spec.template.spec.containers.0.volumeMounts.2.name", "home"),
    ("Deployment", "spec.template.spec.volumes.1.configMap.name", "another"),
    ("Deployment", "spec.template.spec.volumes.2.secret.secretName", "another"),
    ("Deployment", "spec.template.spec.volumes.0.emptyDir", {}),
    ("Deployment", "spec.template.spec.volumes.0", {"name": "home", "hostPath": {"path": "/"}}),
    ("Deployment", "spec.template.spec.volumes.8.image.reference", "registry.example/plugins:latest"),
    ("Deployment", "spec.template.metadata.labels", {}),
    ("Deployment", "spec.replicas", 3),
    ("Service", "spec.selector", {"app": "toolrack"}),
    ("Service", "spec.ports.0.targetPort", "web"),
    ("HorizontalPodAutoscaler", "spec.scaleTargetRef.name", "another"),
    ("NetworkPolicy", "spec.ingress.0.from", []),
    ("NetworkPolicy", "spec.ingress.0.ports.0.port", 22),
    ("NetworkPolicy", "spec.egress.1.to", []),
    ("NetworkPolicy", "spec.podSelector.matchLabels", {"app": "toolrack"}),
    ("PodDisruptionBudget", "spec.selector.matchLabels", {"app": "toolrack"}),
    ("ServiceMonitor", "spec.endpoints.0.port", "http"),
    ("ServiceMonitor", "metadata.name", "x"),
]
# The last is no fault, and shows that the others are found for what they are.
HARMLESS = 1


def rules_find_what_they_are_for() -> str:
    text = golden.path("everything.yaml").read_text()
    for number, (kind, path, value) in enumerate(BREAKS):
        objects = chart.objects(text)
        place = next(one for one in objects if one["kind"] == kind)
        *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
        for step in way:
            place = place[step]
        place[last] = value
        try:
            rules.judge(objects, SECRETS)
            found = False
        except AssertionError:
            found = True
        assert found == (number < len(BREAKS) - HARMLESS), f"{path} = {value} in {kind}: found is {found}"
    return f"{len(BREAKS) - HARMLESS} faults"


def notes_are_for_who_installs() -> None:
    """What Helm prints after an installation has the commands of this very one."""
    words = ("install", "other", chart.CHART, "--namespace", "tools", "--dry-run=client", "--values", "-")
    done = chart.helm(*words, text=chart.json.dumps(chart.LEAST))
    assert done.returncode == 0, done.stderr
    notes = done.stdout.split("NOTES:\n")[1]
    assert "kubectl --namespace tools rollout status deployment/other-toolrack" in notes, notes
    assert "http://other-toolrack.tools.svc:8080/mcp" in notes and "the Secret toolrack-tokens" in notes, notes


def configuration_is_what_values_say() -> None:
    """Text of values reaches the ConfigMaps as it is."""
    text = "  # a: {b}\n[policy]\n  total_memory = \"1GiB\"\n\n\ttrailing = 'x: y'"
    values = {"config": text, "plugins": {"files": {"a.toml": text, "b.toml": ""}, "decisions": {"weather": text}}}
    for one in chart.objects(chart.render(chart.with_least(values))):
        if one["kind"] == "ConfigMap":
            for key, value in one["data"].items():
                expected = "" if key == "b.toml" else text
                assert key == "config.toml" or value.rstrip("\n") == expected, (key, value)
    wasm = base64.b64encode(bytes(range(256))).decode()
    maps = chart.objects(chart.render(chart.with_least({"plugins": {"binaries": {"a.wasm": wasm}}})))
    (found,) = (one["binaryData"]["a.wasm"] for one in maps if one.get("binaryData"))
    assert base64.b64decode(found) == bytes(range(256))


def pods_start_anew_where_only_that_helps() -> None:
    """A change of the configuration changes the pods; one of a ConfigMap that is followed does not."""
    def pods(values: dict) -> dict:
        (found,) = (one for one in chart.objects(chart.render(chart.with_least(values))) if one["kind"] == "Deployment")
        return found["spec"]["template"]

    assert pods({"config": "# a"}) != pods({"config": "# b"})
    assert pods({"hosts": ["a"]}) != pods({})
    assert pods({"plugins": {"decisions": {"a": "# a"}}}) != pods({"plugins": {"decisions": {"a": "# b"}}})
    assert pods({"plugins": {"files": {"a.toml": "# a"}}}) == pods({"plugins": {"files": {"a.toml": "# b"}}})


def wrong_values_are_refused_with_a_sentence() -> str:
    for values, sentence in wrong.BESIDE_THE_LEAST:
        said = chart.refusal(chart.with_least(values))
        assert sentence in said, f"{values}\n  is refused without `{sentence}`:\n  {said}"
    said = chart.refusal(chart.with_least(wrong.IMAGE_VOLUME), "1.34")
    assert wrong.IMAGE_VOLUME_SENTENCE in said, said
    chart.render(chart.with_least(wrong.IMAGE_VOLUME), chart.IMAGE_VOLUMES)
    return f"{len(wrong.BESIDE_THE_LEAST) + 1} of them"


CHECKS = [
    chart_has_no_fault_that_helm_finds,
    plain_yaml_is_what_the_chart_renders,
    kubernetes_takes_every_object,
    rules_find_what_they_are_for,
    notes_are_for_who_installs,
    configuration_is_what_values_say,
    pods_start_anew_where_only_that_helps,
    wrong_values_are_refused_with_a_sentence,
]
