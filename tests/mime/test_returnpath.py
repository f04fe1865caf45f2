import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailgw.core.address import Address
from emailgw.core.ids import RecipientId
from emailgw.mime.returnpath import ReturnPaths

PATHS = ReturnPaths(b"s" * 32)
HOUR = 3_600_000
NOW = 1_700_000_000_000
MADE = PATHS.local_part(RecipientId(4711), NOW + HOUR)


@given(st.integers(0, 2**63 - 1), st.integers(NOW, 32_503_680_000_000))
def test_what_was_made_is_read_until_it_expires(number: int, expires_at: int) -> None:
    local = PATHS.local_part(RecipientId(number), expires_at)
    assert re.fullmatch(r"b-[a-z2-7]{40}", local)
    assert PATHS.read(local, expires_at) == number
    assert PATHS.read(local, expires_at + HOUR) is None
    assert PATHS.read(local.upper(), expires_at) == number
    assert Address.parse(f"{local}@send.example.com").local == local


@given(st.integers(0, 41), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567-=+. \0é"))
def test_no_changed_character_passes(at: int, character: str) -> None:
    changed = MADE[:at] + character + MADE[at + 1 :]
    assert PATHS.read(changed, NOW) == (4711 if changed == MADE else None)


@given(
    st.one_of(st.text(), st.text(st.characters(codec=None)), st.from_regex(r"[a-z]-[a-zA-Z2-7]{40}", fullmatch=True))
)
def test_nothing_else_is_one_and_nothing_raises(local: str) -> None:
    assert PATHS.read(local, NOW) is None


@pytest.mark.parametrize(
    "local",
    [
        *("", "b-", "postmaster", "b-" + "a" * 40, MADE + "\n", " " + MADE, MADE + "=", MADE[:-1], MADE * 100_000),
        *(MADE.replace("-", "+"), "\u212a" * 42, "b-" + "\u0131" * 40, "b-" + "1" * 40, "f" + MADE[1:]),
    ],
)
def test_odd_local_parts(local: str) -> None:
    assert PATHS.read(local, NOW) is None


def test_another_secret_or_purpose_reads_nothing() -> None:
    feedback = ReturnPaths(b"s" * 32, "f")
    assert feedback.read(feedback.local_part(RecipientId(1), NOW), NOW) == 1
    assert feedback.read(MADE, NOW) is None
    assert feedback.read("f" + MADE[1:], NOW) is None
    assert ReturnPaths(b"t" * 32).read(MADE, NOW) is None


def test_weak_secrets_and_strange_purposes_are_refused() -> None:
    with pytest.raises(ValueError, match="16 octets"):
        ReturnPaths(b"short")
    for purpose in ("", "B", "bb", "1"):
        with pytest.raises(ValueError, match="one letter"):
            ReturnPaths(b"s" * 32, purpose)
