"""What `serve` says when it cannot start: one line that names what is wrong, an exit status, and nothing touched."""

import os
import shutil
from pathlib import Path

import pytest

from tests.harness.gateway import Gateway
from tests.harness.need import need, need_root

NAMESERVER = "127.0.0.1:9"  # nothing is looked up here


@pytest.fixture
def made(tmp_path: Path) -> Gateway:
    """A data directory with a domain and a key, and no daemon."""
    gateway = Gateway(tmp_path / "first", nameserver=NAMESERVER, mx_port=9)
    gateway.add_domain("sender.test")
    return gateway


def refusal(gateway: Gateway, status: int, *command: str) -> str:
    result = gateway.run(*(command or ("serve",)), check=False)
    assert result.returncode == status, result.stdout + result.stderr
    [line] = result.stderr.splitlines()
    return line


def test_a_second_daemon_names_the_first_one(made: Gateway) -> None:
    """Not the port that the first one took."""
    with made:
        assert made.process is not None
        line = refusal(made, 75)
        assert line == f"emailgw: {made.data_dir} is in use by another emailgw, pid {made.process.pid}"


def test_a_lost_master_key_is_not_replaced(made: Gateway) -> None:
    (made.data_dir / "master.key").rename(made.directory / "kept")
    for command in (["serve"], ["domain", "list"]):
        assert refusal(made, 78, *command) == (
            f"emailgw: {made.data_dir}/master.key: missing, and emailgw.db holds secrets sealed with it; "
            "restore it from a backup"
        )
    assert not (made.data_dir / "master.key").exists()
    (made.directory / "kept").rename(made.data_dir / "master.key")
    with made:
        assert made.ask("domain", "show", "sender.test")["name"] == "sender.test"


def test_the_master_key_of_another_installation_is_refused(made: Gateway, tmp_path: Path) -> None:
    other = Gateway(tmp_path / "other", nameserver=NAMESERVER, mx_port=9)
    other.add_domain("sender.test")
    shutil.copy(other.data_dir / "master.key", made.data_dir / "master.key")
    assert refusal(made, 78).startswith(f"emailgw: {made.data_dir}/master.key: found another key than the one")


def test_a_master_key_that_may_not_be_read_is_told_of(made: Gateway) -> None:
    if os.geteuid() == 0:  # root reads everything, unless it lacks the capability
        made.program = [need("setpriv"), "--bounding-set=-dac_override,-dac_read_search", *made.program]
        shutil.chown(made.data_dir / "master.key", "nobody")
    else:
        (made.data_dir / "master.key").chmod(0)
    assert refusal(made, 78) == f"emailgw: data_dir: {made.data_dir}/master.key: Permission denied"


def test_a_read_only_disk_is_told_of(made: Gateway) -> None:
    need_root()
    inside = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
    made.program = [need("unshare"), "-m", "sh", "-c", inside, "sh", str(made.data_dir), *made.program]
    for command in (["serve"], ["queue", "list"]):
        assert refusal(made, 78, *command) == f"emailgw: data_dir: {made.data_dir}/lock: Read-only file system"


def test_check_says_it_of_a_directory_that_is_another_users(made: Gateway) -> None:
    need_root()
    shutil.chown(made.directory, "nobody")
    made.directory.chmod(0o700)
    shutil.chown(made.data_dir, "nobody")
    configuration = made.directory.parent / "emailgw.toml"
    shutil.copy(made.config_path, configuration)
    made.config_path = configuration
    made.program = [need("setpriv"), "--bounding-set=-dac_override,-dac_read_search", *made.program]
    line = refusal(made, 78, "check")
    assert line == f"emailgw: {configuration}: data_dir: {made.data_dir} cannot be written by this user"
