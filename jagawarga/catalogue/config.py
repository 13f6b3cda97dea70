"""The catalogue's files, `agencies.toml`, `boundaries.geojson`, `categories.toml`: read into a `Snapshot` or refused.

Whatever is wrong is a `StartupError` of one line that names the file, the entry and what is the matter with it.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NoReturn

from jagawarga.catalogue.boundaries import BOUNDARIES, parse_boundaries
from jagawarga.catalogue.messages import Agency, Area, Category
from jagawarga.catalogue.model import ANY, Route, Snapshot, check_agency, check_category, cycle_from
from jagawarga.catalogue.wording import LANGUAGES, OWN_LANGUAGE, Wording
from jagawarga.errors import Invalid, StartupError
from jagawarga.suggestion.linear import LinearModel, Unreadable, loads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

AGENCIES: Final = "agencies.toml"
CATEGORIES: Final = "categories.toml"
SUGGESTIONS: Final = "suggestions.json"
"""A trained model (`jagawarga categories train`); may be missing."""
HOUR: Final = 3600.0
OTHERS: Final = [language for language in LANGUAGES if language != OWN_LANGUAGE]


def load_config(config_dir: Path, time_scale: float = 1.0) -> Snapshot:
    """Read and check the files. Blocks; meant for the start. Raises `StartupError`."""
    names = [AGENCIES, BOUNDARIES, CATEGORIES]
    if (config_dir / SUGGESTIONS).exists():
        names.append(SUGGESTIONS)
    return parse_config({name: _read(config_dir / name) for name in names}, time_scale)


def parse_config(texts: Mapping[str, str], time_scale: float = 1.0) -> Snapshot:
    """Make a snapshot of the files' texts by file name. Raises `StartupError`."""
    if not (math.isfinite(time_scale) and time_scale > 0):
        msg = f"sla_time_scale: expected a number above 0, got {time_scale}"
        raise StartupError(msg)
    agencies = _agencies(_tables(AGENCIES, texts, ("agency",))["agency"])
    places = parse_boundaries(texts[BOUNDARIES])
    tables = _tables(CATEGORIES, texts, ("category", "route"))
    categories, wording = _categories(tables["category"])
    wording = replace(wording, trained=_trained(texts.get(SUGGESTIONS)))
    routes = _routes(tables["route"], agencies, places.areas, categories)
    snapshot = Snapshot(agencies, categories, places, routes, {}, time_scale, wording)
    for key in categories:
        for shape in places.shapes:
            if snapshot.route(key, shape.key) is None:
                _wrong(CATEGORIES, f"category {key}", f"no route for area {shape.key}")
    return snapshot


def _agencies(entries: list[_Entry]) -> dict[str, Agency]:
    found: dict[str, Agency] = {}
    for entry in entries:
        agency = Agency(entry.text("key"), entry.text("name"), entry.text("parent") if entry.has("parent") else None)
        entry.end()
        entry.check(check_agency, agency)
        entry.first(found, agency.key)
        found[agency.key] = agency
    for agency in found.values():
        if agency.parent is not None and agency.parent not in found:
            _wrong(AGENCIES, f"agency {agency.key}", f"unknown parent {agency.parent}")
        if loop := cycle_from(found, agency.key):
            _wrong(AGENCIES, f"agency {agency.key}", f"its ladder never ends: {' → '.join(loop)}")
    return found


def _categories(entries: list[_Entry]) -> tuple[dict[str, Category], Wording]:
    found: dict[str, Category] = {}
    names: dict[str, dict[str, str]] = {}
    keywords: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        respond, resolve = entry.hours("respond_hours"), entry.hours("resolve_hours")
        category = Category(entry.text("key"), entry.text("name"), respond, resolve)
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
    entries: list[_Entry],
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


class _Entry:
    """One `[[kind]]` table of a file: takes its fields out one by one, and complains by its name."""

    def __init__(self, file: str, kind: str, number: int, fields: Any) -> None:
        self.file = file
        self.label = f"{kind} number {number}"
        if not isinstance(fields, dict):
            self.wrong("expected a table")
        self.fields: dict[str, Any] = dict(fields)
        if isinstance(fields.get("key"), str):
            self.label = f"{kind} {fields['key']}"

    def wrong(self, what: str) -> NoReturn:
        _wrong(self.file, self.label, what)

    def has(self, field: str) -> bool:
        return field in self.fields

    def text(self, field: str) -> str:
        value = self._take(field)
        if not isinstance(value, str):
            self.wrong(f"{field}: expected a text, got {value!r}")
        return value

    def hours(self, field: str) -> tuple[float, ...]:
        value = self._take(field)
        if not (isinstance(value, list) and value and all(_is_number(each) and each > 0 for each in value)):
            self.wrong(f"{field}: expected a list of hours above 0, got {value!r}")
        return tuple(each * HOUR for each in value)

    def texts(self, field: str) -> tuple[str, ...]:
        value = self._take(field)
        if not (isinstance(value, list) and all(isinstance(each, str) and each.strip() for each in value)):
            self.wrong(f"{field}: expected a list of texts, got {value!r}")
        return tuple(value)

    def end(self) -> None:
        """Refuse fields nobody took: a slip of the pen must not pass in silence."""
        if self.fields:
            self.wrong(f"unknown field {min(self.fields)}")

    def check(self, check: Callable[[Any], None], value: object) -> None:
        try:
            check(value)
        except Invalid as error:
            self.wrong(error.detail)

    def first(self, found: Mapping[str, object], key: str) -> None:
        if key in found:
            self.wrong("the key is there twice")

    def _take(self, field: str) -> Any:
        if field not in self.fields:
            self.wrong(f"{field} is missing")
        return self.fields.pop(field)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"{path}: can not be read ({error.strerror})"
        raise StartupError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path}: not UTF-8"
        raise StartupError(msg) from error


def _tables(file: str, texts: Mapping[str, str], kinds: tuple[str, ...]) -> dict[str, list[_Entry]]:
    try:
        document = tomllib.loads(texts[file])
    except tomllib.TOMLDecodeError as error:
        msg = f"{file}: not TOML: {error}"
        raise StartupError(msg) from error
    if strange := sorted(document.keys() - set(kinds)):
        _wrong(file, strange[0], f"expected only {' and '.join(f'[[{kind}]]' for kind in kinds)}")
    found = {}
    for kind in kinds:
        entries = document.get(kind, [])
        if not isinstance(entries, list) or not entries:
            _wrong(file, kind, f"expected one or more [[{kind}]]")
        found[kind] = [_Entry(file, kind, number, fields) for number, fields in enumerate(entries, 1)]
    return found


def _wrong(file: str, entry: str, what: str) -> NoReturn:
    msg = f"{file}: {entry}: {what}"
    raise StartupError(msg)
