"""An endpoint that is back: what would have been due much later comes soon, the oldest first, at its own pace."""

from pathlib import Path

import pytest

from tests.harness.endpoint import WebhookEndpoint
from tests.queue.world import eventually
from tests.webhooks.world import World

NEVER = 3_600_000  # milliseconds: what waits so long was not waited for in this test
RETRY = (30, NEVER, NEVER)


async def wait_for_late(world: World, count: int) -> None:
    """So many deliveries have failed twice, and are due in an hour."""

    async def probe() -> bool:
        [endpoint] = await world.store.webhooks.all()
        return sum(one.delivery.tries == 2 for one in await world.listed(endpoint)) >= count

    await eventually(probe, f"{count} wait for an hour")


@pytest.mark.parametrize("batch", [1, 10])
async def test_what_waits_since_an_outage_comes_soon(tmp_path: Path, batch: int) -> None:
    endpoint = WebhookEndpoint(tmp_path / "ledger")
    async with World.open(tmp_path, retry=RETRY) as world:
        endpoint.do("/status/503")
        endpoint.start()
        told = await world.add(endpoint.url("/ok"), batch=batch)
        events = await world.happen(60)
        await wait_for_late(world, 60)
        endpoint.stop()
        endpoint.do("")
        refused = len(endpoint.received())
        with endpoint:
            await world.happen(1)  # whose success tells that it is back
            listed = await world.until(told, "delivered", 61)
        assert {one.delivery.tries for one in listed if one.delivery.event_id in events} == {3}
        posts = endpoint.received()[refused:]
    # Each once, and in the order of their age but for those that are under way side by side.
    assert len({one.id for one in posts}) == len(posts)
    order = [int(one.id.split("_")[2]) for one in posts][1:]
    assert all(abs(place - sorted(order).index(id)) <= 2 * world.tools.window for place, id in enumerate(order))


async def test_a_restart_in_the_outage_changes_nothing(tmp_path: Path) -> None:
    endpoint = WebhookEndpoint(tmp_path / "ledger")
    async with World.open(tmp_path, retry=RETRY) as world:
        endpoint.do("/status/500")
        endpoint.start()
        told = await world.add(endpoint.url("/ok"))
        await world.happen(10)
        await wait_for_late(world, 10)
    endpoint.stop()
    endpoint.do("")
    with endpoint:
        async with World.open(tmp_path, retry=RETRY) as world:
            await world.happen(1)
            await world.until(told, "delivered", 11)


async def test_one_that_is_refused_while_others_pass_keeps_its_waits(tmp_path: Path) -> None:
    with WebhookEndpoint(tmp_path / "ledger") as endpoint:
        async with World.open(tmp_path, retry=RETRY) as world:
            told = await world.add(endpoint.url("/refuse-first"))
            await world.happen(1)
            await wait_for_late(world, 1)
            await world.happen(20)
            await world.until(told, "delivered", 20)
            [waiting] = await world.until(told, "pending", 1)
            # Once, as nobody knew at the start what was before; not with each of the others.
            assert 2 <= waiting.delivery.tries <= 3
