"""The inbound listener: takes what comes back to our own addresses, and nothing else (no relay, no mailbox).

aiosmtpd speaks the protocol; what it does that a server on port 25 must not (500 with exception text for its own
faults, no connection limit, no junk limit, short lines) is overridden here. RFC 5321.
"""

import asyncio
import collections
import logging
import re
import secrets
from collections.abc import Callable
from typing import Any, AnyStr, cast

import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session

from emailgw import metrics
from emailgw.core.text import clean_line
from emailgw.errors import StoreUnavailable
from emailgw.queue.bounces import Bounces
from emailgw.queue.mailboxes import Destination, Mailboxes, Purpose

log = logging.getLogger("emailgw.smtpd")
logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd's own, which repeats every line of every client

LONGEST_LINE = 256 * 1024  # octets; RFC 5321 allows 1,000, real reports have more
MAX_COMMANDS = 1000  # of each kind in one session
MAX_REFUSALS = 20  # 4xx and 5xx replies in one session
MAX_RECIPIENTS = 100
MAX_CLIENTS = 10_000  # whose rate is remembered
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
LATER = "451 4.3.0 Temporary local problem, try again later"


class InboundSettings(msgspec.Struct, frozen=True):
    """`max_size` in octets, `timeout` in milliseconds without a valid command, or for one DATA. To plain addresses a
    client may send `plain_rate` messages a minute, and of each the first `plain_size` octets are read.
    """

    max_size: int
    timeout: int
    max_connections: int
    max_connections_per_address: int
    plain_rate: int = 60
    plain_size: int = 1 << 20


class Inbound:
    """Makes one protocol for each connection, within the limits."""

    def __init__(
        self,
        mailboxes: Mailboxes,
        bounces: Bounces,
        settings: InboundSettings,
        host_name: str,
        clock: Callable[[], int],
    ) -> None:
        self._reports = _Reports(mailboxes, bounces, settings, clock)
        self._settings = settings
        self._host_name = host_name
        self._connections: collections.Counter[str] = collections.Counter()

    def protocol(self) -> "InboundProtocol":
        """For `loop.create_server`."""
        return InboundProtocol(
            self._reports,
            self,
            hostname=self._host_name,
            ident="ESMTP emailgw",
            data_size_limit=self._settings.max_size,
            timeout=self._settings.timeout / 1000,
            enable_SMTPUTF8=True,
            command_call_limit=MAX_COMMANDS,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
        )

    @property
    def most_octets(self) -> int:
        """Between two replies: a message that is too large is still read to its end, to be refused politely."""
        return 2 * self._settings.max_size + LONGEST_LINE

    def enter(self, address: str) -> bool:
        """Count a connection in; False when there are too many."""
        full = self._connections.total() >= self._settings.max_connections
        crowded = self._connections[address] >= self._settings.max_connections_per_address
        self._connections[address] += 1
        return not (full or crowded)

    def leave(self, address: str) -> None:
        self._connections[address] -= 1
        if not self._connections[address]:
            del self._connections[address]


class InboundProtocol(SMTP):
    line_length_limit = LONGEST_LINE

    def __init__(self, reports: "_Reports", inbound: Inbound, **options: Any) -> None:
        super().__init__(reports, **options)
        self._inbound = inbound
        self._address: str | None = None
        self._refusals = 0
        self._unanswered = 0  # octets since our last reply

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        if self._inbound.enter(self._address):
            super().connection_made(transport)
        else:
            # Not isinstance: uvloop's transports do not inherit from asyncio's.
            turned_away = cast(asyncio.Transport, transport)
            turned_away.write(b"421 4.7.0 Too many connections, try again later\r\n")
            turned_away.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self._address is not None:
            self._inbound.leave(self._address)
            self._address = None
        if self.session is not None:  # not one that was turned away
            super().connection_lost(error)

    def eof_received(self) -> bool | None:
        return super().eof_received() if self.session is not None else None

    def data_received(self, data: bytes) -> None:
        """aiosmtpd swallows a line without end, or a message without its dot, for ever; here it is too much one day."""
        self._unanswered += len(data)
        if self._unanswered <= self._inbound.most_octets:
            super().data_received(data)
        elif self.transport is not None and not self.transport.is_closing():
            cast(asyncio.Transport, self.transport).write(b"421 4.7.0 Too much without an end, goodbye\r\n")
            self.transport.close()

    async def push(self, status: AnyStr) -> None:
        """Every reply goes through here: after too many refusals the client is junk."""
        self._unanswered = 0
        if status[:1] in ("4", "5", b"4", b"5"):
            self._refusals += 1
            if self._refusals > MAX_REFUSALS and self.transport is not None:
                await super().push("421 4.7.0 Too many errors, goodbye")
                self.transport.close()
                return
        await super().push(status)


class _Reports:
    """aiosmtpd's handler: what to say to RCPT and to the message."""

    def __init__(
        self, mailboxes: Mailboxes, bounces: Bounces, settings: InboundSettings, clock: Callable[[], int]
    ) -> None:
        self._mailboxes = mailboxes
        self._bounces = bounces
        self._plain_size = settings.plain_size
        self._plain_rate = Rate(settings.plain_rate, clock)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        try:
            destination = await self._mailboxes.find(address)
        except StoreUnavailable as error:
            log.warning("an address asked for by %s was put off: %s", session.peer, error)
            return LATER
        if destination is None:
            metrics.inbound_refused.inc()
            log.info("inbound from %s refused for %s", session.peer, clean_line(address, 100))
            return "550 5.1.1 No such mailbox here"
        if len(_destinations(envelope)) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        if destination.purpose is Purpose.PLAIN and not self._plain_rate.allows(_host_of(session)):
            return "451 4.7.1 Too many messages to this address, try again later"
        _destinations(envelope).append(destination)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.original_content or b""
        if _BARE.search(raw):
            # What one host reads as an end of line and another does not is how messages are smuggled.
            return "550 5.6.0 Lines must end in CR LF; bare CR or LF is not accepted"
        # Each once. Signed paths go first: what they record, the same report to a plain address only repeats.
        destinations = sorted(dict.fromkeys(_destinations(envelope)), key=lambda one: one.purpose is Purpose.PLAIN)
        try:
            for destination in destinations:
                await self._receive(destination, envelope.mail_from, raw)
        except StoreUnavailable as error:
            # A report repeated to those that had it already has no second effect.
            log.warning("report from %s put off: %s", session.peer, error)
            return LATER
        return "250 2.0.0 OK"

    async def _receive(self, destination: Destination, reverse_path: str | None, raw: bytes) -> None:
        if destination.recipient_id is None:
            await self._bounces.receive_plain(raw[: self._plain_size])
        elif destination.purpose is Purpose.UNSUBSCRIBE:
            await self._bounces.unsubscribe(destination.recipient_id, reverse_path, raw)
        else:
            await self._bounces.receive(destination.recipient_id, raw)

    async def handle_exception(self, error: Exception) -> str:
        fault = secrets.token_hex(4)
        log.error("fault %s in an inbound session", fault, exc_info=error)
        metrics.faults.labels("inbound").inc()
        return f"{LATER} ({fault})"


def _destinations(envelope: Envelope) -> list[Destination]:
    """aiosmtpd keeps what we put there and never looks at it: what an address is for, and not its text."""
    return cast("list[Destination]", envelope.rcpt_tos)


class Rate:
    """So many a minute for each client address, after a burst of as many; remembers the busy ones only."""

    def __init__(self, per_minute: int, clock: Callable[[], int]) -> None:
        self._step = 60_000 // max(1, per_minute)  # milliseconds that one costs
        self._clock = clock
        self._paid: dict[str, int] = {}  # client → until when what it took is paid for

    def allows(self, client: str) -> bool:
        now = self._clock()
        if len(self._paid) >= MAX_CLIENTS:
            self._paid = {client: until for client, until in self._paid.items() if until > now}
        until = max(now, self._paid.get(client, 0)) + self._step
        if until > now + 60_000 or (client not in self._paid and len(self._paid) >= MAX_CLIENTS):
            return False
        self._paid[client] = until
        return True


def _host_of(session: Session) -> str:
    return str(session.peer[0]) if session.peer else ""
