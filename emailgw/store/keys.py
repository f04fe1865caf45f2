"""API keys: found by the hash of their token for every request, so what is found is remembered for a while.

A rotated key has two tokens for a time: the old one finds the same key, which then expires when its grace is over.
"""

from typing import Any

import msgspec

from emailgw.core.directory import ApiKey, Dialect, KeyMode, Permission
from emailgw.core.ids import KeyId
from emailgw.errors import Conflict, NotFound
from emailgw.store.remembered import FRESH, Remembered
from emailgw.store.verb import Database, Parameters, Row, Statement, Verb, insert

_FIELDS = (
    "id name hash hint dialect created_at revoked_at permission domains mode expires_at rate_limit daily_quota "
    "monthly_quota last_used_at"
)
_API_KEY = f"SELECT {', '.join(_FIELDS.split())} FROM api_keys"
_CHANGE = (
    "UPDATE api_keys SET name = :name, permission = :permission, domains = :domains, mode = :mode, "
    "expires_at = :expires_at, rate_limit = :rate_limit, daily_quota = :daily_quota, monthly_quota = :monthly_quota "
    "WHERE id = :id"
)


class ApiKeys:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._found_keys: Remembered[bytes, ApiKey] = Remembered()

    async def add_api_key(self, key: ApiKey) -> None:
        await self._write_keys(Statement(insert("api_keys", _FIELDS), _parameters(key)))

    async def api_key(self, hash: bytes, now: int) -> ApiKey | None:
        """The key with this token's hash, revoked and expired or not."""
        remembered = self._found_keys.get(hash, now)
        if remembered is not None:
            return remembered
        found = await self._database.read(_API_KEY + " WHERE hash = :hash", {"hash": hash})
        key = _api_key_from(found[0]) if found else await self._by_old_hash(hash)
        if key is not None:  # guesses must not push out real keys
            self._found_keys.put(hash, key, now + FRESH)
        return key

    async def api_keys(self) -> list[ApiKey]:
        """Oldest first, revoked ones too."""
        return [_api_key_from(row) for row in await self._database.read(_API_KEY + " ORDER BY id")]

    async def api_key_named(self, id_or_hint: str) -> ApiKey:
        """By id, name or first characters. Raises NotFound, or Conflict when it names several."""
        found = [key for key in await self.api_keys() if id_or_hint in (key.id, key.hint, key.name)]
        if not found:
            raise NotFound(f"there is no API key {id_or_hint!r}")
        if len(found) > 1:
            raise Conflict(f"{len(found)} API keys are called {id_or_hint!r}; name one by its id")
        return found[0]

    async def change_api_key(self, key: ApiKey) -> None:
        """Write what may change of a key: not its token, its dialect or its birth. Raises Conflict when it is gone."""
        await self._write_keys(Statement(_CHANGE, _parameters(key), touches=1, otherwise="the API key is gone"))

    async def rotate_api_key(self, key: ApiKey, hash: bytes, hint: str, old_until: int) -> None:
        """Give it another token; the one it has stays good until `old_until`. Raises Conflict when it was just rotated
        by someone else or is revoked.
        """
        sql = (
            "UPDATE api_keys SET old_hash = hash, old_until = :until, hash = :new, hint = :hint "
            "WHERE id = :id AND hash = :old AND revoked_at IS NULL"
        )
        parameters: Parameters = {"id": key.id, "old": key.hash, "new": hash, "hint": hint, "until": old_until}
        await self._write_keys(Statement(sql, parameters, touches=1, otherwise="the API key was changed meanwhile"))

    async def revoke_api_key(self, id_or_hint: str, now: int) -> ApiKey:
        """Raises NotFound; Conflict when it was revoked before or the hint names several."""
        key = await self.api_key_named(id_or_hint)
        update = Statement(
            "UPDATE api_keys SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL",
            {"id": key.id, "now": now},
            touches=1,
            otherwise=f"the API key {id_or_hint!r} was revoked before",
        )
        await self._write_keys(update)
        return key

    async def touch_api_key(self, key: ApiKey, now: int) -> None:
        """Note that it was used. May be forgotten in a power cut."""
        update = Statement("UPDATE api_keys SET last_used_at = :now WHERE id = :id", {"id": key.id, "now": now})
        await self._database.write(Verb((update,), durable=False))

    async def count_recipients(self, key_id: KeyId, since: str) -> int:
        """How many recipients the key was accepted for, in messages whose ids are not below `since`."""
        sql = (
            "SELECT count(*) FROM messages m JOIN recipients r ON r.message_id = m.id "
            "WHERE m.id >= :since AND m.key_id = :key"
        )
        return int((await self._database.read(sql, {"since": since, "key": key_id}))[0][0] or 0)

    async def _by_old_hash(self, hash: bytes) -> ApiKey | None:
        sql = _API_KEY.replace(" FROM", ", old_until FROM") + " WHERE old_hash = :hash"
        found = await self._database.read(sql, {"hash": hash})
        if not found:
            return None
        key = _api_key_from(found[0][:-1])
        until = int(found[0][-1] or 0)
        return msgspec.structs.replace(key, expires_at=min(until, key.expires_at or until))

    async def _write_keys(self, statement: Statement) -> None:
        try:
            await self._database.write(Verb((statement,)))
        finally:
            self._found_keys.clear()


def _parameters(key: ApiKey) -> Parameters:
    return {
        "id": key.id,
        "name": key.name,
        "hash": key.hash,
        "hint": key.hint,
        "dialect": key.dialect.value,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
        "permission": key.permission.value,
        "domains": " ".join(key.domains),
        "mode": key.mode.value,
        "expires_at": key.expires_at,
        "rate_limit": key.rate_limit,
        "daily_quota": key.daily_quota,
        "monthly_quota": key.monthly_quota,
        "last_used_at": key.last_used_at,
    }


def _api_key_from(row: Row) -> ApiKey:
    values: tuple[Any, ...] = row
    return ApiKey(
        id=KeyId(values[0]),
        name=values[1],
        hash=values[2],
        hint=values[3],
        dialect=Dialect(values[4]),
        created_at=values[5],
        revoked_at=values[6],
        permission=Permission(values[7]),
        domains=tuple(values[8].split()),
        mode=KeyMode(values[9]),
        expires_at=values[10],
        rate_limit=values[11],
        daily_quota=values[12],
        monthly_quota=values[13],
        last_used_at=values[14],
    )
