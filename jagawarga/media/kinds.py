"""What may be uploaded: the kinds, and how each content type is read and written. The content decides, never a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["image", "video", "audio", "document"]

MAX_PIXELS: Final = 50_000_000
"""Width times height of the largest picture decoded."""
THUMBNAIL: Final = 320
HEAD: Final = 8_192
"""Bytes of the beginning that tell the content type."""


@dataclass(frozen=True, slots=True)
class Format:
    """How one content type is taken: `reader` is the one decoder asked, `written` what is stored instead."""

    kind: Kind
    reader: str
    writer: str
    written: str
    codecs: frozenset[str] = frozenset()


_MOVIE = frozenset({"h264", "hevc", "aac", "mp3"})
# Not Vorbis: a WebM carries its comments in the codec's own headers.
_WEBM = frozenset({"vp8", "vp9", "av1", "opus"})
_WAVE = frozenset({"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le"})

FORMATS: Final[dict[str, Format]] = {
    "image/jpeg": Format("image", "JPEG", "JPEG", "image/jpeg"),
    "image/png": Format("image", "PNG", "PNG", "image/png"),
    "image/webp": Format("image", "WEBP", "WEBP", "image/webp"),
    "image/gif": Format("image", "GIF", "PNG", "image/png"),  # the first picture of a moving one
    "video/mp4": Format("video", "mov", "mp4", "video/mp4", _MOVIE),
    "video/x-m4v": Format("video", "mov", "mp4", "video/mp4", _MOVIE),
    "video/quicktime": Format("video", "mov", "mp4", "video/mp4", _MOVIE),
    "video/webm": Format("video", "matroska", "webm", "video/webm", _WEBM),
    "audio/mpeg": Format("audio", "mp3", "mp3", "audio/mpeg", frozenset({"mp3"})),
    "audio/mp4": Format("audio", "mov", "ipod", "audio/mp4", frozenset({"aac"})),
    "audio/ogg": Format("audio", "ogg", "ogg", "audio/ogg", frozenset({"opus", "vorbis"})),
    "audio/x-wav": Format("audio", "wav", "wav", "audio/wav", _WAVE),
    "application/pdf": Format("document", "pdf", "pdf", "application/pdf"),
}
