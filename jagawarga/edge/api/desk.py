"""An agency's desk: what it has to act on, the nearest deadline first; who of its officers has it; passing it on."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from jagawarga.edge import shapes, views
from jagawarga.edge.api.agency import IF_MATCH, SHOWN, STAFF, shown, version_of
from jagawarga.edge.bodies import WRONG, Body, Key, Line, Lines, NoQuery, PageQuery
from jagawarga.edge.routing import Answer, Ask, Route, Says
from jagawarga.errors import Invalid, NotFound
from jagawarga.reports.messages import Sieve, Status, Wish

ME = "me"
NOBODY = "nobody"


class QueueQuery(PageQuery):
    """Which part of the queue: `assignee` is `me`, `nobody`, or an officer's user name."""

    status: Status | None = None
    category: Key | None = None
    area: Key | None = None
    assignee: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    level: Annotated[int, Field(ge=0, le=100)] | None = None


class AssigneeBody(Body):
    """Who shall have the report: an officer of the agency by user name; without one, the caller."""

    officer: Annotated[Line, Field(min_length=1, max_length=64)] | None = None


class TransferBody(Body):
    """To which agency, and why."""

    agency: Key
    note: Annotated[Lines, Field(max_length=2_000)]


class ReclassifyBody(Body):
    """Of which category the report is, and why."""

    category: Key
    note: Annotated[Lines, Field(max_length=2_000)]


class MergeBody(Body):
    """Into which report, and what its reporter is told."""

    into: UUID
    note: Annotated[Lines, Field(max_length=2_000)] | None = None


async def queue(ask: Ask[QueueQuery, None]) -> Answer:
    """List what the agency has to act on, the nearest deadline first."""
    asked = ask.query
    assignee = None if asked.assignee is None else await _pseudonym(ask, asked.assignee)
    sieve = Sieve(asked.status, asked.category, asked.area, assignee, asked.level)
    page = await ask.doors.reports.queue(ask.agency, sieve, cursor=asked.cursor, limit=asked.limit)
    return Answer(views.queue(page, ask.doors.catalogue, ask.principal.pseudonym))


async def assign(ask: Ask[NoQuery, AssigneeBody | None]) -> Answer:
    """Give the report to an officer of the agency, or take it."""
    wanted = ME if ask.body is None or ask.body.officer is None else ask.body.officer
    return await _assigned(ask, await _pseudonym(ask, wanted))


async def unassign(ask: Ask[NoQuery, None]) -> Answer:
    """Let nobody in particular have the report."""
    return await _assigned(ask, None)


async def transfer(ask: Ask[NoQuery, TransferBody]) -> Answer:
    """Pass the report on to another agency, with the reason; one that had it before gets it no more: it escalates."""
    wish = Wish("transfer", ask.body.note, version_of(ask.header(IF_MATCH)), agency=ask.body.agency)
    moved = await ask.doors.reports.act(ask.agency, ask.report_id, wish)
    if ask.agency in {moved.agency, moved.holder}:
        return shown(ask, moved)
    gone: shapes.PassedOn = {
        "status": moved.status,
        "agency": moved.agency,
        "holder": moved.holder,
        "version": moved.version,
    }
    return Answer(gone, headers={"ETag": f'"{moved.version}"'})


async def reclassify(ask: Ask[NoQuery, ReclassifyBody]) -> Answer:
    """Say that the report is of another category, with the reason: its limits hold, from the same moment."""
    wish = Wish("reclassify", ask.body.note, version_of(ask.header(IF_MATCH)), category=ask.body.category)
    return shown(ask, await ask.doors.reports.act(ask.agency, ask.report_id, wish))


async def merge(ask: Ask[NoQuery, MergeBody]) -> Answer:
    """Say that the report is of the same thing as another one of the agency's, and goes along with that from now on."""
    sent = ask.body
    wish = Wish("merge", sent.note, version_of(ask.header(IF_MATCH)), into=sent.into)
    return shown(ask, await ask.doors.reports.act(ask.agency, ask.report_id, wish))


async def _assigned(ask: Ask[NoQuery, AssigneeBody | None] | Ask[NoQuery, None], officer: str | None) -> Answer:
    wish = Wish("assign", None, version_of(ask.header(IF_MATCH)), officer=officer)
    return shown(ask, await ask.doors.reports.act(ask.agency, ask.report_id, wish))


async def _pseudonym(ask: Ask[QueueQuery, None] | Ask[NoQuery, AssigneeBody | None], officer: str) -> str:
    if officer == ME:
        return ask.principal.pseudonym
    if officer == NOBODY:
        return ""
    try:
        return await ask.doors.identity.officer(ask.agency, officer)
    except NotFound:
        raise Invalid(WRONG, fields={"officer": "must be an officer of the agency"}) from None


ROUTES = (
    Route("GET", "/v1/agency/queue", queue, who=STAFF, query=QueueQuery, answers=(Says(200, shapes.Queue),)),
    Route(
        "PUT", "/v1/agency/reports/<report_id>/assignee", assign, who=STAFF, body=AssigneeBody, body_optional=True,
        answers=SHOWN,
    ),
    Route("DELETE", "/v1/agency/reports/<report_id>/assignee", unassign, who=STAFF, answers=SHOWN),
    Route(
        "POST", "/v1/agency/reports/<report_id>/transfer", transfer, who=STAFF, body=TransferBody,
        answers=(
            Says(200, shapes.AgencyReport | shapes.PassedOn, "The report, where it is still the caller's.", ("ETag",)),
        ),
    ),
    Route(
        "POST", "/v1/agency/reports/<report_id>/reclassify", reclassify, who=STAFF, body=ReclassifyBody,
        answers=SHOWN, refuses=("unknown-category",),
    ),
    Route("POST", "/v1/agency/reports/<report_id>/merge", merge, who=STAFF, body=MergeBody, answers=SHOWN),
)  # fmt: skip
