"""Sessions that one lane left go on with the next one's mail to the same host, and end by themselves if none comes."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from emailgw.core.events import Attempt
from emailgw.delivery.agent import Agent
from emailgw.delivery.parking import MOST, Parking
from emailgw.delivery.router import Router
from emailgw.delivery.settings import TLSLevel
from tests.delivery.conftest import World, envelope, now, run
from tests.harness.sink import Say

LONG = 60_000  # milliseconds


class Lanes:
    """One after another, over the same parking."""

    def __init__(self, world: World, idle: int, most: int) -> None:
        self._world = world
        self._router = Router(world.settings)
        self.parking = Parking(idle, 1_000, most)

    async def deliver(self, nexthop: str, *, count: int = 1, tls: TLSLevel | None = None) -> list[Attempt]:
        agent = Agent(self._router, self._world.settings, nexthop, now, tls, self.parking)
        try:
            return [await agent.deliver(envelope(), now() + 5_000) for _ in range(count)]
        finally:
            await agent.close()

    async def close(self) -> None:
        await self.parking.close()
        await self._router.close()


def lanes(world: World, work: Callable[[Lanes], Awaitable[None]], idle: int = LONG, most: int = MOST) -> None:
    async def all_of_it() -> None:
        opened = Lanes(world, idle, most)
        try:
            await work(opened)
        finally:
            await opened.close()

    world.dns.mx("other.test", (10, "mx.example.test"))
    run(all_of_it())


async def closed(world: World, number: int = 0) -> None:
    await asyncio.to_thread(world.sink.wait_for, lambda: world.sink.sessions[number].closed)


def test_mail_of_another_domain_goes_on_with_the_session(world: World) -> None:
    async def work(opened: Lanes) -> None:
        for nexthop in ("example.test", "other.test", "example.test"):
            for attempt in await opened.deliver(nexthop, count=2):
                assert attempt.status.status.is_success
                assert attempt.host == "mx.example.test"

    lanes(world, work)
    [session] = world.sink.sessions
    assert len(world.sink.messages) == 6
    assert session.commands[-1] == "QUIT"
    assert [command for command in session.commands if command.startswith("EHLO")] == ["EHLO gw.test"]


def test_it_ends_politely_when_nobody_comes(world: World) -> None:
    async def work(opened: Lanes) -> None:
        await opened.deliver("example.test")
        await closed(world)
        await opened.deliver("other.test")

    lanes(world, work, idle=50)
    assert [session.commands[-1] for session in world.sink.sessions] == ["QUIT", "QUIT"]


def test_zero_keeps_none(world: World) -> None:
    async def work(opened: Lanes) -> None:
        await opened.deliver("example.test")
        await opened.deliver("other.test")

    lanes(world, work, idle=0)
    assert [session.commands[-1] for session in world.sink.sessions] == ["QUIT", "QUIT"]


@pytest.mark.parametrize("answer", [Say("421 4.4.2 too long", close=True), Say("", close=True)])
def test_one_that_its_host_ended_costs_nothing(world: World, answer: Say) -> None:
    """Also when that is seen only as the next mail is sent."""

    async def work(opened: Lanes) -> None:
        await opened.deliver("example.test")
        world.sink.on("MAIL", answer)
        [attempt] = await opened.deliver("other.test")
        assert attempt.status.status.is_success

    lanes(world, work)
    assert len(world.sink.sessions) == 2
    assert len(world.sink.messages) == 2


def test_a_host_is_not_told_more_in_a_session_than_it_may_be(world: World) -> None:
    world.change(max_messages_per_session=3)

    async def work(opened: Lanes) -> None:
        for nexthop in ("example.test", "other.test", "example.test", "other.test"):
            await opened.deliver(nexthop)

    lanes(world, work)
    assert [len([c for c in one.commands if c.startswith("MAIL")]) for one in world.sink.sessions] == [3, 1]


def test_a_policy_of_its_own_wants_a_session_of_its_own(world: World) -> None:
    async def work(opened: Lanes) -> None:
        await opened.deliver("example.test", tls=TLSLevel.OFF)
        await opened.deliver("other.test", tls=TLSLevel.OPPORTUNISTIC)

    lanes(world, work)
    assert len(world.sink.sessions) == 2


def test_only_so_many_wait(world: World) -> None:
    world.dns.domain("third.test", "127.0.0.1")

    async def work(opened: Lanes) -> None:
        await opened.deliver("example.test")
        await opened.deliver("third.test")
        await closed(world)
        assert not world.sink.sessions[1].closed

    lanes(world, work, most=1)
    assert len(world.sink.sessions) == 2
