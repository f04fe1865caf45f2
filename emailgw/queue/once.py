"""Idempotency keys, for every door: what was carried out is answered again and not carried out again (contracts 2.5).

The answer is stored with its effect in one transaction, so this holds across a crash; a request that was refused left
no effect and no record. Within this process a second one that comes while the first runs is told to come later.
"""

from collections.abc import Awaitable, Callable

from emailgw.core.directory import ApiKey
from emailgw.errors import Conflict, Rejected
from emailgw.store.idempotency import Idempotency, Remembered

LONGEST_NAME = 256

Remember = Callable[[bytes], Remembered | None]  # the answer → what to store with its effect
Work = Callable[[Remember], Awaitable[bytes]]  # carries the request out and returns the answer


class Once:
    def __init__(self, idempotency: Idempotency, clock: Callable[[], int]) -> None:
        self._idempotency = idempotency
        self._clock = clock
        self._running: set[tuple[str, str]] = set()

    async def answer(
        self, name: str | None, key: ApiKey, fingerprint: Callable[[], Awaitable[bytes]], work: Work
    ) -> bytes:
        """The answer of `work`, or the one it gave before under the same `name`. `fingerprint`: SHA-256 of what is
        asked. Raises Rejected.
        """
        if name is None:
            return await work(lambda answer: None)
        if not 0 < len(name) <= LONGEST_NAME:
            raise Rejected(
                f"The `Idempotency-Key` header must have 1 to {LONGEST_NAME} characters.",
                name="invalid_idempotency_key",
            )
        place = (key.id, name)
        if place in self._running:
            raise Rejected(
                "A request with this idempotency key is being carried out; try again when it is over.",
                name="concurrent_idempotent_requests",
            )
        self._running.add(place)
        try:
            return await self._once(name, await fingerprint(), key, work)
        finally:
            self._running.discard(place)

    async def _once(self, name: str, fingerprint: bytes, key: ApiKey, work: Work) -> bytes:
        known = await self._idempotency.find(key.id, name, self._clock())
        if known is None:
            try:
                return await work(lambda answer: Remembered(key.id, name, fingerprint, answer, self._clock()))
            except Conflict:
                # Another process, or a request whose client left while its transaction was on its way.
                known = await self._idempotency.find(key.id, name, self._clock())
                if known is None:
                    raise
        if known.fingerprint != fingerprint:
            raise Rejected(
                "This idempotency key was used for another request; use a new key for each request.",
                name="invalid_idempotent_request",
            )
        return known.answer
