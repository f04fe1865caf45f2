"""Conformance: how a recipient changes state, always together with its event, and who may not change it."""

import asyncio

import pytest

from emailgw.core.events import EventType, Source
from emailgw.core.ids import MessageId, uuid7_floor
from emailgw.core.model import Recipient, RecipientState
from emailgw.errors import Conflict, NotFound
from emailgw.store.open import Store
from emailgw.store.queue import Claimed
from tests.harness.mail import DAY, HOUR, NOW, Mail, attempt_with, change, event_of, make_mail, said, status

S, E = RecipientState, EventType
LEASE = 15 * 60_000
FINAL = [state for state in S if state.is_final]


async def claimed(store: Store, *addresses: str, accepted_at: int = NOW) -> tuple[Mail, list[Recipient]]:
    """A fresh message, all of it leased to 1 for LEASE."""
    mail = make_mail(*addresses, now=accepted_at)
    await store.queue.enqueue(*mail)
    for nexthop in {recipient.nexthop for recipient in mail.recipients}:
        await store.queue.claim(nexthop, NOW, NOW + LEASE, 1, 100)
    return mail, list(await store.history.recipients(mail.message.id))


async def settled(store: Store, state: RecipientState, accepted_at: int = NOW) -> tuple[Mail, Recipient]:
    mail, [recipient] = await claimed(store, accepted_at=accepted_at)
    after = change(recipient, state, due_at=NOW + HOUR if state.is_waiting else None)
    await store.queue.settle(after, event_of(recipient, E.DELIVERED), 1)
    return mail, after


async def now_in_store(store: Store, recipient: Recipient) -> Recipient:
    return await store.history.recipient(recipient.id)


async def event_types(store: Store, mail: Mail) -> list[EventType]:
    return [event.type for event in (await store.history.story(mail.message.id)).events]


# Settling.


async def test_state_and_event_are_written_together(store: Store) -> None:
    mail, [one, other] = await claimed(store, "a@example.test", "b@example.test")
    fields = {"tries": 1, "status": status("4.7.1"), "reason": "450 4.7.1 wait", "updated_at": NOW + 3}
    after = change(one, S.DEFERRED, due_at=NOW + HOUR, **fields)
    attempt = attempt_with(said(450, "4.7.1 wait"))
    event = event_of(one, E.DEFERRED, source=Source.SMTP, retry_at=NOW + HOUR, attempt=attempt)
    await store.queue.settle(after, event, 1)
    story = await store.history.story(mail.message.id)
    assert story.recipients == (after, other)
    assert (story.events[-1].type, story.events[-1].detail) == (E.DEFERRED, event.detail)


async def test_a_lost_lease_changes_nothing(store: Store) -> None:
    mail, [recipient] = await claimed(store)
    bounced = change(recipient, S.BOUNCED)
    with pytest.raises(Conflict, match="lease"):
        await store.queue.settle(bounced, event_of(recipient, E.BOUNCED), 2)
    assert await now_in_store(store, recipient) == recipient
    assert await event_types(store, mail) == [E.QUEUED]


async def test_a_success_counts_although_the_lease_was_lost(store: Store) -> None:
    """Guarantee G4: mail that was handed over is delivered, whoever holds the lease now."""
    mail, [recipient] = await claimed(store)
    await store.queue.claim("example.test", NOW + LEASE, NOW + 2 * LEASE, 2, 10)
    delivered = change(recipient, S.DELIVERED)
    await store.queue.settle(delivered, event_of(recipient, E.DELIVERED), 1)
    assert await now_in_store(store, recipient) == delivered
    with pytest.raises(Conflict):  # the second holder's result comes too late
        await store.queue.settle(change(recipient, S.BOUNCED), event_of(recipient, E.BOUNCED), 2)
    assert await event_types(store, mail) == [E.QUEUED, E.DELIVERED]


async def test_of_successes_recorded_together_one_that_is_too_late_sinks_no_other(store: Store) -> None:
    deliveries: list[tuple[Mail, Recipient]] = []
    for _ in range(5):
        mail, [recipient] = await claimed(store)
        deliveries.append((mail, recipient))
    _, late = deliveries[2]
    await store.queue.settle(change(late, S.BOUNCED), event_of(late, E.BOUNCED), 1)
    settling = [
        store.queue.settle(change(one, S.DELIVERED), event_of(one, E.DELIVERED, reason=f"as {one.id}"), 1)
        for _, one in deliveries
    ]
    outcomes = await asyncio.gather(*settling, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), type(None), Conflict, type(None), type(None)]
    assert str(outcomes[2]) == "the lease was lost"
    for mail, one in deliveries:
        told = [E.QUEUED, E.BOUNCED if one is late else E.DELIVERED]
        assert await event_types(store, mail) == told
        if one is not late:
            assert await now_in_store(store, one) == change(one, S.DELIVERED)
            story = await store.history.story(mail.message.id)
            assert story.events[-1].detail.reason == f"as {one.id}"


@pytest.mark.parametrize("state", FINAL)
async def test_what_is_final_stays_final_even_after_a_late_success(store: Store, state: RecipientState) -> None:
    """Guarantee G3: exactly one final state and one event that tells of it."""
    mail, after = await settled(store, state)
    with pytest.raises(Conflict):
        await store.queue.settle(change(after, S.DELIVERED), event_of(after, E.DELIVERED), 1)
    assert await now_in_store(store, after) == after
    assert len(await event_types(store, mail)) == 2


async def test_a_try_may_leave_no_event(store: Store) -> None:
    mail, [recipient] = await claimed(store)
    await store.queue.settle(change(recipient, S.QUEUED, due_at=NOW), None, 1)
    assert await event_types(store, mail) == [E.QUEUED]


async def test_a_deferral_is_announced(store: Store) -> None:
    told: list[tuple[str, int]] = []
    _, [recipient] = await claimed(store)
    store.queue.on_work(lambda nexthop, due_at: told.append((nexthop, due_at)))
    await store.queue.settle(change(recipient, S.DEFERRED, due_at=NOW + 7), None, 1)
    assert told == [("example.test", NOW + 7)]


@pytest.mark.parametrize(("state", "due_at"), [(S.DELIVERED, NOW), (S.HELD, NOW), (S.QUEUED, None), (S.DEFERRED, None)])
async def test_impossible_rows_are_refused(store: Store, state: RecipientState, due_at: int | None) -> None:
    _, [recipient] = await claimed(store)
    with pytest.raises(Conflict):
        await store.queue.settle(change(recipient, state, due_at=due_at), event_of(recipient, E.QUEUED), 1)
    assert await now_in_store(store, recipient) == recipient


async def test_poison_is_held_with_its_fault(store: Store) -> None:
    mail, [recipient] = await claimed(store)
    await store.queue.hold(recipient.id, 1, "cannot be composed", event_of(recipient, E.HELD), NOW + 1)
    held = await now_in_store(store, recipient)
    assert (held.state, held.due_at, held.lease, held.reason) == (S.HELD, None, None, "cannot be composed")
    assert await event_types(store, mail) == [E.QUEUED, E.HELD]
    with pytest.raises(Conflict):
        await store.queue.hold(recipient.id, 1, "again", event_of(recipient, E.HELD), NOW + 2)
    assert await event_types(store, mail) == [E.QUEUED, E.HELD]


# What the operator, a client, or a verdict on a site does.


async def test_a_waiting_recipient_is_changed(store: Store) -> None:
    mail = make_mail()
    await store.queue.enqueue(*mail)
    [recipient] = mail.recipients
    cancelled = change(recipient, S.CANCELLED)
    await store.queue.change(cancelled, event_of(recipient, E.CANCELLED), (S.QUEUED, S.DEFERRED))
    assert await now_in_store(store, recipient) == cancelled
    assert await event_types(store, mail) == [E.QUEUED, E.CANCELLED]
    with pytest.raises(Conflict):
        await store.queue.change(cancelled, event_of(recipient, E.CANCELLED), (S.QUEUED, S.DEFERRED))
    assert await event_types(store, mail) == [E.QUEUED, E.CANCELLED]


async def test_nobody_changes_what_is_being_delivered(store: Store) -> None:
    _, [recipient] = await claimed(store)
    with pytest.raises(Conflict):
        await store.queue.change(change(recipient, S.CANCELLED), event_of(recipient, E.CANCELLED), (S.QUEUED,))
    with pytest.raises(Conflict):
        await store.queue.hurry(recipient, NOW)
    assert await now_in_store(store, recipient) == recipient


async def test_a_hurried_recipient_is_due_and_announced(store: Store) -> None:
    told: list[tuple[str, int]] = []
    mail = make_mail(due_at=NOW + HOUR)
    await store.queue.enqueue(*mail)
    store.queue.on_work(lambda nexthop, due_at: told.append((nexthop, due_at)))
    await store.queue.hurry(mail.recipients[0], NOW)
    assert told == [("example.test", NOW)]
    assert len((await store.queue.claim("example.test", NOW, NOW + 1, 1, 10)).items) == 1


@pytest.mark.parametrize("state", [*FINAL, S.HELD])
async def test_only_waiting_mail_can_be_hurried(store: Store, state: RecipientState) -> None:
    _, after = await settled(store, state)
    with pytest.raises(Conflict):
        await store.queue.hurry(after, NOW)


# Reports by mail.


async def test_a_report_counts_once(store: Store) -> None:
    mail, delivered = await settled(store, S.DELIVERED)
    late = change(delivered, S.DELIVERED, status=status("4.0.0"), reason="not yet")
    await store.queue.report(late, event_of(delivered, E.DELAYED, source=Source.DSN), b"digest")
    with pytest.raises(Conflict, match="before"):
        await store.queue.report(late, event_of(delivered, E.DELAYED, source=Source.DSN), b"digest")
    bounced = change(delivered, S.BOUNCED, status=status("5.1.1"), reason="unknown")
    await store.queue.report(bounced, event_of(delivered, E.BOUNCED, source=Source.DSN), b"another")
    assert await now_in_store(store, delivered) == bounced
    assert await event_types(store, mail) == [E.QUEUED, E.DELIVERED, E.DELAYED, E.BOUNCED]


@pytest.mark.parametrize("state", [state for state in S if state is not S.DELIVERED])
async def test_a_report_changes_only_what_was_delivered(store: Store, state: RecipientState) -> None:
    mail, after = await settled(store, state)
    with pytest.raises(Conflict):
        await store.queue.report(change(after, S.BOUNCED), event_of(after, E.BOUNCED), b"digest")
    assert await now_in_store(store, after) == after
    assert len(await event_types(store, mail)) == 2


async def test_a_refused_report_may_be_offered_again(store: Store) -> None:
    """The digest of a report that had no effect is not remembered."""
    _, [recipient] = await claimed(store)
    bounced = change(recipient, S.BOUNCED)
    with pytest.raises(Conflict):
        await store.queue.report(bounced, event_of(recipient, E.BOUNCED), b"digest")
    await store.queue.settle(change(recipient, S.DELIVERED), event_of(recipient, E.DELIVERED), 1)
    await store.queue.report(bounced, event_of(recipient, E.BOUNCED), b"digest")
    assert (await now_in_store(store, recipient)).state is S.BOUNCED


async def test_what_nobody_understands_is_kept(store: Store) -> None:
    _, after = await settled(store, S.DELIVERED)
    unparsed = event_of(after, E.UNPARSED)
    await store.queue.keep_unparsed(1, unparsed, b"digest", "malformed", b"\xff\0raw")
    with pytest.raises(Conflict):
        await store.queue.keep_unparsed(2, unparsed, b"digest", "malformed", b"the same again")
    assert await store.reports.count_unparsed(0) == 1


# Forgetting.


async def test_finished_messages_are_forgotten_with_all_that_hangs_on_them(store: Store) -> None:
    mail, delivered = await settled(store, S.DELIVERED)
    await store.queue.report(change(delivered, S.BOUNCED), event_of(delivered, E.BOUNCED), b"digest")
    assert await store.queue.discard(uuid7_floor(NOW), NOW, 10) == 0  # as old as the line, so not below it
    assert await store.queue.discard(uuid7_floor(NOW + 1), NOW, 10) == 1
    with pytest.raises(NotFound):
        await store.history.story(mail.message.id)
    with pytest.raises(NotFound):
        await store.history.recipient(delivered.id)
    with pytest.raises(NotFound):
        await store.queue.content(mail.message.content_id)


@pytest.mark.parametrize("state", [S.QUEUED, S.DEFERRED, S.HELD])
async def test_a_message_with_an_unfinished_recipient_is_kept_whole(store: Store, state: RecipientState) -> None:
    mail, [one, other] = await claimed(store, "a@example.test", "b@example.test")
    await store.queue.settle(change(one, S.DELIVERED), event_of(one, E.DELIVERED), 1)
    due_at = NOW + HOUR if state.is_waiting else None
    await store.queue.settle(change(other, state, due_at=due_at), None, 1)
    assert await store.queue.discard(uuid7_floor(NOW + DAY), NOW + DAY, 10) == 0
    story = await store.history.story(mail.message.id)
    assert len(story.recipients) == 2
    assert await store.history.content(story.message) == mail.content


async def test_forgetting_goes_by_pages_oldest_first(store: Store) -> None:
    mails = [(await settled(store, S.DELIVERED, accepted_at=NOW - 10 + i))[0] for i in range(3)]
    later = uuid7_floor(NOW + 1)
    assert await store.queue.discard(later, NOW, 2) == 2
    assert (await store.history.message(mails[2].message.id)) == mails[2].message
    assert [await store.queue.discard(later, NOW, 2) for _ in range(2)] == [1, 0]


# What people look at.


async def test_the_operators_list_goes_by_pages(store: Store) -> None:
    mail = make_mail(*(f"r{i}@example.test" for i in range(5)), "x@other.test")
    await store.queue.enqueue(*mail)
    ids = [recipient.id for recipient in mail.recipients]
    first = await store.history.waiting((S.QUEUED,), limit=4)
    rest = await store.history.waiting((S.QUEUED,), after=first[-1], limit=4)
    assert [recipient.id for recipient in (*first, *rest)] == ids
    assert [r.id for r in await store.history.waiting((S.QUEUED, S.HELD), "other.test")] == ids[-1:]
    assert await store.history.waiting((S.HELD, S.DEFERRED)) == []


async def test_the_operators_list_goes_by_age_whatever_the_states(store: Store) -> None:
    states = (S.HELD, S.DEFERRED, S.HELD, S.DEFERRED, S.DEFERRED, S.HELD)
    found = [(await settled(store, state, accepted_at=NOW - 10 + i))[0] for i, state in enumerate(states)]
    wanted = [mail.recipients[0].id for mail in found]
    listed: list[Recipient] = []
    while page := await store.history.waiting((S.HELD, S.DEFERRED), after=listed[-1] if listed else None, limit=2):
        listed += page
    assert [recipient.id for recipient in listed] == wanted
    assert tuple(recipient.state for recipient in listed) == states
    assert [r.id for r in await store.history.waiting((S.HELD, S.HELD))] == [wanted[0], wanted[2], wanted[5]]


async def test_the_operators_list_goes_on_behind_one_that_is_forgotten_meanwhile(store: Store) -> None:
    _, gone = await settled(store, S.DELIVERED, accepted_at=NOW - 2)
    _, held = await settled(store, S.HELD, accepted_at=NOW - 1)
    assert await store.queue.discard(uuid7_floor(NOW), NOW, 1) == 1
    with pytest.raises(NotFound):
        await store.history.recipient(gone.id)
    assert [recipient.id for recipient in await store.history.waiting((S.HELD,), after=gone)] == [held.id]


async def test_waiting_mail_is_counted_by_state(store: Store) -> None:
    await settled(store, S.DELIVERED)
    await settled(store, S.HELD)
    await settled(store, S.DEFERRED)
    await store.queue.enqueue(*make_mail("a@example.test", "b@example.test"))
    assert await store.history.count_waiting() == {S.QUEUED: 2, S.DEFERRED: 1, S.HELD: 1}


async def test_what_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.history.message(MessageId("x"))
    with pytest.raises(NotFound):
        await store.history.recipient(make_mail().recipients[0].id)
    assert await store.history.recipients(MessageId("x")) == ()


async def test_foreign_text_comes_back_as_it_was(store: Store) -> None:
    odd = "quote ' \" ; -- % _ \\ \u2028 🐎 é"
    _, [recipient] = await claimed(store)
    after = change(recipient, S.BOUNCED, reason=odd)
    await store.queue.settle(after, event_of(recipient, E.BOUNCED, reason=odd, diagnostic=odd), 1)
    assert (await now_in_store(store, recipient)).reason == odd
    story = await store.history.story(recipient.message_id)
    assert story.events[-1].detail.diagnostic == odd


async def test_events_are_numbered_in_commit_order(store: Store) -> None:
    mails = [make_mail("a@example.test", "b@example.test") for _ in range(20)]
    for mail in mails:
        await store.queue.enqueue(*mail)
    numbers = [event.id for mail in mails for event in (await store.history.story(mail.message.id)).events]
    assert numbers == sorted(numbers, key=lambda number: number or 0)
    assert len(set(numbers)) == 40
    claim = await store.queue.claim("example.test", NOW, NOW + 1, 1, 3)
    assert [type(item) for item in claim.items] == [Claimed] * 3
