"""Runs a program where the only network is loopback: `offline.py PROGRAM...`.

A client that is started this way can neither report home nor update itself, however it is set up.
`command` puts this script between `unshare`, which makes the network namespace, and the program.
"""

import errno
import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable

INSIDE = "TOOLRACK_TEST_NETWORK"  # the variable that says that the network holds only loopback already
SKIPPED = 77  # how a check ends that needs this and cannot have it

SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
IFF_UP = 1
FLAGS = "16sh14x"  # an `ifreq`: the interface's name and its flags
OUTSIDE = ("192.0.2.1", 443)  # an address for documentation, which nobody has


def command(*program: object) -> list[str]:
    return [*_unshare(), sys.executable, "-B", __file__, *map(str, program)]


def refusal() -> str | None:
    """Says why this machine makes no network namespace, or returns None if it does."""
    try:
        done = subprocess.run([*_unshare(), "true"], check=False, capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)
    except OSError as error:
        return str(error)
    return done.stderr.strip() if done.returncode else None


def need() -> None:
    """Ends a check that is not possible on this machine."""
    if INSIDE not in os.environ and (reason := refusal()):
        print(f"no network namespace can be made here: {reason}")
        sys.exit(SKIPPED)


def enter(install: Callable[[], None] = lambda: None) -> None:
    """Runs the script anew where the only network is loopback, after `install` has fetched what it needs from elsewhere."""
    if INSIDE in os.environ:
        return
    need()
    install()
    os.environ[INSIDE] = "yes"
    inside = command(sys.executable, "-B", *sys.argv)
    os.execvp(inside[0], inside)


def _unshare() -> list[str]:
    # Anybody but root needs to be root in a user namespace, to switch loopback on.
    return ["unshare", "--net", *(["--map-root-user"] if os.geteuid() else [])]


def _loopback_up() -> None:
    # By hand, because `ip` is missing from small images.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name, flags = struct.unpack(FLAGS, fcntl.ioctl(any_socket, SIOCGIFFLAGS, struct.pack(FLAGS, b"lo", 0)))
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack(FLAGS, name, flags | IFF_UP))


def _prove_alone() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        refused = any_socket.connect_ex(OUTSIDE)
    assert refused == errno.ENETUNREACH, f"there is a way out of this network: {os.strerror(refused)}"


if __name__ == "__main__":
    _loopback_up()
    _prove_alone()
    # Python adds its locale to an environment that has none.
    os.environ.pop("LC_CTYPE", None)
    os.execv(sys.argv[1], sys.argv[1:])
