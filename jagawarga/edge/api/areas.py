"""What anyone may ask of the map: its areas, and the kelurahan at a point. No point asked for is kept or logged."""

from __future__ import annotations

from jagawarga.edge import shapes, views
from jagawarga.edge.bodies import Latitude, Longitude, NoQuery, Query
from jagawarga.edge.routing import Answer, Ask, Route, Says

CACHED = {"Cache-Control": "public, max-age=300"}


class PointQuery(Query):
    """A point on the map, in degrees of WGS 84."""

    latitude: Latitude
    longitude: Longitude


async def areas(ask: Ask[NoQuery, None]) -> Answer:
    """List the areas: every kecamatan, each before its kelurahan."""
    shown: shapes.Areas = {"items": [views.area(each) for each in ask.doors.catalogue.areas()]}
    return Answer(shown, headers=CACHED)


async def area_at(ask: Ask[PointQuery, None]) -> Answer:
    """Show the kelurahan at a point, and its kecamatan."""
    found = ask.doors.catalogue.area_at(ask.query.latitude, ask.query.longitude)
    shown: shapes.AreaAt = {"area": found.key, **views.place(found.key, ask.doors.catalogue)}
    return Answer(shown)


ROUTES = (
    Route("GET", "/v1/areas", areas, answers=(Says(200, shapes.Areas, headers=("Cache-Control",)),)),
    Route(
        "GET",
        "/v1/areas/at",
        area_at,
        query=PointQuery,
        answers=(Says(200, shapes.AreaAt),),
        refuses=("off-the-map",),
    ),
)
