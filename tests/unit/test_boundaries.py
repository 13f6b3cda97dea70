"""The file of boundaries: what is read, what is refused and how it is told, and what is mended."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from jagawarga.anonymizer.scrubber import blur
from jagawarga.catalogue.boundaries import parse_boundaries
from jagawarga.catalogue.places import Places
from jagawarga.errors import StartupError

BANDUNG = Path(__file__).resolve().parents[3] / "shared" / "data" / "bandung_kelurahan.geojson"


def square(west: float, south: float, side: float = 1.0) -> Any:
    east, north = west + side, south + side
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def feature(kelurahan: Any, kecamatan: Any, *rings: Any, kind: str = "Polygon") -> dict[str, Any]:
    coordinates: list[Any] = list(rings) if kind == "Polygon" else [[ring] for ring in rings]
    return {
        "type": "Feature",
        "properties": {"kelurahan": kelurahan, "kecamatan": kecamatan},
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def read(*features: Any, **more: Any) -> Places:
    return parse_boundaries(json.dumps({"type": "FeatureCollection", "features": features} | more))


GOOD = [feature("Satu", "Barat", square(0, 0)), feature("Dua", "Timur", square(1, 0))]


def test_areas_are_kecamatan_with_their_kelurahan() -> None:
    """Keys are made from the names, and every kelurahan knows its kecamatan."""
    places = read(*GOOD, feature("Gegér Kalong", "Barat", square(0, 1)))
    assert [(each.key, each.name, each.parent) for each in places.areas.values()] == [
        ("barat", "Barat", None),
        ("barat.satu", "Satu", "barat"),
        ("barat.geger-kalong", "Gegér Kalong", "barat"),
        ("timur", "Timur", None),
        ("timur.dua", "Dua", "timur"),
    ]


def test_a_hole_is_not_in_it_but_its_edge_is() -> None:
    """A point in a hole is off the map, and in whoever fills it."""
    ring, hole = square(0, 0, 3), square(1, 1)
    around = read(feature("Satu", "Barat", ring, hole))
    assert around.at(1.5, 1.5) is None
    assert (found := around.at(0.5, 0.5)) is not None
    assert around.at(1.0, 1.5) == found
    filled = read(feature("Satu", "Barat", ring, hole), feature("Dua", "Barat", hole))
    assert (inner := filled.at(1.5, 1.5)) is not None
    assert inner.name == "Dua"


def test_a_kelurahan_may_have_several_parts() -> None:
    """A MultiPolygon is one area."""
    places = read(feature("Satu", "Barat", square(0, 0), square(5, 5), kind="MultiPolygon"))
    assert places.at(0.5, 0.5) == places.at(5.5, 5.5) == places.areas["barat.satu"]
    assert places.at(3, 3) is None


def test_a_common_edge_belongs_to_the_first() -> None:
    """A point on the edge of two kelurahan is in the one that comes first in the file."""
    assert read(*GOOD).at(0.5, 1.0) == read(*GOOD).areas["barat.satu"]
    assert read(*reversed(GOOD)).at(0.5, 1.0) == read(*GOOD).areas["timur.dua"]


@pytest.mark.parametrize("point", [(0.5, 2.1), (-0.1, 0.5), (0.5, float("nan")), (float("inf"), 0.5)])
def test_off_the_map(point: tuple[float, float]) -> None:
    """A point outside of all kelurahan, or nowhere at all, has none."""
    assert read(*GOOD).at(*point) is None


def test_a_point_just_outside_is_taken_for_one_inside() -> None:
    """Anonymous coordinates are rounded by up to 0.0005 degrees: who stands at the border of the city is in it."""
    places = read(*GOOD)
    assert places.at(-0.0005, 0.5) == places.at(0.5, -0.0005) == places.at(1.0005, -0.0005) == places.at(0.5, 0.5)
    assert places.at(1.0004, 2.0004) == places.at(0.5, 1.5)
    assert places.at(-0.0006, 0.5) is None
    assert places.at(0.5, 2.0006) is None


def test_properties_may_have_other_names() -> None:
    """A member at the head of the file says what the names are called in it."""
    here = copy.deepcopy(GOOD)
    for each in here:
        each["properties"] = {"NAMOBJ": each["properties"]["kelurahan"], "WADMKC": each["properties"]["kecamatan"]}
    places = read(*here, names={"kelurahan": "NAMOBJ", "kecamatan": "WADMKC"})
    assert places.areas == read(*GOOD).areas


def test_a_narrow_gap_goes_to_the_neighbour_along_most_of_it() -> None:
    """Who stands between two kelurahan that do not quite meet is in one of them; a wide hole stays nobody's."""
    low: Any = [[0, 0], [1, 0], [1, 0.5], [0.9, 0.5], [0.5, 0.4995], [0.1, 0.5], [0, 0.5], [0, 0]]
    high = [[0, 0.5], [0.1, 0.5], [0.9, 0.5], [1, 0.5], [1, 1], [0, 1], [0, 0.5]]
    places = read(feature("Bawah", "Barat", low), feature("Atas", "Barat", high))
    assert (found := places.at(0.4998, 0.5)) is not None
    assert found.name == "Bawah"
    low[4] = [0.5, 0.4]
    assert read(feature("Bawah", "Barat", low), feature("Atas", "Barat", high)).at(0.45, 0.5) is None


BOW = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]
REFUSED: list[tuple[Any, str]] = [
    # what the second feature is instead, what is told of it
    (feature("Dua", "Timur", BOW), "feature 2 (Dua): the polygon can not be: Self-intersection[0.5 0.5]"),
    (feature("Dua", "Timur", square(0.2, 0.2)), "feature 2 (Dua): lies on feature 1 (Satu)"),
    (feature("Dua", "Timur"), "feature 2 (Dua): the geometry is empty"),
    (feature("Dua", "Timur", []), "feature 2 (Dua): the geometry is empty"),
    (feature("Dua", "Timur", kind="MultiPolygon"), "feature 2 (Dua): the geometry is empty"),
    (feature("Dua", "Timur", [], kind="MultiPolygon"), "feature 2 (Dua): the geometry is empty"),
    (feature("Dua", "Timur", kind="Point"), "feature 2 (Dua): expected a Polygon or a MultiPolygon, got Point"),
    (feature("Dua", "Timur") | {"geometry": None}, "feature 2 (Dua): expected a Polygon or a MultiPolygon, got none"),
    (feature("Dua", "Timur", [[-6.9, 107.6], [-6.8, 107.6], [-6.8, 107.7], [-6.9, 107.6]]),
     "feature 2 (Dua): latitude 107.6 is beyond 90: are longitude and latitude swapped?"),
    (feature("Dua", "Timur", [[690000, 9230000]] * 4), "feature 2 (Dua): [690000, 9.23e+06] is no longitude"),
    (feature("Dua", "Timur", square(1, 0)[:-1]), "feature 2 (Dua): a ring is not closed"),
    (feature("Dua", "Timur", [[1, 0], [2, 0], [1, 0]]), "feature 2 (Dua): a ring has fewer than 3 different corners"),
    (feature("Dua", "Timur", [[1], [2, 0], [1]]), "feature 2 (Dua): a position is not"),
    (feature("Dua", "Timur", [[True, 0], [2, 0], [1]]), "feature 2 (Dua): a position is not"),
    (feature("Satu", "Barat", square(1, 0)), "feature 2 (Satu): the kelurahan is there twice in Barat"),
    (feature("Dua", "BARAT", square(1, 0)), "feature 2 (Dua): kecamatan BARAT and Barat would both have the key barat"),
    (feature("Dua", None, square(1, 0)), "feature 2 (Dua): property kecamatan: expected a name"),
    (feature(7, "Timur", square(1, 0)), "feature 2: property kelurahan: expected a name"),
    (feature("…", "Timur", square(1, 0)), "feature 2 (…): no key of at most 64 letters and digits can be made"),
    (feature("D" * 60, "Timur", square(1, 0)), "no key of at most 64 letters"),
    ({"type": "Polygon"}, "feature 2: expected a Feature"),
    (None, "feature 2: expected a Feature"),
]  # fmt: skip


@pytest.mark.parametrize(("second", "told"), REFUSED)
def test_a_wrong_feature_is_one_line(second: Any, told: str) -> None:
    """What is wrong with a feature is told in one line: the file, the feature, the matter."""
    with pytest.raises(StartupError) as caught:
        read(GOOD[0], second)
    assert str(caught.value).startswith("boundaries.geojson: ")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "type: expected a FeatureCollection"),
        ('{"type": "Feature"}', "type: expected a FeatureCollection"),
        ('{"type": "FeatureCollection"}', "features: expected one or more"),
        ('{"type": "FeatureCollection", "features": []}', "features: expected one or more"),
        ('{"type": "FeatureCollection", "names": {"RW": "x"}, "features": [1]}', "names: unknown field RW"),
        ('{"type": "FeatureCollection", "names": ["RW"], "features": [1]}', "names: expected a table"),
        ('{"type": "FeatureCollection", "crs": {"properties": {"name": "EPSG:23830"}}}', "crs: expected WGS 84"),
    ],
)
def test_a_wrong_file_is_one_line(text: str, told: str) -> None:
    """What is no file of boundaries is told in one line."""
    with pytest.raises(StartupError, match=told) as caught:
        parse_boundaries(text)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not BANDUNG.exists(), reason="the boundaries of Bandung are not here")
def test_a_real_city() -> None:
    """Bandung's 151 kelurahan load; on a lattice of 10,000 points the grid says what the polygons say one by one."""
    places = parse_boundaries(BANDUNG.read_text())
    assert (len(places.shapes), len(places.areas)) == (151, 181)
    west, south, east, north = 107.547, -6.970, 107.739, -6.839
    several = outside = 0
    for column in range(100):
        for row in range(100):
            x, y = west + (east - west) * column / 99, south + (north - south) * row / 99
            holders = [shape.key for shape in places.shapes if shape.holds((x, y))]
            found = places.at(y, x)
            if holders:
                assert found == places.areas[holders[0]]
                # Rounded as an anonymous report's, it is in the city still.
                assert places.at(blur(y) or 0.0, blur(x) or 0.0) is not None
            assert places.grid is not None
            assert places.grid.find(x, y) == (holders[0] if holders else None)
            several += len(holders) > 1
            outside += found is None
    # Strips along the borders where two were drawn over each other: below a thousandth of the ground of one.
    assert several < 20
    assert 0 < outside < 5_000
