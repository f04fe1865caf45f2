"""How much a key may ask for in a second. Asked by the doors for every request or message, which
share one of these, so it is one look into a table.

Windows of one second, per process: on several nodes each grants the limit once.
"""

import msgspec

from emailgw.core.directory import ApiKey
from emailgw.core.ids import KeyId
from emailgw.errors import TooManyRequests

WINDOW = 1000  # milliseconds
FORGET_AT = 10_000  # keys


class Allowance(msgspec.Struct, frozen=True):
    """What is left of a limit in this window; `reset` in seconds."""

    limit: int
    remaining: int
    reset: int = 1

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"ratelimit-limit", b"%d" % self.limit),
            (b"ratelimit-remaining", b"%d" % max(0, self.remaining)),
            (b"ratelimit-reset", b"%d" % self.reset),
        ]


class RateLimits:
    """`default`: requests a second for keys that say nothing else; 0 is no limit."""

    def __init__(self, default: int) -> None:
        self._default = default
        self._windows: dict[KeyId, tuple[int, int]] = {}

    def take(self, key: ApiKey, now: int) -> Allowance | None:
        """Count one request; None when no limit applies. `remaining` is negative when it is one too many."""
        limit = self._default if key.rate_limit is None else key.rate_limit
        if not limit:
            return None
        window = now // WINDOW
        last, used = self._windows.get(key.id, (window, 0))
        used = used + 1 if last == window else 1
        if len(self._windows) >= FORGET_AT:
            self._windows.clear()
        self._windows[key.id] = (window, used)
        return Allowance(limit, limit - used)


def refuse(allowance: Allowance) -> TooManyRequests:
    return TooManyRequests(
        f"Too many requests: at most {allowance.limit} a second with this API key. Wait a second and try again.",
        retry_after=allowance.reset,
    )
