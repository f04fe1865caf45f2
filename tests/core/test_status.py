"""What servers say, made into values: replies, enhanced statuses, local causes, cleaned text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailgw.core.status import DeliveryStatus, EnhancedStatus, LocalCause, Reply, Scope
from emailgw.core.text import MAX_LINE, clean_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5.1.1", "5.1.1"),
        ("4.7.1 greylisted", "4.7.1"),
        ("  2.0.0 ok", "2.0.0"),
        ("5.1.10", "5.1.10"),
        ("5.7.999 x", "5.7.999"),
        ("5.1", None),
        ("3.1.1", None),
        ("5.1.1.1", None),
        ("5.1.1000", None),
        ("15.1.1", None),
        ("x 5.1.1", None),
        ("", None),
    ],
)
def test_an_enhanced_status_is_read_at_the_start(text: str, expected: str | None) -> None:
    status = EnhancedStatus.parse(text)
    assert (str(status) if status else None) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("said: 550 5.1.1 unknown", "5.1.1"),
        ("from 10.5.1.1 to 192.4.2.1.5", None),
        ("#5.7.1 smtp;550", "5.7.1"),
        ("(4.2.2)", "4.2.2"),
    ],
)
def test_an_enhanced_status_is_found_in_prose_but_not_in_addresses(text: str, expected: str | None) -> None:
    status = EnhancedStatus.find(text)
    assert (str(status) if status else None) == expected


@pytest.mark.parametrize(
    ("code", "text", "status", "kept"),
    [
        (250, "2.1.5 ok", "2.1.5", "2.1.5 ok"),
        (250, "ok", "2.0.0", "ok"),
        (450, "busy", "4.0.0", "busy"),
        (550, "5.1.1 unknown", "5.1.1", "5.1.1 unknown"),
        (550, "4.2.2 the code wins (RFC 2034)", "5.0.0", "4.2.2 the code wins (RFC 2034)"),
        (451, "5.7.1 the code wins", "4.0.0", "5.7.1 the code wins"),
        (250, "5.1.1 the code wins", "2.0.0", "5.1.1 the code wins"),
        (354, "go ahead", "4.5.0", "go ahead"),
        (999, "nonsense", "4.5.0", "nonsense"),
        (0, "", "4.5.0", ""),
        (550, "esc \x1b[31m, nul \0, lines\r\nmore", "5.0.0", "esc [31m, nul , lines more"),
    ],
)
def test_a_reply_has_a_status(code: int, text: str, status: str, kept: str) -> None:
    reply = Reply.make(code, text)
    assert str(reply.status) == status
    assert reply.text == kept


@given(st.integers(-1000, 1000), st.text(st.characters(codec=None)))
def test_only_a_5xx_is_permanent_whatever_the_text_says(code: int, text: str) -> None:
    status = Reply.make(code, text).status
    assert status.is_permanent == (code // 100 == 5)
    assert status.is_success == (code // 100 == 2)
    assert status.cls in (2, 4, 5)


@given(st.text(st.characters(codec=None)), st.integers(1, 50))
def test_remote_text_is_cleaned(text: str, limit: int) -> None:
    clean = clean_line(text, limit)
    assert len(clean) <= limit
    assert clean.encode("utf-8") or not clean
    assert not any(character in clean for character in "\r\n\0\x1b\x85\u2028\u2029\u202e")
    assert clean_line(clean, limit) == clean


def test_remote_text_is_capped_without_reading_all_of_it() -> None:
    assert len(clean_line("x" * 10_000_000)) == MAX_LINE


@pytest.mark.parametrize("cause", LocalCause)
def test_a_local_cause_speaks_the_standard_codes(cause: LocalCause) -> None:
    status = cause.status("because\r\n of \0 it")
    assert status.status.cls in (4, 5)
    assert status.reason == "because of it"
    assert cause.status("\r\n").reason
    assert status.reply is None
    # A whole site is never given up for good: what is permanent concerns the message or the recipient.
    assert not (status.scope is Scope.SITE and status.status.is_permanent)


def test_a_delivery_status_has_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        DeliveryStatus(EnhancedStatus(4, 0, 0), "")
