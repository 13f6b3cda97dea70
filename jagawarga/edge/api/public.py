"""What anyone may ask: the catalogue, an account, a session."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from jagawarga.edge import clocks, shapes, views
from jagawarga.edge.bodies import Body, Line, NoQuery
from jagawarga.edge.languages import preferred
from jagawarga.edge.routing import Answer, Ask, Route, Says
from jagawarga.identity.messages import OpenSession, RegisterCitizen

CACHED = {"Cache-Control": "public, max-age=60"}


class CitizenBody(Body):
    """A registration; identity itself judges NIK, telephone number and password."""

    nik: Annotated[Line, Field(min_length=1, max_length=32)]
    name: Annotated[Line, Field(min_length=1, max_length=200)]
    password: Annotated[Line, Field(min_length=1, max_length=256)]
    phone: Annotated[Line, Field(min_length=1, max_length=32)] | None = None
    email: Annotated[Line, Field(min_length=3, max_length=254)] | None = None
    address: Annotated[Line, Field(min_length=1, max_length=500)] | None = None


class SessionBody(Body):
    """A sign-in."""

    username: Annotated[Line, Field(min_length=1, max_length=128)]
    password: Annotated[Line, Field(min_length=1, max_length=256)]


async def register(ask: Ask[NoQuery, CitizenBody]) -> Answer:
    """Create a citizen's account, or with 202 keep it until the identity provider can be asked."""
    sent = ask.body
    status = await ask.doors.identity.register(
        RegisterCitizen(sent.nik, sent.name, sent.password, sent.phone, sent.email, sent.address)
    )
    shown: shapes.Registration = {"status": status}
    return Answer(shown, 201 if status == "registered" else 202)


async def open_session(ask: Ask[NoQuery, SessionBody]) -> Answer:
    """Sign in."""
    session = await ask.doors.identity.open_session(OpenSession(ask.body.username, ask.body.password, ask.address))
    return Answer(views.session(session), 201)


async def categories(ask: Ask[NoQuery, None]) -> Answer:
    """List what can be reported and how fast it must be seen to, with names in the language of `Accept-Language`."""
    known, language = ask.doors.catalogue, preferred(ask.header("Accept-Language"))
    shown: shapes.Categories = {
        "items": [
            {**views.category(each), "clocks": clocks.of_category(known, each.key)}
            for each in known.categories(language)
        ]
    }
    return Answer(shown, headers=CACHED | {"Content-Language": language, "Vary": "Accept-Language"})


async def agencies(ask: Ask[NoQuery, None]) -> Answer:
    """List who reports may go to."""
    shown: shapes.Agencies = {"items": [views.agency(each) for each in ask.doors.catalogue.agencies()]}
    return Answer(shown, headers=CACHED)


ROUTES = (
    Route(
        "POST", "/v1/citizens", register, body=CitizenBody, allowance="sign_in",
        answers=(
            Says(201, shapes.Registration),
            Says(202, shapes.Registration, "Kept until the identity provider can be asked."),
        ),
        refuses=("identity-not-confirmed",),
    ),
    Route(
        "POST", "/v1/sessions", open_session, body=SessionBody, allowance="sign_in",
        answers=(Says(201, shapes.Session),), refuses=("unauthenticated",),
    ),
    Route(
        "GET", "/v1/categories", categories, reads=("Accept-Language",),
        answers=(Says(200, shapes.Categories, headers=("Cache-Control", "Content-Language", "Vary")),),
    ),
    Route("GET", "/v1/agencies", agencies, answers=(Says(200, shapes.Agencies, headers=("Cache-Control",)),)),
)  # fmt: skip
