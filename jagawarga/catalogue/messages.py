"""Values of the catalogue: agencies, categories, areas and the routes between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from jagawarga.calendars.model import WorkingHours


@dataclass(frozen=True, slots=True)
class Agency:
    """An authority. `parent` is the authority above it, `None` at the top of the ladder."""

    key: str
    name: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of problem with its limits in seconds, one per level of the ladder (the last one repeats).

    The limits hold around the clock, where no rule of the policy fits.
    """

    key: str
    name: str
    respond_within: tuple[float, ...]
    resolve_within: tuple[float, ...]
    severity: str = "normal"


@dataclass(frozen=True, slots=True)
class Clocks:
    """How fast a report must be seen to, in seconds for each level of a ladder (the last one repeats).

    `calendars` are references to what counts as time (`calendars.shelf`); none: all time. The holder is warned after
    `warn_…` seconds (0 and none: never), and at the top reminded every `remind_every` seconds behind the limit.
    `rules` tells for each level which rule says so; empty: none, the category does.
    """

    respond_within: tuple[float, ...]
    resolve_within: tuple[float, ...]
    calendars: tuple[str, ...] = ()
    warn_respond: tuple[float, ...] = ()
    warn_resolve: tuple[float, ...] = ()
    remind_every: float = 0.0
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the city: a kelurahan, whose `parent` is its kecamatan's key, or a kecamatan, which has none here."""

    key: str
    name: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where a new report goes: `ladder[0]` is the agency itself, `ladder[-1]` the highest authority.

    `area` is the key of the kelurahan, or of the kecamatan where an address says no more, or `None`.
    `clocks` are those of the policy, by privacy, for the privacies that a rule fits.
    """

    category: Category
    area: str | None
    ladder: tuple[str, ...]
    clocks: Mapping[str, Clocks] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a text may be about: `score` is its share of 1, `agency` who would get it, as far as the place tells."""

    category: Category
    score: float
    agency: str | None


class CatalogueDoor(Protocol):
    """What other contexts may ask of the catalogue. Reads are from memory and never wait."""

    def categories(self, language: str = "id") -> tuple[Category, ...]:
        """All categories, with their names in a language where they have one in it."""

    def category(self, key: str) -> Category:
        """`Invalid` for a category nobody declared."""

    def agencies(self) -> tuple[Agency, ...]:
        """All agencies."""

    def areas(self) -> tuple[Area, ...]:
        """All kecamatan, each before its kelurahan."""

    def area(self, key: str) -> Area | None:
        """The area of this key; `None` for one that is no longer on the map."""

    def area_at(self, latitude: float, longitude: float) -> Area:
        """The kelurahan at a point; `Invalid` for a place off the map."""

    def assign(self, category: str, latitude: float | None, longitude: float | None, address: str | None) -> Assignment:
        """Route category × area to a ladder; `Invalid` for an unknown category or a place off the map."""

    def clocks(self, category: str, privacy: str, levels: int) -> Clocks:
        """How fast a report must be seen to on a ladder of so many levels; `Invalid` for an unknown category."""

    def calendars(self) -> Mapping[str, WorkingHours]:
        """The calendars that clocks refer to."""

    def suggest(
        self, text: str, latitude: float | None, longitude: float | None, language: str = "id"
    ) -> tuple[Suggestion, ...]:
        """Up to three categories a text may be about, the likeliest first; `Invalid` for a place off the map."""

    async def put_agency(self, agency: Agency) -> None:
        """Create or change an agency, durably; `Invalid` for an unknown parent or a cycle."""

    async def put_category(self, category: Category, agency: str) -> None:
        """Create or change a category, durably, routed to `agency` everywhere; `Invalid` for an unknown agency."""
