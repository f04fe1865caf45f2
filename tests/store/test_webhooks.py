"""Endpoints as they are kept: what its owner may change, secrets, and changes of status with their event."""

import asyncio
from typing import Any

import msgspec
import pytest

from emailgw.core.directory import Dialect
from emailgw.core.events import Event, EventType, event_without_message
from emailgw.core.listing import EventFilter
from emailgw.core.webhooks import DeliveryState, Endpoint, EndpointId, EndpointStatus, Outcome, WebhookAttempt
from emailgw.errors import Conflict, NotFound
from emailgw.store.open import Store
from tests.harness.mail import NOW, make_mail
from tests.harness.telling import tell

A, B = EndpointId("a"), EndpointId("b")
S = EndpointStatus
FULL: dict[str, Any] = {
    "events": ("email.sent", "email.bounced"),
    "domains": ("a.test", "b.test"),
    "tags": (("kind", None), ("kind", "news")),
    "dialect": Dialect.SENDKIT,
    "batch": 100,
    "description": "Grüße",
    "old_sealed": b"old",
    "old_until": NOW + 1,
}


def endpoint(id: EndpointId = A, **fields: Any) -> Endpoint:
    return Endpoint(id=id, url=f"https://{id}.test/", sealed=b"x", created_at=NOW, updated_at=NOW, **fields)


def news(type: EventType, reason: str = "", now: int = NOW + 5) -> Event:
    return event_without_message(now, type, A, reason=reason)


async def happen(store: Store, count: int = 1) -> int:
    """Events in the log; the id of the last."""
    for _ in range(count):
        await store.queue.enqueue(*make_mail(now=NOW))
    return await store.events.head()


@pytest.mark.parametrize("fields", [{}, FULL])
def test_it_comes_back_as_it_was(store: Store, runner: asyncio.Runner, fields: dict[str, Any]) -> None:
    async def work() -> None:
        made = endpoint(**fields)
        await store.webhooks.add(made)
        assert await store.webhooks.one(A) == made
        await store.webhooks.add(endpoint(B))
        assert [one.id for one in await store.webhooks.all()] == [B, A]

    runner.run(work())


def test_it_is_told_of_what_is_committed_after_it(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        last = await happen(store, 3)
        await store.webhooks.add(endpoint(from_event=99))
        assert (await store.webhooks.one(A)).from_event == last

    runner.run(work())


def test_an_id_is_taken_once(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        await store.webhooks.add(endpoint())
        with pytest.raises(Conflict):
            await store.webhooks.add(endpoint())

    runner.run(work())


def test_its_owner_changes_neither_status_nor_secrets(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        before = endpoint(status=S.PAUSED, reason="too many", failures=7)
        await store.webhooks.add(before)
        wanted = msgspec.structs.replace(
            endpoint(**FULL), url="https://else.test/", updated_at=NOW + 9, sealed=b"other", status=S.ENABLED
        )
        await store.webhooks.change(wanted)
        kept = {name: getattr(before, name) for name in ("status", "reason", "failures", "sealed", "old_sealed")}
        assert await store.webhooks.one(A) == msgspec.structs.replace(wanted, **kept, old_until=None)

    runner.run(work())


def test_what_is_gone_is_said_so(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        with pytest.raises(NotFound):
            await store.webhooks.one(A)
        for change in (
            store.webhooks.change(endpoint()),
            store.webhooks.change_secret(endpoint(), b"x"),
            store.webhooks.remove(A),
            store.webhooks.set_status(A, S.ENABLED, S.DISABLED, news(EventType.WEBHOOK_DISABLED)),
        ):
            with pytest.raises(Conflict):
                await change
        assert await store.events.head() == 0  # nor is anything told of

    runner.run(work())


def test_a_secret_is_rotated_by_one(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        await store.webhooks.add(endpoint())
        after = msgspec.structs.replace(endpoint(), sealed=b"new", old_sealed=b"x", old_until=NOW + 60)
        await store.webhooks.change_secret(after, b"x")
        assert await store.webhooks.one(A) == after
        with pytest.raises(Conflict):
            await store.webhooks.change_secret(msgspec.structs.replace(after, sealed=b"newer"), b"x")
        assert (await store.webhooks.one(A)).sealed == b"new"

    runner.run(work())


def test_a_status_is_written_with_its_event(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        await store.webhooks.add(endpoint())
        await store.webhooks.set_status(A, S.ENABLED, S.PAUSED, news(EventType.WEBHOOK_PAUSED, "too many"))
        after = await store.webhooks.one(A)
        assert (after.status, after.reason, after.updated_at) == (S.PAUSED, "too many", NOW + 5)
        with pytest.raises(Conflict):  # it is not enabled any more
            await store.webhooks.set_status(A, S.ENABLED, S.DISABLED, news(EventType.WEBHOOK_DISABLED))
        told = (await store.events.page(EventFilter(), 10, 0, newest_first=False)).told
        assert [(one.event.type, one.event.detail.reason) for one in told] == [(EventType.WEBHOOK_PAUSED, "too many")]

    runner.run(work())


@pytest.mark.parametrize(("before", "misses"), [(S.PAUSED, False), (S.DISABLED, True)])
def test_only_what_was_disabled_has_missed_something(
    store: Store, runner: asyncio.Runner, before: EndpointStatus, misses: bool
) -> None:
    async def work() -> None:
        await store.webhooks.add(endpoint(status=before))
        last = await happen(store, 3)
        await store.webhooks.set_status(A, before, S.ENABLED, news(EventType.WEBHOOK_ENABLED))
        assert (await store.webhooks.one(A)).from_event == (last if misses else 0)

    runner.run(work())


def test_enabling_makes_due_what_waits_and_forgets_failures(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        await store.webhooks.add(endpoint())
        await happen(store, 2)
        await tell(store, (1, 2), A)
        first, second = await store.deliveries.claim(A, NOW, NOW + 100, 1, 2, False)
        attempt = WebhookAttempt(A, 1, NOW, 1, 500, "no")
        later = msgspec.structs.replace(first, tries=1, due_at=NOW + 90_000)
        failed = msgspec.structs.replace(second, state=DeliveryState.FAILED, tries=1, due_at=None)
        await store.deliveries.settle([Outcome(later, attempt), Outcome(failed, attempt)])
        assert (await store.webhooks.one(A)).failures == 1
        await store.webhooks.set_status(A, S.ENABLED, S.PAUSED, news(EventType.WEBHOOK_PAUSED), 1)
        await store.webhooks.set_status(A, S.PAUSED, S.ENABLED, news(EventType.WEBHOOK_ENABLED))
        assert (await store.webhooks.one(A)).failures == 0
        assert await store.deliveries.next_due(A) == NOW + 5

    runner.run(work())


def test_with_it_goes_all_that_it_was_told(store: Store, runner: asyncio.Runner) -> None:
    async def work() -> None:
        for id in (A, B):
            await store.webhooks.add(endpoint(id))
        await tell(store, (1,), A, B)
        await store.webhooks.remove(A)
        assert [one.id for one in await store.webhooks.all()] == [B]
        assert await store.deliveries.count_pending(A) == 0
        assert await store.deliveries.count_pending(B) == 1

    runner.run(work())
