"""Mail whose address is suppressed while it waits is not sent, whoever added the entry and however long it waited."""

import msgspec
import pytest

from emailgw.core.address import Address
from emailgw.core.events import EventType
from emailgw.core.ids import KeyId, uuid7
from emailgw.core.model import RecipientState
from emailgw.core.rehearsal import REHEARSAL
from emailgw.core.suppression import Suppression, SuppressionReason
from emailgw.core.tracking import Tracking
from emailgw.queue.forwarding import REPORTS
from tests.harness.mail import Mail, make_mail, said
from tests.queue.world import OK, World, clock

S = RecipientState
SOON = 50  # milliseconds


async def suppress(world: World, address: str, domain: str = "", list: str = "", **fields: str) -> Suppression:
    reason = SuppressionReason(fields.get("reason", "manual"))
    entry = Suppression(
        uuid7(clock(), bytes(10)), Address.parse(address), reason, domain, "they said no", clock(), list
    )
    await world.store.suppressions.add([entry])
    return entry


async def changed(world: World, mail: Mail, nexthop: str = "example.test", **fields: object) -> Mail:
    """Mail that is scheduled, other than usual in some fields."""
    recipients = tuple(msgspec.structs.replace(recipient, nexthop=nexthop) for recipient in mail.recipients)
    mail = mail._replace(message=msgspec.structs.replace(mail.message, **fields), recipients=recipients)
    await world.store.queue.enqueue(*mail)
    return mail


async def test_scheduled_mail_is_withheld_and_its_neighbour_goes(world: World) -> None:
    mail = await world.put("joe@example.test", "ann@example.test", now=clock(), due_at=clock() + SOON)
    await suppress(world, "joe@example.test", reason="complaint")
    await world.start()
    joe, _ = await world.until(mail, S.SUPPRESSED, S.DELIVERED)
    assert [str(envelope.recipient) for envelope in world.taken] == ["ann@example.test"]
    assert (joe.tries, joe.due_at, joe.lease) == (0, None, None)
    [event] = [e for e in (await world.store.history.story(mail.message.id)).events if e.type is EventType.SUPPRESSED]
    assert event.detail.category == "complaint"
    assert event.detail.reason == joe.reason == "the address is on the suppression list after a complaint: they said no"


async def test_mail_that_was_tried_is_withheld_from_then_on(world: World) -> None:
    world.answers["example.test"] = lambda envelope: said(451, "4.3.0 later")
    await world.start()
    mail = await world.put("Joe@example.test")
    await world.until(mail, S.DEFERRED)
    await suppress(world, "joe@example.test")
    world.answers["example.test"] = lambda envelope: OK
    [joe] = await world.until(mail, S.SUPPRESSED)
    assert joe.tries >= 1
    assert world.taken == []


@pytest.mark.parametrize(
    ("address", "domain", "list", "state"),
    [
        ("joe@example.test", "sender.test", "", S.SUPPRESSED),
        ("joe@example.test", "sender.test", "news", S.SUPPRESSED),
        ("joe@example.test", "sender.test", "offers", S.DELIVERED),
        ("joe@example.test", "other.test", "", S.DELIVERED),
        ("joel@example.test", "", "", S.DELIVERED),
    ],
)
async def test_entries_hold_for_their_domain_and_list(
    world: World, address: str, domain: str, list: str, state: S
) -> None:
    mail = make_mail(now=clock())
    await changed(world, mail, tracking=Tracking(unsubscribe="news"))
    await suppress(world, address, domain, list)
    await world.start()
    await world.until(mail, state)


async def test_local_parts_of_other_scripts_are_compared_without_case(world: World) -> None:
    mail = await world.put("Жора@example.test")
    await suppress(world, "жора@example.test")
    await world.start()
    await world.until(mail, S.SUPPRESSED)


async def test_an_entry_that_is_taken_off_in_time_has_done_no_harm(world: World) -> None:
    mail = await world.put(due_at=clock() + SOON)
    entry = await suppress(world, "joe@example.test")
    await world.store.suppressions.remove([entry], clock())
    await world.start()
    await world.until(mail, S.DELIVERED)


@pytest.mark.parametrize("case", ["a key in test mode", "a copy of our own"])
async def test_what_acceptance_lets_pass_passes(world: World, case: str) -> None:
    mail = make_mail(now=clock())
    await suppress(world, "joe@example.test")
    if case == "a copy of our own":
        await changed(world, mail, key_id=REPORTS)
    else:
        await changed(world, mail, REHEARSAL, key_id=KeyId("test"))
    await world.start()
    await world.until(mail, S.DELIVERED)
