"""What a video's decoder is told before the first picture: parameter sets, and nothing that only speaks to people.

Users' data may stand here as well as in the stream itself (ISO/IEC 14496-15 for H.264 and H.265, AV1-ISOBMFF for AV1).
Each is taken apart and put together again from what a decoder needs; one that can not be is no video that is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

AVC_PARAMETERS: Final = frozenset({7, 8, 13})
"""H.264: sequence, picture and extension parameter sets."""
HEVC_PARAMETERS: Final = frozenset({32, 33, 34})
"""H.265: video, sequence and picture parameter sets."""
SEQUENCE_HEADER: Final = 1
"""AV1: the one unit that a configuration needs."""
HIGH_PROFILES: Final = frozenset({100, 110, 122, 144})
_START: Final = b"\0\0\1"


def parameters(codec: str, header: bytes) -> bytes:
    """The header with parameter sets alone; as it is for other codecs. `ValueError` for one that can not be read."""
    match codec:
        case "h264" if header[:1] == b"\1":
            return _avc(header)
        case "hevc" if header[:1] == b"\1":
            return _hevc(header)
        case "h264":
            return b"".join(_START + unit for unit in _units(header) if unit[0] & 0x1F in AVC_PARAMETERS)
        case "hevc":
            return b"".join(_START + unit for unit in _units(header) if unit[0] >> 1 & 0x3F in HEVC_PARAMETERS)
        case "av1" if header:
            return _av1(header)
    return header


def _units(header: bytes) -> Iterator[bytes]:
    """The units between start codes (Annex B)."""
    for unit in header.split(_START)[1:]:
        if plain := unit.rstrip(b"\0"):
            yield plain


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) < count:
            msg = "a codec's header ends too soon"
            raise ValueError(msg)
        self.at += count
        return taken

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count))

    def sized(self) -> bytes:
        """A unit behind its length of two bytes, with it."""
        size = self.take(2)
        return size + self.take(int.from_bytes(size))


def _avc(header: bytes) -> bytes:
    read = _Reader(header)
    kept = bytearray(read.take(5))
    for mask in (0x1F, 0xFF):
        count = read.take(1)
        kept += count
        for _ in range(count[0] & mask):
            kept += read.sized()
    if header[1] in HIGH_PROFILES and len(header) - read.at >= 4:  # noqa: PLR2004 - chroma, two depths, a count
        extension = read.take(4)
        kept += extension
        for _ in range(extension[3]):
            kept += read.sized()
    return bytes(kept)


def _hevc(header: bytes) -> bytes:
    read = _Reader(header)
    kept, arrays = read.take(22), bytearray()
    count = 0
    for _ in range(read.number(1)):
        kind, number = read.take(1), read.take(2)
        units = b"".join(read.sized() for _ in range(int.from_bytes(number)))
        if kind[0] & 0x3F in HEVC_PARAMETERS:
            arrays += kind + number + units
            count += 1
    return kept + bytes([count]) + bytes(arrays)


def _av1(header: bytes) -> bytes:
    read = _Reader(header)
    kept = bytearray(read.take(4))
    while read.at < len(header):
        begin = read.at
        first = read.number(1)
        if first & 0x04:
            read.take(1)
        size = _leb128(read) if first & 0x02 else len(header) - read.at
        read.take(size)
        if first >> 3 & 0x0F == SEQUENCE_HEADER:
            kept += header[begin : read.at]
    return bytes(kept)


def _leb128(read: _Reader) -> int:
    value = 0
    for place in range(8):
        byte = read.number(1)
        value |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            return value
    msg = "a length without an end"
    raise ValueError(msg)
