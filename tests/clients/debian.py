"""Programs of Debian that checks need: apt installs them for root, anybody else is told to."""

import os
import shutil
import subprocess
from collections.abc import Callable

INSTALL_SECONDS = 240


def install(packages: tuple[str, ...], works: Callable[[], bool], what: str) -> None:
    """Sees to it that `works` is true. Says what is missing where that cannot be."""
    if works():
        return
    assert os.geteuid() == 0 and shutil.which("apt-get"), f"{what}; on Debian, install {' '.join(packages)}"
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update",), ("install", "--yes", "--no-install-recommends", *packages)):
        subprocess.run(["apt-get", "--quiet", *command], check=True, env=environment, timeout=INSTALL_SECONDS,
                       stdin=subprocess.DEVNULL)
    assert works(), f"{what}, though {' '.join(packages)} are installed"
