"""The days off of Indonesia's offices, public holidays and cuti bersama, as three ministers decree them for a year.

The package `holidays` 0.109 knows all six years, `lokal-id` 0.7 the last two; where both know a year they agree (a
test holds this list against `lokal-id`). Days of elections are among them. The decree of a year appears in the autumn
before it, and an Islamic feast may still move by a day after that.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from jagawarga.calendars.model import WorkingHours

if TYPE_CHECKING:
    from collections.abc import Iterable

_DAYS: Final = {
    2022: "01-01 02-01 02-28 03-03 04-15 04-29 05-01 05-02 05-03 05-04 "
    "05-05 05-06 05-16 05-26 06-01 07-10 07-30 08-17 10-08 12-25",
    2023: "01-01 01-22 01-23 02-18 03-22 03-23 04-07 04-19 04-20 04-21 04-22 04-23 04-24 "
    "04-25 05-01 05-18 06-01 06-02 06-04 06-28 06-29 06-30 07-19 08-17 09-28 12-25 12-26",
    2024: "01-01 02-08 02-09 02-10 02-14 03-11 03-12 03-29 03-31 04-08 04-09 04-10 04-11 04-12 "
    "04-15 05-01 05-09 05-10 05-23 05-24 06-01 06-17 06-18 07-07 08-17 09-16 11-27 12-25 12-26",
    2025: "01-01 01-27 01-28 01-29 03-28 03-29 03-31 04-01 04-02 04-03 04-04 04-07 04-18 04-20 "
    "05-01 05-12 05-13 05-29 05-30 06-01 06-06 06-09 06-27 08-17 08-18 09-05 12-25 12-26",
    2026: "01-01 01-16 02-16 02-17 03-18 03-19 03-20 03-21 03-22 03-23 03-24 04-03 "
    "04-05 05-01 05-14 05-15 05-27 05-28 05-31 06-01 06-16 08-17 08-25 12-24 12-25",
    2027: "01-01 01-05 02-05 02-06 03-08 03-09 03-10 03-11 03-12 03-15 03-25 03-26 03-28 "
    "05-01 05-06 05-17 05-18 05-19 05-20 06-01 06-06 08-15 08-17 12-24 12-25 12-26",
}

HOLIDAYS: Final = frozenset(date.fromisoformat(f"{year}-{day}") for year, days in _DAYS.items() for day in days.split())
"""Every day off that is known; of years that are not here only the weekends are off."""
YEARS: Final = frozenset(_DAYS)


def office_hours(added: Iterable[date] = (), removed: Iterable[date] = ()) -> WorkingHours:
    """Monday to Friday, 08:00 to 16:00 in western Indonesia, without the days off; `added` wins over `removed`."""
    return WorkingHours(holidays=(HOLIDAYS - frozenset(removed)) | frozenset(added))
