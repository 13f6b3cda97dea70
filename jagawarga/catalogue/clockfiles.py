"""The policy's files: `calendars.toml` and `policies.toml`, read into calendars and rules or refused.

Both may be missing: then every category's own limits hold, around the clock.
"""

from __future__ import annotations

import math
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Final

from jagawarga.calendars.indonesia import HOLIDAYS
from jagawarga.calendars.model import WorkingHours
from jagawarga.calendars.shelf import ALWAYS, reference_to
from jagawarga.catalogue.entries import HOUR, Entry, is_number
from jagawarga.catalogue.policies import ANY, NO_WARNING, PRIVACIES, SEVERITIES, TOP, Rule, Warn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jagawarga.catalogue.messages import Category

CALENDARS: Final = "calendars.toml"
POLICIES: Final = "policies.toml"
AROUND_THE_CLOCK: Final = "around-the-clock"
TEN_YEARS: Final = 87_600 * HOUR
"""No limit is longer: calendars end, and so does patience."""
LEAST_REMINDER: Final = 0.1 * HOUR
HIGHEST: Final = 9
"""The highest level a rule can be for; ladders are shorter."""


def read_calendars(entries: Sequence[Entry]) -> dict[str, WorkingHours]:
    """The calendars by key. Raises `StartupError`."""
    found: dict[str, WorkingHours] = {}
    for entry in entries:
        key = entry.key()
        if key == AROUND_THE_CLOCK:
            entry.wrong(f"the key {key} is taken by what it says")
        entry.first(found, key)
        found[key] = _hours(entry)
        entry.end()
    return found


def _hours(entry: Entry) -> WorkingHours:
    days = _days(entry)
    opens, closes = _time(entry, "opens"), _time(entry, "closes")
    national = entry.choice("holidays", ("indonesia", "none"), "indonesia")
    off = _dates(entry, "extra_holidays")
    worked = _dates(entry, "worked_holidays")
    holidays = ((HOLIDAYS if national == "indonesia" else frozenset()) - worked) | off
    try:
        return WorkingHours(days, opens, closes, entry.text("zone") if entry.has("zone") else "Asia/Jakarta", holidays)
    except ValueError as error:
        entry.wrong(str(error))


def _days(entry: Entry) -> frozenset[int]:
    value = entry.take("days")
    if not isinstance(value, list) or not all(is_number(each) and each in range(1, 8) for each in value):
        entry.wrong(f"days: expected a list of days from 1 (Monday) to 7, got {value!r}")
    return frozenset(value)


def _time(entry: Entry, name: str) -> time:
    value = entry.text(name)
    try:
        found = time.fromisoformat(value)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        entry.wrong(f'{name}: expected a time of day like "08:00", got {value!r}')
    return found


def _dates(entry: Entry, name: str) -> frozenset[date]:
    value = entry.take(name) if entry.has(name) else []
    if not isinstance(value, list) or not all(
        isinstance(each, date) and not isinstance(each, datetime) for each in value
    ):
        entry.wrong(f"{name}: expected a list of dates like 2026-12-31")
    return frozenset(value)


def read_rules(
    entries: Sequence[Entry], calendars: Mapping[str, str], categories: Mapping[str, Category]
) -> tuple[Rule, ...]:
    """The rules in order; `calendars` maps keys to lasting references. Raises `StartupError`."""
    found: dict[str, Rule] = {}
    for entry in entries:
        name = entry.key()
        entry.first(found, name)
        category = entry.text("category") if entry.has("category") else ANY
        if category != ANY and category not in categories:
            entry.wrong(f"category: unknown category {category}")
        level = _level(entry)
        calendar = entry.text("calendar") if entry.has("calendar") else AROUND_THE_CLOCK
        if calendar not in calendars:
            known = ", ".join(sorted(calendars))
            entry.wrong(f"calendar: expected one of {known}, got {calendar!r}")
        found[name] = Rule(
            name,
            category,
            entry.choice("privacy", (ANY, *PRIVACIES), ANY),
            entry.choice("severity", (ANY, *SEVERITIES), ANY),
            level,
            _limits(entry, "respond_hours", level),
            _limits(entry, "resolve_hours", level),
            calendars[calendar],
            _warning(entry),
            _reminder(entry),
        )
        entry.end()
    return tuple(found.values())


def references(calendars: Mapping[str, WorkingHours]) -> dict[str, str]:
    """The lasting reference of each calendar by its key, and of the one that needs none."""
    return {AROUND_THE_CLOCK: ALWAYS} | {key: reference_to(key, each) for key, each in calendars.items()}


def _level(entry: Entry) -> int | None:
    value = entry.take("level") if entry.has("level") else ANY
    if value == ANY:
        return None
    if value == "top":
        return TOP
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= HIGHEST:
        entry.wrong(f'level: expected "*", "top" or a level from 0 to {HIGHEST}, got {value!r}')
    return value


def _limits(entry: Entry, name: str, level: int | None) -> tuple[float, ...]:
    if not entry.has(name):
        return ()
    limits = entry.hours(name)
    if max(limits) > TEN_YEARS:
        entry.wrong(f"{name}: expected no more than ten years")
    if level is not None and len(limits) > 1:
        entry.wrong(f"{name}: expected one limit, the rule being for one level alone")
    return limits


def _warning(entry: Entry) -> Warn:
    if entry.has("warn_at") and entry.has("warn_hours"):
        entry.wrong("warn_hours: expected either this or warn_at")
    if entry.has("warn_at"):
        part = entry.take("warn_at")
        if not is_number(part) or not 0 < part < 1:
            entry.wrong(f"warn_at: expected a part of the limit between 0 and 1, got {part!r}")
        return Warn(part=float(part))
    if entry.has("warn_hours"):
        return Warn(before=_hours_above(entry, "warn_hours", 0.0))
    return NO_WARNING


def _reminder(entry: Entry) -> float:
    return _hours_above(entry, "remind_hours", LEAST_REMINDER) if entry.has("remind_hours") else 0.0


def _hours_above(entry: Entry, name: str, least: float) -> float:
    value = entry.take(name)
    if not is_number(value) or not max(least, math.ulp(0.0)) <= value * HOUR <= TEN_YEARS:
        entry.wrong(f"{name}: expected hours {f'from {least / HOUR:g} on' if least else 'above 0'}, got {value!r}")
    return float(value) * HOUR
