"""Passwords, hashed and compared outside of the loop, a few at a time."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, TypeVar

import trio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from jagawarga.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# OWASP's least for argon2id: 19 MiB, two passes, one lane. Two at a time keep a core free for everything else.
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
HASHES_AT_ONCE: Final = 2
HASH_WITHIN: Final = 10.0


class Passwords:
    """Hashes and verifies; `Unavailable` when too many wait."""

    def __init__(self, nobodys_secret: str) -> None:
        self._limiter = trio.CapacityLimiter(HASHES_AT_ONCE)
        self.nobody = HASHER.hash(nobodys_secret)
        """What an unknown account is compared with, so that it takes as long as a known one."""

    async def hash(self, password: str) -> str:
        """Give the hash to store."""
        return await self._in_thread(lambda: HASHER.hash(_spelt(password)))

    async def verify(self, password_hash: str, password: str) -> bool:
        """Tell whether the password is the one that was hashed."""

        def verify() -> bool:
            try:
                return HASHER.verify(password_hash, _spelt(password))
            except (VerificationError, InvalidHashError):
                return False

        return await self._in_thread(verify)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        with trio.move_on_after(HASH_WITHIN):
            return await trio.to_thread.run_sync(work, limiter=self._limiter)
        msg = "too many sign-ins at once"
        raise Unavailable(msg)


def _spelt(password: str) -> str:
    """One password however a keyboard composes its characters (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
