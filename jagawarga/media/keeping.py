"""Where clean uploads lie: what any store of them has to promise. `volume.Volume` is the one on a local disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from jagawarga.media.messages import Item
    from jagawarga.media.sanitiser import Clean

CONTENT, THUMBNAIL = "content", "thumbnail"
"""The parts of an upload."""


class MediaStore(Protocol):
    """Keeps uploads sealed, under handles that nobody can guess. Methods block, for a thread; all raise `OSError`.

    Whatever is kept tells neither what it shows, nor whose it is, nor when it came.
    """

    incoming: Path
    """A private directory for what is not clean yet; files in it have no name."""

    def prepare(self) -> None:
        """Make what is needed, and sweep out what was cut off when the last process ended."""

    def add(self, clean: Clean, now: float) -> Item:
        """Keep a clean upload; durable when this returns, and whole or not there whatever happens."""

    def describe(self, media_id: str) -> Item:
        """Tell what lies behind a handle; `NotFound` where nothing does."""

    def read(self, item: Item, begin: int, end: int, part: str = CONTENT) -> Iterator[bytes]:
        """Yield the bytes from `begin` up to `end`; `Corrupt` for damaged ones."""

    def claim(self, media_id: str, report_id: UUID) -> bool:
        """Make an upload that report's for good; False when it is another's or not there."""

    def purge(self, before: float) -> int:
        """Remove uploads that nobody claimed and that came on days before `before`; returns how many."""
