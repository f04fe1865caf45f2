"""How fast an endpoint is served: a window of POSTs at one time, and rests. Pure; times are milliseconds.

The window grows with each success. An endpoint that gives no answer is left in peace, twice as long each time, and then
one POST tries whether it is back; what failed beside the first tells nothing new.

An outage is a time without a success in which POSTs failed for what seems no reason of their own: no answer, too much
to do, or several refused one after the other. One refused again and again while others pass is no outage.
"""

FIRST = 4  # POSTs at one time, before anything is known
FIRST_REST = 1_000
LONGEST_REST = 60_000
SEVERAL = 3  # POSTs refused in a row


class Pace:
    """`outage`: how long one must last to count; shorter ones the schedule of retries gets over by itself."""

    def __init__(self, most: int, outage: int = 0) -> None:
        self._most = most
        self._outage = outage
        self._down_since: int | None = 0  # nobody knows what was before
        self._refused: set[str] = set()
        self._rest = 0
        self._failed_at = 0
        self.window = min(FIRST, most)
        self.rests_until = 0

    def succeeded(self, now: int) -> bool:
        """Whether it is back after an outage."""
        back = self._down_since is not None and now - self._down_since >= self._outage
        self._down_since = None
        self._refused.clear()
        self._rest = 0
        self.window = min(self.window + 1, self._most)
        return back

    def unanswered(self, started_at: int, now: int) -> None:
        self._note_outage(started_at)
        if self._rest and started_at < self._failed_at:
            return
        self._rest = min(max(FIRST_REST, 2 * self._rest), LONGEST_REST)
        self._failed_at = now
        self.window = 1
        self.rests_until = max(self.rests_until, now + self._rest)

    def refused(self, id: str, overloaded: bool, now: int, rest: int) -> None:
        """It answered this POST with an error; `rest`: for how long it asked to be left in peace."""
        self._rest = 0
        if len(self._refused) < SEVERAL:
            self._refused.add(id)
        if overloaded:
            self.window = max(1, self.window // 2)
        if overloaded or len(self._refused) >= SEVERAL:
            self._note_outage(now)
        self.rests_until = max(self.rests_until, now + rest)

    def _note_outage(self, at: int) -> None:
        if self._down_since is None:
            self._down_since = at
