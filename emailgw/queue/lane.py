"""One lane: one task that owns one SMTP session to one next hop. Claim a few, make them, send, settle, again.

The lane is the connection cache: while it waits for more mail its session stays open. It decides neither how many
lanes there are (`manager`) nor what a reply means (`disposition`).
"""

import asyncio
import itertools
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from emailgw import maillog, metrics
from emailgw.core.events import Attempt, Delays, Detail, Event, EventType
from emailgw.core.ids import RecipientId
from emailgw.core.model import Envelope, Message, Recipient, RecipientState
from emailgw.core.retry import RetryPolicy
from emailgw.core.status import DeliveryStatus, LocalCause
from emailgw.errors import Conflict, NotFound, StoreUnavailable
from emailgw.queue.disposition import conclude, decide, failed_here, is_site_failure
from emailgw.queue.hop import Hop
from emailgw.queue.notices import Notices
from emailgw.queue.prepare import Poison, Preparer, UnusableKeys
from emailgw.queue.withholding import Withholding, withhold
from emailgw.store.arriving import Arrival
from emailgw.store.queue import Claim, Claimed, Queue, Unreadable

log = logging.getLogger("emailgw.queue")

ROUNDS = 5  # claims after which a lane with a backlog makes room, if somebody waits for a place
SETTLE_AGAIN = 0.5  # seconds until a result that the store could not take is offered to it again


class Agent(Protocol):
    """Delivers to one next hop over at most one session. Never raises for what a remote host does."""

    async def deliver(self, envelope: Envelope, deadline: int) -> Attempt:
        """One try, over before `deadline` (milliseconds UTC)."""

    async def close(self) -> None:
        """End the session politely, in bounded time."""


class Dispatcher(Protocol):
    """What a lane tells and asks whoever started it."""

    def found_more(self, hop: Hop) -> None:
        """More is due than a claim took: there is work for one lane more."""

    def at_end(self, hop: Hop, next_due: int | None) -> None:
        """Nothing was due when it was claimed last; the earliest of the rest will be at `next_due`."""

    def may_keep(self, hop: Hop) -> bool:
        """Whether a lane may keep its place: to wait for mail with its session open, or to go on with a backlog."""

    def give_back_later(self, held: dict[RecipientId, int]) -> None:
        """Leases (recipient → token) that the store would not take back just now."""

    def succeeded(self, hop: Hop) -> None:
        """The site took a message, or refused it for the message's or the recipient's sake."""

    async def failed(self, hop: Hop, attempt: Attempt) -> None:
        """The site could not be used."""


class LaneSettings(msgspec.Struct, frozen=True):
    """`claim`: recipients at a time. Times in milliseconds; `try_timeout` is shorter than `lease` (guarantee G4)."""

    claim: int
    lease: int
    try_timeout: int
    idle: int
    policy: RetryPolicy


async def _unmarked(event: Event) -> Event:
    return event


class Tools(msgspec.Struct, frozen=True):
    """What every lane works with. `dice()` in [0, 1); `next_lease()` a token no other lane ever had."""

    queue: Queue
    preparer: Preparer
    open_agent: Callable[[str], Agent]
    clock: Callable[[], int]
    dice: Callable[[], float]
    next_lease: Callable[[], int]
    settings: LaneSettings
    mark: Callable[[Event], Awaitable[Event]] = _unmarked  # what the configuration says of suppressing
    notices: Notices | None = None
    withholding: Withholding | None = None


async def notice_of(tools: Tools, before: Recipient, event: Event, state: RecipientState) -> Arrival | None:
    """What the sender asked to be told of a change."""
    return None if tools.notices is None else await tools.notices.about(before, event, state)


class Lane:
    def __init__(self, hop: Hop, tools: Tools, dispatcher: Dispatcher) -> None:
        self._hop = hop
        self._tools = tools
        self._dispatcher = dispatcher
        self._held: dict[RecipientId, int] = {}  # claimed and not settled: id → lease
        self.stopping = False

    async def run(self) -> None:
        """Until nothing is due, the site is in trouble, or `stopping`.

        What it claimed and did not try it gives back, also when cancelled. Raises StoreUnavailable.
        """
        agent = self._tools.open_agent(self._hop.nexthop)
        backlog = False  # whether the last claim left some that are due
        try:
            for count in itertools.count():
                if self.stopping or (count >= ROUNDS and not self._dispatcher.may_keep(self._hop)):
                    self._hop.fresh = True
                    return
                lease = self._tools.next_lease()
                claim, until = await self._claim(lease, backlog or not self._dispatcher.may_keep(self._hop))
                if not await self._work(agent, claim.items, lease, until):
                    return
                backlog = claim.leaves_some(self._tools.clock())
                if self._hop.fresh or backlog:
                    continue
                self._dispatcher.at_end(self._hop, claim.next_due)
                if not self._dispatcher.may_keep(self._hop):
                    return
                if not await self._hop.wait_for_mail(self._tools.settings.idle):
                    return
        finally:
            try:
                await self._give_back()
            finally:
                await agent.close()

    async def _claim(self, lease: int, patient: bool) -> tuple[Claim, int]:
        """A claim and the time until which it is ours."""
        self._hop.fresh = False
        settings = self._tools.settings
        now = self._tools.clock()
        until = now + settings.lease
        claim = await self._tools.queue.claim(self._hop.nexthop, now, until, lease, settings.claim, patient)
        self._held = {
            item.recipient_id if isinstance(item, Unreadable) else item.recipient.id: lease for item in claim.items
        }
        if claim.leaves_some(now):
            self._dispatcher.found_more(self._hop)
        return claim, until

    async def _give_back(self) -> None:
        if self._held:
            held, self._held = self._held, {}
            try:
                await self._tools.queue.release(list(held.items()), self._tools.clock())
            except StoreUnavailable:
                self._dispatcher.give_back_later(held)

    async def _work(self, agent: Agent, claimed: list[Claimed | Unreadable], lease: int, until: int) -> bool:
        """Deal with a claim; False when the lane should end."""
        readable: list[Claimed] = []
        for item in claimed:
            if isinstance(item, Unreadable):
                await self._hold(item.recipient_id, lease, item.fault, None)
            elif not (item.is_suspect and await self._withhold(item, lease)):
                readable.append(item)
        small = [(item, item.content) for item in readable if item.content is not None]
        made = dict(zip((item.recipient.id for item, _ in small), await self._make(small), strict=True))
        for item in readable:
            if self.stopping:
                return False
            if self._tools.clock() + self._tools.settings.try_timeout > until:
                self._hop.fresh = True  # a slow host used up the lease: claim the rest anew
                break
            envelope = made.pop(item.recipient.id, None)
            if envelope is None:
                envelope = await self._make_large(item)
            if isinstance(envelope, Poison):
                await self._hold(item.recipient.id, lease, envelope.fault, item.recipient)
            elif not await self._try(agent, item, envelope, lease):
                return False
        await self._give_back()
        return True

    async def _make(self, items: list[tuple[Claimed, bytes]]) -> list[Envelope | Poison | DeliveryStatus]:
        """An envelope for each; a Poison where none can be made, a status where none can be made now."""
        if not items:
            return []
        try:
            return [*await self._tools.preparer.prepare(items, self._tools.clock())]
        except UnusableKeys as error:
            if len(items) > 1:  # the fault of some of them: find out whose
                return [made for item in items for made in await self._make([item])]
            return [LocalCause.INTERNAL.status(str(error))]

    async def _make_large(self, item: Claimed) -> Envelope | Poison | DeliveryStatus:
        """One whose content did not come with the claim."""
        try:
            content = await self._tools.queue.content(item.message.content_id)
        except NotFound as error:
            return Poison(str(error))
        [made] = await self._make([(item, content)])
        return made

    async def _try(self, agent: Agent, item: Claimed, envelope: Envelope | DeliveryStatus, lease: int) -> bool:
        """One try of one recipient, settled; False when the site is in trouble."""
        recipient = item.recipient
        now = self._tools.clock()
        attempt = await self._attempt(agent, envelope, now)
        # Leasing moved due_at, so "before due" can be told only by the message's own time.
        waited = max(0, now - (item.message.date if recipient.tries == 0 else recipient.updated_at))
        delays = Delays(waited, 0, attempt.delays.connect, attempt.delays.transmit)
        attempt = msgspec.structs.replace(attempt, delays=delays)
        await self._settle(recipient, attempt, lease, item.message)
        if is_site_failure(attempt.status):
            self._hop.fresh = True  # the rest of its mail is looked at when the site's pause is over
            await self._give_back()  # first: what waits unclaimed may have waited for too long
            await self._dispatcher.failed(self._hop, attempt)
            return False
        if attempt.status.reply is not None:
            self._dispatcher.succeeded(self._hop)
        return True

    async def _attempt(self, agent: Agent, envelope: Envelope | DeliveryStatus, now: int) -> Attempt:
        if isinstance(envelope, DeliveryStatus):
            return failed_here(envelope, now)
        try:
            return await agent.deliver(envelope, now + self._tools.settings.try_timeout)
        except Exception:
            # Guarantee G6: what we do not understand defers, under a number that finds it in the log.
            fault = secrets.token_hex(4)
            log.exception("fault %s while delivering to %s", fault, self._hop.nexthop)
            metrics.faults.labels("delivery").inc()
            return failed_here(LocalCause.INTERNAL.status(f"internal error {fault}"), now)

    async def _settle(self, recipient: Recipient, attempt: Attempt, lease: int, message: Message) -> None:
        """Record the try. A store that takes nothing now is asked again: a lost result would be sent twice."""
        now = self._tools.clock()
        disposition = decide(recipient, attempt.status, now, self._tools.settings.policy, self._tools.dice())
        after, event = conclude(recipient, attempt, disposition, now, message.author.domain)
        while True:
            try:
                notice = await notice_of(self._tools, recipient, event, after.state)
                await self._tools.queue.settle(after, await self._tools.mark(event), lease, notice)
                break
            except Conflict as error:
                log.warning("result for recipient %d not recorded: %s", recipient.id, error)
                break
            except StoreUnavailable as error:
                log.error("result for recipient %d not recorded yet: %s", recipient.id, error)
                await asyncio.sleep(SETTLE_AGAIN)
        self._held.pop(recipient.id, None)
        maillog.tried(after, attempt)
        metrics.tries.labels(after.state.value).inc()
        if after.state is RecipientState.DELIVERED:
            metrics.time_to_deliver.observe(max(0, now - message.date) / 1000)

    async def _withhold(self, item: Claimed, lease: int) -> bool:
        """Whether its address was suppressed for such mail while it waited: then it is not tried."""
        tools, recipient = self._tools, item.recipient
        entry = await tools.withholding.entry(recipient, item.message) if tools.withholding is not None else None
        if entry is None:
            return False
        after, event = withhold(recipient, entry, tools.clock())
        try:
            await tools.queue.settle(after, event, lease, await notice_of(tools, recipient, event, after.state))
            maillog.changed(event)
        except Conflict:
            pass  # the lease was lost: whoever has it now will see the same
        self._held.pop(recipient.id, None)
        return True

    async def _hold(self, recipient_id: RecipientId, lease: int, fault: str, recipient: Recipient | None) -> None:
        """Set poison aside, where the operator sees it."""
        log.error("recipient %d is held: %s", recipient_id, fault)
        metrics.faults.labels("compose").inc()
        now = self._tools.clock()
        event = None
        if recipient is not None:
            detail = Detail(status=LocalCause.INTERNAL.enhanced, reason=fault)
            event = Event(now, EventType.HELD, recipient.message_id, recipient.id, recipient.address, detail)
        try:
            await self._tools.queue.hold(recipient_id, lease, fault, event, now)
        except Conflict:
            pass  # the lease was lost: whoever has it now will see the same
        self._held.pop(recipient_id, None)
