"""`GET /emails/metrics` (contract 2.7): what was accepted in a time, and what became of it, counted by recipient."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NotRequired, TypedDict

import msgspec

from emailgw.core.directory import Dialect
from emailgw.core.model import RecipientState
from emailgw.errors import Rejected
from emailgw.wire.listing import DAY, DayOrTime, Text, read_day
from emailgw.wire.schema import says
from emailgw.wire.times import show_time

MOST_PERIODS = 31
_HOUR = 3_600_000
_LENGTHS = {"hour": _HOUR, "hourly": _HOUR, "day": DAY, "daily": DAY, "week": 7 * DAY, "weekly": 7 * DAY}
_NAMES = {
    RecipientState.DELIVERED: "delivered",
    RecipientState.BOUNCED: "bounced",
    RecipientState.EXPIRED: "failed",
    RecipientState.SUPPRESSED: "suppressed",
    RecipientState.CANCELLED: "canceled",
    RecipientState.DEFERRED: "delivery_delayed",
    RecipientState.QUEUED: "queued",
    RecipientState.HELD: "held",
}

Counts = Mapping[RecipientState, int]


class FiguresQuery(msgspec.Struct):
    """What `read_periods` and the resource read."""

    start_date: DayOrTime = msgspec.UNSET
    end_date: Annotated[Text, says("The same; a date is included. The last 30 days unless given.")] = msgspec.UNSET
    granularity: Annotated[
        Text, says(f"Adds a line for each of up to {MOST_PERIODS} periods.", enum=sorted(_LENGTHS))
    ] = msgspec.UNSET
    dimensions: Annotated[Text, says("`period` means a granularity of a day.")] = msgspec.UNSET
    domain: Annotated[Text, says("The author's domain.")] = msgspec.UNSET
    domain_id: Text = msgspec.UNSET


class FiguresShown(TypedDict):
    """Recipients of what was accepted in the time, by what became of them."""

    object: Literal["metrics"]
    totals: dict[str, int]
    data: NotRequired[list[dict[str, str | int]]]


def read_periods(query: Mapping[str, str], now: int) -> tuple[list[tuple[int, int]], bool]:
    """The periods (start, end excluded) to count, and whether each is shown. The last 30 days by default, as one."""
    until = read_day(query, "end_date", True) or now + 1
    since = read_day(query, "start_date", False)
    since = until - 30 * DAY if since is None else since
    if since >= until:
        raise Rejected("The `start_date` parameter lies behind `end_date`.", name="invalid_parameter")
    granularity = query.get("granularity") or ("day" if "period" in query.get("dimensions", "").split(",") else "")
    if not granularity:
        return [(since, until)], False
    length = _LENGTHS.get(granularity)
    if length is None:
        raise Rejected("The `granularity` parameter must be hour, day or week.", name="invalid_parameter")
    periods = [(start, min(start + length, until)) for start in range(since, until, length)][: MOST_PERIODS + 1]
    if len(periods) > MOST_PERIODS:
        raise Rejected(f"That is more than {MOST_PERIODS} periods: ask for fewer days.", name="invalid_parameter")
    return periods, True


def show_figures(
    periods: Sequence[tuple[int, int]], counts: Sequence[Counts], each: bool, dialect: Dialect
) -> FiguresShown:
    lines = [_line(count) for count in counts]
    totals = {name: sum(line[name] for line in lines) for name in lines[0]}
    shown: FiguresShown = {"object": "metrics", "totals": totals}
    if each:
        starts = [show_time(start, dialect) for start, _ in periods]
        shown["data"] = [{"period": start, **line} for start, line in zip(starts, lines, strict=True)]
    return shown


def _line(counts: Counts) -> dict[str, int]:
    return {"sent": sum(counts.values()), **{name: counts.get(state, 0) for state, name in _NAMES.items()}}
