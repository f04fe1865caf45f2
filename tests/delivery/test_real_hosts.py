"""A real Postfix and a real Exim take commands in one write: what is refused in the middle harms no neighbour."""

from collections.abc import Iterator

import pytest

from emailgw.core.status import Scope
from tests.delivery.conftest import MESSAGE, World, envelope
from tests.harness.dns import DNSServer
from tests.harness.exim import Exim
from tests.harness.ports import free_port
from tests.harness.postfix import Postfix
from tests.harness.sink import Sink

HOST = "127.0.0.6"
COUNT = 30


@pytest.fixture(params=["postfix", "exim"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """`example.test` is at the real host; it hands on to the sink, which also takes its reports."""
    with DNSServer() as dns, Sink() as sink:
        dns.domain("example.test", HOST)
        port = free_port(HOST)
        host = (
            Postfix(HOST, port, routes={"example.test": sink.port}, default_route=sink.port)
            if request.param == "postfix"
            else Exim(HOST, port, domain="example.test", next_hop=sink.port, default_route=sink.port)
        )
        with host:
            world = World(dns, sink)
            world.change(mx_port=port)
            world.be_patient()
            yield world


def test_what_is_refused_in_the_middle_harms_no_neighbour(world: World) -> None:
    small = [envelope(f"small+{number}@example.test") for number in range(COUNT)]
    elsewhere = envelope("joe@elsewhere.test")
    crowd = [one for pair in zip(small, [elsewhere] * COUNT, strict=True) for one in pair]
    attempts = world.deliver(*crowd, limit=60_000)
    assert [attempt.status.status.is_success for attempt in attempts] == [True, False] * COUNT
    for attempt in attempts[1::2]:
        assert attempt.status.status.is_permanent, attempt.transcript
        assert attempt.status.scope is Scope.RECIPIENT
        assert "(in reply to RCPT TO)" in attempt.status.reason
    last_said = [[line for line in attempt.transcript if line.startswith("> ")][-1] for attempt in attempts[1::2]]
    assert last_said == ["> DATA", *["> RCPT TO:<joe@elsewhere.test>"] * (COUNT - 1)]
    opened = [attempt for attempt in attempts if any("EHLO" in line for line in attempt.transcript)]
    assert len(opened) == 1


def test_a_message_reaches_the_next_hop_as_it_is(world: World) -> None:
    data = MESSAGE + b".\r\n..\r\nfrom here on\r\n" * 5000
    [attempt] = world.deliver(envelope("small@example.test", data=data), limit=60_000)
    assert attempt.status.status.is_success, attempt.transcript
    world.sink.wait_for(lambda: bool(world.sink.messages), 30)
    assert world.sink.messages[0].data.endswith(data[data.index(b"\r\n\r\n") :])
