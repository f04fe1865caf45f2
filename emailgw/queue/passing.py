"""Received mail passed on to where its rule says: another mailbox, or a mail host of the owner's.

A copy keeps every byte below the fields that we put on top, so what its author signed still verifies. Its reverse-path
is ours, since SPF lets nobody send with the author's from our address: a bounce of it comes home and is an event; it
never goes on to the author (guarantee G9). Mail with the null reverse-path keeps that. What was here before does not
pass again: our own mark, or 50 Received fields, make it a loop. RFC 5321 §3.9.1, §6.3; RFC 7208 annex D.
"""

import re
import secrets

from emailgw.core.address import Address, Mailbox
from emailgw.core.events import Detail, Event, EventType, Source
from emailgw.core.ids import ContentId, KeyId, MessageId, RecipientId, SerialNumbers, uuid7
from emailgw.core.model import Content, Message, Recipient, RecipientState
from emailgw.core.receiving import Summary
from emailgw.core.text import clean_line
from emailgw.errors import Rejected
from emailgw.mime.incoming import without_fields
from emailgw.mime.reader import Fields
from emailgw.store.arriving import Arrival

FORWARDED_BY_US = KeyId("forwarded")  # whose messages copies are; no API key has these
FORWARDED_NULL = KeyId("forwarded-null")
FORWARDED = (FORWARDED_BY_US, FORWARDED_NULL)
MARK = "X-Emailgw-Forwarded-For"
MAX_HOPS = 50

_HOST = re.compile(r"\[([A-Za-z0-9.:-]{1,253})\](?::\d{1,5})?")
_RETURN_PATH = re.compile(rb"return-path[ \t]*:", re.IGNORECASE)


def refuse_loops(fields: Fields, address: Address) -> None:
    """Raises Rejected for mail that comes round again."""
    hops = len(fields.all("received"))
    if hops >= MAX_HOPS:
        raise Rejected(f"The message has {hops} Received fields: it loops.", status="5.4.6")
    if str(address).lower() in {value.strip().lower() for value in fields.all(MARK.lower())}:
        raise Rejected(f"The message was forwarded for {address} before: it loops.", status="5.4.6")


def is_host(target: str) -> bool:
    """Whether a rule's target is a mail host, `[host]` or `[host]:port`, not a mailbox."""
    return _HOST.fullmatch(target) is not None


class Passing:
    """`lifetime` of a copy in milliseconds."""

    def __init__(self, serials: SerialNumbers, lifetime: int) -> None:
        self._serials = serials
        self._lifetime = lifetime

    def copy(
        self, original: Address, target: str, reverse_path: str, raw: bytes, trace: bytes, summary: Summary, now: int
    ) -> Arrival:
        """A copy of `raw` for the target of `original`'s rule, ready to be stored. `trace`: fields to put on top."""
        content_serial, serial = self._serials.take(now, 2)
        top = f"{MARK}: {original}\r\n".encode()
        author = Mailbox("", original)
        content = Content(author, subject=summary.subject, raw=top + trace + without_fields(raw, _RETURN_PATH.match))
        address = original if is_host(target) else Address.parse(target)
        message = Message(
            id=MessageId(uuid7(now, secrets.token_bytes(10))),
            content_id=ContentId(content_serial),
            key_id=FORWARDED_BY_US if reverse_path else FORWARDED_NULL,
            author=original,
            to=(author,),
            subject=summary.subject,
            metadata=(("forwarded_from", clean_line(reverse_path, 500)), ("forwarded_message_id", summary.message_id)),
            accepted_at=now,
            date=now,
            expires_at=now + self._lifetime,
        )
        recipient = Recipient(
            id=RecipientId(serial),
            message_id=message.id,
            address=address,
            nexthop=target.lower() if is_host(target) else address.domain,
            state=RecipientState.QUEUED,
            due_at=now,
            expires_at=message.expires_at,
            updated_at=now,
        )
        told = Event(
            now, EventType.QUEUED, message.id, recipient.id, address, Detail(source=Source.MAIL), domain=original.domain
        )
        return Arrival({message.content_id: content}, (message,), (recipient,), (told,))
