"""How fast an endpoint is served: a window of POSTs at one time, and rests. Pure; times are milliseconds.

The window grows with each success. An endpoint that gives no answer is left in peace, twice as long each time, and then
one POST tries whether it is back; what failed beside the first tells nothing new.
"""

FIRST = 4  # POSTs at one time, before anything is known
FIRST_REST = 1_000
LONGEST_REST = 60_000


class Pace:
    def __init__(self, most: int) -> None:
        self._most = most
        self._rest = 0
        self._failed_at = 0
        self.window = min(FIRST, most)
        self.rests_until = 0

    def succeeded(self) -> None:
        self._rest = 0
        self.window = min(self.window + 1, self._most)

    def unanswered(self, started_at: int, now: int) -> None:
        if self._rest and started_at < self._failed_at:
            return
        self._rest = min(max(FIRST_REST, 2 * self._rest), LONGEST_REST)
        self._failed_at = now
        self.window = 1
        self.rests_until = max(self.rests_until, now + self._rest)

    def refused(self, overloaded: bool, now: int, rest: int) -> None:
        """It answered, with an error; `rest`: for how long it asked to be left in peace."""
        if overloaded:
            self.window = max(1, self.window // 2)
        self.rests_until = max(self.rests_until, now + rest)
