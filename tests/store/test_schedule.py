"""Moving and cancelling what waits: whole messages, or nothing, and never against a lane that has it."""

import msgspec
import pytest

from emailgw.core.events import Event, EventType, Source
from emailgw.core.model import Recipient, RecipientState
from emailgw.errors import Conflict
from emailgw.store.open import Store
from tests.harness.mail import HOUR, NOW, Mail, change, event_of, make_mail

LATER = NOW + HOUR
UNFINISHED = (RecipientState.QUEUED, RecipientState.DEFERRED, RecipientState.HELD)


def moved(mail: Mail) -> list[tuple[Recipient, Event]]:
    return [
        (
            msgspec.structs.replace(recipient, due_at=LATER, expires_at=recipient.expires_at + HOUR),
            event_of(recipient, EventType.RESCHEDULED, source=Source.API),
        )
        for recipient in mail.recipients
    ]


async def test_a_message_moves_whole(store: Store) -> None:
    mail = make_mail("a@x.test", "b@y.test")
    await store.queue.enqueue(*mail)
    told: list[tuple[str, int]] = []
    store.queue.on_work(lambda nexthop, due_at: told.append((nexthop, due_at)))
    message = msgspec.structs.replace(mail.message, date=LATER, expires_at=mail.message.expires_at + HOUR)
    await store.queue.reschedule(message, moved(mail))
    story = await store.history.story(message.id)
    assert story.message == message
    assert [recipient.due_at for recipient in story.recipients] == [LATER, LATER]
    assert [event.type for event in story.events] == [EventType.QUEUED] * 2 + [EventType.RESCHEDULED] * 2
    assert told == [("x.test", LATER), ("y.test", LATER)]
    assert await store.queue.claim("x.test", NOW, NOW + 1, 1, 10) == ([], LATER)


async def test_a_lane_was_faster(store: Store) -> None:
    mail = make_mail("a@x.test", "b@y.test")
    await store.queue.enqueue(*mail)
    assert len((await store.queue.claim("y.test", NOW, NOW + HOUR, 7, 10)).items) == 1
    message = msgspec.structs.replace(mail.message, date=LATER, expires_at=mail.message.expires_at + HOUR)
    with pytest.raises(Conflict):
        await store.queue.reschedule(message, moved(mail))
    gone = [
        (change(recipient, RecipientState.CANCELLED), event_of(recipient, EventType.CANCELLED))
        for recipient in mail.recipients
    ]
    with pytest.raises(Conflict):
        await store.queue.change_all(gone, UNFINISHED)
    story = await store.history.story(message.id)
    assert story.message == mail.message
    assert {recipient.state for recipient in story.recipients} == {RecipientState.QUEUED}
    assert len(story.events) == 2
    await store.queue.change_all(gone[:1], UNFINISHED)
    assert (await store.history.recipients(message.id))[0].state is RecipientState.CANCELLED
