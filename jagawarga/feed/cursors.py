"""Places in the feed as text: a cursor names the last report of a page by its key, so it holds whatever changes."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from jagawarga.errors import Invalid

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
NUMBER: Final = 8
"""Bytes of each number of a key."""
ID: Final = 16

Key = tuple[int, ...]
"""Whole numbers, the id the last; ascending order is the order of the list."""


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // MICROSECOND


def write(numbers: tuple[int, ...], report_id: UUID) -> str:
    """Write a cursor; one of the newest (a time, an id) is also one of the reports' own list."""
    raw = b"".join(each.to_bytes(NUMBER) for each in numbers) + report_id.bytes
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read(cursor: str, count: int) -> tuple[tuple[int, ...], UUID]:
    """Read one of `count` numbers; `Invalid` for any other."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != count * NUMBER + ID:
        msg = "not a cursor of this list"
        raise Invalid(msg, fields={"cursor": msg})
    numbers = tuple(int.from_bytes(raw[n * NUMBER : (n + 1) * NUMBER]) for n in range(count))
    return numbers, UUID(bytes=raw[-ID:])
