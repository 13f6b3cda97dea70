"""The map of the city as one value: its areas, found by key, by a point, or by their name in an address. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from jagawarga.catalogue.areas import Grid, Shape
from jagawarga.catalogue.naming import Names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagawarga.catalogue.messages import Area


ROUNDING: Final = 0.0005
"""Degrees, about 55 metres: what rounding an anonymous report's coordinates takes away, or a telephone gets wrong."""
AROUND: Final = tuple((north * ROUNDING, east * ROUNDING) for north in (0, 1, -1) for east in (0, 1, -1))
"""A point itself and the border of what may have been rounded to it."""


@dataclass(frozen=True, slots=True)
class Places:
    """Kecamatan and their kelurahan by key, and the ground of each kelurahan; of the grounds the first one wins."""

    areas: Mapping[str, Area]
    shapes: tuple[Shape, ...]
    grid: Grid | None = field(init=False, repr=False, compare=False)
    names: Names = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the indexes."""
        object.__setattr__(self, "grid", Grid(self.shapes) if self.shapes else None)
        object.__setattr__(self, "names", Names(self.areas.values()))

    def at(self, latitude: float, longitude: float) -> Area | None:
        """Find the kelurahan at a point; the same one each time, also on a common edge.

        A point less than `ROUNDING` outside of the city may be one within it, and is taken for that.
        """
        if self.grid is not None:
            for north, east in AROUND:
                if (key := self.grid.find(longitude + east, latitude + north)) is not None:
                    return self.areas[key]
        return None

    def named_in(self, address: str) -> Area | None:
        """Find the area whose name stands in the address; see `Names.find`."""
        return self.names.find(address)

    def around(self, key: str | None) -> tuple[str, ...]:
        """List the keys by which a route may name this place: the area's own, then its kecamatan's."""
        if key is None:
            return ()
        area = self.areas.get(key)
        return (key,) if area is None or area.parent is None else (key, area.parent)


NOWHERE = Places({}, ())
"""A map of nothing."""
