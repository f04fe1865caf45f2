"""What is asked of the figures: days and hours as a calendar there has them, and whole half hours for the store."""

import itertools
from datetime import UTC, datetime

import pytest

from emailgw.errors import Rejected
from emailgw.wire.figures import read_figures

NOW = int(datetime(2026, 11, 27, 13, 10, 5, tzinfo=UTC).timestamp() * 1000)
HOUR = 3_600_000


def asked(**query: str) -> tuple[list[str], list[tuple[str, str]]]:
    """The beginnings of its periods as shown, and what is counted for each."""
    question = read_figures(query, NOW, ())

    def show(at: int) -> str:
        return datetime.fromtimestamp(at / 1000, UTC).strftime("%m-%d %H:%M")

    return [show(at) for at in question.starts], [(show(low), show(high)) for low, high in question.wanted.periods]


@pytest.mark.parametrize(
    ("zone", "first", "last", "starts"),
    [
        ("UTC", "2026-03-01", "2026-03-02", ["03-01 00:00", "03-02 00:00"]),
        ("Europe/Berlin", "2026-03-28", "2026-03-30", ["03-27 23:00", "03-28 23:00", "03-29 22:00"]),
        ("Africa/Cairo", "2026-04-23", "2026-04-25", ["04-22 22:00", "04-23 22:00", "04-24 21:00"]),  # no midnight
        ("Asia/Kolkata", "2026-03-01", "2026-03-01", ["02-28 18:30"]),
        ("Asia/Kathmandu", "2026-03-01", "2026-03-02", ["02-28 18:15", "03-01 18:15"]),
        ("Pacific/Chatham", "2026-03-01", "2026-03-02", ["02-28 10:15", "03-01 10:15"]),
    ],
)
def test_days_begin_when_they_begin_there(zone: str, first: str, last: str, starts: list[str]) -> None:
    assert asked(timezone=zone, start_date=first, end_date=last, granularity="day")[0] == starts


def test_days_that_begin_at_a_quarter_count_each_half_hour_once() -> None:
    by_time = {"start_date": "2026-02-28T18:15:00Z", "end_date": "2026-03-02T18:15:00Z"}
    by_date = {"start_date": "2026-03-01", "end_date": "2026-03-02"}
    for query in (by_time, by_date):
        assert asked(timezone="Asia/Kathmandu", granularity="day", **query)[1] == [
            ("02-28 18:00", "03-01 18:00"),
            ("03-01 18:00", "03-02 18:30"),
        ]


@pytest.mark.parametrize(("zone", "day", "hours"), [
    ("Europe/Berlin", "2026-03-29", 23), ("Europe/Berlin", "2026-10-25", 25), ("Asia/Kathmandu", "2026-03-01", 24),
])  # fmt: skip
def test_a_day_has_its_hours(zone: str, day: str, hours: int) -> None:
    starts, counted = asked(timezone=zone, start_date=day, end_date=day, granularity="hour")
    assert (len(starts), len(counted)) == (hours, hours)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(counted))


def test_times_are_counted_in_whole_half_hours() -> None:
    assert asked(start_date="2026-03-01T10:10:10Z", end_date="2026-03-01T10:10:11Z") == (
        [],
        [("03-01 10:00", "03-01 10:30")],
    )
    assert asked() == ([], [("10-28 13:30", "11-27 13:30")])


@pytest.mark.parametrize(
    "query",
    [
        {"start_date": "2026-03-02", "end_date": "2026-03-01"},
        {"start_date": "0001-01-01"},
        {"end_date": "9999-12-31"},
        {"timezone": "../UTC"},
        {"granularity": "year"},
        {"start_date": "1970-01-01", "granularity": "day"},
        {"dimensions": "period,colour"},
    ],
)
def test_what_cannot_be_answered(query: dict[str, str]) -> None:
    with pytest.raises(Rejected):
        read_figures(query, NOW, ())
