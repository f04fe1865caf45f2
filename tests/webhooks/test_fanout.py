"""From the log to what each endpoint is to be told: each event once, to those who want it, and nobody forgotten."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from emailgw.core.directory import Dialect
from emailgw.core.events import EventType, event_without_message
from emailgw.core.ids import EventId
from emailgw.core.webhooks import Endpoint, EndpointId, EndpointStatus
from emailgw.store.events import Told
from emailgw.store.open import Store, open_store
from emailgw.webhooks.fanout import AT_ONCE, READER, WRITE_EVERY, Fanout, names_for, telling_of
from tests.harness.mail import NOW, make_mail

A, B = EndpointId("a"), EndpointId("b")


def endpoint(id: EndpointId = A, **fields: Any) -> Endpoint:
    return Endpoint(id=id, url="https://a.test/", sealed=b"x", created_at=NOW, updated_at=NOW, **fields)


def told(id: int, type: EventType = EventType.QUEUED, domain: str = "a.test", subject: str | None = None) -> Told:
    made = event_without_message(NOW, type, subject or "s", domain=domain)
    return Told(msgspec.structs.replace(made, id=EventId(id)), None)


def told_to(events: list[Told], *endpoints: Endpoint) -> list[tuple[str, int, str]]:
    return [(row.endpoint_id, row.event_id, row.name) for row in telling_of(events, endpoints, NOW)]


def test_each_is_told_of_what_it_wants() -> None:
    events = [told(1), told(2, EventType.BOUNCED), told(3, EventType.BOUNCED, "b.test")]
    assert told_to(events, endpoint(events=("email.bounced",)), endpoint(B, domains=("b.test",))) == [
        (A, 2, "email.bounced"),
        (A, 3, "email.bounced"),
        (B, 3, "email.bounced"),
    ]


@pytest.mark.parametrize(
    ("status", "hears"), [(EndpointStatus.ENABLED, 1), (EndpointStatus.PAUSED, 1), (EndpointStatus.DISABLED, 0)]
)
def test_what_happens_to_a_paused_one_is_kept(status: EndpointStatus, hears: int) -> None:
    assert len(told_to([told(1)], endpoint(status=status))) == hears


def test_what_was_before_it_is_not_told() -> None:
    assert told_to([told(1), told(2), told(3)], endpoint(from_event=2)) == [(A, 3, "email.sent")]


def test_a_test_goes_to_its_own_endpoint_whatever_that_subscribes_to() -> None:
    one, other = endpoint(events=("email.bounced",), domains=("x.test",)), endpoint(B)
    assert told_to([told(1, EventType.WEBHOOK_TEST, subject=A)], one, other) == [(A, 1, "webhook.test")]


def test_names_of_both_families_and_our_own_reach_an_event() -> None:
    assert names_for(EventType.SUPPRESSED, Dialect.RESEND)[0] == "email.suppressed"
    assert names_for(EventType.SUPPRESSED, Dialect.SENDKIT)[0] == "email.rejected"
    for dialect in Dialect:
        names = names_for(EventType.SUPPRESSED, dialect)
        assert sorted(names) == sorted({"email.suppressed", "email.rejected", "suppressed"})
    assert told_to([told(1, EventType.SUPPRESSED)], endpoint(events=("suppressed",))) == [(A, 1, "suppressed")]


async def happen(store: Store, count: int) -> int:
    for _ in range(count):
        await store.queue.enqueue(*make_mail(now=NOW))
    return await store.events.head()


async def test_a_reader_goes_on_where_it_was(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    try:
        await store.webhooks.add(endpoint())
        await happen(store, 3)
        first = await Fanout(store.events, store.webhooks).once(NOW)
        assert first.told == {A}
        assert not first.more
        assert await store.deliveries.count_pending(A) == 3
        await happen(store, 2)
        again = Fanout(store.events, store.webhooks)  # after a crash
        await again.once(NOW)
        assert await store.deliveries.count_pending(A) == 5
        assert (await again.once(NOW)).told == frozenset()
    finally:
        await store.close()


async def test_what_is_read_twice_is_told_once(tmp_path: Path) -> None:
    """A power cut may forget the position: it waits for no disk."""
    store = await open_store(tmp_path)
    try:
        await store.webhooks.add(endpoint())
        await happen(store, 3)
        await Fanout(store.events, store.webhooks).once(NOW)
        await store.events.advance(READER, 0)
        await Fanout(store.events, store.webhooks).once(NOW)
        assert await store.deliveries.count_pending(A) == 3
    finally:
        await store.close()


async def test_it_reads_so_much_at_once_and_says_that_there_is_more(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    try:
        await store.webhooks.add(endpoint())
        await happen(store, AT_ONCE + 1)
        fanout = Fanout(store.events, store.webhooks)
        assert (await fanout.once(NOW)).more
        assert not (await fanout.once(NOW)).more
        assert await store.deliveries.count_pending(A) == AT_ONCE + 1
    finally:
        await store.close()


async def test_nobody_who_listens_costs_no_reading_and_few_writes(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    try:
        fanout = Fanout(store.events, store.webhooks)
        for _ in range(2):
            await happen(store, 2)
            await fanout.once(NOW)
        written = await store.events.position(READER)
        head = await happen(store, 2)
        await fanout.once(NOW + 1)
        assert await store.events.position(READER) == written
        await fanout.once(NOW + WRITE_EVERY)
        assert await store.events.position(READER) == head > written
        await store.webhooks.add(endpoint())
        await fanout.once(NOW + 2 * WRITE_EVERY)  # that one listens now
        await happen(store, 2)
        await fanout.once(NOW + 2 * WRITE_EVERY)
        assert await store.deliveries.count_pending(A) == 2
    finally:
        await store.close()
