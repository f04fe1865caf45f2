"""What senders by SMTP asked to be told (RFC 3461): one delivery status notification for what becomes of a recipient.

A notice is a message of its own, queued in the transaction that changes the recipient, so there is never a second one.
It has the null reverse-path, and goes only to a reverse-path in a domain of this gateway, which the key that submitted
the message may send as: no stranger ever gets one (guarantee G9).
"""

import secrets
from collections.abc import Callable

import msgspec

from emailgw.core.address import Address, AddressError, Mailbox
from emailgw.core.dsn import MessageRequest, Notify, Return
from emailgw.core.events import Event, EventType
from emailgw.core.ids import ContentId, MessageId, RecipientId, SerialNumbers, uuid7
from emailgw.core.model import Content, Message, Recipient, RecipientState
from emailgw.errors import NotFound
from emailgw.mime.compose import compose
from emailgw.mime.notice import Facts, notice
from emailgw.mime.template import render
from emailgw.queue.forwarding import REPORTS
from emailgw.store.arriving import Arrival
from emailgw.store.directory import Directory
from emailgw.store.history import History
from emailgw.store.queue import Queue
from emailgw.store.rows import decode_content

DELAYED_AFTER = 4 * 3_600_000  # milliseconds
MOST_RETURNED = 1 << 20  # octets of a message that goes back whole

_NO_STATUS = {"failed": "5.0.0", "delayed": "4.0.0", "relayed": "2.0.0"}


class Notices:
    """`lifetime` of a notice in milliseconds."""

    def __init__(
        self,
        queue: Queue,
        history: History,
        directory: Directory,
        clock: Callable[[], int],
        serials: SerialNumbers,
        host_name: str,
        lifetime: int,
    ) -> None:
        self._queue = queue
        self._history = history
        self._directory = directory
        self._clock = clock
        self._serials = serials
        self._host_name = host_name
        self._lifetime = lifetime

    async def about(self, before: Recipient, event: Event, state: RecipientState) -> Arrival | None:
        """The notice of a recipient's change to `state`, ready to be stored; None when nobody asked for it."""
        if before.dsn is None or not before.dsn.notify:
            return None
        try:
            message = await self._history.message(before.message_id)
        except NotFound:
            return None
        if message.dsn is None or not message.dsn.reverse_path or message.key_id == REPORTS:
            return None
        action = _action(before, message, event.at, state)
        if action is None or (to := await self._own_address(message.dsn.reverse_path)) is None:
            return None
        return self._make(message, message.dsn, before, event, action, to, await self._returned(message))

    async def _own_address(self, text: str) -> Address | None:
        try:
            address = Address.parse(text)
        except AddressError:
            return None
        return address if await self._directory.domain(address.domain, self._clock()) is not None else None

    async def _returned(self, message: Message) -> tuple[bytes, bool]:
        """What goes back of the message, and whether it is the whole of it."""
        assert message.dsn is not None
        try:
            content = decode_content(await self._queue.content(message.content_id))
            data = compose(render(content, message.variables), message)
        except (NotFound, msgspec.MsgspecError, UnicodeError, ValueError):
            return b"", False
        if message.dsn.ret is Return.FULL and len(data) <= MOST_RETURNED:
            return data, True
        return data[: data.find(b"\r\n\r\n") + 2], False

    def _make(
        self,
        message: Message,
        request: MessageRequest,
        recipient: Recipient,
        event: Event,
        action: str,
        to: Address,
        returned: tuple[bytes, bool],
    ) -> Arrival:
        now = self._clock()
        content_serial, serial = self._serials.take(now, 2)
        id = MessageId(uuid7(now, secrets.token_bytes(10)))
        author = Mailbox("Mail Delivery System", Address("postmaster", message.author.domain))
        attempt = event.detail.attempt
        facts = Facts(
            host_name=self._host_name,
            author=str(author.address),
            to=str(to),
            at=now,
            message_id=f"{id}@{author.address.domain}",
            action=action,
            status=str(event.detail.status or _NO_STATUS[action]),
            recipient=str(recipient.address),
            original=recipient.dsn.original if recipient.dsn is not None else "",
            envid=request.envid,
            arrived_at=message.accepted_at,
            reason=event.detail.diagnostic or event.detail.reason or "no reason was given",
            remote_host=(attempt.host if attempt is not None else event.detail.remote_mta) or "",
            returned=returned[0],
            whole=returned[1],
        )
        content = Content(author, subject=f"{action}: {recipient.address}", raw=notice(facts))
        report = Message(
            id=id,
            content_id=ContentId(content_serial),
            key_id=REPORTS,
            author=author.address,
            to=(Mailbox("", to),),
            subject=content.subject,
            accepted_at=now,
            date=now,
            expires_at=now + self._lifetime,
            author_name=author.name,
        )
        addressee = Recipient(
            id=RecipientId(serial),
            message_id=id,
            address=to,
            nexthop=to.domain,
            state=RecipientState.QUEUED,
            due_at=now,
            expires_at=report.expires_at,
            updated_at=now,
        )
        queued = Event(now, EventType.QUEUED, id, addressee.id, to)
        return Arrival({report.content_id: content}, (report,), (addressee,), (queued,))


def _action(before: Recipient, message: Message, now: int, state: RecipientState) -> str | None:
    """What is told of the change; each at most once for a recipient, since its states are."""
    notify = before.dsn.notify if before.dsn is not None else ()
    if state in (RecipientState.BOUNCED, RecipientState.EXPIRED, RecipientState.SUPPRESSED):
        return "failed" if Notify.FAILURE in notify else None
    if state is RecipientState.DELIVERED:
        fresh = before.state is not RecipientState.DELIVERED
        return "relayed" if fresh and Notify.SUCCESS in notify else None
    if state is RecipientState.DEFERRED and Notify.DELAY in notify:
        late = message.date + DELAYED_AFTER
        fresh = before.state is RecipientState.QUEUED or before.updated_at < late
        return "delayed" if now >= late and fresh else None
    return None


def together(first: Arrival | None, second: Arrival | None) -> Arrival | None:
    """Both in one transaction."""
    if first is None or second is None:
        return first or second
    return Arrival(
        {**first.contents, **second.contents},
        (*first.messages, *second.messages),
        (*first.recipients, *second.recipients),
        (*first.events, *second.events),
    )
