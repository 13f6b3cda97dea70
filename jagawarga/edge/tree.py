"""The edge's place in the tree: a lookout, the front, and its drain, which an orderly stop comes to first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.edge.gate import Lookout
from jagawarga.edge.server import Drain, Front
from supervisors import task, worker

if TYPE_CHECKING:
    from jagawarga.edge.admission import Admission
    from supervisors import ChildSpec

SPARE_SECONDS = 2.0


def edge_children(front: Front, admission: Admission) -> list[ChildSpec]:
    """Child specs for a `rest_for_one` supervisor."""
    return [
        worker("admission", Lookout, admission),
        task("http", front.serve, shutdown=SPARE_SECONDS),
        worker("drain", Drain, front, shutdown=front.limits.drain_seconds + SPARE_SECONDS),
    ]
