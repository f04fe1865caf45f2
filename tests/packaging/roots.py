"""Debian roots made by debootstrap for tests: kept under .work/, so that they are made once per machine.

They are of the release this machine runs and come from the mirror that its apt uses. They are made complete and then
renamed to their place: an interrupted run leaves no half of one.
"""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.harness.need import need, need_root

PROJECT = Path(__file__).parents[2]
ROOTS = PROJECT / ".work" / "roots"


def debian(name: str, *packages: str, then: tuple[str, ...] = ()) -> Path:
    """The smallest Debian and `packages`; `then` is a command that is run in it when it is made."""
    need_root()
    debootstrap = need("debootstrap")
    release = platform.freedesktop_os_release()
    if release["ID"] != "debian":
        pytest.skip("the roots are made from a Debian mirror, which this machine does not use")
    suite = release["VERSION_CODENAME"]
    root = ROOTS / f"{suite}-{name}"
    if root.exists():
        return root
    ROOTS.mkdir(parents=True, exist_ok=True)
    fresh = ROOTS / f"{suite}-{name}.{os.getpid()}"
    options = ["--variant=minbase", *([f"--include={','.join(packages)}"] if packages else [])]
    try:
        _run([debootstrap, *options, suite, str(fresh), _mirror(suite)])
        if then:
            _run([need("chroot"), str(fresh), *then])
        fresh.rename(root)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return root


def _mirror(suite: str) -> str:
    targets = subprocess.run(
        [need("apt-get"), "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    )
    for line in targets.stdout.splitlines():
        site, release, component = line.split()
        if (release, component) == (suite, "main"):
            return site
    raise AssertionError(f"apt knows no mirror of {suite}:\n{targets.stdout}")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-3000:]}"
