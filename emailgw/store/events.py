"""The event log, read: any page of millions in milliseconds, live tails, and how far each reader of it has come.

Ids ascend in commit order, so whoever goes on behind the last id he saw misses nothing. As in lists of messages, the
index of the rarest part of a filter gives the ids, the other parts are looked up, and the work for a page is bounded.
Events are written by those who change the state they tell of, with `INSERT_EVENT`.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from emailgw.core.events import Event
from emailgw.core.ids import ContentId, EventId
from emailgw.core.listing import EventFilter
from emailgw.core.model import Message
from emailgw.errors import NotFound
from emailgw.store import rows
from emailgw.store.verb import Database, Parameters, Row, Rows, Statement, Value, Verb, naming

logger = logging.getLogger("emailgw.store")

# Who knows the author's domain says it; else it is the message's.
INSERT_EVENT = (
    "INSERT INTO events (at, type, message_id, recipient_id, address, detail, domain) VALUES (:at, :type, :message_id, "
    ":recipient_id, :address, :detail, "
    "coalesce(nullif(:domain, ''), (SELECT m.domain FROM messages m WHERE m.id = :message_id), ''))"
)
LOOKED_AT = 20_000  # rows of the driving index for one page, at 1 to 3 us each
SAMPLE = 1_000  # rows counted to tell which part of a filter has fewer
SLACK = 10_000  # milliseconds by which times may go back from one event to the next: transactions overtake each other
COMMON = ("queued", "delivered")  # as the partial index has them
_UNCOMMON = "type NOT IN ('queued', 'delivered')"
# Of an event `e`: somebody of ours has not read it, or a webhook endpoint is still to be told of it.
UNREAD = (
    "e.id > (SELECT coalesce(min(c.position), 9223372036854775807) FROM log_cursors c) OR EXISTS "
    "(SELECT 1 FROM webhook_deliveries w WHERE w.event_id = e.id AND w.due_at IS NOT NULL)"
)
CONTENTS_AT_ONCE = 20  # one may have 40 MB
_LAST = (1 << 63) - 1
TOLD = f"SELECT {rows.EVENT_COLUMNS}, {rows.MESSAGE_COLUMNS} FROM events e LEFT JOIN messages m ON m.id = e.message_id"


Headers = tuple[tuple[str, str], ...]


class Told(msgspec.Struct, frozen=True):
    """An event with the message that it is about, if there is one and it is still known."""

    event: Event
    message: Message | None

    @property
    def id(self) -> EventId:
        assert self.event.id is not None  # it was stored
        return self.event.id


class EventPage(msgspec.Struct, frozen=True):
    """In the order asked for. `cursor`: the id up to which was looked, to go on from when there is more."""

    told: tuple[Told, ...]
    has_more: bool
    cursor: int | None


class Onward(NamedTuple):
    """What the next events are, as pairs of type and domain; the id of the last; whether there may be more behind."""

    kinds: frozenset[tuple[str, str]]
    position: int
    more: bool


class _Part(NamedTuple):
    """One part of a filter: queries that give event ids, none when it has no index, and its check on a row `e`."""

    arms: tuple[str, ...]
    check: str


class EventLog:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: set[asyncio.Event] = set()
        database.on_commit(self.wake)

    @contextlib.contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever there may be news in the log; clear it before looking."""
        heard = asyncio.Event()
        self._waiting.add(heard)
        try:
            yield heard
        finally:
            self._waiting.discard(heard)

    def wake(self) -> None:
        """Make everybody who listens look."""
        for heard in self._waiting:
            heard.set()

    async def page(
        self, wanted: EventFilter, size: int, above: int = 0, below: int = _LAST, newest_first: bool = True
    ) -> EventPage:
        """Up to `size` events whose ids are between `above` and `below`, both excluded."""
        parameters: dict[str, Value] = {}
        parts = _parts(wanted, parameters)
        if wanted.since is not None:
            above = max(above, await self.first_at(wanted.since - SLACK) - 1)
        if wanted.until is not None:
            below = min(below, await self.first_at(wanted.until + SLACK))
        bounds: dict[str, Value] = {**parameters, "above": above, "below": below}
        driver = await self._driver(parts, bounds)
        checks = " AND ".join(part.check for part in parts if part is not driver) or "1 = 1"
        ids, cursor, exhausted = await self._walk(driver, checks, bounds, size + 1, newest_first)
        told = tuple(readable(await self._rows(ids[:size], newest_first)))
        has_more = len(ids) > size or not exhausted
        return EventPage(told, has_more, (ids[size - 1] if len(ids) > size else cursor) if has_more else None)

    async def onward(self, position: int, limit: int) -> Onward:
        """The next events behind an id, of which nothing is read but what they are: damaged ones stop nobody (G6)."""
        sql = (
            "SELECT n.type, n.domain, max(n.id), count(*) FROM (SELECT e.id, e.type, e.domain FROM events e "
            "WHERE e.id > :position ORDER BY e.id LIMIT :limit) AS n GROUP BY 1, 2"
        )
        found = await self._database.read(sql, {"position": position, "limit": limit})
        kinds = frozenset((str(type), str(domain)) for type, domain, _, _ in found)
        reached = max((int(last or 0) for _, _, last, _ in found), default=position)
        return Onward(kinds, reached, sum(int(count or 0) for *_, count in found) == limit)

    async def named(self, ids: Sequence[int]) -> tuple[Told, ...]:
        """Those that are still known, oldest first. Raises whatever reading a damaged one raises."""
        return tuple(map(told_from, await self._rows(ids, newest_first=False)))

    async def one(self, id: int) -> Told:
        """Raises NotFound."""
        found = await self.named([id])
        if not found:
            raise NotFound("Event not found")
        return found[0]

    async def headers(self, contents: Sequence[ContentId]) -> dict[ContentId, Headers]:
        """The extra header fields of contents; of raw ones, and of those that are gone, none."""
        found: dict[ContentId, Headers] = {}
        for start in range(0, len(contents), CONTENTS_AT_ONCE):
            names = {f"id{n}": id for n, id in enumerate(contents[start : start + CONTENTS_AT_ONCE])}
            sql = f"SELECT id, body FROM contents WHERE id IN ({', '.join(f':{name}' for name in names)})"
            for id, body in await self._database.read(sql, dict(names)):
                found[ContentId(int(id or 0))] = rows.decode_headers(body)
        return found

    async def head(self) -> int:
        """The id of the newest event, 0 when there is none."""
        [(head,)] = await self._database.read("SELECT max(id) FROM events")
        return int(head or 0)

    async def first_at(self, at: int) -> int:
        """The id of the first event of that time or later, by bisection: times ascend with ids but for a little."""
        low, high = 0, await self.head() + 1
        while low + 1 < high:
            middle = (low + high) // 2
            sql = "SELECT e.id, e.at FROM events e WHERE e.id >= :middle AND e.id < :high ORDER BY e.id LIMIT 1"
            found = await self._database.read(sql, {"middle": middle, "high": high})
            if found and int(found[0][1] or 0) < at:
                low = int(found[0][0] or 0)
            else:
                high = middle
        return high

    async def position(self, reader: str) -> int:
        """How far a reader of the log has come; 0 for one that is new."""
        found = await self._database.read("SELECT position FROM log_cursors WHERE reader = :reader", {"reader": reader})
        return int(found[0][0] or 0) if found else 0

    async def advance(self, reader: str, position: int, work: Sequence[Statement] = ()) -> None:
        """Write what a reader made of the events up to `position`, together with the fact that it has read them. No
        fsync of its own: what a power cut forgets is read again.
        """
        await self._database.write(Verb((*work, _advance(reader, position)), durable=False, patient=True))

    async def discard(self, before: int, limit: int) -> int:
        """Forget some events, older than a time, that are about no message, that every reader has read and that no
        webhook endpoint is still to be told of; how many.
        Those of messages go with them (`Queue.discard`).
        """
        sql = (
            "DELETE FROM events WHERE id IN (SELECT e.id FROM events e WHERE e.message_id = '' AND e.id < :below AND "
            f"NOT ({UNREAD}) ORDER BY e.id LIMIT :limit) "
            "RETURNING id"
        )
        parameters: Parameters = {"below": await self.first_at(before), "limit": limit}
        return len((await self._database.write(Verb((Statement(sql, parameters),), durable=False)))[0])

    async def _driver(self, parts: Sequence[_Part], bounds: Parameters) -> _Part:
        """The part with the fewest rows; the log itself when no part has an index or all have many."""
        whole = _Part(("SELECT id FROM events WHERE 1 = 1",), "1 = 1")
        able = [part for part in parts if part.arms]
        if len(able) == 1 and "recipients" not in able[0].arms[0]:
            return able[0]
        counted = [(await self._count(part, bounds), part) for part in able]
        fewest, part = min(counted, key=lambda pair: pair[0], default=(SAMPLE, whole))
        # An index that needs sorting drives only when there is little to sort.
        return part if fewest < SAMPLE or "recipients" not in part.arms[0] else whole

    async def _count(self, part: _Part, bounds: Parameters) -> int:
        inner = " UNION ALL ".join(f"SELECT * FROM ({arm} {_WITHIN} LIMIT {SAMPLE})" for arm in part.arms)
        sql = f"SELECT count(*) FROM ({inner}) AS some"
        return int((await self._database.read(sql, _used(sql, bounds)))[0][0] or 0)

    async def _walk(
        self, driver: _Part, checks: str, bounds: dict[str, Value], need: int, newest_first: bool
    ) -> tuple[list[int], int | None, bool]:
        """Ids in order that pass all checks, `need` at most; the last one looked at; whether it was the last of all."""
        order = "DESC" if newest_first else "ASC"
        arms = " UNION ALL ".join(
            f"SELECT * FROM ({arm} {_WITHIN} ORDER BY id {order} LIMIT :chunk)" for arm in driver.arms
        )
        sql = (
            f"SELECT e.id, {checks} FROM (SELECT id FROM ({arms}) AS arms ORDER BY id {order} LIMIT :chunk) AS d "
            f"JOIN events e ON e.id = d.id ORDER BY e.id {order}"
        )
        found: list[int] = []
        cursor: int | None = None
        looked_at, chunk = 0, min(4 * need, LOOKED_AT) if checks != "1 = 1" else need
        while looked_at < LOOKED_AT:
            looked = await self._database.read(sql, _used(sql, {**bounds, "chunk": chunk}))
            for id, passes in looked:
                cursor = int(id or 0)
                if passes:
                    found.append(cursor)
                    if len(found) == need:
                        return found, cursor, False
            if len(looked) < chunk:
                return found, cursor, True
            looked_at += len(looked)
            bounds["below" if newest_first else "above"] = cursor
            chunk = min(4 * chunk, LOOKED_AT)
        return found, cursor, False

    async def _rows(self, ids: Sequence[int], newest_first: bool) -> Rows:
        if not ids:
            return []
        names = {f"id{number}": id for number, id in enumerate(ids)}
        order = "DESC" if newest_first else "ASC"
        sql = f"{TOLD} WHERE e.id IN ({', '.join(f':{name}' for name in names)}) ORDER BY e.id {order}"
        return await self._database.read(sql, dict(names))


_WITHIN = "AND id > :above AND id < :below"


def writing(event: Event) -> Statement:
    """The statement that writes an event, for the transaction of the state that it tells of."""
    return Statement(INSERT_EVENT, rows.event_parameters(event))


def _advance(reader: str, position: int) -> Statement:
    sql = (
        "INSERT INTO log_cursors (reader, position) VALUES (:reader, :position) "
        "ON CONFLICT (reader) DO UPDATE SET position = excluded.position"
    )
    return Statement(sql, {"reader": reader, "position": position})


def _parts(wanted: EventFilter, parameters: dict[str, Value]) -> list[_Part]:
    parts: list[_Part] = []
    if wanted.message is not None:
        parameters["message"] = wanted.message
        parts.append(_Part(("SELECT id FROM events WHERE message_id = :message",), "e.message_id = :message"))
    if wanted.recipient is not None:
        parameters["recipient"] = wanted.recipient
        of_mail = (
            "SELECT id FROM (SELECT e.id AS id FROM recipients r JOIN events e ON e.message_id = r.message_id "
            "WHERE r.address = :recipient AND e.address = :recipient) AS mail WHERE 1 = 1"
        )
        others = "SELECT id FROM events WHERE address = :recipient AND message_id = ''"
        parts.append(_Part((of_mail, others), "e.address = :recipient"))
    if wanted.types:
        names = naming("type", [type.value for type in wanted.types], parameters)
        # Of the common ones the log is full: it finds them without an index.
        able = not any(type.value in COMMON for type in wanted.types)
        arms = tuple(f"SELECT id FROM events WHERE type = {n} AND {_UNCOMMON}" for n in names) if able else ()
        parts.append(_Part(arms, f"e.type IN ({', '.join(names)})"))
    if wanted.domains:
        names = naming("domain", wanted.domains, parameters)
        arms = tuple(f"SELECT id FROM events WHERE domain = {n}" for n in names)
        parts.append(_Part(arms, f"e.domain IN ({', '.join(names)})"))
    for bound, sign in (("since", ">="), ("until", "<")):
        if (at := getattr(wanted, bound)) is not None:
            parameters[bound] = at
            parts.append(_Part((), f"e.at {sign} :{bound}"))
    return parts


def readable(found: Rows) -> Iterator[Told]:
    """Without the damaged ones: whoever goes along the log would stand before such a row for ever (G6)."""
    for row in found:
        try:
            yield told_from(row)
        except (msgspec.MsgspecError, ValueError, TypeError) as error:
            logger.error("event %s cannot be read: %s", row[0], error)


def told_from(row: Row) -> Told:
    """From the columns of TOLD."""
    message = rows.message_from(row[rows.EVENT_WIDTH :]) if row[rows.EVENT_WIDTH] is not None else None
    return Told(rows.event_from(row[: rows.EVENT_WIDTH]), message)


def _used(sql: str, parameters: Mapping[str, Value]) -> Parameters:
    """What the statement names: PostgreSQL's driver refuses more."""
    return {name: value for name, value in parameters.items() if f":{name}" in sql}
