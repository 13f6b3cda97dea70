"""The archive's format: what was put in comes out, and whatever is not as it was written is refused."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jagawarga.backup import archive as archives
from jagawarga.backup.archive import CHUNK, MAGIC, ArchiveReader, ArchiveWriter, Manifest
from jagawarga.errors import BackupError
from jagawarga.plumbing.keys import Keyring

KEYS = Keyring({1: b"k" * 32})
TEXT = b"Petugas meminta uang."


def written(parts: dict[str, list[bytes]], keyring: Keyring = KEYS) -> bytes:
    """An archive with these parts."""
    file = io.BytesIO()
    writer = ArchiveWriter(file, keyring, "1.0", "2026-01-01T00:00:00+00:00")
    for name, chunks in parts.items():
        with writer.part("table", name, columns=["a"]) as content:
            for chunk in chunks:
                content.write(chunk)
                content.count += 1
    writer.finish(migrations={"reports/0001": "abc"})
    return file.getvalue()


def read(archive: bytes, keyring: Keyring = KEYS) -> tuple[Manifest, dict[str, bytes]]:
    """All of an archive."""
    reader = ArchiveReader(io.BytesIO(archive), keyring)
    found = {part.name: b"".join(data) for part, data in reader.parts()}
    assert reader.manifest is not None
    return reader.manifest, found


def refusal(archive: bytes, keyring: Keyring = KEYS) -> str:
    """What is said of an archive that is refused: one line."""
    with pytest.raises(BackupError) as caught:
        read(archive, keyring)
    assert "\n" not in str(caught.value)
    return str(caught.value)


SMALL = written({"reports.report": [TEXT], "reports.outbox": []})


def frames(archive: bytes) -> tuple[bytes, list[bytes]]:
    """Head and frames, with their lengths."""
    at = archive.index(b"\n", len(MAGIC)) + 1
    head, found = archive[:at], []
    while at < len(archive):
        length = 4 + int.from_bytes(archive[at : at + 4])
        found.append(archive[at : at + length])
        at += length
    return head, found


def with_header(archive: bytes, **changes: object) -> bytes:
    """The archive with another header whose checksum fits."""
    head, found = frames(archive)
    line = head.removeprefix(MAGIC).rpartition(b" ")[0]
    line = json.dumps({**json.loads(line), **changes}).encode()
    return MAGIC + line + b" " + hashlib.sha256(line).hexdigest().encode() + b"\n" + b"".join(found)


def test_what_was_written_is_read() -> None:
    """Parts, facts, counts and checksums come back, in the manifest too."""
    manifest, found = read(SMALL)
    assert found == {"reports.report": TEXT, "reports.outbox": b""}
    assert manifest.facts == {"migrations": {"reports/0001": "abc"}}
    report, outbox = manifest.parts
    assert (report.count, report.size, report.sha256) == (1, len(TEXT), hashlib.sha256(TEXT).hexdigest())
    assert (outbox.count, outbox.size, report.facts) == (0, 0, {"columns": ["a"]})
    assert manifest.part("table", "reports.outbox") == outbox
    assert manifest.part("stream", "reports.outbox") is None


@given(st.lists(st.binary(max_size=200)), st.integers(1, 64))
def test_chunks_do_not_matter(chunks: list[bytes], size: int) -> None:
    """However it is cut on the way in, it comes out the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archives, "CHUNK", size)
        assert read(written({"t": chunks}))[1]["t"] == b"".join(chunks)


def test_a_large_part_takes_many_frames() -> None:
    """No frame holds more than a chunk."""
    data = b"0123456789abcdef" * (CHUNK // 8)
    archive = written({"t": [data]})
    assert len(frames(archive)[1]) == 5
    assert read(archive)[1]["t"] == data


def test_unread_parts_are_checked_all_the_same() -> None:
    """Who wants the manifest only gets it, and the whole has been read."""
    assert ArchiveReader(io.BytesIO(SMALL), KEYS).check().parts[0].name == "reports.report"


def test_nothing_of_the_content_can_be_read_without_keys() -> None:
    """Neither rows nor names of parts, packed or not."""
    for secret in (TEXT, zlib.compress(TEXT, archives.LEVEL), b"reports", b"columns"):
        assert secret not in SMALL


def test_every_cut_is_noticed() -> None:
    """An archive that ends anywhere before its end is refused."""
    for length in range(len(SMALL)):
        refusal(SMALL[:length])


def test_every_changed_byte_is_noticed() -> None:
    """One bit anywhere, and it is refused."""
    for place in range(len(SMALL)):
        changed = bytearray(SMALL)
        changed[place] ^= 1
        refusal(bytes(changed))


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found[:-1],
        lambda found: found[1:],
        lambda found: [*found, found[-1]],
        lambda found: [*found, b"\0"],
        lambda found: [found[1], found[0], *found[2:]],
        lambda found: [*found[:1], found[1], *found[1:]],
        lambda found: found[:3] + found[-1:],
        lambda found: frames(written({"reports.report": [TEXT], "reports.outbox": []}))[1],
    ],
    ids=[
        "no manifest",
        "no beginning",
        "manifest twice",
        "a byte more",
        "exchanged",
        "doubled",
        "a part less",
        "other",
    ],
)
def test_frames_keep_their_places(change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Frames left out, doubled, exchanged or from another archive of the same keys do not open."""
    head, found = frames(SMALL)
    assert "damaged" in refusal(head + b"".join(change(found)))


def test_other_keys_are_told_from_damage() -> None:
    """Who brings the wrong key file learns that, and not that the archive is broken."""
    assert "not this archive's" in refusal(SMALL, Keyring({1: b"x" * 32}))


def test_a_newer_key_is_missed_by_its_number() -> None:
    """A key file from before a rotation does not do for an archive from after it."""
    rotated = Keyring({1: b"k" * 32, 2: b"n" * 32})
    archive = written({"t": [TEXT]}, rotated)
    assert "no key 2" in refusal(archive)
    assert read(archive, rotated)[1]["t"] == TEXT
    assert read(SMALL, rotated)[1]["reports.report"] == TEXT


def test_a_later_format_is_named() -> None:
    """It is refused before anything else is made of it."""
    assert "format 99" in refusal(with_header(SMALL, format=99))


def test_a_changed_header_does_not_fit_its_frames() -> None:
    """Also with a checksum of its own that is right."""
    assert "damaged" in refusal(with_header(SMALL, program="9.9"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"JagaWarga backup", MAGIC, MAGIC + b"{}\n"])
def test_something_else_is_refused(content: bytes) -> None:
    """A file that is no archive."""
    refusal(content)


def test_two_archives_of_the_same_have_nothing_in_common() -> None:
    """Each is sealed with a key of its own and fresh nonces."""
    one, two = (frames(written({"t": [TEXT]}))[1] for _ in range(2))
    assert not set(one) & set(two)
