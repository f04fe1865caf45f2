"""Opens and clicks on their way to the event log: noted at once in bounded memory, judged and written a little later.

A redirect waits for nothing: what it notes lies here for `hold` milliseconds, so that several links followed at once
are seen together, and goes to the store in batches. While the store fails it stays here; what finds no room any more is
dropped and counted, and so is what lies here when the process is killed.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from emailgw import metrics
from emailgw.core.events import Detail, Event, EventType, Source
from emailgw.core.ids import RecipientId
from emailgw.core.visitors import Visit, machine_by_pace
from emailgw.errors import NotFound, StoreUnavailable
from emailgw.store.history import History
from emailgw.store.visits import Visits

log = logging.getLogger("emailgw.queue")

ROOM = 10_000  # visits that wait: a few kilobytes each
AT_ONCE = 200  # recipients whose visits are written in one transaction
AGAIN = 1.0  # seconds after which a failing store is tried again


class VisitLog:
    """`hold` in milliseconds."""

    def __init__(self, visits: Visits, history: History, clock: Callable[[], int], hold: int, room: int = ROOM) -> None:
        self._visits = visits
        self._history = history
        self._clock = clock
        self._hold = hold
        self._room = room
        self._waiting: dict[RecipientId, list[Visit]] = {}  # the longest waiting recipient first
        self._count = 0
        self._news = asyncio.Event()

    def note(self, visit: Visit) -> None:
        """Returns at once, whatever the store does."""
        if self._count >= self._room:
            metrics.visits.labels(_kind(visit), "dropped").inc()
            return
        self._count += 1
        self._waiting.setdefault(visit.recipient_id, []).append(visit)
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if not self._waiting:
                self._news.clear()
                await self._news.wait()
            first = next(iter(self._waiting.values()))[0].at
            wait = first + self._hold - self._clock()
            if wait > 0:  # a clock that was set back must not hold them for longer
                await asyncio.sleep(min(wait, self._hold) / 1000)
            try:
                await self.write(first + self._hold)
            except StoreUnavailable as error:
                log.error("opens and clicks are not recorded yet: %s", error)
                await asyncio.sleep(AGAIN)

    async def write(self, now: int | None = None) -> None:
        """Write what has waited long enough by `now`, or with None all. Raises StoreUnavailable, and then what was not
        written still waits.
        """
        while True:
            due = [id for id, visits in self._waiting.items() if now is None or visits[0].at + self._hold <= now]
            some = {id: self._waiting[id].copy() for id in due[:AT_ONCE]}
            if not some:
                return
            events = [event for visits in some.values() for event in await self._judge(visits)]
            await self._visits.record(events)
            for id, written in some.items():
                self._forget(id, len(written))
            for event in events:
                metrics.visits.labels(event.type.value, "machine" if event.detail.machine else "person").inc()

    def _forget(self, id: RecipientId, count: int) -> None:
        """The first `count` visits of a recipient; more may have come meanwhile."""
        rest = self._waiting.pop(id)[count:]
        if rest:
            self._waiting[id] = rest
        self._count -= count

    async def _judge(self, visits: Sequence[Visit]) -> list[Event]:
        """The events of one recipient's visits."""
        try:
            recipient = await self._history.recipient(visits[0].recipient_id)
        except NotFound:
            metrics.visits.labels(_kind(visits[0]), "forgotten").inc(len(visits))
            return []
        past = await self._visits.past(recipient)
        opened, clicked = past.opened, set(past.clicked)
        events: list[Event] = []
        for visit in visits:
            reason = visit.machine or machine_by_pace(visit, visits, past.delivered_at)
            repeat = reason is None and (opened if visit.link is None else visit.link in clicked)
            if reason is None and visit.link is None:
                opened = True
            elif reason is None and visit.link is not None:
                clicked.add(visit.link)
            detail = Detail(
                source=Source.WEB,
                reason=reason or "",
                ip=visit.ip,
                user_agent=visit.user_agent,
                link=visit.link,
                machine=reason is not None,
                repeat=repeat,
            )
            kind = EventType.OPENED if visit.link is None else EventType.CLICKED
            events.append(Event(visit.at, kind, recipient.message_id, recipient.id, recipient.address, detail))
        return events


def _kind(visit: Visit) -> str:
    return "opened" if visit.link is None else "clicked"
