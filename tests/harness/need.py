"""What a test cannot do without: missing, it is a clearly named skip, and in CI a failure."""

import os
import shutil
from typing import NoReturn

import pytest

PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def need(program: str) -> str:
    """The program's path."""
    path = shutil.which(program, path=PLACES)
    if path is None:
        missing(f"{program} is not installed; `make peers` installs it when run as root on Debian")
    return path


def need_root() -> None:
    """For what only root may do: chroot, namespaces, making a Debian root."""
    if os.geteuid() != 0:
        missing("only root can run this test")


def missing(message: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
