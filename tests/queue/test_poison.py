"""What goes wrong inside: it defers or is held, is told, and hurts no neighbour (guarantee G6)."""

import logging
from collections.abc import Sequence

import msgspec
import pytest

from emailgw.core.model import Envelope, RecipientState
from emailgw.core.retry import RetryPolicy
from emailgw.core.status import DeliveryStatus
from emailgw.signing import Draft, Made, make_here
from emailgw.store.queue import INLINE_CONTENT
from tests.harness.mail import HOUR
from tests.queue.world import World, eventually

S = RecipientState


async def test_what_nobody_expected_defers(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Guarantee G6: a bug of ours never bounces anybody's mail."""
    caplog.set_level(logging.CRITICAL, "emailgw.queue")

    def broken(envelope: Envelope) -> DeliveryStatus:
        raise ZeroDivisionError("a secret of the inside")

    world.lane = msgspec.structs.replace(world.lane, policy=RetryPolicy((HOUR,), 0.0))
    world.answers["example.test"] = broken
    mail = await world.put("joe@example.test", "ann@fine.test")
    await world.start()
    joe, _ = await world.until(mail, S.DEFERRED, S.DELIVERED)
    assert str(joe.status) == "4.3.0"
    assert joe.reason.startswith("internal error ")
    assert "secret" not in joe.reason


async def test_mail_of_a_domain_without_keys_waits(world: World) -> None:
    """Never unsigned, never bounced: the operator may bring the domain back."""
    world.lane = msgspec.structs.replace(world.lane, policy=RetryPolicy((HOUR,), 0.0))
    mail = await world.put("joe@example.test", author="a@gone.test")
    other = await world.put("joe@example.test")
    await world.start()
    [recipient] = await world.until(mail, S.DEFERRED)
    assert str(recipient.status) == "4.3.0"
    assert "gone.test" in recipient.reason
    await world.until(other, S.DELIVERED)


@pytest.mark.parametrize(
    ("damage", "event"),
    [
        ("UPDATE contents SET body = x'c1' WHERE id = (SELECT content_id FROM messages WHERE id = ?)", ["held"]),
        ("UPDATE recipients SET address = 'nonsense' WHERE message_id = ?", []),
        ("UPDATE messages SET fields = 'nonsense' WHERE id = ?", []),
    ],
)
async def test_poison_is_held_while_its_neighbours_go_on(world: World, damage: str, event: list[str]) -> None:
    mails = [await world.put("joe@example.test") for _ in range(30)]
    poisoned = mails.pop(11)
    world.damage(damage, poisoned.message.id)
    await world.start()
    for mail in mails:
        await world.until(mail, S.DELIVERED)
    await eventually(lambda: _count_held(world), "it is held")
    assert len(world.tried) == 29


async def test_what_cannot_be_signed_is_held_and_never_goes_unsigned(world: World) -> None:
    mails = [await world.put("joe@example.test") for _ in range(10)]
    poisoned = mails.pop(4)

    async def make_all(drafts: Sequence[Draft], at: int) -> list[Made]:
        return [
            Made(b"", "ValueError: no") if poisoned.message.id == draft.message.id else made
            for draft, made in zip(drafts, make_here(drafts, at), strict=True)
        ]

    world.make_all = make_all
    await world.start()
    for mail in mails:
        await world.until(mail, S.DELIVERED)
    [recipient] = await world.until(poisoned, S.HELD)
    assert recipient.reason == "ValueError: no"
    assert len(world.taken) == 9
    assert all(envelope.data.startswith(b"DKIM-Signature:") for envelope in world.taken)


async def _count_held(world: World) -> int:
    return (await world.store.history.count_waiting())[S.HELD]


async def test_a_content_that_is_missing_hurts_no_neighbour(world: World) -> None:
    large = await world.put("joe@example.test", text="x" * 2 * INLINE_CONTENT)
    small = [await world.put("joe@example.test") for _ in range(5)]
    world.damage("DELETE FROM contents WHERE id = ?", large.message.content_id)
    await world.start()
    for mail in small:
        await world.until(mail, S.DELIVERED)
    await world.until(large, S.HELD)
    assert len(world.taken) == 5
