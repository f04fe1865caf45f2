"""Domains, DKIM keys and API keys.

Every accepted message asks here, so answers are remembered: until this process changes something, and for `FRESH`
milliseconds at most, since on PostgreSQL another node may have changed it.
"""

from typing import Any

from emailgw.core.directory import ApiKey, Dialect, DkimAlgorithm, DkimKey, Domain, DomainStatus
from emailgw.core.ids import DomainId, KeyId
from emailgw.errors import Conflict, NotFound
from emailgw.store.verb import Database, Parameters, Row, Statement, Verb, insert

FRESH = 5_000
REMEMBERED = 10_000  # entries; beyond it everything is forgotten at once

_DOMAIN = "SELECT id, name, status, created_at FROM domains"
_DKIM_KEY = "SELECT domain_id, selector, algorithm, sealed, record, created_at FROM dkim_keys"
_API_KEY = "SELECT id, name, hash, hint, dialect, created_at, revoked_at FROM api_keys"


class Directory:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._domains: dict[str, tuple[int, Domain | None]] = {}
        self._dkim_keys: dict[str, tuple[int, tuple[DkimKey, ...]]] = {}
        self._api_keys: dict[bytes, tuple[int, ApiKey | None]] = {}

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

    async def add_api_key(self, key: ApiKey) -> None:
        sql = insert("api_keys", "id name hash hint dialect created_at")
        parameters: Parameters = {
            "id": key.id,
            "name": key.name,
            "hash": key.hash,
            "hint": key.hint,
            "dialect": key.dialect,
            "created_at": key.created_at,
        }
        await self._write(Verb((Statement(sql, parameters),)))

    async def api_key(self, hash: bytes, now: int) -> ApiKey | None:
        """The key with this hash, revoked or not."""
        remembered = self._api_keys.get(hash)
        if remembered is None or remembered[0] <= now:
            found = await self._database.read(_API_KEY + " WHERE hash = :hash", {"hash": hash})
            remembered = (now + FRESH, _api_key_from(found[0]) if found else None)
            if remembered[1] is not None:  # guesses must not push out real keys
                _remember(self._api_keys, hash, remembered)
        return remembered[1]

    async def api_keys(self) -> list[ApiKey]:
        return [_api_key_from(row) for row in await self._database.read(_API_KEY + " ORDER BY created_at")]

    async def revoke_api_key(self, id_or_hint: str, now: int) -> ApiKey:
        """Raises NotFound; Conflict when it was revoked before or the hint names several."""
        found = [key for key in await self.api_keys() if id_or_hint in (key.id, key.hint, key.name)]
        if not found:
            raise NotFound(f"there is no API key {id_or_hint!r}")
        if len(found) > 1:
            raise Conflict(f"{len(found)} API keys are called {id_or_hint!r}; name one by its id")
        update = Statement(
            "UPDATE api_keys SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL",
            {"id": found[0].id, "now": now},
            touches=1,
            otherwise=f"the API key {id_or_hint!r} was revoked before",
        )
        await self._write(Verb((update,)))
        return found[0]

    async def _write(self, verb: Verb) -> None:
        try:
            await self._database.write(verb)
        finally:
            self._domains.clear()
            self._dkim_keys.clear()
            self._api_keys.clear()


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


def _api_key_from(row: Row) -> ApiKey:
    values: tuple[Any, ...] = row
    return ApiKey(KeyId(values[0]), values[1], values[2], values[3], Dialect(values[4]), values[5], values[6])
