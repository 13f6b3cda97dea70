"""The program that makes one upload harmless: run as a child of its own, which may crash or be killed.

It is given three file descriptors: what to read, where the clean file goes, and where a picture's thumbnail goes. Its
standard output is one line of JSON. Everything is rebuilt from what was decoded, so that nothing undecoded (tags,
comments, places, scripts, what hangs behind the end) comes with it.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from jagawarga.media.headers import parameters
from jagawarga.media.kinds import FORMATS, MAX_PIXELS, THUMBNAIL, Format

if TYPE_CHECKING:
    from PIL import Image as Pillow

MEMORY: Final = 2 << 30
CPU_SECONDS: Final = 60
UNREADABLE: Final = 3
"""Exit code for a file its decoder does not take."""
_UNITS: Final = {"h264": "6", "hevc": "39|40", "av1": "5"}
"""Units of the bit stream that carry users' data (SEI; metadata OBU) by codec."""
_OPAQUE: Final = frozenset({"av1"})
"""Copied without asking for an encoder, for there may be none."""
_MARK, _SCAN, _ADOBE = 0xFF, 0xDA, 0xEE
_TOLD: Final = frozenset({*range(0xE0, 0xF0), 0xFE} - {_ADOBE})
"""A JPEG's segments that say something about the picture."""
_KEPT: Final = ("/MediaBox", "/CropBox", "/Rotate", "/Resources", "/Contents")
_DROPPED: Final = ("/Metadata", "/PieceInfo", "/AA", "/A", "/JS", "/EF", "/AF", "/LastModified", "/OPI", "/Alternates")


def main(content_type: str, largest: int, descriptors: tuple[int, ...]) -> None:
    """Clean the first of three open files into the other two."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    form = FORMATS[content_type]
    facts: dict[str, Any] = {"kind": form.kind, "content_type": form.written}
    old, new, little = descriptors
    with open(old, "rb") as source, open(new, "w+b") as target, open(little, "w+b") as small:  # noqa: PTH123 - descriptors
        if form.kind == "image":
            facts["dhash"] = clean_image(form, source, target, small)
        elif form.kind == "document":
            clean_document(source, target)
        else:
            clean_sound(form, source, target)
    sys.stdout.write(json.dumps(facts))


def clean_image(form: Format, source: BinaryIO, target: BinaryIO, small: BinaryIO) -> int:
    """Rebuild a picture from its pixels, upright; returns its difference hash."""
    from PIL import Image, ImageOps  # noqa: PLC0415 - each child loads its own decoder only

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    with Image.open(source, formats=(form.reader,)) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            msg = "too many pixels"
            raise ValueError(msg)
        opened.load()
        upright = ImageOps.exif_transpose(opened)
    clear = form.writer != "JPEG" and (upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info)
    pixels = upright.convert("RGBA" if clear else "RGB")
    # `save` would take comments and profiles along from `info`: the new picture has none.
    fresh = Image.frombytes(pixels.mode, pixels.size, pixels.tobytes())
    fresh.save(target, form.writer, **({"quality": 90} if form.writer != "PNG" else {}))
    code = dhash(fresh)
    fresh.thumbnail((THUMBNAIL, THUMBNAIL))
    fresh.convert("RGB").save(small, "JPEG", quality=80)
    return code


def dhash(picture: Pillow.Image) -> int:
    """Return 64 bits, each telling whether a picture gets brighter from one place to the next (Krawetz's dHash)."""
    grey = picture.convert("L").resize((9, 8)).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            place = row * 9 + column
            bits = bits << 1 | (grey[place] < grey[place + 1])
    return bits


def clean_sound(form: Format, source: BinaryIO, target: BinaryIO) -> None:
    """Copy the video and sound of a file into a new one; tags, chapters, other tracks and users' data stay behind."""
    import av  # noqa: PLC0415 - as above
    from av.bitstream import BitStreamFilterContext  # noqa: PLC0415

    wanted = {"audio"} if form.kind == "audio" else {"audio", "video"}
    with (
        av.open(source, format=form.reader, metadata_errors="ignore") as old,
        av.open(target, "w", format=form.writer, options={"fflags": "+bitexact", "write_xing": "0"}) as new,
    ):
        ways: dict[int, tuple[Any, Any]] = {}
        for stream in old.streams:
            if stream.type not in wanted or stream.codec_context is None:
                continue
            # Not the decoder's own name: several can read a codec.
            codec = stream.codec_context.codec.canonical_name
            if codec not in form.codecs:
                if form.kind == "audio":
                    continue
                msg = "not a codec we take"
                raise ValueError(msg)
            copy: Any = new.add_stream_from_template(stream, opaque=codec in _OPAQUE)
            copy.metadata.clear()
            units = _UNITS.get(codec)
            sieve = BitStreamFilterContext(f"filter_units=remove_types={units}", stream, copy) if units else None
            _tell(stream, copy, codec)
            ways[stream.index] = (copy, sieve)
        if not any(copy.type == form.kind for copy, _ in ways.values()):
            msg = "nothing to see or hear"
            raise ValueError(msg)
        assert isinstance(old, av.container.InputContainer)
        for packet in old.demux(*(old.streams[index] for index in ways)):
            if packet.size == 0:
                continue
            copy, sieve = ways[packet.stream.index]
            for part in [packet] if sieve is None else sieve.filter(packet):
                part.stream = copy
                new.mux(part)


def _tell(stream: Any, copy: Any, codec: str) -> None:
    """Leave of what the decoder is told first what it needs."""
    # The sieve may have put it otherwise; of what is only copied it has nothing to put.
    teller = stream if codec in _OPAQUE else copy
    told = teller.codec_context.extradata or b""
    needed = parameters(codec, told)
    if needed == told:
        return
    if codec in _OPAQUE:
        msg = "users' data that can not be taken out"
        raise ValueError(msg)
    copy.codec_context.extradata = needed


def clean_document(source: BinaryIO, target: BinaryIO) -> None:
    """Put the pages of a PDF, and only what they draw, into a new one."""
    import pikepdf  # noqa: PLC0415 - as above

    with pikepdf.open(source) as old, pikepdf.new() as new:
        if old.is_encrypted or not old.pages:
            msg = "locked or empty"
            raise ValueError(msg)
        for page in old.pages:
            new.pages.append(page)
        for page in new.pages:
            for key in [key for key in page.obj.keys() if key not in {*_KEPT, "/Type", "/Parent"}]:  # noqa: SIM118 - not a dict
                del page.obj[key]
        for thing in new.objects:
            if not isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
                continue
            for key in _DROPPED:
                if key in thing:
                    del thing[key]
            if isinstance(thing, pikepdf.Stream) and thing.get("/Filter") in ("/DCTDecode", ["/DCTDecode"]):
                thing.write(strip_jpeg(thing.read_raw_bytes()), filter=pikepdf.Name.DCTDecode)
        new.save(target, deterministic_id=True, fix_metadata_version=False)


def strip_jpeg(data: bytes) -> bytes:
    """Leave out a JPEG's comments and application segments, but Adobe's (APP14), which tells the colours (ITU T.81)."""
    kept = bytearray(data[:2])
    at = 2
    while at + 4 <= len(data) and data[at] == _MARK and data[at + 1] != _SCAN:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if data[at + 1] not in _TOLD:
            kept += data[at:end]
        at = end
    return bytes(kept + data[at:])


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), tuple(map(int, sys.argv[3:6])))
    except Exception:  # noqa: BLE001 - whatever a decoder raises, its text may quote the file: only the code goes out
        sys.exit(UNREADABLE)
