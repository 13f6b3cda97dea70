"""Where reports are: a grid of cells of a street's length, and distances on the plane that a city lies on."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from math import ceil, cos, radians, sqrt
from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagawarga.feed.messages import Point

CELL: Final = 0.001
"""Degrees; 111 metres from south to north."""
METRES: Final = 111_195.0
"""Of a degree of latitude, on the sphere of 6,371 km."""
FINE: Final = 1e16
"""Parts of a square degree in which squares of distances are whole numbers: a part is a millimetre wide."""
NARROWEST: Final = 0.5
"""Of a degree of longitude against one of latitude, as at 60 degrees. Nearer to the poles rings would have no end."""

_EMPTY: Final[dict[UUID, tuple[float, float, UUID]]] = {}
_LAST: Final = UUID(int=(1 << 128) - 1)

Cell = tuple[int, int]
Square = int
"""The square of a distance, in `FINE` parts: what has the same order as the distance, and takes half its time."""


def cell_of(latitude: float, longitude: float) -> Cell:
    """The cell of a place."""
    return int(latitude // CELL), int(longitude // CELL)


def width_at(latitude: float) -> float:
    """The width of a degree of longitude against one of latitude."""
    return max(NARROWEST, cos(radians(latitude)))


def square(near: Point, latitude: float, longitude: float) -> Square:
    """The square of the distance of two places of a city: over five kilometres it is right to a metre."""
    y, x = latitude - near.latitude, (longitude - near.longitude) * width_at(near.latitude)
    return int((y * y + x * x) * FINE)


def square_of(metres: float) -> Square:
    """The square of a distance."""
    return int((metres / METRES) ** 2 * FINE)


def metres_of(found: Square) -> int:
    """The distance again, in whole metres."""
    return round(sqrt(found / FINE) * METRES)


class Grid:
    """Ids and places by cell. A city does not lie on the date line: cells do not join there."""

    def __init__(self) -> None:
        self.cells: dict[Cell, dict[UUID, tuple[float, float, UUID]]] = {}

    def add(self, report_id: UUID, latitude: float, longitude: float) -> None:
        """Put an id where it is."""
        self.cells.setdefault(cell_of(latitude, longitude), {})[report_id] = latitude, longitude, report_id

    def remove(self, report_id: UUID, latitude: float, longitude: float) -> None:
        """Take it out; no empty cell stays."""
        cell = cell_of(latitude, longitude)
        inside = self.cells.get(cell)
        if inside is not None:
            inside.pop(report_id, None)
            if not inside:
                del self.cells[cell]

    def around(self, near: Point, radius: float) -> Iterator[tuple[Square, UUID]]:
        """What is within so many metres, the nearest first, ties by id.

        Looked for in rings of cells around the place's own, no further than is asked for: of what is in a ring the
        order is known when all that may be nearer has been seen.
        """
        south, west = near
        width = width_at(south)
        row, column = cell_of(south, west)
        most = square_of(radius)
        narrow = CELL * width
        rings = ceil(radius / METRES / narrow) + 1
        # What is seen for sure when a ring is: up to the nearest side of the cells behind it.
        north_of, east_of = south - row * CELL, west - column * CELL
        inner = min(north_of, CELL - north_of, east_of * width, (CELL - east_of) * width)
        pending: list[tuple[Square, UUID]] = []
        cells = self.cells
        sure = -1
        for ring in range(rings + 1):
            if sure >= most:
                return
            pending += [
                (int(((y := latitude - south) * y + (x := (longitude - west) * width) * x) * FINE), report_id)
                for down, right in _ring(ring)
                for latitude, longitude, report_id in cells.get((row + down, column + right), _EMPTY).values()
            ]
            seen = inner + ring * narrow
            sure = min(most, int(seen * seen * FINE) - 1) if seen > 0 else -1
            pending.sort()
            known = bisect_right(pending, (sure, _LAST))
            yield from pending[:known]
            del pending[:known]


@lru_cache(maxsize=128)
def _ring(ring: int) -> tuple[Cell, ...]:
    """The cells so many away, seen from the one in the middle."""
    if not ring:
        return ((0, 0),)
    side, inner = range(-ring, ring + 1), range(1 - ring, ring)
    level = [(row, column) for row in (-ring, ring) for column in side]
    return (*level, *((row, column) for row in inner for column in (-ring, ring)))
