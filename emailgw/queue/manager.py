"""The queue manager: finds next hops with due mail and gives them lanes, within what each site and the machine bear.

It is told of fresh mail at once (`Queue.on_work`) and looks for the rest itself: a scan of the next hops at start and
from time to time, and an agenda of what comes due soon. It keeps no list of messages; its memory is bounded by the
next hops at work, whatever the length of the queue (guarantee G8).
"""

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Protocol

import msgspec

from emailgw import maillog, metrics
from emailgw.core.events import Attempt
from emailgw.core.model import RecipientState
from emailgw.core.status import DeliveryStatus
from emailgw.errors import Conflict, StoreUnavailable
from emailgw.queue.disposition import conclude, decide
from emailgw.queue.hop import Hop
from emailgw.queue.lane import Lane, Tools
from emailgw.queue.sites import Site, SiteLimits

log = logging.getLogger("emailgw.queue")

HORIZON = 60_000  # milliseconds ahead that the agenda looks; what is due later is found by a scan
AGENDA_GRAIN = 200  # milliseconds: what comes due for a next hop within them is one entry, at their end
AGENDA_LIMIT = 20_000  # entries; what does not fit is found by a scan
SCAN_EVERY = 20_000  # milliseconds between scans, at least
SCAN_PAGE = 1000
WAITING_LIMIT = 20_000  # next hops waiting for room; a scan stops there and goes on later
FORGET_AFTER = 10 * 60_000  # milliseconds after the end of its pause
STORE_PAUSE = 1_000  # milliseconds without new lanes after the store failed one
OVERDUE = 200  # recipients whose lifetime is over that one failed probe of a site settles


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
        self._hops: dict[str, Hop] = {}  # with lanes, or one being started
        self._site_of: dict[str, Site] = {}  # of each of _hops once its route is known
        self._sites: dict[str, Site] = {}
        self._crowded: dict[str, None] = {}  # next hops that found no room on this machine, oldest first
        self._lanes: dict[asyncio.Task[None], Lane | None] = {}
        self._waiting: dict[str, Site] = {}  # next hops that found no room at their site
        self._stalled: dict[str, Site] = {}  # sites that have such next hops
        self._agenda: list[tuple[int, str]] = []
        self._planned: set[tuple[int, str]] = set()  # the same entries
        self._stirred = asyncio.Event()
        self._paused_until = 0
        self._scan_at = 0
        self._scan_after = ""
        self._stopping = False

    # Life.

    async def run(self) -> None:
        """Until `stop`. One failing turn is logged and the next one comes; it never ends by itself."""
        self._tools.queue.on_work(self.announce)
        while not self._stopping:
            try:
                await self._turn()
            except StoreUnavailable as error:
                log.error("the queue cannot be read: %s", error)
                self._paused_until = self._tools.clock() + STORE_PAUSE
            self._stirred.clear()
            try:
                async with asyncio.timeout(self._next_turn_in() / 1000):
                    await self._stirred.wait()
            except TimeoutError:
                pass

    async def stop(self, grace: int) -> None:
        """Let tries under way finish for `grace` milliseconds, then interrupt them: they stay as they were."""
        self._stopping = True
        self._stirred.set()
        for lane in self._lanes.values():
            if lane is not None:
                lane.stopping = True
        for hop in self._hops.values():
            while hop.wake():
                pass
        if self._lanes:
            await asyncio.wait(self._lanes, timeout=grace / 1000)
        late = list(self._lanes)
        for task in late:
            task.cancel()
        if late:
            log.warning("%d deliveries were interrupted; their mail stays queued", len(late))
            await asyncio.wait(late, timeout=5)

    def announce(self, nexthop: str, due_at: int) -> None:
        """Mail for `nexthop` was committed, due at `due_at`."""
        now = self._tools.clock()
        entry = (-(-due_at // AGENDA_GRAIN) * AGENDA_GRAIN, nexthop)
        if due_at <= now:
            self._offer(nexthop, now)
        elif due_at <= now + HORIZON and len(self._agenda) < AGENDA_LIMIT and entry not in self._planned:
            self._planned.add(entry)
            heapq.heappush(self._agenda, entry)
            if self._agenda[0] == entry:
                self._stirred.set()

    def troubled_sites(self) -> list[tuple[str, int, str]]:
        """(site, when it is probed again, why) of the sites that are paused."""
        return [(site.key, site.resumes_at, site.trouble) for site in self._sites.values() if site.trouble]

    def resume(self, nexthop: str) -> None:
        """End the pause of a next hop's site: the operator knows better."""
        site = self._waiting.get(nexthop) or self._site_of.get(nexthop)
        if site is not None:
            site.resume()
        self._stirred.set()

    # Finding work.

    async def _turn(self) -> None:
        now = self._tools.clock()
        while self._agenda and self._agenda[0][0] <= now:
            entry = heapq.heappop(self._agenda)
            self._planned.remove(entry)
            self._offer(entry[1], now)
        if now >= self._scan_at:
            await self._scan(now)
        for site in list(self._stalled.values()):
            self._fill(site, now)
        self._fill_crowded(now)

    async def _scan(self, now: int) -> None:
        """Look at every next hop that has waiting mail, from where the last scan stopped."""
        started = self._tools.clock()
        while len(self._crowded) + len(self._waiting) < WAITING_LIMIT:
            page = await self._tools.queue.next_hops(self._scan_after, SCAN_PAGE)
            for nexthop, due_at in page:
                self.announce(nexthop, due_at)
            if len(page) < SCAN_PAGE:
                self._scan_after = ""
                break
            self._scan_after = page[-1][0]
        self._forget_sites(now)
        # A long scan is made less often, so that it never takes more than a twentieth of a reader's time.
        self._scan_at = now + max(SCAN_EVERY, 20 * (self._tools.clock() - started))

    def _next_turn_in(self) -> int:
        """Milliseconds until something may be due."""
        now = self._tools.clock()
        times = [self._scan_at, *(site.resumes_at for site in self._stalled.values() if site.resumes_at > now)]
        if self._agenda:
            times.append(self._agenda[0][0])
        return max(min(times) - now, self._paused_until - now, 1)

    # Giving lanes.

    def _offer(self, nexthop: str, now: int) -> None:
        """There is due mail for a next hop: wake a lane of it, or start one if there is room."""
        hop = self._hops.get(nexthop)
        if hop is None:
            if nexthop not in self._waiting:
                self._start(nexthop, now)
        elif not hop.wake():
            site = self._site_of.get(nexthop)
            if site is not None and self._has_room(site, now):
                self._start_lane(hop, site)

    def _has_room(self, site: Site, now: int) -> bool:
        return site.has_room(now) and len(self._lanes) < self._settings.sessions and now >= self._paused_until

    def _start(self, nexthop: str, now: int) -> None:
        if self._stopping:
            return
        if len(self._lanes) >= self._settings.sessions or now < self._paused_until:
            self._crowded[nexthop] = None
            self._send_one_away(self._hops)
            return
        hop = self._hops[nexthop] = Hop(nexthop)
        self._spawn(self._find_site(hop), None)

    async def _find_site(self, hop: Hop) -> None:
        """Learn a next hop's site, then start its first lane or queue up there."""
        try:
            route = await self._route(hop.nexthop)
            now = self._tools.clock()
            # For want of a route the next hop is a site of its own, so that its trouble is its own.
            key = f"no route: {hop.nexthop}" if isinstance(route, DeliveryStatus) else route.site
            site = self._sites.get(key)
            if site is None:
                site = self._sites[key] = Site(key, self._settings.site)
        except BaseException:
            del self._hops[hop.nexthop]
            raise
        # The place of the lane is the one that this task has.
        if site.has_room(now) and now >= self._paused_until and not self._stopping:
            self._site_of[hop.nexthop] = site
            self._start_lane(hop, site)
        else:
            del self._hops[hop.nexthop]
            self._wait(hop.nexthop, site)

    def _wait(self, nexthop: str, site: Site) -> None:
        site.waiting[nexthop] = None
        self._waiting[nexthop] = site
        self._stalled[site.key] = site
        self._send_one_away([name for name, known in self._site_of.items() if known is site])
        self._stirred.set()

    def _send_one_away(self, nexthops: Iterable[str]) -> None:
        """An idle lane keeps its session only as long as nobody needs its place."""
        any(self._hops[nexthop].send_away() for nexthop in nexthops)

    def _start_lane(self, hop: Hop, site: Site) -> None:
        if self._stopping:
            return
        hop.lanes += 1
        site.active += 1
        lane = Lane(hop, self._tools, self)
        task = self._spawn(lane.run(), lane)
        task.add_done_callback(lambda _: self._lane_ended(hop, site))

    def _lane_ended(self, hop: Hop, site: Site) -> None:
        now = self._tools.clock()
        hop.lanes -= 1
        site.active -= 1
        if hop.lanes == 0:
            del self._hops[hop.nexthop]
            del self._site_of[hop.nexthop]
            if hop.fresh or now < site.resumes_at:
                self._wait(hop.nexthop, site)
        self._fill(site, now)
        self._fill_crowded(now)
        if site.active == 0 and not site.waiting and not site.trouble:
            self._sites.pop(site.key, None)
        if self._stalled:
            self._stirred.set()  # the free place may be one that another site waits for

    def _forget_sites(self, now: int) -> None:
        """Of a site in trouble that nobody has mail for any more, the trouble is soon no news."""
        for site in list(self._sites.values()):
            if site.active == 0 and not site.waiting and now >= site.resumes_at + FORGET_AFTER:
                del self._sites[site.key]
        metrics.troubled_sites.set(len(self.troubled_sites()))

    def _fill(self, site: Site, now: int) -> None:
        """Give a site's free places to the next hops that wait for it, and then for any."""
        while site.waiting and self._has_room(site, now) and not self._stopping:
            nexthop = next(iter(site.waiting))
            del site.waiting[nexthop], self._waiting[nexthop]
            hop = self._hops.get(nexthop)
            if hop is None:
                hop = self._hops[nexthop] = Hop(nexthop)
            self._site_of[nexthop] = site
            self._start_lane(hop, site)
        if not site.waiting:
            self._stalled.pop(site.key, None)

    def _fill_crowded(self, now: int) -> None:
        while self._crowded and len(self._lanes) < self._settings.sessions and now >= self._paused_until:
            nexthop = next(iter(self._crowded))
            del self._crowded[nexthop]
            self._offer(nexthop, now)

    def _spawn(self, work: Coroutine[None, None, None], lane: Lane | None) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._lanes[task] = lane
        metrics.sessions.set(len(self._lanes))
        task.add_done_callback(self._reap)
        return task

    def _reap(self, task: asyncio.Task[None]) -> None:
        del self._lanes[task]
        metrics.sessions.set(len(self._lanes))
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, StoreUnavailable):
            log.error("a lane gave up: %s", error)
        elif error is not None:
            log.error("fault in a lane", exc_info=error)
            metrics.faults.labels("lane").inc()
        if error is not None:
            # What it left undone is found by a scan, after a pause: never in a tight loop.
            self._paused_until = self._tools.clock() + STORE_PAUSE
            self._scan_at = 0
            self._stirred.set()

    # What lanes say (lane.Dispatcher).

    def found_more(self, hop: Hop) -> None:
        site = self._site_of[hop.nexthop]
        if self._has_room(site, self._tools.clock()) and not site.waiting:
            self._start_lane(hop, site)

    def may_idle(self, hop: Hop) -> bool:
        return not (self._stopping or self._crowded or self._site_of[hop.nexthop].waiting)

    def succeeded(self, hop: Hop) -> None:
        self._site_of[hop.nexthop].succeeded()

    async def failed(self, hop: Hop, attempt: Attempt) -> None:
        """Slow the site down; mail whose lifetime is over ends with what the site said, the rest waits untouched."""
        tools = self._tools
        now = tools.clock()
        site = self._site_of[hop.nexthop]
        site.failed(attempt.status.reason, now, tools.dice())
        log.warning("site %s is paused for %d s: %s", site.key, (site.resumes_at - now) // 1000, site.trouble)
        for recipient in await tools.queue.overdue(hop.nexthop, now, OVERDUE):
            disposition = decide(recipient, attempt.status, now, tools.settings.policy, tools.dice())
            after, event = conclude(recipient, attempt, disposition, now)
            try:
                await tools.queue.change(after, event, (RecipientState.QUEUED, RecipientState.DEFERRED))
            except Conflict:
                continue  # somebody was faster
            maillog.tried(after, attempt)
            metrics.tries.labels(after.state.value).inc()
