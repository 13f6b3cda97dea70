"""Attachments, to those who may see what they belong to: whole, in part (RFC 9110), or small.

A report has some, and each line of its history may: what somebody wrote, or proved. Of the latter the public sees
those of a resolution, and no others.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal

from jagawarga.edge.api.agency import STAFF
from jagawarga.edge.api.tracking import with_code
from jagawarga.edge.bodies import Query
from jagawarga.edge.problems import OutOfRange
from jagawarga.edge.routing import Answer, Ask, Route, Says
from jagawarga.edge.views import RESOLVED
from jagawarga.errors import NotFound

if TYPE_CHECKING:
    from jagawarga.identity.messages import Role
    from jagawarga.reports.messages import ReportView

    Find = Callable[[Ask[Any, None]], Awaitable[ReportView]]
    Handler = Callable[[Ask[Any, None]], Awaitable[Answer]]

NONE = "no such attachment"
RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
NUMBER = re.compile(r"[1-9][0-9]{0,8}")
CONTENT_TYPES = (
    "image/jpeg", "image/png", "image/webp", "video/mp4", "video/webm", "audio/mpeg", "audio/mp4", "audio/ogg",
    "audio/wav", "application/pdf",
)  # fmt: skip
"""Of what is kept, whatever it was when it was sent."""
_SHOWN = {
    "Content-Disposition": "inline",
    "X-Content-Type-Options": "nosniff",
    "Accept-Ranges": "bytes",
}


class SizeQuery(Query):
    """The file itself, or a small picture of it."""

    size: Literal["original", "thumbnail"] = "original"


async def _public(ask: Ask[Any, None]) -> ReportView:
    return await ask.doors.reports.open_public(ask.report_id)


async def _own(ask: Ask[Any, None]) -> ReportView:
    return await ask.doors.reports.open_own(ask.principal.pseudonym, ask.report_id)


async def _agency(ask: Ask[Any, None]) -> ReportView:
    return await ask.doors.reports.open_for_agency(ask.agency, ask.report_id)


def showing(find: Find) -> Handler:
    """Return the handler for a report's own attachments, for those whom `find` shows the report."""

    async def show(ask: Ask[SizeQuery, None]) -> Answer:
        """Send an attachment, whole or the range that is asked for, or its thumbnail."""
        return await send(ask, (await find(ask)).attachments)

    return show


def showing_line(find: Find, *, everything: bool = True) -> Handler:
    """Return the handler for those of a line of history; without `everything` of resolutions alone."""

    async def show(ask: Ask[SizeQuery, None]) -> Answer:
        """Send what came with a line of the history, in the same ways."""
        return await send(ask, _of_line(ask, await find(ask), everything=everything))

    return show


async def tracked(ask: Ask[SizeQuery, None]) -> Answer:
    """Send what came with a line of the history, in the same ways."""

    async def look(code: str) -> Answer:
        return await send(ask, _of_line(ask, await ask.doors.reports.track(code), everything=True))

    return await with_code(ask, look)


def _of_line(ask: Ask[Any, None], report: ReportView, *, everything: bool) -> tuple[str, ...]:
    version = ask.path["version"]
    if NUMBER.fullmatch(version):
        for line in report.history:
            if line.version == int(version) and (everything or line.event == RESOLVED):
                return line.attachments
    raise NotFound(NONE)


async def send(ask: Ask[SizeQuery, None], handles: tuple[str, ...]) -> Answer:
    """Send the one of these uploads whose number is in the path; `NotFound` where there is none."""
    number = ask.path["number"]
    if not NUMBER.fullmatch(number) or int(number) > len(handles):
        raise NotFound(NONE)
    item = await ask.doors.media.describe(handles[int(number) - 1])
    small = ask.query.size == "thumbnail"
    size = item.thumbnail if small else item.size
    if not size:
        msg = "there is no small picture of it"
        raise NotFound(msg)
    tag = f'"{number}-{ask.query.size}"'
    headers = _SHOWN | {"ETag": tag, "Cache-Control": "private, max-age=3600"}
    if ask.header("If-None-Match") == tag:
        return Answer(b"", 304, headers=headers)
    wanted = ask.header("Range") if ask.header("If-Range") in {None, tag} else None
    begin, end, status = ranged(wanted, size)
    if status == 416:  # noqa: PLR2004 - Range Not Satisfiable
        raise OutOfRange(size)
    if status == 206:  # noqa: PLR2004 - Partial Content
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - begin)
    kind = "image/jpeg" if small else item.content_type
    return Answer(ask.doors.media.read(item, begin, end, thumbnail=small), status, content_type=kind, headers=headers)


def ranged(wanted: str | None, size: int) -> tuple[int, int, int]:
    """Return begin, end and status for a `Range` header; several ranges, or what is no range, get the whole."""
    found = RANGE.fullmatch(wanted or "")
    if found is None or not (found[1] or found[2]):
        return 0, size, 200
    begin = int(found[1]) if found[1] else max(0, size - int(found[2]))
    end = min(size, int(found[2]) + 1) if found[1] and found[2] else size
    if found[1] and found[2] and int(found[2]) < begin:
        return 0, size, 200
    return (begin, end, 206) if begin < size else (0, 0, 416)


_FILE = "/attachments/<number>"
_OWN = "/<report_id>" + _FILE
_LINE = "/<report_id>/history/<version>" + _FILE
_TOLD = ("ETag", "Cache-Control", "Content-Disposition", "Accept-Ranges")
READS = ("If-None-Match", "If-Range", "Range")
FILE = (
    Says(200, bytes, headers=_TOLD, produces=CONTENT_TYPES),
    Says(206, bytes, headers=(*_TOLD, "Content-Range"), produces=CONTENT_TYPES),
    Says(304, headers=_TOLD),
)
REFUSES = ("range-not-satisfiable",)
WAYS: tuple[tuple[str, Handler, Role | tuple[Role, ...] | None], ...] = (
    ("/v1/reports" + _OWN, showing(_public), None),
    ("/v1/me/reports" + _OWN, showing(_own), "citizen"),
    ("/v1/agency/reports" + _OWN, showing(_agency), STAFF),
    ("/v1/reports" + _LINE, showing_line(_public, everything=False), None),
    ("/v1/me/reports" + _LINE, showing_line(_own), "citizen"),
    ("/v1/agency/reports" + _LINE, showing_line(_agency), STAFF),
    ("/v1/tracking/history/<version>" + _FILE, tracked, None),
)
ROUTES = tuple(
    Route("GET", path, handler, who=who, query=SizeQuery, reads=READS, answers=FILE, refuses=REFUSES)
    for path, handler, who in WAYS
)
