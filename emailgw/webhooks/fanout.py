"""From the event log to what each endpoint is to be told: a reader of the log like others, with a position of its own.

Events are read first and endpoints afterwards, so one that was made meanwhile misses nothing; what it is told of is
written with the position in one transaction. Called by `carriers`.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from emailgw.core.directory import Dialect
from emailgw.core.events import EventType
from emailgw.core.webhooks import Endpoint, EndpointId, EndpointStatus, WebhookDelivery
from emailgw.errors import Conflict
from emailgw.store.deliveries import pending, telling
from emailgw.store.events import EventLog, Told
from emailgw.store.webhooks import Webhooks
from emailgw.wire.events import names_of

READER = "webhooks"
AT_ONCE = 500  # events
WRITE_EVERY = 10_000  # milliseconds: a position behind which nobody is told anything is written that often


class Round(NamedTuple):
    """`told`: endpoints that have something new. `more`: there may be more to read. `read` events made `rows` rows."""

    endpoints: Sequence[Endpoint]
    told: frozenset[EndpointId]
    more: bool
    read: int = 0
    rows: int = 0


class Fanout:
    def __init__(self, events: EventLog, webhooks: Webhooks) -> None:
        self._events = events
        self._webhooks = webhooks
        self._position: int | None = None
        self._written_at = 0
        self._written = -1
        self._anybody = True

    async def once(self, now: int) -> Round:
        """Read on in the log. Raises StoreUnavailable."""
        if self._position is None:
            self._position = await self._events.position(READER)
        if not self._anybody:
            # Nobody listened a moment ago, so what is in the log by now concerns nobody.
            head = await self._events.head()
            endpoints = await self._webhooks.all()
            self._anybody = any(map(_hears, endpoints))
            await self._advance(self._position if self._anybody else head, (), now)
            return Round(endpoints, frozenset(), self._anybody)
        read = await self._events.onward(self._position, AT_ONCE)
        endpoints = await self._webhooks.all()
        self._anybody = any(map(_hears, endpoints))
        rows = telling_of(read.told, endpoints, now)
        try:
            await self._advance(read.position, rows, now)
        except Conflict:
            return Round(endpoints, frozenset(), True)  # an endpoint was deleted meanwhile
        return Round(endpoints, frozenset(row.endpoint_id for row in rows), read.more, len(read.told), len(rows))

    async def _advance(self, position: int, rows: Sequence[WebhookDelivery], now: int) -> None:
        if rows or (position > self._written and now - self._written_at >= WRITE_EVERY):
            await self._events.advance(READER, position, telling(rows))
            self._written, self._written_at = position, now
        self._position = position


def telling_of(told: Iterable[Told], endpoints: Sequence[Endpoint], now: int) -> list[WebhookDelivery]:
    """Who is to be told of what."""
    hearing = [endpoint for endpoint in endpoints if _hears(endpoint)]
    rows = []
    for one in told if hearing else ():
        tags = one.message.tags if one.message is not None else ()
        names = {dialect: names_for(one.event.type, dialect) for dialect in Dialect}
        for endpoint in hearing:
            if one.event.type is EventType.WEBHOOK_TEST:
                name = one.event.type.value if one.event.detail.subject == endpoint.id else None
            elif one.id <= endpoint.from_event:
                name = None
            else:
                name = endpoint.wants(names[endpoint.dialect], one.event.domain, tags)
            if name is not None:
                rows.append(pending(one.id, endpoint.id, name, now))
    return rows


def names_for(type: EventType, dialect: Dialect) -> tuple[str, ...]:
    """All that an event may be subscribed to as, the dialect's own name first: the other family's and ours, too."""
    others = (name for other in Dialect for name in names_of(type, other))
    return tuple(dict.fromkeys((*names_of(type, dialect), *others, type.value)))


def _hears(endpoint: Endpoint) -> bool:
    return endpoint.status is not EndpointStatus.DISABLED
