"""Calendars by lasting references: what a report was filed under stays what it was, whatever the files say later.

A reference is a calendar's key and a digest of all it says (`jam-kerja@3f9a1c20b7de`), so one reference can never come
to mean another calendar, and a shelf of all that were ever seen can be shared by the whole process. A report keeps
references only; who keeps reports keeps the definitions beside them.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, time
from typing import TYPE_CHECKING, Final

from jagawarga.calendars.model import WorkingHours

if TYPE_CHECKING:
    from jagawarga.calendars.model import Calendar

ALWAYS: Final = ""
"""The reference of every moment: around the clock, which needs no definition."""
_DIGITS: Final = 12
_SHELF: Final[dict[str, WorkingHours]] = {}


class UnknownCalendar(Exception):
    """Nothing on the shelf has this reference."""


def definition_of(hours: WorkingHours) -> str:
    """All that a calendar says, in one text; equal calendars have equal texts."""
    return json.dumps(
        {
            "days": sorted(hours.days),
            "opens": hours.opens.isoformat(),
            "closes": hours.closes.isoformat(),
            "zone": hours.zone,
            "holidays": [day.isoformat() for day in sorted(hours.holidays)],
        }
    )


def calendar_from(definition: str) -> WorkingHours:
    """Make the calendar of what `definition_of` said. Raises `ValueError` for anything else."""
    try:
        said = json.loads(definition)
        return WorkingHours(
            frozenset(said["days"]),
            time.fromisoformat(said["opens"]),
            time.fromisoformat(said["closes"]),
            said["zone"],
            frozenset(map(date.fromisoformat, said["holidays"])),
        )
    except (KeyError, TypeError, AttributeError) as error:
        msg = f"not a calendar ({type(error).__name__})"
        raise ValueError(msg) from None


def reference_to(key: str, hours: WorkingHours) -> str:
    """The one lasting reference to this calendar under this key."""
    return f"{key}@{hashlib.sha256(definition_of(hours).encode()).hexdigest()[:_DIGITS]}"


def key_of(reference: str) -> str:
    """What people call the calendar: the key it had when the report was filed."""
    return reference.rpartition("@")[0]


def shelve(reference: str, hours: WorkingHours) -> None:
    """Make a calendar known to the process. Raises `ValueError` when it is not the one the reference means."""
    if reference_to(key_of(reference), hours) != reference:
        msg = f"the calendar {key_of(reference)} is not the one that was meant"
        raise ValueError(msg)
    _SHELF[reference] = hours


def known(reference: str) -> bool:
    """Whether the process knows what this reference means."""
    return reference == ALWAYS or reference in _SHELF


def calendar(reference: str) -> Calendar:
    """The calendar of a reference other than `ALWAYS`. Raises `UnknownCalendar`."""
    try:
        return _SHELF[reference]
    except KeyError:
        raise UnknownCalendar(key_of(reference)) from None
