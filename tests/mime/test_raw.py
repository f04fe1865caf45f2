"""Raw messages: the scan of their header, and what is changed in it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emailgw.mime.raw import MAX_FIELDS, RawError, read_raw

FROM = b"From: Ann <ann@sender.test>\r\n"
BODY = b"\r\nHello\r\n"
NAMES = st.sampled_from([b"To", b"Cc", b"BCC", b"Subject", b"Received", b"Sender", b"Reply-To", b"X-Own"])
TOKENS = [b"bob@rcpt.test", b'"Bob, B." ', b"<bob@rcpt.test>", b",", b"\\", b"\xc3\xb6", b"\xe2\x80\xa8"]
BLANKS = [b" ", b"\r\n ", b"\r\n\t"]
PIECES = st.lists(st.sampled_from(TOKENS + BLANKS), max_size=6).map(b"".join)
FIELDS = st.lists(st.tuples(NAMES, PIECES).map(b": ".join), max_size=8)


@given(FIELDS, st.integers(0, 8))
@example([b"To: \xc2\xa0"], 0)
def test_fields_are_kept_but_bcc(fields: list[bytes], at: int) -> None:
    lines = [field + b"\r\n" for field in fields]
    lines.insert(at, FROM)
    try:
        mail = read_raw(b"".join(lines) + BODY, utf8=True)
    except RawError:
        assert any(line.startswith(b"Sender") for line in lines)
        return
    assert mail.data == b"".join(line for line in lines if not line.startswith(b"BCC")) + BODY
    assert mail.hops == sum(line.startswith(b"Received") for line in lines)
    assert str(mail.author.address) == "ann@sender.test"


@given(FIELDS)
@example([b"To: \xc2\xa0"])
@example([b"Cc: \xe2\x80\xa8,"])
def test_without_smtputf8_the_header_is_ascii_or_refused(fields: list[bytes]) -> None:
    try:
        mail = read_raw(FROM + b"".join(field + b"\r\n" for field in fields) + BODY)
    except RawError:
        return
    assert mail.data.endswith(BODY)
    assert mail.data[: -len(BODY)].isascii()


def test_a_list_of_blanks_names_nobody() -> None:
    mail = read_raw(FROM + b"To: \xc2\xa0\r\n" + BODY)
    assert mail.data == FROM + b"To:\r\n" + BODY
    assert mail.to == ()


@pytest.mark.parametrize(
    ("head", "line"),
    [
        (b"", 1),
        (b" folded: into nothing\r\n", 1),
        (FROM + b"no colon\r\n", 2),
        (FROM + b"Subject: a\r\n b\r\n\tc\r\nbad name: x\r\n", 5),
        (FROM + b"X: \r\n" * (MAX_FIELDS - 1) + b"no colon\r\n", MAX_FIELDS + 1),
        (FROM + b": no name\r\n", 2),
        (FROM + b"X" * 77 + b": long\r\n", 2),
    ],
)
def test_the_line_that_is_no_field_is_told(head: bytes, line: int) -> None:
    with pytest.raises(RawError, match=rf"^line {line} is no header field"):
        read_raw(head + BODY)


def test_as_many_fields_as_may_be_and_one_more() -> None:
    most = FROM + b"X: a\r\n b\r\n" * (MAX_FIELDS - 1)
    assert read_raw(most + BODY).data == most + BODY
    with pytest.raises(RawError, match="more than 1000 header fields"):
        read_raw(most + b"X: c\r\n" + b"no colon\r\n" + BODY)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_any_line_ends(end: bytes) -> None:
    whole = FROM + b"Subject: a\r\n b\r\n" + BODY
    assert read_raw(whole.replace(b"\r\n", end)).data == whole


def test_a_cr_and_an_lf_that_stand_apart_are_no_pair() -> None:
    assert read_raw(FROM + b"\r\na\rb\nc\r\n").data == FROM + b"\r\na\r\nb\r\nc\r\n"


def raw_from(value: str) -> bytes:
    return f"From: {value}\r\n".encode() + BODY


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("ann@sender.test (Ann Smith)", "Ann Smith"),  # as programs wrote it before RFC 2822
        ("ann@sender.test(Ann)", "Ann"),
        ("<ann@sender.test> (Ann)", "Ann"),
        ("Ann <ann@sender.test> (at work)", "Ann"),
        ("Ann (Sales) <ann@sender.test>", "Ann (Sales)"),
        ('"(Cron Daemon)" <ann@sender.test>', "(Cron Daemon)"),
        ('Ann "The Ray" Smith <ann@sender.test>', 'Ann "The Ray" Smith'),
        ("ann@sender.test <ann@sender.test>", "ann@sender.test"),
        ("ann@sender.test ()", ""),
    ],
)
def test_one_author_as_old_programs_write_him(value: str, name: str) -> None:
    mail = read_raw(raw_from(value))
    assert (mail.author.name, str(mail.author.address)) == (name, "ann@sender.test")
    assert mail.data == raw_from(value)


@pytest.mark.parametrize(
    "value",
    [
        '"x" ceo@bank.test, <ann@sender.test>',
        '"x"ceo@bank.test <ann@sender.test>',
        '"x", ceo@bank.test <ann@sender.test>',
        '"x" (ceo@bank.test) <ann@sender.test>',
        '(a"b) ceo@bank.test, (c"d) <ann@sender.test>',
        '"x" ceo@bank.test, <ann@sender.test> (x)',
        "ceo@bank.test (x), ann@sender.test (x)",
        "(ceo@bank.test) ann@sender.test",
        "ann@sender.test (ceo@bank.test)",
        "ceo@bank.test <ann@sender.test>",
        'O"Neil <ann@sender.test>',
    ],
)
def test_no_second_author_hides_behind_quotes_or_in_comments(value: str) -> None:
    with pytest.raises(RawError, match="must name one address"):
        read_raw(raw_from(value))


def test_a_name_in_a_comment_is_written_in_ascii() -> None:
    mail = read_raw(raw_from("ann@sender.test (Änn)"))
    assert mail.data == b"From: =?utf-8?q?=C3=84nn?= <ann@sender.test>\r\n" + BODY


def test_recipients_with_their_names_in_comments_are_shown() -> None:
    mail = read_raw(FROM + b"To: joe@rcpt.test (Joe), Jim <jim@rcpt.test>\r\n" + BODY)
    assert [(one.name, str(one.address)) for one in mail.to] == [("Joe", "joe@rcpt.test"), ("Jim", "jim@rcpt.test")]
