"""Rows ↔ core types. A row that cannot be read becomes an `Unreadable`, and hurts no neighbour."""

import struct
from typing import Any

import msgspec

from emailgw.core.address import Address, Mailbox
from emailgw.core.dsn import MessageRequest, RecipientRequest
from emailgw.core.events import Detail, Event, EventType
from emailgw.core.ids import ContentId, EventId, KeyId, MessageId, RecipientId, TemplateId
from emailgw.core.model import Content, Message, Recipient, RecipientState
from emailgw.core.status import EnhancedStatus
from emailgw.core.tracking import Tracking
from emailgw.store.verb import Parameters, Row

MESSAGE_COLUMNS = "m.id, m.content_id, m.key_id, m.author, m.subject, m.fields, m.accepted_at, m.date, m.expires_at"
RECIPIENT_COLUMNS = (
    "r.id, r.message_id, r.address, r.nexthop, r.state, r.tries, r.due_at, r.expires_at, r.lease, r.status, r.reason, "
    "r.updated_at, r.dsn"
)
EVENT_COLUMNS = "e.id, e.at, e.type, e.message_id, e.recipient_id, e.address, e.detail, e.domain"
EVENT_WIDTH = 8  # columns


class _Fields(msgspec.Struct, frozen=True, omit_defaults=True):
    """The part of a message that nobody searches by."""

    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    bcc: tuple[Mailbox, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    variables: dict[str, object] = {}
    author_name: str = ""
    dsn: MessageRequest | None = None
    tracking: Tracking | None = None
    reply_to: tuple[Mailbox, ...] = ()
    template: TemplateId | None = None
    given_id: str = ""


_request = msgspec.json.Decoder(RecipientRequest)
_fields = msgspec.json.Decoder(_Fields)
_detail = msgspec.json.Decoder(Detail)
_content = msgspec.msgpack.Decoder(Content)
_NO_OCTETS = b"\xc4\x00"
_OCTETS = struct.Struct(">BI")  # how msgpack begins up to 4 GB of them
_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()


def encode_content(content: Content) -> bytes:
    if content.raw is None:
        return _msgpack.encode(content)
    # The same as the encoder makes of it, in which `raw` comes last; but joining, unlike encoding, lets go of the GIL
    # while it copies 25 MB.
    head = _msgpack.encode(msgspec.structs.replace(content, raw=b""))
    return b"".join((head.removesuffix(_NO_OCTETS), _OCTETS.pack(0xC6, len(content.raw)), content.raw))


def decode_content(body: bytes) -> Content:
    """Raises msgspec.MsgspecError or UnicodeDecodeError for a damaged row."""
    return _content.decode(body)


class _Headers(msgspec.Struct, frozen=True):
    """The part of a content that is wanted by itself; attachments beside it are passed over."""

    headers: tuple[tuple[str, str], ...] = ()


_headers = msgspec.msgpack.Decoder(_Headers)


def decode_headers(body: object) -> tuple[tuple[str, str], ...]:
    """The extra header fields of a stored content, none of one that is damaged."""
    try:
        return _headers.decode(body).headers if isinstance(body, bytes) else ()
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ()


def message_parameters(message: Message, size: int) -> Parameters:
    fields = _Fields(
        to=message.to,
        cc=message.cc,
        bcc=message.bcc,
        tags=message.tags,
        metadata=message.metadata,
        variables=message.variables,
        author_name=message.author_name,
        dsn=message.dsn,
        tracking=message.tracking,
        reply_to=message.reply_to,
        template=message.template,
        given_id=message.given_id,
    )
    return {
        "id": message.id,
        "content_id": message.content_id,
        "key_id": message.key_id,
        "author": str(message.author),
        "domain": message.author.domain,
        "subject": message.subject,
        "fields": _json.encode(fields).decode(),
        "size": size,
        "accepted_at": message.accepted_at,
        "date": message.date,
        "expires_at": message.expires_at,
    }


def message_from(row: Row) -> Message:
    """From MESSAGE_COLUMNS."""
    values: tuple[Any, ...] = row
    fields = _fields.decode(values[5])
    return Message(
        id=MessageId(values[0]),
        content_id=ContentId(values[1]),
        key_id=KeyId(values[2]),
        author=address_from(values[3]),
        to=fields.to,
        cc=fields.cc,
        bcc=fields.bcc,
        subject=values[4],
        tags=fields.tags,
        metadata=fields.metadata,
        variables=fields.variables,
        author_name=fields.author_name,
        dsn=fields.dsn,
        tracking=fields.tracking,
        reply_to=fields.reply_to,
        template=fields.template,
        given_id=fields.given_id,
        accepted_at=values[6],
        date=values[7],
        expires_at=values[8],
    )


def recipient_parameters(recipient: Recipient) -> Parameters:
    return {
        "id": recipient.id,
        "message_id": recipient.message_id,
        "address": str(recipient.address),
        "nexthop": recipient.nexthop,
        "state": recipient.state.value,
        "tries": recipient.tries,
        "due_at": recipient.due_at,
        "expires_at": recipient.expires_at,
        "lease": recipient.lease,
        "status": str(recipient.status) if recipient.status else None,
        "reason": recipient.reason,
        "updated_at": recipient.updated_at,
        "dsn": _json.encode(recipient.dsn).decode() if recipient.dsn else None,
    }


def recipient_from(row: Row) -> Recipient:
    """From RECIPIENT_COLUMNS."""
    values: tuple[Any, ...] = row
    return Recipient(
        id=RecipientId(values[0]),
        message_id=MessageId(values[1]),
        address=address_from(values[2]),
        nexthop=values[3],
        state=RecipientState(values[4]),
        tries=values[5],
        due_at=values[6],
        expires_at=values[7],
        lease=values[8],
        status=EnhancedStatus.parse(values[9]) if values[9] else None,
        reason=values[10],
        updated_at=values[11],
        dsn=_request.decode(values[12]) if values[12] else None,
    )


def encode_detail(detail: Detail) -> str:
    return _json.encode(detail).decode()


def event_parameters(event: Event) -> Parameters:
    return {
        "at": event.at,
        "type": event.type.value,
        "message_id": event.message_id,
        "recipient_id": event.recipient_id,
        "address": str(event.address),
        "detail": encode_detail(event.detail),
        "domain": event.domain,
    }


def event_from(row: Row) -> Event:
    """From EVENT_COLUMNS."""
    values: tuple[Any, ...] = row
    return Event(
        id=EventId(values[0]),
        at=values[1],
        type=EventType(values[2]),
        message_id=MessageId(values[3]),
        recipient_id=RecipientId(values[4]),
        address=address_from(values[5]),
        detail=_detail.decode(values[6]),
        domain=values[7],
    )


def address_from(text: str) -> Address:
    """A stored address; it was checked when it came in."""
    local, at, domain = text.rpartition("@")
    if not at:
        raise ValueError(f"not a stored address: {text!r}")
    return Address(local, domain)
