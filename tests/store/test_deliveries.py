"""What endpoints are still to be told: leases, results, batches, replays, and what is forgotten."""

import asyncio

import msgspec
import pytest

from emailgw.core.events import EventType, event_without_message
from emailgw.core.webhooks import (
    DeliveryFilter,
    DeliveryState,
    Endpoint,
    EndpointId,
    EndpointStatus,
    Outcome,
    WebhookAttempt,
    WebhookDelivery,
)
from emailgw.errors import Conflict, NotFound
from emailgw.store.deliveries import _PULL
from emailgw.store.open import Store
from emailgw.store.verb import Parameters
from tests.harness.mail import NOW
from tests.harness.telling import tell

A = EndpointId("a")
END = 1 << 62
S = EndpointStatus


async def fill(store: Store, count: int = 5) -> Endpoint:
    endpoint = Endpoint(id=A, url="https://a.test/", sealed=b"x", created_at=NOW, updated_at=NOW)
    await store.webhooks.add(endpoint)
    await tell(store, range(1, count + 1), A)
    return endpoint


async def claim(
    store: Store, lease: int, now: int = NOW, count: int = 3, together: bool = False
) -> list[WebhookDelivery]:
    return await store.deliveries.claim(A, now, now + 1000, lease, count, together)


async def settle(store: Store, claimed: list[WebhookDelivery], state: DeliveryState, due_at: int | None = None) -> None:
    after = [msgspec.structs.replace(one, state=state, tries=one.tries + 1, due_at=due_at) for one in claimed]
    await store.deliveries.settle([Outcome(one, WebhookAttempt(A, one.event_id, NOW, 5, 200, "ok")) for one in after])


def ids(deliveries: list[WebhookDelivery]) -> list[int]:
    return [one.event_id for one in deliveries]


async def states(store: Store) -> list[str]:
    return [one.delivery.state.value for one in await store.deliveries.list(A, 100, 0, END, False)]


def test_a_claim_is_a_lease(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        await fill(store)
        assert ids(await claim(store, 1)) == [1, 2, 3]
        assert ids(await claim(store, 2)) == [4, 5]
        assert await claim(store, 3) == []
        assert await store.deliveries.next_due(A) == NOW + 1000
        assert ids(await claim(store, 4, NOW + 1000)) == [1, 2, 3]
        await store.deliveries.recover_leases(NOW)
        assert await store.deliveries.next_due(A) == NOW

    runner.run(work())


def test_what_waits_after_failures_is_pulled_forward_by_age(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        await fill(store, 6)
        await settle(store, await claim(store, 1, count=4), DeliveryState.PENDING, NOW + 90_000)
        assert ids(await claim(store, 2, NOW + 1, count=1)) == [5]  # leased, and 6 was never tried
        age = await store.deliveries.pull_forward(A, NOW + 2, 0, 2)
        assert age == 2
        assert ids(await claim(store, 3, NOW + 2, count=2)) == [1, 2]
        assert await store.deliveries.pull_forward(A, NOW + 2, 2, 2) == 4
        assert await store.deliveries.pull_forward(A, NOW + 2, 4, 2) is None
        assert ids(await claim(store, 4, NOW + 2, count=9)) == [3, 4, 6]

    runner.run(work())


def test_a_batch_is_pulled_forward_whole(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        await fill(store, 6)
        for lease, count in ((1, 4), (2, 2)):
            claimed = await claim(store, lease, count=count, together=True)
            await settle(store, claimed, DeliveryState.PENDING, NOW + 90_000)
        assert await store.deliveries.pull_forward(A, NOW + 2, 0, 2) == 1
        assert ids(await claim(store, 3, NOW + 2, count=100, together=True)) == [1, 2, 3, 4]
        assert await store.deliveries.pull_forward(A, NOW + 2, 1, 2) == 5
        assert ids(await claim(store, 4, NOW + 2, count=100, together=True)) == [5, 6]

    runner.run(work())


def test_pulling_forward_reads_no_further_than_it_pulls(store: Store, runner: asyncio.Runner) -> None:
    """Or an outage with a million events would be read for each of them."""

    async def work() -> None:
        sql = _PULL.replace("UPDATE", "EXPLAIN QUERY PLAN UPDATE", 1)
        parameters: Parameters = {"endpoint": A, "now": NOW, "age": 0, "count": 5}
        plan = [str(row[3]) for row in await store.deliveries._database.read(sql, parameters)]
        assert [step for step in plan if "SEARCH" in step and "webhook_deliveries_again" in step] != []
        assert not any("SCAN webhook_deliveries" in step or "TEMP B-TREE" in step for step in plan), plan

    runner.run(work())


def test_a_lost_lease_loses_the_result(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        await fill(store)
        first = await claim(store, 1)
        await claim(store, 2, NOW + 1000, count=5)
        await settle(store, first, DeliveryState.DELIVERED)
        assert await states(store) == ["pending"] * 5
        await store.deliveries.release(first, NOW)
        assert await store.deliveries.next_due(A) == NOW + 2000

    runner.run(work())


def test_failures_in_a_row_are_counted_until_a_success(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        await fill(store)
        await settle(store, await claim(store, 1), DeliveryState.FAILED)
        assert (await store.webhooks.one(A)).failures == 3
        told = event_without_message(NOW, EventType.WEBHOOK_PAUSED, A, reason="too many")
        with pytest.raises(Conflict):
            await store.webhooks.set_status(A, S.ENABLED, S.PAUSED, told, least_failures=4)
        assert await store.events.head() == 0
        await store.webhooks.set_status(A, S.ENABLED, S.PAUSED, told, least_failures=3)
        paused = await store.webhooks.one(A)
        assert (paused.status, paused.reason) == (S.PAUSED, "too many")
        await settle(store, await claim(store, 2), DeliveryState.PENDING, NOW + 9_000)
        back = event_without_message(NOW + 1, EventType.WEBHOOK_ENABLED, A)
        await store.webhooks.set_status(A, S.PAUSED, S.ENABLED, back)
        assert (await store.webhooks.one(A)).failures == 0
        assert await store.deliveries.next_due(A) == NOW + 1
        await settle(store, await claim(store, 3, NOW + 1), DeliveryState.DELIVERED)
        assert await states(store) == ["failed"] * 3 + ["delivered"] * 2

    runner.run(work())


def test_a_batch_comes_again_as_it_was(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        await fill(store)
        first = await claim(store, 1, count=2, together=True)
        assert ids(first) == [1, 2]
        await settle(store, first, DeliveryState.PENDING, NOW + 1)
        assert ids(await claim(store, 2, count=100, together=True)) == [3, 4, 5]
        assert ids(await claim(store, 3, NOW + 1, count=100, together=True)) == [1, 2]

    runner.run(work())


def test_a_batch_that_was_parted_comes_again_in_parts(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        await fill(store)
        claimed = await claim(store, 1, count=5, together=True)
        await store.deliveries.part([claimed[:2], claimed[2:4], claimed[4:]])
        await settle(store, claimed[2:4], DeliveryState.DELIVERED)
        await settle(store, [*claimed[:2], *claimed[4:]], DeliveryState.PENDING, NOW + 1)
        assert ids(await claim(store, 2, NOW + 1, count=100, together=True)) == [1, 2]
        assert ids(await claim(store, 3, NOW + 1, count=100, together=True)) == [5]
        assert await claim(store, 4, NOW + 1, count=100, together=True) == []

    runner.run(work())


def test_only_what_is_still_claimed_is_parted(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        await fill(store)
        claimed = await claim(store, 1, count=4, together=True)
        await store.deliveries.release(claimed, NOW)
        await store.deliveries.part([claimed[:2], claimed[2:]])
        assert ids(await claim(store, 2, count=100, together=True)) == [1, 2, 3, 4]

    runner.run(work())


def test_lists_by_state(store: Store, runner: asyncio.Runner) -> None:
    async def listed(wanted: DeliveryFilter) -> list[int]:
        return ids([one.delivery for one in await store.deliveries.list(A, 100, 0, END, False, wanted)])

    async def work() -> None:
        await fill(store)
        one, other, _ = await claim(store, 1)
        await settle(store, [one], DeliveryState.FAILED)
        await settle(store, [other], DeliveryState.DELIVERED)
        assert await listed(DeliveryFilter()) == [1, 2, 3, 4, 5]
        assert await listed(DeliveryFilter(DeliveryState.FAILED)) == [1]
        assert await listed(DeliveryFilter(DeliveryState.DELIVERED)) == [2]
        assert await listed(DeliveryFilter(DeliveryState.PENDING, leased=True)) == [3]
        assert await listed(DeliveryFilter(DeliveryState.PENDING)) == [4, 5]

    runner.run(work())


def test_replays(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        heard: list[str] = []
        await fill(store)
        store.deliveries.on_due = heard.append
        await settle(store, await claim(store, 1), DeliveryState.FAILED)
        leased = await claim(store, 2)
        assert await store.deliveries.replay_range(A, 0, 3, True, NOW) == 2
        await store.deliveries.replay(A, leased[0].event_id, "email.sent", NOW)
        assert (await store.deliveries.one(A, 4)).delivery.lease == 2
        assert await states(store) == ["pending", "pending", "failed", "pending", "pending"]
        assert heard == [A, A]
        with pytest.raises(NotFound):
            await store.deliveries.one(A, 99)

    runner.run(work())


def test_what_one_endpoint_alone_is_told_wakes_it(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        heard: list[str] = []
        await fill(store, 0)
        store.deliveries.on_due = heard.append
        test = event_without_message(NOW, EventType.WEBHOOK_TEST, A)
        told = await store.deliveries.tell(test, A, test.type.value)
        assert (ids(await claim(store, 1)), heard) == ([told], [A])

    runner.run(work())


def test_what_is_old_is_forgotten(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        await fill(store)
        await settle(store, await claim(store, 1), DeliveryState.DELIVERED)
        assert await store.deliveries.forget(NOW, 3, NOW, 100) == 2
        assert await states(store) == ["delivered", "pending", "pending"]
        assert len(await store.deliveries.attempts(A, None, 10, END)) == 3
        assert await store.deliveries.forget(NOW + 1, 3, NOW, 100) == 3
        told = event_without_message(NOW, EventType.WEBHOOK_DISABLED, A)
        await store.webhooks.set_status(A, S.ENABLED, S.DISABLED, told)
        await store.deliveries.forget(NOW, 0, NOW + 1, 100)
        assert await states(store) == ["delivered"]
        await store.webhooks.remove(A)
        assert await states(store) == []

    runner.run(work())
