"""Events as both families name and read them (contracts 1.7 and 2.10): in `GET /events`, its stream, and webhooks.

One event is about one recipient, so `to` names that one. Keys that a family does not know stand beside those that it
does. Pure.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypedDict

import msgspec

from emailgw.core.address import Mailbox
from emailgw.core.directory import Dialect
from emailgw.core.events import Attempt, Detail, Event, EventType
from emailgw.core.model import Message
from emailgw.wire.reading import EventShown, show_mailbox
from emailgw.wire.receiving import show_arrival
from emailgw.wire.schema import says
from emailgw.wire.times import show_iso, show_offset, show_time

PREFIX = "evt_"
E = EventType
# Every event by its names, the first one shown unless another was asked for.
_NAMES: dict[EventType, tuple[str, ...]] = {
    E.QUEUED: ("email.sent",),
    E.SCHEDULED: ("email.scheduled",),
    E.RESCHEDULED: ("email.scheduled",),
    E.DEFERRED: ("email.delivery_delayed",),
    E.DELAYED: ("email.delivery_delayed",),
    E.DELIVERED: ("email.delivered",),
    E.BOUNCED: ("email.bounced",),
    E.EXPIRED: ("email.failed",),
    E.SUPPRESSED: ("email.suppressed", "email.rejected"),
    E.CANCELLED: ("email.canceled",),
    E.HELD: ("email.held",),
    E.RELEASED: ("email.released",),
    E.COMPLAINED: ("email.complained",),
    E.OPENED: ("email.opened",),
    E.CLICKED: ("email.clicked",),
    E.UNSUBSCRIBED: ("email.unsubscribed",),
    E.RECEIVED: ("email.received",),
    E.UNPARSED: ("email.unparsed",),
    E.DOMAIN_VERIFIED: ("domain.verified", "domain.updated"),
    E.DOMAIN_FAILED: ("domain.failed", "domain.updated"),
}
NAMES: dict[EventType, tuple[str, ...]] = {type: _NAMES.get(type, (type.value,)) for type in EventType}
ALL_NAMES = tuple(dict.fromkeys(name for names in NAMES.values() for name in names))
# Resend has words for two of the reasons; the others have ours.
_WITHHELD = {"bounce": "previous_bounce", "complaint": "previous_complaint"}


class Payload(TypedDict):
    """What a webhook carries, and what events look like wherever they are shown."""

    type: Annotated[str, says("The event's name in the words of the key's family.")]
    created_at: str
    data: Annotated[dict[str, Any], says("The message and recipient, or the domain, suppression or endpoint.")]


class EventLine(Payload):
    """An event in a list."""

    object: Literal["event"]
    id: str
    event: Annotated[EventType, says("The event's own name.")]


class EventTold(EventLine):
    """An event with all that is known of it."""

    detail: EventShown


def names_of(type: EventType, dialect: Dialect) -> tuple[str, ...]:
    """The dialect's own name first."""
    if type is EventType.SUPPRESSED and dialect is Dialect.SENDKIT:
        return NAMES[type][::-1]
    return NAMES[type]


def types_of(name: str) -> tuple[EventType, ...]:
    """The types that a name means, in either family's words or ours; none when nobody calls anything so."""
    return tuple(type for type in EventType if name == type.value or name in NAMES[type])


def event_id(id: int) -> str:
    return f"{PREFIX}{id}"


def read_event_id(text: str) -> int | None:
    """The number in an event's id, with or without its prefix; None when it is none."""
    digits = text.removeprefix(PREFIX)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


def show_told(event: Event, message: Message | None, dialect: Dialect) -> EventLine:
    """An event in a list: the payload that webhooks carry, with its id."""
    payload = show_payload(event, message, dialect)
    return {"object": "event", "id": event_id(event.id or 0), "event": event.type, **payload}


def show_payload(
    event: Event,
    message: Message | None,
    dialect: Dialect,
    headers: Sequence[tuple[str, str]] = (),
    name: str | None = None,
) -> Payload:
    """What a webhook carries. `headers`: the message's own, echoed; `name`: other than the dialect's first one."""
    name = name or names_of(event.type, dialect)[0]
    at = show_iso(event.at) if dialect is Dialect.RESEND else show_offset(event.at)
    data = _mail(event, message, dialect, headers) if event.type.is_about_mail else _thing(event, dialect)
    return {"type": name, "created_at": at, "data": data}


def _mail(
    event: Event, message: Message | None, dialect: Dialect, headers: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    resend = dialect is Dialect.RESEND
    show = show_iso if resend else show_offset
    if event.detail.mail is not None:
        return show_arrival(event.message_id, event.detail.mail, show(event.at))
    address = str(event.address)
    data: dict[str, Any] = {"email_id": event.message_id}
    if message is not None:
        data |= {
            "message_id": f"<{message.header_message_id}>",
            "created_at": show(message.accepted_at),
            "from": show_mailbox(Mailbox(message.author_name, message.author)),
        }
    data["to"] = [address] if resend else address
    if message is not None:
        data["subject"] = message.subject
        tags = message.tags
        data["tags"] = dict(tags) if resend else [{"name": name, "value": value} for name, value in tags]
        if message.metadata:
            data["metadata"] = dict(message.metadata)
        if message.date > message.accepted_at:
            data["scheduled_at"] = show(message.date)
    if headers:
        data["headers"] = [{"name": name, "value": value} for name, value in headers]
    return {**data, "source": event.detail.source.value, **_story(event, dialect)}


def _story(event: Event, dialect: Dialect) -> dict[str, Any]:
    """What is particular to its type."""
    detail = event.detail
    story: dict[str, Any] = {}
    match event.type:
        case E.BOUNCED:
            story["bounce"] = _bounce(detail)
        case E.EXPIRED:
            story["failed"] = {"reason": detail.reason}
            story["bounce"] = _bounce(detail)
        case E.SUPPRESSED:
            story["suppressed"] = {
                "type": "OnAccountSuppressionList",
                "reason": _WITHHELD.get(detail.category or "", detail.category),
                "message": detail.reason,
                "diagnosticCode": [detail.diagnostic] if detail.diagnostic else [],
            }
        case E.CLICKED | E.OPENED | E.UNSUBSCRIBED if detail.ip is not None or detail.link is not None:
            word = {E.CLICKED: "click", E.OPENED: "open", E.UNSUBSCRIBED: "unsubscribe"}[event.type]
            story[word] = {
                "ipAddress": detail.ip,
                "link": detail.link,
                "timestamp": show_iso(event.at),
                "userAgent": detail.user_agent,
                "machine": detail.machine,
                "repeat": detail.repeat,
            }
            if dialect is Dialect.SENDKIT and detail.link is not None:
                story["url"] = detail.link
        case E.COMPLAINED:
            story["complaint"] = {"type": detail.feedback_type, "source": detail.reporting_mta}
    if detail.reason and event.type not in (E.EXPIRED, E.SUPPRESSED):
        story["reason"] = detail.reason
    if detail.status is not None:
        story["status"] = str(detail.status)
    if detail.retry_at is not None:
        story["retry_at"] = show_iso(detail.retry_at)
    if detail.attempt is not None:
        story["delivery"] = _delivery(detail.attempt)
    return story


def _bounce(detail: Detail) -> dict[str, Any]:
    kind = {"Permanent": "hard", "Transient": "soft"}.get(detail.bounce_type or "", "general")
    attempt = detail.attempt
    said = attempt.status.reply if attempt is not None else None
    diagnostic = detail.diagnostic or (str(said) if said is not None else "")
    return {
        "type": detail.bounce_type or "Undetermined",
        "subType": detail.bounce_subtype or "Undetermined",
        # Readers tell a bounce from a suppression by these two words.
        "message": f"The mail came back with a {kind} bounce message: {detail.reason}",
        "diagnosticCode": [diagnostic] if diagnostic else [],
        "category": detail.category,
        "code": said.code if said is not None else None,
        "status": str(detail.status) if detail.status is not None else None,
        "source": detail.source.value,
        "remoteHost": detail.remote_mta or detail.reporting_mta or (attempt.host if attempt is not None else None),
    }


def _delivery(attempt: Attempt) -> dict[str, Any]:
    reply = attempt.status.reply
    return {
        "host": attempt.host,
        "address": attempt.address,
        "port": attempt.port,
        "tls": msgspec.to_builtins(attempt.tls) if attempt.tls is not None else None,
        "status": str(attempt.status.status),
        "reply": {"code": reply.code, "text": reply.text} if reply is not None else None,
        "delays": {name: getattr(attempt.delays, name) for name in ("queue", "wait", "connect", "transmit")},
    }


def _thing(event: Event, dialect: Dialect) -> dict[str, Any]:
    """A domain, a suppression or a webhook endpoint."""
    detail = event.detail
    created = show_time(detail.created_at, dialect) if detail.created_at is not None else None
    shown: dict[str, Any] = {"id": detail.subject}
    match event.type.value.partition(".")[0]:
        case "domain":
            shown |= {"name": event.domain, "status": detail.category}
        case "suppression":
            shown |= {
                "email": str(event.address),
                "origin": detail.category,
                "reason": detail.category,
                "source_id": None,
                "domain": event.domain or None,
            }
        case _:
            shown |= {"endpoint": detail.link, "status": detail.category}
    shown["created_at"] = created
    return {**shown, "message": detail.reason} if detail.reason else shown
