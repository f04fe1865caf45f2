"""The queue manager: finds next hops with due mail and gives them lanes, within what each site and the machine bear.

It is told of fresh mail at once (`Queue.on_work`) and looks for the rest itself: a scan of the next hops at start and
from time to time, and an agenda of what comes due soon. It keeps no list of messages; its memory is bounded by the
next hops at work or waiting, whatever the length of the queue (guarantee G8).

A next hop with due mail and no lane is in exactly one of two lines: `_ready` waits for a place on this machine,
`Site.waiting` for room at its site. Everything that frees a place or ends a pause stirs the loop, and one function,
`_dispatch`, serves both lines in turn.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Protocol

import msgspec

from emailgw import maillog, metrics
from emailgw.core.events import Attempt, Event
from emailgw.core.ids import RecipientId
from emailgw.core.model import Recipient, RecipientState
from emailgw.core.status import DeliveryStatus
from emailgw.errors import Conflict, StoreUnavailable
from emailgw.queue.agenda import Agenda
from emailgw.queue.disposition import conclude, decide, delay
from emailgw.queue.hop import Hop
from emailgw.queue.lane import Lane, Tools, notice_of
from emailgw.queue.notices import DELAYED_AFTER
from emailgw.queue.sites import Site, SiteLimits

log = logging.getLogger("emailgw.queue")

SCAN_EVERY = 20_000  # milliseconds between scans, at least
SCAN_PAGE = 1000
WAITING_LIMIT = 20_000  # next hops in both lines; a scan stops there and goes on later
FORGET_AFTER = 10 * 60_000  # milliseconds after the end of a site's pause
TELLING = 500  # milliseconds for which a claim that found more than it took tells of more
STORE_PAUSE = 1_000  # milliseconds without new lanes after the store failed one
OVERDUE = 200  # recipients whose lifetime is over that are settled at a time
NO_ROUTE = "no route: "  # for want of a route a next hop is a site of its own, so that its trouble is its own


class Route(Protocol):
    """Where a next hop's mail goes; `site` names the set of its MX hosts."""

    @property
    def site(self) -> str: ...


class ManagerSettings(msgspec.Struct, frozen=True):
    """`sessions`: lanes in all."""

    sessions: int
    site: SiteLimits


class Manager:
    """`route(nexthop)` gives its Route, or the DeliveryStatus that all its mail has for want of one."""

    def __init__(
        self,
        tools: Tools,
        route: Callable[[str], Awaitable[Route | DeliveryStatus]],
        settings: ManagerSettings,
    ) -> None:
        self._tools = tools
        self._route = route
        self._settings = settings
        self._hops: dict[str, Hop] = {}  # with lanes, or whose route is being looked up
        self._site_of: dict[str, Site] = {}  # of each of _hops once its route is known
        self._sites: dict[str, Site] = {}
        self._ready: dict[str, None] = {}  # in line for a place, oldest first
        self._blocked: dict[str, Site] = {}  # in line at a site
        self._stalled: dict[str, Site] = {}  # sites with a line
        self._tasks: dict[asyncio.Task[None], Lane | None] = {}  # one for each place taken
        self._unreleased: dict[RecipientId, int] = {}  # leases that a lane could not give back
        self._agenda = Agenda()
        self._stirred = asyncio.Event()
        self._paused_until = 0
        self._more_until = 0
        self._scan_at = 0
        self._scan_after = ""
        self._stopping = False

    # Life.

    async def run(self) -> None:
        """Until `stop`. One failing turn is logged and the next one comes; it never ends by itself."""
        self._tools.queue.on_work(self.announce)
        while not self._stopping:
            self._stirred.clear()
            try:
                await self._turn()
            except StoreUnavailable as error:
                log.error("the queue cannot be read: %s", error)
                self._pause()
            try:
                async with asyncio.timeout(self._next_turn_in() / 1000):
                    await self._stirred.wait()
            except TimeoutError:
                pass

    async def stop(self, grace: int) -> None:
        """Let tries under way finish for `grace` milliseconds, then interrupt them: they stay as they were."""
        self._stopping = True
        self._stirred.set()
        for lane in self._tasks.values():
            if lane is not None:
                lane.stopping = True
        for hop in self._hops.values():
            while hop.send_away():
                pass
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace / 1000)
        late = list(self._tasks)
        for task in late:
            task.cancel()
        if late:
            log.warning("%d deliveries were interrupted; their mail stays queued", len(late))
            await asyncio.wait(late, timeout=5)

    def announce(self, nexthop: str, due_at: int) -> None:
        """Mail for `nexthop` was committed, due at `due_at`."""
        now = self._tools.clock()
        if due_at <= now:
            self._offer(nexthop, now)
        elif self._agenda.add(nexthop, due_at, now):
            self._stirred.set()

    def has_waiting(self) -> bool:
        """Whether there is due mail that no lane has yet, as far as the last claims tell."""
        return bool(self._ready) or self._tools.clock() < self._more_until

    def troubled_sites(self) -> list[tuple[str, int, str]]:
        """(site, when it is probed again, why) of the sites that are paused."""
        return [(site.key, site.resumes_at, site.trouble) for site in self._sites.values() if site.trouble]

    def resume(self, nexthop: str) -> None:
        """End the pause of a next hop's site: the operator knows better."""
        site = self._blocked.get(nexthop) or self._site_of.get(nexthop)
        if site is not None:
            site.resume()
        self._stirred.set()

    # Finding work.

    async def _turn(self) -> None:
        now = self._tools.clock()
        for nexthop in self._agenda.take_due(now):
            self._offer(nexthop, now)
        if now >= self._paused_until:
            await self._give_back()
            if now >= self._scan_at:
                await self._scan(now)
        self._dispatch()

    async def _give_back(self) -> None:
        if self._unreleased:
            await self._tools.queue.release(list(self._unreleased.items()), self._tools.clock())
            self._unreleased.clear()
            self._scan_at = 0

    async def _scan(self, now: int) -> None:
        """Look at every next hop that has waiting mail, from where the last scan stopped."""
        while len(self._ready) + len(self._blocked) < WAITING_LIMIT:
            page = await self._tools.queue.next_hops(self._scan_after, SCAN_PAGE)
            for nexthop, due_at in page:
                self.announce(nexthop, due_at)
            if len(page) < SCAN_PAGE:
                self._scan_after = ""
                break
            self._scan_after = page[-1][0]
        self._forget_sites(now)
        # A long scan is made less often, so that it never takes more than a twentieth of a reader's time.
        self._scan_at = now + max(SCAN_EVERY, 20 * (self._tools.clock() - now))

    def _forget_sites(self, now: int) -> None:
        """Of a site in trouble that nobody has mail for any more, the trouble is soon no news."""
        for site in list(self._sites.values()):
            if site.active == 0 and not site.waiting and now >= site.resumes_at + FORGET_AFTER:
                del self._sites[site.key]
        metrics.troubled_sites.set(len(self.troubled_sites()))

    def _next_turn_in(self) -> int:
        """Milliseconds until something may be due."""
        now = self._tools.clock()
        times = [self._scan_at, *(site.resumes_at for site in self._stalled.values() if site.resumes_at > now)]
        if self._agenda.next is not None:
            times.append(self._agenda.next)
        wake = max(min(times), self._paused_until)
        if now < self._paused_until and (self._ready or self._stalled):
            wake = self._paused_until
        return max(wake - now, 1)

    def _pause(self) -> None:
        """No new lanes for a moment, then a scan for what was left undone: never a tight loop."""
        self._paused_until = self._tools.clock() + STORE_PAUSE
        self._scan_at = 0
        self._stirred.set()

    # Giving places.

    def _offer(self, nexthop: str, now: int) -> None:
        """There is due mail for a next hop: wake a lane of it, start one more, or put the next hop in line."""
        hop = self._hops.get(nexthop)
        if hop is None:
            if nexthop not in self._blocked:
                self._ready[nexthop] = None
                self._stirred.set()
        elif not hop.wake():
            site = self._site_of.get(nexthop)
            if site is not None and site.has_room(now) and self._has_place(now) and not self._someone_waits(site):
                self._start_lane(hop, site)

    def _has_place(self, now: int) -> bool:
        return len(self._tasks) < self._settings.sessions and now >= self._paused_until and not self._stopping

    def _someone_waits(self, site: Site) -> bool:
        """Whether a place, or room at this site, is wanted by a next hop that has no lane."""
        if self._ready or site.waiting:
            return True
        now = self._tools.clock()
        return any(stalled.has_room(now) for stalled in self._stalled.values())

    def _dispatch(self) -> None:
        """Serve both lines, one next hop each in turn, as long as there are places."""
        now = self._tools.clock()
        served = True
        while served:
            served = False
            for site in list(self._stalled.values()):
                if self._has_place(now) and site.has_room(now):
                    self._serve(site)
                    served = True
            if self._ready and self._has_place(now):
                nexthop = next(iter(self._ready))
                del self._ready[nexthop]
                self._hops[nexthop] = Hop(nexthop)
                self._spawn(self._find_site(self._hops[nexthop]), None)
                served = True
        # An idle lane keeps its session only as long as nobody needs its place.
        wanted = len(self._ready)
        for hop in self._hops.values() if wanted else ():
            wanted -= hop.send_away()
            if wanted <= 0:
                break

    def _serve(self, site: Site) -> None:
        """The first in a site's line gets a lane; where there was no route, it is looked up again."""
        nexthop = next(iter(site.waiting))
        del site.waiting[nexthop], self._blocked[nexthop]
        if not site.waiting:
            del self._stalled[site.key]
        if site.key.startswith(NO_ROUTE):
            self._ready[nexthop] = None
            return
        hop = self._hops[nexthop] = Hop(nexthop)
        self._site_of[nexthop] = site
        self._start_lane(hop, site)

    async def _find_site(self, hop: Hop) -> None:
        """Learn a next hop's site, then start its first lane or put it in line there."""
        try:
            route = await self._route(hop.nexthop)
        except BaseException:
            del self._hops[hop.nexthop]
            raise
        key = NO_ROUTE + hop.nexthop if isinstance(route, DeliveryStatus) else route.site
        site = self._sites.get(key)
        if site is None:
            site = self._sites[key] = Site(key, self._settings.site)
        now = self._tools.clock()
        # The lane takes the place that this task has.
        if site.has_room(now) and not site.waiting and now >= self._paused_until and not self._stopping:
            self._site_of[hop.nexthop] = site
            self._start_lane(hop, site)
        else:
            del self._hops[hop.nexthop]
            self._block(hop.nexthop, site)

    def _block(self, nexthop: str, site: Site) -> None:
        site.waiting[nexthop] = None
        self._blocked[nexthop] = site
        self._stalled[site.key] = site
        for name, known in self._site_of.items():
            if known is site and self._hops[name].send_away():
                break
        self._stirred.set()

    def _start_lane(self, hop: Hop, site: Site) -> None:
        hop.lanes += 1
        site.active += 1
        lane = Lane(hop, self._tools, self)
        self._spawn(lane.run(), lane).add_done_callback(lambda task: self._lane_ended(task, hop, site))

    def _lane_ended(self, task: asyncio.Task[None], hop: Hop, site: Site) -> None:
        now = self._tools.clock()
        hop.lanes -= 1
        site.active -= 1
        if not task.cancelled() and task.exception() is not None:
            hop.fresh = True
            if not isinstance(task.exception(), StoreUnavailable):
                site.failed("internal error, see the log", now, self._tools.dice())
        if hop.lanes == 0:
            del self._hops[hop.nexthop]
            del self._site_of[hop.nexthop]
            if hop.fresh and now < site.resumes_at:
                self._block(hop.nexthop, site)
            elif hop.fresh:
                self._ready[hop.nexthop] = None
        if site.active == 0 and not site.waiting and not site.trouble:
            self._sites.pop(site.key, None)

    def _spawn(self, work: Coroutine[None, None, None], lane: Lane | None) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks[task] = lane
        metrics.sessions.set(len(self._tasks))
        task.add_done_callback(self._reap)
        return task

    def _reap(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        metrics.sessions.set(len(self._tasks))
        self._stirred.set()
        error = None if task.cancelled() else task.exception()
        if isinstance(error, StoreUnavailable):
            log.error("a lane gave up: %s", error)
            self._pause()
        elif error is not None:
            log.error("fault in a lane", exc_info=error)
            metrics.faults.labels("lane").inc()

    # What lanes say (lane.Dispatcher).

    def found_more(self, hop: Hop) -> None:
        site = self._site_of[hop.nexthop]
        now = self._tools.clock()
        self._more_until = now + TELLING
        if site.has_room(now) and self._has_place(now) and not self._someone_waits(site):
            self._start_lane(hop, site)

    def at_end(self, hop: Hop, next_due: int | None) -> None:
        # A scan plans only the first due time of each next hop; this is the one after it.
        now = self._tools.clock()
        if next_due is not None and self._agenda.add(hop.nexthop, max(next_due, now + 1), now):
            self._stirred.set()

    def may_keep(self, hop: Hop) -> bool:
        return not self._stopping and not self._someone_waits(self._site_of[hop.nexthop])

    def give_back_later(self, held: dict[RecipientId, int]) -> None:
        self._unreleased |= held
        self._pause()

    def succeeded(self, hop: Hop) -> None:
        self._site_of[hop.nexthop].succeeded()

    async def failed(self, hop: Hop, attempt: Attempt) -> None:
        """Slow the site down; mail whose lifetime is over ends with what the site said, the rest waits untouched, and
        who wants to know that it is late is told.
        """
        now = self._tools.clock()
        site = self._site_of[hop.nexthop]
        site.failed(attempt.status.reason, now, self._tools.dice())
        log.warning("site %s is paused for %d s: %s", site.key, max(0, site.resumes_at - now) // 1000, site.trouble)
        for nexthop in [hop.nexthop, *site.waiting]:
            while overdue := await self._tools.queue.overdue(nexthop, now, OVERDUE):
                ended = await asyncio.gather(*(self._expire(recipient, attempt, now) for recipient in overdue))
                if not any(ended) or len(overdue) < OVERDUE:
                    break
            for recipient in await self._tools.queue.untried(nexthop, now - DELAYED_AFTER, OVERDUE):
                await self._change(recipient, *delay(recipient, attempt, now))

    async def _expire(self, recipient: Recipient, attempt: Attempt, now: int) -> bool:
        disposition = decide(recipient, attempt.status, now, self._tools.settings.policy, self._tools.dice())
        after, event = conclude(recipient, attempt, disposition, now)
        if not await self._change(recipient, after, event):
            return False
        maillog.tried(after, attempt)
        metrics.tries.labels(after.state.value).inc()
        return True

    async def _change(self, recipient: Recipient, after: Recipient, event: Event) -> bool:
        try:
            notice = await notice_of(self._tools, recipient, event, after.state)
            await self._tools.queue.change(after, event, (RecipientState.QUEUED, RecipientState.DEFERRED), notice)
        except Conflict:
            return False  # somebody was faster
        return True
