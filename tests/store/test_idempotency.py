"""Answers to requests: stored with their effect, forgotten after a day."""

import msgspec
import pytest

from emailgw.core.ids import KeyId
from emailgw.errors import Conflict, NotFound
from emailgw.store.idempotency import KEPT, Remembered
from emailgw.store.open import Store
from tests.harness.mail import NOW, make_mail, together

ONCE = Remembered(KeyId("k"), "order-1", b"f" * 32, b'{"id":"1"}', NOW)


async def test_the_answer_comes_with_its_effect(store: Store) -> None:
    mails = [make_mail(), make_mail("a@x.test", "b@x.test")]
    await store.queue.enqueue_all(together(*mails), ONCE)
    assert await store.idempotency.find(ONCE.key_id, ONCE.name, NOW) == ONCE
    assert await store.idempotency.find(KeyId("other"), ONCE.name, NOW) is None
    for mail in mails:
        assert len((await store.history.story(mail.message.id)).recipients) == len(mail.recipients)


async def test_the_same_again_has_no_effect(store: Store) -> None:
    await store.queue.enqueue_all(together(make_mail()), ONCE)
    again = make_mail()
    with pytest.raises(Conflict):
        await store.queue.enqueue_all(together(again), ONCE)
    with pytest.raises(NotFound):
        await store.history.story(again.message.id)


async def test_after_a_day_the_key_is_free(store: Store) -> None:
    await store.queue.enqueue_all(together(make_mail()), ONCE)
    later = msgspec.structs.replace(ONCE, answer=b"2", at=NOW + KEPT)
    assert await store.idempotency.find(ONCE.key_id, ONCE.name, later.at) is None
    await store.queue.enqueue_all(together(make_mail()), later)
    assert await store.idempotency.find(ONCE.key_id, ONCE.name, later.at) == later
    assert await store.idempotency.forget(later.at) == 0
    assert await store.idempotency.forget(later.at + KEPT) == 1
