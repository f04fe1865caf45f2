"""One task for one endpoint: claims what is due, POSTs it, settles, again, until the endpoint is changed or the end.

Nothing it does makes another endpoint wait. A claim is a lease longer than any try; what a crash leaves comes again
under the same id. It serves the endpoint as it was when it started: `carriers` replaces it when that changes.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from emailgw import maillog, metrics
from emailgw.core.events import EventType, event_without_message
from emailgw.core.webhooks import DeliveryState, Endpoint, EndpointStatus, Outcome, WebhookAttempt, WebhookPolicy
from emailgw.errors import Conflict, StoreUnavailable
from emailgw.outhttp import OutHttp, OutHttpError
from emailgw.store.deliveries import Deliveries
from emailgw.store.events import EventLog
from emailgw.store.webhooks import Webhooks
from emailgw.vault import Vault
from emailgw.webhooks.courtesy import Courtesy
from emailgw.webhooks.fanout import HURRY
from emailgw.webhooks.pace import Pace
from emailgw.webhooks.parcel import Parcel, outcome, prepare, read_retry_after, said
from emailgw.webhooks.signing import PURPOSE, signed_headers

log = logging.getLogger("emailgw.webhooks")

GONE = 410
OVERLOADED = (429, 502, 503, 504)
GATHER = 0.005  # seconds: results of so long are written together
ROUNDS_AHEAD = 2  # windows full of POSTs that are claimed before their turn
URGENT_EVERY = 500  # milliseconds between two claims of what hurries, when nothing else may be claimed
FEW = 4  # that are claimed while mail goes first: what is claimed cannot be overtaken by a bounce
MARGIN = 5_000  # milliseconds by which a try must end before its lease
LONGEST_SLEEP = 60.0  # seconds
GRACE = 3.0  # seconds for POSTs under way when it ends
DISK_PAUSE = 1.0  # seconds after the storage failed
FAULT_PAUSE = 5.0  # seconds after an error of our own


class Tools(NamedTuple):
    """`timeout`: milliseconds for one POST. `window`: how many an endpoint may get at a time, at most. `courtesy`: one
    for all carriers, so that mail goes first.
    """

    events: EventLog
    webhooks: Webhooks
    deliveries: Deliveries
    http: OutHttp
    vault: Vault
    clock: Callable[[], int]
    dice: Callable[[], float]
    next_lease: Callable[[], int]
    policy: WebhookPolicy
    timeout: int
    window: int
    courtesy: Courtesy


class Carrier:
    def __init__(self, endpoint: Endpoint, tools: Tools) -> None:
        self.endpoint = endpoint
        self._tools = tools
        self._pace = Pace(tools.window, tools.policy.retry[0])
        self._lease = 4 * tools.timeout + 60_000
        self._hungry = True  # there may be something to claim
        self._urgent = False  # and some of it may hurry
        self._urgent_from = 0
        self._next_due: int | None = None
        self._late: int | None = None  # up to which age what waits since an outage was pulled forward; None: all was
        self._ready: deque[tuple[Parcel, int]] = deque()  # with the end of its lease
        self._posts: dict[asyncio.Task[None], Parcel] = {}
        self._done: list[Sequence[Outcome]] = []  # of each POST
        self._secrets: list[str] = []
        self._news = asyncio.Event()
        self._over = False

    def wake(self, urgent: bool = False) -> None:
        """There is something new for it; `urgent`: perhaps what mail must not keep waiting."""
        self._hungry = True
        self._urgent = self._urgent or urgent
        self._news.set()

    async def run(self) -> None:
        """Until cancelled; then what is under way is given back untried. A POST that was just sent is sent again."""
        self._channel = await self._tools.http.channel(self.endpoint.url)
        try:
            while True:
                self._news.clear()
                try:
                    await self._settle()
                    await self._claim()
                except StoreUnavailable as error:
                    log.error("webhooks: %s: %s", self.endpoint.id, error)
                    await asyncio.sleep(DISK_PAUSE)
                    self._hungry = True
                except Exception:
                    log.exception("webhooks: %s", self.endpoint.id)
                    metrics.faults.labels("webhooks").inc()
                    await asyncio.sleep(FAULT_PAUSE)
                    self._hungry = True
                self._start()
                await self._wait()
        finally:
            self._over = True
            await asyncio.shield(self._stop())

    async def _wait(self) -> None:
        """Until there is news, or the time of something that is waited for has come."""
        if self._posts:
            await asyncio.sleep(GATHER)
        now = self._tools.clock()
        wait = LONGEST_SLEEP
        if self._done:
            wait = 0.0
        elif not self._over:
            may_start = self._ready and len(self._posts) < self._pace.window
            may_claim = len(self._ready) < self._pace.window
            due_at = now if may_start or (may_claim and self._hungry) else self._next_due if may_claim else None
            if due_at is not None:
                wait = min(max(0.0, (max(due_at, self._pace.rests_until) - now) / 1000), LONGEST_SLEEP)
                if not may_start:
                    pause = self._tools.courtesy.wait(asyncio.get_running_loop().time())
                    wait = max(wait, min(pause, (self._urgent_from - now) / 1000) if self._urgent else pause)
        try:
            # Not wait_for: before Python 3.12 it loses a cancellation that meets its event.
            async with asyncio.timeout(wait):
                await self._news.wait()
        except TimeoutError:
            pass
        if self._next_due is not None and self._tools.clock() >= self._next_due:
            self._hungry = True

    async def _claim(self) -> None:
        """Have enough to do for some windows ahead."""
        tools, endpoint, window = self._tools, self.endpoint, self._pace.window
        now = tools.clock()
        if not self._hungry or self._over or now < self._pace.rests_until or len(self._ready) >= window:
            return
        waits = tools.courtesy.wait(asyncio.get_running_loop().time()) > 0
        if waits and not (self._urgent and now >= self._urgent_from):
            return
        due_before = now
        if waits:
            due_before, self._urgent_from = now - HURRY // 2, now + URGENT_EVERY
        together = endpoint.batch > 1
        ahead = window if window == 1 else ROUNDS_AHEAD * window
        count = endpoint.batch if together else min(ahead, FEW) if tools.courtesy.busy else ahead
        self._hungry = False
        until = now + self._lease
        if self._late is not None and not waits:
            # No more than is claimed next: what an outage left goes out at the pace of its endpoint, the oldest first.
            self._late = await tools.deliveries.pull_forward(endpoint.id, now, self._late, count)
        claimed = await tools.deliveries.claim(endpoint.id, due_before, until, tools.next_lease(), count, together)
        self._urgent = self._urgent and (not waits or len(claimed) == count)
        self._hungry = waits or bool(claimed)  # until there is nothing: those that are one batch come alone
        if not claimed:
            self._next_due = await tools.deliveries.next_due(endpoint.id)
            return
        try:
            prepared = await prepare(tools.events, endpoint, claimed, now)
            if together and len(prepared.parcels) > 1:
                await tools.deliveries.part([parcel.deliveries for parcel in prepared.parcels])
        except Exception:
            await tools.deliveries.release(claimed, now)
            raise
        self._done += [[one] for one in prepared.failed]
        self._ready += [(parcel, until) for parcel in prepared.parcels]

    def _start(self) -> None:
        """As many POSTs as the window has room for."""
        now = self._tools.clock()
        while self._ready and len(self._posts) < self._pace.window and now >= self._pace.rests_until and not self._over:
            parcel, until = self._ready.popleft()
            if until - now < self._tools.timeout + MARGIN:
                continue  # its lease ends soon, and then it is claimed again
            task = asyncio.create_task(self._tools.courtesy.charged(self._post(parcel)), name=f"webhook {parcel.id}")
            self._posts[task] = parcel
            task.add_done_callback(self._posted)

    def _posted(self, task: asyncio.Task[None]) -> None:
        del self._posts[task]
        self._news.set()
        if not self._over:
            self._start()

    async def _post(self, parcel: Parcel) -> None:
        tools = self._tools
        started = tools.clock()
        status, retry_after, response = None, 0, ""
        try:
            headers = signed_headers(parcel.id, started // 1000, parcel.body, self._valid_secrets(started))
            headers["content-type"] = "application/json"
            reply = await self._channel.post(parcel.body, headers, tools.timeout)
            status, response = reply.status, said(reply.status, reply.body)
            retry_after = min(read_retry_after(reply.retry_after, tools.clock()), tools.policy.longest)
        except OutHttpError as error:
            response = str(error)
        except Exception:
            log.exception("webhooks: %s", self.endpoint.id)
            metrics.faults.labels("webhooks").inc()
            response = "an internal error"
        now = tools.clock()
        self._keep_pace(parcel.id, status, started, now, retry_after)
        dice = tools.dice()  # one for all, so that a batch stays together
        done = []
        for delivery in parcel.deliveries:
            attempt = WebhookAttempt(delivery.endpoint_id, delivery.event_id, started, now - started, status, response)
            done.append(outcome(delivery, attempt, tools.policy, retry_after, dice))
        self._done.append(done)

    def _valid_secrets(self, now: int) -> list[str]:
        """The current one, and the one before while it is good. Opened once: it costs as much as signing ten POSTs."""
        endpoint = self.endpoint
        if not self._secrets:
            sealed = [one for one in (endpoint.sealed, endpoint.old_sealed) if one is not None]
            self._secrets = [self._tools.vault.open_sealed(one, PURPOSE).decode() for one in sealed]
        return self._secrets if now < (endpoint.old_until or 0) else self._secrets[:1]

    def _keep_pace(self, id: str, status: int | None, started: int, now: int, retry_after: int) -> None:
        if status is None:
            self._pace.unanswered(started, now)
        elif 200 <= status < 300:
            if self._pace.succeeded(now):
                self._late = 0
        else:
            self._pace.refused(id, status in OVERLOADED, now, retry_after if status in OVERLOADED else 0)

    async def _settle(self) -> None:
        """Write what became of the last POSTs; give back what was claimed for an endpoint that has to rest."""
        tools = self._tools
        done, self._done = self._done, []
        if done:
            try:
                await tools.deliveries.settle([one for post in done for one in post])
            except StoreUnavailable:
                self._done = done + self._done
                raise
            self._hungry = True
            for post in done:
                for state, count in Counter(one.after.state for one in post).items():
                    first = next(one for one in post if one.after.state is state)
                    maillog.webhook(first.after, first.attempt, count)
                    metrics.webhook_tries.labels(state.value).inc(count)
            await self._judge([one for post in done for one in post])
        if self._ready and tools.clock() < self._pace.rests_until:
            await self._give_back()

    async def _judge(self, done: list[Outcome]) -> None:
        """Disable or pause the endpoint if that is what its answers mean."""
        if any(attempt.status == GONE for _, attempt, _ in done):
            await self._end(EndpointStatus.DISABLED, EventType.WEBHOOK_DISABLED, "it answered with status 410 (Gone)")
        elif given_up := [one.attempt for one in done if one.after.state is DeliveryState.FAILED and one.blamed]:
            last = given_up[-1]
            why = f"status {last.status}" if last.status is not None else last.response
            count = self._tools.policy.pause_after
            reason = f"{count} events in a row could not be delivered after all their tries; the last one: {why}"
            await self._end(EndpointStatus.PAUSED, EventType.WEBHOOK_PAUSED, reason, count)

    async def _end(self, status: EndpointStatus, type: EventType, reason: str, least_failures: int = 0) -> None:
        endpoint = self.endpoint
        event = event_without_message(
            self._tools.clock(),
            type,
            endpoint.id,
            reason=reason,
            category=status.value,
            link=endpoint.url,
            created_at=endpoint.created_at,
        )
        try:
            await self._tools.webhooks.set_status(endpoint.id, EndpointStatus.ENABLED, status, event, least_failures)
        except Conflict:
            return  # not that many failures in a row yet, or somebody else was first
        self._over = True
        log.warning("webhook endpoint %s is %s: %s", endpoint.id, status.value, reason)

    async def _give_back(self) -> None:
        ready, self._ready = self._ready, deque()
        left = [delivery for parcel, _ in ready for delivery in parcel.deliveries]
        await self._tools.deliveries.release(left, self._tools.clock())

    async def _stop(self) -> None:
        under_way = dict(self._posts)
        if under_way:
            _, late = await asyncio.wait(under_way, timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.wait(under_way)
        self._ready += [(parcel, 0) for task, parcel in under_way.items() if task.cancelled()]
        await self._channel.close()
        try:
            await self._settle()
            await self._give_back()
        except StoreUnavailable as error:
            log.error("webhooks: %s: %s", self.endpoint.id, error)
