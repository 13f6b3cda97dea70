"""Pictures for uploads, none like another."""

from __future__ import annotations

import secrets
import struct
import zlib
from typing import Final

SIDE: Final = 16


def picture() -> bytes:
    """A PNG of grey noise."""
    rows = b"".join(b"\0" + secrets.token_bytes(SIDE) for _ in range(SIDE))
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
