"""The vault: what is sealed stays sealed, and the key file is treated with care."""

from collections.abc import Callable
from pathlib import Path

import pytest

from emailgw.errors import ConfigError, EmailgwError
from emailgw.vault import KEY_FILE, Vault

SECRET = b"a private key"


def test_a_fresh_data_directory_gets_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    Vault.open(tmp_path)
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_what_was_sealed_is_opened_by_the_next_process(tmp_path: Path) -> None:
    sealed = Vault.open(tmp_path).seal(SECRET, "dkim s1")
    assert SECRET not in sealed
    assert Vault.open(tmp_path).open_sealed(sealed, "dkim s1") == SECRET


def test_sealing_twice_looks_different(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    assert vault.seal(SECRET, "x") != vault.seal(SECRET, "x")


def test_a_secret_opens_for_its_purpose_only(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    with pytest.raises(EmailgwError, match="dkim s2"):
        vault.open_sealed(vault.seal(SECRET, "dkim s1"), "dkim s2")


def test_another_master_key_opens_nothing(tmp_path: Path) -> None:
    sealed = Vault(bytes(32)).seal(SECRET, "x")
    with pytest.raises(EmailgwError, match="another"):
        Vault(bytes(31) + b"\1").open_sealed(sealed, "x")


@pytest.mark.parametrize("spoil", [lambda sealed: b"", lambda sealed: sealed[:20], lambda sealed: sealed[:-1] + b"?"])
def test_damage_is_noticed(spoil: Callable[[bytes], bytes]) -> None:
    vault = Vault(bytes(32))
    with pytest.raises(EmailgwError):
        vault.open_sealed(spoil(vault.seal(SECRET, "x")), "x")


def test_every_purpose_has_a_key_of_its_own() -> None:
    vault = Vault(bytes(32))
    assert vault.key_for("return path") == vault.key_for("return path")
    assert vault.key_for("return path") != vault.key_for("seal")
    assert len(vault.key_for("x")) == 32


@pytest.mark.parametrize("text", ["", "00", "zz" * 32, "00" * 31, "00" * 33, "é" * 64])
def test_a_damaged_key_file_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    """Never replaced by a fresh one: that would make every sealed secret unreadable for good."""
    path = tmp_path / KEY_FILE
    path.write_text(text)
    with pytest.raises(ConfigError, match="64 hexadecimal digits") as caught:
        Vault.open(tmp_path)
    assert str(path) in str(caught.value)
    assert not text or text not in str(caught.value).replace(str(path), "")  # whose numbers are anybody's
    assert path.read_text() == text


def test_a_master_key_of_another_length_is_refused() -> None:
    with pytest.raises(ConfigError):
        Vault(bytes(16))
