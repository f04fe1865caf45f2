"""Base64 in slices reads as base64 does."""

import base64
import binascii

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emailgw.wire import bodies
from emailgw.wire.bodies import decode_base64

WRONG = ["a", "ab", "abc", "ab=c", "ab==ab==", "=abc", "abcd=", "ab\u00e9c", "ab-_", "====", "a" * 9]


@pytest.fixture(params=[4, 5, 7, 1 << 18], autouse=True)
def slices(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SLICE", request.param)


@pytest.mark.parametrize("data", [b"", b"x", b"xy", b"xyz", bytes(range(256)) * 3])
@pytest.mark.parametrize("width", [1, 3, 76, 10_000])
def test_what_was_encoded(data: bytes, width: int) -> None:
    text = base64.b64encode(data).decode()
    assert decode_base64("\r\n ".join(text[at : at + width] for at in range(0, len(text), width))) == data


@pytest.mark.parametrize("text", WRONG)
def test_what_is_none(text: str) -> None:
    with pytest.raises((binascii.Error, ValueError)):
        decode_base64(text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("aB=+/ \n", max_size=20))
def test_as_the_library_whatever_comes(text: str) -> None:
    def read(decode: object) -> bytes | None:
        assert callable(decode)
        try:
            data: bytes = decode(text)
        except binascii.Error:
            return None
        return data

    assert read(decode_base64) == read(lambda text: binascii.a2b_base64("".join(text.split()), strict_mode=True))
