"""The chart as plain YAML, for those who do without Helm: `defaults.yaml` and `everything.yaml`."""

from pathlib import Path

import chart
import yaml

HEADER = """# {what}, rendered from deploy/chart by `deploy/kubernetes/run --bless` for Kubernetes {version} and the namespace `toolrack`.
# Write the name of your image in place of registry.example, and make the Secrets that it names, as docs/operating.md says.
"""


def everything() -> dict:
    return yaml.safe_load((chart.HERE / "everything.values.yaml").read_text())


# Each file, what it is, its values, and the oldest Kubernetes that takes it.
FILES = {
    "defaults.yaml": ("Toolrack with the defaults", lambda: chart.LEAST, chart.OLDEST),
    "everything.yaml": ("Toolrack with every feature", everything, chart.IMAGE_VOLUMES),
}


def rendered(file: str) -> str:
    what, values, version = FILES[file]
    text = HEADER.format(what=what, version=version) + chart.render(values(), version)
    # Helm leaves blanks in empty lines of text.
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def bless() -> None:
    for file in FILES:
        (chart.HERE / file).write_text(rendered(file))


def path(file: str) -> Path:
    return chart.HERE / file
