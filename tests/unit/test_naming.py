"""Areas by their names in an address."""

from __future__ import annotations

import pytest

from jagawarga.catalogue.messages import Area
from jagawarga.catalogue.naming import Names

AREAS = [
    Area("coblong", "Coblong", None),
    Area("coblong.dago", "Dago", "coblong"),
    Area("coblong.lebak-gede", "Lebak Gede", "coblong"),
    Area("cibiru", "Cibiru", None),
    Area("cibiru.cipadung", "Cipadung", "cibiru"),
    Area("cibiru.sukasari", "Sukasari", "cibiru"),
    Area("panyileukan", "Panyileukan", None),
    Area("panyileukan.cipadung-kidul", "Cipadung Kidul", "panyileukan"),
    Area("panyileukan.sukasari", "Sukasari", "panyileukan"),
    Area("batununggal", "Batununggal", None),
    Area("bandung-kidul", "Bandung Kidul", None),
    Area("bandung-kidul.batununggal", "Batununggal", "bandung-kidul"),
    Area("babakan-ciparay", "Babakan Ciparay", None),
    Area("babakan-ciparay.babakan-ciparay", "Babakan Ciparay", "babakan-ciparay"),
]
TABLE = [
    # address, key of the area
    ("Kelurahan Dago, Kecamatan Coblong", "coblong.dago"),
    ("kel. LEBAK  GEDE kec. coblong", "coblong.lebak-gede"),
    ("depan pasar Dago", "coblong.dago"),
    ("Lebak\nGede", "coblong.lebak-gede"),
    ("Kecamatan Coblong", "coblong"),
    ("di Coblong saja", "coblong"),
    # The longest name wins, and part of a word is none.
    ("Cipadung Kidul", "panyileukan.cipadung-kidul"),
    ("Cipadung", "cibiru.cipadung"),
    ("Lebakgede", "coblong.lebak-gede"),
    ("Kec. Batu Nunggal", "batununggal"),
    ("Cipadungan", None),
    ("Dagoan", None),
    # A street is named like an area far away.
    ("Jl. Dago 12", None),
    ("Jalan Dago 12, Kel. Cipadung", "cibiru.cipadung"),
    # A name that comes twice: the kecamatan named along decides, alone it says nothing.
    ("Sukasari", None),
    ("Sukasari, Cibiru", "cibiru.sukasari"),
    ("Panyileukan, Sukasari", "panyileukan.sukasari"),
    ("Batununggal", None),
    ("Kel. Batununggal", "bandung-kidul.batununggal"),
    ("Kec. Batununggal", "batununggal"),
    ("Batununggal, Bandung Kidul", "bandung-kidul.batununggal"),
    ("Babakan Ciparay", "babakan-ciparay"),
    ("Kel. Babakan Ciparay, Kec. Babakan Ciparay", "babakan-ciparay.babakan-ciparay"),
    # A kelurahan outside of the kecamatan that is named: the kecamatan is believed.
    ("Dago, Kecamatan Cibiru", "cibiru"),
    # Of several the first one is meant.
    ("Dago dekat Cipadung", "coblong.dago"),
    ("Coblong dekat Cibiru", "coblong"),
    ("", None),
    ("Kecamatan", None),
    ("Jl. Mawar 3", None),
]


@pytest.mark.parametrize(("address", "key"), TABLE)
def test_address_names_an_area(address: str, key: str | None) -> None:
    """The table: which area an address means."""
    found = Names(AREAS).find(address)
    assert (None if found is None else found.key) == key


def test_no_areas_have_no_names() -> None:
    """An empty map finds nothing."""
    assert Names([]).find("Kelurahan Dago") is None
