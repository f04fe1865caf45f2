"""The course of one try: the time it has left, with whom it speaks, and what was said. Made by `agent`."""

import asyncio

from emailgw.core.events import TLSInfo
from emailgw.core.text import clean_line

MAX_LINES = 60  # of a transcript; the beginning and the end of a longer one are kept
_FIRST_LINES = 20


class Trace:
    """`limit`: milliseconds from now until the try must be over, on the loop's monotonic clock.

    `host`, `address`, `tls`: of the last one spoken to. `connect_time`: milliseconds until there was a session.
    """

    def __init__(self, limit: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.began = self._loop.time()
        self._until = self.began + limit / 1000
        self._lines: list[str] = []
        self.host: str | None = None
        self.address: str | None = None
        self.tls: TLSInfo | None = None
        self.connect_time = 0

    def seconds(self, timeout: int) -> float:
        """How long a step may take that by itself has `timeout` milliseconds; never more than the try has left."""
        return min(timeout / 1000, max(self._until - self._loop.time(), 0))

    @property
    def is_over(self) -> bool:
        """Whether what is left is too little to begin anything with (timers may fire a little early)."""
        return self._loop.time() >= self._until - 0.01

    @property
    def elapsed(self) -> int:
        """Milliseconds since the try began."""
        return round((self._loop.time() - self.began) * 1000)

    def sent(self, line: str) -> None:
        self._lines.append(f"> {line}")

    def received(self, line: str) -> None:
        """`line` is cleaned, as every text of a Reply is."""
        self._lines.append(f"< {line}")

    def remark(self, text: str) -> None:
        self._lines.append(f"! {clean_line(text)}")

    @property
    def transcript(self) -> tuple[str, ...]:
        lines = self._lines
        if len(lines) <= MAX_LINES:
            return tuple(lines)
        last = MAX_LINES - _FIRST_LINES - 1
        left_out = f"! {len(lines) - MAX_LINES + 1} lines left out"
        return (*lines[:_FIRST_LINES], left_out, *lines[-last:])
