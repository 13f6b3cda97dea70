"""The map of the city as one value: its areas, found by key, by a point, or by their name in an address. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jagawarga.catalogue.areas import Grid, Shape
from jagawarga.catalogue.naming import Names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagawarga.catalogue.messages import Area


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
        """Find the kelurahan at a point; the same one each time, also on a common edge."""
        key = None if self.grid is None else self.grid.find(longitude, latitude)
        return None if key is None else self.areas[key]

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
