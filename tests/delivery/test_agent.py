"""Which host is tried next, and what the whole try comes to."""

import asyncio
from collections.abc import Iterator

import pytest

from emailgw.core.status import Scope
from emailgw.delivery.agent import Agent
from emailgw.delivery.router import Router
from tests.delivery.conftest import World, envelope, now, run
from tests.harness.dns import DNSServer, Fault
from tests.harness.sink import Drop, Say, Silence, Sink, Step


@pytest.fixture
def backup(world: World) -> Iterator[Sink]:
    """A second, less preferred MX host."""
    world.dns.mx("example.test", (10, "mx.example.test"), (20, "backup.test"))
    world.dns.add("backup.test", "A", "127.0.0.2")
    with Sink("127.0.0.2", world.sink.port, name="backup.test") as sink:
        yield sink


@pytest.mark.parametrize(
    ("step", "reply"),
    [
        ("CONNECT", Say("421 4.3.2 busy", close=True)),
        ("CONNECT", Say("450 4.3.2 busy")),
        ("CONNECT", Say("554 5.7.1 you are on a list")),
        ("CONNECT", Say("521 5.3.2 no mail here")),
        ("CONNECT", Drop()),
        ("CONNECT", Silence()),
        ("EHLO", Say("451 4.3.0 later")),
        ("EHLO", Drop()),
        ("MAIL", Drop(reset=True)),
        ("MAIL", Say("421 4.3.2 going down", close=True)),
        ("RCPT", Drop()),
        ("RCPT", Silence()),
        ("DATA", Drop()),
        ("BODY", Drop(reset=True)),
    ],
)
def test_trouble_of_a_host_goes_on_to_the_next(world: World, backup: Sink, step: str, reply: Step) -> None:
    world.sink.on(step, reply, always=True)
    attempt = world.deliver_one()
    if step == "BODY":  # the message was on its way, and may have come
        assert str(attempt.status.status) == "4.4.2"
        assert backup.sessions == []
    else:
        assert attempt.status.status.is_success, attempt.transcript
        assert (attempt.host, attempt.address) == ("backup.test", "127.0.0.2")
        assert len(backup.messages) == 1


@pytest.mark.parametrize(
    ("step", "reply"),
    [
        ("MAIL", "451 4.3.0 later"),
        ("MAIL", "550 5.7.1 no"),
        ("RCPT", "451 4.7.1 greylisted"),
        ("RCPT", "550 5.1.1 unknown"),
        ("DATA", "451 4.3.0 later"),
        ("DOT", "451 4.3.0 later"),
        ("DOT", "554 5.7.1 spam"),
    ],
)
def test_what_a_host_says_of_the_mail_ends_the_try(world: World, backup: Sink, step: str, reply: str) -> None:
    world.sink.on(step, Say(reply))
    attempt = world.deliver_one()
    assert str(attempt.status.status) == reply[4:9]
    assert attempt.host == "mx.example.test"
    assert backup.sessions == []


def test_a_host_that_does_not_answer_is_passed_over(world: World) -> None:
    world.dns.mx("example.test", (5, "dead.test"), (10, "mx.example.test"))
    world.dns.add("dead.test", "A", "127.0.0.77", "127.0.0.78")
    attempt = world.deliver_one()
    assert attempt.status.status.is_success
    assert sum("connecting" in line for line in attempt.transcript) == 3


def test_no_host_answers(world: World) -> None:
    world.dns.domain("dead.test", "127.0.0.77")
    attempt = world.deliver_one(envelope("a@dead.test"), nexthop="dead.test")
    assert str(attempt.status.status) == "4.4.1"
    assert attempt.status.scope is Scope.SITE
    assert "127.0.0.77" in attempt.status.reason
    assert (attempt.host, attempt.address) == ("mx.dead.test", "127.0.0.77")


def test_addresses_dialled_in_one_try_are_bounded(world: World) -> None:
    hosts = [f"h{number}.dead.test" for number in range(10)]
    world.dns.mx("dead.test", *((number, host) for number, host in enumerate(hosts)))
    for number, host in enumerate(hosts):
        world.dns.add(host, "A", *(f"127.0.{number + 1}.{last}" for last in range(1, 10)))
    attempt = world.deliver_one(nexthop="dead.test")
    assert sum("connecting" in line for line in attempt.transcript) == 10
    assert str(attempt.status.status) == "4.4.1"


@pytest.mark.parametrize(
    ("greeting", "status", "scope"),
    [
        ("554 5.7.1 you are on a list", "4.7.1", Scope.SITE),
        ("554 go away", "4.0.0", Scope.SITE),
        ("450 4.3.2 busy", "4.3.2", Scope.SITE),
        ("521 no mail here", "5.3.2", Scope.RECIPIENT),
        ("220 gw.test ESMTP", "5.4.6", Scope.RECIPIENT),
        ("220 GW.TEST", "5.4.6", Scope.RECIPIENT),
    ],
)
def test_greetings_of_the_last_host(world: World, greeting: str, status: str, scope: Scope) -> None:
    world.sink.on("CONNECT", Say(greeting))
    attempt = world.deliver_one()
    assert str(attempt.status.status) == status
    assert attempt.status.scope is scope
    assert world.sink.messages == []


def test_a_host_that_introduces_itself_as_us_is_a_loop(world: World, backup: Sink) -> None:
    world.sink.on("EHLO", Say("250-gw.test\n250 SIZE"))
    assert str(world.deliver_one().status.status) == "5.4.6"
    assert backup.sessions == []


def test_failures_of_dns_are_the_attempts_status(world: World) -> None:
    world.dns.null_mx("null.test")
    world.dns.fault("sick.test", Fault.SERVFAIL)
    for nexthop, status in (("null.test", "5.1.10"), ("sick.test", "4.4.3"), ("gone.test", "5.1.2")):
        attempt = world.deliver_one(nexthop=nexthop)
        assert str(attempt.status.status) == status
        assert attempt.host is None
        assert attempt.port is None


def test_without_permission_nobody_inside_is_dialled(world: World) -> None:
    world.change(allow_networks=())
    attempt = world.deliver_one()
    assert str(attempt.status.status) == "5.4.4"
    assert world.sink.sessions == []


def test_a_change_of_the_mx_records_counts_for_the_next_session(world: World, dns: DNSServer) -> None:
    world.dns.mx("example.test", (10, "mx.example.test"), ttl=0)

    async def work() -> list[str | None]:
        router = Router(world.settings)
        agent = Agent(router, world.settings, "example.test", now)
        first = await agent.deliver(envelope(), now() + 5000)
        dns.mx("example.test", (10, "other.test"), ttl=0)
        dns.add("other.test", "A", "127.0.0.1")
        same = await agent.deliver(envelope(), now() + 5000)
        await agent.close()
        other = await agent.deliver(envelope(), now() + 5000)
        await agent.close()
        await router.close()
        return [first.host, same.host, other.host]

    assert run(work()) == ["mx.example.test", "mx.example.test", "other.test"]


@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "RCPT", "DOT"])
def test_cancelled_it_closes_the_session_first(world: World, step: str) -> None:
    world.sink.on(step, Silence())
    world.change_timeouts(greeting=60_000, ehlo=60_000, rcpt=60_000, dot=60_000)

    async def work() -> None:
        router = Router(world.settings)
        agent = Agent(router, world.settings, "example.test", now)
        delivering = asyncio.create_task(agent.deliver(envelope(), now() + 60_000))

        def at_step() -> bool:
            return bool(world.sink.sessions) and (
                step == "CONNECT"
                or any(command.startswith(step.replace("DOT", "DATA")) for command in world.sink.commands)
            )

        await asyncio.to_thread(world.sink.wait_for, at_step)
        delivering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivering
        await asyncio.to_thread(world.sink.wait_for, lambda: world.sink.sessions[0].closed)
        await agent.close()
        await router.close()

    run(work())


def test_closing_waits_for_nobody(world: World) -> None:
    world.sink.on("QUIT", Silence())
    world.change_timeouts(quit=100)
    assert world.deliver_one().status.status.is_success
    world.sink.wait_for(lambda: world.sink.sessions[0].closed)
