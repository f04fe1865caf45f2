"""Requests that were carried out and what they were answered, so that the same one again only gets the answer again.

A record is written in the transaction that queues the mail (`Queue.enqueue`): after a crash either both are there or
neither is. Used by the HTTP API; housekeeping forgets what is older than `KEPT`.
"""

from typing import Any

import msgspec

from emailgw.core.ids import KeyId
from emailgw.store.verb import Database, Parameters, Statement, Verb

KEPT = 86_400_000  # milliseconds
IDEMPOTENCY_USED = "the idempotency key was used before"


class Remembered(msgspec.Struct, frozen=True):
    """One request: whose, under which idempotency key (`name`), what was asked (SHA-256) and answered, and when."""

    key_id: KeyId
    name: str
    fingerprint: bytes
    answer: bytes
    at: int


class Idempotency:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key_id: KeyId, name: str, now: int) -> Remembered | None:
        """The request that this key made under this name within the last `KEPT` milliseconds."""
        sql = (
            "SELECT key_id, name, fingerprint, answer, at FROM idempotency "
            "WHERE key_id = :key_id AND name = :name AND at > :before"
        )
        found = await self._database.read(sql, {"key_id": key_id, "name": name, "before": now - KEPT})
        values: list[tuple[Any, ...]] = [*found]
        return Remembered(*values[0]) if values else None

    async def forget(self, now: int, limit: int = 1000) -> int:
        """Forget up to `limit` of what is older than `KEPT`; how many."""
        sql = (
            "DELETE FROM idempotency WHERE (key_id, name) IN "
            "(SELECT key_id, name FROM idempotency WHERE at <= :before LIMIT :limit) RETURNING key_id"
        )
        verb = Verb((Statement(sql, {"before": now - KEPT, "limit": limit}),), durable=False)
        return len((await self._database.write(verb))[0])


def remember(request: Remembered) -> Statement:
    """The part of a verb that makes it happen once: it undoes the verb when the same was remembered before."""
    sql = (
        "INSERT INTO idempotency (key_id, name, fingerprint, answer, at) "
        "VALUES (:key_id, :name, :fingerprint, :answer, :at) ON CONFLICT (key_id, name) DO UPDATE SET "
        "fingerprint = excluded.fingerprint, answer = excluded.answer, at = excluded.at "
        "WHERE idempotency.at <= :before"
    )
    parameters: Parameters = {
        "key_id": request.key_id,
        "name": request.name,
        "fingerprint": request.fingerprint,
        "answer": request.answer,
        "at": request.at,
        "before": request.at - KEPT,
    }
    return Statement(sql, parameters, touches=1, otherwise=IDEMPOTENCY_USED)
