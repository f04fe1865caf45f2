"""What was read lately and need not be read again for every message: for `FRESH` milliseconds, in bounded memory.

On PostgreSQL another node may have changed it meanwhile; what this process changes it forgets at once.
"""

from typing import Generic, TypeVar

FRESH = 5_000
MOST = 10_000  # entries; beyond it everything is forgotten at once

K = TypeVar("K")
V = TypeVar("V")


class Remembered(Generic[K, V]):
    def __init__(self) -> None:
        self._entries: dict[K, tuple[int, V]] = {}

    def get(self, key: K, now: int) -> V | None:
        entry = self._entries.get(key)
        return entry[1] if entry is not None and entry[0] > now else None

    def stale(self, key: K) -> V | None:
        """What was remembered, however old."""
        entry = self._entries.get(key)
        return entry[1] if entry is not None else None

    def put(self, key: K, value: V, until: int) -> None:
        if len(self._entries) >= MOST:
            self._entries.clear()
        self._entries[key] = (until, value)

    def clear(self) -> None:
        self._entries.clear()
