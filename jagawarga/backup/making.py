"""Making a backup, from the first look to the archive's name: it has that name only when it is whole and verified."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

import trio

from jagawarga.backup import restoring, taking
from jagawarga.backup.archive import ArchiveWriter
from jagawarga.backup.keyfile import write_key_file
from jagawarga.backup.servers import Addresses, serving
from jagawarga.embedded.directory import DataDirectory, sync_directory
from jagawarga.errors import BackupError
from jagawarga.plumbing.aio import own_door
from jagawarga.plumbing.keys import Keyring
from supervisors.control import NotRunning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from jagawarga.backup.archive import Manifest
    from jagawarga.backup.taking import Progress


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be backed up, by which version of the program, and where archive and keys go."""

    archive: Path
    keys: Path
    data: Path
    program: str
    verify: bool


def back_up(plan: Plan, sources: Callable[[], Mapping[str, str]], progress: Progress) -> Manifest:
    """Back up; `sources` asks the running process for its servers, or raises `NotRunning`. Blocks.

    Raises `BackupError`, `StartupError` and what `sources` raises; no archive is left behind then.
    """
    if not (plan.data / "postgres").is_dir() or not (plan.data / "nats").is_dir():
        raise BackupError(f"{plan.data} has no embedded database and streams to back up")
    keyring = Keyring.existing(plan.data / "keys")
    with _being_written(plan.archive) as (file, path):
        # First: an archive without its keys is worth nothing.
        write_key_file(plan.keys, keyring)
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        trio.run(_take, ArchiveWriter(file, keyring, plan.program, made_at), plan.data, sources, progress)
        file.flush()
        os.fsync(file.fileno())
        if not plan.verify:
            return restoring.examine(path, keyring)
        return trio.run(restoring.rehearse, path, keyring, progress)


async def _take(
    writer: ArchiveWriter, data: Path, sources: Callable[[], Mapping[str, str]], progress: Progress
) -> None:
    async def take(addresses: Addresses) -> None:
        async with own_door() as door:
            await door.run(taking.take, writer, addresses, data, progress, deadline=taking.DEADLINE)

    try:
        found = await trio.to_thread.run_sync(sources, abandon_on_cancel=True)
    except NotRunning:
        # The lock refuses when a process is there after all and only gives no answer.
        directory = DataDirectory.open(data)
        try:
            async with serving(directory) as addresses:
                await take(addresses)
        finally:
            directory.close()
    else:
        await take(Addresses(**found))


@contextmanager
def _being_written(archive: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """Give the file that becomes the archive, private and locked; it gets the name when the block ends well."""
    if archive.exists():
        raise BackupError(f"{archive} is there already; name a new one")
    path = archive.with_name(archive.name + ".new")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise BackupError(f"the archive can not be written: {error.strerror} ({path})") from error
    with os.fdopen(descriptor, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"{path} is being written by another backup") from None
        try:
            file.truncate()
            yield file, path
            _name(path, archive)
        finally:
            path.unlink(missing_ok=True)
            with suppress(OSError):  # not every filesystem of a stick or a share can
                sync_directory(archive.absolute().parent)


def _name(path: Path, archive: Path) -> None:
    try:
        # A link and not a rename: what has got the name meanwhile is not overwritten.
        archive.hardlink_to(path)
    except FileExistsError:
        raise BackupError(f"{archive} is there already; name a new one") from None
    except OSError:  # a filesystem without links
        path.rename(archive)
