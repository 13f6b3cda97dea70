"""Which way a filing goes: to the writer, or past a database that has just failed into the waiting room.

A caller that has found the writer wanting has lost its patience on it. For a short while nobody else tries; then one
does, and whether that works decides for the rest (a circuit breaker, decided by values and the time).
"""

from __future__ import annotations

import random
from typing import Final

FIRST: Final = 0.5
LONGEST: Final = 30.0
"""Rarely, for whoever tries waits in vain. Who is behind it: the drain, which has the filings that took the detour."""


class Detour:
    """Open while the database is given a rest; each failure in a row doubles the rest, with jitter."""

    __slots__ = ("_failures", "_until")

    def __init__(self) -> None:
        self._failures = 0
        self._until = float("-inf")

    @property
    def is_open(self) -> bool:
        """True from a failure on until the database has taken a filing again; asking tries nothing."""
        return self._failures > 0

    def taken(self, now: float) -> bool:
        """Tell whether to go past the database. After a rest, the first who asks is told to try it."""
        if self._failures and now >= self._until:
            # The one who tries; if nothing comes of it, the others have not waited with it.
            self._until = now + FIRST
            return False
        return now < self._until

    def failed(self, now: float, chance: float | None = None) -> None:
        """The database was out of reach, or too slow."""
        self._failures += 1
        rest = min(LONGEST, FIRST * 2.0 ** min(self._failures - 1, 10))
        share = random.random() if chance is None else chance  # noqa: S311 - jitter, not a secret
        self._until = now + rest * (0.5 + share / 2)

    def worked(self) -> None:
        """The database took a filing."""
        self._failures = 0
        self._until = float("-inf")
