"""UUIDs as the database's driver makes them: like the standard library's in all respects, and ten times as fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpg.pgproto import pgproto

from jagawarga.plumbing.randomness import random_bytes

if TYPE_CHECKING:
    from uuid import UUID


def random_uuid() -> UUID:
    """Give a random UUID (version 4, RFC 9562)."""
    drawn = random_bytes(16)
    version, variant = drawn[6] & 0x0F | 0x40, drawn[8] & 0x3F | 0x80
    found: UUID = pgproto.UUID(b"%b%c%b%c%b" % (drawn[:6], version, drawn[7:8], variant, drawn[9:]))
    return found


def read_uuid(text: str) -> UUID:
    """Read a UUID as it is written; `ValueError` or `TypeError` for anything else."""
    found: UUID = pgproto.UUID(text)
    return found
