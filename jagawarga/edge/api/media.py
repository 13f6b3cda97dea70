"""Uploads: a file as it is in the body, a handle in the answer. Who sent it is checked and then forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.edge import shapes
from jagawarga.edge.bodies import NoQuery
from jagawarga.edge.routing import Answer, Ask, Route, Says

if TYPE_CHECKING:
    from jagawarga.media.messages import Item

PATH = "/v1/media"


async def upload(ask: Ask[NoQuery, None]) -> Answer:
    """Take a photo, video, sound or PDF; its content decides what it is, and nothing undecoded is kept."""
    return Answer(described(await ask.doors.media.upload(ask.stream)), 201)


def described(item: Item) -> shapes.Upload:
    """Tell of an upload what its sender may know."""
    return {"media_id": item.media_id, "kind": item.kind, "content_type": item.content_type, "bytes": item.size}


ROUTES = (
    Route(
        "POST", PATH, upload, who="citizen", allowance="upload", seconds=120.0, answers=(Says(201, shapes.Upload),),
        refuses=("body-too-large", "media-too-large", "unsupported-media", "unreadable-media"),
    ),
)  # fmt: skip
