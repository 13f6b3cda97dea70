"""Restoring: an archive into a new data directory, compared with its manifest before it counts as restored.

The directory is built inside the target under a name of its own and moved into place at the end, its marker last: until
then neither `serve` nor `restore` takes the target for a data directory, and a failure leaves it as it was.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from jagawarga.backup.archive import ArchiveReader, Manifest, Part, damaged
from jagawarga.backup.servers import Addresses, serving
from jagawarga.backup.taking import DEADLINE, FILES, MEDIA, Progress
from jagawarga.embedded.directory import MARKER, PRIVATE, DataDirectory, sync_directory, told_to_operator
from jagawarga.embedded.keycheck import note_keys
from jagawarga.errors import BackupError
from jagawarga.plumbing import streamcopy, tables
from jagawarga.plumbing.aio import own_door
from jagawarga.plumbing.migrate import migrate, migrations
from jagawarga.plumbing.streamcopy import Extent
from jagawarga.plumbing.tables import Table

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterator

    from jagawarga.plumbing.keys import Keyring

WORKSHOP: Final = ".restore.new"


@dataclass(frozen=True, slots=True)
class Job:
    """An archive that has been examined, and who wants to know how far its restoring is."""

    archive: Path
    keyring: Keyring
    manifest: Manifest
    progress: Progress


def examine(archive: Path, keyring: Keyring) -> Manifest:
    """Read the whole archive and return what it holds; writes nothing.

    Raises `BackupError` when it is damaged, not of these keys, or of a later version.
    """
    with _opened(archive, keyring) as reader:
        manifest = reader.check()
    known = {each.name: each for each in migrations()}
    for name, checksum in manifest.facts["migrations"].items():
        if name not in known or not known[name].is_of(checksum):
            raise BackupError(f"the archive is of another, probably later version ({manifest.program}): it has {name}")
    return manifest


async def restore(archive: Path, keyring: Keyring, target: Path, progress: Progress) -> Manifest:
    """Make `target`, a new or empty directory, the data directory that was backed up.

    Raises `BackupError` and `StartupError`, the target being as it was.
    """
    refuse_unless_empty(target)
    job = Job(archive, keyring, examine(archive, keyring), progress)
    with _workshop(target) as workshop:
        await _build(job, workshop)
        keyring.save(workshop / "keys")
        note_keys(workshop, keyring)
        # The servers ran without fsync, for speed: now everything, once.
        os.sync()
    return job.manifest


async def rehearse(archive: Path, keyring: Keyring, progress: Progress) -> Manifest:
    """Restore into a temporary directory, compare, and throw it away; the keys do not go there."""
    job = Job(archive, keyring, examine(archive, keyring), progress)
    with tempfile.TemporaryDirectory(prefix="jagawarga-verify-", ignore_cleanup_errors=True) as place:
        await _build(job, Path(place))
    return job.manifest


def refuse_unless_empty(target: Path) -> None:
    """Raise `BackupError` unless the target is new or an empty directory of ours."""
    with told_to_operator(target):
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise BackupError(f"{target} is not an empty directory; restore into a new one")


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """Give a place inside the target; what the block made there is moved in, or everything is as it was."""
    existed = target.exists()
    with told_to_operator(target):
        target.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        # Where PostgreSQL can be nobody but another user, it must get through to the workshop; `serve` does the same.
        target.chmod(0o711 if os.geteuid() == 0 else PRIVATE)
    workshop = target / WORKSHOP
    try:
        yield workshop
        with told_to_operator(target):
            _move_in(workshop, target)
    except BaseException:
        shutil.rmtree(workshop, ignore_errors=True)
        if not existed:
            with suppress(OSError):  # somebody else put something there meanwhile
                target.rmdir()
        raise


def _move_in(workshop: Path, target: Path) -> None:
    shutil.rmtree(workshop / "run")  # means something to the process that made it only
    for path in workshop.iterdir():
        if path.name != MARKER:
            path.rename(target / path.name)
    target.chmod(PRIVATE)
    sync_directory(target)
    (workshop / MARKER).rename(target / MARKER)
    workshop.rmdir()
    sync_directory(target)


async def _build(job: Job, place: Path) -> None:
    directory = DataDirectory.open(place)
    try:
        async with serving(directory, durable=False) as addresses, own_door() as door:
            await door.run(_fill, job, directory.path, addresses, deadline=DEADLINE)
            await door.run(_compare, job, directory.path, addresses, deadline=DEADLINE)
    finally:
        directory.close()


@contextmanager
def _opened(archive: Path, keyring: Keyring) -> Iterator[ArchiveReader]:
    try:
        with archive.open("rb") as file:
            yield ArchiveReader(file, keyring)
    except OSError as error:
        raise BackupError(f"{archive} can not be read: {error.strerror}") from error


# --- in the asyncio loop


async def _fill(job: Job, place: Path, addresses: Addresses) -> None:
    async with tables.connected(addresses.database) as connection, streamcopy.connected(addresses.broker) as js:
        await migrate(connection, only=job.manifest.facts["migrations"])
        await tables.without_triggers(connection)
        with _opened(job.archive, job.keyring) as reader:
            for part, data in reader.parts():
                match part.kind:
                    case "table":
                        await tables.copy_in(connection, _table(part), _waiting(data))
                    case "stream":
                        await _fill_stream(js, part, data)
                    case "file":
                        _fill_file(place, part, data)
                    case _:
                        raise BackupError(f"the archive has {part.kind}s, which this version does not know")
                job.progress.done(f"restored {part.name}", part.size)
        await connection.execute("ANALYZE")


async def _fill_stream(js: Any, part: Part, data: Generator[bytes, None, None]) -> None:
    extent = _extent(part)
    await streamcopy.create(js, extent)
    filler = streamcopy.Filler(js, extent)
    left = b""
    for chunk in data:
        *lines, left = (left + chunk).split(b"\n")
        await filler.put(lines)
    await filler.finish()
    await streamcopy.settle(js, extent.name)


def _fill_file(place: Path, part: Part, data: Generator[bytes, None, None]) -> None:
    name = PurePosixPath(part.name)
    if ".." in name.parts or (part.name not in FILES and name.parts[0] != MEDIA):
        raise damaged(f"it has a file {part.name}")
    path = place / name
    with told_to_operator(place):
        for above in reversed(name.parents):
            (place / above).mkdir(mode=PRIVATE, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for chunk in data:
                file.write(chunk)


async def _compare(job: Job, place: Path, addresses: Addresses) -> None:
    """Read everything back and hold it against the manifest: what is there, how much, and its SHA-256."""
    found: list[tuple[str, str, int, str]] = []
    async with tables.connected(addresses.database) as connection, streamcopy.connected(addresses.broker) as js:
        for table in await tables.tables(connection):
            digest = sha256()
            count = await tables.copy_out(connection, table, digest.update)
            found.append(("table", table.title, count, digest.hexdigest()))
        for extent in await streamcopy.extents(js):
            digest, count = sha256(), 0
            async for line in streamcopy.copy_out(js, extent):
                digest.update(line)
                count += 1
            found.append(("stream", extent.name, count, digest.hexdigest()))
            part = job.manifest.part("stream", extent.name)
            if part is None or _extent(part) != extent:
                raise BackupError(f"what was restored is not what was backed up: {extent.name} has other bounds")
    for part in job.manifest.parts:
        if part.kind == "file":
            with (place / part.name).open("rb") as file:
                digest = sha256()
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
            found.append(("file", part.name, 1, digest.hexdigest()))
    wanted = {(each.kind, each.name, each.count, each.sha256) for each in job.manifest.parts}
    if odd := sorted(wanted.symmetric_difference(found)):
        raise BackupError(f"what was restored is not what was backed up: {odd[0][1]} differs")
    job.progress.done("compared")


async def _waiting(data: Generator[bytes, None, None]) -> AsyncGenerator[bytes, None]:
    for chunk in data:
        yield chunk


def _table(part: Part) -> Table:
    schema = part.facts["schema"]
    name = part.name.removeprefix(f"{schema}.")
    return Table(schema, name, tuple(part.facts["columns"]), tuple(part.facts["key"]))


def _extent(part: Part) -> Extent:
    return Extent(part.name, part.facts["first"], part.facts["last"])
