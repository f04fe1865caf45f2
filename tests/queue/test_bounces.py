"""What reports by mail do to recipients, and what they may not do."""

import sqlite3

import pytest

from emailgw.core.events import EventType
from emailgw.core.model import RecipientState
from emailgw.errors import StoreUnavailable
from emailgw.queue.bounces import Bounces
from emailgw.store.open import DATABASE_FILE
from tests.harness.mail import NOW, change, event_of, make_mail
from tests.queue.reports import bounces_of, delivered, report, state
from tests.queue.world import World

S = RecipientState


VACATION = (
    b"From: joe@example.test\r\nAuto-Submitted: auto-replied\r\nSubject: Out of office\r\n\r\nBack on Monday.\r\n"
)
ORDINARY = b"From: joe@example.test\r\nSubject: Re: Hello\r\n\r\nThank you!\r\n"
NO_FIELDS = b"""Content-Type: multipart/report; report-type=delivery-status; boundary=x\r
From: MAILER-DAEMON@mx.example.test\r
\r
--x\r
Content-Type: message/delivery-status\r
\r
nothing here\r
--x--\r
"""


def bounces(world: World) -> Bounces:
    return bounces_of(world)


def unparsed(world: World) -> list[tuple[str, bytes]]:
    connection = sqlite3.connect(world.data_dir / DATABASE_FILE)
    try:
        return connection.execute("SELECT kind, raw FROM unparsed ORDER BY id").fetchall()
    finally:
        connection.close()


async def test_a_failure_bounces_the_right_recipient_with_its_story(world: World) -> None:
    joe = await delivered(world, "joe@example.test", "ann@example.test")
    await bounces(world).receive(joe.id, report())
    story = await world.store.history.story(joe.message_id)
    assert [recipient.state for recipient in story.recipients] == [S.BOUNCED, S.DELIVERED]
    assert str(story.recipients[0].status) == "5.1.1"
    event = story.events[-1]
    assert (event.type, event.recipient_id, event.at) == (EventType.BOUNCED, joe.id, NOW + 5)
    detail = event.detail
    assert (detail.source.value, str(detail.status)) == ("dsn", "5.1.1")
    assert (detail.reporting_mta, detail.remote_mta) == ("mx.example.test", "inner.example.test")
    assert "550 5.1.1 unknown user" in str(detail.diagnostic)


async def test_a_delay_is_told_and_final_for_nobody(world: World) -> None:
    joe = await delivered(world)
    await bounces(world).receive(joe.id, report("delayed", "4.4.1", diagnostic="smtp; 450 busy"))
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered", "delayed"])
    await bounces(world).receive(joe.id, report())
    assert await state(world, joe) == (S.BOUNCED, ["queued", "delivered", "delayed", "bounced"])


async def test_the_same_report_twice_counts_once(world: World) -> None:
    """Also with other trace fields on top, as a second delivery of it has."""
    joe = await delivered(world)
    late = report("delayed", "4.4.1")
    await bounces(world).receive(joe.id, late)
    await bounces(world).receive(joe.id, late)
    await bounces(world).receive(joe.id, report("delayed", "4.4.1", trace="Received: from a by b\n"))
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered", "delayed"])
    await bounces(world).receive(joe.id, report())
    await bounces(world).receive(joe.id, report())
    await bounces(world).receive(joe.id, report(diagnostic="smtp; 550 another one"))
    assert (await state(world, joe))[1] == ["queued", "delivered", "delayed", "bounced"]


@pytest.mark.parametrize("raw", [VACATION, ORDINARY, b"\0\xff" * 1000], ids=["vacation", "ordinary", "bytes"])
async def test_what_is_no_report_has_no_effect(world: World, raw: bytes) -> None:
    joe = await delivered(world)
    await bounces(world).receive(joe.id, raw, "joe@example.test")
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered"])


async def test_a_success_is_told(world: World) -> None:
    joe = await delivered(world)
    await bounces(world).receive(joe.id, report("delivered", "2.1.5", diagnostic="smtp; 250 ok"))
    await bounces(world).receive(joe.id, report("delivered", "2.1.5", diagnostic="smtp; 250 ok"))
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered", "delivered"])
    event = (await world.store.history.story(joe.message_id)).events[-1]
    assert (event.detail.source.value, str(event.detail.status)) == ("dsn", "2.1.5")


@pytest.mark.parametrize("action", ["relayed", "expanded"])
async def test_what_goes_on_elsewhere_changes_nothing(world: World, action: str) -> None:
    joe = await delivered(world)
    await bounces(world).receive(joe.id, report(action, "2.0.0", diagnostic="smtp; 250 ok"))
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered"])


async def test_a_report_that_says_nothing_is_kept(world: World) -> None:
    joe = await delivered(world)
    await bounces(world).receive(joe.id, NO_FIELDS)
    await bounces(world).receive(joe.id, NO_FIELDS)
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered", "unparsed"])
    assert unparsed(world) == [("malformed", NO_FIELDS)]


async def test_an_auto_reply_is_not_kept(world: World) -> None:
    joe = await delivered(world)
    await bounces(world).receive(joe.id, VACATION)
    assert unparsed(world) == []


async def test_a_letter_is_kept_only_where_nobody_can_have_written_it(world: World) -> None:
    joe = await delivered(world)
    await bounces(world).receive(joe.id, ORDINARY, "joe@example.test")
    assert unparsed(world) == []
    await bounces(world).receive(joe.id, ORDINARY, "")
    assert unparsed(world) == [("ordinary", ORDINARY)]
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered", "unparsed"])


async def test_an_alias_bounces_for_the_recipient_whose_path_it_is(world: World) -> None:
    joe = await delivered(world)
    await bounces(world).receive(joe.id, report(to="joe.miller@inner.example.test"))
    assert (await state(world, joe))[0] is S.BOUNCED


async def test_of_several_parts_ours_counts(world: World) -> None:
    joe = await delivered(world)
    more = "\nFinal-Recipient: rfc822; JOE@Example.TEST\nAction: delayed\nStatus: 4.4.1\n"
    await bounces(world).receive(joe.id, report(to="someone@else.test", more=more))
    assert (await state(world, joe))[1][-1] == "delayed"


async def test_a_failure_with_a_status_of_success_is_a_failure(world: World) -> None:
    joe = await delivered(world)
    await bounces(world).receive(joe.id, report("failed", "2.0.0"))
    after = await world.store.history.recipient(joe.id)
    assert after.state is S.BOUNCED
    assert after.status is not None
    assert after.status.is_permanent


@pytest.mark.parametrize("before", [S.QUEUED, S.DEFERRED, S.HELD, S.CANCELLED, S.EXPIRED, S.BOUNCED])
async def test_only_a_delivered_recipient_can_bounce_later(world: World, before: RecipientState) -> None:
    mail = make_mail()
    await world.store.queue.enqueue(*mail)
    [joe] = mail.recipients
    if before is not S.QUEUED:
        after = change(joe, before, due_at=NOW + 1000 if before.is_waiting else None)
        await world.store.queue.change(after, event_of(joe, EventType.HELD), (S.QUEUED,))
    await bounces(world).receive(joe.id, report())
    assert (await state(world, joe))[0] is before


async def test_a_report_that_was_faster_than_our_own_record_is_put_off(world: World) -> None:
    mail = make_mail()
    await world.store.queue.enqueue(*mail)
    await world.store.queue.claim("example.test", NOW, NOW + 1000, 1, 100)
    [joe] = mail.recipients
    with pytest.raises(StoreUnavailable):
        await bounces(world).receive(joe.id, report())
    await world.store.queue.settle(change(joe, S.DELIVERED), event_of(joe, EventType.DELIVERED), 1)
    await bounces(world).receive(joe.id, report())
    assert (await state(world, joe))[0] is S.BOUNCED


async def test_a_report_for_what_was_forgotten(world: World) -> None:
    joe = await delivered(world)
    await bounces(world).receive(make_mail().recipients[0].id, report())
    assert unparsed(world) == []
    assert await state(world, joe) == (S.DELIVERED, ["queued", "delivered"])
