"""Mail goes first: while it waits for the processor, webhooks take what it leaves, and a twentieth at the least.

What they cost is reckoned, not measured: a carrier's work is spread over many turns of the loop. The share halves each
time that the loop is late, and grows slowly while it is not, so that a queue which only waits for slow hosts slows
nobody down. One for all carriers and the reader of the log.
"""

import asyncio
from collections.abc import Callable

LEAST = 0.05
GROWTH = 0.002  # of the share, at each look that finds the loop in time
LOOK = 0.01  # seconds between two looks while mail waits
IDLE_LOOK = 0.1
LATE = 0.0015  # seconds
# What a turn costs the loop, in seconds, as tests/bench measured it.
ROUND = 0.001
POST = 0.000_4
EVENT = 0.000_1  # read, rendered
ROW = 0.000_03  # what an endpoint is to be told


class Courtesy:
    """`mail_waits` is asked on the loop."""

    def __init__(self, mail_waits: Callable[[], bool] = lambda: False) -> None:
        self._mail_waits = mail_waits
        self._share = 1.0
        self._free_at = 0.0

    async def run(self) -> None:
        """Until cancelled: look how much there is to share."""
        loop = asyncio.get_running_loop()
        while True:
            waits = self._mail_waits()
            began, pause = loop.time(), LOOK if waits else IDLE_LOOK
            await asyncio.sleep(pause)
            self.saw(waits, loop.time() - began - pause)

    def saw(self, mail_waits: bool, late: float) -> None:
        """By how many seconds the loop was late."""
        if not mail_waits:
            self._share, self._free_at = 1.0, 0.0
        elif late > LATE:
            self._share = max(LEAST, self._share / 2)
        else:
            self._share = min(1.0, self._share + GROWTH)

    def wait(self, now: float) -> float:
        """Seconds until the next piece of work may begin."""
        return max(0.0, self._free_at - now)

    def took(self, cost: float, now: float) -> None:
        """A piece of work of so many seconds begins."""
        self._free_at = max(self._free_at, now) + cost * (1 / self._share - 1)
