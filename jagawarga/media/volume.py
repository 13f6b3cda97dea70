"""The media volume: sealed files in a directory, one folder an upload.

A folder's name is a keyed digest of the upload's handle, its files are sealed in chunks bound to handle, part and
place: the disk alone tells neither what a file shows nor whether a known picture is among them, and a chunk put
elsewhere does not open. Times of files are those of the day. A folder appears under its name whole and durable.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from jagawarga.errors import Corrupt, NotFound
from jagawarga.media.keeping import CONTENT, THUMBNAIL
from jagawarga.media.messages import Item

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from jagawarga.media.sanitiser import Clean
    from jagawarga.plumbing.keys import Keyring

CHUNK: Final = 65_536
SEAL_BYTES: Final = 29
"""What sealing adds to a chunk: version, nonce and tag."""
DAY: Final = 86_400
HANDLE_BYTES: Final = 24
FACTS, CLAIM = "facts", "claim"


class Volume:
    """Files below one directory: the `MediaStore` of a local disk."""

    def __init__(self, path: Path, keyring: Keyring) -> None:
        self.keyring = keyring
        self.incoming, self.kept = path / "incoming", path / "kept"

    def prepare(self) -> None:
        """Make the rooms, and sweep out what was cut off when the last process ended."""
        for room in (self.incoming, self.kept):
            room.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self.incoming.iterdir():
            shutil.rmtree(left)

    def add(self, clean: Clean, now: float) -> Item:
        """Seal and keep a clean upload; durable when this returns."""
        media_id = secrets.token_urlsafe(HANDLE_BYTES)
        size, small = (part.seek(0, os.SEEK_END) for part in (clean.content, clean.thumbnail))
        item = Item(media_id, clean.kind, clean.content_type, size, small, clean.dhash)
        room = self.incoming / secrets.token_hex(16)
        room.mkdir(mode=0o700)
        try:
            self._write(room / CONTENT, media_id, CONTENT, clean.content, now)
            self._write(room / THUMBNAIL, media_id, THUMBNAIL, clean.thumbnail, now)
            facts = {name: value for name, value in asdict(item).items() if name != "media_id"}
            sealed = self.keyring.seal("media", json.dumps(facts).encode(), _bound(media_id, FACTS, 0))
            with (room / FACTS).open("xb") as file:
                file.write(sealed)
                _settle(file, now)
            _sync(room)
            _date(room, now)
            place = self._place(media_id)
            place.parent.mkdir(mode=0o700, exist_ok=True)
            room.rename(place)
        except BaseException:
            shutil.rmtree(room, ignore_errors=True)
            raise
        for directory in (place.parent, self.kept):
            _date(directory, now)
            _sync(directory)
        return item

    def describe(self, media_id: str) -> Item:
        """Tell what lies behind a handle; `NotFound` where nothing does."""
        try:
            sealed = (self._place(media_id) / FACTS).read_bytes()
        except FileNotFoundError:
            msg = "no such upload"
            raise NotFound(msg) from None
        return Item(media_id, **json.loads(self.keyring.unseal("media", sealed, _bound(media_id, FACTS, 0))))

    def read(self, item: Item, begin: int, end: int, part: str = CONTENT) -> Iterator[bytes]:
        """Yield the bytes from `begin` up to `end`, opening only the chunks they lie in; `Corrupt` for damaged ones."""
        with (self._place(item.media_id) / part).open("rb") as file:
            for index in range(begin // CHUNK, -(-end // CHUNK)):
                file.seek(index * (CHUNK + SEAL_BYTES))
                sealed = file.read(CHUNK + SEAL_BYTES)
                plain = self.keyring.unseal("media", sealed, _bound(item.media_id, part, index))
                if len(plain) < min(CHUNK, end - index * CHUNK):
                    msg = "an attachment is shorter than it was"
                    raise Corrupt(msg)
                yield plain[max(0, begin - index * CHUNK) : end - index * CHUNK]

    def claim(self, media_id: str, report_id: UUID) -> bool:
        """Make an upload that report's; False when it is another's or not there. The disk does not tell whose."""
        place = self._place(media_id)
        owner = self.keyring.digest("media-claim", report_id.bytes + media_id.encode())
        try:
            day = place.stat().st_mtime
            with (place / CLAIM).open("xb") as file:
                file.write(owner)
                _settle(file, day)
        except FileNotFoundError:
            return False
        except FileExistsError:
            return (place / CLAIM).read_bytes() == owner
        _date(place, day)
        _sync(place)
        return True

    def purge(self, before: float) -> int:
        """Remove uploads of days before `before`; returns how many."""
        old = [room for room in self.kept.glob("*/*") if room.stat().st_mtime < before and not (room / CLAIM).exists()]
        for room in old:
            shutil.rmtree(room)
        return len(old)

    def _place(self, media_id: str) -> Path:
        name = self.keyring.digest("media", media_id.encode()).hex()
        return self.kept / name[:2] / name[2:]

    def _write(self, path: Path, media_id: str, part: str, source: IO[bytes], now: float) -> None:
        source.seek(0)
        with path.open("xb") as file:
            index = 0
            while plain := source.read(CHUNK):
                file.write(self.keyring.seal("media", plain, _bound(media_id, part, index)))
                index += 1
            _settle(file, now)


def _bound(media_id: str, part: str, index: int) -> bytes:
    return f"{media_id}:{part}:{index}".encode()


def _settle(file: IO[bytes], now: float) -> None:
    file.flush()
    _date(file.fileno(), now)
    os.fsync(file.fileno())


def _sync(path: Path) -> None:
    """Make the names in the directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _date(path: Path | int, now: float) -> None:
    """Leave the day and not the moment: it could be held against the minute of an anonymous report."""
    os.utime(path, (now // DAY * DAY,) * 2)
