"""Webhook endpoints: kept, changed, paused. A change of status is written together with the event that tells of it.

All raise StoreUnavailable when the storage fails.
"""

import functools
from typing import Any

import msgspec

from emailgw.core.directory import Dialect
from emailgw.core.events import Event
from emailgw.core.webhooks import ALL_EVENTS, MAX_ENDPOINTS, Endpoint, EndpointId, EndpointStatus
from emailgw.errors import NotFound
from emailgw.store.events import writing
from emailgw.store.verb import Database, Parameters, Row, Statement, Verb

_FIELDS = "id url status reason options sealed old_sealed old_until from_event failures created_at updated_at"
_SELECT = f"SELECT {', '.join(_FIELDS.split())} FROM webhooks"
FIRST = 100  # deliveries that enabling makes due at once; when one of them is taken, the carrier pulls the rest forward
_FIRST = (
    "UPDATE webhook_deliveries SET due_at = :now WHERE endpoint_id = :id AND event_id IN (SELECT event_id FROM "
    "webhook_deliveries WHERE endpoint_id = :id AND due_at > :now AND lease IS NULL ORDER BY due_at LIMIT :count)"
)
_EDITED = "url options updated_at"
_SECRETS = "sealed old_sealed old_until updated_at"


class _Options(msgspec.Struct, frozen=True, omit_defaults=True):
    """Fields of Endpoint that no query asks for, in one column."""

    events: tuple[str, ...] = (ALL_EVENTS,)
    domains: tuple[str, ...] = ()
    tags: tuple[tuple[str, str | None], ...] = ()
    dialect: Dialect = Dialect.RESEND
    batch: int = 1
    description: str = ""


_options = msgspec.json.Decoder(_Options)


class Webhooks:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, endpoint: Endpoint) -> None:
        """It is told of what is committed after it."""
        columns = _FIELDS.split()
        values = ", ".join(f":{name}" for name in columns).replace(
            ":from_event", "coalesce((SELECT max(e.id) FROM events e), 0)"
        )
        parameters = {name: value for name, value in _parameters(endpoint).items() if name != "from_event"}
        sql = f"INSERT INTO webhooks ({', '.join(columns)}) VALUES ({values})"
        await self._database.write(Verb((Statement(sql, parameters),)))

    async def all(self) -> list[Endpoint]:
        """Newest first."""
        return [_endpoint_from(row) for row in await self._database.read(f"{_SELECT} ORDER BY id DESC")]

    async def one(self, id: str) -> Endpoint:
        """Raises NotFound."""
        found = await self._database.read(f"{_SELECT} WHERE id = :id", {"id": id})
        if not found:
            raise NotFound("Webhook not found")
        return _endpoint_from(found[0])

    async def change(self, endpoint: Endpoint) -> None:
        """Write what its owner may change; not its status, nor its secrets. Raises Conflict when it is gone."""
        await self._write(endpoint, _EDITED, "id = :id", {}, "the webhook is gone")

    async def change_secret(self, endpoint: Endpoint, before: bytes) -> None:
        """Write its secrets. Raises Conflict when the one that it had is not `before` any more."""
        where = "id = :id AND sealed = :before"
        await self._write(endpoint, _SECRETS, where, {"before": before}, "the secret was rotated by someone else")

    async def set_status(
        self, id: EndpointId, before: EndpointStatus, after: EndpointStatus, event: Event, least_failures: int = 0
    ) -> None:
        """With the event, whose reason is the status's. One that was disabled is told only of what happens from now
        on; one that was paused gets what it missed. Raises Conflict when its status is another by now, or it
        has given up fewer events than `least_failures` in a row.
        """
        sql = (
            "UPDATE webhooks SET status = :after, reason = :reason, updated_at = :now, failures = "
            "CASE WHEN :after = 'enabled' THEN 0 ELSE failures END, from_event = CASE WHEN status = 'disabled' "
            "THEN coalesce((SELECT max(e.id) FROM events e), 0) ELSE from_event END "
            "WHERE id = :id AND status = :before AND failures >= :least"
        )
        parameters: Parameters = {
            "id": id,
            "before": before.value,
            "after": after.value,
            "reason": event.detail.reason,
            "now": event.at,
            "least": least_failures,
        }
        statements = [Statement(sql, parameters, touches=1), writing(event)]
        if after is EndpointStatus.ENABLED:
            statements.append(Statement(_FIRST, {"id": id, "now": event.at, "count": FIRST}))
        await self._database.write(Verb(tuple(statements)))

    async def remove(self, id: EndpointId) -> None:
        """With all that it was told and was to be told. Raises Conflict when it is gone."""
        of_it: Parameters = {"id": id}
        statements = [
            Statement(f"DELETE FROM {table} WHERE endpoint_id = :id", of_it)
            for table in ("webhook_attempts", "webhook_deliveries")
        ]
        gone = Statement("DELETE FROM webhooks WHERE id = :id", of_it, touches=1, otherwise="the webhook is gone")
        await self._database.write(Verb((*statements, gone)))

    async def _write(self, endpoint: Endpoint, fields: str, where: str, bounds: Parameters, otherwise: str) -> None:
        names = fields.split()
        changes = ", ".join(f"{name} = :{name}" for name in names)
        parameters = {name: value for name, value in _parameters(endpoint).items() if name in (*names, "id")}
        sql = f"UPDATE webhooks SET {changes} WHERE {where}"
        await self._database.write(Verb((Statement(sql, {**parameters, **bounds}, touches=1, otherwise=otherwise),)))


def _parameters(endpoint: Endpoint) -> Parameters:
    own = {name: getattr(endpoint, name) for name in _FIELDS.split() if name != "options"}
    options = _Options(**{name: getattr(endpoint, name) for name in _Options.__struct_fields__})
    return {**own, "status": endpoint.status.value, "options": msgspec.json.encode(options).decode()}


@functools.lru_cache(maxsize=MAX_ENDPOINTS)  # all of them are read whenever something happened
def _endpoint_from(row: Row) -> Endpoint:
    values: dict[str, Any] = dict(zip(_FIELDS.split(), row, strict=True))
    options = msgspec.structs.asdict(_options.decode(values.pop("options")))
    return Endpoint(**{**values, **options, "status": EndpointStatus(values["status"])})
