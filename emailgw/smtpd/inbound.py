"""The inbound door: takes what comes back to our own addresses, and nothing else (no relay, no mailbox). RFC 5321."""

import logging
from collections.abc import Awaitable, Callable

import msgspec

from emailgw import metrics
from emailgw.core.text import clean_line
from emailgw.queue.bounces import Bounces
from emailgw.queue.mailboxes import Destination, Mailboxes, Purpose
from emailgw.smtpd.grammar import Mail, Rcpt
from emailgw.smtpd.terms import Client, Credentials, Message, Question

log = logging.getLogger("emailgw.smtpd")

MAX_RECIPIENTS = 100
MAX_CLIENTS = 10_000  # whose rate is remembered


class InboundSettings(msgspec.Struct, frozen=True):
    """To plain addresses a client may send `plain_rate` messages a minute, and of each the first `plain_size` octets
    are read.
    """

    plain_rate: int = 60
    plain_size: int = 1 << 20


class Inbound:
    """One for all connections."""

    def __init__(
        self, mailboxes: Mailboxes, bounces: Bounces, settings: InboundSettings, clock: Callable[[], int]
    ) -> None:
        self.mailboxes = mailboxes
        self.bounces = bounces
        self.plain_size = settings.plain_size
        self.plain_rate = Rate(settings.plain_rate, clock)

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
        if destination is None:
            metrics.inbound_refused.inc()
            log.info("inbound from %s refused for %s", self._client, clean_line(address, 100))
            return "550 5.1.1 No such mailbox here"
        if destination.purpose is Purpose.PLAIN and not self._inbound.plain_rate.allows(self._client.address):
            return "451 4.7.1 Too many messages to this address, try again later"
        self._destinations.append(destination)
        return "250 2.1.5 OK"

    async def _message(self, message: Message) -> str:
        destinations, self._destinations = self._destinations, []
        if message.bare:
            # What one host reads as an end of line and another does not is how messages are smuggled.
            return "550 5.6.0 Lines must end in CR LF; bare CR or LF is not accepted"
        # Each once. Signed paths go first: what they record, the same report to a plain address only repeats. When the
        # store fails half-way, a report repeated to those that had it already has no second effect.
        for destination in sorted(dict.fromkeys(destinations), key=lambda one: one.purpose is Purpose.PLAIN):
            await self._receive(destination, message)
        return "250 2.0.0 OK"

    async def _receive(self, destination: Destination, message: Message) -> None:
        bounces = self._inbound.bounces
        if destination.recipient_id is None:
            await bounces.receive_plain(message.data[: self._inbound.plain_size])
        elif destination.purpose is Purpose.UNSUBSCRIBE:
            await bounces.unsubscribe(destination.recipient_id, message.mail.path, message.data)
        else:
            await bounces.receive(destination.recipient_id, message.data)


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
