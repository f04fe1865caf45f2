"""The one-file program, and a Debian root without Python to run it in."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.need import need
from tests.packaging.roots import PROJECT, ROOTS, debian, one_at_a_time


@pytest.fixture(scope="session")
def binary() -> Path:
    """dist/emailgw; make builds it when it is older than its sources: who comes second finds it new."""
    with one_at_a_time("binary"):
        built = subprocess.run(
            [need("make"), "--no-print-directory", "binary"],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    assert built.returncode == 0, built.stdout[-3000:]
    return PROJECT / "dist" / "emailgw"


@pytest.fixture(scope="session")
def bare_root(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A minimal Debian with the program at /usr/local/bin/emailgw: this session's own, of links to the one kept."""
    kept = debian("bare")
    session = "-".join(tmp_path_factory.getbasetemp().parts[-2:])  # by the run, and by the worker if there are some
    root = ROOTS / f"run-{session}-{binary.stat().st_ino}"
    shutil.rmtree(root, ignore_errors=True)
    try:
        # Hard links even of the device nodes; nothing that runs there writes into a file that was there before.
        shutil.copytree(kept, root, symlinks=True, copy_function=_link)
        shutil.copy(binary, root / "usr/local/bin/emailgw")
        yield root
    finally:
        shutil.rmtree(root)


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)
