"""Domains, DKIM keys and API keys.

Every accepted message asks here, so answers are remembered: until this process changes something, and for `FRESH`
milliseconds at most, since on PostgreSQL another node may have changed it.
"""

from typing import Any

import msgspec

from emailgw.core.directory import DkimAlgorithm, DkimKey, DkimKeyState, Domain, DomainRecord, DomainStatus
from emailgw.core.events import Event
from emailgw.core.ids import DomainId
from emailgw.errors import NotFound
from emailgw.store.events import writing
from emailgw.store.keys import ApiKeys
from emailgw.store.remembered import FRESH, Remembered
from emailgw.store.rows import event_parameters
from emailgw.store.verb import Database, Parameters, Row, Statement, Verb, insert

_DOMAIN_FIELDS = "id name status created_at options checked_at failures checked"
_DOMAIN = f"SELECT {', '.join(_DOMAIN_FIELDS.split())} FROM domains"
_DKIM_FIELDS = "domain_id selector algorithm sealed record created_at state retired_at"
_DKIM_KEY = f"SELECT {', '.join(_DKIM_FIELDS.split())} FROM dkim_keys"
_INSERT_DKIM_KEY = insert("dkim_keys", _DKIM_FIELDS)
# Deleted only when nothing waits to be signed with its keys: said in the statement, so that no mail slips in between.
_UNFINISHED = (
    "EXISTS (SELECT 1 FROM recipients r JOIN messages m ON m.id = r.message_id WHERE m.domain = :name AND "
    "(r.due_at IS NOT NULL OR r.state = 'held'))"
)


class _Options(msgspec.Struct, frozen=True, omit_defaults=True):
    return_path: str = "send"
    tracking: str = "links"
    open_tracking: bool = False
    click_tracking: bool = False
    tls: str = "opportunistic"
    receiving: bool = False


_options = msgspec.json.Decoder(_Options)
_checked = msgspec.json.Decoder(tuple[DomainRecord, ...])


class Directory(ApiKeys):
    """Both at once: whoever accepts a message asks about its key and its author's domain."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._found_domains: Remembered[str, tuple[Domain | None]] = Remembered()
        self._found_dkim_keys: Remembered[str, tuple[DkimKey, ...]] = Remembered()

    async def add_domain(self, domain: Domain, dkim_keys: tuple[DkimKey, ...], event: Event | None = None) -> None:
        """With the event that tells of it. Raises Conflict when the name is taken."""
        added = Statement(
            insert("domains", _DOMAIN_FIELDS) + " ON CONFLICT DO NOTHING",
            _domain_parameters(domain),
            touches=1,
            otherwise=f"the domain {domain.name} exists already",
        )
        await self._write(Verb((added, *map(_insert_dkim_key, dkim_keys), *_told(event))))

    async def domain(self, name: str, now: int) -> Domain | None:
        """The domain of exactly this name (A-labels)."""
        remembered = self._found_domains.get(name, now)
        if remembered is None:
            found = await self._database.read(_DOMAIN + " WHERE name = :name", {"name": name})
            remembered = (_domain_from(found[0]) if found else None,)
            self._found_domains.put(name, remembered, now + FRESH)
        return remembered[0]

    async def domains(self) -> list[Domain]:
        return [_domain_from(row) for row in await self._database.read(_DOMAIN + " ORDER BY name")]

    async def domain_named(self, id_or_name: str) -> Domain:
        """Raises NotFound."""
        found = await self._database.read(_DOMAIN + " WHERE id = :name OR name = :name", {"name": id_or_name})
        if not found:
            raise NotFound("Domain not found")
        return _domain_from(found[0])

    async def change_domain(self, domain: Domain, event: Event | None = None) -> None:
        """Write its options, with the event; nothing that a check finds. Raises Conflict when it is gone."""
        statement = Statement(
            "UPDATE domains SET options = :options WHERE id = :id",
            {"id": domain.id, "options": _domain_parameters(domain)["options"]},
            touches=1,
            otherwise="the domain is gone",
        )
        await self._write(Verb((statement, *_told(event))))

    async def record_check(
        self, domain: Domain, shown: tuple[DkimKey, ...], now: int, before: Domain, event: Event | None = None
    ) -> None:
        """Write what a check found: status, records, and the new DKIM keys that DNS shows, which from now on sign in
        the place of the old ones of their algorithm. `event` tells of the change from `before`, unless another check
        was faster and told it already.
        """
        update = Statement(
            "UPDATE domains SET status = :status, checked_at = :checked_at, failures = :failures, checked = :checked "
            "WHERE id = :id",
            {name: value for name, value in _domain_parameters(domain).items() if name in _CHECKED},
        )
        statements = [update]
        if event is not None:
            told = {**event_parameters(event), "id": before.id, "status": before.status.value}
            statements.insert(0, Statement(_TELL_CHECK, {**told, "failures": before.failures}))
        for key in shown:
            parameters: Parameters = {
                "id": domain.id,
                "selector": key.selector,
                "algorithm": key.algorithm.value,
                "now": now,
            }
            statements += [Statement(sql, parameters) for sql in (_RETIRE, _ACTIVATE)]
        await self._write(Verb(tuple(statements)))

    async def remove_domain(self, domain: Domain, event: Event | None = None) -> None:
        """With its keys, and the event. Raises Conflict while mail of it is unfinished, or when it is gone."""
        parameters: Parameters = {"id": domain.id, "name": domain.name}
        keys = Statement(f"DELETE FROM dkim_keys WHERE domain_id = :id AND NOT {_UNFINISHED}", parameters)
        row = Statement(
            f"DELETE FROM domains WHERE id = :id AND NOT {_UNFINISHED}",
            parameters,
            touches=1,
            otherwise=f"mail from {domain.name} is still queued or held: wait until it is finished, or cancel it first",
        )
        await self._write(Verb((keys, row, *_told(event))))

    async def dkim_keys(self, domain: Domain, now: int) -> tuple[DkimKey, ...]:
        """The keys its mail is signed with; the same tuple object until something changes."""
        remembered = self._found_dkim_keys.get(domain.id, now)
        if remembered is None:
            remembered = tuple(key for key in await self.all_dkim_keys(domain) if key.state is DkimKeyState.ACTIVE)
            if self._found_dkim_keys.stale(domain.id) == remembered:
                remembered = self._found_dkim_keys.stale(domain.id) or remembered
            self._found_dkim_keys.put(domain.id, remembered, now + FRESH)
        return remembered

    async def all_dkim_keys(self, domain: Domain) -> tuple[DkimKey, ...]:
        """Those to come and those that are retired, too."""
        found = await self._database.read(_DKIM_KEY + " WHERE domain_id = :id ORDER BY selector", {"id": domain.id})
        return tuple(_dkim_key_from(row) for row in found)

    async def any_dkim_key(self) -> DkimKey | None:
        """Some key of some domain, to see whether the master key opens it."""
        found = await self._database.read(_DKIM_KEY + " LIMIT 1", {})
        return _dkim_key_from(found[0]) if found else None

    async def add_dkim_keys(self, keys: tuple[DkimKey, ...]) -> None:
        """Raises Conflict when a selector is taken."""
        await self._write(Verb(tuple(map(_insert_dkim_key, keys))))

    async def forget_dkim_keys(self, before: int) -> None:
        """Those that were retired before this time."""
        sql = "DELETE FROM dkim_keys WHERE state = 'retired' AND retired_at < :before"
        await self._database.write(Verb((Statement(sql, {"before": before}),), durable=False))

    async def _write(self, verb: Verb) -> None:
        try:
            await self._database.write(verb)
        finally:
            self._found_domains.clear()
            self._found_dkim_keys.clear()


_CHECKED = ("id", "status", "checked_at", "failures", "checked")
_RETIRE = (
    "UPDATE dkim_keys SET state = 'retired', retired_at = :now WHERE domain_id = :id AND algorithm = :algorithm "
    "AND selector <> :selector AND state = 'active'"
)
_ACTIVATE = "UPDATE dkim_keys SET state = 'active' WHERE domain_id = :id AND selector = :selector"


_TELL_CHECK = (
    "INSERT INTO events (at, type, message_id, recipient_id, address, detail, domain) "
    "SELECT :at, :type, :message_id, :recipient_id, :address, :detail, :domain FROM domains d "
    "WHERE d.id = :id AND d.status = :status AND d.failures = :failures"
)


def _told(event: Event | None) -> tuple[Statement, ...]:
    return (writing(event),) if event is not None else ()


def _insert_dkim_key(key: DkimKey) -> Statement:
    parameters: Parameters = {
        "domain_id": key.domain_id,
        "selector": key.selector,
        "algorithm": key.algorithm.value,
        "sealed": key.sealed,
        "record": key.record,
        "created_at": key.created_at,
        "state": key.state.value,
        "retired_at": key.retired_at,
    }
    return Statement(_INSERT_DKIM_KEY, parameters)


def _domain_parameters(domain: Domain) -> Parameters:
    options = _Options(
        domain.return_path, domain.tracking, domain.open_tracking, domain.click_tracking, domain.tls, domain.receiving
    )
    return {
        "id": domain.id,
        "name": domain.name,
        "status": domain.status.value,
        "created_at": domain.created_at,
        "options": msgspec.json.encode(options).decode(),
        "checked_at": domain.checked_at,
        "failures": domain.failures,
        "checked": msgspec.json.encode(domain.checked).decode(),
    }


def _domain_from(row: Row) -> Domain:
    values: tuple[Any, ...] = row
    options = _options.decode(values[4])
    return Domain(
        id=DomainId(values[0]),
        name=values[1],
        status=DomainStatus(values[2]),
        created_at=values[3],
        return_path=options.return_path,
        tracking=options.tracking,
        open_tracking=options.open_tracking,
        click_tracking=options.click_tracking,
        tls=options.tls,
        receiving=options.receiving,
        checked_at=values[5],
        failures=values[6],
        checked=_checked.decode(values[7]),
    )


def _dkim_key_from(row: Row) -> DkimKey:
    values: tuple[Any, ...] = row
    return DkimKey(
        domain_id=DomainId(values[0]),
        selector=values[1],
        algorithm=DkimAlgorithm(values[2]),
        sealed=values[3],
        record=values[4],
        created_at=values[5],
        state=DkimKeyState(values[6]),
        retired_at=values[7],
    )
