"""The data directory: ours alone, laid out, locked against a second process, readable by nobody else."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import pwd
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jagawarga.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKER = "jagawarga.json"
PROJECT = "jagawarga"
FORMAT = 1
ROOMS = ("keys", "run")
PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """An open data directory; the lock lasts until `close`, or until the process is gone however it went."""

    path: Path
    lock: int

    @classmethod
    def open(cls, path: Path) -> DataDirectory:
        """Create or recognise the directory, take its lock, and see to its layout and modes.

        Raises:
            StartupError: it is a file, somebody else's, of a later version, not writable, or in use.

        """
        path = Path(os.path.abspath(path))  # noqa: PTH100 - a symbolic link stays one: its target may be moved later
        if not str(path).isprintable():  # it is to stand in configuration files and messages of one line
            raise StartupError(f"the data directory's path has characters that can not be printed: {str(path)!a}")
        with told_to_operator(path):
            return cls._open(path)

    @classmethod
    def _open(cls, path: Path) -> DataDirectory:
        path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        _check_owner(path)
        _check_marker(path)
        (path / "run").mkdir(mode=PRIVATE, exist_ok=True)
        lock = _lock(path)
        try:
            if not (path / MARKER).exists():
                write_private(path / MARKER, json.dumps({"project": PROJECT, "format": FORMAT}) + "\n")
            for room in (path, *(path / name for name in ROOMS)):
                room.mkdir(mode=PRIVATE, exist_ok=True)
                room.chmod(PRIVATE)  # mkdir obeys the umask, and an old directory may be open to others
        except BaseException:
            os.close(lock)
            raise
        return cls(path, lock)

    @property
    def keys(self) -> Path:
        """Where secrets are kept."""
        return self.path / "keys"

    @property
    def run(self) -> Path:
        """What means something to the running process only."""
        return self.path / "run"

    @property
    def postgres(self) -> Path:
        """The embedded PostgreSQL's cluster."""
        return self.path / "postgres"

    @property
    def nats(self) -> Path:
        """The embedded nats-server's JetStream files."""
        return self.path / "nats"

    def close(self) -> None:
        """Let the next process have the directory, and take away what was empty outside of it."""
        with suppress(OSError):  # it is not there, or not empty
            sockets_elsewhere(self.run).rmdir()
        os.close(self.lock)


@contextmanager
def told_to_operator(path: Path) -> Iterator[None]:
    """Turn what the system refuses within the block into one line about the data directory."""
    try:
        yield
    except OSError as error:
        raise StartupError(_explain(path, error)) from error


def sockets_elsewhere(run: Path) -> Path:
    """Where the sockets of a house are whose `run/` has too long a path for one: ours alone, in everybody's place."""
    key = hashlib.sha256(os.fsencode(run.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"{PROJECT}-{os.geteuid()}-{key}"


def write_private(path: Path, text: str) -> None:
    """Put the whole text there at once, durable and for our eyes only: a reader sees the old file or the new."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    temporary.replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in the directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_owner(path: Path) -> None:
    # Root could use anybody's directory, but would leave files in it that its owner can not read again.
    owner = path.stat().st_uid
    if owner != os.geteuid():
        raise StartupError(f"the data directory {path} belongs to {_user(owner)}, not to {_user(os.geteuid())}")


def _check_marker(path: Path) -> None:
    try:
        text = (path / MARKER).read_text(encoding="utf-8")
    except FileNotFoundError:
        # A first start that was cut off may have left run/ and the marker's temporary name: still ours.
        foreign = sorted(entry.name for entry in path.iterdir() if entry.name not in {"run", MARKER + ".new"})
        if foreign:
            raise StartupError(f"the directory {path} is not empty and not JagaWarga's (found {foreign[0]})") from None
        return
    try:
        marker = json.loads(text)
        project, version = marker["project"], int(marker["format"])
    except (ValueError, TypeError, KeyError):
        raise StartupError(f"{path / MARKER} is damaged; restore the data directory from a backup") from None
    if project != PROJECT:
        raise StartupError(f"the directory {path} belongs to {project}, not to JagaWarga")
    if version > FORMAT:
        raise StartupError(f"the data directory {path} has format {version}; this version knows up to {FORMAT}")


def _lock(path: Path) -> int:
    name = path / "run" / "lock"
    descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        who = f"process {holder}" if holder else "another process"
        raise StartupError(f"the data directory {path} is in use by {who}") from None
    except BaseException:
        os.close(descriptor)
        raise
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _explain(path: Path, error: OSError) -> str:
    at = error.filename or path
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"the data directory {path} can not be used: no permission to write {at}"
    if error.errno in {errno.EEXIST, errno.ENOTDIR}:
        return f"the data directory {path} can not be used: {at} is not a directory"
    return f"the data directory {path} can not be used: {error.strerror} ({at})"


def _user(uid: int) -> str:
    try:
        return f"the user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"the user with id {uid}"
