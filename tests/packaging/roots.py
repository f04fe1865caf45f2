"""Debian roots made by debootstrap for tests: kept under .work/, so that they are made once per machine.

They are of the release this machine runs and come from the mirror that its apt uses. They are made complete and then
renamed to their place: an interrupted run leaves no half of one.
"""

import contextlib
import fcntl
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.harness.need import missing, need, need_root

PROJECT = Path(__file__).parents[2]
ROOTS = PROJECT / ".work" / "roots"


def debian(name: str, *packages: str, then: tuple[str, ...] = ()) -> Path:
    """The smallest Debian and `packages`; `then` is a command that is run in it when it is made."""
    need_root()
    release = platform.freedesktop_os_release()
    if release["ID"] != "debian":
        missing("the roots are made from a Debian mirror, which this machine does not use")
    suite = release["VERSION_CODENAME"]
    root = ROOTS / f"{suite}-{name}"
    with one_at_a_time(root.name):
        if not root.exists():
            fresh = ROOTS / f"{root.name}.new"
            shutil.rmtree(fresh, ignore_errors=True)
            _make(fresh, suite, packages, then)
            fresh.rename(root)
    return root


@contextlib.contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Test runs beside this one wait for each other here."""
    ROOTS.mkdir(parents=True, exist_ok=True)
    with (ROOTS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(root: Path, suite: str, packages: tuple[str, ...], then: tuple[str, ...]) -> None:
    options = ["--variant=minbase", *([f"--include={','.join(packages)}"] if packages else [])]
    _run([need("debootstrap"), *options, suite, str(root), _mirror(suite)])
    if then:
        _run([need("chroot"), str(root), *then])


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
