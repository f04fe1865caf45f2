"""What is accepted, stored and worked on: Submission, Content, Message, Recipient.

All are frozen. Times are integer milliseconds UTC. A `Content` is stored once however many messages share it; a
`Recipient` is the unit of state and of work.
"""

import enum
from collections.abc import Mapping

import msgspec

from emailgw.core.address import Address, Mailbox
from emailgw.core.dsn import MessageRequest, RecipientRequest
from emailgw.core.ids import ContentId, KeyId, MessageId, RecipientId, TemplateId
from emailgw.core.status import EnhancedStatus
from emailgw.core.template import Variable
from emailgw.core.tracking import NO_WISH, Tracking, TrackingWish


class Attachment(msgspec.Struct, frozen=True):
    """`data` decoded; `content_type` is `type/subtype`, parameters allowed; `content_id` (no brackets) = inline."""

    filename: str
    data: bytes
    content_type: str = "application/octet-stream"
    content_id: str | None = None


class Content(msgspec.Struct, frozen=True):
    """What will be composed: fields and attachments, or `raw` RFC 5322 bytes, beside which only author and
    subject stand, as read from it.

    `headers`: extra header fields in their order, values as plain Unicode text. `placeholders`: not None when subject,
    text and html are templates, to be filled with each message's variables; these are the declared ones.
    """

    author: Mailbox
    reply_to: tuple[Mailbox, ...] = ()
    subject: str = ""
    text: str | None = None
    html: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    placeholders: tuple[Variable, ...] | None = None
    raw: bytes | None = None  # last, see `store.rows.encode_content`


class Message(msgspec.Struct, frozen=True):
    """One accepted message. `to` and `cc` are what its header shows; the envelope is its Recipients.

    `date` is when it is meant to be sent (accepted or scheduled, whichever is later): header Date comes from it, so
    that every composition gives the same bytes. `tracking` is None where nothing is. `reply_to` and `template` (the one
    that its sender named) are for lists to show: a list reads no contents. `given_id`: the Message-ID that its sender
    gave, without brackets.
    """

    id: MessageId
    content_id: ContentId
    key_id: KeyId
    author: Address
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...] = ()
    bcc: tuple[Mailbox, ...] = ()
    subject: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    variables: dict[str, object] = {}
    accepted_at: int = 0
    date: int = 0
    expires_at: int = 0
    author_name: str = ""
    dsn: MessageRequest | None = None
    tracking: Tracking | None = None
    reply_to: tuple[Mailbox, ...] = ()
    template: TemplateId | None = None
    given_id: str = ""

    @property
    def header_message_id(self) -> str:
        """The Message-ID field's value without brackets, the same at every composition: the sender's, or ours."""
        return self.given_id or f"{self.id}@{self.author.domain}"


class RecipientState(enum.StrEnum):
    """Being delivered is not a state but a lease on a queued or deferred recipient (`docs/internals.md`)."""

    QUEUED = "queued"
    DEFERRED = "deferred"
    HELD = "held"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self not in _UNFINISHED

    @property
    def is_waiting(self) -> bool:
        """Whether the queue manager will try it by itself."""
        return self in _WAITING


_WAITING = frozenset({RecipientState.QUEUED, RecipientState.DEFERRED})
_UNFINISHED = _WAITING | {RecipientState.HELD}


class Recipient(msgspec.Struct, frozen=True):
    """One (message, address): it gets its own SMTP transaction, because its reverse-path is its own.

    `nexthop` is the domain whose MX hosts take it. `due_at` is set exactly while `state.is_waiting`; `lease` is the
    token of the lane that works on it. `tries` counts finished tries. `status` and `reason` tell of the last one.
    """

    id: RecipientId
    message_id: MessageId
    address: Address
    nexthop: str
    state: RecipientState
    tries: int = 0
    due_at: int | None = None
    expires_at: int = 0
    lease: int | None = None
    status: EnhancedStatus | None = None
    reason: str = ""
    updated_at: int = 0
    dsn: RecipientRequest | None = None


class Submission(msgspec.Struct, frozen=True):
    """What a door hands to `queue.accept`. `send_at`: not before, or None for now.

    `recipients`: the envelope, where it is not simply everybody in to, cc and bcc. `dsn` and `requests` (by recipient)
    are what its sender asked to be told. `template`: what the content was made of.
    """

    key_id: KeyId
    content: Content
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...] = ()
    bcc: tuple[Mailbox, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    variables: dict[str, object] = {}
    send_at: int | None = None
    recipients: tuple[Address, ...] = ()
    dsn: MessageRequest | None = None
    requests: Mapping[Address, RecipientRequest] = {}
    wish: TrackingWish = NO_WISH
    template: TemplateId | None = None

    @property
    def envelope(self) -> tuple[Address, ...]:
        """Every recipient once, in order; the same mailbox named twice gets one copy."""
        seen: dict[tuple[str, str], Address] = {}
        named = self.recipients or [mailbox.address for mailbox in self.to + self.cc + self.bcc]
        for address in named:
            seen.setdefault((address.local, address.domain), address)
        return tuple(seen.values())


class Envelope(msgspec.Struct, frozen=True):
    """What an SMTP transaction carries: reverse-path (empty is the null one), recipient, signed bytes with CRLF, and
    what hosts that offer DSN shall be told of its sender's wishes. `foreign`: others wrote it, header included.
    """

    reverse_path: str
    recipient: Address
    data: bytes
    dsn: MessageRequest | None = None
    request: RecipientRequest | None = None
    foreign: bool = False
