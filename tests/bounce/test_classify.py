"""Replies and diagnostics become reasons; the text decides where it is clear."""

import pytest

from emailgw.bounce.classify import classify, normalised
from emailgw.bounce.report import BounceSubtype, BounceType, Reason
from emailgw.core.status import EnhancedStatus
from tests.bounce.replies import REPLIES


@pytest.mark.parametrize(("status", "code", "text", "reason"), REPLIES)
def test_reply_has_its_reason(status: str, code: int, text: str, reason: Reason) -> None:
    assert classify(EnhancedStatus.parse(status), code or None, text).reason == reason


@pytest.mark.parametrize(
    ("status", "code", "text", "kind", "subtype"),
    [
        ("5.1.1", 550, "user unknown", BounceType.PERMANENT, BounceSubtype.NO_EMAIL),
        ("5.1.2", 550, "host unknown", BounceType.PERMANENT, BounceSubtype.GENERAL),
        ("4.1.1", 450, "user unknown", BounceType.TRANSIENT, BounceSubtype.GENERAL),
        ("", 450, "user unknown", BounceType.TRANSIENT, BounceSubtype.GENERAL),
        ("5.2.2", 552, "mailbox full", BounceType.TRANSIENT, BounceSubtype.MAILBOX_FULL),
        ("5.3.4", 552, "message too large", BounceType.TRANSIENT, BounceSubtype.MESSAGE_TOO_LARGE),
        ("5.7.1", 550, "this is spam", BounceType.TRANSIENT, BounceSubtype.CONTENT_REJECTED),
        ("5.7.0", 552, "virus found", BounceType.TRANSIENT, BounceSubtype.ATTACHMENT_REJECTED),
        ("5.7.1", 550, "relay access denied", BounceType.TRANSIENT, BounceSubtype.GENERAL),
        ("5.0.0", 550, "", BounceType.UNDETERMINED, BounceSubtype.UNDETERMINED),
    ],
)
def test_type_follows_reason(status: str, code: int, text: str, kind: BounceType, subtype: BounceSubtype) -> None:
    found = classify(EnhancedStatus.parse(status), code, text)
    assert (found.type, found.subtype, found.hard) == (kind, subtype, kind is BounceType.PERMANENT)


def test_addresses_and_urls_are_taken_out() -> None:
    assert normalised("550 User <mailbox-full@example.net> unknown, see https://example.net/spam?x=1") == (
        " 550 user unknown, see "
    )


@pytest.mark.parametrize("unit", ["550 5.1.1 ", "a@", "<", "http://", "\u0301", "recipient address rejected: ", " & "])
def test_any_length_is_cheap(unit: str) -> None:
    classify(None, None, unit * 100_000)
