"""Identifiers: they ascend with time, and never repeat."""

import os
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailgw.core.ids import Randomness, SerialNumbers, is_uuid, uuid7, uuid7_floor, uuid7s

NOW = 1_800_000_000_000
TIMES = st.integers(0, (1 << 48) - 1)
RANDOM = st.binary(min_size=10, max_size=10)


@given(TIMES, RANDOM)
def test_uuid7_is_what_the_rfc_says(at: int, random: bytes) -> None:
    made = uuid.UUID(uuid7(at, random))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == at
    assert is_uuid(str(made))


@given(TIMES, RANDOM, TIMES, RANDOM)
def test_uuid7_sorts_by_time(one: int, random_one: bytes, other: int, random_other: bytes) -> None:
    if one < other:
        assert uuid7(one, random_one) < uuid7_floor(other) <= uuid7(other, random_other)


def test_uuid7_uses_all_of_its_random_bits() -> None:
    ids = {uuid7(NOW, bytes(i) + b"\x01" + bytes(9 - i)) for i in range(10)}
    assert len(ids) == 10


@given(TIMES, st.lists(RANDOM, max_size=20, unique=True))
def test_several_of_a_moment_ascend(at: int, random: list[bytes]) -> None:
    made = uuid7s(at, b"".join(random))
    assert made == sorted(uuid7(at, octets) for octets in random)


def test_uuid7_wants_enough_random_bits() -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        uuid7(NOW, bytes(9))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "urn:uuid:" + uuid7_floor(NOW),
        uuid7_floor(NOW).upper(),
        "{" + uuid7_floor(NOW) + "}",
        "0" * 32,
        "é" * 36,
    ],
)
def test_only_the_canonical_spelling_is_an_id(text: str) -> None:
    assert not is_uuid(text)


def test_random_octets_are_given_out_once() -> None:
    drawn = bytearray()

    def draw(count: int) -> bytes:
        fresh = os.urandom(count)
        drawn.extend(fresh)
        return fresh

    randomness = Randomness(draw)
    free = 0  # up to here they are given out, or passed over
    for count in (10, 10, 3_990, 10, 5_000, 16, 0):
        taken = randomness.take(count)
        assert len(taken) == count
        free = drawn.index(taken, free) + count


def test_serial_numbers_ascend_when_the_clock_stands_still_or_steps_back() -> None:
    serials = SerialNumbers()
    times = [NOW, NOW, NOW + 5, NOW - 3_600_000, NOW + 5, NOW + 6, 0]
    taken = [number for now in times for number in serials.take(now, 3)]
    assert taken == sorted(set(taken))


def test_a_hundred_thousand_numbers_in_one_millisecond_stay_in_order() -> None:
    serials = SerialNumbers()
    first, second = serials.take(NOW, 100_000), serials.take(NOW, 100_000)
    assert len(first) == len(second) == 100_000
    assert first[-1] < second[0]
    assert second[-1] < serials.take(NOW + 10)[0]
    assert second[-1] < 1 << 63


def test_numbers_of_two_nodes_never_meet() -> None:
    one, other = SerialNumbers(1).take(NOW, 1000), SerialNumbers(2).take(NOW, 1000)
    assert not set(one) & set(other)


def test_a_restarted_process_goes_on_behind_the_old_one() -> None:
    """The numbers of a burst may run ahead of the clock; a second passes between two processes."""
    assert SerialNumbers().take(NOW, 65_536 * 1000)[-1] < SerialNumbers().take(NOW + 1000)[0]


@pytest.mark.parametrize("node", [-1, 64])
def test_a_node_has_six_bits(node: int) -> None:
    with pytest.raises(ValueError, match="node"):
        SerialNumbers(node)
