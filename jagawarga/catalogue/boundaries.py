"""The file of boundaries: GeoJSON (RFC 7946) with a feature for each kelurahan, read into `Places` or refused.

A FeatureCollection of Polygon and MultiPolygon, holes included. The properties that name a kelurahan and its kecamatan
are called `kelurahan` and `kecamatan`; a file that calls them otherwise says so at its head, in a member of its own:

    {"type": "FeatureCollection", "names": {"kelurahan": "NAMOBJ", "kecamatan": "WADMKC"}, "features": […]}

Keys are made from the names: `sukasari` is the kecamatan Sukasari, `sukasari.gegerkalong` its kelurahan Gegerkalong.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final, NoReturn

from jagawarga.catalogue.areas import Ring, Shape
from jagawarga.catalogue.mending import Ground, Unsound, mended
from jagawarga.catalogue.messages import Area
from jagawarga.catalogue.places import Places
from jagawarga.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BOUNDARIES: Final = "boundaries.geojson"
DEFAULT_NAMES: Final = {"kelurahan": "kelurahan", "kecamatan": "kecamatan"}
LONGEST_KEY: Final = 64
CORNERS: Final = 3
EAST: Final = 180.0
NORTH: Final = 90.0
WGS_84: Final = ("CRS84", "EPSG:4326", "EPSG::4326")
"""How older files name what RFC 7946 takes for granted."""


def parse_boundaries(text: str) -> Places:
    """Make the map of the file's text, with its geometry checked and mended. Raises `StartupError`."""
    document = _document(text)
    kecamatan: dict[str, Area] = {}
    kelurahan: dict[str, Area] = {}
    grounds: list[Ground] = []
    for feature in _features(document, _names(document)):
        above = Area(feature.key(feature.kecamatan), feature.kecamatan, None)
        if kecamatan.setdefault(above.key, above) != above:
            feature.wrong(f"kecamatan {above.name} and {kecamatan[above.key].name} would both have the key {above.key}")
        area = Area(feature.key(feature.kecamatan, feature.kelurahan), feature.kelurahan, above.key)
        if area.key in kelurahan:
            feature.wrong(f"the kelurahan is there twice in {above.name}; parts of one make one MultiPolygon")
        kelurahan[area.key] = area
        grounds.append(Ground(area.key, feature.label, feature.polygons()))
    return Places(_in_order(kecamatan, kelurahan), _mended(grounds))


def _mended(grounds: list[Ground]) -> tuple[Shape, ...]:
    try:
        return mended(grounds)
    except Unsound as error:
        _wrong(error.label, str(error))


def _in_order(kecamatan: Mapping[str, Area], kelurahan: Mapping[str, Area]) -> dict[str, Area]:
    """Put each kecamatan before its kelurahan."""
    ordered: dict[str, Area] = {}
    for above in kecamatan.values():
        ordered[above.key] = above
        ordered |= {key: area for key, area in kelurahan.items() if area.parent == above.key}
    return ordered


def _names(document: Mapping[str, Any]) -> dict[str, str]:
    names = document.get("names", {})
    if not isinstance(names, dict) or not all(isinstance(each, str) for each in names.values()):
        _wrong("names", "expected a table of texts")
    if strange := sorted(names.keys() - DEFAULT_NAMES.keys()):
        _wrong("names", f"unknown field {strange[0]}")
    return {**DEFAULT_NAMES, **names}


def _features(document: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[_Feature]:
    features = document.get("features")
    if not isinstance(features, list) or not features:
        _wrong("features", "expected one or more features")
    return (_Feature(number, fields, names) for number, fields in enumerate(features, 1))


class _Feature:
    """One feature of the file, complaining by its number and name."""

    def __init__(self, number: int, fields: Any, names: Mapping[str, str]) -> None:
        self.label = f"feature {number}"
        if not isinstance(fields, dict) or fields.get("type") != "Feature":
            self.wrong("expected a Feature")
        properties = fields.get("properties")
        self.properties = properties if isinstance(properties, dict) else {}
        geometry = fields.get("geometry")
        self.geometry = geometry if isinstance(geometry, dict) else {}
        self.kelurahan = self._name(names["kelurahan"])
        self.label = f"feature {number} ({self.kelurahan})"
        self.kecamatan = self._name(names["kecamatan"])

    def wrong(self, what: str) -> NoReturn:
        _wrong(self.label, what)

    def key(self, *names: str) -> str:
        parts = [_slug(name) for name in names]
        key = ".".join(parts)
        if not all(parts) or len(key) > LONGEST_KEY:
            self.wrong(f"no key of at most {LONGEST_KEY} letters and digits can be made from {' and '.join(names)}")
        return key

    def polygons(self) -> tuple[tuple[Ring, ...], ...]:
        kind = self.geometry.get("type")
        if kind not in {"Polygon", "MultiPolygon"}:
            self.wrong(f"expected a Polygon or a MultiPolygon, got {kind if isinstance(kind, str) else 'none'}")
        coordinates = self.geometry.get("coordinates")
        polygons = [coordinates] if kind == "Polygon" else coordinates
        if not isinstance(polygons, list) or not polygons or not all(isinstance(one, list) and one for one in polygons):
            self.wrong("the geometry is empty")
        return tuple(tuple(self._ring(ring) for ring in polygon) for polygon in polygons)

    def _ring(self, positions: Any) -> Ring:
        if not isinstance(positions, list) or not positions:
            self.wrong("the geometry is empty")
        ring = tuple(self._position(each) for each in positions)
        if ring[0] != ring[-1]:
            self.wrong("a ring is not closed: its last position must be its first")
        if len(set(ring)) < CORNERS:
            self.wrong(f"a ring has fewer than {CORNERS} different corners")
        return tuple(_once(ring[:-1]))

    def _position(self, position: Any) -> tuple[float, float]:
        # RFC 7946 allows a height behind the two.
        if not isinstance(position, list) or len(position) not in (2, 3) or not all(map(_is_number, position)):
            self.wrong("a position is not [longitude, latitude]")
        longitude, latitude = float(position[0]), float(position[1])
        if abs(latitude) > NORTH and abs(longitude) <= NORTH:
            self.wrong(f"latitude {latitude:g} is beyond {NORTH:g}: are longitude and latitude swapped?")
        if abs(latitude) > NORTH or abs(longitude) > EAST:
            self.wrong(f"[{longitude:g}, {latitude:g}] is no longitude and latitude in degrees")
        return longitude, latitude

    def _name(self, field: str) -> str:
        value = self.properties.get(field)
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            self.wrong(f"property {field}: expected a name")
        return " ".join(value.split())


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        msg = f"{BOUNDARIES}: not JSON: {error}"
        raise StartupError(msg) from error
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        _wrong("type", "expected a FeatureCollection")
    crs = document.get("crs")
    if crs is not None and not any(name in json.dumps(crs) for name in WGS_84):
        _wrong("crs", "expected WGS 84, longitude and latitude in degrees")
    return document


def _once(ring: Ring) -> Iterator[tuple[float, float]]:
    """Leave out corners that are said twice in a row."""
    yield from (corner for number, corner in enumerate(ring) if number == 0 or corner != ring[number - 1])


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _wrong(entry: str, what: str) -> NoReturn:
    msg = f"{BOUNDARIES}: {entry}: {what}"
    raise StartupError(msg)
