"""What must happen from time to time: forget finished mail that is old enough, and count what waits."""

import asyncio
import logging
from collections.abc import Callable

from emailgw import metrics
from emailgw.core.ids import uuid7_floor
from emailgw.errors import StoreUnavailable
from emailgw.store.events import EventLog
from emailgw.store.history import History
from emailgw.store.idempotency import Idempotency
from emailgw.store.queue import Queue

log = logging.getLogger("emailgw.queue")

EVERY = 30  # seconds
DISCARD_AT_ONCE = 200  # messages in one transaction: accepting must not wait behind it for long


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
    ) -> None:
        self._queue = queue
        self._history = history
        self._clock = clock
        self._keep = keep
        self._idempotency = idempotency
        self._events = events

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
        before = max(0, self._clock() - self._keep)
        forgotten = 0
        while count := await self._queue.discard(uuid7_floor(before), before, DISCARD_AT_ONCE):
            forgotten += count
        while self._events is not None and await self._events.discard(before, DISCARD_AT_ONCE):
            pass
        while self._idempotency is not None and await self._idempotency.forget(self._clock()):
            pass
        if forgotten:
            log.info("%d finished messages older than %d days were forgotten", forgotten, self._keep // 86_400_000)
        return forgotten
