"""Messages as clients read them: what the dialect's SDKs expect, and our recipients and events beside it."""

from typing import Annotated, Literal, NotRequired, TypedDict

from emailgw.core.address import Mailbox
from emailgw.core.directory import Dialect
from emailgw.core.events import Delays, Event, EventType, TLSInfo
from emailgw.core.listing import MessageLine, Origin
from emailgw.core.model import Content, Message, Recipient, RecipientState
from emailgw.wire.answers import Id, IsoTime, Time
from emailgw.wire.schema import says
from emailgw.wire.times import show_iso, show_time

LAST_EVENT = {
    EventType.QUEUED: "queued",
    EventType.SCHEDULED: "scheduled",
    EventType.DEFERRED: "delivery_delayed",
    EventType.DELIVERED: "delivered",
    EventType.BOUNCED: "bounced",
    EventType.EXPIRED: "failed",
    EventType.SUPPRESSED: "suppressed",
    EventType.CANCELLED: "canceled",
    EventType.HELD: "queued",
    EventType.RELEASED: "queued",
    EventType.DELAYED: "delivery_delayed",
    EventType.COMPLAINED: "complained",
    EventType.OPENED: "opened",
    EventType.CLICKED: "clicked",
    EventType.RESCHEDULED: "scheduled",
}


LastEvent = Annotated[
    str, says("What happened last, in both contracts' words.", enum=[*sorted({*LAST_EVENT.values(), "scheduled"})])
]
To = Annotated[list[str] | str, says("An array for Resend's keys, one text for Sendkit's.")]


class TagShown(TypedDict):
    name: str
    value: str


class RecipientShown(TypedDict):
    address: str
    state: RecipientState
    status: Annotated[str | None, says("Enhanced status (RFC 3463) of the last try.")]
    reason: str | None
    tries: int
    next_try_at: IsoTime | None
    updated_at: IsoTime


class BounceShown(TypedDict):
    type: str
    subType: str | None


class ReplyShown(TypedDict):
    code: int
    text: str


class AttemptShown(TypedDict):
    """One try to deliver."""

    host: str | None
    address: str | None
    port: int | None
    tls: TLSInfo | None
    reply: ReplyShown | None
    delays: Annotated[Delays, says("Milliseconds.")]
    transcript: Annotated[tuple[str, ...], says("The SMTP dialog, a line each.")]


class EventMetadata(TypedDict):
    """An event's story in short; what does not apply is left out."""

    recipient: str
    source: str
    status: NotRequired[str]
    reason: NotRequired[str]
    link: NotRequired[str]
    ip: NotRequired[str]
    user_agent: NotRequired[str]


class EventNamed(TypedDict):
    """What happened to one recipient, as lists of emails tell it."""

    id: str
    type: EventType
    created_at: Annotated[str, says("UTC: ISO 8601, or `2026-03-11 14:30:05` for Sendkit's keys.")]
    metadata: EventMetadata


class EventShown(EventNamed):
    """What happened to one recipient; what does not apply is left out."""

    recipient: str
    source: str
    status: NotRequired[str]
    reason: NotRequired[str]
    reporting_mta: NotRequired[str]
    remote_mta: NotRequired[str]
    diagnostic: NotRequired[str]
    feedback_type: NotRequired[str]
    category: NotRequired[
        Annotated[
            str, says("What a failure means; why an address is suppressed: manual, bounce, complaint, unsubscribe.")
        ]
    ]
    bounce: NotRequired[BounceShown]
    retry_at: NotRequired[IsoTime]
    attempt: NotRequired[AttemptShown]


class DomainNamed(TypedDict):
    id: Annotated[str | None, says("Null once the domain has been removed.", format="uuid")]
    name: str


class TemplateNamed(TypedDict):
    id: Id
    name: Annotated[str | None, says("Null once the template has been removed.")]


EmailCommon = TypedDict(
    "EmailCommon",
    {
        "id": Id,
        "message_id": Annotated[str, says("The Message-ID field, the same in every copy.")],
        "from": str,
        "to": To,
        "cc": list[str] | None,
        "bcc": list[str] | None,
        "reply_to": list[str] | None,
        "subject": str,
        "domain": DomainNamed,
        "template": TemplateNamed | None,
        "tags": list[TagShown],
        "created_at": Time,
        "scheduled_at": Time | None,
        "sent_at": Annotated[Time | None, says("When the first recipient's host took it.")],
        "last_event": LastEvent,
    },
)


class EmailLine(EmailCommon):
    """An email in a list."""

    events: Annotated[list[EventNamed], says("The last 20, oldest first.")]


class EmailShown(EmailCommon):
    """An email with what became of each recipient and every event, oldest first."""

    object: Literal["email"]
    html: str | None
    text: str | None
    metadata: dict[str, str]
    recipients: list[RecipientShown]
    events: list[EventShown]


def show_line(line: MessageLine, dialect: Dialect) -> EmailLine:
    """A message in a list: the email object without its bodies, recipients and whole story."""
    common = _show_common(line.message, line.last, line.sent_at, line.origin, dialect)
    return {**common, "events": [_name_event(event, dialect) for event in line.events]}


def show_email(
    message: Message,
    content: Content,
    recipients: tuple[Recipient, ...],
    events: tuple[Event, ...],
    origin: Origin,
    dialect: Dialect,
) -> EmailShown:
    """The email object: what the dialect's SDKs read, and our recipients and events beside it."""
    # Some events change nothing that a client of either contract has a word for.
    last = next((event.type for event in reversed(events) if event.type in LAST_EVENT), None)
    sent_at = min((event.at for event in events if event.type is EventType.DELIVERED), default=None)
    return {
        "object": "email",
        **_show_common(message, last, sent_at, origin, dialect),
        "html": content.html,
        "text": content.text,
        "metadata": dict(message.metadata),
        "recipients": [_show_recipient(recipient) for recipient in recipients],
        "events": [show_event(event, dialect) for event in events],
    }


def _show_common(
    message: Message, last: EventType | None, sent_at: int | None, origin: Origin, dialect: Dialect
) -> EmailCommon:
    to = [show_mailbox(mailbox) for mailbox in message.to]
    scheduled = message.date if message.date > message.accepted_at else None
    return {
        "id": message.id,
        "message_id": f"<{message.header_message_id}>",
        "from": show_mailbox(Mailbox(message.author_name, message.author)),
        "to": to if dialect is Dialect.RESEND else ", ".join(to),
        "cc": [show_mailbox(mailbox) for mailbox in message.cc] or None,
        "bcc": [show_mailbox(mailbox) for mailbox in message.bcc] or None,
        "reply_to": [show_mailbox(mailbox) for mailbox in message.reply_to] or None,
        "subject": message.subject,
        "domain": {"id": origin.domain_id, "name": message.author.domain},
        "template": None if message.template is None else {"id": message.template, "name": origin.template_name},
        "tags": [{"name": name, "value": value} for name, value in message.tags],
        "created_at": show_time(message.accepted_at, dialect),
        "scheduled_at": show_time(scheduled, dialect) if scheduled is not None else None,
        "sent_at": show_time(sent_at, dialect) if sent_at is not None else None,
        "last_event": _show_last(last, scheduled is not None),
    }


def show_mailbox(mailbox: Mailbox) -> str:
    return f"{mailbox.name} <{mailbox.address}>" if mailbox.name else str(mailbox.address)


def _show_last(last: EventType | None, scheduled: bool) -> str:
    """Both contracts' word for what happened last; `scheduled`: it was not to be sent at once."""
    last = last or EventType.QUEUED
    return "scheduled" if scheduled and last is EventType.QUEUED else LAST_EVENT[last]


def _show_recipient(recipient: Recipient) -> RecipientShown:
    waiting = recipient.state in (RecipientState.QUEUED, RecipientState.DEFERRED)
    return {
        "address": str(recipient.address),
        "state": recipient.state,
        "status": str(recipient.status) if recipient.status else None,
        "reason": recipient.reason or None,
        "tries": recipient.tries,
        "next_try_at": show_iso(recipient.due_at) if waiting and recipient.due_at and not recipient.lease else None,
        "updated_at": show_iso(recipient.updated_at),
    }


def _name_event(event: Event, dialect: Dialect) -> EventNamed:
    detail = event.detail
    metadata: EventMetadata = {"recipient": str(event.address), "source": detail.source.value}
    if detail.status is not None:
        metadata["status"] = str(detail.status)
    for name in ("reason", "link", "ip", "user_agent"):
        if getattr(detail, name):
            metadata[name] = getattr(detail, name)
    return {
        "id": f"evt_{event.id}",
        "type": event.type,
        "created_at": show_iso(event.at) if dialect is Dialect.RESEND else show_time(event.at, dialect),
        "metadata": metadata,
    }


def show_event(event: Event, dialect: Dialect = Dialect.RESEND) -> EventShown:
    """One event with its whole story; what does not apply is left out."""
    detail = event.detail
    named = _name_event(event, dialect)
    shown: EventShown = {
        "id": named["id"],
        "type": named["type"],
        "created_at": named["created_at"],
        "metadata": named["metadata"],
        "recipient": str(event.address),
        "source": detail.source.value,
    }
    if detail.status is not None:
        shown["status"] = str(detail.status)
    for name in ("reason", "reporting_mta", "remote_mta", "diagnostic", "feedback_type"):
        if getattr(detail, name):
            shown[name] = getattr(detail, name)
    if detail.category is not None:
        shown["category"] = detail.category
    if detail.bounce_type is not None:
        shown["bounce"] = {"type": detail.bounce_type, "subType": detail.bounce_subtype}
    if detail.retry_at is not None:
        shown["retry_at"] = show_iso(detail.retry_at)
    attempt = detail.attempt
    if attempt is not None:
        reply = attempt.status.reply
        shown["attempt"] = {
            "host": attempt.host,
            "address": attempt.address,
            "port": attempt.port,
            "tls": attempt.tls,
            "reply": {"code": reply.code, "text": reply.text} if reply else None,
            "delays": attempt.delays,
            "transcript": attempt.transcript,
        }
    return shown
