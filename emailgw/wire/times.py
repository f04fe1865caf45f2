"""Times as each dialect writes and reads them; inside they are integer milliseconds UTC."""

import asyncio
import functools
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from emailgw.core.directory import Dialect

LONGEST_PHRASE = 64  # characters; a phrase that long is parsed in 5 ms

_PHRASE = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ,.:/+-]+")
_TIME_OF_DAY = re.compile(r"\bat\b|\d:\d|\d ?[ap]m\b", re.IGNORECASE)
# A day of the week and a time of day, and no more. Such a day may be today.
_WEEKDAY = re.compile(
    r"(?:on |this )?(?:mon|tues|wednes|thurs|fri|satur|sun)day,? (?:at )?\d\d?(?::\d\d)? ?(?:am|pm)?(?: [a-z]{1,4})?",
    re.IGNORECASE,
)
# Zones that people name without saying whether it is summer; `EST` and the like are the parser's own business.
_ZONES = {
    "ET": "America/New_York",
    "CT": "America/Chicago",
    "MT": "America/Denver",
    "PT": "America/Los_Angeles",
}


def show_time(at: int, dialect: Dialect) -> str:
    """`2023-04-03 22:13:42.674000+00` for Resend, `2026-03-11 14:30:00` for Sendkit (contracts 3)."""
    second = _second(at // 1000).replace("T", " ")
    return f"{second}.{at % 1000:03}000+00" if dialect is Dialect.RESEND else second


def show_iso(at: int) -> str:
    """`2026-11-23T20:15:00.123Z`."""
    return f"{_second(at // 1000)}.{at % 1000:03}Z"


def show_offset(at: int) -> str:
    """`2026-03-02T12:00:00+00:00`, as Sendkit's webhooks have it."""
    return f"{_second(at // 1000)}+00:00"


@functools.lru_cache(1_024)
def _second(at: int) -> str:
    """Of a page of events or a batch, most are of the same few seconds."""
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat()


@functools.lru_cache(maxsize=256)
def read_time(text: str) -> int:
    """ISO 8601, `T` or a blank between date and time; without a zone it is UTC. Raises ValueError.

    Each is asked about twice, whether it is one and which, and a batch says the same for all of its items.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return int(moment.astimezone(UTC).timestamp() * 1000)
    except OverflowError:  # of a year that UTC does not have, because of its zone
        raise ValueError("a time out of the calendar") from None


def is_time(text: str) -> bool:
    """Whether `read_time` can read it."""
    try:
        read_time(text)
    except (ValueError, OverflowError):
        return False
    return True


async def prepare_to_read(texts: Iterable[str | None]) -> None:
    """Before `read_phrase` of those that are phrases: the first one ever takes 0.3 s, which a thread takes."""
    if any(text is not None and not is_time(text) for text in texts):
        await asyncio.to_thread(_warm_up)


def read_phrase(text: str, now: int) -> int:
    """English such as `in 1 hour`, `tomorrow at 9am` or `Friday at 3pm ET`, seen from `now`; UTC where it names no
    zone. Takes milliseconds (see `prepare_to_read`), nothing for one of the last few. Raises ValueError.
    """
    at = _read_phrase(text.strip(), now)
    if at is None:
        raise ValueError("not a phrase about time")
    return at


@functools.lru_cache(maxsize=256)
def _read_phrase(text: str, now: int) -> int | None:
    """A batch says the same for all of its items, right or wrong."""
    if len(text) > LONGEST_PHRASE or not _PHRASE.fullmatch(text):
        return None
    is_weekday = _WEEKDAY.fullmatch(text) is not None
    zone: tzinfo = UTC
    words, _, last = text.rpartition(" ")
    if last.upper() in _ZONES:
        try:
            text, zone = words, ZoneInfo(_ZONES[last.upper()])
        except ZoneInfoNotFoundError:  # a machine without zone data: the parser takes winter time
            pass
    # Odd by a microsecond, so that a time of day that is its own was taken from it.
    base = datetime.fromtimestamp(now / 1000, zone).replace(tzinfo=None) + timedelta(microseconds=1)
    settings = {
        "RELATIVE_BASE": base,
        "PREFER_DATES_FROM": "future",
        "TIMEZONE": "UTC",
        "RETURN_AS_TIMEZONE_AWARE": zone is UTC,
    }
    try:
        found: datetime | None = _parser_class()(languages=["en"], settings=settings).get_date_data(text).date_obj
    except (ValueError, OverflowError):
        return None
    if found is None or (found.time() == base.time() and _TIME_OF_DAY.search(text)):
        return None  # at 25:00: what it does not understand the parser passes over, and takes the time that it is now
    found = found if found.tzinfo else found.replace(tzinfo=zone)
    if is_weekday and (today := found - timedelta(weeks=1)).timestamp() * 1000 > now:
        found = today  # said on that day, the parser means the next one
    return int(found.timestamp() * 1000)


@functools.cache
def _warm_up() -> None:
    """The parser makes its tables with the first phrase."""
    _read_phrase("in 1 hour", 0)


def _parser_class() -> Any:
    """Loaded when the first phrase comes: it costs memory and time, and most installations never meet one."""
    from dateparser.date import DateDataParser

    return DateDataParser
