"""Mail as `accept` makes it, for tests of the store and the queue: ids that ascend, everything else as wanted."""

import os
from typing import Any, NamedTuple

import msgspec

from emailgw.core.address import Address, Mailbox
from emailgw.core.events import Attempt, Delays, Detail, Event, EventType, Source
from emailgw.core.ids import ContentId, KeyId, MessageId, RecipientId, SerialNumbers, uuid7
from emailgw.core.model import Content, Message, Recipient, RecipientState
from emailgw.core.status import DeliveryStatus, EnhancedStatus, Reply
from emailgw.store.arriving import Arrival

NOW = 1_800_000_000_000  # milliseconds: what the clock says unless a test moves it
HOUR = 3_600_000
DAY = 24 * HOUR
LIFETIME = 2 * DAY

_serials = SerialNumbers()


class Mail(NamedTuple):
    """What `Queue.enqueue` wants, in its order."""

    message: Message
    content: Content
    recipients: tuple[Recipient, ...]
    events: tuple[Event, ...]


def make_mail(
    *addresses: str,
    now: int = NOW,
    due_at: int | None = None,
    lifetime: int = LIFETIME,
    author: str = "Ann <ann@sender.test>",
    **content: Any,
) -> Mail:
    """A message to `addresses` (joe@example.test if there are none), accepted at `now`, due at once or at `due_at`."""
    to = tuple(map(Mailbox.parse, addresses or ("joe@example.test",)))
    date = now if due_at is None else due_at
    content_serial, *serials = _serials.take(now, 1 + len(to))
    whole = Content(author=Mailbox.parse(author), **{"subject": "Hello", "text": "Hello.\n", **content})
    message = Message(
        id=MessageId(uuid7(now, os.urandom(10))),
        content_id=ContentId(content_serial),
        key_id=KeyId("key"),
        author=whole.author.address,
        to=to,
        subject=whole.subject,
        accepted_at=now,
        date=date,
        expires_at=date + lifetime,
    )
    recipients = tuple(
        Recipient(
            id=RecipientId(serial),
            message_id=message.id,
            address=mailbox.address,
            nexthop=mailbox.address.domain,
            state=RecipientState.QUEUED,
            due_at=date,
            expires_at=message.expires_at,
            updated_at=now,
        )
        for serial, mailbox in zip(serials, to, strict=True)
    )
    events = tuple(event_of(recipient, EventType.QUEUED, now, source=Source.API) for recipient in recipients)
    return Mail(message, whole, recipients, events)


def together(*mails: Mail) -> Arrival:
    """Several mails as `accept` hands them to the store in one piece."""
    return Arrival(
        {mail.message.content_id: mail.content for mail in mails},
        [mail.message for mail in mails],
        [recipient for mail in mails for recipient in mail.recipients],
        [event for mail in mails for event in mail.events],
    )


def event_of(recipient: Recipient, type: EventType, now: int = NOW, **detail: Any) -> Event:
    return Event(now, type, recipient.message_id, recipient.id, recipient.address, Detail(**detail))


def change(recipient: Recipient, state: RecipientState, **fields: Any) -> Recipient:
    """The recipient in another state, without lease, due only if it says so."""
    return msgspec.structs.replace(recipient, **{"state": state, "due_at": None, "lease": None, **fields})


def said(code: int, text: str, **fields: Any) -> DeliveryStatus:
    """What a host said to a recipient."""
    reply = Reply.make(code, text)
    return DeliveryStatus(reply.status, str(reply), reply=reply, host="mx.example.test", **fields)


def attempt_with(status: DeliveryStatus, now: int = NOW) -> Attempt:
    return Attempt(status, now, Delays(1, 2, 3, 4), host="mx.example.test", address="127.0.0.1", port=25)


def status(text: str) -> EnhancedStatus:
    found = EnhancedStatus.parse(text)
    assert found is not None
    return found


def address(text: str) -> Address:
    return Address.parse(text)
