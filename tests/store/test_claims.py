"""Conformance: what goes in, who may work on it, and for how long."""

import asyncio

import pytest

from emailgw.core.ids import ContentId, MessageId, uuid7_floor
from emailgw.core.model import Recipient, RecipientState
from emailgw.errors import Conflict, NotFound
from emailgw.store.open import Store
from emailgw.store.queue import INLINE_CONTENT, Claimed
from emailgw.store.rows import decode_content
from tests.harness.mail import HOUR, NOW, Mail, change, make_mail

LEASE = 15 * 60_000


async def put(store: Store, *mails: Mail) -> None:
    for mail in mails:
        await store.queue.enqueue(*mail)


async def claim(store: Store, nexthop: str = "example.test", *, now: int = NOW, lease: int = 1, count: int = 100,
                until: int | None = None) -> list[Claimed]:  # fmt: skip
    found = await store.queue.claim(nexthop, now, now + LEASE if until is None else until, lease, count)
    assert all(isinstance(item, Claimed) for item in found.items)
    return [item for item in found.items if isinstance(item, Claimed)]


def ids(recipients: list[Claimed] | tuple[Recipient, ...]) -> list[int]:
    return [item.recipient.id if isinstance(item, Claimed) else item.id for item in recipients]


async def test_a_message_is_stored_whole(store: Store) -> None:
    mail = make_mail("joe@example.test", "ann@other.test", subject="Grüße", html="<p>x</p>", headers=(("X-A", "b"),))
    await put(store, mail)
    story = await store.history.story(mail.message.id)
    assert story.message == mail.message
    assert story.recipients == mail.recipients
    assert [(event.type, event.recipient_id, event.detail) for event in story.events] == [
        (event.type, event.recipient_id, event.detail) for event in mail.events
    ]
    assert await store.history.content(story.message) == mail.content


async def test_a_message_is_stored_whole_or_not_at_all(store: Store) -> None:
    """The last row of the verb is the one that cannot be written."""
    first, second = make_mail("joe@example.test"), make_mail("a@new.test", "b@new.test")
    await put(store, first)
    clash = second._replace(recipients=(second.recipients[0], first.recipients[0]))
    with pytest.raises(Conflict):
        await put(store, clash)
    with pytest.raises(NotFound):
        await store.history.message(second.message.id)
    with pytest.raises(NotFound):
        await store.queue.content(second.message.content_id)
    assert await store.queue.next_hops() == [("example.test", NOW)]


async def test_who_waits_for_work_is_told_after_it_is_there(store: Store) -> None:
    told: list[tuple[str, int]] = []
    store.queue.on_work(lambda nexthop, due_at: told.append((nexthop, due_at)))
    mail = make_mail("joe@example.test", "ann@other.test", due_at=NOW + HOUR)
    with pytest.raises(Conflict):
        await put(store, mail, mail)
    assert told == [("example.test", NOW + HOUR), ("other.test", NOW + HOUR)]


async def test_claims_are_oldest_first_and_limited(store: Store) -> None:
    late, early, future = make_mail(due_at=NOW - 1), make_mail(due_at=NOW - 2), make_mail(due_at=NOW + 1)
    twins = make_mail("a@example.test", "b@example.test", due_at=NOW - 3)
    await put(store, late, early, future, twins, make_mail("joe@other.test"))
    first = await claim(store, count=3, lease=1)
    assert set(ids(first)) == {*ids(twins.recipients), *ids(early.recipients)}
    assert ids(await claim(store, count=3, lease=2)) == ids(late.recipients)
    assert await claim(store, count=3, lease=3) == []
    assert ids(await claim(store, now=NOW + 1, lease=4)) == ids(future.recipients)


async def test_a_claim_says_when_the_next_is_due(store: Store) -> None:
    mail = make_mail(*(f"u{number}@example.test" for number in range(4)))
    await put(store, mail, make_mail("a@other.test"), make_mail("a@example.test", due_at=NOW + 5))
    found = [await store.queue.claim("example.test", NOW, NOW + LEASE + lease, lease, 2) for lease in (1, 2, 3)]
    assert [(len(items), next_due) for items, next_due in found] == [(2, NOW), (2, NOW + 5), (0, NOW + 5)]
    [_], next_due = await store.queue.claim("example.test", NOW + 5, NOW + 2 * LEASE, 4, 9)
    assert next_due == NOW + LEASE + 1, "who works on others may never come back"
    assert await store.queue.claim("nobody.test", NOW, NOW + LEASE, 5, 2) == ([], None)


async def test_of_those_due_together_the_first_accepted_goes_first(store: Store) -> None:
    mails = [make_mail() for _ in range(5)]
    await put(store, *reversed(mails))
    taken = [ids(await claim(store, count=1, lease=lease)) for lease in range(1, 6)]
    assert taken == [ids(mail.recipients) for mail in mails]


async def test_a_claim_brings_what_is_needed_to_work(store: Store) -> None:
    mail = make_mail("joe@example.test", text="x" * 100)
    await put(store, mail)
    [item] = await claim(store, lease=7)
    assert item.message == mail.message
    assert (item.recipient.state, item.recipient.lease, item.recipient.due_at) == (
        RecipientState.QUEUED,
        7,
        NOW + LEASE,
    )
    assert item.content is not None
    assert decode_content(item.content) == mail.content
    assert item.size == len(item.content)


async def test_a_large_content_does_not_come_with_the_claim(store: Store) -> None:
    """Memory is bounded by lanes × message size (G8), not by lanes × claim × size."""
    mail = make_mail(text="x" * INLINE_CONTENT)
    await put(store, mail)
    [item] = await claim(store)
    assert item.content is None
    assert decode_content(await store.queue.content(item.message.content_id)) == mail.content


async def test_a_content_that_is_not_there(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.queue.content(ContentId(5))


async def test_two_claimers_never_get_the_same_recipient(store: Store) -> None:
    mail = make_mail(*(f"r{i}@example.test" for i in range(100)))
    await put(store, mail)
    claims = await asyncio.gather(*(claim(store, count=7, lease=lease) for lease in range(1, 21)))
    taken = [recipient for found in claims for recipient in ids(found)]
    assert len(taken) == 100
    assert sorted(taken) == ids(mail.recipients)


async def test_a_lease_hides_until_it_ends(store: Store) -> None:
    await put(store, make_mail())
    assert len(await claim(store, lease=1, until=NOW + 50)) == 1
    assert await claim(store, lease=2, now=NOW + 49) == []
    [again] = await claim(store, lease=3, now=NOW + 50)
    assert (again.recipient.lease, again.recipient.tries) == (3, 0)


async def test_a_lease_shows_as_work_at_its_end(store: Store) -> None:
    await put(store, make_mail())
    await claim(store, until=NOW + 50)
    assert await store.queue.next_hops() == [("example.test", NOW + 50)]


async def test_released_recipients_are_due_and_untouched(store: Store) -> None:
    mail = make_mail("a@example.test", "b@example.test")
    await put(store, mail)
    await claim(store, lease=1)
    await store.queue.release([(recipient.id, 1) for recipient in mail.recipients], NOW + 5)
    after = await store.history.recipients(mail.message.id)
    assert [(r.state, r.tries, r.lease, r.due_at) for r in after] == [(RecipientState.QUEUED, 0, None, NOW + 5)] * 2
    assert len((await store.history.story(mail.message.id)).events) == 2  # nothing happened, so nothing is told


async def test_who_lost_the_lease_releases_nothing(store: Store) -> None:
    mail = make_mail("a@example.test", "b@example.test")
    await put(store, mail)
    await claim(store, lease=1, count=1, until=NOW + 1)
    await claim(store, lease=2, now=NOW + 1)
    await store.queue.release([(recipient.id, 1) for recipient in mail.recipients], NOW)
    assert [r.lease for r in await store.history.recipients(mail.message.id)] == [2, 2]


async def test_releasing_nobody(store: Store) -> None:
    mail = make_mail("a@example.test")
    await put(store, mail)
    await claim(store, lease=1)
    await store.queue.release([], NOW)
    assert [r.lease for r in await store.history.recipients(mail.message.id)] == [1]


async def test_after_a_crash_every_lease_is_due_at_once(store: Store) -> None:
    mail = make_mail("a@example.test", "b@example.test", "c@other.test")
    waiting = make_mail("d@later.test", due_at=NOW + HOUR)
    await put(store, mail, waiting)
    await claim(store, lease=1)
    assert await store.queue.recover_leases(NOW + 1) == 2
    assert await store.queue.recover_leases(NOW + 1) == 0
    assert len(await claim(store, now=NOW + 1, lease=2)) == 2
    assert await claim(store, "later.test", now=NOW + 1, lease=3) == []


async def test_next_hops_come_in_order_and_in_pages(store: Store) -> None:
    names = [f"d{i:02}.test" for i in range(25)]
    for i, name in enumerate(reversed(names)):
        await put(store, make_mail(f"a@{name}", due_at=NOW + i), make_mail(f"b@{name}", due_at=NOW + 100 + i))
    found: list[tuple[str, int]] = []
    after = ""
    for _ in range(4):
        page = await store.queue.next_hops(after, 10)
        found += page
        after = page[-1][0] if page else after
    assert [name for name, _ in found] == names
    assert [due for _, due in found] == [NOW + 24 - i for i in range(25)]


async def test_next_hops_without_waiting_mail_do_not_appear(store: Store) -> None:
    finished, held, waiting = make_mail("a@aa.test"), make_mail("b@bb.test"), make_mail("c@cc.test")
    await put(store, finished, held, waiting)
    for mail, state in ((finished, RecipientState.DELIVERED), (held, RecipientState.HELD)):
        [item] = await claim(store, mail.recipients[0].nexthop)
        if state is RecipientState.HELD:
            await store.queue.hold(item.recipient.id, 1, "poison", None, NOW)
        else:
            await store.queue.settle(change(item.recipient, RecipientState.DELIVERED), None, 1)
    assert await store.queue.next_hops() == [("cc.test", NOW)]
    assert await store.queue.next_hops("cc.test") == []


async def test_an_empty_store(store: Store) -> None:
    assert await store.queue.next_hops() == []
    assert await claim(store) == []
    assert await store.queue.overdue("example.test", NOW, 10) == []
    assert await store.queue.recover_leases(NOW) == 0
    assert await store.queue.discard(uuid7_floor(NOW), NOW, 10) == 0
    with pytest.raises(NotFound):
        await store.history.story(MessageId(uuid7_floor(NOW)))


async def test_overdue_mail_is_found_unless_somebody_works_on_it(store: Store) -> None:
    old, young = make_mail(lifetime=10), make_mail(lifetime=HOUR)
    busy = make_mail(due_at=NOW - 1, lifetime=10)
    await put(store, old, young, busy)
    [item] = await claim(store, count=1)
    assert item.recipient.id == busy.recipients[0].id
    assert await store.queue.overdue("example.test", NOW + 9, 10) == []
    assert [r.id for r in await store.queue.overdue("example.test", NOW + 10, 10)] == ids(old.recipients)
    assert await store.queue.overdue("other.test", NOW + 10, 10) == []
