"""Reading what happened: messages, their recipients, their events. Never writes."""

from collections.abc import Iterable
from typing import Any

import msgspec

from emailgw.core.events import Event
from emailgw.core.ids import MessageId, RecipientId
from emailgw.core.listing import Origin
from emailgw.core.model import Content, Message, Recipient, RecipientState
from emailgw.errors import NotFound
from emailgw.store import rows
from emailgw.store.origins import origins_of
from emailgw.store.verb import Database, Value


class Story(msgspec.Struct, frozen=True):
    """All of one message but its content."""

    message: Message
    recipients: tuple[Recipient, ...]
    events: tuple[Event, ...]
    origin: Origin


class Unparsed(msgspec.Struct, frozen=True):
    """Mail to a valid return path that said nothing we understand. `size` in octets; `address` None when forgotten."""

    id: int
    at: int
    recipient_id: RecipientId
    address: str | None
    kind: str
    size: int


class History:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def message(self, message_id: MessageId) -> Message:
        """Raises NotFound, in the words in which the API hides what a key may not see."""
        sql = f"SELECT {rows.MESSAGE_COLUMNS} FROM messages m WHERE m.id = :id"
        found = await self._database.read(sql, {"id": message_id})
        if not found:
            raise NotFound("Email not found")
        return rows.message_from(found[0])

    async def story(self, message_id: MessageId) -> Story:
        """A message with its recipients and events, oldest first. Raises NotFound."""
        message = await self.message(message_id)
        events = await self._database.read(
            f"SELECT {rows.EVENT_COLUMNS} FROM events e WHERE e.message_id = :id ORDER BY e.id", {"id": message_id}
        )
        [origin] = await origins_of(self._database, (message,))
        recipients = await self.recipients(message_id)
        return Story(message, recipients, tuple(rows.event_from(row) for row in events), origin)

    async def recipients(self, message_id: MessageId) -> tuple[Recipient, ...]:
        """Of one message, in the order they were named."""
        sql = f"SELECT {rows.RECIPIENT_COLUMNS} FROM recipients r WHERE r.message_id = :id ORDER BY r.id"
        return tuple(rows.recipient_from(row) for row in await self._database.read(sql, {"id": message_id}))

    async def recipient(self, recipient_id: RecipientId) -> Recipient:
        """Raises NotFound."""
        sql = f"SELECT {rows.RECIPIENT_COLUMNS} FROM recipients r WHERE r.id = :id"
        found = await self._database.read(sql, {"id": recipient_id})
        if not found:
            raise NotFound(f"there is no recipient {recipient_id}")
        return rows.recipient_from(found[0])

    async def content(self, message: Message) -> Content:
        """Raises NotFound."""
        found = await self._database.read("SELECT body FROM contents WHERE id = :id", {"id": message.content_id})
        if not found or not isinstance(found[0][0], bytes):
            raise NotFound(f"the content of message {message.id} is missing")
        return rows.decode_content(found[0][0])

    async def waiting(
        self,
        states: Iterable[RecipientState],
        nexthop: str | None = None,
        after: Recipient | None = None,
        limit: int = 100,
    ) -> list[Recipient]:
        """Recipients in one of `states`, those of the oldest message first, from behind `after`; for the operator."""
        parameters: dict[str, Value] = {"limit": limit}
        condition = ""
        if nexthop:
            condition += " AND r.nexthop = :nexthop"
            parameters["nexthop"] = nexthop
        if after is not None:
            condition += " AND (r.message_id, r.id) > (:message, :after)"
            parameters |= {"message": after.message_id, "after": after.id}
        # Of each state as many as all may be, in the order of its index, so that nothing is sorted but they.
        arms = [
            f"SELECT * FROM (SELECT {rows.RECIPIENT_COLUMNS} FROM recipients r WHERE r.state = '{state}'{condition} "
            f"ORDER BY r.message_id, r.id LIMIT :limit) AS {state}"
            for state in dict.fromkeys(states)
        ]
        sql = f"SELECT * FROM ({' UNION ALL '.join(arms)}) AS some ORDER BY message_id, id LIMIT :limit"
        return [rows.recipient_from(row) for row in await self._database.read(sql, parameters)]

    async def count_waiting(self) -> dict[RecipientState, int]:
        """How many recipients are queued, deferred and held."""
        sql = (
            "SELECT state, count(*) FROM recipients WHERE due_at IS NOT NULL GROUP BY state UNION ALL "
            "SELECT 'held', count(*) FROM recipients WHERE state = 'held'"
        )
        counts = {RecipientState(str(state)): int(count or 0) for state, count in await self._database.read(sql)}
        return {
            state: counts.get(state, 0)
            for state in (RecipientState.QUEUED, RecipientState.DEFERRED, RecipientState.HELD)
        }

    async def unparsed(self, limit: int) -> list[Unparsed]:
        """Newest first."""
        sql = (
            "SELECT u.id, u.at, u.recipient_id, r.address, u.kind, length(u.raw) FROM unparsed u "
            "LEFT JOIN recipients r ON r.id = u.recipient_id ORDER BY u.id DESC LIMIT :limit"
        )
        rows: list[tuple[Any, ...]] = list(await self._database.read(sql, {"limit": limit}))
        return [Unparsed(row[0], row[1], RecipientId(row[2]), row[3], row[4], row[5]) for row in rows]

    async def unparsed_mail(self, id: int) -> bytes:
        """As it came. Raises NotFound."""
        found = await self._database.read("SELECT raw FROM unparsed WHERE id = :id", {"id": id})
        if not found or not isinstance(found[0][0], bytes):
            raise NotFound(f"there is no unparsed mail {id}")
        return found[0][0]

    async def highest_serial(self) -> int:
        """The highest number that the caller of a verb has given out (core.ids.SerialNumbers); 0 in an empty store."""
        sql = "SELECT (SELECT max(id) FROM recipients), (SELECT max(id) FROM contents), (SELECT max(id) FROM unparsed)"
        [row] = await self._database.read(sql)
        return max(int(value or 0) for value in row)
