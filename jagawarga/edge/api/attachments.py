"""A report's attachments, to those who may see the report: whole, in part (RFC 9110), or small."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal

from jagawarga.edge.bodies import Query
from jagawarga.edge.problems import OutOfRange
from jagawarga.edge.routing import Answer, Ask, Route, Says
from jagawarga.errors import NotFound

if TYPE_CHECKING:
    from jagawarga.reports.messages import ReportView

RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
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


def showing(find: Callable[[Ask[Any, None]], Awaitable[ReportView]]) -> Callable[[Ask[Any, None]], Awaitable[Answer]]:
    """Return the handler for those whom `find` shows the report."""

    async def show(ask: Ask[SizeQuery, None]) -> Answer:
        """Send an attachment, whole or the range that is asked for, or its thumbnail."""
        ids = (await find(ask)).attachments
        number = ask.path["number"]
        if not re.fullmatch(r"[1-9]", number) or int(number) > len(ids):
            msg = "no such attachment"
            raise NotFound(msg)
        item = await ask.doors.media.describe(ids[int(number) - 1])
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
        stream = ask.doors.media.read(item, begin, end, thumbnail=small)
        return Answer(stream, status, content_type=kind, headers=headers)

    return show


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


_PLACE = "/<report_id>/attachments/<number>"
_TOLD = ("ETag", "Cache-Control", "Content-Disposition", "Accept-Ranges")
READS = ("If-None-Match", "If-Range", "Range")
FILE = (
    Says(200, bytes, headers=_TOLD, produces=CONTENT_TYPES),
    Says(206, bytes, headers=(*_TOLD, "Content-Range"), produces=CONTENT_TYPES),
    Says(304, headers=_TOLD),
)
REFUSES = ("range-not-satisfiable",)
ROUTES = (
    Route(
        "GET", "/v1/reports" + _PLACE, showing(_public), query=SizeQuery,
        reads=READS, answers=FILE, refuses=REFUSES,
    ),
    Route(
        "GET", "/v1/me/reports" + _PLACE, showing(_own), who="citizen", query=SizeQuery,
        reads=READS, answers=FILE, refuses=REFUSES,
    ),
    Route(
        "GET", "/v1/agency/reports" + _PLACE, showing(_agency), who="officer", query=SizeQuery,
        reads=READS, answers=FILE, refuses=REFUSES,
    ),
)  # fmt: skip
