"""`GET /emails/metrics` (contract 2.7): what happened to mail in a time, counts and rates, in all and by periods."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, NotRequired, TypedDict, cast
from zoneinfo import ZoneInfo

import msgspec

from emailgw.core.directory import Dialect
from emailgw.core.figures import (
    FIRST_CLICKED,
    FIRST_OPENED,
    HALF_HOUR,
    MACHINE_CLICKED,
    MACHINE_OPENED,
    PERCENTILES,
    QUARTER,
    FiguresFilter,
    FiguresLine,
    percentiles,
    rate,
    total_of,
)
from emailgw.errors import Rejected
from emailgw.wire.answers import Time
from emailgw.wire.listing import DAY, DayOrTime, Text, read_day, read_email_id
from emailgw.wire.schema import says
from emailgw.wire.times import show_time

MOST_PERIODS = 800
MOST_LINES = 5_000
_LENGTHS = {"hour": "hour", "hourly": "hour", "day": "day", "daily": "day", "week": "week", "weekly": "week",
            "month": "month", "monthly": "month"}  # fmt: skip
_DIMENSIONS = ("period", "domain", "tag")
# Both contracts' word → what the log has under it.
_WORDS = {
    "sent": ("queued", "scheduled"),
    "delivered": ("delivered",),
    "bounced": ("bounced",),
    "failed": ("expired",),
    "suppressed": ("suppressed",),
    "canceled": ("cancelled",),
    "delivery_delayed": ("deferred", "delayed"),
    "complained": ("complained",),
    "unsubscribed": ("unsubscribed",),
    "opened": ("opened",),
    "unique_opened": (FIRST_OPENED,),
    "machine_opened": (MACHINE_OPENED,),
    "clicked": ("clicked",),
    "unique_clicked": (FIRST_CLICKED,),
    "machine_clicked": (MACHINE_CLICKED,),
    "received": ("received",),
}
# Each rate's numerator and denominator.
_RATES = {
    "delivered": ("delivered", "sent"),
    "bounced": ("bounced", "sent"),
    "complained": ("complained", "delivered"),
    "unsubscribed": ("unsubscribed", "delivered"),
    "opened": ("unique_opened", "delivered"),
    "clicked": ("unique_clicked", "delivered"),
}


class FiguresQuery(msgspec.Struct):
    """What `read_figures` and the resource read."""

    start_date: DayOrTime = msgspec.UNSET
    end_date: Annotated[Text, says("The same; a date is included. The last 30 days unless given.")] = msgspec.UNSET
    timezone: Annotated[Text, says("Of dates and periods, such as `Europe/Berlin`; UTC unless given.")] = msgspec.UNSET
    granularity: Annotated[
        Text, says(f"Adds a line for each of up to {MOST_PERIODS} periods.", enum=sorted(_LENGTHS))
    ] = msgspec.UNSET
    dimensions: Annotated[
        Text, says("Of `period`, `domain` and `tag`, with commas: adds a line for each. `period` means a day.")
    ] = msgspec.UNSET
    metrics: Annotated[Text, says(f"Only these counts, with commas: of {', '.join(_WORDS)}.")] = msgspec.UNSET
    tag: Annotated[Text, says("`name`, or `name:value`.")] = msgspec.UNSET
    domain: Annotated[Text, says("The author's domain.")] = msgspec.UNSET
    domain_id: Text = msgspec.UNSET
    email_id: Annotated[Text, says("Only of this message.")] = msgspec.UNSET


class Percentiles(TypedDict):
    """Milliseconds from when mail was to be sent until it was delivered, at most 6 % off."""

    p50: int
    p90: int
    p95: int
    p99: int


class CountsShown(TypedDict):
    """How often each thing happened: those that `metrics` names, all unless given."""

    sent: NotRequired[int]
    delivered: NotRequired[int]
    bounced: NotRequired[int]
    failed: NotRequired[int]
    suppressed: NotRequired[int]
    canceled: NotRequired[int]
    delivery_delayed: NotRequired[int]
    complained: NotRequired[int]
    unsubscribed: NotRequired[int]
    opened: NotRequired[int]
    unique_opened: NotRequired[int]
    machine_opened: NotRequired[int]
    clicked: NotRequired[int]
    unique_clicked: NotRequired[int]
    machine_clicked: NotRequired[int]
    received: NotRequired[int]


class RatesShown(TypedDict):
    """Of what was sent: delivered, bounced. Of what was delivered: complained, unsubscribed, and opened and clicked at
    least once by a person. Null where there is nothing to compare with.
    """

    delivered: float | None
    bounced: float | None
    complained: float | None
    unsubscribed: float | None
    opened: float | None
    clicked: float | None


class LineShown(CountsShown):
    """Of one period, domain or tag, as the `dimensions` say."""

    period: NotRequired[Time]
    domain: NotRequired[str]
    tag: NotRequired[str]
    rates: RatesShown
    time_to_delivery: Percentiles | None


class FiguresShown(TypedDict):
    """What happened in the time, by recipients. `data`: a line for each period, domain or tag."""

    object: Literal["metrics"]
    totals: CountsShown
    rates: RatesShown
    time_to_delivery: Percentiles | None
    data: NotRequired[list[LineShown]]


class Question(msgspec.Struct, frozen=True):
    """`wanted` for the store; `starts` of its periods where each is shown; `metrics`: the counts to show."""

    wanted: FiguresFilter
    starts: tuple[int, ...]
    metrics: tuple[str, ...]

    @property
    def has_lines(self) -> bool:
        return bool(self.starts) or self.wanted.by_domain or self.wanted.by_tag


def read_figures(query: Mapping[str, str], now: int, domains: tuple[str, ...]) -> Question:
    """`domains`: those that are asked for and may be seen. Raises Rejected."""
    zone = _read_zone(query.get("timezone") or "UTC")
    since, until = _read_time(query, now, zone)
    dimensions = _read_words(query, "dimensions", _DIMENSIONS)
    granularity = query.get("granularity") or ("day" if "period" in dimensions else "")
    if granularity and granularity not in _LENGTHS:
        raise Rejected("The `granularity` parameter must be hour, day, week or month.", name="invalid_parameter")
    periods = _cut(since, until, _LENGTHS[granularity], zone) if granularity else [(since, until)]
    name, colon, value = query.get("tag", "").partition(":")
    wanted = FiguresFilter(
        _counted(periods),
        domains,
        (name, value if colon else None) if name else None,
        by_domain="domain" in dimensions,
        by_tag="tag" in dimensions,
        message=read_email_id(query),
    )
    starts = tuple(start for start, _ in periods) if granularity else ()
    return Question(wanted, starts, _read_words(query, "metrics", tuple(_WORDS)) or tuple(_WORDS))


def _read_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # no such file, a directory, a name with dots
        raise Rejected(
            "The `timezone` parameter must be a name such as Europe/Berlin.", name="invalid_parameter"
        ) from None


def _read_time(query: Mapping[str, str], now: int, zone: ZoneInfo) -> tuple[int, int]:
    """In whole quarters of an hour; the last 30 days unless given."""
    until = _local(read_day(query, "end_date", True), query.get("end_date", ""), zone)
    since = _local(read_day(query, "start_date", False), query.get("start_date", ""), zone)
    until = now + HALF_HOUR - now % HALF_HOUR if until is None else until + -until % QUARTER
    since = until - 30 * DAY if since is None else since - since % QUARTER
    if since >= until:
        raise Rejected("The `start_date` parameter lies behind `end_date`.", name="invalid_parameter")
    return since, until


def _local(at: int | None, text: str, zone: ZoneInfo) -> int | None:
    """A date begins when it begins there; a time says its own zone."""
    if at is None or len(text) != 10:
        return at
    naive = datetime.fromtimestamp(at / 1000, UTC).replace(tzinfo=zone)
    return int(naive.timestamp() * 1000)


def _cut(since: int, until: int, length: str, zone: ZoneInfo) -> list[tuple[int, int]]:
    """Periods as a calendar there has them; the first begins with `since`, the last ends with `until`."""
    periods: list[tuple[int, int]] = []
    start = since
    while start < until:
        end = min(until, _next(start, length, zone))
        periods.append((start, end))
        start = end
        if len(periods) > MOST_PERIODS:
            raise Rejected(f"That is more than {MOST_PERIODS} periods: ask for fewer days.", name="invalid_parameter")
    return periods


def _counted(periods: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The whole half hours of periods that follow each other; one that two of them share is the later one's."""
    lows = [low - low % HALF_HOUR for low, _ in periods]
    end = periods[-1][1]
    return tuple(zip(lows, [*lows[1:], end + -end % HALF_HOUR], strict=True))


def _next(at: int, length: str, zone: ZoneInfo) -> int:
    """When the next hour, day, week or month after `at` begins."""
    if length == "hour":
        moment = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
        return at + (60 - moment.minute) * 60_000
    day = datetime.fromtimestamp(at / 1000, zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    match length:
        case "day":
            day += timedelta(days=1)
        case "week":
            day += timedelta(days=7 - day.weekday())
        case _:
            day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return int(day.replace(tzinfo=zone).timestamp() * 1000)


def _read_words(query: Mapping[str, str], name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    words = tuple(word for word in (part.strip() for part in query.get(name, "").split(",")) if word)
    for word in words:
        if word not in known:
            text = f"The `{name}` parameter has {word!r}; known are {', '.join(known)}."
            raise Rejected(text, name="invalid_parameter")
    return words


def show_figures(question: Question, lines: Sequence[FiguresLine], dialect: Dialect) -> FiguresShown:
    counts, delays = total_of(lines)
    totals = _in_words(counts)
    shown: FiguresShown = {
        "object": "metrics",
        "totals": _chosen(totals, question),
        "rates": _rates(totals),
        "time_to_delivery": _percentiles(delays),
    }
    if question.has_lines:
        if len(lines) > MOST_LINES:
            raise Rejected(f"That has more than {MOST_LINES} lines: ask for less.", name="invalid_parameter")
        by_period: dict[int, list[FiguresLine]] = {}
        for line in lines:
            by_period.setdefault(line.period, []).append(line)
        if not (question.wanted.by_domain or question.wanted.by_tag):
            for number in range(len(question.starts)):  # a period in which nothing happened has its line too
                by_period.setdefault(number, [FiguresLine(number, "", "", {}, {})])
        shown["data"] = [_show(line, question, dialect) for number in sorted(by_period) for line in by_period[number]]
    return shown


def _show(line: FiguresLine, question: Question, dialect: Dialect) -> LineShown:
    counts = _in_words(line.counts)
    shown: LineShown = {"rates": _rates(counts), "time_to_delivery": _percentiles(line.delays)}
    if question.starts:
        shown["period"] = show_time(question.starts[line.period], dialect)
    if question.wanted.by_domain:
        shown["domain"] = line.domain
    if question.wanted.by_tag:
        shown["tag"] = line.tag
    return {**shown, **_chosen(counts, question)}


def _chosen(counts: Mapping[str, int], question: Question) -> CountsShown:
    return cast(CountsShown, {name: counts[name] for name in question.metrics})


def _in_words(counts: Mapping[str, int]) -> dict[str, int]:
    return {word: sum(counts.get(name, 0) for name in names) for word, names in _WORDS.items()}


def _rates(counts: Mapping[str, int]) -> RatesShown:
    return cast(RatesShown, {name: rate(counts[count], counts[of]) for name, (count, of) in _RATES.items()})


def _percentiles(delays: Mapping[int, int]) -> Percentiles | None:
    found = percentiles(delays)
    if found is None:
        return None
    p50, p90, p95, p99 = (found[percent] for percent in PERCENTILES)
    return {"p50": p50, "p90": p90, "p95": p95, "p99": p99}
