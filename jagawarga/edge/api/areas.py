"""What anyone may ask of the map: its areas, and the kelurahan at a point. No point asked for is kept or logged."""

from __future__ import annotations

from jagawarga.edge import views
from jagawarga.edge.bodies import Latitude, Longitude, NoQuery, Query
from jagawarga.edge.routing import Answer, Ask, Route

CACHED = {"Cache-Control": "public, max-age=300"}


class PointQuery(Query):
    """A point on the map, in degrees of WGS 84."""

    latitude: Latitude
    longitude: Longitude


async def areas(ask: Ask[NoQuery, None]) -> Answer:
    """List the areas: every kecamatan, each before its kelurahan."""
    return Answer({"items": [views.area(each) for each in ask.doors.catalogue.areas()]}, headers=CACHED)


async def area_at(ask: Ask[PointQuery, None]) -> Answer:
    """Show the kelurahan at a point, and its kecamatan."""
    found = ask.doors.catalogue.area_at(ask.query.latitude, ask.query.longitude)
    return Answer({"area": found.key, **views.place(found.key, ask.doors.catalogue)})


ROUTES = (
    Route("GET", "/v1/areas", areas),
    Route("GET", "/v1/areas/at", area_at, query=PointQuery),
)
