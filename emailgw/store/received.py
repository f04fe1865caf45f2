"""Received mail and the rules that say who wants it. Times are milliseconds UTC; all raise StoreUnavailable.

A message is written in one transaction with its event, the copies that are forwarded, and the marks by which the same
message is known again when its client, not having heard our answer, offers it once more.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from emailgw.core.address import Address
from emailgw.core.receiving import Received, Rule, RuleAction, Summary
from emailgw.errors import NotFound
from emailgw.store.arriving import Arrival
from emailgw.store.paging import Piece, count_up_to, one_of, read_piece
from emailgw.store.queue import Queue
from emailgw.store.remembered import FRESH, Remembered
from emailgw.store.rows import address_from
from emailgw.store.verb import Database, Row, Statement, Value, Verb, insert

_RULE = "id, local, domain, action, forward_to, created_at"
_RECEIVED = "id, domain, at, client, reverse_path, recipients, size, summary"
_SEEN = (
    "INSERT INTO received_digests (digest, at) VALUES (:digest, :at) "
    "ON CONFLICT (digest) DO UPDATE SET at = excluded.at WHERE received_digests.at < :since"
)
_summary = msgspec.json.Decoder(Summary)


class Taken(msgspec.Struct, frozen=True):
    """What is written of a message: None where it is only forwarded. `arrival`: the event that tells of it, and its
    copies that are forwarded. `digests`: of each of its recipients.
    """

    received: Received | None
    raw: bytes
    arrival: Arrival
    digests: tuple[bytes, ...]


class ReceivedMail:
    def __init__(self, database: Database, queue: Queue) -> None:
        self._database = database
        self._queue = queue
        self._found_rules: Remembered[str, tuple[Rule, ...]] = Remembered()

    async def add(self, taken: Sequence[Taken], at: int, window: int) -> None:
        """Store all of it or nothing. Raises Conflict when one of the digests was seen in the last `window` already."""
        statements: list[Statement] = []
        for one in taken:
            statements += [
                Statement(_SEEN, {"digest": digest, "at": at, "since": at - window}, touches=1, otherwise="seen before")
                for digest in one.digests
            ]
            if one.received is not None:
                statements.append(Statement(insert("received", _RECEIVED.replace(",", "")), _parameters(one.received)))
                raw: dict[str, Value] = {"id": one.received.id, "raw": one.raw}
                statements.append(Statement(insert("received_raw", "id raw"), raw))
        arrivals = [one.arrival for one in taken]
        together = Arrival(
            {id: content for arrival in arrivals for id, content in arrival.contents.items()},
            [message for arrival in arrivals for message in arrival.messages],
            [recipient for arrival in arrivals for recipient in arrival.recipients],
            [event for arrival in arrivals for event in arrival.events],
        )
        await self._queue.enqueue_all(together, work=statements)

    async def seen(self, digests: Sequence[bytes], since: int) -> set[bytes]:
        """Those that were written at that time or later."""
        found: set[bytes] = set()
        for digest in digests:
            sql = "SELECT digest FROM received_digests WHERE digest = :digest AND at >= :since"
            rows = await self._database.read(sql, {"digest": digest, "since": since})
            found |= {digest for _ in rows}
        return found

    async def page(
        self, piece: Piece, domains: tuple[str, ...], count: bool
    ) -> tuple[list[Received], bool, int | None]:
        """Newest first, whether there are more, and how many (as far as is counted)."""
        parameters: dict[str, Value] = {}
        condition = one_of("domain", domains, parameters)
        rows, more = await read_piece(self._database, _RECEIVED, "received", condition, parameters, piece)
        total = await count_up_to(self._database, "received", condition, parameters) if count else None
        return [_received_from(row) for row in rows], more, total

    async def one(self, id: str) -> Received:
        """Raises NotFound."""
        found = await self._database.read(f"SELECT {_RECEIVED} FROM received WHERE id = :id", {"id": id})
        if not found:
            raise NotFound("Email not found")
        return _received_from(found[0])

    async def raw(self, id: str) -> bytes:
        """The message as it came. Raises NotFound."""
        found = await self._database.read("SELECT raw FROM received_raw WHERE id = :id", {"id": id})
        if not found or not isinstance(found[0][0], bytes):
            raise NotFound("Email not found")
        return found[0][0]

    async def remove(self, id: str) -> None:
        """What is gone already does not matter. Its event stays."""
        parameters: dict[str, Value] = {"id": id}
        tables = ("received_raw", "received")
        await self._database.write(
            Verb(tuple(Statement(f"DELETE FROM {table} WHERE id = :id", parameters) for table in tables))
        )

    async def forget(self, before: str, seen_before: int, limit: int) -> int:
        """Forget up to `limit` messages with ids below `before`, with their events, and old digests; how many."""
        sql = "SELECT id FROM received WHERE id < :before ORDER BY id LIMIT :limit"
        ids: list[dict[str, Value]] = [
            {"id": row[0]} for row in await self._database.read(sql, {"before": before, "limit": limit})
        ]
        statements = [Statement("DELETE FROM received_digests WHERE at < :before", {"before": seen_before})]
        if ids:
            statements += [
                Statement(f"DELETE FROM {table} WHERE {column} = :id", ids, many=True)
                for table, column in (("events", "message_id"), ("received_raw", "id"), ("received", "id"))
            ]
        await self._database.write(Verb(tuple(statements), durable=False))
        return len(ids)

    async def rules(self, domain: str, now: int) -> tuple[Rule, ...]:
        """Of one domain."""
        remembered = self._found_rules.get(domain, now)
        if remembered is None:
            found = await self._database.read(
                f"SELECT {_RULE} FROM receiving_rules WHERE domain = :domain ORDER BY local", {"domain": domain}
            )
            remembered = tuple(_rule_from(row) for row in found)
            self._found_rules.put(domain, remembered, now + FRESH)
        return remembered

    async def all_rules(self) -> list[Rule]:
        """By domain and address."""
        sql = f"SELECT {_RULE} FROM receiving_rules ORDER BY domain, local"
        return [_rule_from(row) for row in await self._database.read(sql)]

    async def add_rule(self, rule: Rule) -> None:
        """Raises Conflict when the address has one."""
        statement = Statement(
            insert("receiving_rules", _RULE.replace(",", "")) + " ON CONFLICT DO NOTHING",
            {
                "id": rule.id,
                "local": rule.local,
                "domain": rule.domain,
                "action": rule.action.value,
                "forward_to": rule.forward_to,
                "created_at": rule.created_at,
            },
            touches=1,
            otherwise=f"{rule.pattern} has a rule already",
        )
        await self._write_rule(statement)

    async def remove_rule(self, id: str) -> None:
        """Raises Conflict when it is gone."""
        sql = "DELETE FROM receiving_rules WHERE id = :id"
        await self._write_rule(Statement(sql, {"id": id}, touches=1, otherwise="the rule is gone"))

    async def _write_rule(self, statement: Statement) -> None:
        try:
            await self._database.write(Verb((statement,)))
        finally:
            self._found_rules.clear()


def _parameters(received: Received) -> dict[str, Value]:
    return {
        "id": received.id,
        "domain": received.domain,
        "at": received.at,
        "client": received.client,
        "reverse_path": received.reverse_path,
        "recipients": msgspec.json.encode([str(address) for address in received.recipients]).decode(),
        "size": received.size,
        "summary": msgspec.json.encode(received.summary).decode(),
    }


def _received_from(row: Row) -> Received:
    values: tuple[Any, ...] = row
    recipients: tuple[Address, ...] = tuple(map(address_from, msgspec.json.decode(values[5])))
    return Received(
        values[0], values[1], values[2], values[3], values[4], recipients, values[6], _summary.decode(values[7])
    )


def _rule_from(row: Row) -> Rule:
    values: tuple[Any, ...] = row
    return Rule(values[0], values[1], values[2], RuleAction(values[3]), values[4], values[5])
