"""Domains, DKIM keys and API keys.

Every accepted message asks here, so answers are remembered: until this process changes something, and for `FRESH`
milliseconds at most, since on PostgreSQL another node may have changed it.
"""

from typing import Any

from emailgw.core.directory import DkimAlgorithm, DkimKey, Domain, DomainStatus
from emailgw.core.ids import DomainId
from emailgw.store.keys import ApiKeys
from emailgw.store.verb import Database, Row, Statement, Verb, insert

FRESH = 5_000
REMEMBERED = 10_000  # entries; beyond it everything is forgotten at once

_DOMAIN = "SELECT id, name, status, created_at FROM domains"
_DKIM_KEY = "SELECT domain_id, selector, algorithm, sealed, record, created_at FROM dkim_keys"


class Directory(ApiKeys):
    """Both at once: whoever accepts a message asks about its key and its author's domain."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._domains: dict[str, tuple[int, Domain | None]] = {}
        self._dkim_keys: dict[str, tuple[int, tuple[DkimKey, ...]]] = {}

    async def add_domain(self, domain: Domain, dkim_keys: tuple[DkimKey, ...]) -> None:
        """Raises Conflict when the name is taken."""
        statements = [
            Statement(
                insert("domains", "id name status created_at") + " ON CONFLICT DO NOTHING",
                {"id": domain.id, "name": domain.name, "status": domain.status, "created_at": domain.created_at},
                touches=1,
                otherwise=f"the domain {domain.name} exists already",
            )
        ]
        statements += [
            Statement(
                insert("dkim_keys", "domain_id selector algorithm sealed record created_at"),
                {
                    "domain_id": key.domain_id,
                    "selector": key.selector,
                    "algorithm": key.algorithm,
                    "sealed": key.sealed,
                    "record": key.record,
                    "created_at": key.created_at,
                },
            )
            for key in dkim_keys
        ]
        await self._write(Verb(tuple(statements)))

    async def domain(self, name: str, now: int) -> Domain | None:
        """The domain of exactly this name (A-labels)."""
        remembered = self._domains.get(name)
        if remembered is None or remembered[0] <= now:
            found = await self._database.read(_DOMAIN + " WHERE name = :name", {"name": name})
            remembered = (now + FRESH, _domain_from(found[0]) if found else None)
            _remember(self._domains, name, remembered)
        return remembered[1]

    async def domains(self) -> list[Domain]:
        return [_domain_from(row) for row in await self._database.read(_DOMAIN + " ORDER BY name")]

    async def dkim_keys(self, domain: Domain, now: int) -> tuple[DkimKey, ...]:
        """The keys its mail is signed with; the same tuple object until something changes."""
        remembered = self._dkim_keys.get(domain.id)
        if remembered is None or remembered[0] <= now:
            found = await self._database.read(_DKIM_KEY + " WHERE domain_id = :id ORDER BY selector", {"id": domain.id})
            keys = tuple(_dkim_key_from(row) for row in found)
            if remembered is not None and remembered[1] == keys:
                keys = remembered[1]
            remembered = (now + FRESH, keys)
            _remember(self._dkim_keys, domain.id, remembered)
        return remembered[1]

    async def _write(self, verb: Verb) -> None:
        try:
            await self._database.write(verb)
        finally:
            self._domains.clear()
            self._dkim_keys.clear()


def _remember(table: dict[Any, Any], key: object, value: object) -> None:
    if len(table) >= REMEMBERED:
        table.clear()
    table[key] = value


def _domain_from(row: Row) -> Domain:
    values: tuple[Any, ...] = row
    return Domain(DomainId(values[0]), values[1], DomainStatus(values[2]), values[3])


def _dkim_key_from(row: Row) -> DkimKey:
    values: tuple[Any, ...] = row
    return DkimKey(DomainId(values[0]), values[1], DkimAlgorithm(values[2]), values[3], values[4], values[5])
