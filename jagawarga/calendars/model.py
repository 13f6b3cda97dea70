"""Calendars: at what moment a limit has passed, and how much of one has passed between two moments.

Around the clock every moment counts. With working hours only those between opening and closing on a working day do:

    office = WorkingHours(holidays=frozenset({date(2026, 8, 17)}))
    office.due(friday_at_16, timedelta(hours=2))  # Monday 09:00, or Tuesday when Monday is the 17th of August

Moments are aware datetimes and may be of any zone; what is given back is in UTC, exact to the microsecond.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100
"""Working hours are known from the first day of the one to the last day of the other."""
MONDAY_TO_FRIDAY: Final = frozenset(range(1, 6))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Calendar(Protocol):
    """What tells the time that counts; the two answers fit: `elapsed(start, due(start, limit)) == limit`."""

    def due(self, start: datetime, limit: timedelta) -> datetime:
        """The first moment from `start` on at which `limit` of time that counts has passed."""

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """How much time that counts lies between the two; negative when `end` is the earlier."""


@dataclass(frozen=True, slots=True)
class AroundTheClock:
    """Every moment counts."""

    def due(self, start: datetime, limit: timedelta) -> datetime:
        """`limit` after `start`."""
        return start.astimezone(UTC) + limit

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """The time between the two."""
        return end - start


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Only the hours from `opens` to `closes` count, on `days` of the week (1 is Monday) that are no holidays.

    Hours are those of the clocks in `zone`. Raises `ValueError` when no hour at all would count.
    """

    days: frozenset[int] = MONDAY_TO_FRIDAY
    opens: time = time(8)
    closes: time = time(16)
    zone: str = "Asia/Jakarta"
    holidays: frozenset[date] = field(default=frozenset(), repr=False)

    def __post_init__(self) -> None:
        if not self.days or not self.days <= set(range(1, 8)):
            msg = f"days: expected days of the week from 1 (Monday) to 7, got {sorted(self.days)}"
            raise ValueError(msg)
        if not self.opens < self.closes:
            msg = f"expected opens before closes, got {self.opens} and {self.closes}"
            raise ValueError(msg)
        if not _is_zone(self.zone):
            msg = f"zone: expected the name of a time zone, got {self.zone!r}"
            raise ValueError(msg)

    def warm(self) -> None:
        """Work out all working days now, which else the first question does, and takes a tenth of a second for."""
        _table(self)

    def due(self, start: datetime, limit: timedelta) -> datetime:
        """The first moment from `start` on at which `limit` of working time has passed.

        It lies in working hours; the moment of closing is still one of theirs. Raises `ValueError` for a negative
        limit, and for one that ends after `LAST_YEAR`.
        """
        micros = limit // _MICROSECOND
        if micros < 0:
            msg = f"limit: expected none below 0, got {limit}"
            raise ValueError(msg)
        table = _table(self)
        at = (start - _EPOCH) // _MICROSECOND
        if micros == 0:
            # No work tells which day's: at closing it is still this day, a moment later it is the next opening.
            index = bisect_left(table.closings, at)
            found = max(at, table.openings[index]) if index < len(table.closings) else None
        else:
            target = table.worked(at) + micros
            index = bisect_left(table.sums, target, lo=1) - 1
            found = table.openings[index] + target - table.sums[index] if index < len(table.openings) else None
        if found is None:
            msg = f"working hours are known to the end of {LAST_YEAR} only"
            raise ValueError(msg)
        return _EPOCH + timedelta(microseconds=found)

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """How much working time lies between the two; negative when `end` is the earlier."""
        table = _table(self)
        worked = table.worked((end - _EPOCH) // _MICROSECOND) - table.worked((start - _EPOCH) // _MICROSECOND)
        return timedelta(microseconds=worked)


@dataclass(frozen=True, slots=True)
class _Table:
    """All working intervals in microseconds since 1970; `sums[i]` is the work done before the opening number `i`."""

    openings: list[int]
    closings: list[int]
    sums: list[int]

    def worked(self, at: int) -> int:
        """The work from the first opening to `at`."""
        index = bisect_right(self.openings, at) - 1
        if index < 0:
            return 0
        return self.sums[index] + min(at, self.closings[index]) - self.openings[index]


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a name that is a folder is an OSError
        return False
    return True


@lru_cache(maxsize=64)
def _table(hours: WorkingHours) -> _Table:
    zone = ZoneInfo(hours.zone)
    openings, closings, sums = [], [], [0]
    day, last = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
    while day <= last:
        if day.isoweekday() in hours.days and day not in hours.holidays:
            opening = (datetime.combine(day, hours.opens, zone) - _EPOCH) // _MICROSECOND
            closing = (datetime.combine(day, hours.closes, zone) - _EPOCH) // _MICROSECOND
            openings.append(opening)
            closings.append(closing)
            sums.append(sums[-1] + closing - opening)
        day += timedelta(days=1)
    return _Table(openings, closings, sums)
