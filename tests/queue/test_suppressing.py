"""Which bounces take an address off the list: at once, after too many, or never; and what the configuration says."""

import msgspec
import pytest

from emailgw.core.events import Event, EventType
from emailgw.core.model import Recipient, RecipientState
from emailgw.queue.suppression import Suppressing, SuppressionPolicy
from tests.harness.mail import DAY, NOW, change, event_of, make_mail
from tests.queue.reports import bounces_of, delivered, report, suppressed
from tests.queue.world import World

S = RecipientState
FULL = {"status": "5.2.2", "diagnostic": "smtp; 552 5.2.2 mailbox full"}
DETAIL = {"bounce_type": "Transient", "bounce_subtype": "MailboxFull", "category": "mailbox-full", "reason": "full"}


async def came_back(world: World, at: int = NOW, **options: object) -> Recipient:
    """A message that was delivered and bounced by report with a full mailbox."""
    joe = await delivered(world)
    raw = report(**FULL).replace(b"Hello", str(joe.id).encode())
    await bounces_of(world, at, **options).receive(joe.id, raw)  # type: ignore[arg-type]
    assert (await world.store.history.recipient(joe.id)).state is S.BOUNCED
    return joe


async def refused(world: World, at: int = NOW, type: EventType = EventType.BOUNCED, **detail: str) -> Event:
    """A message that ended in the session; the event as the lane marks and settles it."""
    mail = make_mail()
    await world.store.queue.enqueue(*mail)
    await world.store.queue.claim("example.test", NOW, NOW + 1000, 1, 100)
    [joe] = mail.recipients
    suppressing = Suppressing(world.store.reports, SuppressionPolicy(transient_count=3))
    event = await suppressing.mark(event_of(joe, type, at, **{**DETAIL, **detail}))
    state = {EventType.BOUNCED: S.BOUNCED, EventType.EXPIRED: S.EXPIRED, EventType.DELIVERED: S.DELIVERED}[type]
    await world.store.queue.settle(change(joe, state, tries=1), event, 1)
    return event


async def test_a_permanent_bounce_suppresses_at_once_and_says_why(world: World) -> None:
    joe = await delivered(world)
    await bounces_of(world).receive(joe.id, report())
    assert await suppressed(world, domain="other.test") == "bounce"
    found = await world.store.suppressions.find("sender.test", [joe.address])
    assert "unknown user" in found[joe.address].cause


async def test_transient_bounces_suppress_after_so_many(world: World) -> None:
    for expected in (None, None, "bounce"):
        await came_back(world, transient_count=3)
        assert await suppressed(world) == expected
    assert await suppressed(world, domain="other.test") is None
    [entry] = (await world.store.suppressions.find("sender.test", [make_mail().recipients[0].address])).values()
    assert entry.cause.startswith("too many transient bounces")


async def test_in_the_session_and_by_report_count_together(world: World) -> None:
    await refused(world)
    await refused(world, type=EventType.EXPIRED, category="network")
    assert await suppressed(world) is None
    await came_back(world, transient_count=3)
    assert await suppressed(world) == "bounce"


async def test_a_delivery_starts_anew(world: World) -> None:
    await refused(world)
    await refused(world)
    await refused(world, type=EventType.DELIVERED, bounce_type="", category="")
    await refused(world)
    await refused(world)
    assert await suppressed(world) is None
    await refused(world)
    assert await suppressed(world) == "bounce"


async def test_bounces_that_are_too_old_do_not_count(world: World) -> None:
    await refused(world, NOW - 15 * DAY)
    await refused(world, NOW - 15 * DAY)
    await refused(world)
    assert await suppressed(world) is None
    await refused(world)
    assert await suppressed(world) is None
    await refused(world)
    assert await suppressed(world) == "bounce"


@pytest.mark.parametrize("category", ["size", "spam", "policy", "reputation", "rate-limit", "greylisted"])
async def test_what_says_nothing_of_the_address_does_not_count(world: World, category: str) -> None:
    for _ in range(4):
        await refused(world, category=category)
    assert await suppressed(world) is None


async def test_each_cause_can_be_turned_off(world: World) -> None:
    bounces = bounces_of(world, hard_bounces=False, transient_bounces=False, complaints=False, unsubscribes=False)
    for raw in (report(), report(**FULL)):
        joe = await delivered(world)
        await bounces.receive(joe.id, raw)
    joe = await delivered(world)
    await bounces.unsubscribe(joe.id, "joe@example.test", b"Subject: stop\r\n\r\nstop\r\n")
    assert (await world.store.history.story(joe.message_id)).events[-1].type is EventType.UNSUBSCRIBED
    assert await suppressed(world) is None
    for _ in range(3):
        await came_back(world, transient_bounces=False, transient_count=2)
    assert await suppressed(world) is None


def test_marking_is_left_out_of_events_that_cannot_suppress() -> None:
    event = event_of(make_mail().recipients[0], EventType.DELIVERED)
    assert b"suppresses" not in msgspec.json.encode(event.detail)


async def test_the_count_does_not_grow_for_ever(world: World) -> None:
    await refused(world, NOW - 15 * DAY)
    event = await refused(world)
    assert await world.store.reports.transient_bounces(event, 0) == 0
