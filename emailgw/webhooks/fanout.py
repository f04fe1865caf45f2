"""From the event log to what each endpoint is to be told: a reader of the log like others, with a position of its own.

It reads what kinds of events there are and decides who wants which; the database copies them, in one transaction with
the position. Kinds are read first and endpoints afterwards, so one that was made meanwhile misses nothing. Called by
`carriers`.
"""

import functools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from emailgw.core.directory import Dialect
from emailgw.core.events import EventType
from emailgw.core.webhooks import Endpoint, EndpointId, EndpointStatus, Wish
from emailgw.store.deliveries import USUAL, telling
from emailgw.store.events import EventLog
from emailgw.store.verb import Statement
from emailgw.store.webhooks import Webhooks
from emailgw.wire.events import names_of

READER = "webhooks"
AT_ONCE = 1_000  # events
ROWS = 3_000  # that one transaction may make, or a few more
FEW_ROWS = 200  # while mail goes first: its results wait for the writer behind them
FEWEST = 20  # events at a time, however many endpoints there are
WRITE_EVERY = 10_000  # milliseconds: a position behind which nobody is told anything is written that often
HURRY = 3_600_000  # milliseconds by which a bounce goes before what is usual, while there is more than can be told

Wishes = dict[Wish, list[EndpointId]]


class Round(NamedTuple):
    """`told`: endpoints that may have something new, `urgent`: that may have something that hurries. `more`: there may
    be more to read.
    """

    endpoints: Sequence[Endpoint]
    told: frozenset[EndpointId]
    more: bool
    urgent: frozenset[EndpointId] = frozenset()


class Fanout:
    def __init__(self, events: EventLog, webhooks: Webhooks) -> None:
        self._events = events
        self._webhooks = webhooks
        self._position: int | None = None
        self._written_at = 0
        self._written = -1
        self._hearing = 1  # how many endpoints

    async def once(self, now: int, hurry: bool = False) -> Round:
        """Read on in the log. `hurry`: more happens than can be told at once. Raises StoreUnavailable."""
        if self._position is None:
            self._position = await self._events.position(READER)
        if not self._hearing:
            # Nobody listened a moment ago, so what is in the log by now concerns nobody.
            head = await self._events.head()
            endpoints = await self._listeners()
            await self._advance(self._position if self._hearing else head, (), now)
            return Round(endpoints, frozenset(), self._hearing > 0)
        rows = FEW_ROWS if hurry else ROWS
        read = await self._events.onward(self._position, max(FEWEST, min(AT_ONCE, rows // self._hearing)))
        endpoints = await self._listeners()
        wishes = wishes_of(endpoints, read.kinds)
        told = telling(wishes, self._position, read.position, now, HURRY if hurry else 0)
        await self._advance(read.position, told, now)
        urgent = [ids for wish, ids in wishes.items() if any(type not in USUAL for type, _ in wish.names)]
        return Round(endpoints, _all(wishes.values()), read.more, _all(urgent) if hurry else frozenset())

    async def _listeners(self) -> Sequence[Endpoint]:
        endpoints = await self._webhooks.all()
        self._hearing = sum(map(_hears, endpoints))
        return endpoints

    async def _advance(self, position: int, told: Sequence[Statement], now: int) -> None:
        if told or (position > self._written and now - self._written_at >= WRITE_EVERY):
            await self._events.advance(READER, position, told)
            self._written, self._written_at = position, now
        self._position = position


def wishes_of(endpoints: Sequence[Endpoint], kinds: frozenset[tuple[str, str]]) -> Wishes:
    """Who may want which of these kinds of events, by type and domain; which of them have its tags the store knows."""
    types = {type for type, _ in kinds}
    wishes: Wishes = {}
    for endpoint in endpoints if kinds else ():
        if _hears(endpoint):
            about = {type for type, domain in kinds if domain in endpoint.domains} if endpoint.domains else types
            names = [
                (type, name)
                for type in sorted(about)
                if (name := endpoint.subscribes_to(names_for(type, endpoint.dialect))) is not None
            ]
            if names:
                wishes.setdefault(Wish(tuple(names), endpoint.domains, endpoint.tags), []).append(endpoint.id)
    return wishes


@functools.lru_cache(maxsize=1_000)
def names_for(type: str, dialect: Dialect) -> tuple[str, ...]:
    """All that an event may be subscribed to as, the dialect's own name first: the other family's and ours, too. Of a
    test only its own endpoint is told, by whoever asks for it.
    """
    if type not in _TYPES:
        return ()
    known = EventType(type)
    others = (name for other in Dialect for name in names_of(known, other))
    return tuple(dict.fromkeys((*names_of(known, dialect), *others, type)))


_TYPES = frozenset(type.value for type in EventType) - {EventType.WEBHOOK_TEST.value}


def _all(several: Iterable[Sequence[EndpointId]]) -> frozenset[EndpointId]:
    return frozenset(id for ids in several for id in ids)


def _hears(endpoint: Endpoint) -> bool:
    return endpoint.status is not EndpointStatus.DISABLED
