"""Geometry of the boundaries, once at the start: what can not be is refused, narrow gaps between neighbours are filled.

Boundaries drawn one by one do not meet: of Bandung's 151 kelurahan a thousandth of the ground lies between two of them,
in strips some metres wide. Who stands there is in the city, so each strip goes to the neighbour along most of its edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

import shapely

from jagawarga.catalogue.areas import Ring, Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

NARROW: Final = 0.0005
"""Degrees, about 55 metres: ground that no kelurahan has is a gap if no point of it is farther from one."""
OVERLAP: Final = 0.05
"""Two kelurahan may share this part of the smaller one: strips along the border, where the first one wins."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Polygons as the file has them, each an outer ring and its holes; `label` names the feature to people."""

    key: str
    label: str
    polygons: tuple[tuple[Ring, ...], ...]


class Unsound(Exception):
    """Ground that can not be; the message is one line about the feature `label`."""

    def __init__(self, label: str, what: str) -> None:
        super().__init__(what)
        self.label = label


def mended(grounds: Sequence[Ground]) -> tuple[Shape, ...]:
    """Make the shapes, gaps filled; `Unsound` for a polygon that crosses itself and for kelurahan on each other."""
    drawn = [_drawn(ground) for ground in grounds]
    tree = shapely.STRtree(drawn)
    _refuse_overlaps(grounds, drawn, tree)
    rings = [list(chain.from_iterable(ground.polygons)) for ground in grounds]
    for gap in _gaps(drawn):
        owner = max(tree.query(gap), key=lambda each: drawn[each].boundary.intersection(gap.boundary).length)
        rings[owner].append(tuple((float(x), float(y)) for x, y in gap.exterior.coords[:-1]))
    return tuple(Shape(ground.key, tuple(own)) for ground, own in zip(grounds, rings, strict=True))


def _drawn(ground: Ground) -> shapely.MultiPolygon:
    drawn = shapely.MultiPolygon([(rings[0], list(rings[1:])) for rings in ground.polygons])
    if not drawn.is_valid:
        raise Unsound(ground.label, f"the polygon can not be: {shapely.is_valid_reason(drawn)}")
    return drawn


def _refuse_overlaps(grounds: Sequence[Ground], drawn: Sequence[shapely.MultiPolygon], tree: shapely.STRtree) -> None:
    for one, other in zip(*tree.query(drawn, predicate="intersects"), strict=True):
        common = drawn[one].intersection(drawn[other]).area if one < other else 0.0
        if common > OVERLAP * min(drawn[one].area, drawn[other].area):
            raise Unsound(grounds[other].label, f"lies on {grounds[one].label}")


def _gaps(drawn: Sequence[shapely.MultiPolygon]) -> list[shapely.Polygon]:
    """Find the holes in the ground of all together that are narrow; a wide one is another's, as an enclave is."""
    whole = shapely.get_parts(shapely.union_all(drawn))
    holes = [shapely.Polygon(ring) for part in whole for ring in part.interiors]
    return [hole for hole in holes if hole.buffer(-NARROW).is_empty]
