"""The event log: every filter gives what looking at each event would give, and a reader with a cursor misses none."""

import asyncio
import itertools

import pytest

from emailgw.core.address import Address
from emailgw.core.directory import Domain, DomainStatus
from emailgw.core.events import Event, EventType, event_without_message
from emailgw.core.ids import DomainId, uuid7
from emailgw.core.listing import EventFilter
from emailgw.core.model import RecipientState
from emailgw.core.suppression import Suppression, SuppressionReason
from emailgw.errors import NotFound
from emailgw.store import events as log
from emailgw.store.open import Store
from tests.harness.mail import NOW, change, event_of, make_mail

E, S = EventType, RecipientState
COUNT = 40
FILTERS = [
    EventFilter(),
    EventFilter(domains=("d0.test",)),
    EventFilter(domains=("d0.test", "d1.test")),
    EventFilter(types=(E.QUEUED,)),
    EventFilter(types=(E.BOUNCED,)),
    EventFilter(types=(E.BOUNCED, E.SUPPRESSION_ADDED)),
    EventFilter(types=(E.BOUNCED, E.QUEUED), domains=("d1.test",)),
    EventFilter(recipient="joe@example.test"),
    EventFilter(recipient="joe@example.test", types=(E.BOUNCED,), domains=("d2.test", "d3.test")),
    EventFilter(since=NOW + 10, until=NOW + 20),
    EventFilter(since=NOW + 10, types=(E.BOUNCED,)),
    EventFilter(domains=("nobody.test",)),
]


async def fill(store: Store) -> list[Event]:
    """Oldest first."""
    for number in range(COUNT):
        to = "joe@example.test" if number % 3 else "ann@example.test"
        mail = make_mail(to, "bob@example.test", now=NOW + number, author=f"a@d{number % 4}.test")
        await store.queue.enqueue(*mail)
        after = change(mail.recipients[0], S.BOUNCED if number % 5 == 0 else S.DELIVERED)
        event = event_of(mail.recipients[0], E(after.state.value), NOW + number, bounce_type="Permanent")
        await store.queue.change(after, event, (S.QUEUED,))
    return [told.event for told in (await store.events.page(EventFilter(), 10_000, 0, newest_first=False)).told]


def fits(event: Event, wanted: EventFilter) -> bool:
    return (
        (not wanted.domains or event.domain in wanted.domains)
        and (not wanted.types or event.type in wanted.types)
        and (wanted.recipient is None or str(event.address) == wanted.recipient)
        and (wanted.since or 0) <= event.at < (wanted.until or 2 * NOW)
    )


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("looked_at", [log.LOOKED_AT, 7])
async def test_filters_and_cursors(
    store: Store, monkeypatch: pytest.MonkeyPatch, looked_at: int, newest_first: bool
) -> None:
    events = await fill(store)
    assert {event.type for event in events} >= {E.QUEUED, E.DELIVERED, E.BOUNCED, E.SUPPRESSION_ADDED}
    monkeypatch.setattr(log, "LOOKED_AT", looked_at)
    monkeypatch.setattr(log, "SAMPLE", 5)
    for wanted, size in itertools.product(FILTERS, (1, 7, 1000)):
        expected = [event.id for event in (events[::-1] if newest_first else events) if fits(event, wanted)]
        found: list[int | None] = []
        bounds = {"above": 0, "below": 1 << 62}
        for _ in range(2000):
            page = await store.events.page(wanted, size, **bounds, newest_first=newest_first)
            found += [told.event.id for told in page.told]
            assert page.has_more == (page.cursor is not None)
            if page.cursor is None:
                break
            bounds["below" if newest_first else "above"] = page.cursor
        assert found == expected, (wanted, size)


async def test_an_event_comes_with_its_message(store: Store) -> None:
    mail = make_mail("a@example.test", "b@example.test")
    await store.queue.enqueue(*mail)
    page = await store.events.page(EventFilter(message=mail.message.id), 10)
    assert [told.message for told in page.told] == [mail.message] * 2
    assert {told.event.domain for told in page.told} == {"sender.test"}
    assert await store.events.one(page.told[0].id) == page.told[0]
    with pytest.raises(NotFound):
        await store.events.one(page.told[0].id + 1)


async def test_the_first_event_of_a_time(store: Store) -> None:
    assert await store.events.first_at(NOW) == 1
    events = await fill(store)
    for at in (NOW - 1, NOW, NOW + 17, NOW + COUNT - 1):
        assert await store.events.first_at(at) == next(event.id for event in events if event.at >= at)
    assert await store.events.first_at(NOW + COUNT) == await store.events.head() + 1


async def test_suppressions_tell_once(store: Store) -> None:
    entry = Suppression(
        uuid7(NOW, bytes(10)), Address.parse("Joe@example.test"), SuppressionReason.MANUAL, "d.test", "by hand", NOW
    )
    again = Suppression(uuid7(NOW, bytes(9) + b"1"), entry.address, entry.reason, entry.domain, entry.cause, NOW)
    await store.suppressions.add([entry])
    await store.suppressions.add([again])
    await store.suppressions.remove([entry, again], NOW + 5)
    told = (await store.events.page(EventFilter(), 10, 0, newest_first=False)).told
    assert [(one.event.type, one.event.at) for one in told] == [
        (E.SUPPRESSION_ADDED, NOW),
        (E.SUPPRESSION_REMOVED, NOW + 5),
    ]
    assert {(str(one.event.address), one.event.domain) for one in told} == {("joe@example.test", "d.test")}
    assert [one.event.detail.subject for one in told] == [entry.id] * 2
    page = await store.events.page(EventFilter(recipient="joe@example.test"), 10)
    assert len(page.told) == 2


async def test_two_checks_at_once_tell_of_a_domain_once(store: Store) -> None:
    domain = Domain(DomainId("d"), "d.test", DomainStatus.PENDING, NOW)
    await store.directory.add_domain(domain, (), event_without_message(NOW, E.DOMAIN_CREATED, "d", "d.test"))
    verified = Domain(DomainId("d"), "d.test", DomainStatus.VERIFIED, NOW)
    event = event_without_message(NOW + 1, E.DOMAIN_VERIFIED, "d", "d.test")
    checks = (store.directory.record_check(verified, (), NOW + 1, domain, event) for _ in range(2))
    await asyncio.gather(*checks)
    told = (await store.events.page(EventFilter(), 10, 0, newest_first=False)).told
    assert [one.event.type for one in told] == [E.DOMAIN_CREATED, E.DOMAIN_VERIFIED]


async def test_readers_are_woken_and_remember_where_they_are(store: Store) -> None:
    assert await store.events.position("reader") == 0
    await store.events.advance("reader", 5)
    await store.events.advance("reader", 7)
    assert await store.events.position("reader") == 7
    with store.events.listening() as heard:
        await store.queue.enqueue(*make_mail())
        async with asyncio.timeout(5):
            await heard.wait()


async def test_events_without_a_message_are_forgotten_when_they_are_old_and_read(store: Store) -> None:
    for number in range(5):
        domain = Domain(DomainId(f"d{number}"), f"d{number}.test", DomainStatus.PENDING, NOW)
        event = event_without_message(NOW + number, E.DOMAIN_CREATED, domain.id, domain.name)
        await store.directory.add_domain(domain, (), event)
    await store.queue.enqueue(*make_mail(now=NOW))
    await store.events.advance("reader", 2)
    assert await store.events.discard(NOW + 4, 1) == 1
    assert await store.events.discard(NOW + 4, 10) == 1
    assert await store.events.discard(NOW + 4, 10) == 0  # the others are not read yet
    await store.events.advance("reader", 6)
    assert await store.events.discard(NOW + 4, 10) == 2
    left = [told.event.type for told in (await store.events.page(EventFilter(), 10, 0, newest_first=False)).told]
    assert left == [E.DOMAIN_CREATED, E.QUEUED]
