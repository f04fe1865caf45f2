"""What a report means for one recipient: the DSN rows of the state table as pure functions. Used by `bounces`."""

import hashlib

import msgspec

from emailgw.bounce.report import Action, Kind, RecipientReport, Report
from emailgw.core.events import Detail, Event, EventType, Source
from emailgw.core.model import Recipient, RecipientState
from emailgw.core.status import EnhancedStatus

# Feedback that blames nobody: a message taken out of the spam folder, and what RFC 6591 and DMARC report.
NO_COMPLAINT = frozenset({"not-spam", "auth-failure", "dmarc"})
SUCCESS = EnhancedStatus(2, 0, 0)
_PERMANENT = EnhancedStatus(5, 0, 0)
_DELAYED = EnhancedStatus(4, 0, 0)


class Effect(msgspec.Struct, frozen=True):
    """The recipient after the report, the event, and what makes a second copy of the report known."""

    recipient: Recipient
    event: Event
    digest: bytes


def part_about(recipient: Recipient, report: Report) -> RecipientReport | None:
    """The part of a report that names our recipient."""
    wanted = str(recipient.address).lower()
    for part in report.recipients:
        if wanted in ((part.recipient or "").lower(), (part.original_recipient or "").lower()):
            return part
    return None


def likely_part(report: Report) -> RecipientReport | None:
    """The part that counts where the report came by the recipient's own signed path but names nobody we know (an
    alias, an expanded list): of several a failure.
    """
    failed = (part for part in report.recipients if part.action is Action.FAILED)
    return next(failed, report.recipients[0] if report.recipients else None)


def effect_of(
    recipient: Recipient, report: Report, part: RecipientReport | None, raw: bytes, now: int
) -> Effect | None:
    """What the report does to a delivered recipient, or None when it does nothing."""
    if report.kind is Kind.ARF:
        return _complaint(recipient, report, now)
    if part is None:
        return None
    match part.action:
        case Action.FAILED:
            state, kind = RecipientState.BOUNCED, EventType.BOUNCED
            status = part.status if part.status and not part.status.is_success else _PERMANENT
        case Action.DELAYED:
            state, kind = RecipientState.DELIVERED, EventType.DELAYED
            status = part.status if part.status and part.status.is_transient else _DELAYED
        case Action.DELIVERED:
            state, kind = RecipientState.DELIVERED, EventType.DELIVERED
            status = part.status if part.status and part.status.is_success else SUCCESS
        case _:  # relayed or expanded: in other hands, and nothing known of its end
            return None
    reason = part.diagnostic or f"the report says {part.action.value} and gives no reason"
    classified = kind is not EventType.DELIVERED
    detail = Detail(
        source=Source.DSN,
        status=status,
        reason=reason,
        reporting_mta=report.reporting_mta,
        remote_mta=part.remote_mta,
        diagnostic=part.diagnostic,
        category=part.reason.value if classified else None,
        bounce_type=part.type.value if classified else None,
        bounce_subtype=part.subtype.value if classified else None,
    )
    after = msgspec.structs.replace(
        recipient, state=state, due_at=None, lease=None, status=status, reason=reason, updated_at=now
    )
    return Effect(after, event_about(recipient, kind, detail, now), digest_of(raw))


def unsubscription(recipient: Recipient, now: int, list: str | None = None) -> Effect:
    """`list`: of which the mail was, if of one."""
    detail = Detail(source=Source.MAIL, reason="asked by mail to get no more", list=list or None)
    event = event_about(recipient, EventType.UNSUBSCRIBED, detail, now)
    return Effect(recipient, event, hashlib.sha256(b"unsubscribe").digest())


def event_about(recipient: Recipient, kind: EventType, detail: Detail, now: int) -> Event:
    return Event(now, kind, recipient.message_id, recipient.id, recipient.address, detail)


def digest_of(raw: bytes) -> bytes:
    """Of what stays the same when a host sends a report twice: all but the header, which grows trace fields."""
    head, separator, body = raw.partition(b"\r\n\r\n")
    return hashlib.sha256(body if separator else head).digest()


def _complaint(recipient: Recipient, report: Report, now: int) -> Effect | None:
    kind = report.feedback_type or "abuse"
    if kind in NO_COMPLAINT:
        return None
    detail = Detail(
        source=Source.ARF,
        reason=f"reported as spam ({kind})" if kind == "abuse" else f"reported as {kind}",
        reporting_mta=report.reporting_mta,
        feedback_type=kind,
    )
    # One person complains about one message once, however many loops tell of it.
    digest = hashlib.sha256(b"complaint").digest()
    return Effect(recipient, event_about(recipient, EventType.COMPLAINED, detail, now), digest)
