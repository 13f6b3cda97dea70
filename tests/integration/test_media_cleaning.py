"""What an upload brings along and nobody wants is gone after the child process has cleaned it."""

import io
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import av
import pikepdf
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from jagawarga.errors import Invalid
from jagawarga.media.sanitiser import Sanitiser

LARGEST = 20 << 20
SECRET = b"rahasia-6.9147-107.6098"


async def cleaned(tmp_path: Path, data: bytes) -> Any:
    with TemporaryFile() as source:
        source.write(data)
        clean = await Sanitiser(tmp_path).clean(source, LARGEST)
    clean.content.seek(0)
    clean.thumbnail.seek(0)
    try:
        return clean, clean.content.read(), clean.thumbnail.read()
    finally:
        clean.close()


def jpeg() -> bytes:
    picture = Image.new("RGB", (640, 400), "red")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[1] = "S"
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif, comment=SECRET, icc_profile=SECRET)
    return out.getvalue() + SECRET


def png() -> bytes:
    info = PngInfo()
    info.add_text("Author", SECRET.decode())
    out = io.BytesIO()
    Image.new("RGBA", (50, 40), (1, 2, 3, 4)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def mp4(path: Path) -> bytes:
    with av.open(str(path), "w", format="mp4", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata["location"] = SECRET.decode()
        container.metadata["comment"] = SECRET.decode()
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode())
    return path.read_bytes()


def video(path: Path, form: str, codec: str, **options: str) -> bytes:
    with av.open(str(path), "w", format=form) as container:
        stream: Any = container.add_stream(codec, rate=10, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode())
    return path.read_bytes()


def pdf() -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.docinfo["/Author"] = SECRET.decode()
        with document.open_metadata() as xmp:
            xmp["dc:title"] = SECRET.decode()
        document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=SECRET.decode())
        document.attachments["a.txt"] = SECRET
        document.save(out)
    return out.getvalue()


async def test_a_photo_keeps_its_pixels_upright_and_nothing_else(tmp_path: Path) -> None:
    clean, data, small = await cleaned(tmp_path, jpeg())
    assert SECRET in jpeg()
    assert SECRET not in data
    assert b"Exif" not in data
    picture = Image.open(io.BytesIO(data))
    assert picture.size == (400, 640)
    assert not picture.getexif()
    assert "comment" not in picture.info
    assert max(Image.open(io.BytesIO(small)).size) == 320
    assert (clean.kind, clean.content_type) == ("image", "image/jpeg")


async def test_a_png_loses_its_texts_and_keeps_what_is_clear(tmp_path: Path) -> None:
    _, data, _ = await cleaned(tmp_path, png())
    assert SECRET in png()
    assert SECRET not in data
    assert Image.open(io.BytesIO(data)).getpixel((0, 0)) == (1, 2, 3, 4)


async def test_what_a_decoder_is_told_first_loses_the_users_data_too(tmp_path: Path) -> None:
    """H.265 has a place for it before the first picture; AV1 as well. Both are seen as before."""
    told = video(tmp_path / "a.mp4", "mp4", "libx265", **{"x265-params": "info=1:log-level=none"})
    assert b"x265 (build" in told
    for before, kind in ((told, "video/mp4"), (video(tmp_path / "b.webm", "webm", "libsvtav1"), "video/webm")):
        clean, data, _ = await cleaned(tmp_path, before)
        assert b"x265 (build" not in data
        assert clean.content_type == kind
        with av.open(io.BytesIO(data)) as container:
            assert isinstance(container, av.container.InputContainer)
            assert len(list(container.decode(video=0))) == 5


async def test_a_video_loses_its_place_its_tags_and_the_users_data_in_its_stream(tmp_path: Path) -> None:
    before = mp4(tmp_path / "before.mp4")
    assert SECRET in before
    assert b"x264 - core" in before  # x264 writes its settings as SEI user data
    clean, data, _ = await cleaned(tmp_path, before)
    assert SECRET not in data
    assert b"x264 - core" not in data
    with av.open(io.BytesIO(data)) as container:
        assert isinstance(container, av.container.InputContainer)
        assert len(list(container.decode(video=0))) == 5
    assert clean.content_type == "video/mp4"


async def test_a_pdf_keeps_its_pages_and_no_author_script_or_attachment(tmp_path: Path) -> None:
    _, data, _ = await cleaned(tmp_path, pdf())
    with pikepdf.open(io.BytesIO(data)) as document:
        assert len(document.pages) == 1
        assert set(document.Root.keys()) <= {"/Type", "/Pages"}
        assert "/Info" not in document.trailer
        assert not document.attachments
    assert SECRET not in data


@pytest.mark.parametrize(
    "data",
    [b"", b"plain text", b"<html><script>", b"PK\x03\x04" + bytes(60), jpeg()[:300], b"\x89PNG\r\n\x1a\n" + bytes(50),
     b"%PDF-1.7\n" + bytes(100), b"\x00\x00\x00\x18ftypmp42" + bytes(200)],
)  # fmt: skip
async def test_what_is_not_taken_or_can_not_be_read_is_refused(tmp_path: Path, data: Any) -> None:
    with pytest.raises(Invalid):
        await cleaned(tmp_path, data)


async def test_a_small_file_of_too_many_pixels_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(out, "PNG")
    assert len(out.getvalue()) < 100_000
    with pytest.raises(Invalid):
        await cleaned(tmp_path, out.getvalue())
