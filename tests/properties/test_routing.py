"""Laws of the map, the ladders and the routes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jagawarga.catalogue.config import load_config
from jagawarga.catalogue.messages import Agency, Category
from jagawarga.catalogue.model import ANY, Route, Snapshot, cycle_from, ladder
from jagawarga.catalogue.places import NOWHERE, ROUNDING
from jagawarga.errors import Invalid

CITY = load_config(Path(__file__).resolve().parents[2] / "config")
WEST, EAST, SOUTH, NORTH = 107.5, 107.8, -7.0, -6.8
SHAPES = CITY.places.shapes
RINGS = [ring for shape in SHAPES for ring in shape.rings]
EDGES = [(ring[i - 1], ring[i]) for ring in RINGS for i in range(len(ring))]
KEYS = st.sampled_from("abcdef")

longitudes = st.floats(WEST, EAST) | st.sampled_from([x for ring in RINGS for x, _ in ring])
latitudes = st.floats(SOUTH, NORTH) | st.sampled_from([y for ring in RINGS for _, y in ring])


def _size(ring: tuple[tuple[float, float], ...]) -> float:
    """Its ground, above 0 for an outer ring and below it for a hole (RFC 7946, section 3.1.6)."""
    return sum(ring[i - 1][0] * y - x * ring[i - 1][1] for i, (x, y) in enumerate(ring)) / 2


def _turn(edge: tuple[tuple[float, float], tuple[float, float]], x: float, y: float) -> float:
    (ax, ay), (bx, by) = edge
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax)


def test_areas_fill_the_city() -> None:
    """The areas together are as large as the city."""
    assert abs(sum(map(_size, RINGS)) - (EAST - WEST) * (NORTH - SOUTH)) < 1e-9


@given(longitudes, latitudes)
def test_point_of_the_city_has_one_area(longitude: float, latitude: float) -> None:
    """Every point of the city is in an area, and always in the same."""
    found = CITY.places.at(latitude, longitude)
    assert found is not None
    assert CITY.places.at(latitude, longitude) is found
    # The grid says what all polygons say, asked one after another.
    assert found.key == next(shape.key for shape in SHAPES if shape.holds((longitude, latitude)))
    assert CITY.assign("jalan-rusak", latitude, longitude, None).area == found.key


@given(st.sampled_from(EDGES), st.floats(0, 1))
def test_point_near_an_edge_has_an_area(edge: tuple[tuple[float, float], tuple[float, float]], share: float) -> None:
    """Rounding opens no gap along the edges."""
    (ax, ay), (bx, by) = edge
    x = min(max(ax + share * (bx - ax), WEST), EAST)
    y = min(max(ay + share * (by - ay), SOUTH), NORTH)
    assert CITY.places.at(y, x) is not None


@given(st.floats(WEST, EAST), st.floats(SOUTH, NORTH))
def test_areas_do_not_overlap(longitude: float, latitude: float) -> None:
    """A point in two areas lies on a common edge: a step aside leaves it in no more than one."""
    holders = [shape for shape in SHAPES if shape.holds((longitude, latitude))]
    if len(holders) > 1:
        on_edge = [edge for edge in EDGES if abs(_turn(edge, longitude, latitude)) < 1e-12]
        assert len(on_edge) >= len(holders)


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_point_off_the_city_is_refused(longitude: float, latitude: float) -> None:
    """Every point outside of the city is refused, for each category; one so near that it may be rounded is not outside."""
    near = 2 * ROUNDING
    assume(not (WEST - near <= longitude <= EAST + near and SOUTH - near <= latitude <= NORTH + near))
    for category in CITY.categories:
        with pytest.raises(Invalid) as caught:
            CITY.assign(category, latitude, longitude, None)
        assert caught.value.code == "off-the-map"


@given(st.sampled_from(sorted(CITY.categories)), longitudes, latitudes)
def test_ladder_of_the_city_ends_at_the_top(category: str, longitude: float, latitude: float) -> None:
    """Every report of the city can climb three levels, up to the mayor."""
    steps = CITY.assign(category, latitude, longitude, None).ladder
    assert len(steps) == len(set(steps)) == 3
    assert steps[-1] == "wali-kota"


@given(st.lists(st.tuples(KEYS, st.none() | KEYS), max_size=30))
def test_ladders_never_loop(changes: list[tuple[str, str | None]]) -> None:
    """Whatever agencies operators put, one after another, every ladder ends at an agency without a parent."""
    snapshot = CITY
    for key, parent in changes:
        try:
            snapshot = snapshot.with_agency(Agency(key, key, parent))
        except Invalid:
            continue
    for key in snapshot.agencies:
        steps = ladder(snapshot.agencies, key)
        assert len(steps) == len(set(steps))
        assert snapshot.agencies[steps[-1]].parent is None
        assert cycle_from(snapshot.agencies, key) == ()


@given(st.lists(st.builds(Route, KEYS | st.just(ANY), KEYS | st.just(ANY), KEYS), max_size=12), KEYS, st.none() | KEYS)
def test_first_route_wins(routes: list[Route], category: str, area: str | None) -> None:
    """The agency is that of the first route that fits; what comes behind it does not matter."""
    snapshot = Snapshot({}, {}, NOWHERE, tuple(routes), {})
    fitting = [route for route in routes if route.category in ("*", category) and route.area in ("*", area)]
    assert snapshot.route(category, area) == (fitting[0].agency if fitting else None)


@given(st.sampled_from(sorted(CITY.categories)), st.text(max_size=50))
def test_any_address_is_taken(category: str, address: str) -> None:
    """No address makes routing fail in the sample city."""
    assert CITY.assign(category, None, None, address).ladder


@given(st.text(max_size=50))
def test_operators_category_takes_any_address(address: str) -> None:
    """An operator's category goes to its agency from everywhere."""
    snapshot = CITY.with_category(Category("baru", "Baru", (1.0,), (1.0,)), "sosial")
    assert snapshot.assign("baru", None, None, address).ladder[0] == "sosial"
