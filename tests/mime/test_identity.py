"""A Message-ID that the sender gave: taken where it is one, written once, and shown as it went out."""

import pytest

from emailgw.mime.compose import compose
from emailgw.mime.custom import HeaderError, check_custom_header
from emailgw.mime.identity import given_id, read_message_id
from tests.mime.judges import assert_sound, content, message, stdlib


@pytest.mark.parametrize(("written", "read"), [
    ("<a1.b-2@example.com>", "a1.b-2@example.com"),
    ("a1@example.com", "a1@example.com"),
    (" <x+y=z@[192.0.2.1]> ", "x+y=z@[192.0.2.1]"),
    ("<" + "a" * 230 + "@example.com>", "a" * 230 + "@example.com"),
])  # fmt: skip
def test_what_is_one(written: str, read: str) -> None:
    assert read_message_id(written) == read
    check_custom_header("Message-ID", written)


@pytest.mark.parametrize("written", [
    "", "a", "<a>", "a@", "@b", "<a@b> <c@d>", "<a b@c>", "<a@b>\r\nBcc: x@y", "<ä@b>", "<a@b\n>", "<a@<b>",
    "a@" + "b" * 249, "=?utf-8?q?a=40b?=",
])  # fmt: skip
def test_what_is_none(written: str) -> None:
    assert read_message_id(written) is None
    with pytest.raises(HeaderError, match="is not a message id such as"):
        check_custom_header("message-id", written)


def test_it_stands_in_the_header_once() -> None:
    made = content(text="Hello", headers=(("X-A", "b"), ("MESSAGE-id", "mine@sender.test")))
    data = compose(made, message(given_id=given_id(made)))
    assert_sound(data)
    assert stdlib(data).get_all("Message-ID") == ["<mine@sender.test>"]


def test_without_one_it_is_ours() -> None:
    made = content(text="Hello")
    assert given_id(made) == ""
    [field] = stdlib(compose(made, message())).get_all("Message-ID", [])
    assert field == f"<{message().header_message_id}>"


@pytest.mark.parametrize(("raw", "found"), [
    (b"From: a@b\r\nMessage-Id: <x@y>\r\n\r\nText", "x@y"),
    (b"MESSAGE-ID:\r\n <folded@y>\r\nFrom: a@b\r\n\r\nText", "folded@y"),
    (b"From: a@b\r\nMessage-ID : odd one\r\n\r\n", "odd one"),
    (b"From: a@b\r\nX: y\r\n\r\nMessage-ID: <in@body>", ""),
    (b"From: a@b\r\nMessage-ID: <no@body>\r\n", "no@body"),
])  # fmt: skip
def test_that_of_raw_mail_is_what_it_says(raw: bytes, found: str) -> None:
    assert given_id(content(raw=raw)) == found
