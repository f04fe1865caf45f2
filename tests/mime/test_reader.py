"""The reader of inbound messages: what it repairs, what it decodes, and that it never raises."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailgw.mime.reader import MAX_DEPTH, MAX_PARTS, decode_bytes, decode_words, parse_parameters, read


def texts(message: bytes) -> list[str]:
    return [part.text.strip() for part in read(message).parts]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\r\r\n"])
def test_any_line_ends(end: bytes) -> None:
    message = (
        b"A: 1\n  2\nContent-Type: multipart/mixed; boundary=x\n\npre\n--x\n\none\n--x\nB: c\n\ntwo\n--x--\npost\n"
    )
    mail = read(message.replace(b"\n", end))
    assert mail.fields.raw("a") == "1 2"
    assert [part.text.strip() for part in mail.parts] == ["one", "two"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"", [""]),
        (b"hello", ["hello"]),
        (b"From me Mon Jan 1\nA: b\n\nhello", ["hello"]),
        (b"\n\nA: b\n\nhello", ["hello"]),
        (b"A: b\nno field here\nC: d\n\nhello", ["hello"]),
        (b"A: b\nhello there\nand more", ["hello there\nand more"]),
        (b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x\n\ntwo", ["one", "two"]),
        (b"Content-Type: multipart/mixed; boundary=x\n\n--x  \n\none\n--x--  \n", ["one"]),
        (b"Content-Type: multipart/mixed\n\n--y\nContent-Type: text/plain\n\none\n--y--\n", ["one"]),
        (b"Content-Type: multipart/mixed; boundary=x\n\nno parts at all\n", ["no parts at all"]),
        (
            b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/mixed; boundary=y\n\n--y\n"
            b"\nin\n--x\n\nout",
            ["in", "out"],
        ),
        (b"Content-Transfer-Encoding: base64\n\naGVs\nbG8=\n", ["hello"]),
        (b"Content-Transfer-Encoding: BASE64\n\n!!aGVsbG8", ["hello"]),
        (b"Content-Transfer-Encoding: base64\n\n=\xff", [""]),
        (b"Content-Transfer-Encoding: quoted-printable\n\nh=C3=A4t=\nte =ZZ", ["hätte =ZZ"]),
        (b"Content-Type: text/plain; charset=iso-8859-1\n\nh\xe4tte", ["hätte"]),
        (b"Content-Type: text/plain; charset=no-such\n\nh\xe4tte", ["hätte"]),
        (b"Content-Type: text/plain; charset=unicode_escape\n\n\\x41", ["\\x41"]),
        (b"Content-Type: text/plain; charset=us-ascii\n\nh\xc3\xa4tte", ["hätte"]),
        (b"a\0b: c\0\n\nh\0i", ["hi"]),
        (b"Content-Type: text/plain;\ncharset=iso-8859-1\n\nh\xe4tte", ["hätte"]),
        (b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\ntwo@exam", ["one"]),
        (b"Subject: x\n\n\xd3\xca\xbc\xfe", ["邮件"]),
        (b"Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B\x46\x7c\x1b", ["日\ufffd"]),
        (b"Subject: x\n\n\x1b$B\x46\x7c\x1b(B", ["日"]),
    ],
)
def test_parts(message: bytes, expected: list[str]) -> None:
    assert texts(message) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("=?utf-8?Q?h=C3=A4tte?=", "hätte"),
        ("=?UTF-8?B?" + base64.b64encode("hätte".encode()).decode() + "?= =?utf-8?q?_er?=", "hätte er"),
        ("=?iso-8859-1?Q?h=E4tte?= er", "hätte er"),
        ("=?utf-8*de?Q?a_b?=", "a b"),
        ("=?nonsense?Q?abc?=", "abc"),
        ("=?utf-8?B?!!!?=", ""),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
    ],
)
def test_encoded_words(value: str, expected: str) -> None:
    assert decode_words(value) == expected


@pytest.mark.parametrize(
    ("value", "kind", "parameters"),
    [
        ("Text/Plain", "text/plain", {}),
        ('text/plain; Charset="UTF-8" ; x=y', "text/plain", {"charset": "UTF-8", "x": "y"}),
        ('a/b; name="a\\"b;c"; d=e', "a/b", {"name": 'a"b;c', "d": "e"}),
        ("a/b; name*0*=utf-8''h%C3%A4; name*1=tte", "a/b", {"name": "hätte"}),
        ("a/b; name*=iso-8859-1'de'h%E4tte", "a/b", {"name": "hätte"}),
        ('a/b; boundary="never closed', "a/b", {"boundary": "never closed"}),
        ("a/b (comment); c", "a/b", {}),
        (";;=;", "", {"": ""}),
    ],
)
def test_parameters(value: str, kind: str, parameters: dict[str, str]) -> None:
    assert parse_parameters(value) == (kind, parameters)


def test_limits_hold() -> None:
    many = b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\nhi\n" * (MAX_PARTS + 50)
    assert len(read(many).parts) == MAX_PARTS
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(MAX_DEPTH + 50))
    assert read(deep + b"\nhi").parts[0].depth == MAX_DEPTH


@given(
    st.binary(max_size=400),
    st.sampled_from(["", "utf-8", "iso-2022-jp", "utf-16", "hz", "gb18030", "punycode", "utf-7", "\x00"]),
)
def test_decoding_never_raises(data: bytes, charset: str) -> None:
    decode_bytes(data, charset).encode("utf-8", "surrogatepass")


PIECES = [
    b"--x",
    b"--",
    b"\n",
    b"\n\n",
    b"Content-Type: ",
    b"multipart/mixed; boundary=x",
    b"message/rfc822",
    b"text/html",
    b"From: ",
]
PIECES += [
    b"Content-Transfer-Encoding: ",
    b"base64",
    b"quoted-printable",
    b"=?utf-8?B?",
    b"?=",
    b'; name*0*="',
    b"'",
    b"%41",
    b" ",
    b"\xe4",
    b"QUJD",
]


@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_reading_never_raises(pieces: list[bytes]) -> None:
    mail = read(b"".join(pieces))
    decode_words(mail.fields.get("from"))
    assert all(isinstance(part.text, str) for part in mail.parts)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_words_round_trip(text: str) -> None:
    encoded = base64.b64encode(text.encode()).decode()
    assert decode_words(f"=?utf-8?B?{encoded}?=") == text
