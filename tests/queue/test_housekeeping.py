"""Finished mail is forgotten when it is old enough, waiting mail never; what waits is counted."""

import pytest

from emailgw import metrics
from emailgw.core.model import RecipientState
from emailgw.errors import NotFound
from emailgw.queue.housekeeping import Housekeeping
from tests.harness.mail import DAY, NOW, change, make_mail
from tests.queue.world import World


async def test_old_finished_mail_is_forgotten(world: World) -> None:
    old, young, waiting = make_mail(), make_mail(now=NOW + DAY), make_mail("joe@slow.test")
    for mail in (old, young, waiting):
        await world.store.queue.enqueue(*mail)
    await world.store.queue.claim("example.test", NOW + DAY, NOW + 2 * DAY, 1, 10)
    for mail in (old, young):
        await world.store.queue.settle(change(mail.recipients[0], RecipientState.DELIVERED), None, 1)
    housekeeping = Housekeeping(world.store.queue, world.store.history, lambda: NOW + 30 * DAY + 1, 30 * DAY)
    assert await housekeeping.once() == 1
    assert await housekeeping.once() == 0
    with pytest.raises(NotFound):
        await world.store.history.message(old.message.id)
    for kept in (young, waiting):
        await world.store.history.message(kept.message.id)
    exposed = metrics.expose().decode()
    for state, count in (("queued", "1.0"), ("deferred", "0.0"), ("held", "0.0")):
        assert f'emailgw_waiting_recipients{{state="{state}"}} {count}' in exposed
