"""Where reports are: a grid of cells of a few streets, and distances on the sphere."""

from __future__ import annotations

from math import asin, ceil, cos, radians, sin, sqrt
from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagawarga.feed.messages import Point

CELL: Final = 0.0025
"""Degrees; 278 metres from south to north."""
METRES: Final = 111_195.0
"""Of a degree of latitude, on the sphere of 6,371 km."""
EARTH: Final = 6_371_000.0

Cell = tuple[int, int]


def cell_of(latitude: float, longitude: float) -> Cell:
    """The cell of a place."""
    return int(latitude // CELL), int(longitude // CELL)


def distance(one: Point, latitude: float, longitude: float) -> int:
    """Whole metres between two places (haversine)."""
    south, north = radians(one.latitude), radians(latitude)
    half = sin((north - south) / 2) ** 2
    half += cos(south) * cos(north) * sin(radians(longitude - one.longitude) / 2) ** 2
    return round(2 * EARTH * asin(sqrt(min(1.0, half))))


class Grid:
    """Ids by cell. A city does not lie on the date line: cells do not join there."""

    def __init__(self) -> None:
        self.cells: dict[Cell, set[UUID]] = {}

    def add(self, cell: Cell, report_id: UUID) -> None:
        """Put an id into its cell."""
        self.cells.setdefault(cell, set()).add(report_id)

    def remove(self, cell: Cell, report_id: UUID) -> None:
        """Take it out; no empty cell stays."""
        inside = self.cells.get(cell)
        if inside is not None:
            inside.discard(report_id)
            if not inside:
                del self.cells[cell]

    def around(self, near: Point, radius: float) -> Iterator[UUID]:
        """The ids of every cell that a circle of so many metres may touch."""
        south, west = cell_of(near.latitude, near.longitude)
        rows = ceil(radius / (METRES * CELL))
        columns = ceil(radius / (METRES * CELL * max(0.05, cos(radians(near.latitude)))))
        for row in range(south - rows, south + rows + 1):
            for column in range(west - columns, west + columns + 1):
                yield from self.cells.get((row, column), ())
