"""How a lane claims: as often as it must, and without delay where it has little to do."""

from typing import Any

import pytest

from emailgw.core.model import RecipientState
from emailgw.queue.manager import ManagerSettings
from emailgw.queue.sites import SiteLimits
from emailgw.store.queue import Claim
from tests.queue.world import World, eventually

S = RecipientState


@pytest.fixture
def claims(world: World, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Claim, bool]]:
    """Those that were made, and whether each was patient."""
    made: list[tuple[Claim, bool]] = []
    claim = world.store.queue.claim

    async def counted(*arguments: Any) -> Claim:
        found = await claim(*arguments)
        made.append((found, arguments[-1]))
        return found

    monkeypatch.setattr(world.store.queue, "claim", counted)
    return made


async def deliver(world: World, count: int) -> None:
    mails = [await world.put(f"u{number}@example.test") for number in range(count)]
    await world.start()
    for mail in mails:
        await world.until(mail, S.DELIVERED)
    await eventually(lambda: world.open_now == 0, "the lane ends")


async def test_a_claim_that_took_all_is_the_last(world: World, claims: list[tuple[Claim, bool]]) -> None:
    await deliver(world, world.lane.claim)
    assert [(len(claim.items), claim.next_due) for claim, _ in claims] == [(world.lane.claim, None)]


async def test_only_claims_of_a_backlog_wait_for_others(world: World, claims: list[tuple[Claim, bool]]) -> None:
    """Fresh mail, alone, is not kept waiting."""
    world.settings = ManagerSettings(1, SiteLimits(sessions=1, first_pause=50, longest_pause=50))
    await deliver(world, 2 * world.lane.claim + 1)
    assert [patient for _, patient in claims] == [False, True, True]
