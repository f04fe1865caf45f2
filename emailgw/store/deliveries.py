"""What each webhook endpoint is to be told: a queue of its own, with leases as the mail queue has them.

Rows are made by the reader of the log (`telling`, in the transaction that moves its position), claimed by endpoint,
and settled many at a time. None of it waits for the disk: a power cut only makes things due again, under the same ids.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from emailgw.core.events import Event
from emailgw.core.webhooks import (
    DeliveryFilter,
    DeliveryState,
    EndpointId,
    Outcome,
    WebhookAttempt,
    WebhookDelivery,
    Wish,
)
from emailgw.errors import NotFound
from emailgw.store.events import TOLD, Told, readable, writing
from emailgw.store.messages import tag_key
from emailgw.store.verb import (
    Database,
    Parameters,
    Row,
    Statement,
    Value,
    Verb,
    among,
    batched,
    insert,
    insert_many,
    naming,
)

AT_ONCE = 100  # rows in one statement
# Of these there may be as many as of mail, and nobody has to act on them at once.
USUAL = ("queued", "scheduled", "deferred", "delivered", "opened", "clicked")
_FIELDS = "event_id endpoint_id state name tries due_at lease batch created_at"
_INSERT = insert("webhook_deliveries", _FIELDS)
_COLUMNS = ", ".join(f"d.{name}" for name in _FIELDS.split())
_ATTEMPT = "endpoint_id event_id at duration status response"
# The oldest that are due; of those that were sent together before, all of them and no others.
_CLAIM = (
    "UPDATE webhook_deliveries SET due_at = :until, lease = :lease WHERE endpoint_id = :endpoint AND event_id IN "
    "(SELECT event_id FROM webhook_deliveries WHERE endpoint_id = :endpoint AND due_at <= :now AND coalesce(batch, 0) "
    "= (SELECT coalesce(batch, 0) FROM webhook_deliveries WHERE endpoint_id = :endpoint AND due_at <= :now ORDER BY "
    "due_at, event_id LIMIT 1) ORDER BY due_at, event_id LIMIT :count)"
)
_OF_LEASE = "endpoint_id = :endpoint AND due_at = :until AND lease = :lease"
_BATCH = (
    f"UPDATE webhook_deliveries SET batch = (SELECT min(event_id) FROM webhook_deliveries WHERE {_OF_LEASE}) "
    f"WHERE {_OF_LEASE} AND batch IS NULL"
)
_AGE = "coalesce(batch, event_id)"  # what was sent together is of one age
_LATE = (
    "endpoint_id = :endpoint AND due_at IS NOT NULL AND tries > 0 AND due_at > :now AND lease IS NULL "
    f"AND {_AGE} > :age"
)
_PULL = (
    "UPDATE webhook_deliveries SET due_at = CASE WHEN created_at < :now THEN created_at ELSE :now END "
    f"WHERE {_LATE} AND {_AGE} <= (SELECT max(age) FROM (SELECT {_AGE} AS age FROM webhook_deliveries "
    f"WHERE {_LATE} ORDER BY age LIMIT :count) AS next) RETURNING {_AGE}"
)
# The database does it all: rows that go through this program cost it ten times as much.
_TELL = (
    "INSERT INTO webhook_deliveries (event_id, endpoint_id, state, name, tries, due_at, created_at) "
    "SELECT e.id, w.id, 'pending', CASE e.type {names} END, 0, CASE WHEN e.type IN ({usual}) THEN :now "
    "ELSE :early END, :now FROM events e CROSS JOIN webhooks w WHERE e.id > :low AND e.id <= :high "
    "AND e.type IN ({types}) {conditions} AND w.id IN ({endpoints}) AND w.status <> 'disabled' AND e.id > w.from_event "
    "ON CONFLICT DO NOTHING"
)
_TAGGED = "AND EXISTS (SELECT 1 FROM message_tags t WHERE t.message_id = e.message_id AND t.tag IN ({tags}))"
_AGAIN = "state = 'pending', tries = 0, due_at = :now, batch = NULL, created_at = :now"


_WHATEVER = DeliveryFilter()


class Listed(NamedTuple):
    """`told` None: the event is forgotten, or cannot be read."""

    delivery: WebhookDelivery
    told: Told | None


class _Like(NamedTuple):
    """What deliveries have in common that one statement settles: all of a batch, most of a claim."""

    endpoint: EndpointId
    state: DeliveryState
    tries: int
    due_at: int | None
    lease: int | None


class Deliveries:
    """`on_due` is told which endpoint has something due that no reader of the log wakes it for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.on_due: Callable[[EndpointId], None] | None = None

    async def claim(
        self, endpoint: EndpointId, now: int, until: int, lease: int, count: int, together: bool
    ) -> list[WebhookDelivery]:
        """Lease up to `count` due deliveries. `together`: they are one batch from now on."""
        claim: Parameters = {"endpoint": endpoint, "now": now, "until": until, "lease": lease, "count": count}
        leased: Parameters = {"endpoint": endpoint, "until": until, "lease": lease}
        statements = [Statement(_CLAIM, claim)]
        if together:
            statements.append(Statement(_BATCH, leased))
        sql = f"SELECT {_COLUMNS} FROM webhook_deliveries d WHERE {_OF_LEASE} ORDER BY d.event_id"
        results = await self._database.write(Verb((*statements, Statement(sql, leased)), durable=False, patient=True))
        return [_delivery_from(row) for row in results[-1]]

    async def part(self, parts: Sequence[Sequence[WebhookDelivery]]) -> None:
        """Make several batches of what was claimed as one: each comes again as the one that it is now."""
        statements = []
        for part in parts:
            condition, named = among("event_id", [one.event_id for one in part])
            sql = (
                f"UPDATE webhook_deliveries SET batch = :batch WHERE {condition} AND endpoint_id = :endpoint "
                "AND lease = :lease"
            )
            first = part[0]
            named |= {"batch": first.event_id, "endpoint": first.endpoint_id, "lease": first.lease}
            statements.append(Statement(sql, named))
        await self._database.write(Verb(tuple(statements), durable=False, patient=True))

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Write what became of claimed deliveries (as they are afterwards, the lease still that of the claim), with
        the tries, and how many events in a row an endpoint has failed to take. A lost lease loses the result.
        """
        alike: dict[_Like, list[int]] = {}
        failures: dict[EndpointId, int] = {}
        for after, _, blamed in outcomes:
            like = _Like(after.endpoint_id, after.state, after.tries, after.due_at, after.lease)
            alike.setdefault(like, []).append(after.event_id)
            if after.state is DeliveryState.FAILED and blamed:
                failures[after.endpoint_id] = failures.get(after.endpoint_id, 0) + 1
        taken = {after.endpoint_id for after, _, _ in outcomes if after.state is DeliveryState.DELIVERED}
        statements = [_settling(like, some) for like, events in alike.items() for some in batched(events, AT_ONCE)]
        tries = [_attempt_parameters(one.attempt) for one in outcomes]
        statements += [insert_many("webhook_attempts", _ATTEMPT, some) for some in batched(tries, AT_ONCE)]
        for id in taken:
            sql = "UPDATE webhooks SET failures = 0 WHERE id = :id AND failures > 0"
            statements.append(Statement(sql, {"id": id}))
        for id, count in failures.items():
            sql = "UPDATE webhooks SET failures = failures + :count WHERE id = :id"
            statements.append(Statement(sql, {"id": id, "count": count}))
        await self._database.write(Verb(tuple(statements), durable=False, patient=True))

    async def release(self, deliveries: Sequence[WebhookDelivery], due_at: int) -> None:
        """Give claimed ones back untried."""
        if deliveries:
            sql = (
                "UPDATE webhook_deliveries SET due_at = :due_at, lease = NULL WHERE event_id = :event_id AND "
                "endpoint_id = :endpoint_id AND lease = :lease"
            )
            parameters: list[Parameters] = [
                {"event_id": d.event_id, "endpoint_id": d.endpoint_id, "lease": d.lease, "due_at": due_at}
                for d in deliveries
            ]
            await self._database.write(Verb((Statement(sql, parameters, many=True),), durable=False, patient=True))

    async def pull_forward(self, endpoint: EndpointId, now: int, age: int, count: int) -> int | None:
        """Make due, before all that is younger, about `count` deliveries that failed before and wait for a later time:
        the oldest of those younger than `age`, and all of a batch. How far it came, to go on from; None at the end.
        """
        parameters: Parameters = {"endpoint": endpoint, "now": now, "age": age, "count": count}
        [pulled] = await self._database.write(Verb((Statement(_PULL, parameters),), durable=False))
        return max((int(row[0] or 0) for row in pulled), default=None)

    async def recover_leases(self, now: int) -> None:
        """Make all leased ones due: at start, when nobody can be working on them."""
        sql = "UPDATE webhook_deliveries SET due_at = :now, lease = NULL WHERE due_at IS NOT NULL AND lease IS NOT NULL"
        await self._database.write(Verb((Statement(sql, {"now": now}),), durable=False))

    async def next_due(self, endpoint: EndpointId) -> int | None:
        sql = "SELECT min(due_at) FROM webhook_deliveries WHERE endpoint_id = :endpoint AND due_at IS NOT NULL"
        [(due_at,)] = await self._database.read(sql, {"endpoint": endpoint})
        return int(due_at) if due_at is not None else None

    async def count_pending(self, endpoint: EndpointId) -> int:
        sql = "SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = :endpoint AND due_at IS NOT NULL"
        return int((await self._database.read(sql, {"endpoint": endpoint}))[0][0] or 0)

    async def list(
        self,
        endpoint: EndpointId,
        limit: int,
        above: int,
        below: int,
        newest_first: bool,
        wanted: DeliveryFilter = _WHATEVER,
    ) -> Sequence[Listed]:
        """Those with event ids between the bounds, both excluded."""
        order = "DESC" if newest_first else "ASC"
        # In so many words: an index of failed ones serves no parameter.
        state = f"AND d.state = '{wanted.state.value}'" if wanted.state is not None else ""
        if wanted.state is DeliveryState.PENDING:
            state += f" AND d.lease IS {'NOT ' if wanted.leased else ''}NULL"
        sql = (
            "SELECT d.event_id FROM webhook_deliveries d WHERE d.endpoint_id = :endpoint AND d.event_id > :above AND "
            f"d.event_id < :below {state} ORDER BY d.event_id {order} LIMIT :limit"
        )
        parameters: Parameters = {"endpoint": endpoint, "above": above, "below": below, "limit": limit}
        ids = [int(row[0] or 0) for row in await self._database.read(sql, parameters)]
        return await self._listed(endpoint, ids, order)

    async def one(self, endpoint: EndpointId, event: int) -> Listed:
        """Raises NotFound."""
        found = await self._listed(endpoint, [event], "ASC")
        if not found:
            raise NotFound("Webhook event not found")
        return found[0]

    async def attempts(
        self, endpoint: EndpointId, event: int | None, limit: int, below: int
    ) -> Sequence[WebhookAttempt]:
        """Newest first, with ids below `below`; of one event, or of all."""
        condition = "AND event_id = :event" if event is not None else ""
        parameters: dict[str, Value] = {"endpoint": endpoint, "limit": limit, "below": below}
        if event is not None:
            parameters["event"] = event
        sql = (
            f"SELECT id, {', '.join(_ATTEMPT.split())} FROM webhook_attempts WHERE endpoint_id = :endpoint {condition} "
            "AND id < :below ORDER BY id DESC LIMIT :limit"
        )
        return [_attempt_from(row) for row in await self._database.read(sql, parameters)]

    async def replay(self, endpoint: EndpointId, event: int, name: str, now: int) -> None:
        """Tell the endpoint (again), under the same id. One that is being told just now is left alone."""
        row = pending(event, endpoint, name, now)
        sql = (
            f"{_INSERT} ON CONFLICT (event_id, endpoint_id) DO UPDATE SET {_AGAIN} "
            "WHERE webhook_deliveries.lease IS NULL"
        )
        await self._database.write(Verb((Statement(sql, {**_parameters(row), "now": now}),)))
        self._tell_of(endpoint)

    async def tell(self, event: Event, endpoint: EndpointId, name: str) -> int:
        """Write an event that only this endpoint is told of; its id."""
        row = {**_parameters(pending(0, endpoint, name, event.at)), "type": event.type.value}
        del row["event_id"]
        values = ", ".join(f":{column}" for column in _FIELDS.split()[1:])
        newest = "SELECT e.id FROM events e WHERE e.type = :type AND e.at = :created_at ORDER BY e.id DESC LIMIT 1"
        sql = (
            f"INSERT INTO webhook_deliveries ({', '.join(_FIELDS.split())}) SELECT n.id, {values} "
            f"FROM ({newest}) AS n RETURNING event_id"
        )
        results = await self._database.write(Verb((writing(event), Statement(sql, row, touches=1))))
        self._tell_of(endpoint)
        return int(results[-1][0][0] or 0)

    async def replay_range(self, endpoint: EndpointId, above: int, below: int, failed_only: bool, now: int) -> int:
        """Tell it again what it was told of events with ids between the bounds, both excluded; how many."""
        states = "'failed'" if failed_only else "'failed', 'delivered'"
        sql = (
            f"UPDATE webhook_deliveries SET {_AGAIN} WHERE endpoint_id = :endpoint AND event_id > :above AND "
            f"event_id < :below AND state IN ({states}) RETURNING event_id"
        )
        parameters: Parameters = {"endpoint": endpoint, "above": above, "below": below, "now": now}
        count = len((await self._database.write(Verb((Statement(sql, parameters),))))[0])
        self._tell_of(endpoint)
        return count

    async def forget(self, before: int, before_event: int, waiting_before: int, limit: int) -> int:
        """Some of the tries made before a time, of the finished deliveries of events before one, and of what waits for
        endpoints that were paused or disabled for too long; how many.
        """
        statements = (
            Statement(
                "DELETE FROM webhook_attempts WHERE id IN (SELECT id FROM webhook_attempts WHERE id < coalesce((SELECT "
                "a.id FROM webhook_attempts a WHERE a.at >= :before ORDER BY a.id LIMIT 1), :last) ORDER BY id LIMIT "
                ":limit) RETURNING id",
                {"before": before, "last": (1 << 63) - 1, "limit": limit},
            ),
            Statement(
                "DELETE FROM webhook_deliveries WHERE event_id IN (SELECT event_id FROM webhook_deliveries WHERE "
                "event_id < :event AND due_at IS NULL ORDER BY event_id LIMIT :limit) AND due_at IS NULL "
                "RETURNING event_id",
                {"event": before_event, "limit": limit},
            ),
            Statement(
                "DELETE FROM webhook_deliveries WHERE created_at < :before AND due_at IS NOT NULL AND endpoint_id IN "
                "(SELECT id FROM webhooks WHERE status <> 'enabled')",
                {"before": waiting_before},
            ),
        )
        results = await self._database.write(Verb(statements, durable=False))
        return len(results[0]) + len(results[1])

    def _tell_of(self, endpoint: EndpointId) -> None:
        if self.on_due is not None:
            self.on_due(endpoint)

    async def _listed(self, endpoint: EndpointId, ids: Sequence[int], order: str) -> Sequence[Listed]:
        if not ids:
            return []
        names = {f"id{number}": id for number, id in enumerate(ids)}
        wanted = ", ".join(f":{name}" for name in names)
        parameters: dict[str, Value] = {"endpoint": endpoint, **names}
        sql = (
            f"SELECT {_COLUMNS} FROM webhook_deliveries d WHERE d.endpoint_id = :endpoint AND d.event_id IN ({wanted})"
        )
        rows = await self._database.read(f"{sql} ORDER BY d.event_id {order}", parameters)
        found = await self._database.read(f"{TOLD} WHERE e.id IN ({wanted})", dict(names))
        told: dict[int, Told] = {one.id: one for one in readable(found)}
        return [Listed(delivery, told.get(delivery.event_id)) for delivery in map(_delivery_from, rows)]


def pending(event: int, endpoint: EndpointId, name: str, now: int) -> WebhookDelivery:
    return WebhookDelivery(endpoint, event, name, DeliveryState.PENDING, 0, now, None, None, now)


def telling(
    wishes: Mapping[Wish, Sequence[EndpointId]], low: int, high: int, now: int, hurry: int = 0
) -> list[Statement]:
    """What tells endpoints of the events behind `low` up to `high`, for the transaction that moves the reader of the
    log on. `hurry`: by how many milliseconds news that somebody must act on goes before what is usual.
    """
    return [_telling(wish, some, low, high, now, now - hurry) for wish, some in wishes.items()]


def _telling(wish: Wish, endpoints: Sequence[EndpointId], low: int, high: int, now: int, early: int) -> Statement:
    parameters: dict[str, Value] = {"low": low, "high": high, "now": now, "early": early}
    usual = naming("usual", USUAL, parameters)
    types = naming("type", [type for type, _ in wish.names], parameters)
    names = naming("name", [name for _, name in wish.names], parameters)
    conditions = ""
    if wish.domains:
        conditions += f"AND e.domain IN ({', '.join(naming('domain', wish.domains, parameters))}) "
    if wish.tags:
        keys = naming("tag", [tag_key(name, value) for name, value in wish.tags], parameters)
        conditions += _TAGGED.format(tags=", ".join(keys))
    sql = _TELL.format(
        names=" ".join(f"WHEN {type} THEN {name}" for type, name in zip(types, names, strict=True)),
        types=", ".join(types),
        usual=", ".join(usual),
        conditions=conditions,
        endpoints=", ".join(naming("endpoint", endpoints, parameters)),
    )
    return Statement(sql, parameters)


def _settling(like: _Like, events: Sequence[int]) -> Statement:
    condition, named = among("event_id", events)
    sql = (
        "UPDATE webhook_deliveries SET state = :state, tries = :tries, due_at = :due_at, lease = NULL "
        f"WHERE {condition} AND endpoint_id = :endpoint AND lease = :lease"
    )
    return Statement(sql, {**named, **like._asdict(), "state": like.state.value})


def _parameters(delivery: WebhookDelivery) -> Parameters:
    return {name: getattr(delivery, name) for name in _FIELDS.split()} | {"state": delivery.state.value}


def _delivery_from(row: Row) -> WebhookDelivery:
    values: dict[str, Any] = dict(zip(_FIELDS.split(), row, strict=True))
    return WebhookDelivery(**{**values, "state": DeliveryState(values["state"])})


def _attempt_parameters(attempt: WebhookAttempt) -> Parameters:
    return {name: getattr(attempt, name) for name in _ATTEMPT.split()}


def _attempt_from(row: Row) -> WebhookAttempt:
    values: dict[str, Any] = dict(zip(("id", *_ATTEMPT.split()), row, strict=True))
    return WebhookAttempt(**values)
