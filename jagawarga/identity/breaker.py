"""A circuit breaker: after a few failures in a row nobody asks for a while, so that nobody waits in vain. Pure."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

FAILURES: Final = 3
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0


class Breaker:
    """Closed at first; open after `FAILURES`; then one attempt a pause, each failure doubling it. Times are seconds."""

    def __init__(self, jitter: Callable[[], float] = random.random) -> None:
        self._jitter = jitter
        self._failures = 0
        self._until = 0.0

    def wait(self, now: float) -> float:
        """Seconds until somebody may ask; at 0 whoever asks is the one, until it is known how that went."""
        if self._failures < FAILURES:
            return 0.0
        if now < self._until:
            return self._until - now
        # Half open: others wait for the outcome of this one.
        self._until = now + self._pause()
        return 0.0

    def succeeded(self) -> None:
        """Close it."""
        self._failures = 0

    def failed(self, now: float) -> None:
        """Count a failure."""
        self._failures += 1
        if self._failures >= FAILURES:
            self._until = now + self._pause()

    def _pause(self) -> float:
        grown = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._failures - FAILURES, 16))
        return grown * (0.5 + self._jitter() / 2)
