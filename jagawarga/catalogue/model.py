"""The catalogue as one immutable value: who there is, what can be reported, and where each report goes. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from jagawarga.calendars.shelf import key_of
from jagawarga.catalogue.messages import Agency, Area, Assignment, Category, Clocks, Suggestion
from jagawarga.catalogue.places import Places
from jagawarga.catalogue.policies import PRIVACIES, SEVERITIES, Rule, clocks_for
from jagawarga.catalogue.suggesting import Suggester
from jagawarga.catalogue.wording import Wording
from jagawarga.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jagawarga.calendars.model import WorkingHours

ANY: Final = "*"
"""In a route: every category, or every area and also none."""
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Route:
    """`agency` answers for `category` in `area`, a kelurahan or a whole kecamatan; each of the two may be `ANY`."""

    category: str
    area: str
    agency: str

    def fits(self, category: str, areas: tuple[str, ...]) -> bool:
        """Tell whether a report goes this way, `areas` being its kelurahan and its kecamatan as far as known."""
        return self.category in (ANY, category) and (self.area == ANY or self.area in areas)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All of the catalogue at one moment; a change makes another one.

    `everywhere` maps operators' categories to the agency that answers for them in every area, before any route.
    Limits of `categories` are what was declared; `time_scale` divides them in what `assign` gives.
    """

    agencies: Mapping[str, Agency]
    categories: Mapping[str, Category]
    places: Places
    routes: tuple[Route, ...]
    everywhere: Mapping[str, str]
    time_scale: float = 1.0
    rules: tuple[Rule, ...] = ()
    calendars: Mapping[str, WorkingHours] = field(default_factory=dict)
    """By their lasting references, as the rules have them."""
    wording: Wording = field(default_factory=Wording)
    # Made when first asked: many changes may follow each other, and each makes another snapshot.
    _suggester: list[Suggester] = field(default_factory=list, init=False, repr=False, compare=False)
    # What was found once is found again, until a change makes another snapshot.
    _assigned: dict[tuple[str, str | None], Assignment] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def category(self, key: str) -> Category:
        """`Invalid` for a category nobody declared."""
        found = self.categories.get(key)
        if found is None:
            msg = "there is no such category"
            raise Invalid(msg, fields={"category": msg}, code="unknown-category")
        return found

    def assign(self, category: str, latitude: float | None, longitude: float | None, address: str | None) -> Assignment:
        """Route by category and area to a ladder. Coordinates decide where there are any, the address otherwise.

        Raises `Invalid`: `unknown-category`, `off-the-map` for coordinates outside of all areas, and `unknown-area`
        for an address that names no area when the category has no route without one.
        """
        found = self.category(category)
        area = self._area(latitude, longitude, address)
        known = self._assigned.get((category, area))
        if known is not None:
            return known
        agency = self.route(category, area)
        if agency is None:
            msg = "the address names no area that is known here; give the area or coordinates"
            raise Invalid(msg, fields={"address": msg}, code="unknown-area")
        steps = ladder(self.agencies, agency)
        clocks = {each: self._scaled_clocks(self.clocks(category, each, len(steps))) for each in PRIVACIES}
        ruled = {each: found for each, found in clocks.items() if found.rules}
        made = self._assigned[category, area] = Assignment(self._scaled(found), area, steps, ruled)
        return made

    def clocks(self, category: str, privacy: str, levels: int) -> Clocks:
        """Find how fast a report must be seen to; `Invalid` for a category nobody declared."""
        return clocks_for(self.rules, self.category(category), privacy, levels)

    def suggest(
        self, text: str, latitude: float | None, longitude: float | None, language: str
    ) -> tuple[Suggestion, ...]:
        """Suggest categories for a text, with the agency that each would go to from here; raises as `assign` does."""
        area = self._area(latitude, longitude, None)
        if not self._suggester:
            self._suggester.append(Suggester(self.categories, self.wording))
        return tuple(
            Suggestion(self.wording.named(self.categories[key], language), score, self.route(key, area))
            for key, score in self._suggester[0].top(text)
        )

    def route(self, category: str, area: str | None) -> str | None:
        """Find the agency that answers: the operators' word first, then the first route that fits."""
        if category in self.everywhere:
            return self.everywhere[category]
        areas = self.places.around(area)
        return next((route.agency for route in self.routes if route.fits(category, areas)), None)

    def area_at(self, latitude: float, longitude: float) -> Area:
        """Find the kelurahan at a point; `Invalid` (`off-the-map`) for one outside of all."""
        area = self.places.at(latitude, longitude)
        if area is None:
            msg = "the place is outside of the area served here"
            raise Invalid(msg, fields={"latitude": msg, "longitude": msg}, code="off-the-map")
        return area

    def with_agency(self, agency: Agency) -> Snapshot:
        """Add or replace an agency; `Invalid` for a bad key or name, an unknown parent, or a cycle."""
        check_agency(agency)
        agencies = {**self.agencies, agency.key: agency}
        if agency.parent is not None and agency.parent not in agencies:
            msg = f"there is no agency {agency.parent}"
            raise Invalid(msg, fields={"parent": msg}, code="unknown-agency")
        if loop := cycle_from(agencies, agency.key):
            msg = f"the ladder would never end: {' → '.join(loop)}"
            raise Invalid(msg, fields={"parent": msg}, code="agency-cycle")
        return replace(self, agencies=agencies)

    def with_category(self, category: Category, agency: str) -> Snapshot:
        """Add or replace a category, routed to `agency` everywhere; `Invalid` when one of them can not be."""
        check_category(category)
        if agency not in self.agencies:
            msg = f"there is no agency {agency}"
            raise Invalid(msg, fields={"agency": msg}, code="unknown-agency")
        return replace(
            self,
            categories={**self.categories, category.key: category},
            everywhere={**self.everywhere, category.key: agency},
            wording=self.wording.without_names(category.key),
        )

    def _area(self, latitude: float | None, longitude: float | None, address: str | None) -> str | None:
        if latitude is not None and longitude is not None:
            return self.area_at(latitude, longitude).key
        if latitude is not None or longitude is not None:
            missing = "latitude" if latitude is None else "longitude"
            msg = "latitude and longitude go together"
            raise Invalid(msg, fields={missing: msg})
        area = self.places.named_in(address or "")
        return None if area is None else area.key

    def _scaled(self, category: Category) -> Category:
        if self.time_scale == 1.0:
            return category
        return replace(
            category,
            respond_within=tuple(seconds / self.time_scale for seconds in category.respond_within),
            resolve_within=tuple(seconds / self.time_scale for seconds in category.resolve_within),
        )

    def _scaled_clocks(self, clocks: Clocks) -> Clocks:
        if self.time_scale == 1.0:
            return clocks

        def scaled(limits: tuple[float, ...]) -> tuple[float, ...]:
            return tuple(seconds / self.time_scale for seconds in limits)

        return replace(
            clocks,
            respond_within=scaled(clocks.respond_within),
            resolve_within=scaled(clocks.resolve_within),
            calendars=(),
            warn_respond=scaled(clocks.warn_respond),
            warn_resolve=scaled(clocks.warn_resolve),
            remind_every=clocks.remind_every / self.time_scale,
        )


def merge(config: Snapshot, agencies: Iterable[Agency], categories: Iterable[tuple[Category, str]]) -> Snapshot:
    """Put operators' entries over those of the files, each over the one of its key.

    Agencies go in together, for their parents may come in any order. Raises `Invalid` when the two do not fit.
    """
    merged = replace(config, agencies={**config.agencies, **{agency.key: agency for agency in agencies}})
    for agency in tuple(merged.agencies.values()):
        merged = merged.with_agency(agency)
    for category, agency_key in categories:
        merged = merged.with_category(category, agency_key)
    return merged


def changes(before: Snapshot, after: Snapshot) -> dict[str, dict[str, list[str]]]:
    """List what is new, gone and different, by kind; kinds of which all is as it was are left out."""
    kinds = {
        "agencies": (before.agencies, after.agencies),
        "categories": (before.categories, after.categories),
        "areas": (_areas(before), _areas(after)),
        "routes": (_routes(before), _routes(after)),
        "calendars": (
            {key_of(each): each for each in before.calendars},
            {key_of(each): each for each in after.calendars},
        ),
        # The order of rules is part of what they say.
        "rules": (_rules(before), _rules(after)),
    }
    return {kind: told for kind, (old, new) in kinds.items() if (told := _difference(old, new))}


def _areas(snapshot: Snapshot) -> dict[str, object]:
    grounds = {shape.key: shape for shape in snapshot.places.shapes}
    return {key: (area, grounds.get(key)) for key, area in snapshot.places.areas.items()}


def _routes(snapshot: Snapshot) -> dict[str, object]:
    """Who answers for a category where, in order: the first that fits wins."""
    found: dict[str, list[Route]] = {}
    for route in snapshot.routes:
        found.setdefault(route.category, []).append(route)
    return dict(found)


def _rules(snapshot: Snapshot) -> dict[str, object]:
    """Each rule with those before it whose order towards it counts: all."""
    names = [rule.name for rule in snapshot.rules]
    return {rule.name: (rule, names[:number]) for number, rule in enumerate(snapshot.rules)}


def _difference(old: Mapping[str, object], new: Mapping[str, object]) -> dict[str, list[str]]:
    told = {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "changed": sorted(key for key in old.keys() & new.keys() if old[key] != new[key]),
    }
    return {what: keys for what, keys in told.items() if keys}


def ladder(agencies: Mapping[str, Agency], start: str) -> tuple[str, ...]:
    """List the authorities from `start` to the top; `agencies` must know every parent and have no cycle."""
    steps = [start]
    while (parent := agencies[steps[-1]].parent) is not None:
        steps.append(parent)
    return tuple(steps)


def cycle_from(agencies: Mapping[str, Agency], start: str) -> tuple[str, ...]:
    """Find the way from `start` back to an agency already passed; empty when it ends, at the top or at an unknown."""
    steps = [start]
    while steps[-1] in agencies and (parent := agencies[steps[-1]].parent) is not None:
        if parent in steps:
            return (*steps, parent)
        steps.append(parent)
    return ()


def check_agency(agency: Agency) -> None:
    """Raise `Invalid` when key or name can not be."""
    _check_key(agency.key)
    _check_name(agency.name)


def check_category(category: Category) -> None:
    """Raise `Invalid` when key, name or a limit can not be."""
    _check_key(category.key)
    _check_name(category.name)
    if category.severity not in SEVERITIES:
        msg = f"severity: expected one of {', '.join(SEVERITIES)}"
        raise Invalid(msg, fields={"severity": msg})
    for name, limits in (("respond_hours", category.respond_within), ("resolve_hours", category.resolve_within)):
        if not limits or not all(math.isfinite(each) and each > 0 for each in limits):
            msg = f"{name}: expected one or more numbers above 0"
            raise Invalid(msg, fields={name: msg})


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        msg = f"key: expected at most 64 letters, digits, hyphens, dots and underscores, got {key!r}"
        raise Invalid(msg, fields={"key": msg})


def _check_name(name: str) -> None:
    if not name.strip() or not name.isprintable():
        msg = f"name: expected a line of text, got {name!r}"
        raise Invalid(msg, fields={"name": msg})
