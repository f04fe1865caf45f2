"""Mail for people and programs: whether a recipient is wanted, and taking what is. The inbound door asks both.

Taking means one transaction: the message, the event that tells of it, the copies to forward. When `take` returns, all
of it is on stable storage (guarantee G1). The same message from the same client for the same recipient within minutes
is known again and has no second effect: its client did not hear our answer.
"""

import asyncio
import hashlib
import ipaddress
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from emailgw import maillog, metrics
from emailgw.core.address import Address, AddressError
from emailgw.core.directory import Domain, DomainStatus, RecordStatus
from emailgw.core.events import Detail, Event, EventType, Source
from emailgw.core.ids import MessageId, RecipientId, uuid7
from emailgw.core.receiving import (
    Authentication,
    DmarcVerdict,
    Incoming,
    Received,
    Rule,
    RuleAction,
    Summary,
    best_rule,
)
from emailgw.core.text import clean_line
from emailgw.errors import Conflict, Contradiction, Rejected, StoreUnavailable
from emailgw.mime.incoming import Opened, has_header, header_of, open_mail, summarise, without_fields
from emailgw.mime.reader import Fields
from emailgw.mime.results import is_forged, results_field
from emailgw.mime.trace import received_field
from emailgw.queue.passing import Passing, refuse_loops
from emailgw.store.arriving import Arrival
from emailgw.store.directory import Directory
from emailgw.store.received import ReceivedMail, Taken

log = logging.getLogger("emailgw.queue")

SAME_WITHIN = 10 * 60_000  # milliseconds
LARGE = 64 << 10  # octets from which on a message is read in a thread
LISTED = 100  # attachments that an event names

T = TypeVar("T")
Authenticate = Callable[[Incoming], Awaitable[Authentication]]


class Wanted(msgspec.Struct, frozen=True):
    """A recipient that is taken. `rule` None: its domain has no rules and stores everything."""

    address: Address
    rule: Rule | None = None

    @property
    def stored(self) -> bool:
        return self.rule is None or self.rule.stores

    @property
    def forward_to(self) -> str:
        return self.rule.forward_to if self.rule is not None and self.rule.action is not RuleAction.STORE else ""


class ReceptionPolicy(msgspec.Struct, frozen=True):
    """`spam`: what a header field of spam looks like, None for no such; `reject_spam`, `reject_dmarc`: it
    is refused, not only marked.
    """

    host_name: str
    spam: re.Pattern[str] | None = None
    reject_spam: bool = False
    reject_dmarc: bool = False


class Reception:
    def __init__(
        self,
        received: ReceivedMail,
        directory: Directory,
        passing: Passing,
        policy: ReceptionPolicy,
        check_space: Callable[[int, int], None],
        clock: Callable[[], int],
        authenticate: Authenticate | None = None,
    ) -> None:
        self._received = received
        self._directory = directory
        self._passing = passing
        self._policy = policy
        self._check_space = check_space
        self._clock = clock
        self._authenticate = authenticate

    async def wanted(self, text: str) -> Wanted | None:
        """Who wants mail to an address; None when nobody does. Raises StoreUnavailable, NoRoom too."""
        try:
            address = Address.parse(text)
        except AddressError:
            return None
        now = self._clock()
        domain = await self._directory.domain(address.domain, now)
        if domain is None or not _receives(domain):
            return None
        rules = await self._received.rules(domain.name, now)
        rule = best_rule(rules, address.local)
        if rules and rule is None:
            return None
        self._check_space(now, 0)
        return Wanted(address, rule)

    async def take(self, wanted: Sequence[Wanted], mail: Incoming) -> None:
        """Raises Rejected for what is no mail, for mail that loops or is spam or forged, where the policy says so;
        StoreUnavailable, and then it must be offered again.
        """
        if not has_header(mail.raw):
            raise Rejected("The header of this message has no end", status="5.6.0")
        fields = header_of(mail.raw)
        for one in wanted:
            refuse_loops(fields, one.address)
        is_spam = self._is_spam(fields)
        if is_spam and self._policy.reject_spam:
            raise Rejected("This message looks like spam", status="5.7.1")
        self._check_space(self._clock(), len(mail.raw))
        prints = await _aside(mail.raw, _digests, mail, fields, wanted)
        if not await self._fresh(wanted, prints, self._clock()):
            return _tell_repeated(mail, fields)
        authentication = await self._authenticate(mail) if self._authenticate is not None else None
        _count(authentication)
        if authentication is not None and self._policy.reject_dmarc and authentication.is_refused:
            raise Rejected(_refusal(authentication.dmarc), status="5.7.1")
        mail = msgspec.structs.replace(mail, raw=await _aside(mail.raw, self._without_forgeries, mail.raw))
        summary = await _aside(mail.raw, _read, mail.raw)
        summary = msgspec.structs.replace(summary, spam=is_spam, authentication=authentication)
        for _ in range(3):
            now = self._clock()
            fresh = await self._fresh(wanted, prints, now)
            if not fresh:
                return _tell_repeated(mail, fields)
            taken = self._make(fresh, mail, summary, prints, now)
            try:
                await self._received.add(taken, now, SAME_WITHIN)
            except Contradiction as error:
                raise StoreUnavailable(str(error)) from error
            except Conflict:
                continue  # another connection brought it meanwhile
            return self._tell(taken)
        raise StoreUnavailable("the same message comes on several connections at once")

    async def _fresh(self, wanted: Sequence[Wanted], prints: dict[Address, bytes], now: int) -> list[Wanted]:
        """Those for whom it did not come before."""
        seen = await self._received.seen(list(prints.values()), now - SAME_WITHIN)
        return [one for one in dict.fromkeys(wanted) if prints[one.address] not in seen]

    def _without_forgeries(self, raw: bytes) -> bytes:
        return without_fields(raw, lambda field: is_forged(field, self._policy.host_name))

    def _make(
        self,
        fresh: Sequence[Wanted],
        mail: Incoming,
        summary: Summary,
        prints: dict[Address, bytes],
        now: int,
    ) -> list[Taken]:
        """One piece for each domain: what one sees of the message is no business of the other's."""
        pieces = []
        for domain in dict.fromkeys(one.address.domain for one in fresh):
            id = uuid7(now, secrets.token_bytes(10))
            here = [one for one in fresh if one.address.domain == domain]
            stored = tuple(one.address for one in here if one.stored)
            known = msgspec.structs.replace(summary, received_for=tuple(map(str, stored)))
            trace = self._trace(mail, id, here, now)
            if summary.authentication is not None:
                trace = results_field(self._policy.host_name, summary.authentication) + trace
            path = f"Return-Path: <{clean_line(mail.reverse_path, 500)}>\r\n".encode()
            raw = path + trace + mail.raw if stored else b""
            received = None
            events: list[Event] = []
            if stored:
                received = Received(id, domain, now, mail.client, mail.reverse_path, stored, len(raw), known)
                short = msgspec.structs.replace(known, attachments=known.attachments[:LISTED])
                detail = Detail(source=Source.MAIL, mail=short)
                events.append(
                    Event(now, EventType.RECEIVED, MessageId(id), RecipientId(0), stored[0], detail, domain=domain)
                )
            copies = [
                self._passing.copy(one.address, one.forward_to, mail.reverse_path, mail.raw, trace, summary, now)
                for one in here
                if one.forward_to
            ]
            arrival = Arrival(
                {key: content for copy in copies for key, content in copy.contents.items()},
                [message for copy in copies for message in copy.messages],
                [recipient for copy in copies for recipient in copy.recipients],
                [*events, *(event for copy in copies for event in copy.events)],
            )
            digests = tuple(prints[one.address] for one in here)
            pieces.append(Taken(received, raw, arrival, digests))
        return pieces

    def _trace(self, mail: Incoming, id: str, here: Sequence[Wanted], now: int) -> bytes:
        only = str(here[0].address) if len(here) == 1 else ""
        return received_field(mail.helo, mail.client, self._policy.host_name, mail.protocol, id, only, now)

    def _is_spam(self, fields: Fields) -> bool:
        pattern = self._policy.spam
        return pattern is not None and any(pattern.search(f"{name}: {value[:500]}") for name, value in fields.items)

    def _tell(self, taken: Sequence[Taken]) -> None:
        for one in taken:
            if one.received is not None:
                maillog.received(one.received)
                metrics.received.labels("stored").inc()
            metrics.received.labels("forwarded").inc(len(one.arrival.messages))


def _receives(domain: Domain) -> bool:
    """Only with proof that the domain is its owner's: it is verified, or its own MX record was seen to lead here."""
    shown = any(record.purpose == "Receiving" and record.status is RecordStatus.VERIFIED for record in domain.checked)
    return domain.receiving and (domain.status is DomainStatus.VERIFIED or shown)


async def open_safely(raw: bytes) -> Opened:
    """The message in parts; one that cannot be read has none."""
    try:
        return await _aside(raw, open_mail, raw)
    except Exception:
        log.exception("a message cannot be read")
        return Opened(None, None, (), ())


async def _aside(raw: bytes, function: Callable[..., T], *arguments: object) -> T:
    """In a thread if the message is large."""
    return function(*arguments) if len(raw) < LARGE else await asyncio.to_thread(function, *arguments)


def _count(authentication: Authentication | None) -> None:
    if authentication is None:
        return
    verdicts = [("spf", authentication.spf.result), ("dmarc", authentication.dmarc.result)]
    for method, result in [*verdicts, *(("dkim", one.result) for one in authentication.dkim)]:
        metrics.authenticated.labels(method, result).inc()


def _refusal(dmarc: DmarcVerdict) -> str:
    return f"DMARC: {f'the domain {dmarc.domain} asks to reject this' if dmarc.domain else dmarc.reason}"


def _tell_repeated(mail: Incoming, fields: Fields) -> None:
    metrics.received.labels("repeated").inc()
    log.info("mail from %s came before: %s", mail.client, clean_line(fields.raw("message-id"), 500))


def _read(raw: bytes) -> Summary:
    try:
        return summarise(raw)
    except Exception:  # what cannot be read is kept all the same, as it came
        log.exception("a message cannot be read; it is kept as it is")
        return Summary(unreadable=True)


def _digests(mail: Incoming, fields: Fields, wanted: Sequence[Wanted]) -> dict[Address, bytes]:
    """What tells the same message from the same client for each recipient. Clients of one pool are neighbours."""
    message_id = fields.raw("message-id")
    end = mail.raw.find(b"\r\n\r\n")
    # Without a Message-ID only the whole of it is the same; with one the fields on top may differ from try to try.
    body = hashlib.sha256(memoryview(mail.raw)[end:] if message_id and end >= 0 else mail.raw).digest()
    about = f"{_neighbourhood(mail.client)}\0{message_id}\0".encode() + body
    return {one.address: hashlib.sha256(about + str(one.address).lower().encode()).digest() for one in wanted}


def _neighbourhood(client: str) -> str:
    try:
        version = ipaddress.ip_address(client).version
        return str(ipaddress.ip_network(f"{client}/{24 if version == 4 else 64}", strict=False))
    except ValueError:
        return client
