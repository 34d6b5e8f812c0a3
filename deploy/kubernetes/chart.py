"""The chart: what Helm makes of it, and what it says to values that cannot work."""

import json
import os
import subprocess
from pathlib import Path

import tools
import yaml

HERE = Path(__file__).resolve().parent
CHART = HERE.parent / "chart"
NAME = NAMESPACE = "toolrack"
OLDEST, NEWEST = "1.30", "1.37"
# Image volumes are there, and on, from this version.
IMAGE_VOLUMES = "1.35"
SECONDS = 60

# The least that has to be said, as docs/operating.md says it.
LEAST = {"image": {"repository": "registry.example/toolrack"}, "tokens": {"secret": "toolrack-tokens"}}


class OneOfEachKey(yaml.SafeLoader):
    """Reads YAML, and refuses a mapping that has a key twice, of which the last would count."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"{node.start_mark}: a key is there twice: {keys}"
        return super().construct_mapping(node, deep)


def objects(text: str) -> list[dict]:
    return [one for one in yaml.load_all(text, OneOfEachKey) if one]


def helm(*words: object, text: str | None = None) -> subprocess.CompletedProcess:
    # Neither the caller's own settings nor a cluster that they name play a part.
    environment = {"PATH": os.environ["PATH"], "HOME": str(tools.VENV)}
    return subprocess.run([str(tools.HELM), *map(str, words)], check=False, capture_output=True, text=True, input=text,
                          env=environment, timeout=SECONDS)


def _template(values: dict, version: str, name: str = NAME) -> subprocess.CompletedProcess:
    return helm("template", name, CHART, "--namespace", NAMESPACE, "--kube-version", version, "--values", "-", text=json.dumps(values))


def render(values: dict, version: str = NEWEST, name: str = NAME) -> str:
    done = _template(values, version, name)
    assert done.returncode == 0, f"{values}: {done.stderr}"
    return done.stdout


def refusal(values: dict, version: str = NEWEST) -> str:
    """What is said of values that are not taken."""
    done = _template(values, version)
    assert done.returncode != 0, f"these values are taken: {values}"
    return done.stderr


def with_least(values: dict) -> dict:
    """The values beside the least that has to be said."""
    return merged(LEAST, values)


def merged(below: dict, above: dict) -> dict:
    both = below | above
    for key in below.keys() & above.keys():
        if isinstance(below[key], dict) and isinstance(above[key], dict):
            both[key] = merged(below[key], above[key])
    return both
