"""What comes due soon: (time, next hop) entries, bounded; what does not fit is found by a scan of the store."""

import heapq

HORIZON = 60_000  # milliseconds ahead that it looks; what is due later is found by a scan
GRAIN = 200  # milliseconds: what comes due for a next hop within them is one entry, at their end
LIMIT = 20_000  # entries


class Agenda:
    """Times in milliseconds UTC."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []
        self._entries: set[tuple[int, str]] = set()

    def add(self, nexthop: str, due_at: int, now: int) -> bool:
        """Whether it became the first entry, so that whoever waits for `next` must look again."""
        entry = (-(-due_at // GRAIN) * GRAIN, nexthop)
        if due_at > now + HORIZON or len(self._heap) >= LIMIT or entry in self._entries:
            return False
        self._entries.add(entry)
        heapq.heappush(self._heap, entry)
        return self._heap[0] == entry

    @property
    def next(self) -> int | None:
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: int) -> list[str]:
        """The next hops whose time has come, earliest first."""
        due: list[str] = []
        while self._heap and self._heap[0][0] <= now:
            entry = heapq.heappop(self._heap)
            self._entries.remove(entry)
            due.append(entry[1])
        return due
