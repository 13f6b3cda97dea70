"""The catalogue's files and its value: what is refused, and where reports go."""

from __future__ import annotations

from pathlib import Path

import pytest

from jagawarga.catalogue.boundaries import BOUNDARIES
from jagawarga.catalogue.config import AGENCIES, CATEGORIES, load_config, parse_config
from jagawarga.catalogue.messages import Agency, Category
from jagawarga.catalogue.model import merge
from jagawarga.errors import Invalid, StartupError

CONFIG = Path(__file__).resolve().parents[2] / "config"
GOOD = {
    AGENCIES: """
        [[agency]]
        key = "top"
        name = "Top"
        [[agency]]
        key = "roads"
        name = "Roads"
        parent = "top"
    """,
    BOUNDARIES: """
        {"type": "FeatureCollection", "features": [
            {"type": "Feature", "properties": {"kelurahan": "Satu", "kecamatan": "Barat"},
             "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}},
            {"type": "Feature", "properties": {"kelurahan": "Dua", "kecamatan": "Timur"},
             "geometry": {"type": "Polygon", "coordinates": [[[1, 0], [2, 0], [2, 1], [1, 1], [1, 0]]]}}
        ]}
    """,
    CATEGORIES: """
        [[category]]
        key = "hole"
        name = "Hole"
        respond_hours = [2, 1]
        resolve_hours = [10]
        [[route]]
        category = "hole"
        area = "barat"
        agency = "roads"
        [[route]]
        category = "*"
        area = "timur.dua"
        agency = "top"
    """,
}
EVERYWHERE = Category("tree", "Tree", (60.0,), (120.0,))


def test_city_is_well_formed() -> None:
    """The files that come with the program load, and every agency's ladder ends at the mayor."""
    city = load_config(CONFIG)
    assert {"korupsi", "jalan-rusak", "lampu-jalan", "sampah", "banjir"} <= city.categories.keys()
    assert city.assign("korupsi", -6.9, 107.6, None).ladder == ("inspektorat", "sekretariat-daerah", "wali-kota")


def test_city_takes_every_category_without_an_area() -> None:
    """In the sample city an address that names no area is enough for any category."""
    city = load_config(CONFIG)
    for key in city.categories:
        assert city.assign(key, None, None, "Jalan Tanpa Nama 1").area is None


@pytest.mark.parametrize(
    ("place", "agency"),
    [((-6.82, 107.55), "pekerjaan-umum-utara"), ((-6.98, 107.55), "pekerjaan-umum-selatan")],
)
def test_city_roads_depend_on_area(place: tuple[float, float], agency: str) -> None:
    """A bad road goes to the office of its half of the city."""
    assert load_config(CONFIG).assign("jalan-rusak", *place, None).ladder[0] == agency


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (AGENCIES, 'parent = "top"', 'parent = "nobody"', "agency roads: unknown parent nobody"),
        (AGENCIES, 'name = "Top"', 'name = "Top"\nparent = "roads"', "never ends"),
        (AGENCIES, 'parent = "top"', 'parent = "roads"', "never ends"),
        (AGENCIES, 'key = "roads"', 'key = "top"', "agency top: the key is there twice"),
        (AGENCIES, 'key = "roads"', 'key = "ro ads"', "agency ro ads: key: expected"),
        (AGENCIES, 'key = "roads"', "", "agency number 2: key is missing"),
        (AGENCIES, 'name = "Roads"', "name = 3", "agency roads: name: expected a text, got 3"),
        (AGENCIES, 'name = "Roads"', 'name = " "', "agency roads: name: expected a line of text"),
        (AGENCIES, 'parent = "top"', 'parnet = "top"', "agency roads: unknown field parnet"),
        (AGENCIES, "[[agency]]", "[[agency", "not TOML"),
        (AGENCIES, "[[agency]]", "[[agencies]]", "agencies: expected only [[agency]]"),
        (CATEGORIES, "[2, 1]", "[2, 0]", "category hole: respond_hours: expected a list of hours above 0"),
        (CATEGORIES, "[2, 1]", "[]", "category hole: respond_hours"),
        (CATEGORIES, "[2, 1]", "[true]", "category hole: respond_hours"),
        (CATEGORIES, "[10]", "-1", "category hole: resolve_hours"),
        (CATEGORIES, "[10]", "[inf]", "category hole: resolve_hours"),
        (CATEGORIES, 'agency = "roads"', 'agency = "nobody"', "route number 1: unknown agency nobody"),
        (CATEGORIES, 'area = "barat"', 'area = "utara"', "route number 1: unknown area utara"),
        (CATEGORIES, 'category = "hole"', 'category = "hill"', "route number 1: unknown category hill"),
        (CATEGORIES, 'area = "timur.dua"', 'area = "barat"', "category hole: no route for area timur.dua"),
        (CATEGORIES, "[[category]]", "[category]", "category: expected one or more [[category]]"),
    ],
)
def test_wrong_file_is_one_line(file: str, old: str, new: str, told: str) -> None:
    """What is wrong in a file is told in one line: the file, the entry, the matter."""
    assert old in GOOD[file]
    texts = GOOD | {file: GOOD[file].replace(old, new, 1)}
    if "[[agencies]]" in new:
        texts[file] = GOOD[file].replace(old, new)
    with pytest.raises(StartupError) as caught:
        parse_config(texts)
    assert str(caught.value).startswith(f"{file}: ")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there is told by its name."""
    with pytest.raises(StartupError, match=r"agencies\.toml: can not be read"):
        load_config(tmp_path)


def test_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    """A file that is not UTF-8 is told by its name."""
    (tmp_path / AGENCIES).write_bytes(b"\xff\xfe")
    with pytest.raises(StartupError, match=r"agencies\.toml: not UTF-8"):
        load_config(tmp_path)


def test_hours_become_seconds() -> None:
    """Limits are hours in the file and seconds inside."""
    assert parse_config(GOOD).category("hole") == Category("hole", "Hole", (7200.0, 3600.0), (36000.0,))


def test_time_scale_divides_limits_of_assignments() -> None:
    """The time scale shortens what a report gets, operators' categories too, and not what is shown."""
    fast = parse_config(GOOD, time_scale=60).with_category(EVERYWHERE, "top")
    assert fast.assign("hole", 0.5, 0.5, None).category.respond_within == (120.0, 60.0)
    assert fast.assign("tree", 0.5, 0.5, None).category.resolve_within == (2.0,)
    assert fast.category("hole").respond_within == (7200.0, 3600.0)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_time_scale_must_be_positive(scale: float) -> None:
    """A time scale that is no number above 0 stops the start."""
    with pytest.raises(StartupError, match="sla_time_scale"):
        parse_config(GOOD, time_scale=scale)


def test_a_route_names_a_kecamatan_or_a_kelurahan() -> None:
    """A route for a kecamatan is for all of its kelurahan, one for a kelurahan for this one; the area is the kelurahan."""
    city = parse_config(GOOD)
    assert (city.assign("hole", 0.5, 0.5, None).area, city.route("hole", "barat.satu")) == ("barat.satu", "roads")
    assert (city.assign("hole", 0.5, 1.5, None).area, city.route("hole", "timur.dua")) == ("timur.dua", "top")
    assert city.route("hole", "timur") is None


@pytest.mark.parametrize("place", [(0.5, 2.1), (-0.1, 0.5), (0.5, float("nan")), (float("inf"), 0.5)])
def test_off_the_map(place: tuple[float, float]) -> None:
    """Coordinates outside of all areas are refused, whatever the address says."""
    with pytest.raises(Invalid) as caught:
        parse_config(GOOD).assign("hole", *place, "Barat")
    assert caught.value.code == "off-the-map"


@pytest.mark.parametrize("place", [(0.5, None), (None, 0.5)])
def test_half_a_place(place: tuple[float | None, float | None]) -> None:
    """One coordinate without the other is refused."""
    with pytest.raises(Invalid, match="go together"):
        parse_config(GOOD).assign("hole", *place, "Barat")


def test_unknown_category() -> None:
    """A category nobody declared is refused by its code."""
    with pytest.raises(Invalid) as caught:
        parse_config(GOOD).assign("dragon", 0.5, 0.5, None)
    assert caught.value.code == "unknown-category"


@pytest.mark.parametrize(
    ("address", "area"), [("Jl. Mawar 3, Kec. Barat", "barat"), ("jl. mawar 3, DUA.", "timur.dua")]
)
def test_address_names_its_area(address: str, area: str) -> None:
    """Without coordinates the name of a kelurahan or a kecamatan in the address decides."""
    assert parse_config(GOOD).assign("hole", None, None, address).area == area


@pytest.mark.parametrize("address", [None, "", "Jl. Mawar 3", "Kecamatan Timur"])
def test_address_without_a_route(address: str | None) -> None:
    """A category whose routes all want an area refuses an address that names none of them."""
    with pytest.raises(Invalid) as caught:
        parse_config(GOOD).assign("hole", None, None, address)
    assert caught.value.code == "unknown-area"


def test_operators_category_goes_everywhere() -> None:
    """An operator's category needs no area, and stands before routes of the files."""
    snapshot = parse_config(GOOD).with_category(EVERYWHERE, "roads")
    assert snapshot.assign("tree", None, None, "Jl. Mawar 3").ladder == ("roads", "top")
    assert snapshot.assign("tree", 0.5, 1.5, None).ladder == ("roads", "top")


def test_operators_entry_stands_before_the_file() -> None:
    """An operator's entry replaces the file's of the same key, with its routes."""
    snapshot = parse_config(GOOD).with_category(Category("hole", "Pit", (1.0,), (1.0,)), "top")
    assigned = snapshot.assign("hole", 0.5, 0.5, None)
    assert (assigned.category.name, assigned.ladder) == ("Pit", ("top",))


def test_change_leaves_the_former_snapshot() -> None:
    """A snapshot never changes; a change makes another one."""
    before = parse_config(GOOD)
    before.with_agency(Agency("new", "New", "roads"))
    assert "new" not in before.agencies


def test_what_was_assigned_before_a_change_is_assigned_anew() -> None:
    """Neither ladder nor limits of a former snapshot are given by the one after it, and the former keeps its own."""
    before = parse_config(GOOD)
    first = before.assign("hole", 0.5, 0.5, None)
    after = before.with_category(Category("hole", "Pit", (1.0,), (1.0,)), "top")
    assert (after.assign("hole", 0.5, 0.5, None).ladder, first.ladder[-1]) == (("top",), "top")
    assert before.assign("hole", 0.5, 0.5, None) == first != after.assign("hole", 0.5, 0.5, None)


@pytest.mark.parametrize(
    ("agency", "code", "field"),
    [
        (Agency("new", "New", "nobody"), "unknown-agency", "parent"),
        (Agency("top", "Top", "roads"), "agency-cycle", "parent"),
        (Agency("new", "New", "new"), "agency-cycle", "parent"),
        (Agency("", "New", None), "invalid-request", "key"),
        (Agency("new", "a\nb", None), "invalid-request", "name"),
    ],
)
def test_agency_that_can_not_be(agency: Agency, code: str, field: str) -> None:
    """An agency with a bad key or name, an unknown parent or itself above it is refused."""
    with pytest.raises(Invalid) as caught:
        parse_config(GOOD).with_agency(agency)
    assert caught.value.code == code
    assert list(caught.value.fields) == [field]


@pytest.mark.parametrize(
    ("category", "agency", "field"),
    [
        (EVERYWHERE, "nobody", "agency"),
        (Category("*", "Any", (1.0,), (1.0,)), "top", "key"),
        (Category("x", "", (1.0,), (1.0,)), "top", "name"),
        (Category("x", "X", (), (1.0,)), "top", "respond_hours"),
        (Category("x", "X", (1.0,), (0.0,)), "top", "resolve_hours"),
        (Category("x", "X", (1.0,), (float("nan"),)), "top", "resolve_hours"),
    ],
)
def test_category_that_can_not_be(category: Category, agency: str, field: str) -> None:
    """A category with a bad key, name or limit, or for an unknown agency, is refused."""
    with pytest.raises(Invalid) as caught:
        parse_config(GOOD).with_category(category, agency)
    assert list(caught.value.fields) == [field]


def test_merge_takes_parents_in_any_order() -> None:
    """Operators' agencies come together: a child may be listed before its parent."""
    agencies = [Agency("a", "A", "b"), Agency("b", "B", "top")]
    merged = merge(parse_config(GOOD), agencies, [(EVERYWHERE, "a")])
    assert merged.assign("tree", None, None, "x").ladder == ("a", "b", "top")


def test_merge_refuses_what_does_not_fit() -> None:
    """An operator's agency whose parent has gone from the files is not passed over in silence."""
    with pytest.raises(Invalid, match="gone"):
        merge(parse_config(GOOD), [Agency("a", "A", "gone")], [])
