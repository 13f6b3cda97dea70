"""Where a report is: areas as polygons on the map, found by a point or by their name in an address. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Point: TypeAlias = tuple[float, float]
"""Longitude and latitude in degrees."""


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the map: `polygon` is its ring of corners, the edges belonging to it."""

    key: str
    name: str
    polygon: tuple[Point, ...]
    bounds: tuple[float, float, float, float] = field(init=False, repr=False, compare=False)
    """The least longitude and latitude of its corners, and the greatest."""
    edges: tuple[tuple[float, float, float, float], ...] = field(init=False, repr=False, compare=False)
    """Its edges, each from its lower end to its upper one."""

    def __post_init__(self) -> None:
        """Find what is asked for with every report."""
        xs, ys = zip(*self.polygon, strict=True)
        object.__setattr__(self, "bounds", (min(xs), min(ys), max(xs), max(ys)))
        object.__setattr__(self, "edges", _edges(self.polygon))

    def holds(self, point: Point) -> bool:
        """Tell whether `point` is in it or on its edge: a ray to the east crosses the ring an odd number of times.

        Each edge is taken from its lower end, whichever way the ring runs, so that rounding falls the same way for both
        neighbours of an edge and no point slips through between them.
        """
        x, y = point
        odd = False
        for ax, ay, bx, by in self.edges:
            if not ay <= y <= by:
                continue
            turn = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
            if turn == 0 and min(ax, bx) <= x <= max(ax, bx):
                return True
            if (ay > y) != (by > y) and turn > 0:
                odd = not odd
        return odd


def area_at(areas: Sequence[Area], point: Point) -> Area | None:
    """Find the first area that holds `point`; the same one each time, also on a common edge."""
    x, y = point
    for area in areas:
        west, south, east, north = area.bounds
        if west <= x <= east and south <= y <= north and area.holds(point):
            return area
    return None


def area_named_in(areas: Sequence[Area], address: str) -> Area | None:
    """Find the first area whose name stands in `address` as words of its own, in whatever case."""
    return next((area for area in areas if _name_pattern(area.name).search(address)), None)


def _edges(polygon: tuple[Point, ...]) -> tuple[tuple[float, float, float, float], ...]:
    pairs = (
        sorted((polygon[index - 1], corner), key=lambda each: (each[1], each[0]))
        for index, corner in enumerate(polygon)
    )
    return tuple((ax, ay, bx, by) for (ax, ay), (bx, by) in pairs)


@lru_cache(maxsize=1024)
def _name_pattern(name: str) -> re.Pattern[str]:
    words = r"\s+".join(re.escape(word) for word in name.split())
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
