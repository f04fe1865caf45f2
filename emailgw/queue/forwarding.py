"""Copies of reports for the owner of a domain, who wants to see them himself.

A copy is a message of its own, queued in the transaction that records the report, so there is never a second one. It
has the null reverse-path and goes to an address that the operator named, never to whom the report came from: it is no
answer (guarantee G9), and when it cannot be delivered it ends there. RFC 5321 §4.5.5, RFC 3834 §5.
"""

import secrets
from collections.abc import Callable

from emailgw.core.address import Address, AddressError, Mailbox
from emailgw.core.events import Event, EventType
from emailgw.core.ids import ContentId, KeyId, MessageId, RecipientId, SerialNumbers, uuid7
from emailgw.core.model import Attachment, Content, Message, Recipient, RecipientState
from emailgw.mime.reader import Fields
from emailgw.store.arriving import Arrival
from emailgw.store.reports import Reports

REPORTS = KeyId("reports")  # whose messages copies are; no API key has it
MARK = "X-Emailgw-Report"  # says that a message is a copy, so that it is never taken for a report again


class Forwarding:
    """`default`: where reports go of domains about which nobody decided; None for nowhere. `lifetime`: milliseconds."""

    def __init__(
        self,
        reports: Reports,
        default: Address | None,
        lifetime: int,
        clock: Callable[[], int],
        serials: SerialNumbers,
    ) -> None:
        self._reports = reports
        self._default = default
        self._lifetime = lifetime
        self._clock = clock
        self._serials = serials

    async def copy(self, message: Message, event: Event, raw: bytes) -> Arrival | None:
        """A copy of the report `raw` about `message`, ready to be stored; None when nobody wants one."""
        if message.key_id == REPORTS:  # a report about a copy: the end of the road
            return None
        owner = await self._owner(message.author.domain)
        return self._make(message, event, raw, owner) if owner is not None else None

    async def _owner(self, domain: str) -> Address | None:
        wanted = await self._reports.forward_address(domain)
        if wanted is None:
            return self._default
        try:
            return Address.parse(wanted) if wanted else None
        except AddressError:
            return None

    def _make(self, message: Message, event: Event, raw: bytes, owner: Address) -> Arrival:
        now = self._clock()
        content_serial, serial = self._serials.take(now, 2)
        author = Mailbox("Mail reports", Address("postmaster", message.author.domain))
        content = Content(
            author=author,
            subject=f"Mail to {event.address}: {event.type.value}",
            text=_explanation(message, event),
            headers=(("Auto-Submitted", "auto-generated"), (MARK, event.type.value)),
            attachments=(Attachment("report.eml", raw, "message/rfc822"),),
        )
        copy = Message(
            id=MessageId(uuid7(now, secrets.token_bytes(10))),
            content_id=ContentId(content_serial),
            key_id=REPORTS,
            author=author.address,
            to=(Mailbox("", owner),),
            subject=content.subject,
            accepted_at=now,
            date=now,
            expires_at=now + self._lifetime,
        )
        recipient = Recipient(
            id=RecipientId(serial),
            message_id=copy.id,
            address=owner,
            nexthop=owner.domain,
            state=RecipientState.QUEUED,
            due_at=now,
            expires_at=copy.expires_at,
            updated_at=now,
        )
        queued = Event(now, EventType.QUEUED, copy.id, recipient.id, owner)
        return Arrival({copy.content_id: content}, (copy,), (recipient,), (queued,))


def is_copy(fields: Fields) -> bool:
    """Whether a message is a copy that we (or another gateway like us) made."""
    return MARK.lower() in fields


def _explanation(message: Message, event: Event) -> str:
    lines = (
        "A report about mail of your domain came in; it is attached as it came.",
        "",
        f"Recipient: {event.address}",
        f"Event:     {event.type.value}",
        f"Message:   {message.id}",
        f"Status:    {event.detail.status or 'none'}",
        f"Reason:    {event.detail.reason}",
    )
    return "\n".join(lines) + "\n"
