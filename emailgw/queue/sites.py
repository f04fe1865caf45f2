"""How many sessions a site gets: a window that grows on success and shrinks on trouble, and a pause when it is dead.

A site is the set of MX hosts behind a next hop; thousands of domains share one. Pure: time and dice are arguments.
A dead site costs a few connection attempts, each further away than the last, not one per message.
"""

import msgspec

INITIAL_WINDOW = 5  # as Postfix's initial_destination_concurrency
FIRST_PAUSE = 5_000
LONGEST_PAUSE = 10 * 60_000


class SiteLimits(msgspec.Struct, frozen=True):
    """`sessions`: the most at a time. `first_pause`, `longest_pause`: milliseconds after the first failure, at most."""

    sessions: int
    first_pause: int = FIRST_PAUSE
    longest_pause: int = LONGEST_PAUSE


class Site:
    """One site's window. `waiting` are next hops with due mail that found no room, oldest first."""

    def __init__(self, key: str, limits: SiteLimits) -> None:
        self.key = key
        self.active = 0
        self.waiting: dict[str, None] = {}
        self.resumes_at = 0
        self.trouble = ""
        self._limits = limits
        self._window = float(min(INITIAL_WINDOW, limits.sessions))
        self._failures = 0

    @property
    def window(self) -> int:
        return int(self._window)

    def has_room(self, now: int) -> bool:
        """Whether one more session may be opened. While the last word was a failure, only one probes."""
        return now >= self.resumes_at and self.active < (1 if self._failures else int(self._window))

    def succeeded(self) -> None:
        """A message was handed over, or refused for its own sake: the site lives. Grows by one a windowful."""
        self._failures = 0
        self.resumes_at = 0
        self.trouble = ""
        self._window = min(float(self._limits.sessions), self._window + 1 / self._window)

    def resume(self) -> None:
        """Probe again at once."""
        self.resumes_at = 0

    def failed(self, reason: str, now: int, dice: float) -> None:
        """The site could not be used. The pause doubles with each failure in a row, spread by a fifth both ways.

        Sessions that fail beside the one that began the pause tell nothing new.
        """
        if now < self.resumes_at:
            return
        self._failures += 1
        self._window = max(1.0, self._window / 2)
        pause = min(self._limits.longest_pause, self._limits.first_pause * 2 ** min(self._failures - 1, 20))
        self.resumes_at = now + round(pause * (0.8 + 0.4 * dice))
        self.trouble = reason
