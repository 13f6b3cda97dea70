"""The nearest are what measuring the way to each and every place would say, in that order."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jagawarga.feed.messages import Point
from jagawarga.feed.places import Cell, Grid, metres_of, square, square_of

EARTH = 6_371_000.0
south = st.floats(-7.0, -6.9)
# Also on the very border of a cell, and several at one place.
coordinates = st.tuples(
    south | st.sampled_from([-6.95, -6.951]), st.floats(107.6, 107.7) | st.sampled_from([107.65, 107.651])
)
points = coordinates.map(lambda each: Point(*each))


def haversine(one: Point, other: Point) -> float:
    """Metres on the sphere."""
    low, high = radians(one.latitude), radians(other.latitude)
    half = sin((high - low) / 2) ** 2
    half += cos(low) * cos(high) * sin(radians(other.longitude - one.longitude) / 2) ** 2
    return 2 * EARTH * asin(sqrt(min(1.0, half)))


@given(st.lists(points, max_size=60), points, st.sampled_from([50.0, 500.0, 5_000.0]))
def test_the_grid_says_what_measuring_all_says(places: list[Point], near: Point, radius: float) -> None:
    """Each within the radius once, the nearest first, ties by id; what was taken out is not there."""
    grid = Grid()
    for number, place in enumerate(places):
        grid.add(UUID(int=number), *place)
    gone = set(range(0, len(places), 5))
    for number in gone:
        grid.remove(UUID(int=number), *places[number])
    measured = [(square(near, *place), UUID(int=n)) for n, place in enumerate(places) if n not in gone]
    assert list(grid.around(near, radius)) == sorted(each for each in measured if each[0] <= square_of(radius))


@given(points, points)
def test_distances_are_those_on_the_sphere(one: Point, other: Point) -> None:
    """To a metre, or to a ten thousandth of a long way."""
    metres = haversine(one, other)
    assert metres_of(square(one, *other)) == pytest.approx(metres, rel=1e-4, abs=1.0)


def test_nobody_near() -> None:
    """An empty city, and a place out at sea."""
    grid = Grid()
    assert list(grid.around(Point(-6.9, 107.6), 5_000)) == []
    grid.add(UUID(int=1), -6.9, 107.6)
    assert list(grid.around(Point(-7.9, 107.6), 5_000)) == []


@pytest.mark.parametrize("latitude", [-90.0, -89.99, 0.0, 60.0, 90.0])
@pytest.mark.parametrize("longitude", [-180.0, 0.0, 180.0])
def test_the_work_is_bounded_wherever_somebody_says_to_be(latitude: float, longitude: float) -> None:
    """No more cells are asked at the poles than at sixty degrees; a question of one must not stop all others."""
    asked = 0

    class Counted(dict[Cell, Any]):
        def get(self, key: Cell, default: Any = None) -> Any:
            nonlocal asked
            asked += 1
            return super().get(key, default)

    grid = Grid()
    grid.cells = Counted()
    assert list(grid.around(Point(latitude, longitude), 5_000)) == []
    assert asked < 40_000
