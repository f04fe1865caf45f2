"""What must never be dialled, whatever an endpoint's URL or its DNS says."""

import asyncio
import re
from functools import partial
from pathlib import Path

import pytest

from emailgw.outhttp import channel
from tests.harness.endpoint import WebhookEndpoint
from tests.queue.world import eventually
from tests.webhooks.world import LOOPBACK, World

FORMS = ["127.0.0.1", "[::1]", "2130706433", "127.1", "0x7f.1", "0177.0.0.1", "[::ffff:127.0.0.1]",
         "[64:ff9b::7f00:1]", "0.0.0.0", "169.254.169.254", "10.0.0.1", "localhost"]  # fmt: skip


@pytest.mark.parametrize("host", FORMS)
async def test_special_addresses_are_refused(tmp_path: Path, host: str) -> None:
    with WebhookEndpoint(tmp_path / "ledger") as endpoint:
        async with World.open(tmp_path, allow_networks=(), retry=(1,)) as world:
            told = await world.add(endpoint.url(host=host))
            await world.happen()
            await world.until(told, "failed", 1)
            attempts = await world.store.deliveries.attempts(told.id, None, 10, 1 << 62)
        assert endpoint.received() == []
    assert [attempt.status for attempt in attempts] == [None, None]
    # What only looks like an address (127.1) is turned down by the client itself.
    assert all(re.search("must not be reached|not a canonical", attempt.response) for attempt in attempts)


async def test_a_name_that_changes_is_followed_however_busy_the_old_place_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that never waits is never closed for waiting."""
    monkeypatch.setattr(channel, "OLD", 0.3)
    leads_to = "127.0.0.1"
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(leads_to)
        return [leads_to]

    def told_or_moved(count: int) -> bool:
        return leads_to in asked or len(endpoint.received()) == count

    with WebhookEndpoint(tmp_path / "ledger") as endpoint:
        async with World.open(tmp_path, LOOPBACK, resolve) as world:
            told = await world.add(endpoint.url(host="hook.test"))
            count = len(await world.happen(3))
            await world.until(told, "delivered", count)
            leads_to = "127.0.0.9"  # where nobody listens
            async with asyncio.timeout(20):
                while leads_to not in asked:
                    count += len(await world.happen())
                    await eventually(partial(told_or_moved, count), "it is told")
        assert len(endpoint.received()) == count - 1


async def test_a_name_that_changes_is_checked_at_each_connection(tmp_path: Path) -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.1", "10.0.0.1"]])

    async def resolve(host: str, port: int) -> list[str]:
        return next(answers, ["10.0.0.1"])

    with WebhookEndpoint(tmp_path / "ledger") as endpoint:
        async with World.open(tmp_path, LOOPBACK, resolve, retry=(1,)) as world:
            told = await world.add(endpoint.url("/close", host="hook.test"))
            await world.happen()
            await world.until(told, "delivered", 1)
            await world.happen()
            await world.until(told, "failed", 1)
        [posted] = endpoint.received()
    assert posted.headers["host"] == f"hook.test:{endpoint.port}"
