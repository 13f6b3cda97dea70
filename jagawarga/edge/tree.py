"""The edge's place in the tree: the front, and behind it its drain, so that an orderly stop drains first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.edge.server import Drain, Front
from supervisors import task, worker

if TYPE_CHECKING:
    from supervisors import ChildSpec

SPARE_SECONDS = 2.0


def edge_children(front: Front) -> list[ChildSpec]:
    """Child specs for a `rest_for_one` supervisor."""
    return [
        task("http", front.serve, shutdown=SPARE_SECONDS),
        worker("drain", Drain, front, shutdown=front.limits.drain_seconds + SPARE_SECONDS),
    ]
