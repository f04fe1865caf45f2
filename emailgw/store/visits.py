"""Opens, clicks and unsubscriptions: what happened before to a recipient, and the events that tell of it.

They change no recipient's state; an unsubscription adds to the suppressions in its own transaction.
"""

from collections.abc import Sequence

import msgspec

from emailgw.core.events import Event, EventType
from emailgw.core.model import Recipient
from emailgw.store import rows
from emailgw.store.events import INSERT_EVENT
from emailgw.store.suppressions import suppressing
from emailgw.store.verb import Database, Statement, Verb

MOST = 1_000  # events of one recipient that are looked at


class Past(msgspec.Struct, frozen=True):
    """`delivered_at`: None where it is not known. `opened`, `clicked`: by people, the latter by link."""

    delivered_at: int | None
    opened: bool
    clicked: frozenset[str]


class Visits:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def past(self, recipient: Recipient) -> Past:
        """What its events say so far."""
        sql = (
            f"SELECT {rows.EVENT_COLUMNS} FROM events e WHERE e.message_id = :message_id AND e.recipient_id = :id "
            "AND e.type IN ('delivered', 'opened', 'clicked') ORDER BY e.id LIMIT :most"
        )
        found = await self._database.read(sql, {"message_id": recipient.message_id, "id": recipient.id, "most": MOST})
        events = [rows.event_from(row) for row in found]
        persons = [event for event in events if not event.detail.machine]
        return Past(
            delivered_at=next((event.at for event in events if event.type is EventType.DELIVERED), None),
            opened=any(event.type is EventType.OPENED for event in persons),
            clicked=frozenset(event.detail.link or "" for event in persons if event.type is EventType.CLICKED),
        )

    async def record(self, events: Sequence[Event]) -> None:
        """All of them or none, with what they do to the suppressions."""
        statements: list[Statement] = []
        for event in events:
            statements += (Statement(INSERT_EVENT, rows.event_parameters(event)), *suppressing(event))
        if statements:
            await self._database.write(Verb(tuple(statements)))
