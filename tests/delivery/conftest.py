"""DNS, one MX host and a delivery agent between them, all on loopback. Loops are uvloop's, as in production."""

import time
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import msgspec
import pytest
import uvloop

from emailgw.core.address import Address
from emailgw.core.events import Attempt
from emailgw.core.model import Envelope
from emailgw.delivery.agent import Agent
from emailgw.delivery.router import Router
from emailgw.delivery.settings import DeliverySettings, Timeouts, TLSLevel
from tests.harness.dns import DNSServer
from tests.harness.sink import EXTENSIONS, Sink

T = TypeVar("T")

MESSAGE = b"From: a@sender.test\r\nSubject: x\r\n\r\nhello\r\n"
EXTENSIONS_IN_TURN = tuple(name for name in EXTENSIONS if name != "PIPELINING")
QUICK = Timeouts(
    dns=1000,
    connect=500,
    greeting=500,
    ehlo=500,
    tls=500,
    mail=500,
    rcpt=500,
    data=500,
    block=500,
    dot=500,
    rset=500,
    quit=300,
)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    result: T = uvloop.run(coroutine)
    return result


def now() -> int:
    return time.time_ns() // 1_000_000


def envelope(to: str = "joe@example.test", data: bytes = MESSAGE, reverse_path: str = "b@sender.test") -> Envelope:
    return Envelope(reverse_path, Address.parse(to), data)


class World:
    """`example.test` has one MX host, `mx.example.test`, which is the sink."""

    def __init__(self, dns: DNSServer, sink: Sink) -> None:
        self.dns = dns
        self.sink = sink
        self.settings = DeliverySettings(
            ehlo_name="gw.test",
            nameservers=(dns.nameserver,),
            mx_port=sink.port,
            allow_networks=("127.0.0.0/8",),
            try_limit=5000,
            timeouts=QUICK,
        )

    def change(self, **settings: object) -> None:
        self.settings = msgspec.structs.replace(self.settings, **settings)

    def change_timeouts(self, **timeouts: int) -> None:
        self.change(timeouts=msgspec.structs.replace(self.settings.timeouts, **timeouts))

    def be_patient(self) -> None:
        """For hosts that are slow but answer: on a busy machine each octet of a reply that drips may come late."""
        self.change_timeouts(**{name: 20 * getattr(QUICK, name) for name in QUICK.__struct_fields__})

    def deliver(
        self, *envelopes: Envelope, nexthop: str = "example.test", limit: int = 5000, tls: TLSLevel | None = None
    ) -> list[Attempt]:
        """One agent, one envelope after another."""

        async def work() -> list[Attempt]:
            router = Router(self.settings)
            agent = Agent(router, self.settings, nexthop, now, tls)
            try:
                return [await agent.deliver(one, now() + limit) for one in envelopes]
            finally:
                await agent.close()
                await router.close()

        return run(work())

    def deliver_one(self, one: Envelope | None = None, **options: Any) -> Attempt:
        [attempt] = self.deliver(one or envelope(), **options)
        return attempt


@pytest.fixture
def dns() -> Iterator[DNSServer]:
    with DNSServer() as server:
        yield server


@pytest.fixture(params=[True, False], ids=["pipelining", "in-turn"])
def sink(request: pytest.FixtureRequest) -> Iterator[Sink]:
    """One that offers PIPELINING and one that does not: all that is proved holds for both."""
    with Sink(extensions=EXTENSIONS if request.param else EXTENSIONS_IN_TURN) as server:
        yield server


@pytest.fixture
def world(dns: DNSServer, sink: Sink) -> World:
    dns.domain("example.test", "127.0.0.1")
    return World(dns, sink)
