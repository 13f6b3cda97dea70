"""The catalogue's files: agencies, boundaries, categories, calendars and policies, read into a `Snapshot` or refused.

Whatever is wrong is a `StartupError` of one line that names the file, the entry and what is the matter with it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from jagawarga.catalogue.boundaries import BOUNDARIES, parse_boundaries
from jagawarga.catalogue.clockfiles import CALENDARS, POLICIES, read_calendars, read_rules, references
from jagawarga.catalogue.entries import Entry, read, refuse, tables
from jagawarga.catalogue.messages import Agency, Area, Category
from jagawarga.catalogue.model import ANY, Route, Snapshot, check_agency, check_category, cycle_from
from jagawarga.catalogue.policies import NORMAL, SEVERITIES
from jagawarga.catalogue.wording import LANGUAGES, OWN_LANGUAGE, Wording
from jagawarga.errors import StartupError
from jagawarga.suggestion.linear import LinearModel, Unreadable, loads

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jagawarga.calendars.model import WorkingHours
    from jagawarga.catalogue.policies import Rule

AGENCIES: Final = "agencies.toml"
CATEGORIES: Final = "categories.toml"
FILES: Final = (AGENCIES, BOUNDARIES, CATEGORIES)
SUGGESTIONS: Final = "suggestions.json"
"""A trained model (`jagawarga categories train`)."""
OPTIONAL: Final = (CALENDARS, POLICIES, SUGGESTIONS)
OTHERS: Final = [language for language in LANGUAGES if language != OWN_LANGUAGE]


def load_config(config_dir: Path, time_scale: float = 1.0, *, over: Path | None = None) -> Snapshot:
    """Read and check the files; one that is also in `over` is read there. Blocks. Raises `StartupError`."""
    texts = {}
    for name in (*FILES, *OPTIONAL):
        path = config_dir / name if over is None or not (over / name).exists() else over / name
        if name in FILES or path.exists():
            texts[name] = read(path)
    return parse_config(texts, time_scale)


def parse_config(texts: Mapping[str, str], time_scale: float = 1.0) -> Snapshot:
    """Make a snapshot of the files' texts by file name. Raises `StartupError`."""
    if not (math.isfinite(time_scale) and time_scale > 0):
        msg = f"sla_time_scale: expected a number above 0, got {time_scale}"
        raise StartupError(msg)
    agencies = _agencies(tables(AGENCIES, texts, ("agency",))["agency"])
    places = parse_boundaries(texts[BOUNDARIES])
    found = tables(CATEGORIES, texts, ("category", "route"))
    categories, wording = _categories(found["category"])
    wording = replace(wording, trained=_trained(texts.get(SUGGESTIONS)))
    routes = _routes(found["route"], agencies, places.areas, categories)
    snapshot = Snapshot(agencies, categories, places, routes, {}, time_scale, wording=wording)
    snapshot = _with_policy(snapshot, texts)
    for key in categories:
        for shape in places.shapes:
            if snapshot.route(key, shape.key) is None:
                refuse(CATEGORIES, f"category {key}", f"no route for area {shape.key}")
    return snapshot


def _with_policy(snapshot: Snapshot, texts: Mapping[str, str]) -> Snapshot:
    hours: dict[str, WorkingHours] = {}
    rules: tuple[Rule, ...] = ()
    if CALENDARS in texts:
        hours = read_calendars(tables(CALENDARS, texts, ("calendar",), may_be_empty=True)["calendar"])
    known = references(hours)
    if POLICIES in texts:
        entries = tables(POLICIES, texts, ("rule",), may_be_empty=True)["rule"]
        rules = read_rules(entries, known, snapshot.categories)
    return replace(snapshot, rules=rules, calendars={known[key]: each for key, each in hours.items()})


def _agencies(entries: list[Entry]) -> dict[str, Agency]:
    found: dict[str, Agency] = {}
    for entry in entries:
        agency = Agency(entry.text("key"), entry.text("name"), entry.text("parent") if entry.has("parent") else None)
        entry.end()
        entry.check(check_agency, agency)
        entry.first(found, agency.key)
        found[agency.key] = agency
    for agency in found.values():
        if agency.parent is not None and agency.parent not in found:
            refuse(AGENCIES, f"agency {agency.key}", f"unknown parent {agency.parent}")
        if loop := cycle_from(found, agency.key):
            refuse(AGENCIES, f"agency {agency.key}", f"its ladder never ends: {' → '.join(loop)}")
    return found


def _categories(entries: list[Entry]) -> tuple[dict[str, Category], Wording]:
    found: dict[str, Category] = {}
    names: dict[str, dict[str, str]] = {}
    keywords: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        respond, resolve = entry.hours("respond_hours"), entry.hours("resolve_hours")
        category = Category(
            entry.text("key"), entry.text("name"), respond, resolve, entry.choice("severity", SEVERITIES, NORMAL)
        )
        translated = {language: entry.text(f"name_{language}") for language in OTHERS if entry.has(f"name_{language}")}
        known_by = entry.texts("keywords") if entry.has("keywords") else ()
        entry.end()
        for name in (category.name, *translated.values()):
            entry.check(check_category, replace(category, name=name))
        entry.first(found, category.key)
        found[category.key], names[category.key], keywords[category.key] = category, translated, known_by
    return found, Wording(names, keywords)


def _trained(text: str | None) -> LinearModel | None:
    try:
        return None if text is None else loads(text)
    except Unreadable as error:
        msg = f"{SUGGESTIONS}: {error}"
        raise StartupError(msg) from error


def _routes(
    entries: list[Entry],
    agencies: Mapping[str, Agency],
    areas: Mapping[str, Area],
    categories: Mapping[str, Category],
) -> tuple[Route, ...]:
    found: list[Route] = []
    for entry in entries:
        route = Route(entry.text("category"), entry.text("area"), entry.text("agency"))
        entry.end()
        if route.category != ANY and route.category not in categories:
            entry.wrong(f"unknown category {route.category}")
        if route.area != ANY and route.area not in areas:
            entry.wrong(f"unknown area {route.area}")
        if route.agency not in agencies:
            entry.wrong(f"unknown agency {route.agency}")
        found.append(route)
    return tuple(found)
