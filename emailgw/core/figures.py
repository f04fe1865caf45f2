"""What is counted of events, and percentiles of delays that were counted by classes. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from emailgw.core.ids import MessageId

HALF_HOUR = 1_800_000  # milliseconds: what is counted together. Nearly every time zone begins its hours with one
QUARTER = HALF_HOUR // 2  # with which all of them begin theirs

# Beside the event types: the delay of a delivery, what people did for the first time, and what machines did.
DELAY = "delay"
FIRST_OPENED = "first_opened"
FIRST_CLICKED = "first_clicked"
MACHINE_OPENED = "machine_opened"
MACHINE_CLICKED = "machine_clicked"

PERCENTILES = (50, 90, 95, 99)


class FiguresFilter(msgspec.Struct, frozen=True):
    """`periods`: (beginning, end excluded) each, ascending. `domains`: none means all. `tag`: name and value, or any
    value. `by_domain`, `by_tag`: a line for each. `message`: only of this one.
    """

    periods: tuple[tuple[int, int], ...]
    domains: tuple[str, ...] = ()
    tag: tuple[str, str | None] | None = None
    by_domain: bool = False
    by_tag: bool = False
    message: MessageId | None = None


class FiguresLine(msgspec.Struct, frozen=True):
    """Of one period (its number) and, where asked for, one domain and one tag (`name:value`). `delays`: class →
    deliveries.
    """

    period: int
    domain: str
    tag: str
    counts: Mapping[str, int]
    delays: Mapping[int, int]


def percentiles(delays: Mapping[int, int]) -> dict[int, int] | None:
    """Milliseconds from when mail was to be sent until it was delivered, for each of PERCENTILES; None without mail.

    A class is named by its lower bound and an eighth wide; its middle is what is told, at most 6 % off.
    """
    total = sum(delays.values())
    if not total:
        return None
    found: dict[int, int] = {}
    seen = 0
    wanted = [(percent, -(-total * percent // 100)) for percent in PERCENTILES]
    for bound in sorted(delays):
        seen += delays[bound]
        while wanted and seen >= wanted[0][1]:
            found[wanted.pop(0)[0]] = bound + bound // 16
    return found


def rate(count: int, of: int) -> float | None:
    """None where there is nothing to compare with."""
    return round(count / of, 4) if of else None


def total_of(lines: Sequence[FiguresLine]) -> tuple[dict[str, int], dict[int, int]]:
    """The counts and delays of all lines together."""
    counts: dict[str, int] = {}
    delays: dict[int, int] = {}
    for line in lines:
        for name, count in line.counts.items():
            counts[name] = counts.get(name, 0) + count
        for bound, count in line.delays.items():
            delays[bound] = delays.get(bound, 0) + count
    return counts, delays
