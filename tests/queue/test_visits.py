"""Opens and clicks on their way to the log, and unsubscribing: with the real store, also when it fails."""

import asyncio
import contextlib
import sqlite3

import pytest

from emailgw.core.events import Event, EventType
from emailgw.core.ids import RecipientId
from emailgw.core.model import Recipient, RecipientState
from emailgw.core.visitors import Visit
from emailgw.errors import StoreUnavailable
from emailgw.mime.tokens import Kind, Token
from emailgw.queue.suppression import Suppressing, SuppressionPolicy
from emailgw.queue.unsubscribing import Unsubscribing
from emailgw.queue.visits import VisitLog
from emailgw.store.open import DATABASE_FILE
from tests.queue.world import World, clock, eventually

LATER = 100_000  # milliseconds after the delivery


def visit(recipient: Recipient, after: int, link: str | None = None, machine: str | None = None) -> Visit:
    return Visit(clock() + after, recipient.id, link, "192.0.2.1", "agent", machine)


async def delivered(world: World) -> Recipient:
    mail = await world.put("joe@example.test")
    await world.start()
    await world.until(mail, RecipientState.DELIVERED)
    return mail.recipients[0]


async def told(world: World, recipient: Recipient, *types: EventType) -> list[Event]:
    story = await world.store.history.story(recipient.message_id)
    return [event for event in story.events if event.type in types]


def test_people_count_once_and_machines_never(world: World, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        recipient = await delivered(world)
        log = VisitLog(world.store.visits, world.store.history, clock, hold=0)
        log.note(visit(recipient, LATER, machine="prefetch"))
        log.note(visit(recipient, LATER + 1))
        log.note(visit(recipient, LATER + 2))
        await log.write()
        log.note(visit(recipient, LATER + 3))
        for after, link in ((LATER, "a"), (LATER + 9_000, "b"), (LATER + 18_000, "a")):
            log.note(visit(recipient, after, link))
        await log.write()
        opens = [event.detail for event in await told(world, recipient, EventType.OPENED)]
        assert [(detail.machine, detail.repeat) for detail in opens] == [
            (True, False), (False, False), (False, True), (False, True)
        ]  # fmt: skip
        assert opens[0].reason == "prefetch"
        clicks = [event.detail for event in await told(world, recipient, EventType.CLICKED)]
        assert [(detail.link, detail.repeat) for detail in clicks] == [("a", False), ("b", False), ("a", True)]
        assert clicks[0].ip == "192.0.2.1"

    runner.run(scenario())


def test_several_links_at_once_are_seen_together(world: World, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        recipient = await delivered(world)
        log = VisitLog(world.store.visits, world.store.history, clock, hold=200)
        task = asyncio.create_task(log.run())
        try:
            for link in "abc":
                log.note(visit(recipient, 0, link))

            async def three() -> bool:
                return len(await told(world, recipient, EventType.CLICKED)) == 3

            await eventually(three, "three clicks in the log")
        finally:
            task.cancel()
        events = await told(world, recipient, EventType.CLICKED)
        assert all(event.detail.machine for event in events)

    runner.run(scenario())


def test_what_finds_no_room_is_dropped(world: World, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        recipient = await delivered(world)
        visits = world.store.visits
        log = VisitLog(visits, world.store.history, clock, hold=0, room=5)
        for number in range(9):
            log.note(visit(recipient, LATER + 5_000 * number, f"https://a.test/{number}"))
        log.note(visit(Recipient(RecipientId(1), recipient.message_id, recipient.address, "", recipient.state), 0))
        await log.write()
        links = [event.detail.link for event in await told(world, recipient, EventType.CLICKED)]
        assert links == [f"https://a.test/{number}" for number in range(5)]
        log.note(visit(recipient, LATER))  # there is room again
        await log.write()
        assert len(await told(world, recipient, EventType.OPENED)) == 1

    runner.run(scenario())


def test_visits_of_forgotten_mail_are_forgotten(world: World, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        log = VisitLog(world.store.visits, world.store.history, clock, hold=0)
        log.note(Visit(clock(), RecipientId(123), None, "", ""))
        await log.write()
        await log.write()
        assert await world.store.events.head() == 0

    runner.run(scenario())


def test_nothing_is_lost_while_the_store_fails(world: World, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        recipient = await delivered(world)
        log = VisitLog(world.store.visits, world.store.history, clock, hold=0)
        log.note(visit(recipient, LATER, "https://a.test/"))
        with contextlib.closing(sqlite3.connect(world.data_dir / DATABASE_FILE)) as other:
            other.execute("ALTER TABLE events RENAME TO hidden")
            for _ in range(2):  # the second time because it still waits
                with pytest.raises(StoreUnavailable):
                    await log.write()
            other.execute("ALTER TABLE hidden RENAME TO events")
        await log.write()
        assert len(await told(world, recipient, EventType.CLICKED)) == 1

    runner.run(scenario())


def unsubscribing(world: World, policy: SuppressionPolicy) -> Unsubscribing:
    store = world.store
    return Unsubscribing(store.visits, store.history, store.suppressions, Suppressing(store.reports, policy), clock)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("name", ["", "news"])
def test_unsubscribing_and_back(world: World, runner: asyncio.Runner, known: bool, name: str) -> None:
    async def scenario() -> None:
        recipient = await delivered(world)
        id = recipient.id if known else RecipientId(5)
        token = Token(Kind.UNSUBSCRIBE, id, domain="sender.test", list=name, address="joe@example.test")
        doing = unsubscribing(world, SuppressionPolicy())
        for _ in range(2):
            await doing.unsubscribe(token, "192.0.2.1", "agent")
        assert await doing.is_unsubscribed(token)
        events = await told(world, recipient, EventType.UNSUBSCRIBED)
        assert [event.detail.list for event in events] == ([name or None] if known else [])
        [entry] = await world.store.suppressions.named(["joe@example.test"])
        assert (entry.domain, entry.list) == ("sender.test", name)
        find = world.store.suppressions.find
        assert bool(await find("sender.test", [recipient.address])) == (name == "")
        assert await find("sender.test", [recipient.address], name)
        assert bool(await find("sender.test", [recipient.address], "offers")) == (name == "")
        assert not await find("other.test", [recipient.address], name)
        await doing.resubscribe(token)
        assert not await doing.is_unsubscribed(token)

    runner.run(scenario())


def test_the_policy_may_leave_it_at_the_event(world: World, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        recipient = await delivered(world)
        token = Token(Kind.UNSUBSCRIBE, recipient.id, domain="sender.test", address="joe@example.test")
        await unsubscribing(world, SuppressionPolicy(unsubscribes=False)).unsubscribe(token, "", "")
        assert len(await told(world, recipient, EventType.UNSUBSCRIBED)) == 1
        assert await world.store.suppressions.named(["joe@example.test"]) == []

    runner.run(scenario())
