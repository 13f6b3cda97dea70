"""Values and the door of the media context."""

from __future__ import annotations

from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Protocol

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


class MediaDoor(Protocol):
    """What the edge may ask of the media context."""

    async def upload(self, body: AsyncIterable[bytes]) -> Item:
        """Make what arrives harmless and keep it; on disk when this returns. Nothing of who sent it is known here.

        Raises `Invalid` for what is not taken, too large or unreadable, and `Unavailable`.
        """
