"""Who asked to be told of a delay (NOTIFY=DELAY, RFC 3461) is told once, when mail is late; nobody else is."""

import asyncio
import itertools

import msgspec

from emailgw.core.dsn import MessageRequest, Notify, RecipientRequest
from emailgw.core.events import EventType
from emailgw.core.model import RecipientState
from emailgw.core.status import LocalCause
from tests.harness.mail import HOUR, Mail, make_mail, said
from tests.queue.world import World, clock, eventually

ASKED: dict[str, tuple[Notify, ...]] = {
    "all@slow.test": (Notify.SUCCESS, Notify.FAILURE, Notify.DELAY),
    "delay@slow.test": (Notify.DELAY,),
    "failure@slow.test": (Notify.FAILURE,),
    "never@slow.test": (Notify.NEVER,),
    "nothing@slow.test": (),
}


async def put(world: World, accepted_at: int, reverse_path: str = "ann@sender.test") -> Mail:
    mail = make_mail(*ASKED, now=accepted_at)
    message = msgspec.structs.replace(mail.message, dsn=MessageRequest(reverse_path, envid="e1"))
    recipients = tuple(
        msgspec.structs.replace(recipient, dsn=RecipientRequest(ASKED[str(recipient.address)]))
        for recipient in mail.recipients
    )
    mail = Mail(message, mail.content, recipients, mail.events)
    await world.store.queue.enqueue(*mail)
    return mail


async def deferred(world: World, mail: Mail, times: int) -> None:
    """Until each recipient was tried so often."""

    async def probe() -> bool:
        return all(recipient.tries >= times for recipient in await world.recipients(mail))

    await eventually(probe, f"{times} tries each")


def reports(world: World) -> list[str]:
    """What was sent to the author's own mailbox."""
    return [envelope.data.decode() for hop, envelope, _ in world.tried if hop == "sender.test"]


async def run(world: World) -> None:
    world.answers["slow.test"] = lambda envelope: said(451, "4.3.0 later")
    await world.start()
    fresh = await put(world, clock())
    late = await put(world, clock() - 5 * HOUR)
    foreign = await put(world, clock() - 5 * HOUR, "ann@elsewhere.test")
    for mail in (fresh, late, foreign):
        await deferred(world, mail, 3)
    await eventually(lambda: len(reports(world)) >= 2, "both reports")
    await deferred(world, late, 5)
    await world.stop()
    found = sorted(reports(world))
    assert len(found) == 2
    for text, name in itertools.product(found, ["Action: delayed", "Original-Envelope-Id: e1", "Status: 4.3.0"]):
        assert f"\r\n{name}\r\n" in text
    for address in ("all@slow.test", "delay@slow.test"):
        assert len([text for text in found if f"Final-Recipient: rfc822; {address}\r\n" in text]) == 1
    assert {hop for hop, _, _ in world.tried} == {"slow.test", "sender.test"}  # a stranger gets none
    story = await world.store.history.story(late.message.id)
    assert {event.type for event in story.events} <= {EventType.QUEUED, EventType.DEFERRED}


async def unreachable(world: World) -> None:
    world.answers["slow.test"] = lambda envelope: LocalCause.NO_ANSWER.status("no answer")
    late = await put(world, clock() - 5 * HOUR)
    fresh = await put(world, clock())
    await world.start()
    await eventually(lambda: len(reports(world)) >= 2, "both reports")
    tries = len(world.tried)
    await eventually(lambda: len(world.tried) > tries + 2, "the site is probed again")
    await world.stop()
    assert len(reports(world)) == 2
    states = {str(one.address): (one.state, one.due_at is not None) for one in await world.recipients(late)}
    assert states["delay@slow.test"] == (RecipientState.DEFERRED, True)
    assert any("not tried: " in one.reason for one in await world.recipients(late))
    assert all("not tried: " not in one.reason for one in await world.recipients(fresh))


def test_a_delay_is_told_of_what_is_never_tried(runner: asyncio.Runner, world: World) -> None:
    """A site that answers nobody is tried with one message; the others wait, and their senders hear of it."""
    runner.run(unreachable(world))


def test_a_delay_is_told_once(runner: asyncio.Runner, world: World) -> None:
    runner.run(run(world))
