"""Taking a backup: one moment of a house, written into an archive while the house goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Protocol

from jagawarga.backup.archive import ArchiveWriter, Content, Manifest
from jagawarga.errors import BackupError
from jagawarga.plumbing import streamcopy, tables
from jagawarga.plumbing.streams import WAITING_ROOM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jagawarga.backup.servers import Addresses

OUTBOX: Final = "reports.outbox"
FILES: Final = ("accounts.json",)
"""Beside `media/`: what the house wrote that is neither in a server nor a key nor made anew at each start."""
MEDIA: Final = "media"
DEADLINE: Final = 24 * 3600.0
DRAIN_WITHIN: Final = 30.0


class Progress(Protocol):
    """Is told how far it is."""

    def under_way(self, name: str, size: int) -> None:
        """A part has so many bytes so far."""

    def done(self, name: str, size: int = 0) -> None:
        """A part, or a step, is done."""


async def take(writer: ArchiveWriter, addresses: Addresses, data: Path, progress: Progress) -> Manifest:
    """Write everything into the archive; runs in asyncio, as one crossing."""
    async with (
        streamcopy.connected(addresses.broker) as js,
        # A report that waits with the broker is soon in the database, while that is there.
        streamcopy.emptied(js, WAITING_ROOM, DRAIN_WITHIN),
        tables.snapshot(addresses.database, OUTBOX, lambda: _extents(js)) as (connection, extents),
    ):
        for table in await tables.tables(connection):
            facts = {"schema": table.schema, "columns": table.columns, "key": table.key}
            with writer.part("table", table.title, **facts) as content:
                content.count = await tables.copy_out(connection, table, _telling(content, table.title, progress))
            progress.done(table.title, content.size)
        for extent in extents:
            with writer.part("stream", extent.name, first=extent.first, last=extent.last) as content:
                put = _telling(content, extent.name, progress)
                async for line in streamcopy.copy_out(js, extent):
                    put(line)
                    content.count += 1
            progress.done(extent.name, content.size)
        # After the snapshot: a file is there before the row that names it.
        _take_files(writer, data, progress)
        return writer.finish(
            migrations=await tables.applied(connection),
            postgres=await connection.fetchval("SHOW server_version"),
        )


async def _extents(js: Any) -> list[streamcopy.Extent]:
    """Where the streams end, at the moment of the snapshot."""
    # A report that goes from there into the database between the two copies would be in neither.
    if await streamcopy.length(js, WAITING_ROOM):
        raise BackupError("reports are waiting for the database: try again later, or start a stopped house once")
    return await streamcopy.extents(js)


def files_of(data: Path) -> list[Path]:
    """The files that belong into a backup, relative to the data directory."""
    found = [data / name for name in FILES if (data / name).is_file()]
    found += sorted(path for path in (data / MEDIA).rglob("*") if path.is_file() and not path.is_symlink())
    return [path.relative_to(data) for path in found]


def _take_files(writer: ArchiveWriter, data: Path, progress: Progress) -> None:
    for name in files_of(data):
        try:
            file = (data / name).open("rb")
        except FileNotFoundError:  # deleted since it was listed, and its row with it
            continue
        except OSError as error:
            raise BackupError(f"{data / name} can not be read: {error.strerror}") from error
        with file, writer.part("file", name.as_posix()) as content:
            while chunk := file.read(1 << 20):
                content.write(chunk)
            content.count = 1
        progress.done(name.as_posix(), content.size)


def _telling(content: Content, name: str, progress: Progress) -> Callable[[bytes], None]:
    def put(data: bytes) -> None:
        content.write(data)
        progress.under_way(name, content.size)

    return put


def as_json(manifest: Manifest) -> dict[str, object]:
    """What an archive holds, for programs."""
    return {
        "archive": manifest.archive,
        "program": manifest.program,
        "made_at": manifest.made_at,
        **json.loads(json.dumps(manifest.facts)),
        "parts": [
            {"kind": each.kind, "name": each.name, "count": each.count, "size": each.size, "sha256": each.sha256}
            for each in manifest.parts
        ],
    }
