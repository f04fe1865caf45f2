"""API keys made and given new tokens: what the API and the operator's commands have in common."""

import secrets
import string
from collections.abc import Callable

import msgspec

from emailgw.core.directory import KEY_PREFIXES, ApiKey, Dialect
from emailgw.core.ids import KeyId, uuid7
from emailgw.core.keys import hash_key
from emailgw.errors import Conflict, Rejected
from emailgw.store.directory import Directory

GRACE = 24 * 3_600_000  # milliseconds for which the old token of a rotated key stays good

_KEY_CHARACTERS = string.ascii_letters + string.digits
_KEY_LENGTH = 48  # 285 random bits, as long as Sendkit's


class KeyMaker:
    def __init__(self, directory: Directory, clock: Callable[[], int]) -> None:
        self._directory = directory
        self._clock = clock

    def blank(self, name: str, dialect: Dialect) -> tuple[ApiKey, str]:
        """A key that is stored nowhere yet, and its token, which will be shown once."""
        now = self._clock()
        token = new_token(dialect)
        id = KeyId(uuid7(now, secrets.token_bytes(10)))
        return ApiKey(id, name, hash_key(token), token[:9], dialect, now), token

    async def restricted(self, key: ApiKey, domains: tuple[str, ...]) -> ApiKey:
        """The key for these domains, given by name or id. Raises Rejected for one that is not here."""
        known = await self._directory.domains()
        names = []
        for wanted in domains:
            found = [domain.name for domain in known if wanted in (domain.id, domain.name)]
            if not found:
                raise Rejected(f"There is no domain {wanted!r} here; add it before a key is restricted to it.")
            names += found
        return msgspec.structs.replace(key, domains=tuple(dict.fromkeys(names)))

    async def add(self, key: ApiKey) -> None:
        """Raises Rejected when it would be expired at birth."""
        if key.expires_at is not None and key.expires_at <= self._clock():
            raise Rejected("The `expires_at` field lies in the past.", name="invalid_parameter")
        await self._directory.add_api_key(key)

    async def rotate(self, key: ApiKey, grace: int = GRACE) -> tuple[ApiKey, str]:
        """The key with a new token, and that token; the old one stays good for `grace` milliseconds."""
        if not key.is_valid(self._clock()):
            raise Conflict("the API key is revoked or expired")
        token = new_token(key.dialect)
        hash, hint = hash_key(token), token[:9]
        await self._directory.rotate_api_key(key, hash, hint, self._clock() + grace)
        return msgspec.structs.replace(key, hash=hash, hint=hint), token


def new_token(dialect: Dialect) -> str:
    return KEY_PREFIXES[dialect] + "".join(secrets.choice(_KEY_CHARACTERS) for _ in range(_KEY_LENGTH))
