"""Where a report is: kelurahan as polygons on the map, found by a point through a grid. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Point: TypeAlias = tuple[float, float]
"""Longitude and latitude in degrees."""
Ring: TypeAlias = tuple[Point, ...]
"""Corners of a closed line, the first one not repeated at the end."""
Edges: TypeAlias = tuple[tuple[float, float, float, float], ...]
"""Each from its lower end to its upper one: longitude, latitude, longitude, latitude."""

SIDE: Final = 128
"""Cells of the grid, from west to east and from south to north."""
SLACK: Final = 1e-9
"""Degrees a cell reaches beyond its borders (0.1 mm), so that rounding never puts a point beside its own cell."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The ground of the area `key`: all its rings, outer ones and holes alike, their edges belonging to it."""

    key: str
    rings: tuple[Ring, ...]
    bounds: tuple[float, float, float, float] = field(init=False, repr=False, compare=False)
    """The least longitude and latitude of its corners, and the greatest."""
    edges: Edges = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find what is asked for with every report."""
        xs, ys = zip(*(corner for ring in self.rings for corner in ring), strict=True)
        object.__setattr__(self, "bounds", (min(xs), min(ys), max(xs), max(ys)))
        object.__setattr__(self, "edges", tuple(edge for ring in self.rings for edge in _edges(ring)))

    def holds(self, point: Point) -> bool:
        """Tell whether `point` is in it or on its edge, asking every edge."""
        west, south, east, north = self.bounds
        return west <= point[0] <= east and south <= point[1] <= north and _crossed(self.edges, *point)


class Grid:
    """Finds the shape that holds a point, by asking only the edges near it.

    Its answer is that of asking all shapes in order: the first that holds the point, also on a common edge.
    """

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self._bounds = _around(shapes)
        west, south, east, north = self._bounds
        self._wide, self._high = max(east - west, SLACK) / SIDE, max(north - south, SLACK) / SIDE
        # A cell lists who may hold its points: the key, and the edges to ask, or none to ask when it lies within.
        cells: list[list[tuple[str, Edges | None]]] = [[] for _ in range(SIDE * SIDE)]
        for shape in shapes:
            self._enter(shape, cells)
        self._cells = tuple(tuple(cell) for cell in cells)

    def find(self, x: float, y: float) -> str | None:
        """Return the key of the shape that holds longitude `x` and latitude `y`; what is no number is nowhere."""
        west, south, east, north = self._bounds
        if not (west <= x <= east and south <= y <= north):
            return None
        for key, edges in self._cells[self._row(y) * SIDE + self._column(x)]:
            if edges is None or _crossed(edges, x, y):
                return key
        return None

    def _enter(self, shape: Shape, cells: list[list[tuple[str, Edges | None]]]) -> None:
        west, south, east, north = shape.bounds
        columns = range(self._column(west - SLACK), self._column(east + SLACK) + 1)
        for row in range(self._row(south - SLACK), self._row(north + SLACK) + 1):
            low = self._bounds[1] + row * self._high
            # A ray to the east meets no edge but these.
            beside = tuple(
                edge for edge in shape.edges if edge[1] <= low + self._high + SLACK and edge[3] >= low - SLACK
            )
            for column in columns:
                left = self._bounds[0] + column * self._wide
                right = left + self._wide
                near = any(min(ax, bx) <= right + SLACK and max(ax, bx) >= left - SLACK for ax, _, bx, _ in beside)
                if near:
                    cells[row * SIDE + column].append((shape.key, beside))
                elif _crossed(beside, (left + right) / 2, low + self._high / 2):
                    cells[row * SIDE + column].append((shape.key, None))

    def _column(self, x: float) -> int:
        return min(max(int((x - self._bounds[0]) / self._wide), 0), SIDE - 1)

    def _row(self, y: float) -> int:
        return min(max(int((y - self._bounds[1]) / self._high), 0), SIDE - 1)


def _crossed(edges: Edges, x: float, y: float) -> bool:
    """Tell whether a ray to the east crosses the edges an odd number of times, or begins on one of them.

    Each edge is taken from its lower end, whichever way the ring runs, so that rounding falls the same way for both
    neighbours of an edge and no point slips through between them. A hole makes the number even again.
    """
    odd = False
    for ax, ay, bx, by in edges:
        if not ay <= y <= by:
            continue
        turn = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if turn == 0 and min(ax, bx) <= x <= max(ax, bx):
            return True
        if (ay > y) != (by > y) and turn > 0:
            odd = not odd
    return odd


def _around(shapes: Sequence[Shape]) -> tuple[float, float, float, float]:
    wests, souths, easts, norths = zip(*(shape.bounds for shape in shapes), strict=True)
    return min(wests), min(souths), max(easts), max(norths)


def _edges(ring: Ring) -> Edges:
    pairs = (sorted(pair, key=lambda each: (each[1], each[0])) for pair in pairwise((*ring, ring[0])))
    return tuple((ax, ay, bx, by) for (ax, ay), (bx, by) in pairs)
