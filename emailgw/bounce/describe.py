"""A Report in the words of the trade: what `emailgw bounce parse --json` prints and what the corpora are scored by.

The vocabulary of reasons is coarser than ours, and `bounce` is hard or soft. Pure; for people and measurements, not
for decisions.
"""

from typing import TypedDict

from emailgw.bounce.report import Action, Reason, RecipientReport, Report

_COARSE = {
    Reason.REPUTATION: "policy",
    Reason.AUTHENTICATION: "policy",
    Reason.GREYLISTED: "policy",
    Reason.NETWORK: "expired-network",
    Reason.EXPIRED: "expired-network",
}


class RecipientDescription(TypedDict):
    recipient: str
    action: str
    status: str
    reason: str
    bounce: str


class ReportDescription(TypedDict):
    kind: str
    recipients: list[RecipientDescription]
    feedback_type: str | None


def describe(report: Report) -> ReportDescription:
    """`report` as plain values, ready for JSON."""
    return {
        "kind": report.kind.value,
        "recipients": [_describe_recipient(recipient) for recipient in report.recipients],
        "feedback_type": report.feedback_type,
    }


def _describe_recipient(report: RecipientReport) -> RecipientDescription:
    failing = report.action in (Action.FAILED, Action.DELAYED)
    return {
        "recipient": report.recipient,
        "action": report.action.value,
        "status": str(report.status or ""),
        "reason": _COARSE.get(report.reason, report.reason.value) if failing else "delivered",
        "bounce": "hard" if report.hard else "soft",
    }
