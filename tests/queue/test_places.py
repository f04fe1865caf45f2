"""Who gets a place when there are few: nobody waits for a scan, nobody keeps others out, no site gets too many."""

import asyncio

import msgspec

from emailgw.core.model import Envelope, RecipientState
from emailgw.core.status import DeliveryStatus, LocalCause
from emailgw.queue.manager import ManagerSettings
from emailgw.store.verb import Statement, Verb
from tests.queue.world import OK, Site, World, eventually

S = RecipientState
SOON = 5  # seconds: far less than the 20 s between two scans


def dead(envelope: Envelope) -> DeliveryStatus:
    return LocalCause.NO_ANSWER.status("connection refused")


async def slow(envelope: Envelope) -> DeliveryStatus:
    await asyncio.sleep(0.02)
    return OK


def few_places(world: World, places: int, **site: int) -> None:
    limits = msgspec.structs.replace(world.settings.site, **site)
    world.settings = ManagerSettings(sessions=places, site=limits)


async def test_good_mail_behind_many_next_hops_of_a_dead_site(world: World) -> None:
    few_places(world, 2, first_pause=60_000, longest_pause=60_000)
    for number in range(40):
        world.sites[f"dead{number}.test"] = Site("dead")
        world.answers[f"dead{number}.test"] = dead
        await world.put(f"joe@dead{number}.test")
    good = [await world.put(f"joe@good{number}.test") for number in range(5)]
    await world.start()
    async with asyncio.timeout(SOON):
        for mail in good:
            await world.until(mail, S.DELIVERED)
    assert len([nexthop for nexthop, _, _ in world.tried if nexthop.startswith("dead")]) <= 2


async def test_a_backlog_makes_room_for_others(world: World) -> None:
    few_places(world, 4)
    for nexthop in ("one.test", "two.test"):
        world.answers[nexthop] = slow
        for number in range(15):
            await world.put(*(f"user{number}-{recipient}@{nexthop}" for recipient in range(20)))
    await world.start()
    await eventually(lambda: len(world.taken) > 20, "the backlogs are being worked on")
    before = len(world.taken)
    fresh = await world.put("joe@third.test")
    await world.until(fresh, S.DELIVERED)
    assert len(world.taken) - before < 300, "it waited until a backlog was empty"


async def test_next_hops_whose_dns_failed_share_their_sites_limit_afterwards(world: World) -> None:
    few_places(world, 20, sessions=1)
    mails = []
    for number in range(12):
        nexthop = f"d{number}.test"
        world.sites[nexthop] = LocalCause.DNS_TROUBLE.status("SERVFAIL")
        world.answers[nexthop] = lambda envelope: LocalCause.DNS_TROUBLE.status("SERVFAIL")
        mails.append(await world.put(f"joe@{nexthop}"))
    await world.start()
    await eventually(lambda: len(world.tried) >= 12, "all were tried without a route")
    for number in range(12):
        world.sites[f"d{number}.test"] = Site("shared")
        world.answers[f"d{number}.test"] = slow
    await eventually(lambda: len(world.taken) >= 1, "DNS works again")
    world.most_open = world.open_now
    for mail in mails:
        await world.until(mail, S.DELIVERED)
    assert world.most_open <= 2  # one lane, and one that is closing


async def test_keys_that_cannot_be_read_stop_only_their_domain(world: World) -> None:
    await world.add_domain("broken.test")
    spoil = Statement("UPDATE dkim_keys SET sealed = x'00' WHERE domain_id = 'broken.test'")
    await world.database.write(Verb((spoil,)))
    broken = await world.put("joe@example.test", author="a@broken.test")
    good = [await world.put(f"user{number}@example.test") for number in range(5)]
    other = await world.put("joe@other.test")
    await world.start()
    async with asyncio.timeout(SOON):
        for mail in (*good, other):
            await world.until(mail, S.DELIVERED)
        await eventually(lambda: _deferred(world, broken), "the broken one is deferred")


async def _deferred(world: World, mail: object) -> bool:
    recipients = await world.store.history.waiting((S.DEFERRED,))
    return any("DKIM keys of broken.test cannot be read" in recipient.reason for recipient in recipients)


async def test_a_site_limit_is_kept_while_next_hops_come_and_go(world: World) -> None:
    few_places(world, 20, sessions=2)
    for number in range(30):
        world.sites[f"d{number}.test"] = Site("shared")
        world.answers[f"d{number}.test"] = slow
    mails = [await world.put(f"joe@d{number}.test") for number in range(30)]
    await world.start()
    async with asyncio.timeout(SOON):
        for mail in mails:
            await world.until(mail, S.DELIVERED)
    assert world.most_open <= 3
