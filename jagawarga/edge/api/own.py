"""What reporters may do with a report of theirs: change or withdraw it while untouched, talk, say whether it is fixed.

Signed in, or by the tracking code alone. Words of whoever comes with a code only are cleaned as those of an anonymous
report are: nobody knows who they are, and nobody is to find out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from jagawarga.edge import shapes, views
from jagawarga.edge.api.agency import IF_MATCH, version_of
from jagawarga.edge.api.tracking import with_code
from jagawarga.edge.bodies import WRONG, Body, Handles, Key, Latitude, Line, Lines, Longitude, NoQuery, handles
from jagawarga.edge.routing import Answer, Ask, Route, Says
from jagawarga.errors import Invalid
from jagawarga.reports.messages import Place, Wish

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jagawarga.reports.messages import ReporterAction, ReportView

Words = Annotated[Lines, Field(max_length=2_000)]


class NothingBody(Body):
    """Nothing to say with it."""


class MessageBody(Body):
    """Words to the agency, with uploads; an answer where it has asked."""

    text: Words
    attachments: Handles = ()


class DisputeBody(Body):
    """What is not so, with uploads that show it."""

    text: Words
    attachments: Handles = ()


class ConfirmBody(Body):
    """How satisfied the reporter is, from 1 to 5, and why."""

    satisfaction: Annotated[int, Field(ge=1, le=5)] | None = None
    text: Words | None = None


class EditBody(Body):
    """What is to be otherwise; a place is given as a whole."""

    text: Lines | None = None
    category: Key | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    address: Annotated[Line, Field(min_length=1, max_length=500)] | None = None
    landmark: Annotated[Line, Field(min_length=1, max_length=200)] | None = None

    def wish(self, text_limit: int, expected: int | None) -> Wish:
        """Return the wish; `Invalid` for a text too long, half a pair of coordinates, or no change at all."""
        wrong: dict[str, str] = {}
        if self.text is not None and len(self.text) > text_limit:
            wrong["text"] = f"must have at most {text_limit} characters"
        if (self.latitude is None) != (self.longitude is None):
            wrong["longitude" if self.longitude is None else "latitude"] = "must come with the other coordinate"
        moved = self.latitude is not None or self.address is not None
        if self.landmark is not None and not moved:
            wrong["landmark"] = "must come with the place it is near to"
        if not self.model_fields_set:
            wrong["text"] = "must be given, or a category, or a place"
        if wrong:
            raise Invalid(WRONG, fields=wrong)
        place = Place(self.latitude, self.longitude, self.address, self.landmark) if moved else None
        return Wish("edit", self.text, expected, place=place, category=self.category)


async def edit(ask: Ask[NoQuery, EditBody]) -> Answer:
    """Change text, category or place of a report that nobody has seen to, as long as the same agency is in charge."""
    wish = ask.body.wish(ask.limits.text, version_of(ask.header(IF_MATCH)))
    return await _own(ask, wish)


def signed_in(action: ReporterAction, promise: str) -> Callable[[Ask[NoQuery, Any]], Awaitable[Answer]]:
    """Return the handler that takes a step as whoever filed the report under their name."""

    async def act(ask: Ask[NoQuery, Any]) -> Answer:
        return await _own(ask, _wish(ask, action))

    act.__doc__ = promise
    return act


def by_code(action: ReporterAction, promise: str) -> Callable[[Ask[NoQuery, Any]], Awaitable[Answer]]:
    """Return the handler that takes a step as the holder of the tracking code."""

    async def act(ask: Ask[NoQuery, Any]) -> Answer:
        wish = _wish(ask, action)

        async def step(code: str) -> Answer:
            note = None if wish.note is None else await ask.doors.intake.clean(wish.note)
            found = await ask.doors.reports.act_by_code(code, wish._replace(note=note))
            _hide(ask, found)
            return Answer(views.progress(found))

        return await with_code(ask, step)

    act.__doc__ = promise
    return act


async def _own(ask: Ask[NoQuery, Any], wish: Wish) -> Answer:
    found = await ask.doors.reports.act_as_reporter(ask.principal.pseudonym, ask.report_id, wish)
    _hide(ask, found)
    return Answer(views.own(found, ask.doors.catalogue), headers={"ETag": f'"{found.version}"'})


def _hide(ask: Ask[NoQuery, Any], found: ReportView) -> None:
    """Have what was taken back out of the feed before anybody is told that it is: its event may have far to go."""
    if found.status == "withdrawn":
        ask.doors.feed.forget(found.report_id)


def _wish(ask: Ask[NoQuery, Any], action: ReporterAction) -> Wish:
    words: str | None = getattr(ask.body, "text", None)
    satisfaction: int | None = getattr(ask.body, "satisfaction", None)
    expected = version_of(ask.header(IF_MATCH))
    return Wish(action, words, expected, satisfaction=satisfaction, attachments=handles(ask.body))


STEPS: tuple[tuple[str, ReporterAction, type[Body], str], ...] = (
    ("withdraw", "withdraw", NothingBody, "Take a report back that nobody has seen to yet."),
    ("messages", "message", MessageBody, "Write to the agency; where it has asked, this is the answer."),
    ("confirm", "confirm", ConfirmBody, "Say that it is fixed, and how satisfied one is; this closes the report."),
    (
        "not-fixed",
        "dispute",
        DisputeBody,
        "Say that it is not fixed, or a rejection wrong: it goes a level up.",
    ),
)
OPTIONAL = (NothingBody, ConfirmBody)

MOVED = (Says(200, shapes.OwnReport, headers=("ETag",)),)
ROUTES = (
    Route(
        "PUT",
        "/v1/me/reports/<report_id>",
        edit,
        who="citizen",
        body=EditBody,
        answers=MOVED,
        refuses=("unknown-category", "unknown-area", "off-the-map"),
    ),
    *(
        Route(
            "POST",
            f"/v1/me/reports/<report_id>/{path}",
            signed_in(action, promise),
            who="citizen",
            body=body,
            body_optional=body in OPTIONAL,
            answers=MOVED,
        )
        for path, action, body, promise in STEPS
    ),
    *(
        Route(
            "POST",
            f"/v1/tracking/{path}",
            by_code(action, promise),
            body=body,
            body_optional=body in OPTIONAL,
            answers=(Says(200, shapes.Progress),),
            refuses=("not-found",),
        )
        for path, action, body, promise in STEPS
    ),
)
