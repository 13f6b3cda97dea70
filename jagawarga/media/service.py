"""The door of the media context."""

from __future__ import annotations

import time
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final

import trio

from jagawarga.errors import Invalid, Unavailable
from jagawarga.media.keeping import CONTENT, THUMBNAIL
from jagawarga.media.kinds import FORMATS, HEAD, Kind
from jagawarga.media.sanitiser import Sanitiser, sniff
from jagawarga.media.volume import DAY, Volume

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path
    from uuid import UUID

    from jagawarga.media.keeping import MediaStore
    from jagawarga.media.messages import Item
    from jagawarga.plumbing.keys import Keyring

AT_ONCE: Final = 64
"""Uploads under way, most of them arriving: few are cleaned at a time. More are told to come back."""
KEPT_DAYS: Final = 2
"""Full days and the rest of one: an upload is there for a day at least."""
LOOK_EVERY: Final = 3_600.0
TOO_LARGE: Final = "The file is too large for its kind."


class Media:
    """Takes uploads, and removes those that nobody attached."""

    def __init__(
        self, path: Path, keyring: Keyring, largest: Mapping[Kind, int], now: Callable[[], float] = time.time
    ) -> None:
        self.volume: MediaStore = Volume(path, keyring)
        self.sanitiser = Sanitiser(self.volume.incoming)
        self.largest = largest
        self.now = now
        self._places = trio.Semaphore(AT_ONCE)

    async def upload(self, body: AsyncIterable[bytes]) -> Item:
        """Make what arrives harmless and keep it, as the door promises.

        Until it is kept it lies in files without a name: a crash or a cancellation leaves nothing.
        """
        try:
            self._places.acquire_nowait()
        except trio.WouldBlock:
            msg = "too many files arrive at once"
            raise Unavailable(msg, retry_after=2.0) from None
        try:
            with TemporaryFile(dir=self.volume.incoming) as raw:
                limit = await self._receive(body, raw)
                clean = await self.sanitiser.clean(raw, 2 * limit)
            try:
                return await trio.to_thread.run_sync(self.volume.add, clean, self.now())
            finally:
                clean.close()
        except OSError as error:
            msg = f"the media volume fails ({type(error).__name__})"
            raise Unavailable(msg) from error
        finally:
            self._places.release()

    async def _receive(self, body: AsyncIterable[bytes], raw: IO[bytes]) -> int:
        head, size, limit = b"", 0, max(self.largest.values())
        async for piece in body:
            size += len(piece)
            if len(head) < HEAD:
                head += piece[:HEAD]
                if len(head) >= HEAD:
                    limit = self.largest[FORMATS[sniff(head)].kind]
            if size > limit:
                raise Invalid(TOO_LARGE, code="media-too-large")
            await trio.to_thread.run_sync(raw.write, piece)
        limit = self.largest[FORMATS[sniff(head)].kind]
        if size > limit:
            raise Invalid(TOO_LARGE, code="media-too-large")
        return limit

    async def claim(self, report_id: UUID, media_ids: Sequence[str]) -> None:
        """Make uploads a report's, as the door promises."""
        for number, media_id in enumerate(media_ids):
            try:
                mine = await trio.to_thread.run_sync(self.volume.claim, media_id, report_id)
            except OSError as error:
                msg = f"the media volume fails ({type(error).__name__})"
                raise Unavailable(msg) from error
            if not mine:
                msg = "Some attachments can not be used."
                raise Invalid(msg, fields={f"attachments.{number}": "is not there, or belongs to another report"})

    async def describe(self, media_id: str) -> Item:
        """Tell what an upload is; `NotFound` where there is none."""
        return await trio.to_thread.run_sync(self.volume.describe, media_id)

    async def read(self, item: Item, begin: int, end: int, *, thumbnail: bool = False) -> AsyncIterator[bytes]:
        """Yield the bytes from `begin` up to `end`, a chunk at a time."""
        pieces = self.volume.read(item, begin, end, THUMBNAIL if thumbnail else CONTENT)
        while piece := await trio.to_thread.run_sync(next, pieces, b""):
            yield piece

    async def purge(self) -> int:
        """Remove what nobody attached within its days; returns how many."""
        before = self.now() // DAY * DAY - (KEPT_DAYS - 1) * DAY
        return await trio.to_thread.run_sync(self.volume.purge, before)


async def keep_clean(started: Callable[[], None], media: Media) -> None:
    """Remove what nobody attached, now and then; a crash is the supervisor's to mend."""
    await trio.to_thread.run_sync(media.volume.prepare)
    started()
    while True:
        await media.purge()
        await trio.sleep(LOOK_EVERY)
