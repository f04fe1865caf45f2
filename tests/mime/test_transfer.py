import base64
import quopri

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emailgw.core.lines import SLICE
from emailgw.mime.transfer import base64_lines, encode_text, is_7bit, to_crlf

AVOID = b"=_abc"
# Lines about as long as they may be, ending in what needs care.
LINES = st.builds(
    lambda stem, length, end: (stem * length)[:length] + end,
    st.sampled_from(["a", "ab ", "é", "=", "a=", "From ", "."]),
    st.integers(0, 160),
    st.sampled_from(["", " ", "\t", "  ", "=", ".", "é", "\0", "\ud800"]),
)
TEXTS = st.one_of(st.text(max_size=400), st.lists(LINES, max_size=12).map("\n".join))


def decode(encoding: str, body: bytes) -> bytes:
    match encoding:
        case "quoted-printable":
            return quopri.decodestring(body)
        case "base64":
            return base64.b64decode(body)
    return body


def expected(text: str) -> bytes:
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in unix).replace("\n", "\r\n").encode()


@given(TEXTS)
@example("=_abc and --=_abc")
@example(("a" * 75 + " \n") * 3)
@example("a" * 75 + " ")
@example("From x\n" + "From " + "a" * 71 + "é")
@example("From " + "a" * 68 + "From " + "a" * 68)
@example("a\rb\r\nc\nd\r")
def test_any_text_comes_back_whole_from_sound_lines(text: str) -> None:
    encoding, body = encode_text(text, AVOID)
    assert decode(encoding, body) == expected(text)
    lines = body.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line or line.startswith(b"From ") for line in lines)
    assert not any(line.endswith((b" ", b"\t")) for line in lines)
    assert max(map(len, lines)) <= (998 if encoding == "7bit" else 76)
    assert body.isascii()
    assert AVOID not in body


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("", "7bit"),
        ("plain text\nin lines\n", "7bit"),
        ("a" * 998, "7bit"),
        ("a" * 999, "quoted-printable"),
        ("-- \nsignature", "quoted-printable"),
        ("From here on", "quoted-printable"),
        ("a\nFrom b", "quoted-printable"),
        ("a =_abc b", "quoted-printable"),
        ("a \0 b", "quoted-printable"),
        ("Grüße aus Köln, liebe Leser", "quoted-printable"),
        ("Příliš žluťoučký kůň", "base64"),
        ("Доброе утро", "base64"),
        ("おはようございます", "base64"),
    ],
)
def test_the_encoding_suits_the_text(text: str, encoding: str) -> None:
    assert encode_text(text, AVOID).encoding == encoding


@given(st.binary(max_size=500))
def test_base64_in_lines_of_76(data: bytes) -> None:
    encoded = base64_lines(data)
    assert encoded.replace(b"\r\n", b"\n") == base64.encodebytes(data).rstrip(b"\n")


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"\0"]), max_size=30).map(b"".join))
def test_every_line_end_becomes_crlf(data: bytes) -> None:
    made = to_crlf(data)
    assert made.count(b"\r") == made.count(b"\n") == made.count(b"\r\n")
    assert made.split(b"\r\n") == data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    assert to_crlf(made) == made


@pytest.mark.parametrize("shift", range(-2, 3))
@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
def test_line_ends_where_a_large_message_is_cut(end: bytes, shift: int) -> None:
    data = b"a" * (SLICE + shift) + end + b"b" * 10 + b"\r\n"
    assert to_crlf(data) == data.replace(end, b"\r\n", 1)
    assert (to_crlf(data) is data) == (end == b"\r\n")


def test_7bit_is_ascii_without_nul_in_lines_up_to_998() -> None:
    assert is_7bit(b"a" * 998 + b"\r\nb")
    assert not any(map(is_7bit, (b"a" * 999, b"\xe9", b"a\0")))
