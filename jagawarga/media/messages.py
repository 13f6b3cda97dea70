"""Values and the door of the media context."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from jagawarga.media.kinds import Kind


@dataclass(frozen=True, slots=True)
class Item:
    """One clean upload: `media_id` is a random handle, the only way to it; `size` in bytes."""

    media_id: str
    kind: Kind
    content_type: str
    size: int
    thumbnail: int
    """Bytes of the thumbnail; 0 for what has none."""
    looks: int | None = None
    """Of a picture: 64 bits that are nearly the same for copies of it (a difference hash)."""


class MediaDoor(Protocol):
    """What the edge may ask of the media context."""

    async def upload(self, body: AsyncIterable[bytes]) -> Item:
        """Make what arrives harmless and keep it; on disk when this returns. Nothing of who sent it is known here.

        Raises `Invalid` for what is not taken, too large or unreadable, and `Unavailable`.
        """

    async def claim(self, report_id: UUID, media_ids: Sequence[str]) -> None:
        """Make uploads a report's for good; again for the same report is the same.

        Raises `Invalid` for an upload that is not there or another report's, `Unavailable`.
        """

    async def describe(self, media_id: str) -> Item:
        """Tell what an upload is; `NotFound` where there is none."""

    def read(self, item: Item, begin: int, end: int, *, thumbnail: bool = False) -> AsyncIterator[bytes]:
        """Yield the bytes from `begin` up to `end`, piece by piece."""
