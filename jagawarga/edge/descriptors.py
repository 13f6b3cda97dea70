"""How many files this process may have open, and how many of them may be connections."""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import Final

WANTED: Final = 65_536
KEPT: Final = 256
"""For the databases, the broker, logs, and whatever else is open beside connections."""


def raise_limit() -> None:
    """Take as many descriptors as we may have without being root; the usual 1,024 are one client's in a flood."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def room_for_connections() -> int:
    """Give how many connections leave enough for everything else."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return WANTED if soft == resource.RLIM_INFINITY else max(KEPT // 4, soft - KEPT)
