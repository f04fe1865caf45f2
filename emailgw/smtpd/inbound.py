"""The inbound door: takes what comes back to our own addresses, and mail for domains that receive. It relays nothing.
RFC 5321.
"""

import logging
from collections.abc import Awaitable, Callable

import msgspec

from emailgw import metrics
from emailgw.core.receiving import Incoming
from emailgw.core.text import clean_line
from emailgw.errors import NoRoom, Rejected
from emailgw.queue.bounces import Bounces
from emailgw.queue.mailboxes import Destination, Mailboxes, Purpose
from emailgw.queue.reception import Reception, Wanted
from emailgw.smtpd.gate import holder_of
from emailgw.smtpd.grammar import Mail, Rcpt
from emailgw.smtpd.terms import Client, Credentials, Message, Question

log = logging.getLogger("emailgw.smtpd")

MAX_RECIPIENTS = 100
FULL = "452 4.3.1 The disk is almost full, try again later"
MAX_CLIENTS = 10_000  # whose rate is remembered


class InboundSettings(msgspec.Struct, frozen=True):
    """To plain addresses a client may send `plain_rate` messages a minute, and of each the first `plain_size` octets
    are read. `client_rate`, `recipient_rate`: messages a minute, of one client and for one address, to domains that
    receive.
    """

    plain_rate: int = 60
    plain_size: int = 1 << 20
    client_rate: int = 600
    recipient_rate: int = 600


class Inbound:
    """One for all connections."""

    def __init__(
        self,
        mailboxes: Mailboxes,
        bounces: Bounces,
        reception: Reception,
        settings: InboundSettings,
        clock: Callable[[], int],
    ) -> None:
        self.mailboxes = mailboxes
        self.bounces = bounces
        self.plain_size = settings.plain_size
        self.reception = reception
        self.plain_rate = Rate(settings.plain_rate, clock)
        self.client_rate = Rate(settings.client_rate, clock)
        self.recipient_rate = Rate(settings.recipient_rate, clock)

    def open(self, client: Client) -> "_Visitor":
        return _Visitor(self, client)


class _Visitor:
    is_known = True

    def __init__(self, inbound: Inbound, client: Client) -> None:
        self._inbound = inbound
        self._client = client
        self.reset()

    def reset(self) -> None:
        self._destinations: list[Destination] = []
        self._wanted: list[Wanted] = []

    def ask(self, question: Question) -> str | Awaitable[str]:
        match question:
            case Mail():
                self.reset()
                return "250 2.1.0 OK"
            case Rcpt():
                return self._rcpt(question.path)
            case Message():
                return self._message(question)
            case Credentials():
                return "502 5.5.1 AUTH is not offered here"

    async def _rcpt(self, address: str) -> str:
        destination = await self._inbound.mailboxes.find(address)
        wanted = None
        if destination is None or destination.purpose is Purpose.PLAIN:  # postmaster's mail may be read by people, too
            try:
                wanted = await self._inbound.reception.wanted(address)
            except NoRoom:
                return FULL
        if destination is None and wanted is None:
            metrics.inbound_refused.inc()
            log.info("inbound from %s refused for %s", self._client, clean_line(address, 100))
            return "550 5.1.1 No such mailbox here"
        if not self._is_slow_enough(destination, wanted):
            return "451 4.7.1 Too many messages to this address, try again later"
        if destination is not None:
            self._destinations.append(destination)
        if wanted is not None:
            self._wanted.append(wanted)
        return "250 2.1.5 OK"

    def _is_slow_enough(self, destination: Destination | None, wanted: Wanted | None) -> bool:
        client = holder_of(self._client.address)
        if wanted is not None:
            recipient = str(wanted.address).lower()
            return self._inbound.client_rate.allows(client) and self._inbound.recipient_rate.allows(recipient)
        plain = destination is not None and destination.purpose is Purpose.PLAIN
        return not plain or self._inbound.plain_rate.allows(client)

    async def _message(self, message: Message) -> str:
        destinations, wanted = self._destinations, self._wanted
        self.reset()
        if message.bare:
            # What one host reads as an end of line and another does not is how messages are smuggled.
            return "550 5.6.0 Lines must end in CR LF; bare CR or LF is not accepted"
        data = await message.data()
        mail = Incoming(self._client.address, message.mail.path, data, message.helo, message.protocol)
        # Each once. Signed paths go first: what they record, the same report to a plain address only repeats. When the
        # store fails half-way, a report repeated to those that had it already has no second effect.
        for destination in sorted(dict.fromkeys(destinations), key=lambda one: one.purpose is Purpose.PLAIN):
            await self._receive(destination, mail)
        return await self._take(wanted, mail) if wanted else "250 2.0.0 OK"

    async def _take(self, wanted: list[Wanted], mail: Incoming) -> str:
        try:
            await self._inbound.reception.take(wanted, mail)
        except Rejected as refusal:
            metrics.inbound_refused.inc()
            log.info("inbound from %s refused: %s", self._client, refusal)
            return f"{550 if refusal.status.subject == 7 else 554} {refusal.status} {clean_line(str(refusal), 200)}"
        except NoRoom:
            return FULL
        return "250 2.0.0 OK"

    async def _receive(self, destination: Destination, mail: Incoming) -> None:
        bounces = self._inbound.bounces
        if destination.recipient_id is None:
            await bounces.receive_plain(mail.raw[: self._inbound.plain_size])
        elif destination.purpose is Purpose.UNSUBSCRIBE:
            await bounces.unsubscribe(destination.recipient_id, mail.reverse_path, mail.raw)
        else:
            await bounces.receive(destination.recipient_id, mail.raw, mail.reverse_path)


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
