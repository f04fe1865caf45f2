"""What must happen from time to time: count what happened and what waits, forget finished mail that is old enough."""

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple

from emailgw import metrics
from emailgw.core.ids import uuid7_floor
from emailgw.errors import StoreUnavailable
from emailgw.store.deliveries import Deliveries
from emailgw.store.events import EventLog
from emailgw.store.figures import Figures
from emailgw.store.history import History
from emailgw.store.idempotency import Idempotency
from emailgw.store.queue import Queue
from emailgw.store.received import ReceivedMail

log = logging.getLogger("emailgw.queue")

DIGESTS = 3_600_000  # milliseconds for which received mail is known again, and more
EVERY = 30  # seconds
RECEIVED_AT_ONCE = 20  # each has its whole message with it
TOLD_AT_ONCE = 500  # deliveries and tries in one transaction
KEEP_FIGURES = 800 * 86_400_000  # milliseconds: this year can be held against the last
DISCARD_AT_ONCE = 200  # messages in one transaction: accepting must not wait behind it for long


class Received(NamedTuple):
    """Received mail, and for how many milliseconds it is kept."""

    mail: ReceivedMail
    keep: int


class Told(NamedTuple):
    """What webhook endpoints were told, and for how many milliseconds that is kept."""

    deliveries: Deliveries
    keep: int


class Housekeeping:
    """`keep`: milliseconds for which a finished message is remembered."""

    def __init__(
        self,
        queue: Queue,
        history: History,
        clock: Callable[[], int],
        keep: int,
        idempotency: Idempotency | None = None,
        events: EventLog | None = None,
        received: Received | None = None,
        figures: Figures | None = None,
        told: Told | None = None,
    ) -> None:
        self._queue = queue
        self._history = history
        self._clock = clock
        self._keep = keep
        self._idempotency = idempotency
        self._events = events
        self._received = received
        self._figures = figures
        self._told = told

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.once()
            except StoreUnavailable as error:
                log.error("housekeeping: %s", error)
            await asyncio.sleep(EVERY)

    async def once(self) -> int:
        """One round; how many messages were forgotten."""
        for state, count in (await self._history.count_waiting()).items():
            metrics.waiting.labels(state.value).set(count)
        if self._figures is not None:
            # Before anything is forgotten: what was not counted yet would never be.
            while not await self._figures.catch_up():
                pass
            await self._figures.forget(self._clock() - KEEP_FIGURES)
        await self._forget_told()  # first: what waits for an endpoint keeps its event
        before = max(0, self._clock() - self._keep)
        forgotten = 0
        while count := await self._queue.discard(uuid7_floor(before), before, DISCARD_AT_ONCE):
            forgotten += count
        while self._events is not None and await self._events.discard(before, DISCARD_AT_ONCE):
            pass
        while self._idempotency is not None and await self._idempotency.forget(self._clock()):
            pass
        await self._forget_received()
        if forgotten:
            log.info("%d finished messages older than %d days were forgotten", forgotten, self._keep // 86_400_000)
        return forgotten

    async def _forget_told(self) -> None:
        if self._told is None or self._events is None:
            return
        deliveries, keep = self._told
        before = max(0, self._clock() - keep)
        before_event = await self._events.first_at(before)
        while await deliveries.forget(before, before_event, before, TOLD_AT_ONCE) >= TOLD_AT_ONCE:
            pass

    async def _forget_received(self) -> None:
        if self._received is None:
            return
        mail, keep = self._received
        now = self._clock()
        while await mail.forget(uuid7_floor(max(0, now - keep)), now - DIGESTS, RECEIVED_AT_ONCE) == RECEIVED_AT_ONCE:
            pass
