"""Refresh tokens: opaque, good for one use, and stored nowhere.

A token is sealed and holds its family, a secret and its end. The row of a family holds a digest of the token that is
next to be used and no time: a token of the family with another digest is one that was used before (RFC 9700, 4.14.2).
"""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from jagawarga.errors import Corrupt, Unauthenticated
from jagawarga.plumbing.randomness import random_bytes

if TYPE_CHECKING:
    from jagawarga.identity.messages import Role
    from jagawarga.plumbing.keys import Keyring

PURPOSE: Final = "refresh-token"
SECRET_BYTES: Final = 32
LONGEST: Final = 400
DAY: Final = 86_400
CITIZEN_SECONDS: Final = 30 * DAY
STAFF_SECONDS: Final = DAY // 2
WEEK: Final = 7 * DAY
_LAYOUT: Final = struct.Struct(f">16sQ{SECRET_BYTES}s")


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A token as we know it: `ends` is in seconds since the epoch."""

    text: str
    family: UUID
    ends: int
    digest: bytes

    @property
    def last_week(self) -> int:
        """The week after which its row is swept: weeks since the epoch."""
        return self.ends // WEEK


def life_of(role: Role) -> int:
    """Seconds from sign-in to the end of the family, however often it is refreshed."""
    return CITIZEN_SECONDS if role == "citizen" else STAFF_SECONDS


def make(keyring: Keyring, family: UUID, ends: int) -> RefreshToken:
    """Make the next token of a family."""
    inner = _LAYOUT.pack(family.bytes, ends, random_bytes(SECRET_BYTES))
    text = base64.urlsafe_b64encode(keyring.seal(PURPOSE, inner)).decode().rstrip("=")
    return RefreshToken(text, family, ends, keyring.digest(PURPOSE, inner))


def read(keyring: Keyring, text: str, now: float) -> RefreshToken:
    """Read a token that we made and that is not over; `Unauthenticated` for any other."""
    refused = Unauthenticated("the refresh token is not valid")
    if len(text) > LONGEST:
        raise refused
    try:
        inner = keyring.unseal(PURPOSE, base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
        family, ends, _ = _LAYOUT.unpack(inner)
    except (Corrupt, ValueError, struct.error):
        raise refused from None
    if now >= ends:
        raise refused
    return RefreshToken(text, UUID(bytes=family), ends, keyring.digest(PURPOSE, inner))
