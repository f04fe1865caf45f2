"""The process's clock: milliseconds UTC that never jump.

Wall time decides when mail expires and when it is tried again, so a machine whose clock leaps by years must not make
the whole queue expire or come due at once. The clock starts from the wall and runs on with the monotonic clock, which
on Linux is the one that also counts while the machine sleeps: that is time passing, no leap. Small corrections (NTP)
are followed, a leap is not, and `leap` tells of it.
"""

import functools
import time
from collections.abc import Callable

_STEADY: Callable[[], int] = (
    functools.partial(time.clock_gettime_ns, time.CLOCK_BOOTTIME)
    if hasattr(time, "CLOCK_BOOTTIME")
    else time.monotonic_ns
)
FOLLOWED = 60 * 60_000  # milliseconds of difference to the wall clock that are taken as a correction


class Clock:
    """Call it for the time in milliseconds UTC. `wall` and `monotonic` give nanoseconds."""

    def __init__(self, wall: Callable[[], int] = time.time_ns, monotonic: Callable[[], int] = _STEADY) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._offset = wall() - monotonic()

    def __call__(self) -> int:
        now = self._monotonic() + self._offset
        if abs(self._wall() - now) > 1_000_000 and not self.leap:
            self._offset = self._wall() - self._monotonic()
            now = self._monotonic() + self._offset
        return now // 1_000_000

    @property
    def leap(self) -> int:
        """By how many milliseconds the wall clock has leapt away from this one; 0 while they agree."""
        difference = (self._wall() - self._monotonic() - self._offset) // 1_000_000
        return difference if abs(difference) > FOLLOWED else 0
