"""Plumbing's place in the tree: the door first, then what goes through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.plumbing.aio import AioActor
from jagawarga.plumbing.bus import BusActor
from jagawarga.plumbing.database import DatabaseActor
from supervisors import Backoff, worker

if TYPE_CHECKING:
    from jagawarga.plumbing.aio import AioDoor
    from jagawarga.plumbing.bus import Bus
    from jagawarga.plumbing.database import Database
    from supervisors import ChildSpec

PATIENCE = Backoff(first=0.1, limit=5.0)
"""A server that is away must not use up the restart intensity."""


def plumbing_children(door: AioDoor, database: Database, bus: Bus) -> list[ChildSpec]:
    """Child specs for a `rest_for_one` supervisor: a new loop means new pools and a new connection."""
    return [
        worker("aio", AioActor, door),
        worker("database", DatabaseActor, database, backoff=PATIENCE),
        worker("bus", BusActor, bus, backoff=PATIENCE),
    ]
