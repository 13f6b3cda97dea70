"""Uploads: a file as it is in the body, a handle in the answer. Who sent it is checked and then forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.edge import shapes
from jagawarga.edge.api.agency import STAFF
from jagawarga.edge.api.tracking import with_code
from jagawarga.edge.bodies import NoQuery
from jagawarga.edge.routing import Answer, Ask, Route, Says

if TYPE_CHECKING:
    from jagawarga.media.messages import Item

PATH, CODE_PATH = "/v1/media", "/v1/tracking/media"
PATHS = frozenset({PATH, CODE_PATH})
"""Where a body may be as long as an upload is."""
UPLOAD_SECONDS = 120.0
REFUSES = ("body-too-large", "media-too-large", "unsupported-media", "unreadable-media")


async def upload(ask: Ask[NoQuery, None]) -> Answer:
    """Take a photo, video, sound or PDF; its content decides what it is, and nothing undecoded is kept."""
    with ask.guard.upload(ask.address if ask.caller is None else ask.caller.pseudonym):
        return Answer(described(await ask.doors.media.upload(ask.stream)), 201)


async def upload_by_code(ask: Ask[NoQuery, None]) -> Answer:
    """The same for whoever has a tracking code, to go with what they write to the agency."""

    async def known(code: str) -> Answer:
        await ask.doors.reports.track(code)
        return Answer(b"")

    await with_code(ask, known)
    return await upload(ask)


def described(item: Item) -> shapes.Upload:
    """Tell of an upload what its sender may know."""
    return {"media_id": item.media_id, "kind": item.kind, "content_type": item.content_type, "bytes": item.size}


ROUTES = (
    Route(
        "POST", PATH, upload, who=("citizen", *STAFF), allowance="upload", seconds=UPLOAD_SECONDS,
        answers=(Says(201, shapes.Upload),), refuses=REFUSES,
    ),
    Route(
        "POST", CODE_PATH, upload_by_code, allowance="upload", seconds=UPLOAD_SECONDS,
        answers=(Says(201, shapes.Upload),), refuses=("not-found", *REFUSES),
    ),
)  # fmt: skip
