"""What a newcomer does first: clone, `make serve`, paste the line that it prints. Only Python and make are there."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.harness.need import need
from tests.harness.ports import free_port
from tests.harness.waiting import eventually
from tests.packaging.roots import PROJECT

INSTALLING = 240  # seconds; pip downloads when its cache is empty


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The last commit."""
    directory = tmp_path / "clone"
    command = [need("git"), "clone", "--quiet", "--depth=1", PROJECT.as_uri(), str(directory)]
    cloned = subprocess.run(command, capture_output=True, text=True, check=False)
    assert cloned.returncode == 0, cloned.stderr
    return directory


@pytest.fixture
def served(clone: Path, tmp_path: Path) -> Iterator[tuple[Path, str, subprocess.Popen[bytes]]]:
    """`make serve` under way: its output, the address of its API, the process, which leads a group of its own."""
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "MAKEFLAGS")}
    environment["PATH"] = os.defpath  # no environment of ours, no pyenv
    address = f"127.0.0.1:{free_port()}"
    command = [need("make"), "serve", f"HTTP={address}", f"INBOUND=127.0.0.1:{free_port()}"]
    output = tmp_path / "output"
    with output.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=clone, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield output, address, process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def test_make_serve_in_a_fresh_clone(served: tuple[Path, str, subprocess.Popen[bytes]]) -> None:
    output, address, process = served

    def is_healthy() -> bool:
        assert process.poll() is None, output.read_text()
        try:
            return httpx.get(f"http://{address}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    eventually(is_healthy, "make serve is ready", INSTALLING, every=0.2)

    printed = re.search(r"^curl http.*?^  -d '.*?'$", output.read_text(), re.MULTILINE | re.DOTALL)
    assert printed is not None, output.read_text()
    need("curl")
    pasted = subprocess.run(
        ["sh", "-c", rf"{printed[0]} --silent --show-error --write-out '\n%{{http_code}}'"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert pasted.stdout.splitlines()[-1] == "202", f"{pasted}\n{output.read_text()}"

    # Control-C on a terminal and `systemctl stop` reach the whole group, make too.
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(40)
    assert output.read_text().count("INFO emailgw: stopped") == 1
