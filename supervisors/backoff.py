"""How long to wait before a restart: the back-off extension, with jitter."""

from __future__ import annotations

import random

from supervisors.specs import Backoff


def delay(backoff: Backoff | None, tries: int, chance: float | None = None) -> float:
    """Seconds to wait before restart number `tries` in a row (1 is the first, which never waits)."""
    if backoff is None or tries <= 1:
        return 0.0
    # 2**32 seconds are beyond every limit; the cap keeps the power from overflowing.
    full = min(backoff.limit, backoff.first * 2.0 ** min(tries - 2, 32))
    share = random.random() if chance is None else chance  # noqa: S311 - jitter, not a secret
    return full * (0.5 + share / 2)
