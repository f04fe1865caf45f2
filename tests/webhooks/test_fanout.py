"""From the log to what each endpoint is to be told: each event once, to those who want it, and nobody forgotten."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from emailgw.core.directory import Dialect
from emailgw.core.events import EventType
from emailgw.core.model import RecipientState
from emailgw.core.webhooks import Endpoint, EndpointId, EndpointStatus
from emailgw.store.open import Store, open_store
from emailgw.webhooks.fanout import AT_ONCE, HURRY, READER, WRITE_EVERY, Fanout, names_for, wishes_of
from tests.harness.mail import NOW, change, event_of, make_mail

A, B = EndpointId("a"), EndpointId("b")
END = 1 << 62


def endpoint(id: EndpointId = A, **fields: Any) -> Endpoint:
    return Endpoint(id=id, url="https://a.test/", sealed=b"x", created_at=NOW, updated_at=NOW, **fields)


def told_to(*endpoints: Endpoint, types: tuple[str, ...] = ("queued", "bounced")) -> list[tuple[list[str], list[str]]]:
    """Which endpoints, under which names, when such things happen at two domains."""
    kinds = frozenset((type, domain) for type in types for domain in ("a.test", "b.test"))
    return [(list(ids), [name for _, name in wish.names]) for wish, ids in wishes_of(endpoints, kinds).items()]


def test_each_is_told_of_what_it_wants() -> None:
    one, other = endpoint(events=("email.bounced",)), endpoint(B, domains=("b.test",))
    assert told_to(one, other) == [([A], ["email.bounced"]), ([B], ["email.bounced", "email.sent"])]


def test_of_what_nobody_wants_nothing_is_written() -> None:
    assert told_to(endpoint(events=("email.opened",)), endpoint(B, domains=("c.test",))) == []


def test_what_several_want_is_one_wish() -> None:
    assert told_to(endpoint(), endpoint(B)) == [([A, B], ["email.bounced", "email.sent"])]
    assert len(told_to(endpoint(), endpoint(B, dialect=Dialect.SENDKIT), types=("suppressed",))) == 2


@pytest.mark.parametrize(
    ("status", "hears"), [(EndpointStatus.ENABLED, 1), (EndpointStatus.PAUSED, 1), (EndpointStatus.DISABLED, 0)]
)
def test_what_happens_to_a_paused_one_is_kept(status: EndpointStatus, hears: int) -> None:
    assert len(told_to(endpoint(status=status))) == hears


@pytest.mark.parametrize("type", ["webhook.test", "damaged"])
def test_nobody_is_told_of_a_test_of_another_nor_of_what_has_no_name(type: str) -> None:
    assert told_to(endpoint(), types=(type,)) == []


def test_names_of_both_families_and_our_own_reach_an_event() -> None:
    assert names_for(EventType.SUPPRESSED, Dialect.RESEND)[0] == "email.suppressed"
    assert names_for(EventType.SUPPRESSED, Dialect.SENDKIT)[0] == "email.rejected"
    for dialect in Dialect:
        names = names_for(EventType.SUPPRESSED, dialect)
        assert sorted(names) == sorted({"email.suppressed", "email.rejected", "suppressed"})
    assert told_to(endpoint(events=("suppressed",)), types=("suppressed",)) == [([A], ["suppressed"])]


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


async def names_told(store: Store, id: EndpointId) -> list[tuple[int, str]]:
    return [(one.delivery.event_id, one.delivery.name) for one in await store.deliveries.list(id, 100, 0, END, False)]


async def test_the_store_knows_domains_tags_and_what_was_before(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    try:
        await happen(store, 1)
        news = (("kind", "news"),)
        wanting: dict[str, Any] = {
            "all": {},
            "domain": {"domains": ("a.test",)},
            "named": {"tags": (("kind", None),)},
            "valued": {"tags": (("kind", "bills"), ("kind", "news"))},
            "other": {"tags": (("kind", "new"),)},
        }
        for id, fields in wanting.items():
            await store.webhooks.add(endpoint(EndpointId(id), **fields))
        for author, tags in (("a@a.test", ()), ("a@b.test", news), ("a@a.test", news)):
            mail = make_mail(now=NOW, author=author)
            await store.queue.enqueue(*mail._replace(message=msgspec.structs.replace(mail.message, tags=tags)))
        await Fanout(store.events, store.webhooks).once(NOW)
        told = {id: [event for event, _ in await names_told(store, EndpointId(id))] for id in wanting}
    finally:
        await store.close()
    assert told == {"all": [2, 3, 4], "domain": [2, 4], "named": [3, 4], "valued": [3, 4], "other": []}


async def test_what_somebody_must_act_on_is_told_first_when_there_is_much_to_tell(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    try:
        await store.webhooks.add(endpoint())
        await happen(store, 2)
        mail = make_mail(now=NOW)
        await store.queue.enqueue(*mail)
        [before] = mail.recipients
        bounced = event_of(before, EventType.BOUNCED, NOW)
        await store.queue.change(change(before, RecipientState.BOUNCED), bounced, (before.state,))
        fanout = Fanout(store.events, store.webhooks)
        await fanout.once(NOW, hurry=True)
        assert await store.deliveries.next_due(A) == NOW - HURRY
        [first] = await store.deliveries.claim(A, NOW, NOW + 9, 1, 1, False)
        assert first.name == "email.bounced"
        await happen(store, 1)
        await fanout.once(NOW + 1)  # in order again
        assert await store.deliveries.next_due(A) == NOW
    finally:
        await store.close()
