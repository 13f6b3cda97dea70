"""The map over a real server."""

from __future__ import annotations

import pytest

from jagawarga.edge import views
from tests.edge_doors import FakeCatalogue
from tests.integration.edge_server import CITIZEN, OFFICER, edge
from tests.integration.test_edge_routes import file, is_problem

DAGO = {"kelurahan": "Dago", "kecamatan": "Coblong"}


async def test_areas_are_listed() -> None:
    """Anyone may see the kecamatan and their kelurahan."""
    async with edge() as house:
        answer = await house.client.get("/v1/areas")
        assert answer.json()["items"] == [
            {"key": "coblong", "name": "Coblong", "level": "kecamatan", "parent": None},
            {"key": "coblong.dago", "name": "Dago", "level": "kelurahan", "parent": "coblong"},
        ]


async def test_a_point_has_its_area() -> None:
    """A point on the map has a kelurahan; the answer is kept by nobody on the way."""
    async with edge() as house:
        answer = await house.client.get("/v1/areas/at?latitude=-6.2&longitude=106.8")
        assert answer.json() == {"area": "coblong.dago", **DAGO}
        assert answer.headers["cache-control"] == "no-store"


async def test_a_wrong_point_is_a_problem() -> None:
    """Off the map, half a point, and what is no point at all."""
    async with edge() as house:
        is_problem(await house.client.get("/v1/areas/at?latitude=10&longitude=10"), 422, "off-the-map")
        for query in ("latitude=-6", "latitude=-6&longitude=181", "latitude=nan&longitude=1", "latitude=x&longitude=1"):
            is_problem(await house.client.get(f"/v1/areas/at?{query}"), 422, "invalid-request")


async def test_reports_show_the_names_of_their_area() -> None:
    """Citizen, agency and public see kelurahan and kecamatan, alone and in lists."""
    async with edge() as house:
        made = (await file(house, privacy="public"))["report_id"]
        for path, headers in (("/v1/me/reports", CITIZEN), ("/v1/agency/reports", OFFICER), ("/v1/reports", {})):
            whole = (await house.client.get(f"{path}/{made}", headers=headers)).json()
            listed = (await house.client.get(path, headers=headers)).json()["items"][0]
            for shown in (whole, listed):
                assert {name: shown[name] for name in DAGO} == DAGO
                assert shown["area"] == "coblong.dago"


@pytest.mark.parametrize(
    ("key", "kelurahan", "kecamatan"),
    [
        ("coblong.dago", "Dago", "Coblong"),
        ("coblong", None, "Coblong"),
        ("gone", None, None),
        (None, None, None),
    ],
)
def test_names_as_far_as_they_are_known(key: str | None, kelurahan: str | None, kecamatan: str | None) -> None:
    """A report may know its kecamatan only, or an area that has gone from the map since."""
    assert views.place(key, FakeCatalogue()) == {"kelurahan": kelurahan, "kecamatan": kecamatan}
