"""What anyone may ask before filing: which category a text is about. The text is neither kept nor logged."""

from __future__ import annotations

from jagawarga.edge import shapes, views
from jagawarga.edge.bodies import WRONG, Body, Latitude, Lines, Longitude, NoQuery
from jagawarga.edge.languages import preferred
from jagawarga.edge.routing import Answer, Ask, Route, Says
from jagawarga.errors import Invalid


class SuggestionBody(Body):
    """A text as typed so far, and where it is about, if that is known."""

    text: Lines
    latitude: Latitude | None = None
    longitude: Longitude | None = None


async def suggest(ask: Ask[NoQuery, SuggestionBody]) -> Answer:
    """Suggest up to three categories for a text, the likeliest first; nothing of it is kept."""
    sent = ask.body
    if len(sent.text) > ask.limits.text:
        raise Invalid(WRONG, fields={"text": f"must have at most {ask.limits.text} characters"})
    language = preferred(ask.header("Accept-Language"))
    found = ask.doors.catalogue.suggest(sent.text, sent.latitude, sent.longitude, language)
    shown: shapes.Suggestions = {"items": [views.suggestion(each) for each in found]}
    return Answer(shown, headers={"Content-Language": language})


ROUTES = (
    Route(
        "POST", "/v1/categories/suggestions", suggest, body=SuggestionBody, allowance="suggest",
        reads=("Accept-Language",),
        answers=(Says(200, shapes.Suggestions, headers=("Content-Language",)),), refuses=("off-the-map",),
    ),
)  # fmt: skip
