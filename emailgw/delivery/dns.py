"""DNS questions and their answers: asked over UDP and TCP, cached by TTL, every failure a value. Called by `router`.

A stub resolver: it asks recursive servers and chases nothing itself. It keeps apart what a mail system must not
confuse: a name that does not exist, a name without such records (both permanent, RFC 2308 §2) and everything else,
which is trouble and says nothing about the name. It never raises for what a server does or fails to do.
"""

import asyncio
import enum
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Generic, TypeVar

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.resolver
import msgspec
from dns.rdtypes.ANY.MX import MX

from emailgw.core.text import clean_line
from emailgw.delivery.nameserver import ask_server

CACHE_ENTRIES = 50_000
MAX_TTL = 86_400  # seconds
MAX_NEGATIVE_TTL = 3_600  # RFC 2308 §5 allows three hours; a domain just set up should not wait that long
TROUBLE_TTL = 5  # so that many lanes do not each wait for a dead server (RFC 2308 §7)
QUESTIONS_AT_ONCE = 100  # each holds a socket
ROUNDS = (0.2, 0.3, 0.5)  # a server's share of the lookup's time in the first, second, third round

_ADDRESS_TYPES = {4: "A", 6: "AAAA"}

T = TypeVar("T")


class Outcome(enum.Enum):
    FOUND = enum.auto()
    NO_DATA = enum.auto()
    NO_NAME = enum.auto()  # NXDOMAIN
    TROUBLE = enum.auto()  # we could not find out: time-out, SERVFAIL, REFUSED, nonsense


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """`records` are set for FOUND only; `reason` says for people what happened otherwise."""

    outcome: Outcome
    records: tuple[T, ...] = ()
    reason: str = ""


class Exchange(msgspec.Struct, frozen=True):
    """One MX record; `host` in lower case without the final dot, empty for the root (null MX, RFC 7505)."""

    preference: int
    host: str


class Resolver:
    """Coalesces equal questions and caches answers, also negative ones. One per process; belongs to one event loop.

    `nameservers`: `host`, `host:port` or `[v6]:port`; empty takes /etc/resolv.conf. `timeout`: milliseconds for one
    lookup. `clock`: seconds, monotonic. `entries`: answers that are remembered.
    """

    def __init__(
        self,
        nameservers: tuple[str, ...] = (),
        timeout: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
        entries: int = CACHE_ENTRIES,
    ) -> None:
        self._servers = tuple(map(parse_server, nameservers)) or system_servers()
        self._timeout = timeout / 1000
        self._clock = clock
        self._entries = entries
        self._cache: dict[tuple[str, str], tuple[float, Answer[dns.rdata.Rdata]]] = {}
        self._asking: dict[tuple[str, str], asyncio.Task[Answer[dns.rdata.Rdata]]] = {}
        self._slots = asyncio.Semaphore(QUESTIONS_AT_ONCE)

    async def mx(self, name: str) -> Answer[Exchange]:
        answer = await self._lookup(name, "MX")
        exchanges = tuple(
            Exchange(record.preference, record.exchange.to_text(omit_final_dot=True).lower().removesuffix("."))
            for record in answer.records
            if isinstance(record, MX)
        )
        return Answer(answer.outcome, exchanges, answer.reason)

    async def addresses(self, name: str, ip_version: int) -> Answer[str]:
        """The A (4) or AAAA (6) records of a host, in text form."""
        answer = await self._lookup(name, _ADDRESS_TYPES[ip_version])
        return Answer(answer.outcome, tuple(record.to_text() for record in answer.records), answer.reason)

    def knows(self, name: str, ip_version: int) -> bool:
        """Whether `addresses` will not have to ask."""
        return self._remembered((name, _ADDRESS_TYPES[ip_version])) is not None

    async def records(self, name: str, rdtype: str) -> Answer[dns.rdata.Rdata]:
        """Of any type, as dnspython has them; a CNAME on the way is followed."""
        return await self._lookup(name, rdtype)

    async def close(self) -> None:
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def _lookup(self, name: str, rdtype: str) -> Answer[dns.rdata.Rdata]:
        key = (name, rdtype)
        remembered = self._remembered(key)
        if remembered is not None:
            return remembered
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._ask_and_keep(key))
        # One who stops waiting does not spoil the answer for the others.
        return await asyncio.shield(task)

    def _remembered(self, key: tuple[str, str]) -> Answer[dns.rdata.Rdata] | None:
        cached = self._cache.get(key)
        if cached is None:
            return None
        if cached[0] > self._clock():
            return cached[1]
        del self._cache[key]
        return None

    async def _ask_and_keep(self, key: tuple[str, str]) -> Answer[dns.rdata.Rdata]:
        try:
            answer, ttl = await self._ask(*key)
        finally:
            del self._asking[key]
        if ttl > 0:
            if len(self._cache) >= self._entries:
                del self._cache[next(iter(self._cache))]
            self._cache[key] = (self._clock() + ttl, answer)
        return answer

    async def _ask(self, name: str, rdtype: str) -> tuple[Answer[dns.rdata.Rdata], int]:
        """The answer of the first server that has one, and for how many seconds it holds."""
        what = f"DNS lookup of {name} {rdtype}"
        try:
            qname = dns.name.from_text(name)
        except dns.exception.DNSException as error:
            return _trouble(f"{what}: not a name that DNS can hold: {error}"), MAX_NEGATIVE_TTL
        reason = "no answer"
        waiting = list(self._servers)
        try:
            async with asyncio.timeout(self._timeout), self._slots:
                for share in ROUNDS:
                    for server in tuple(waiting):
                        try:
                            return await self._ask_server(server, qname, rdtype, share * self._timeout)
                        except TimeoutError:
                            reason = f"no answer from {server[0]}"
                        except _ServerFault as fault:
                            reason = f"{server[0]} {fault}"
                            waiting.remove(server)
        except TimeoutError:
            pass
        return _trouble(f"{what}: {reason}"), TROUBLE_TTL

    async def _ask_server(
        self, server: tuple[str, int], qname: dns.name.Name, rdtype: str, timeout: float
    ) -> tuple[Answer[dns.rdata.Rdata], int]:
        try:
            async with asyncio.timeout(timeout):
                return _read(await ask_server(server, qname, rdtype))
        except TimeoutError:  # an OSError, but the server may yet answer in the next round
            raise
        except (OSError, EOFError) as error:
            raise _ServerFault(f"cannot be asked: {error}") from error
        except (dns.exception.DNSException, ValueError) as error:
            raise _ServerFault(f"gave an answer that makes no sense: {error}") from error


class _ServerFault(Exception):
    """This server is no help with this question; another may be."""


def _read(response: dns.message.Message) -> tuple[Answer[dns.rdata.Rdata], int]:
    rcode = response.rcode()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise _ServerFault(f"answered {dns.rcode.to_text(rcode)}")
    if not isinstance(response, dns.message.QueryMessage):
        raise _ServerFault("answered something else than a query")
    chain = response.resolve_chaining()  # bounds a chain of CNAMEs, so that a loop ends as nonsense
    if chain.answer is not None:
        return Answer(Outcome.FOUND, tuple(chain.answer)), min(chain.minimum_ttl, MAX_TTL)
    absent = Outcome.NO_NAME if rcode == dns.rcode.NXDOMAIN else Outcome.NO_DATA
    return Answer(absent, (), dns.rcode.to_text(rcode)), min(chain.minimum_ttl, MAX_NEGATIVE_TTL)


def _trouble(reason: str) -> Answer[dns.rdata.Rdata]:
    return Answer(Outcome.TROUBLE, (), clean_line(reason))


def system_servers() -> tuple[tuple[str, int], ...]:
    try:
        return tuple((str(server), 53) for server in dns.resolver.Resolver().nameservers)
    except dns.resolver.NoResolverConfiguration:
        return (("127.0.0.1", 53),)  # as resolv.conf(5) has it


def parse_server(text: str) -> tuple[str, int]:
    """`host`, `host:port`, `v6` or `[v6]:port`; hosts are IP addresses. Raises ValueError."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        host, port = text, ""
    return str(ip_address(host)), int(port or 53)
