"""Lists of messages: any page of a million in milliseconds, whatever the filter.

Every part of a filter that has an index can drive a list: the index gives ids newest first, and the other parts are
looked up for each. The part with the fewest rows drives. Where even that has many and few of them fit, the work is
bounded, and the caller is told how far it came. Called by `api.reading`; never writes, but knows the rows that tags
are found by.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from emailgw.core.events import Event, EventType
from emailgw.core.ids import uuid7_floor
from emailgw.core.listing import MessageFilter, MessageLine, MessageList
from emailgw.core.model import Message
from emailgw.store import rows
from emailgw.store.origins import origins_of
from emailgw.store.paging import COUNTED, Piece
from emailgw.store.verb import Database, Parameters, Statement, Value

LOOKED_AT = 4_000  # look-ups for one page, of a row of the driving index in another one, at 3 to 7 us each
EVENTS_SHOWN = 20  # of each message in a list
SAMPLE = 1_000  # rows counted to tell which part of a filter has fewer
# Named like this in the partial index: only what a list is asked for, and few messages have.
RARE_EVENTS = "type IN ('delayed', 'complained', 'opened', 'clicked', 'unsubscribed')"

_INSERT_TAG = "INSERT INTO message_tags (tag, message_id) VALUES (:tag, :message_id) ON CONFLICT DO NOTHING"
_FIRST, _LAST = "", "~"  # around every id


def tag_key(name: str, value: str | None) -> str:
    """What a tag is found by: the length keeps `a` + `b=c` from `a=b` + `c`."""
    return f"*:{name}" if value is None else f"{len(name)}:{name}={value}"


def show_tag(key: str) -> str:
    """What `tag_key` made, as people write it: `name`, or `name:value`."""
    length, _, text = key.partition(":")
    if not length.isdigit():
        return text
    name, value = text[: int(length)], text[int(length) + 1 :]
    return f"{name}:{value}" if value else name


def tagging(messages: Sequence[Message]) -> tuple[Statement, ...]:
    """The rows by which tagged messages are found, to be written with them."""
    found: list[Parameters] = [
        {"tag": tag, "message_id": message.id}
        for message in messages
        for name, value in message.tags
        for tag in (tag_key(name, value), tag_key(name, None))
    ]
    return (Statement(_INSERT_TAG, found, many=True),) if found else ()


class _Arm(NamedTuple):
    """One index that gives message ids in their order: FROM, the id's column, WHERE."""

    table: str
    id: str
    where: str


class _Part(NamedTuple):
    """One part of a filter: its indexes, none when it has none, and how it is looked up for a message `d.id`.
    `repeats`: an id may come more than once, from an arm or from two.
    """

    arms: tuple[_Arm, ...]
    check: str
    repeats: bool = False


class Messages:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: MessageFilter, piece: Piece, shown: Sequence[EventType], count: bool) -> MessageList:
        """A piece of the list, newest first. `shown`: the events that may be a line's last; `count`: with the total,
        which stops at COUNTED, and for combined filters where the looking stops: it is then no exact one.
        """
        parameters: dict[str, Value] = {}
        parts = _parts(wanted, parameters)
        low = uuid7_floor(wanted.since) if wanted.since is not None else _FIRST
        high = uuid7_floor(wanted.until) if wanted.until is not None else _LAST
        bounds: dict[str, Value] = {"low": low, "high": high}
        driver = await self._driver(parts, parameters, bounds)
        checks = [part.check for part in parts if part is not driver]
        if piece.before is not None:
            bounds["low"] = max(low, f"{piece.before} ")
        elif piece.after is not None:
            bounds["high"] = min(high, piece.after)
        newest_first = piece.before is None
        need = piece.offset + piece.size + 1
        # A single filter's rows need not be seen to be skipped.
        skip = 0 if checks else piece.offset
        need -= skip
        walk = {**parameters, **bounds, "skip": skip}
        most = max(need, COUNTED) if count and checks else need
        ids, cursor, exhausted = await self._walk(driver, checks, walk, most, newest_first)
        total, is_exact = None, False
        if count and checks:
            total, is_exact = len(ids), exhausted
        elif count:
            total = await self._count(driver, {**parameters, "low": low, "high": high}, COUNTED)
            is_exact = total < COUNTED
        found = ids[piece.offset - skip : piece.offset - skip + piece.size]
        has_more = len(ids) >= need or not exhausted
        if len(ids) >= need:
            cursor = found[-1]
        lines = await self._lines(found, shown)
        if not newest_first:
            lines = lines[::-1]
        return MessageList(lines, has_more, cursor if has_more else None, total, is_exact)

    async def _driver(self, parts: Sequence[_Part], parameters: Parameters, bounds: Parameters) -> _Part:
        """The part with the fewest rows; all messages when no part has an index."""
        able = [part for part in parts if part.arms]
        if not able:
            return _Part((_Arm("messages", "id", "1 = 1"),), "")
        if len(able) == 1:
            return able[0]
        counts = [await self._count(part, {**parameters, **bounds}, SAMPLE) for part in able]
        return able[counts.index(min(counts))]

    async def _count(self, part: _Part, parameters: Parameters, most: int) -> int:
        sql = f"SELECT count(*) FROM ({_some(part, '', 'LIMIT :most')}) AS some"
        found = await self._database.read(sql, _used(sql, {**parameters, "most": most}))
        return int(found[0][0] or 0)

    async def _walk(
        self, driver: _Part, checks: Sequence[str], parameters: dict[str, Value], need: int, newest_first: bool
    ) -> tuple[list[str], str | None, bool]:
        """Ids in the driver's order that pass all checks, `need` at most; the last one looked at; whether it was the
        last of all.
        """
        order = "ORDER BY id DESC" if newest_first else "ORDER BY id ASC"
        check = " AND ".join(checks) or "1 = 1"
        sql = f"SELECT d.id, {check} FROM ({_some(driver, order, 'LIMIT :chunk OFFSET :skip')}) AS d {order}"
        found: list[str] = []
        cursor: str | None = None
        looked_at = 0
        most = max(1, LOOKED_AT // max(1, len(checks)))
        chunk = need if not checks else min(4 * need, most)
        while looked_at < most:
            looked = await self._database.read(sql, _used(sql, {**parameters, "chunk": chunk}))
            for id, passes in looked:
                cursor = str(id)
                if passes:
                    found.append(cursor)
                    if len(found) == need:
                        return found, cursor, False
            if len(looked) < chunk:
                return found, cursor, True
            looked_at += len(looked)
            parameters["skip"] = 0
            parameters["high" if newest_first else "low"] = cursor if newest_first else f"{cursor} "
            chunk = min(4 * chunk, most - looked_at) or 1
        return found, cursor, False

    async def _lines(self, ids: Sequence[str], shown: Sequence[EventType]) -> tuple[MessageLine, ...]:
        if not ids:
            return ()
        names = {f"id{number}": id for number, id in enumerate(ids)}
        types = ", ".join(f"'{type.value}'" for type in shown)
        sql = (
            f"SELECT {rows.MESSAGE_COLUMNS}, (SELECT e.type FROM events e WHERE e.message_id = m.id AND e.type IN "
            f"({types}) ORDER BY e.id DESC LIMIT 1), (SELECT min(e.at) FROM events e WHERE e.message_id = m.id AND "
            f"e.type = 'delivered') FROM messages m WHERE m.id IN ({', '.join(':' + n for n in names)})"
        )
        looked = await self._database.read(sql, dict(names))
        messages = {str(row[0]): rows.message_from(row[:-2]) for row in looked}
        events = await self._events(names)
        origins = await origins_of(self._database, [*messages.values()])
        found = {
            str(row[0]): MessageLine(
                message,
                EventType(str(row[-2])) if row[-2] else None,
                int(row[-1]) if row[-1] is not None else None,
                tuple(events.get(message.id, ())),
                origin,
            )
            for row, message, origin in zip(looked, messages.values(), origins, strict=True)
        }
        return tuple(found[id] for id in ids if id in found)  # one may have been discarded meanwhile

    async def _events(self, names: Mapping[str, str]) -> dict[str, list[Event]]:
        """The newest EVENTS_SHOWN of each message, oldest first: a message to fifty that was tried for days has
        thousands, with a dialog each.
        """
        sql = (
            f"SELECT {rows.EVENT_COLUMNS} FROM messages m JOIN events e ON e.id IN (SELECT n.id FROM events n WHERE "
            f"n.message_id = m.id ORDER BY n.id DESC LIMIT {EVENTS_SHOWN}) "
            f"WHERE m.id IN ({', '.join(':' + n for n in names)}) ORDER BY e.id"
        )
        found: dict[str, list[Event]] = {}
        for row in await self._database.read(sql, dict(names)):
            found.setdefault(str(row[3]), []).append(rows.event_from(row))
        return found


def _some(part: _Part, order: str, limit: str) -> str:
    """The part's ids within the bounds, cut. Each arm follows the order of its index, so it stops where it is cut; one
    alone needs nothing around it, and is read in half the time.
    """
    distinct = "DISTINCT " if part.repeats else ""
    arms = [
        f"SELECT {distinct}{arm.id} AS id FROM {arm.table} WHERE {arm.where} AND {arm.id} >= :low AND {arm.id} < :high"
        for arm in part.arms
    ]
    if len(arms) == 1:
        return f"{arms[0]} {order} {limit}"
    cut = limit.replace(" OFFSET ", " + ")  # of each arm all that may be skipped is needed
    named = [f"SELECT id FROM ({arm} {order} {cut}) AS arm{number}" for number, arm in enumerate(arms)]
    return f"SELECT id FROM ({(' UNION ' if part.repeats else ' UNION ALL ').join(named)}) AS arms {order} {limit}"


def _parts(wanted: MessageFilter, parameters: dict[str, Value]) -> list[_Part]:
    parts: list[_Part] = []

    def name(prefix: str, values: Sequence[str]) -> list[str]:
        names = [f"{prefix}{number}" for number in range(len(values))]
        parameters.update(zip(names, values, strict=True))
        return names

    if wanted.recipient is not None:
        parameters["recipient"] = wanted.recipient
        parts.append(_recipients(("address = :recipient",)))
    if wanted.states:
        parts.append(_recipients(tuple(f"state = :{n}" for n in name("state", [s.value for s in wanted.states]))))
    if wanted.tag is not None:
        parameters["tag"] = tag_key(*wanted.tag)
        check = "EXISTS (SELECT 1 FROM message_tags t WHERE t.tag = :tag AND t.message_id = d.id)"
        parts.append(_Part((_Arm("message_tags", "message_id", "tag = :tag"),), check))
    if wanted.event is not None:
        parameters["event"] = wanted.event.value
        check = "EXISTS (SELECT 1 FROM events e WHERE e.message_id = d.id AND e.type = :event)"
        parts.append(_Part((_Arm("events", "message_id", f"type = :event AND {RARE_EVENTS}"),), check, True))
    if wanted.domains:
        names = name("domain", wanted.domains)
        check = f"(SELECT m.domain FROM messages m WHERE m.id = d.id) IN ({', '.join(':' + n for n in names)})"
        parts.append(_Part(tuple(_Arm("messages", "id", f"domain = :{n}") for n in names), check))
    if wanted.later_than is not None:
        parameters["later_than"] = wanted.later_than
        parts.append(_Part((), "(SELECT m.date FROM messages m WHERE m.id = d.id) > :later_than"))
    return parts


def _recipients(conditions: tuple[str, ...]) -> _Part:
    check = f"EXISTS (SELECT 1 FROM recipients r WHERE r.message_id = d.id AND ({' OR '.join(conditions)}))"
    return _Part(tuple(_Arm("recipients", "message_id", condition) for condition in conditions), check, True)


def _used(sql: str, parameters: Parameters) -> Parameters:
    """What the statement names: PostgreSQL's driver refuses more."""
    return {name: value for name, value in parameters.items() if f":{name}" in sql}
