"""The archive: one file, written front to back, of which nobody without the keys can read more than its first lines.

    JagaWarga backup
    {"format": 1, …} <SHA-256 of that>
    frame, frame, …            length (4 bytes, big-endian), then a kind, a compressed block, sealed

Frames are sealed (AES-256-GCM) with a key of this archive's own, made of the installation's, and bound to the header
and to their place, so none can be changed, left out, exchanged or taken from another archive. A part is an opening
frame, data and a closing frame with count, size and SHA-256. The last frame is the manifest; without it the archive is
cut short.
"""

from __future__ import annotations

import hmac
import json
import secrets
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Any, Final

from jagawarga.errors import BackupError, Corrupt

if TYPE_CHECKING:
    from jagawarga.plumbing.keys import Keyring

MAGIC: Final = b"JagaWarga backup\n"
FORMAT: Final = 1
CHUNK: Final = 1 << 20
FRAME_LIMIT: Final = CHUNK + (1 << 16)
HEADER_LIMIT: Final = 4096
LEVEL: Final = 1
"""Of compression: sealed content does not compress, and its text form gives back half at any level."""

OPEN, DATA, CLOSE, MANIFEST = b"o", b"d", b"c", b"m"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an archive: what it is, how it is called, what is known of it, and what it held."""

    kind: str
    name: str
    facts: dict[str, Any] = field(default_factory=dict)
    count: int = 0
    size: int = 0
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive has in it."""

    archive: str
    program: str
    made_at: str
    facts: dict[str, Any]
    parts: tuple[Part, ...]

    def part(self, kind: str, name: str) -> Part | None:
        """The part of that kind and name."""
        return next((each for each in self.parts if (each.kind, each.name) == (kind, name)), None)


class Content:
    """What is being put into a part."""

    def __init__(self, frame: _Frames) -> None:
        self._frames = frame
        self._buffer = bytearray()
        self._digest = sha256()
        self.count = 0
        self.size = 0

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._digest.update(data)
        self.size += len(data)
        self._buffer += data
        while len(self._buffer) >= CHUNK:
            self._frames.write(DATA, bytes(self._buffer[:CHUNK]))
            del self._buffer[:CHUNK]

    def close(self) -> str:
        """Write what is left; returns the digest of all."""
        if self._buffer:
            self._frames.write(DATA, bytes(self._buffer))
        return self._digest.hexdigest()


class ArchiveWriter:
    """Writes an archive; whole only when `finish` has returned."""

    def __init__(self, file: IO[bytes], keyring: Keyring, program: str, made_at: str) -> None:
        self.archive = secrets.token_hex(16)
        self.program = program
        self.made_at = made_at
        self.parts: list[Part] = []
        header = {
            "format": FORMAT,
            "archive": self.archive,
            "program": program,
            "made_at": made_at,
            "key_version": keyring.newest,
            "key_check": _key_check(keyring, self.archive),
        }
        line = json.dumps(header).encode()
        head = MAGIC + line + b" " + sha256(line).hexdigest().encode() + b"\n"
        file.write(head)
        self._frames = _Frames(file, keyring, self.archive, head)

    @contextmanager
    def part(self, kind: str, name: str, **facts: Any) -> Iterator[Content]:
        """Write a part within the block; its count is what the block leaves in `count`."""
        self._frames.write(OPEN, _json({"kind": kind, "name": name, "facts": facts}))
        content = Content(self._frames)
        yield content
        part = Part(kind, name, facts, content.count, content.size, content.close())
        self._frames.write(CLOSE, _json({"count": part.count, "size": part.size, "sha256": part.sha256}))
        self.parts.append(part)

    def finish(self, **facts: Any) -> Manifest:
        """End the archive with its manifest."""
        manifest = Manifest(self.archive, self.program, self.made_at, facts, tuple(self.parts))
        self._frames.write(MANIFEST, _json(asdict(manifest)))
        return manifest


class ArchiveReader:
    """Reads an archive from its beginning; every method raises `BackupError` for what is damaged."""

    def __init__(self, file: IO[bytes], keyring: Keyring) -> None:
        head = MAGIC + _line(file)
        header = _header(head)
        self.archive = header["archive"]
        if header["key_version"] not in keyring.masters:
            raise BackupError(f"the key file has no key {header['key_version']}, with which the archive is sealed")
        if not hmac.compare_digest(header["key_check"], _key_check(keyring, self.archive)):
            raise BackupError("the key file is not this archive's")
        self._frames = _Frames(file, keyring, self.archive, head)
        self.manifest: Manifest | None = None

    def parts(self) -> Iterator[tuple[Part, Generator[bytes, None, None]]]:
        """Give each part with its data, to be read before the next is asked for; then `manifest` is there."""
        seen: list[Part] = []
        while True:
            kind, payload = self._frames.read()
            if kind == MANIFEST:
                self.manifest = _manifest(payload)
                if self._frames.rest() or list(self.manifest.parts) != seen:
                    raise damaged("its manifest is not of what it holds")
                return
            if kind != OPEN:
                raise damaged("its parts are not in order")
            opened = Part(**json.loads(payload))
            data = self._data(opened, seen)
            yield opened, data
            for _ in data:  # what nobody wanted is checked all the same
                pass

    def _data(self, opened: Part, seen: list[Part]) -> Generator[bytes, None, None]:
        digest, size = sha256(), 0
        while True:
            kind, payload = self._frames.read()
            if kind == CLOSE:
                break
            if kind != DATA:
                raise damaged("its parts are not in order")
            digest.update(payload)
            size += len(payload)
            yield payload
        closing = json.loads(payload)
        if (closing["size"], closing["sha256"]) != (size, digest.hexdigest()):
            raise damaged(f"the checksum of {opened.name} is wrong")
        seen.append(Part(opened.kind, opened.name, opened.facts, **closing))

    def check(self) -> Manifest:
        """Read all there is and return the manifest."""
        for _ in self.parts():
            pass
        assert self.manifest is not None
        return self.manifest


class _Frames:
    """Sealed blocks, one behind the other, each bound to its place."""

    def __init__(self, file: IO[bytes], keyring: Keyring, archive: str, head: bytes) -> None:
        self._file = file
        self._keyring = keyring
        self._purpose = f"backup-{archive}"
        self._head = sha256(head).digest()
        self._number = 0

    def write(self, kind: bytes, payload: bytes) -> None:
        sealed = self._keyring.seal(self._purpose, kind + zlib.compress(payload, LEVEL), self._place())
        try:
            self._file.write(len(sealed).to_bytes(4) + sealed)
        except OSError as error:
            raise BackupError(f"the archive can not be written: {error.strerror}") from error

    def read(self) -> tuple[bytes, bytes]:
        length = int.from_bytes(self._exactly(4))
        if length > FRAME_LIMIT:
            raise damaged("a length in it is impossible")
        try:
            plain = self._keyring.unseal(self._purpose, self._exactly(length), self._place())
        except Corrupt:
            raise damaged(f"block {self._number} does not open") from None
        # Authentic, so it is what we wrote: no bomb, no surprise.
        return plain[:1], zlib.decompress(plain[1:])

    def rest(self) -> bool:
        """Tell whether anything follows."""
        return bool(self._file.read(1))

    def _place(self) -> bytes:
        self._number += 1
        return self._head + self._number.to_bytes(8)

    def _exactly(self, length: int) -> bytes:
        data = self._file.read(length)
        if len(data) < length:
            raise damaged("it is cut short")
        return data


def damaged(how: str) -> BackupError:
    """Say that the archive can not be trusted."""
    return BackupError(f"the archive is damaged: {how}")


def _line(file: IO[bytes]) -> bytes:
    if file.read(len(MAGIC)) != MAGIC:
        raise BackupError("this is not a JagaWarga backup")
    return file.readline(HEADER_LIMIT)


def _header(head: bytes) -> dict[str, Any]:
    line, _, digest = head.removeprefix(MAGIC).rstrip(b"\n").rpartition(b" ")
    if sha256(line).hexdigest().encode() != digest:
        raise damaged("its header is not as it was written")
    header: dict[str, Any] = json.loads(line)
    if header["format"] > FORMAT:
        raise BackupError(f"the archive has format {header['format']}; this version knows up to {FORMAT}")
    return header


def _manifest(payload: bytes) -> Manifest:
    read = json.loads(payload)
    return Manifest(**{**read, "parts": tuple(Part(**each) for each in read["parts"])})


def _key_check(keyring: Keyring, archive: str) -> str:
    # Digests are made with the oldest key, so this one tells installations apart and key_version the rest.
    return keyring.digest("backup-check", archive.encode()).hex()[:32]


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
