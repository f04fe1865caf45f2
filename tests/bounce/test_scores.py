"""The figures that the parser must reach on the labelled messages and replies."""

import functools
from typing import Any

import pytest

from emailgw.bounce.classify import classify
from emailgw.bounce.describe import describe
from emailgw.bounce.parse import parse
from emailgw.bounce.report import Reason
from emailgw.core.status import EnhancedStatus
from tests.bounce.corpora import is_held_out, labelled, needs_corpora, replies, sample_bytes, scorer

pytestmark = needs_corpora

# What the labels of the replies may be called in our vocabulary.
MEANT_BY = {
    "user-unknown": {Reason.USER_UNKNOWN},
    "policy-or-user-unknown": {Reason.POLICY, Reason.USER_UNKNOWN, Reason.USER_DISABLED},
    "mailbox-full": {Reason.MAILBOX_FULL},
    "user-disabled": {Reason.USER_DISABLED},
    "host-unknown": {Reason.HOST_UNKNOWN},
    "size": {Reason.SIZE},
    "spam": {Reason.SPAM},
    "policy": {Reason.POLICY},
    "sender-rejected": {Reason.POLICY},
    "relay-denied": {Reason.POLICY},
    "virus": {Reason.POLICY},
    "tls": {Reason.POLICY},
    "content": {Reason.POLICY, Reason.SPAM},
    "reputation-block": {Reason.REPUTATION},
    "auth": {Reason.AUTHENTICATION},
    "rate-limit": {Reason.RATE_LIMIT},
    "greylisting": {Reason.GREYLISTED},
    "expired-network": {Reason.EXPIRED, Reason.NETWORK},
    "system": {Reason.SYSTEM},
}


@functools.cache
def figures(part: str) -> dict[str, Any]:
    samples = [sample for sample in labelled() if part == "all" or is_held_out(sample["family"])]
    predictions = {sample["file"]: describe(parse(sample_bytes(sample))) for sample in samples}
    summary: dict[str, Any] = scorer().summary(scorer().score(samples, predictions))
    return summary


@pytest.mark.parametrize("part", ["all", "held-out families"])
@pytest.mark.parametrize(
    ("figure", "least"),
    [
        ("kind_event", 98.5),
        ("rcpt_set_exact", 98.5),
        ("arf_rcpt", 98.5),
        ("feedback_type", 98.5),
        ("status_exact", 97.0),
        ("action", 97.0),
        ("hard_soft", 95.0),
        ("reason_group", 93.0),
    ],
)
def test_figure_is_reached(part: str, figure: str, least: float) -> None:
    assert figures(part)[figure] >= least


@pytest.mark.parametrize("figure", ["fp", "fp_final", "delayed_as_final", "malformed_wrong"])
def test_no_false_final(figure: str) -> None:
    assert figures("all")[figure] == 0


def test_replies_are_classified() -> None:
    wrong = []
    for reply in replies():
        status = EnhancedStatus.parse(reply["enhanced"] or "")
        code = int(reply["reply_code"]) if reply["reply_code"] else None
        found = classify(status, code, reply["text"])
        if found.reason not in MEANT_BY[reply["category"]]:
            wrong.append((reply["category"], found.reason.value, reply["text"]))
    assert 100 * len(wrong) <= 5 * len(replies()), wrong
