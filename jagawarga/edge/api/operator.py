"""What an operator may ask: agencies, categories and the accounts of officers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from jagawarga.catalogue.messages import Agency, Category
from jagawarga.edge import shapes, views
from jagawarga.edge.bodies import Body, Key, Line, NoQuery, read_key
from jagawarga.edge.routing import Answer, Ask, Route, Says
from jagawarga.identity.messages import AddOfficer

Name = Annotated[Line, Field(min_length=1, max_length=200)]
TEN_YEARS = 87_600.0
Hours = Annotated[
    list[Annotated[float, Field(gt=0, le=TEN_YEARS, allow_inf_nan=False)]], Field(min_length=1, max_length=10)
]


class AgencyBody(Body):
    """An agency, its key being in the path."""

    name: Name
    parent: Key | None = None


class CategoryBody(Body):
    """A category, its key being in the path; one limit for each level of the ladder, the last one repeats."""

    name: Name
    agency: Key
    respond_hours: Hours
    resolve_hours: Hours
    severity: Literal["low", "normal", "high"] = "normal"


class OfficerBody(Body):
    """An officer, the user name being in the path."""

    password: Annotated[Line, Field(min_length=1, max_length=256)]
    agency: Key


async def put_agency(ask: Ask[NoQuery, AgencyBody]) -> Answer:
    """Create or change an agency."""
    agency = Agency(read_key("key", ask.path["key"]), ask.body.name, ask.body.parent)
    await ask.doors.catalogue.put_agency(agency)
    return Answer(views.agency(agency))


async def put_category(ask: Ask[NoQuery, CategoryBody]) -> Answer:
    """Create or change a category and who it goes to."""
    sent = ask.body
    category = Category(
        read_key("key", ask.path["key"]),
        sent.name,
        tuple(hours * views.SECONDS_PER_HOUR for hours in sent.respond_hours),
        tuple(hours * views.SECONDS_PER_HOUR for hours in sent.resolve_hours),
        sent.severity,
    )
    await ask.doors.catalogue.put_category(category, sent.agency)
    shown: shapes.RoutedCategory = {**views.category(category), "agency": sent.agency}
    return Answer(shown)


async def put_officer(ask: Ask[NoQuery, OfficerBody]) -> Answer:
    """Create an officer's account, or set its password and agency."""
    username = read_key("username", ask.path["username"])
    await ask.doors.identity.add_officer(AddOfficer(username, ask.body.password, ask.body.agency))
    shown: shapes.Officer = {"username": username, "agency": ask.body.agency}
    return Answer(shown)


ROUTES = (
    Route(
        "PUT", "/v1/operator/agencies/<key>", put_agency, who="operator", body=AgencyBody,
        answers=(Says(200, shapes.Agency),), refuses=("unknown-agency", "agency-cycle"),
    ),
    Route(
        "PUT", "/v1/operator/categories/<key>", put_category, who="operator", body=CategoryBody,
        answers=(Says(200, shapes.RoutedCategory),), refuses=("unknown-agency",),
    ),
    Route(
        "PUT", "/v1/operator/officers/<username>", put_officer, who="operator", body=OfficerBody,
        answers=(Says(200, shapes.Officer),), refuses=("conflict",),
    ),
)  # fmt: skip
