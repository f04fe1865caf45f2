"""The durable queue: enqueue, claim, settle, and what the operator does to waiting mail.

Each method is one verb, so one transaction. Times are milliseconds UTC. A recipient's state changes here only, together
with its event (guarantee G2). All raise StoreUnavailable when the storage fails; nothing has changed then.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from emailgw.core.events import Event
from emailgw.core.ids import ContentId, RecipientId
from emailgw.core.model import Content, Message, Recipient, RecipientState
from emailgw.errors import NotFound
from emailgw.store import rows
from emailgw.store.arriving import Arrival, arriving
from emailgw.store.events import INSERT_EVENT, UNREAD
from emailgw.store.forgetting import forget_messages
from emailgw.store.idempotency import Remembered, remember
from emailgw.store.reports import CONFIRMED, counting, unsigned_mark
from emailgw.store.suppressions import suppressing
from emailgw.store.verb import Database, Parameters, Row, Statement, Verb, each, insert, insert_row

Work = Sequence[Statement]

LARGE = 256 * 1024  # octets of contents from which on they are encoded in a thread
INLINE_CONTENT = 64 * 1024  # octets of a content that a claim brings along; larger ones are read one by one

_BUSY = "it is being delivered or its state has changed"
_CLAIM = (
    "UPDATE recipients SET due_at = :until, lease = :lease WHERE id IN (SELECT id FROM recipients WHERE "
    "nexthop = :nexthop AND due_at <= :now ORDER BY due_at, id LIMIT :count)"
)
_CLAIMED = (
    f"SELECT {rows.RECIPIENT_COLUMNS}, {rows.MESSAGE_COLUMNS}, m.size, "
    "CASE WHEN m.size <= :inline THEN c.body END, EXISTS (SELECT 1 FROM suppressions s WHERE s.address = "
    "lower(r.address)) FROM recipients r JOIN messages m ON m.id = r.message_id "
    "LEFT JOIN contents c ON c.id = m.content_id "
    "WHERE r.nexthop = :nexthop AND r.due_at = :until AND r.lease = :lease ORDER BY r.id"
)
_NEXT_DUE = "SELECT min(due_at) FROM recipients WHERE nexthop = :nexthop AND due_at IS NOT NULL AND due_at <> :until"
_SETTLE = (
    "UPDATE recipients SET state = :state, tries = :tries, due_at = :due_at, lease = NULL, status = :status, "
    "reason = :reason, updated_at = :updated_at WHERE id = :id AND "
)
_SUCCESS = insert_row("successes", 13)
# Every next hop that has waiting mail, smallest first: one index seek for each, whatever the length of the queue.
_NEXT_HOPS = (
    "WITH RECURSIVE hops (nexthop) AS ("
    "SELECT min(nexthop) FROM recipients WHERE due_at IS NOT NULL AND nexthop > :after "
    "UNION ALL "
    "SELECT (SELECT min(r.nexthop) FROM recipients r WHERE r.due_at IS NOT NULL AND r.nexthop > hops.nexthop) "
    "FROM hops WHERE hops.nexthop IS NOT NULL LIMIT :limit) "
    "SELECT nexthop, (SELECT min(r.due_at) FROM recipients r WHERE r.nexthop = hops.nexthop AND r.due_at IS NOT NULL) "
    "FROM hops WHERE nexthop IS NOT NULL"
)


class Claimed(msgspec.Struct, frozen=True):
    """One recipient to work on. `content` is msgpack for `decode_content`, or None when it is larger than a claim
    brings along (`size` octets): read it with `Queue.content` when its turn comes. `is_suspect`: its address is on the
    suppression list, perhaps for other mail than this.
    """

    recipient: Recipient
    message: Message
    size: int
    content: bytes | None
    is_suspect: bool = False


class Unreadable(msgspec.Struct, frozen=True):
    """A claimed row that cannot be read back; to be held, so that someone looks at it."""

    recipient_id: RecipientId
    lease: int
    fault: str


class Claim(NamedTuple):
    """What is leased, oldest first. `next_due`: the earliest due time of what else waits for the next hop; leased mail
    counts as due at the end of its lease.
    """

    items: list[Claimed | Unreadable]
    next_due: int | None

    def leaves_some(self, now: int) -> bool:
        """Whether more than what it took is due at `now`."""
        return self.next_due is not None and self.next_due <= now


class Queue:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: list[Callable[[str, int], None]] = []

    def on_work(self, listener: Callable[[str, int], None]) -> None:
        """Call `listener(nexthop, due_at)` after mail for it has been committed. It must return at once."""
        self._listeners.append(listener)

    async def enqueue(
        self, message: Message, content: Content, recipients: Sequence[Recipient], events: Sequence[Event]
    ) -> None:
        """Store a message whole. When this returns, it is on stable storage (guarantee G1)."""
        await self.enqueue_all(Arrival({message.content_id: content}, (message,), recipients, events))

    async def enqueue_all(self, arrival: Arrival, once: Remembered | None = None, work: Work = ()) -> None:
        """Store all of an arrival, after `work`. When this returns, it is on stable storage (guarantee G1).

        `once`: the request that it is the effect of. Raises Conflict when that request was carried out before.
        """
        first = () if once is None else (remember(once),)
        if arrival.weight > LARGE:  # encoding 25 MB takes 20 ms
            statements = await asyncio.to_thread(arriving, arrival)
        else:
            statements = arriving(arrival)
        await self._database.write(Verb((*first, *work, *statements)))
        self._tell(arrival.recipients)

    async def claim(self, nexthop: str, now: int, until: int, lease: int, count: int, patient: bool = False) -> Claim:
        """Lease up to `count` due recipients of a next hop, oldest first, to the token `lease` until `until`.

        `patient`: as of a Verb, where so much is due that some milliseconds more do not matter.
        """
        where: Parameters = {"nexthop": nexthop, "now": now, "until": until, "lease": lease, "count": count}
        claimed: Parameters = {"nexthop": nexthop, "until": until, "lease": lease, "inline": INLINE_CONTENT}
        others: Parameters = {"nexthop": nexthop, "until": until}
        # A claim that a power cut forgets is only due again: no fsync of its own.
        results = await self._database.write(
            Verb(
                (Statement(_CLAIM, where), Statement(_CLAIMED, claimed), Statement(_NEXT_DUE, others)),
                durable=False,
                patient=patient,
            )
        )
        _, found, [[next_due]] = results
        return Claim([_claimed_from(row) for row in found], None if next_due is None else int(next_due))

    async def content(self, content_id: ContentId) -> bytes:
        """A content too large for a claim, as msgpack. Raises NotFound."""
        found = await self._database.read("SELECT body FROM contents WHERE id = :id", {"id": content_id})
        if not found or not isinstance(found[0][0], bytes):
            raise NotFound(f"content {content_id} is missing")
        return found[0][0]

    async def settle(
        self, recipient: Recipient, event: Event | None, lease: int, notice: Arrival | None = None
    ) -> None:
        """Write what became of a claimed recipient: its new state and the event (None: nothing to tell), and queue the
        notice that its sender gets of it.

        Raises Conflict when the lease was lost. A result then counts only if it is a success (guarantee G4): mail
        that was handed over is delivered, whoever holds the lease now.
        """
        if recipient.state is RecipientState.DELIVERED and event is not None:
            statements: Work = (_success(recipient, event, lease),)
        else:
            settled = Statement(
                _SETTLE + "lease = :lease",
                {**rows.recipient_parameters(recipient), "lease": lease},
                touches=1,
                otherwise="the lease was lost",
            )
            statements = (settled, *_events(event))
        await self._database.write(Verb((*statements, *arriving(notice)), patient=True))
        self._tell([recipient], notice)

    async def release(self, leases: Sequence[tuple[RecipientId, int]], due_at: int) -> None:
        """Give claimed recipients back untried, due at `due_at`; those whose lease was lost are left alone."""
        parameters = [{"id": id, "lease": lease, "due_at": due_at} for id, lease in leases]
        if parameters:
            sql = "UPDATE recipients SET due_at = :due_at, lease = NULL WHERE id = :id AND lease = :lease"
            await self._database.write(Verb((each(sql, parameters),), durable=False))

    async def hold(self, recipient_id: RecipientId, lease: int, reason: str, event: Event | None, now: int) -> None:
        """Set a claimed recipient aside that cannot be worked on. Raises Conflict when the lease was lost."""
        sql = (
            "UPDATE recipients SET state = 'held', due_at = NULL, lease = NULL, reason = :reason, updated_at = :now "
            "WHERE id = :id AND lease = :lease"
        )
        parameters: Parameters = {"id": recipient_id, "lease": lease, "reason": reason, "now": now}
        await self._database.write(Verb((Statement(sql, parameters, touches=1), *_events(event))))

    async def recover_leases(self, now: int) -> int:
        """Make every leased recipient due at once; how many. Only at start, when the data directory's lock proves
        that nobody can be working on them: a crash then delays no mail by the length of a lease.
        """
        sql = "UPDATE recipients SET due_at = :now, lease = NULL WHERE lease IS NOT NULL RETURNING id"
        return len((await self._database.write(Verb((Statement(sql, {"now": now}),))))[0])

    async def next_hops(self, after: str = "", limit: int = 1000) -> list[tuple[str, int]]:
        """Next hops with waiting mail in alphabetical order from behind `after`, each with its earliest due time.

        Leased mail counts as due at the end of its lease. The cost grows with the number of next hops looked at.
        """
        found = await self._database.read(_NEXT_HOPS, {"after": after, "limit": limit})
        return [(str(nexthop), int(due_at or 0)) for nexthop, due_at in found]

    async def overdue(self, nexthop: str, now: int, limit: int) -> list[Recipient]:
        """Waiting recipients of a next hop whose lifetime is over and that nobody works on."""
        sql = (
            f"SELECT {rows.RECIPIENT_COLUMNS} FROM recipients r WHERE r.nexthop = :nexthop AND r.due_at IS NOT NULL "
            "AND r.expires_at <= :now AND r.lease IS NULL LIMIT :limit"
        )
        found = await self._database.read(sql, {"nexthop": nexthop, "now": now, "limit": limit})
        return [rows.recipient_from(row) for row in found]

    async def untried(self, nexthop: str, before: int, limit: int) -> list[Recipient]:
        """Recipients of a next hop that nobody has tried, of mail that was to be sent before a time, whose senders
        asked to be told of a delay (RFC 3461).
        """
        sql = (
            f"SELECT {rows.RECIPIENT_COLUMNS} FROM recipients r JOIN messages m ON m.id = r.message_id WHERE "
            "r.nexthop = :nexthop AND r.due_at IS NOT NULL AND r.dsn LIKE '%\"DELAY\"%' AND r.state = 'queued' "
            "AND r.lease IS NULL AND m.date < :before LIMIT :limit"
        )
        found = await self._database.read(sql, {"nexthop": nexthop, "before": before, "limit": limit})
        return [rows.recipient_from(row) for row in found]

    async def change(
        self, recipient: Recipient, event: Event, states: Sequence[RecipientState], notice: Arrival | None = None
    ) -> None:
        """Move a recipient that nobody works on from one of `states` to `recipient.state`, with its event: what an
        operator, a client or a verdict on a whole site does. Raises Conflict when it is in another state or leased.
        """
        await self._database.write(Verb((_change(recipient, states), *_events(event), *arriving(notice))))
        self._tell([recipient], notice)

    async def change_all(self, changes: Sequence[tuple[Recipient, Event]], states: Sequence[RecipientState]) -> None:
        """As `change`, for several recipients of one message: all of them, or none and Conflict."""
        statements: list[Statement] = []
        for recipient, event in changes:
            statements += (_change(recipient, states), *_events(event))
        await self._database.write(Verb(tuple(statements)))
        self._tell([recipient for recipient, _ in changes])

    async def reschedule(self, message: Message, changes: Sequence[tuple[Recipient, Event]]) -> None:
        """Move an untried message to its new `date` and `expires_at`, with its recipients and their events.

        Raises Conflict when one of them was tried, is being delivered or has changed: every try must find the same
        date (guarantee G7), so either all move or none.
        """
        sql = "UPDATE messages SET date = :date, expires_at = :expires_at WHERE id = :id"
        times: Parameters = {"id": message.id, "date": message.date, "expires_at": message.expires_at}
        statements = [Statement(sql, times, touches=1)]
        for recipient, event in changes:
            sql = (
                "UPDATE recipients SET due_at = :due_at, expires_at = :expires_at, updated_at = :updated_at "
                "WHERE id = :id AND state = 'queued' AND tries = 0 AND lease IS NULL"
            )
            parameters: Parameters = {
                "id": recipient.id,
                "due_at": recipient.due_at,
                "expires_at": recipient.expires_at,
                "updated_at": recipient.updated_at,
            }
            statements += (Statement(sql, parameters, touches=1, otherwise=_BUSY), *_events(event))
        await self._database.write(Verb(tuple(statements)))
        self._tell([recipient for recipient, _ in changes])

    async def hurry(self, recipient: Recipient, now: int) -> None:
        """Make a waiting recipient due at once. Raises Conflict when it waits no more or is being delivered."""
        update = Statement(
            "UPDATE recipients SET due_at = :now WHERE id = :id AND due_at IS NOT NULL AND lease IS NULL",
            {"id": recipient.id, "now": now},
            touches=1,
            otherwise=_BUSY,
        )
        await self._database.write(Verb((update,)))
        self._tell([msgspec.structs.replace(recipient, due_at=now)])

    async def report(
        self, recipient: Recipient, event: Event, digest: bytes, forward: Arrival | None = None, signed: bool = True
    ) -> None:
        """Write what a report by mail said of a delivered recipient, and queue the copy that somebody gets of it.
        Raises Conflict when the same report (`digest`) was counted before or the recipient is not in a state that a
        report can change. An unsigned one leaves a mark, for `Reports.confirm` to find.
        """
        update = Statement(
            _SETTLE + "state = 'delivered'",
            rows.recipient_parameters(recipient),
            touches=1,
            otherwise="a report changes only a delivered recipient",
        )
        mark = () if signed or event.type not in CONFIRMED else (_seen(event, unsigned_mark(event.type)),)
        await self._write_report((_seen(event, digest), *mark, update, *_events(event)), forward)

    async def keep_unparsed(
        self, serial: int, event: Event, digest: bytes, kind: str, raw: bytes, forward: Arrival | None = None
    ) -> None:
        """Keep mail to a valid return path that told us nothing, for people to look at, with the event that tells of
        it and the copy that somebody gets. Raises Conflict when the same mail (`digest`) was kept before.
        """
        parameters: Parameters = {
            "id": serial, "at": event.at, "recipient_id": event.recipient_id, "kind": kind, "raw": raw
        }  # fmt: skip
        keep = Statement(insert("unparsed", "id at recipient_id kind raw"), parameters)
        await self._write_report((_seen(event, digest), keep, *_events(event)), forward)

    async def _write_report(self, statements: tuple[Statement, ...], forward: Arrival | None) -> None:
        await self._database.write(Verb((*statements, *arriving(forward))))
        self._tell((), forward)

    async def discard(self, before: str, before_ms: int, limit: int) -> int:
        """Forget up to `limit` messages with ids below `before` of which no recipient is unfinished and no event
        unread, with their contents, recipients, events and reports; how many.
        """
        sql = (
            "SELECT id, content_id FROM messages m WHERE id < :before AND NOT EXISTS (SELECT 1 FROM recipients r WHERE "
            "r.message_id = m.id AND r.state IN ('queued', 'deferred', 'held')) AND NOT EXISTS (SELECT 1 FROM events e "
            f"WHERE e.message_id = m.id AND ({UNREAD})) ORDER BY id LIMIT :limit"
        )
        found = await self._database.read(sql, {"before": before, "limit": limit})
        if found:
            await self._database.write(
                forget_messages([{"id": id, "content": content} for id, content in found], before_ms)
            )
        return len(found)

    def _tell(self, recipients: Sequence[Recipient], arrival: Arrival | None = None) -> None:
        recipients = recipients if arrival is None else (*recipients, *arrival.recipients)
        # Once for each next hop and time: ten thousand to one host are one piece of news.
        for nexthop, due_at in {(recipient.nexthop, recipient.due_at): None for recipient in recipients}:
            if due_at is not None:
                for listener in self._listeners:
                    listener(nexthop, due_at)


def _seen(event: Event, digest: bytes) -> Statement:
    return Statement(
        insert("reports", "recipient_id digest at") + " ON CONFLICT DO NOTHING",
        {"recipient_id": event.recipient_id, "digest": digest, "at": event.at},
        touches=1,
        otherwise="the same report was counted before",
    )


def _success(recipient: Recipient, event: Event, lease: int) -> Statement:
    """The same as for any other result and its event, for the most frequent of them (schema/0017.sql)."""
    address, status = str(event.address), str(recipient.status) if recipient.status else None
    values = (
        recipient.id, lease, recipient.tries, recipient.due_at, status, recipient.reason, recipient.updated_at,
        address.lower(), event.at, event.message_id, address, rows.encode_detail(event.detail), event.domain,
    )  # fmt: skip
    return Statement(_SUCCESS, values, joins=True)


def _change(recipient: Recipient, states: Sequence[RecipientState]) -> Statement:
    names = ", ".join(f"'{state.value}'" for state in states)
    return Statement(
        _SETTLE + f"lease IS NULL AND state IN ({names})",
        rows.recipient_parameters(recipient),
        touches=1,
        otherwise=_BUSY,
    )


def _events(event: Event | None) -> tuple[Statement, ...]:
    """The event, what it does to the count of transient bounces, and the suppression that it brings with it."""
    if event is None:
        return ()
    return (Statement(INSERT_EVENT, rows.event_parameters(event)), *counting(event), *suppressing(event))


def _claimed_from(row: Row) -> Claimed | Unreadable:
    try:
        content = row[23]
        size = row[22]
        if not isinstance(size, int) or not (content is None or isinstance(content, bytes)):
            raise TypeError("its content or size has the wrong type")
        recipient = rows.recipient_from(row[:13])
        # Of local parts in other scripts the database need not know the lower case.
        is_suspect = bool(row[24]) or not recipient.address.local.isascii()
        return Claimed(recipient, rows.message_from(row[13:22]), size, content, is_suspect)
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        return Unreadable(RecipientId(int(row[0] or 0)), int(row[8] or 0), f"{type(error).__name__}: {error}")
