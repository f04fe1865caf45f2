"""When to try again: a schedule of waits with jitter, bounded by the message's lifetime. Pure."""

import msgspec


class RetryPolicy(msgspec.Struct, frozen=True):
    """`schedule`: the wait after the first, second, … try, in milliseconds; the last one repeats.

    `jitter`: the share by which a wait is spread in both directions, so that what failed together does not come back
    together.
    """

    schedule: tuple[int, ...]
    jitter: float = 0.2

    def __post_init__(self) -> None:
        if not self.schedule or min(self.schedule) < 0:
            raise ValueError("a retry schedule needs at least one wait, none negative")
        if not 0 <= self.jitter < 1:
            raise ValueError("jitter is a share from 0 to below 1")

    def next_due(self, tries: int, now: int, dice: float) -> int:
        """When a recipient that failed its `tries`-th try (counted from 1) is due again; `dice` in [0, 1)."""
        wait = self.schedule[min(max(tries, 1), len(self.schedule)) - 1]
        return now + round(wait * (1 + self.jitter * (2 * dice - 1)))
