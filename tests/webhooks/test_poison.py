"""Guarantee G6 for webhooks: an event that cannot be read or rendered, and an error of our own, hurt no neighbour."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from emailgw import metrics
from emailgw.core.events import EventType, event_without_message
from emailgw.core.listing import EventFilter
from emailgw.core.webhooks import EndpointStatus
from emailgw.store.events import writing
from emailgw.webhooks import carrier
from tests.harness.endpoint import WebhookEndpoint
from tests.webhooks.world import World, clock

NO_TIME = 10**17  # milliseconds: a year that no calendar has


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[WebhookEndpoint]:
    with WebhookEndpoint(tmp_path / "ledger") as running:
        yield running


async def poison(world: World, *, damaged: bool = False) -> int:
    """Write an event that cannot be rendered, or one whose row cannot be read; its id."""
    written = writing(event_without_message(NO_TIME, EventType.SUPPRESSION_ADDED, "s-1"))
    assert isinstance(written.parameters, Mapping)
    if damaged:
        written = written._replace(parameters={**written.parameters, "detail": "{"})
    await world.store.events.advance("tests", 0, (written,))
    return await world.store.events.head()


@pytest.mark.parametrize("batch", [1, 100])
async def test_what_cannot_be_rendered_fails_alone(tmp_path: Path, endpoint: WebhookEndpoint, batch: int) -> None:
    before = metrics.faults.labels("webhooks")._value.get()
    async with World.open(tmp_path, pause_after=1) as world:
        told = await world.add(endpoint.url(), batch=batch)
        await world.happen(5)
        poisoned = await poison(world)
        await world.happen(5)
        await world.until(told, "delivered", 10)
        [failed] = await world.until(told, "failed", 1)
        assert failed.delivery.event_id == poisoned
        [attempt] = await world.store.deliveries.attempts(told.id, poisoned, 10, 1 << 62)
        assert "cannot be rendered: internal error" in attempt.response
        after = await world.store.webhooks.one(told.id)
    assert (after.status, after.failures) == ("enabled", 0)  # it is not the endpoint's fault
    assert metrics.faults.labels("webhooks")._value.get() == before + 1
    posted = [posted.json for posted in endpoint.received()]
    assert sum(len(one) if batch > 1 else 1 for one in posted) == 10


async def test_what_cannot_be_read_fails_alone(tmp_path: Path, endpoint: WebhookEndpoint) -> None:
    async with World.open(tmp_path) as world:
        told = await world.add(endpoint.url(), status=EndpointStatus.PAUSED)
        await world.happen(3)
        event = await poison(world, damaged=True)
        await world.happen(3)
        await world.until(told, "pending", 7)
        enabled = event_without_message(clock(), EventType.WEBHOOK_ENABLED, told.id)
        await world.store.webhooks.set_status(told.id, told.status, EndpointStatus.ENABLED, enabled)
        await world.until(told, "delivered", 7)  # with the news that it is enabled
        [failed] = await world.until(told, "failed", 1)
        [attempt] = await world.store.deliveries.attempts(told.id, event, 10, 1 << 62)
    assert failed.delivery.event_id == event
    assert "cannot be read: internal error" in attempt.response


async def test_a_damaged_row_does_not_stop_the_reading_of_the_log(tmp_path: Path, endpoint: WebhookEndpoint) -> None:
    async with World.open(tmp_path) as world:
        told = await world.add(endpoint.url())
        damaged = await poison(world, damaged=True)
        events = await world.happen(3)
        await world.until(told, "delivered", 3)
        page = await world.store.events.page(EventFilter(), 100, newest_first=False)
    assert [one.id for one in page.told] == events
    assert damaged not in events


async def test_an_error_of_our_own_pauses_its_carrier_and_is_logged(
    tmp_path: Path, endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    errors = [RuntimeError("never thought of"), KeyError("nor of this")]
    leases = itertools.count(1)

    def next_lease() -> int:
        if errors:
            raise errors.pop()
        return next(leases)

    monkeypatch.setattr(carrier, "FAULT_PAUSE", 0.05)
    async with World.open(tmp_path, next_lease=next_lease) as world:
        told = await world.add(endpoint.url())
        await world.happen(3)
        await world.until(told, "delivered", 3)
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [KeyError, RuntimeError]
