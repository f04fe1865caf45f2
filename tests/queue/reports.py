"""Reports by mail and who receives them, for the tests of what they do."""

from typing import Any

from emailgw.core.address import Address
from emailgw.core.events import EventType
from emailgw.core.model import Recipient, RecipientState
from emailgw.mime.returnpath import UNSUBSCRIBE, ReturnPaths
from emailgw.queue.bounces import BounceLimits, Bounces, Tools
from emailgw.queue.forwarding import Forwarding
from emailgw.queue.suppression import Suppressing, SuppressionPolicy
from tests.harness.mail import DAY, NOW, change, event_of, make_mail
from tests.queue.world import World

S = RecipientState


def bounces_of(
    world: World,
    at: int = NOW + 5,
    forward_to: str = "",
    kept_a_day: int = 1000,
    kept_size: int = 1 << 20,
    **policy: Any,
) -> Bounces:
    store = world.store
    owner = Address.parse(forward_to) if forward_to else None
    return Bounces(
        Tools(
            queue=store.queue,
            history=store.history,
            reports=store.reports,
            paths=world.return_paths,
            suppressing=Suppressing(store.reports, SuppressionPolicy(**policy)),
            forwarding=Forwarding(store.reports, owner, DAY, lambda: at, world.serials),
            clock=lambda: at,
            serials=world.serials,
            limits=BounceLimits(kept_a_day, kept_size),
        )
    )


def unsubscribe_paths(world: World) -> ReturnPaths:
    return ReturnPaths(world.vault.key_for("return path"), UNSUBSCRIBE)


def report(action: str = "failed", status: str = "5.1.1", to: str = "joe@example.test", more: str = "",
           diagnostic: str = "smtp; 550 5.1.1 unknown user", trace: str = "") -> bytes:  # fmt: skip
    text = f"""{trace}From: MAILER-DAEMON@mx.example.test (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: text/plain

It did not work out.

--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.test
Arrival-Date: Mon, 1 Jan 2024 10:00:00 +0000

Final-Recipient: rfc822; {to}
Action: {action}
Status: {status}
Remote-MTA: dns; inner.example.test
Diagnostic-Code: {diagnostic}
{more}
--x
Content-Type: text/rfc822-headers

Subject: Hello

--x--
"""
    return text.replace("\n", "\r\n").encode()


async def delivered(world: World, *addresses: str) -> Recipient:
    """A delivered recipient, the first of his message."""
    mail = make_mail(*addresses)
    await world.store.queue.enqueue(*mail)
    await world.store.queue.claim("example.test", NOW, NOW + 1000, 1, 100)
    for recipient in mail.recipients:
        after = change(recipient, S.DELIVERED, tries=1)
        await world.store.queue.settle(after, event_of(recipient, EventType.DELIVERED), 1)
    return await world.store.history.recipient(mail.recipients[0].id)


async def state(world: World, recipient: Recipient) -> tuple[RecipientState, list[str]]:
    story = await world.store.history.story(recipient.message_id)
    events = [event.type.value for event in story.events if event.recipient_id == recipient.id]
    return (await world.store.history.recipient(recipient.id)).state, events


async def suppressed(world: World, address: str = "joe@example.test", domain: str = "sender.test") -> str | None:
    """Why mail of this author domain to the address is stopped, or None."""
    wanted = Address.parse(address)
    found = await world.store.suppressions.find(domain, [wanted])
    return found[wanted].reason.value if found else None
