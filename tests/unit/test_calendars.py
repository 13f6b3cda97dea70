"""Calendars: what counts of a week in Jakarta, and the days off of Indonesia."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import lokal
import pytest

from jagawarga.calendars.indonesia import HOLIDAYS, YEARS, office_hours
from jagawarga.calendars.model import AroundTheClock, WorkingHours

OFFICE = office_hours()


def wib(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+07:00")


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-23T09:00", 2, "2026-11-23T11:00"),  # within a day
        ("2026-11-23T09:00", 7, "2026-11-23T16:00"),  # to the moment of closing
        ("2026-11-23T09:00", 8, "2026-11-24T09:00"),  # over a night
        ("2026-11-23T03:00", 1, "2026-11-23T09:00"),  # filed before opening
        ("2026-11-27T15:00", 2, "2026-11-30T09:00"),  # over a weekend
        ("2026-11-28T12:00", 1, "2026-11-30T09:00"),  # filed on a Saturday
        ("2026-08-14T15:00", 2, "2026-08-18T09:00"),  # over a Monday that is Independence Day
        ("2023-04-18T15:00", 2, "2023-04-26T09:00"),  # over Eid al-Fitr and its cuti bersama
        ("2026-11-23T12:00", 0, "2026-11-23T12:00"),  # nothing takes no time
        ("2026-11-23T20:00", 0, "2026-11-24T08:00"),  # but is never over at night
    ],
)
def test_a_limit_passes_in_working_hours_only(start: str, hours: float, due: str) -> None:
    """Nights, weekends, holidays and cuti bersama do not count."""
    assert OFFICE.due(wib(start), timedelta(hours=hours)) == wib(due)


def test_around_the_clock_everything_counts() -> None:
    """A limit is the time it says, on a holiday too."""
    start = wib("2023-04-22T20:00")
    assert AroundTheClock().due(start, timedelta(hours=5)) == start + timedelta(hours=5)
    assert AroundTheClock().elapsed(start, start + timedelta(hours=5)) == timedelta(hours=5)


def test_hours_are_those_of_the_zone() -> None:
    """Nine in the morning in Jayapura is seven in Jakarta."""
    east = WorkingHours(zone="Asia/Jayapura")
    assert east.due(wib("2026-11-23T03:00"), timedelta(hours=1)) == wib("2026-11-23T07:00")


def test_days_can_be_added_and_removed() -> None:
    """A city's own day off counts as one, and a feast that moved does not any more."""
    moved = office_hours(added=[date(2026, 8, 18)], removed=[date(2026, 8, 17)])
    assert moved.due(wib("2026-08-14T16:00"), timedelta(hours=9)) == wib("2026-08-19T09:00")


@pytest.mark.parametrize("year", lokal.HOLIDAY_YEARS)
def test_the_days_off_are_those_of_the_decree(year: int) -> None:
    """The list agrees with the ministers' decree as `lokal-id` has it."""
    known = {date.fromisoformat(each.date) for each in lokal.get_holidays(year).holidays}
    assert {day for day in HOLIDAYS if day.year == year} == known


def test_each_year_has_its_days_off() -> None:
    """From 2022 to 2027 every year has New Year, Independence Day and Christmas among twenty or more."""
    assert sorted(YEARS) == list(range(2022, 2028))
    for year in YEARS:
        assert {date(year, 1, 1), date(year, 8, 17), date(year, 12, 25)} <= HOLIDAYS
        assert sum(day.year == year for day in HOLIDAYS) >= 20


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"days": frozenset()}, "days"),
        ({"days": frozenset({0})}, "days"),
        ({"opens": time(16), "closes": time(8)}, "opens before closes"),
        ({"opens": time(8), "closes": time(8)}, "opens before closes"),
        ({"zone": "Asia/Atlantis"}, "zone"),
        ({"zone": "Asia"}, "zone"),
    ],
)
def test_hours_that_can_not_be_are_refused(wrong: Any, said: str) -> None:
    """The error names what is wrong."""
    with pytest.raises(ValueError, match=said):
        WorkingHours(**wrong)


def test_a_limit_below_nothing_or_beyond_what_is_known_is_refused() -> None:
    """It is never reckoned from a table that has ended."""
    with pytest.raises(ValueError, match="below 0"):
        OFFICE.due(wib("2026-11-23T09:00"), timedelta(hours=-1))
    for limit in (timedelta(), timedelta(hours=1)):
        with pytest.raises(ValueError, match="2100"):
            OFFICE.due(datetime(2101, 1, 3, tzinfo=UTC), limit)
