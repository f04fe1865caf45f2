import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailgw.mime.canonical import relaxed_body, relaxed_field, split

BYTES = st.lists(st.sampled_from([b" ", b"\t", b"\r", b"\n", b"\r\n", b"a", b"\x0b", b"\0", b"\xff"]), max_size=40)


def by_the_book(body: bytes) -> bytes:
    """RFC 6376 §3.4.4, line by line."""
    lines = [re.sub(rb"[ \t]+", b" ", line) for line in body.split(b"\r\n")]
    lines = [line.removesuffix(b" ") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


@given(BYTES.map(b"".join))
def test_any_body_is_as_the_standard_has_it(body: bytes) -> None:
    assert relaxed_body(body) == by_the_book(body)
    assert relaxed_body(relaxed_body(body)) == relaxed_body(body)


@pytest.mark.parametrize(
    ("body", "canonical"),
    [
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n"),  # RFC 6376 §3.4.5
        (b"", b""),
        (b"\r\n\r\n", b""),
        (b" \t \r\n \r\n", b""),
        (b"a", b"a\r\n"),
        (b"a \t", b"a\r\n"),
        (b"a\r", b"a\r\r\n"),
        (b"a\n", b"a\n\r\n"),
        (b"a\n\r\n", b"a\n\r\n"),
        (b"a\r\r\n\r\n", b"a\r\r\n"),
        (b"a\n\n\r\n", b"a\n\n\r\n"),
    ],
)
def test_bodies(body: bytes, canonical: bytes) -> None:
    assert relaxed_body(body) == canonical


@pytest.mark.parametrize(
    ("name", "value", "canonical"),
    [
        (b"a", b" X", b"a:X\r\n"),  # RFC 6376 §3.4.5
        (b"b", b" Y\t\r\n\tZ  ", b"b:Y Z\r\n"),
        (b"c", b"", b"c:\r\n"),
        (b"d", b"\r\n x\r\n  y", b"d:x y\r\n"),
    ],
)
def test_fields(name: bytes, value: bytes, canonical: bytes) -> None:
    assert relaxed_field(name, value) == canonical


def test_a_message_is_split_into_fields_and_body() -> None:
    message = b"A: 1\r\nB : 2\r\n\t3\r\nnonsense\r\na:4\r\n\r\nbody\r\n\r\nC: 5\r\n"
    assert split(message) == ({b"a": [b" 1", b"4"], b"b": [b" 2\r\n\t3"]}, b"body\r\n\r\nC: 5\r\n")
    assert split(b"A: 1\r\n") == ({b"a": [b" 1"]}, b"")


@pytest.mark.parametrize("unit", [b" ", b"\t", b"\r\n", b" \r\n", b"\r", b"\n", b"a ", b" \t", b"a  ", b"\n\r"])
def test_two_megabytes_take_milliseconds(unit: bytes) -> None:
    body = unit * (2_000_000 // len(unit))
    start = time.process_time()
    relaxed_body(body)
    assert time.process_time() - start < 1
