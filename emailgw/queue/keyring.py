"""Who knocks: the API key of a token, for every door alike. Unknown, revoked and expired keys all look the same."""

import asyncio
import contextlib
from collections.abc import Callable

import msgspec

from emailgw.core.directory import ApiKey, Dialect
from emailgw.core.ids import KeyId
from emailgw.core.keys import hash_key
from emailgw.errors import Conflict, NotFound, StoreUnavailable
from emailgw.store.directory import Directory
from emailgw.store.remembered import FRESH, Remembered

NOTE_EVERY = 60_000  # milliseconds between two notes of when a key was last used
# Mail of this machine's own programs (`sendmail`) belongs to this key, which exists nowhere else.
LOCAL = ApiKey(KeyId("sendmail"), "sendmail", b"", "", Dialect.RESEND, 0)

_LONGEST_KEY = 256
_MOST_NOTED = 10_000


class KeyRing:
    def __init__(self, directory: Directory, clock: Callable[[], int]) -> None:
        self._directory = directory
        self._clock = clock
        self._noting: set[asyncio.Task[None]] = set()
        self._noted: dict[KeyId, int] = {}
        self._named: Remembered[str, ApiKey] = Remembered()  # each new session asks

    async def find(self, text: str) -> ApiKey | None:
        """The valid key with this token. Raises StoreUnavailable."""
        now = self._clock()
        key = await self._directory.api_key(hash_key(text), now) if len(text) <= _LONGEST_KEY else None
        return self._valid(key, now)

    async def still(self, key: ApiKey) -> ApiKey | None:
        """A key that was found before, if it is valid yet: a connection may outlive it. Raises StoreUnavailable."""
        now = self._clock()
        if key is LOCAL:
            return key
        if not key.is_valid(now):  # also the end of a rotated token's grace
            return None
        found = await self._directory.api_key(key.hash, now)
        return self._valid(found and msgspec.structs.replace(found, expires_at=key.expires_at), now)

    async def named(self, id_or_name: str) -> ApiKey | None:
        """The valid key that the operator called so, for clients that need no token. Raises StoreUnavailable."""
        now = self._clock()
        known = self._named.get(id_or_name, now)
        if known is None:
            try:
                known = await self._directory.api_key_named(id_or_name)
            except (NotFound, Conflict):
                return None
            self._named.put(id_or_name, known, now + FRESH)
        return self._valid(known, now)

    def _valid(self, key: ApiKey | None, now: int) -> ApiKey | None:
        if key is None or not key.is_valid(now):
            return None
        if now >= self._noted.get(key.id, 0) + NOTE_EVERY:
            self._note_use(key, now)
        return key

    def _note_use(self, key: ApiKey, now: int) -> None:
        """Beside the request, which does not wait for it."""
        if len(self._noted) >= _MOST_NOTED:
            self._noted.clear()
        self._noted[key.id] = now

        async def note() -> None:
            with contextlib.suppress(StoreUnavailable):
                await self._directory.touch_api_key(key, now)

        task = asyncio.create_task(note())
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)
