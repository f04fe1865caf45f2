"""Mail goes first: what webhooks may take while it waits."""

import asyncio
import contextlib
import time
from pathlib import Path

import pytest

from emailgw.core.events import EventType
from emailgw.core.model import RecipientState
from emailgw.webhooks import courtesy as courtesy_module
from emailgw.webhooks.courtesy import GROWTH, LATE, LEAST, LONGEST, Courtesy
from tests.harness.endpoint import WebhookEndpoint
from tests.harness.mail import change, event_of, make_mail
from tests.webhooks.world import World, clock

NOW = 100.0


def slowed(looks: int) -> Courtesy:
    courtesy = Courtesy()
    for _ in range(looks):
        courtesy.saw(True, 2 * LATE)
    return courtesy


def test_nobody_waits_while_no_mail_does() -> None:
    courtesy = Courtesy()
    courtesy.saw(False, 1.0)
    courtesy.took(5.0, NOW)
    assert courtesy.wait(NOW) == 0


def test_nobody_waits_while_the_loop_is_in_time() -> None:
    courtesy = Courtesy()
    courtesy.saw(True, 0.0)
    courtesy.took(5.0, NOW)
    assert courtesy.wait(NOW) == 0


@pytest.mark.parametrize(("looks", "wait"), [(1, 1.0), (2, 3.0), (100, 1 / LEAST - 1)])
def test_work_is_followed_by_a_pause_as_long_as_mail_needs(looks: int, wait: float) -> None:
    courtesy = slowed(looks)
    courtesy.took(1.0, NOW)
    assert courtesy.wait(NOW) == pytest.approx(wait)
    assert courtesy.wait(NOW + wait) == pytest.approx(0)


def test_a_share_is_one_of_what_the_loop_gets() -> None:
    courtesy = Courtesy()
    for _ in range(100):
        courtesy.saw(True, 2 * LATE, 0.25)
    courtesy.took(1.0, NOW)
    assert courtesy.wait(NOW) == pytest.approx(4 * (1 / LEAST - 1), rel=0.01)


def test_the_work_of_all_adds_up() -> None:
    courtesy = slowed(1)
    courtesy.took(1.0, NOW)
    courtesy.took(2.0, NOW)
    assert courtesy.wait(NOW) == pytest.approx(3.0)


def test_the_share_comes_back_slowly_and_at_once_when_no_mail_waits() -> None:
    courtesy = slowed(100)
    courtesy.saw(True, 0.0)
    courtesy.took(1.0, NOW)
    assert courtesy.wait(NOW) == pytest.approx(1 / (LEAST + GROWTH) - 1)
    courtesy.saw(False, 0.0)
    assert courtesy.wait(NOW) == 0


async def test_what_a_coroutine_takes_is_counted_and_what_it_waits_for_is_not() -> None:
    courtesy = slowed(1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    waited: asyncio.Future[str] = loop.create_future()

    async def work() -> str:
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass
        with contextlib.suppress(KeyError):
            await waited
        raise LookupError("after all")

    task = asyncio.create_task(courtesy.charged(work()))
    loop.call_later(0.2, waited.set_exception, KeyError("handed on"))
    with pytest.raises(LookupError, match="after all"):
        await task
    assert courtesy.wait(began) >= 0.05
    assert courtesy.wait(loop.time()) < 0.2


async def test_what_is_done_once_is_not_counted_in_full() -> None:
    """Loading the HTTP client takes a second of a slow processor: half a minute in which nobody would be told."""
    courtesy = slowed(100)
    loop = asyncio.get_running_loop()

    async def load() -> None:
        until = time.thread_time() + 3 * LONGEST
        while time.thread_time() < until:
            pass

    await courtesy.charged(load())
    assert LONGEST < courtesy.wait(loop.time()) <= LONGEST * (1 / LEAST - 1)


async def test_a_counted_coroutine_can_be_cancelled() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(Courtesy().charged(work()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_a_bounce_does_not_wait_for_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else may be told for an hour. Only the test says that the loop is late: on a busy machine it is before,
    and then the first delivery waits, too.
    """
    monkeypatch.setattr(courtesy_module, "GROWTH", 0.0)
    monkeypatch.setattr(courtesy_module, "LATE", 1e6)
    courtesy = Courtesy(lambda: True)
    with WebhookEndpoint(tmp_path / "ledger") as endpoint:
        async with World.open(tmp_path, courtesy=courtesy) as world:
            told = await world.add(endpoint.url())
            mail = make_mail(now=clock())
            await world.store.queue.enqueue(*mail)
            await world.until(told, "delivered", 1)
            for _ in range(10):
                courtesy.saw(True, 2e6)
            courtesy.took(180.0, asyncio.get_running_loop().time())
            await world.happen(10)
            [before] = mail.recipients
            bounced = event_of(before, EventType.BOUNCED, clock())
            await world.store.queue.change(change(before, RecipientState.BOUNCED), bounced, (before.state,))
            [first, second] = await world.until(told, "delivered", 2)
            assert await world.store.deliveries.count_pending(told.id) == 10
    assert [first.delivery.name, second.delivery.name] == ["email.sent", "email.bounced"]


async def test_events_come_all_the_same(tmp_path: Path) -> None:
    """The loop is kept busy, and mail waits all the time."""
    courtesy = Courtesy(lambda: True)
    over = False

    async def keep_busy() -> None:
        loop = asyncio.get_running_loop()
        while not over:
            until = loop.time() + 3 * LATE
            while loop.time() < until:
                pass
            await asyncio.sleep(0)

    with WebhookEndpoint(tmp_path / "ledger") as endpoint:
        async with World.open(tmp_path, courtesy=courtesy) as world:
            busy = asyncio.create_task(keep_busy())
            told = await world.add(endpoint.url())
            await world.happen(30)
            await world.until(told, "delivered", 30, timeout=60)
            over = True
            await busy
    assert len(endpoint.received()) == 30
