"""What an officer may ask: the reports of their own agency, live and on request, and to move them along."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from jagawarga.edge import shapes, views
from jagawarga.edge.api.words import words
from jagawarga.edge.bodies import WRONG, Body, Handles, Key, Lines, NoQuery, PageQuery, handles
from jagawarga.edge.routing import Answer, Ask, Route, Says, Streaming
from jagawarga.edge.stream import EventStream
from jagawarga.errors import Invalid
from jagawarga.reports.messages import Status, Wish

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jagawarga.identity.messages import Role
    from jagawarga.reports.messages import Action, ReportView

STAFF: tuple[Role, ...] = ("officer", "agency_head")
PROMISES: dict[Action, str] = {
    "acknowledge": "Say that the agency has seen the report and will act: the clock to resolve it begins.",
    "start": "Say that work on it has begun.",
    "ask": "Ask the reporter something; the clock stands still until they answer, three times a level.",
    "reply": "Write to the reporter.",
    "note": "Write something down for the authorities alone.",
    "split": "Split a duplicate off again: it goes on under its own clock, as if that had never stood still.",
    "resolve": "Say that it is done, with photos that prove it; the reporter may deny it.",
    "reject": "Say that it will not be done, with the reason; the reporter may deny that once.",
}
"""What each step does, as the API tells it."""
ACTIONS: tuple[Action, ...] = tuple(PROMISES)
WITH_FILES: frozenset[Action] = frozenset({"ask", "reply", "note", "resolve"})
"""Actions that photos and documents may go with; those of `resolve` are its proof."""
NEEDS_NOTE: frozenset[Action] = frozenset({"ask", "reply", "note", "reject"})
"""Actions that are nothing without words."""
LAST_EVENT_ID = "Last-Event-ID"
MAX_DIGITS = 18
IF_MATCH = "If-Match"
MAX_VERSION_DIGITS = 9


class ListQuery(PageQuery):
    """A page of the agency's reports, of one status or all."""

    status: Status | None = None


class ActionBody(Body):
    """What goes with a step: words for the reporter, or with `note` for the authorities alone."""

    answer: Key | None = None  # of the agency's canned ones, in place of a note
    note: Annotated[Lines, Field(max_length=2_000)] | None = None


class FilesBody(ActionBody):
    """The same, with uploads."""

    attachments: Handles = ()


async def reports(ask: Ask[ListQuery, None]) -> Answer:
    """List the agency's reports, newest first."""
    page = await ask.doors.reports.list_for_agency(
        ask.agency, status=ask.query.status, cursor=ask.query.cursor, limit=ask.query.limit
    )
    return Answer(views.page(page, ask.doors.catalogue))


async def report(ask: Ask[NoQuery, None]) -> Answer:
    """Show one of the agency's reports."""
    return shown(ask, await ask.doors.reports.open_for_agency(ask.agency, ask.report_id))


def shown(ask: Ask[Any, Any], found: ReportView) -> Answer:
    """Answer with a report as an authority sees it."""
    body = views.for_agency(found, ask.doors.catalogue, ask.principal.pseudonym)
    return Answer(body, headers={"ETag": f'"{found.version}"'})


def acting(action: Action) -> Callable[[Ask[NoQuery, ActionBody | None]], Awaitable[Answer]]:
    """Return the handler that takes `action`."""

    async def act(ask: Ask[NoQuery, ActionBody | None]) -> Answer:
        note = await words(ask, action)
        if note is None and action in NEEDS_NOTE:
            raise Invalid(WRONG, fields={"note": "must say why" if action == "reject" else "must say something"})
        wish = Wish(action, note, version_of(ask.header(IF_MATCH)), attachments=handles(ask.body))
        return shown(ask, await ask.doors.reports.act(ask.agency, ask.report_id, wish))

    act.__doc__ = PROMISES[action]
    return act


def version_of(given: str | None) -> int | None:
    """The version a step is meant for, given as an entity tag (`"3"`); `None` for any."""
    if given is None or given == "*":
        return None
    digits = given.removeprefix('"').removesuffix('"')
    quoted = given == f'"{digits}"'
    if not (quoted and digits.isascii() and digits.isdecimal() and len(digits) <= MAX_VERSION_DIGITS):
        raise Invalid(WRONG, fields={IF_MATCH: "must be the report's version in double quotes, or *"})
    return int(digits)


async def stream(ask: Ask[NoQuery, None]) -> Streaming:
    """Stream the agency's events as they happen, from behind `Last-Event-ID` on."""
    last = ask.header(LAST_EVENT_ID)
    if last is not None and not (last.isascii() and last.isdecimal() and len(last) <= MAX_DIGITS):
        raise Invalid(WRONG, fields={LAST_EVENT_ID: "must be the number of an event"})
    owner = ask.principal.pseudonym
    ask.guard.admit_stream("agencies", owner)
    subscription = ask.doors.notification.subscribe(ask.agency, after=None if last is None else int(last))
    place = partial(ask.guard.stream, "agencies", owner)
    return Streaming(EventStream(subscription, ask.limits, ask.draining, place))


def events(shape: Any) -> tuple[Says, ...]:
    """What a route answers that streams events; each has data of this shape."""
    meaning = "Events, each with its number, until the server closes."
    return (Says(200, shape, meaning, headers=("X-Accel-Buffering",), produces=("text/event-stream",)),)


SHOWN = (Says(200, shapes.AgencyReport, headers=("ETag",)),)
ROUTES = (
    Route("GET", "/v1/agency/reports", reports, who=STAFF, query=ListQuery, answers=(Says(200, shapes.Reports),)),
    Route("GET", "/v1/agency/reports/<report_id>", report, who=STAFF, answers=SHOWN),
    Route(
        "GET",
        "/v1/agency/stream",
        stream,
        who=STAFF,
        reads=(LAST_EVENT_ID,),
        answers=events(shapes.AgencyEvent),
    ),
    *(
        Route(
            "POST",
            f"/v1/agency/reports/<report_id>/{action}",
            acting(action),
            who=STAFF,
            body=FilesBody if action in WITH_FILES else ActionBody,
            body_optional=True,
            answers=SHOWN,
        )
        for action in ACTIONS
    ),
)
