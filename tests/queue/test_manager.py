"""The manager and its lanes against the real store: what is tried, how often, and what nobody else notices of it."""

import asyncio

import msgspec
import pytest

from emailgw.core.model import Envelope, RecipientState
from emailgw.core.status import DeliveryStatus, LocalCause
from emailgw.queue.manager import SCAN_EVERY, ManagerSettings
from emailgw.queue.sites import SiteLimits
from emailgw.store.queue import INLINE_CONTENT
from tests.harness.mail import HOUR, Mail, said
from tests.queue.world import OK, Site, World, clock, eventually

S = RecipientState


def dead(envelope: Envelope) -> DeliveryStatus:
    return LocalCause.NO_ANSWER.status("connection refused")


class Gate:
    """An answer that comes when it is let through."""

    def __init__(self, status: DeliveryStatus = OK) -> None:
        self.status = status
        self.asked = 0
        self.most = 0
        self._waiting = 0
        self._opened = asyncio.Event()

    async def __call__(self, envelope: Envelope) -> DeliveryStatus:
        self.asked += 1
        self._waiting += 1
        self.most = max(self.most, self._waiting)
        try:
            await self._opened.wait()
        finally:
            self._waiting -= 1
        return self.status

    def open(self) -> None:
        self._opened.set()


# One try, and the next.


async def test_what_a_host_takes_is_delivered(world: World) -> None:
    mail = await world.put("joe@example.test")
    await world.start()
    [recipient] = await world.until(mail, S.DELIVERED)
    assert (recipient.tries, recipient.lease, str(recipient.status)) == (1, None, "2.0.0")
    assert await world.story(mail) == ["queued", "delivered"]
    [envelope] = world.taken
    local, _, host = envelope.reverse_path.partition("@")
    assert world.return_paths.read(local, clock()) == recipient.id
    assert host == "send.sender.test"
    assert envelope.data.startswith(b"DKIM-Signature: ")
    assert b"\r\nSubject: Hello\r\n" in envelope.data


async def test_every_recipient_has_a_transaction_and_a_return_path_of_its_own(world: World) -> None:
    mail = await world.put("a@one.test", "b@one.test", "c@two.test")
    await world.start()
    await world.until(mail, S.DELIVERED)
    assert sorted(str(envelope.recipient) for envelope in world.taken) == ["a@one.test", "b@one.test", "c@two.test"]
    assert len({envelope.reverse_path for envelope in world.taken}) == 3
    bodies = {envelope.data[envelope.data.index(b"\r\nFrom:") :] for envelope in world.taken}
    assert len(bodies) == 1


async def test_a_4xx_is_tried_again_with_the_same_bytes(world: World) -> None:
    answers = [said(451, "4.7.1 greylisted"), said(450, "4.2.1 busy"), OK]
    world.answers["example.test"] = lambda envelope: answers.pop(0)
    mail = await world.put("joe@example.test")
    await world.start()
    [recipient] = await world.until(mail, S.DELIVERED)
    assert recipient.tries == 3
    assert await world.story(mail) == ["queued", "deferred", "deferred", "delivered"]
    unsigned = {envelope.data.partition(b"\r\nFrom:")[2] for _, envelope, _ in world.tried}
    assert len(unsigned) == 1
    times = [at for _, _, at in world.tried]
    assert times[1] - times[0] >= 40
    assert times[2] - times[1] >= 40


async def test_a_5xx_bounces_one_recipient_and_not_his_neighbours(world: World) -> None:
    world.answers["example.test"] = lambda envelope: (
        said(550, "5.1.1 unknown") if envelope.recipient.local == "nobody" else OK
    )
    mail = await world.put("joe@example.test", "nobody@example.test", "ann@example.test")
    await world.start()
    _, nobody, _ = await world.until(mail, S.DELIVERED, S.BOUNCED, S.DELIVERED)
    assert (str(nobody.status), nobody.reason, nobody.tries) == ("5.1.1", "550 5.1.1 unknown", 1)


async def test_what_is_never_taken_expires_and_not_before_its_time(world: World) -> None:
    world.answers["example.test"] = lambda envelope: said(450, "4.7.1 wait")
    mail = await world.put(lifetime=600)
    await world.start()
    [recipient] = await world.until(mail, S.EXPIRED)
    assert str(recipient.status) == "5.4.7"
    assert "450 4.7.1 wait" in recipient.reason
    assert recipient.updated_at >= recipient.expires_at
    assert recipient.tries >= 2


async def test_a_large_message_goes_the_same_way(world: World) -> None:
    mail = await world.put(text="line\n" * INLINE_CONTENT)
    await world.start()
    await world.until(mail, S.DELIVERED)
    assert len(world.taken[0].data) > 5 * INLINE_CONTENT


# When.


async def test_fresh_mail_wakes_the_lane_that_idles(world: World) -> None:
    world.lane = msgspec.structs.replace(world.lane, idle=30_000)
    await world.start()
    for _ in range(5):
        await world.until(await world.put("joe@example.test"), S.DELIVERED)
        await world.until_idle("example.test")  # a lane that still looks for more would be helped by a second
    assert world.opened == {"example.test": 1}


async def test_an_idle_lane_leaves_its_place_to_who_needs_it(world: World) -> None:
    world.lane = msgspec.structs.replace(world.lane, idle=30_000)
    world.settings = ManagerSettings(1, world.settings.site)
    await world.start()
    for nexthop in ("one.test", "two.test", "one.test"):
        await world.until(await world.put(f"joe@{nexthop}"), S.DELIVERED, timeout=5)
    assert world.most_open == 1


@pytest.mark.alone
async def test_a_scheduled_message_waits_for_its_time(world: World) -> None:
    await world.start()
    at = clock() + 250
    mail = await world.put(due_at=at)
    await world.until(mail, S.DELIVERED)
    [(_, _, tried_at)] = world.tried
    assert tried_at >= at
    assert tried_at - at < 1500


@pytest.mark.alone
async def test_every_message_has_its_own_time(world: World) -> None:
    """Also those of a next hop that has earlier mail: none waits for a scan."""
    await world.start()
    times = [clock() + wait for wait in (300, 700, 1200)]
    mails = [await world.put("joe@example.test", due_at=at) for at in times]
    for mail in mails:
        await world.until(mail, S.DELIVERED, timeout=5)
    for at, (_, _, tried_at) in zip(times, world.tried, strict=True):
        assert 0 <= tried_at - at < 1500


async def test_mail_of_an_earlier_process_is_found(world: World) -> None:
    mails = [await world.put(f"joe@d{i}.test") for i in range(30)]
    await world.start()
    for mail in mails:
        await world.until(mail, S.DELIVERED)


# Trouble.


async def test_mail_of_an_earlier_process_goes_at_its_own_times(world: World) -> None:
    """A scan sees only the first of each next hop; the others do not wait for another scan."""
    start = clock()
    mails = [await world.put("joe@rcpt.test", due_at=start + 300 * number) for number in range(1, 8)]
    await world.start()
    for mail in mails:
        [joe] = await world.until(mail, S.DELIVERED)
        due_at = mail.recipients[0].due_at
        assert due_at is not None
        assert joe.updated_at - due_at < SCAN_EVERY // 4


async def test_a_dead_site_costs_a_few_tries_and_nobody_else_anything(world: World) -> None:
    world.answers["dead.test"] = dead
    world.settings = ManagerSettings(20, SiteLimits(sessions=10, first_pause=60_000, longest_pause=60_000))
    lost = [await world.put("joe@dead.test") for _ in range(200)]
    fine = [await world.put(f"r{i}@fine.test") for i in range(100)]
    await world.start()
    for mail in fine:
        await world.until(mail, S.DELIVERED)
    await eventually(lambda: world.tries_of("dead.test"), "the dead site was tried")
    assert world.tries_of("dead.test") <= 5  # the sessions of the first window
    await eventually(lambda: world.manager and world.manager.troubled_sites(), "the site is known to be in trouble")
    untouched = [recipient for mail in lost for recipient in await world.recipients(mail) if recipient.tries == 0]
    assert len(untouched) >= 195
    assert {(recipient.state, recipient.lease) for recipient in untouched} == {(S.QUEUED, None)}


async def test_a_site_that_comes_back_gets_all_of_its_mail(world: World) -> None:
    world.answers["back.test"] = dead
    mails = [await world.put("joe@back.test") for _ in range(50)]
    await world.start()
    await eventually(lambda: world.tries_of("back.test") >= 3, "it was probed")
    del world.answers["back.test"]
    for mail in mails:
        await world.until(mail, S.DELIVERED)
    assert world.manager is not None
    assert world.manager.troubled_sites() == []


async def test_mail_for_a_dead_site_expires_although_it_was_not_tried_itself(world: World) -> None:
    world.answers["dead.test"] = dead
    mails = [await world.put("joe@dead.test", lifetime=300) for _ in range(20)]
    await world.start()
    for mail in mails:
        [recipient] = await world.until(mail, S.EXPIRED)
        assert recipient.updated_at >= recipient.expires_at
        assert "connection refused" in recipient.reason


async def test_next_hops_of_one_site_share_its_window(world: World) -> None:
    """Thousands of domains are one host's customers."""
    gate = Gate()
    world.settings = ManagerSettings(100, SiteLimits(sessions=3))
    mails: list[Mail] = []
    for i in range(20):
        world.sites[f"d{i}.test"] = Site("the big one")
        world.answers[f"d{i}.test"] = gate
        mails.append(await world.put(f"joe@d{i}.test"))
    await world.start()
    await eventually(lambda: gate.asked >= 3, "its sessions are open")
    gate.open()
    for mail in mails:
        await world.until(mail, S.DELIVERED)
    assert gate.most == 3


async def test_sessions_are_limited_for_the_machine(world: World) -> None:
    gate = Gate()
    world.settings = ManagerSettings(4, world.settings.site)
    mails: list[Mail] = []
    for i in range(20):
        world.answers[f"d{i}.test"] = gate
        mails.append(await world.put(f"joe@d{i}.test"))
    await world.start()
    await eventually(lambda: gate.asked >= 4, "its sessions are open")
    gate.open()
    for mail in mails:
        await world.until(mail, S.DELIVERED)
    assert world.most_open <= 4


async def test_one_slow_site_keeps_no_place_that_another_needs(world: World) -> None:
    gate = Gate()
    world.answers["slow.test"] = gate
    world.settings = ManagerSettings(6, SiteLimits(sessions=3))
    slow = [await world.put("joe@slow.test") for _ in range(50)]
    await world.start()
    await eventually(lambda: gate.asked, "the slow site is busy")
    fine = [await world.put(f"joe@fine{i % 5}.test") for i in range(50)]
    for mail in fine:
        await world.until(mail, S.DELIVERED)
    assert gate.most <= 3
    gate.open()
    for mail in slow:
        await world.until(mail, S.DELIVERED)


async def test_many_messages_for_one_next_hop_share_sessions(world: World) -> None:
    mails = [await world.put("joe@example.test") for _ in range(200)]
    await world.start()
    for mail in mails:
        await world.until(mail, S.DELIVERED)
    assert len(world.taken) == 200
    assert world.opened["example.test"] <= 20
    assert world.most_open <= 10


async def test_a_next_hop_without_a_route_is_told_by_its_agent(world: World) -> None:
    """The manager only learns that there is no site; what that means for the mail is the agent's word."""
    world.sites["gone.test"] = LocalCause.NO_SUCH_DOMAIN.status("NXDOMAIN")
    world.answers["gone.test"] = lambda envelope: LocalCause.NO_SUCH_DOMAIN.status("NXDOMAIN")
    mail = await world.put("joe@gone.test")
    await world.start()
    [recipient] = await world.until(mail, S.BOUNCED)
    assert str(recipient.status) == "5.1.2"


# Ends.


async def test_a_try_that_is_interrupted_was_none(world: World) -> None:
    gate = Gate()
    world.answers["example.test"] = gate
    mail = await world.put("a@example.test", "b@example.test")
    await world.start()
    await eventually(lambda: gate.asked, "a try is under way")
    await world.stop(grace=50)
    for recipient in await world.recipients(mail):
        assert (recipient.state, recipient.tries, recipient.lease) == (S.QUEUED, 0, None)
        assert recipient.due_at is not None
        assert recipient.due_at <= clock()
    assert await world.story(mail) == ["queued", "queued"]
    assert world.open_now == 0


async def test_a_try_that_ends_within_the_grace_counts(world: World) -> None:
    gate = Gate()
    world.answers["example.test"] = gate
    mail = await world.put("joe@example.test")
    await world.start()
    await eventually(lambda: gate.asked, "a try is under way")
    stopping = asyncio.create_task(world.stop(grace=10_000))
    await asyncio.sleep(0)
    gate.open()
    await stopping
    assert [r.state for r in await world.recipients(mail)] == [S.DELIVERED]


async def test_after_a_stop_nothing_is_begun(world: World) -> None:
    gate = Gate()
    world.answers["example.test"] = gate
    mails = [await world.put("joe@example.test") for _ in range(20)]
    await world.start()
    await eventually(lambda: gate.asked, "a try is under way")
    stopping = asyncio.create_task(world.stop(grace=5000))
    await asyncio.sleep(0)
    asked = gate.asked  # a lane that was let go in the same turn of the loop may have begun before the stop
    gate.open()
    await stopping
    assert len(world.taken) <= asked
    finished = [r.state for mail in mails for r in await world.recipients(mail)]
    assert finished.count(S.DELIVERED) == len(world.taken)
    assert finished.count(S.QUEUED) == 20 - len(world.taken)


async def test_a_result_that_the_store_cannot_take_now_is_offered_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Lost, it would be sent twice."""
    world.transcript = ("< " + "x" * 900,) * 200  # an event that needs pages of its own
    gate = Gate()
    world.answers["example.test"] = gate
    mail = await world.put("joe@example.test")
    await world.start()
    await eventually(lambda: gate.asked, "a try is under way")
    await world.limit_pages(spare=2)
    gate.open()
    await eventually(lambda: world.taken, "it was handed over")
    await eventually(lambda: "not recorded yet" in caplog.text, "the store refused it")
    [recipient] = await world.recipients(mail)
    assert recipient.state is S.QUEUED
    await world.limit_pages(spare=None)
    await world.until(mail, S.DELIVERED)
    assert len(world.taken) == 1
    assert await world.story(mail) == ["queued", "delivered"]


async def test_the_lease_of_another_is_respected(world: World) -> None:
    mail = await world.put("a@example.test", "b@example.test")
    await world.store.queue.claim("example.test", clock(), clock() + HOUR, 99, 1)
    await world.start()
    taken, _ = await world.until(mail, S.QUEUED, S.DELIVERED)
    assert taken.lease == 99
    assert [str(envelope.recipient) for envelope in world.taken] == ["b@example.test"]
