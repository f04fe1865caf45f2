import pytest

from emailgw.mime.custom import (
    HeaderError,
    check_content_id,
    check_custom_header,
    check_header_name,
    check_header_text,
    check_once,
    is_reserved,
)
from tests.mime.judges import BROKEN, ENCODED_WORD


@pytest.mark.parametrize("value", BROKEN)
def test_text_that_cannot_stand_in_a_field_is_refused_with_its_place(value: str) -> None:
    with pytest.raises(HeaderError, match=r"\(U\+[0-9A-F]{4}\) must not be in a header value, at character \d+"):
        check_header_text(value)


@pytest.mark.parametrize("value", ["", "plain", "tab\there", "Grüße 😀", ENCODED_WORD, "\u200dzero width", "\x92"])
def test_all_other_text_is_accepted(value: str) -> None:
    check_header_text(value)


@pytest.mark.parametrize("name", ["", " X", "X:", "X-Ä", "X\r\nBcc", "X\0", "a" * 77, "From x", "a(b)", 'a"b', "a\n"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(HeaderError, match="is not a header name"):
        check_header_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("From", "to", "cC", "Bcc", "Subject", "Received"),
        *("DKIM-Signature", "ARC-Seal", "ARC-Message-Signature", "Authentication-Results", "Resent-From", "Resent-Bcc"),
        *("Content-Type", "Content-Transfer-Encoding", "content-anything", "Delivered-To", "Apparently-To"),
    ],
)
def test_fields_of_ours_are_refused(name: str) -> None:
    assert is_reserved(name)
    with pytest.raises(HeaderError, match=f"the header {name} cannot be set here"):
        check_custom_header(name, "x")


@pytest.mark.parametrize("name", ["SENDER", "Date", "Return-Path", "mime-version"])
def test_fields_of_ours_that_libraries_hand_on_are_passed_over(name: str) -> None:
    """Taken at the door, and written by nobody but us."""
    assert is_reserved(name)
    check_custom_header(name, "x")
    with pytest.raises(HeaderError, match="line break"):
        check_custom_header(name, "x\r\nBcc: y")


@pytest.mark.parametrize("name", ["Reply-To", "Message-ID", "References", "List-Unsubscribe"])
def test_some_fields_stand_once(name: str) -> None:
    check_once([name, "X-A", "x-a", "Received"])
    with pytest.raises(HeaderError, match="twice"):
        check_once(["X-A", name, name.upper()])


@pytest.mark.parametrize(
    "name",
    [
        *("In-Reply-To", "References", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID"),
        *("Reply-To", "X-Priority", "X-Entity-Ref-ID", "X-Tags", "Auto-Submitted", "Precedence", "X_Y", "Organization"),
    ],
)
def test_what_customers_use_is_accepted(name: str) -> None:
    check_custom_header(name, "<x@example.com>")


def test_a_reply_to_that_is_not_ascii_must_be_one_mailbox() -> None:
    check_custom_header("Reply-To", "a@example.com, b@example.com")
    check_custom_header("Reply-To", "Jörg <a@example.com>")
    with pytest.raises(HeaderError, match="header Reply-To: "):
        check_custom_header("Reply-To", "Jörg <a@example.com>, Zoë <b@example.com>")


def test_ids_and_urls_must_be_such_as_stay_whole() -> None:
    for value in ("<https://example.com/ü>", "<https://example.com/" + "a" * 900 + ">", ENCODED_WORD):
        with pytest.raises(HeaderError, match="header List-Unsubscribe: "):
            check_custom_header("List-Unsubscribe", value)
    check_custom_header("List-Unsubscribe", "<https://example.com/" + "a" * 800 + ">, <mailto:u@example.com>")


def test_the_fault_of_a_value_names_its_header() -> None:
    with pytest.raises(HeaderError, match=r"header X-A: a line break or control character \(U\+000A\)"):
        check_custom_header("X-A", "a\nb")


def test_content_ids() -> None:
    check_content_id("logo.png@01D9.example")
    for text in ("", "<logo>", "a b", "é", "a\r\nb", "a" * 201, "=?utf-8?q?x?="):
        with pytest.raises(HeaderError):
            check_content_id(text)
