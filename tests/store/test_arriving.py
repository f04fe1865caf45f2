"""One message to one recipient is stored in one statement: whole, as table by table, or not at all."""

import asyncio

import msgspec
import pytest

from emailgw.errors import Contradiction, NotFound
from emailgw.store.open import Store
from tests.harness.mail import make_mail, together


async def test_alone_and_in_a_batch_a_message_is_stored_alike(store: Store) -> None:
    alone, *batch = [make_mail(subject=f"Number {number}") for number in range(3)]
    await store.queue.enqueue(*alone)
    await store.queue.enqueue_all(together(*batch))
    for mail in (alone, *batch):
        story = await store.history.story(mail.message.id)
        assert story.message == mail.message
        assert story.recipients == mail.recipients
        [event] = [msgspec.structs.replace(event, id=mail.events[0].id) for event in story.events]
        assert event == msgspec.structs.replace(mail.events[0], domain=mail.message.author.domain)
        assert await store.history.content(mail.message) == mail.content


async def test_one_that_contradicts_leaves_nothing_and_sinks_no_neighbour(store: Store) -> None:
    first, other = make_mail(), make_mail()
    await store.queue.enqueue(*first)
    twice = make_mail()
    twice = twice._replace(recipients=(msgspec.structs.replace(twice.recipients[0], id=first.recipients[0].id),))
    refused, stored = await asyncio.gather(
        store.queue.enqueue(*twice), store.queue.enqueue(*other), return_exceptions=True
    )
    assert isinstance(refused, Contradiction)
    assert stored is None
    with pytest.raises(NotFound):
        await store.history.message(twice.message.id)
    with pytest.raises(NotFound):
        await store.queue.content(twice.message.content_id)
    assert (await store.history.story(other.message.id)).recipients == other.recipients


async def test_many_in_one_group_are_stored_as_alone(store: Store) -> None:
    """More than one statement takes, so in several of different lengths; nobody gets another's parts."""
    mails = [make_mail(subject=f"Number {number}") for number in range(45)]
    await asyncio.gather(*[store.queue.enqueue(*mail) for mail in mails])
    for mail in mails:
        story = await store.history.story(mail.message.id)
        assert (story.message, story.recipients) == (mail.message, mail.recipients)
        assert [event.recipient_id for event in story.events] == [mail.recipients[0].id]
        assert await store.history.content(mail.message) == mail.content
