"""The media volume: what lies on the disk tells nothing, and is whole or not there."""

import io
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from jagawarga.errors import Corrupt, Invalid, NotFound
from jagawarga.media.kinds import Kind
from jagawarga.media.sanitiser import Clean
from jagawarga.media.service import Media
from jagawarga.media.volume import CHUNK, DAY, Volume
from jagawarga.plumbing.keys import Keyring
from tests.integration.test_media_cleaning import jpeg

NOW = 1_790_000_123.0
CONTENT = b"harta karun " * 20_000
LARGEST: dict[Kind, int] = {"image": 1 << 20, "video": 1 << 20, "audio": 1 << 20, "document": 1 << 20}


@pytest.fixture
def media(tmp_path: Path) -> Any:
    made = Media(tmp_path / "media", Keyring({1: b"k" * 32}), LARGEST, lambda: NOW)
    made.volume.prepare()
    return made


def put(media: Media) -> Any:
    return media.volume.add(Clean("image", "image/jpeg", io.BytesIO(CONTENT), io.BytesIO(b"small"), 7), NOW)


async def pieces(*parts: bytes) -> Any:
    for part in parts:
        yield part


def files(media: Media) -> Any:
    assert isinstance(media.volume, Volume)
    return [path for path in media.volume.kept.rglob("*") if path.is_file()]


def test_the_disk_shows_neither_content_nor_handle_nor_the_hour(media: Media) -> None:
    item = put(media)
    for path in files(media):
        assert b"harta karun" not in path.read_bytes()
        assert item.media_id not in str(path)
        assert path.stat().st_mtime % DAY == 0


@pytest.mark.parametrize(
    ("begin", "end"),
    [(0, len(CONTENT)), (10, 20), (CHUNK - 1, CHUNK + 1), (CHUNK, 2 * CHUNK), (len(CONTENT) - 1, len(CONTENT))],
)
def test_any_range_reads_as_it_was_written(media: Media, begin: Any, end: Any) -> None:
    assert b"".join(media.volume.read(put(media), begin, end)) == CONTENT[begin:end]


def test_a_chunk_put_in_anothers_place_does_not_open(media: Media) -> None:
    item = put(media)
    path = next(path for path in files(media) if path.name == "content")
    sealed = path.read_bytes()
    size = CHUNK + 29
    path.write_bytes(sealed[size : 2 * size] + sealed[:size] + sealed[2 * size :])
    with pytest.raises(Corrupt):
        list(media.volume.read(item, 0, 10))


async def test_an_upload_becomes_one_reports_and_no_others(media: Media) -> None:
    item, mine = put(media), uuid4()
    await media.claim(mine, [item.media_id])
    await media.claim(mine, [item.media_id])
    with pytest.raises(Invalid):
        await media.claim(uuid4(), [item.media_id])
    with pytest.raises(Invalid):
        await media.claim(mine, ["x" * 32])


async def test_what_nobody_claims_is_removed_after_a_day_and_the_claimed_stays(media: Media) -> None:
    claimed, left = put(media), put(media)
    await media.claim(uuid4(), [claimed.media_id])
    media.now = lambda: NOW + DAY
    assert await media.purge() == 0
    media.now = lambda: NOW + 2 * DAY
    assert await media.purge() == 1
    assert await media.describe(claimed.media_id) == claimed
    with pytest.raises(NotFound):
        await media.describe(left.media_id)


def test_what_was_cut_off_is_swept_out_at_the_next_start(media: Media) -> None:
    (media.volume.incoming / "half").mkdir()
    media.volume.prepare()
    assert not list(media.volume.incoming.iterdir())


async def test_a_photo_uploaded_in_pieces_reads_back_clean(media: Media) -> None:
    data = jpeg()
    item = await media.upload(pieces(data[:100], data[100:]))
    stored = b"".join([piece async for piece in media.read(item, 0, item.size)])
    assert stored.startswith(b"\xff\xd8")
    assert b"rahasia" not in stored
    assert not list(media.volume.incoming.iterdir())


async def test_a_file_larger_than_its_kind_may_be_is_refused_and_leaves_nothing(media: Media) -> None:
    with pytest.raises(Invalid) as refused:
        await media.upload(pieces(jpeg(), bytes(1 << 20)))
    assert refused.value.code == "media-too-large"
    assert not files(media)
    assert not list(media.volume.incoming.iterdir())
