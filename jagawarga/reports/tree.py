"""The reports subtree: writers and relay, calendars, the partitions of report actors, then recovery, which fills them.

The watch beside it sees to deadlines that no timer tells of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.plumbing.outbox import Publisher, Relay
from jagawarga.plumbing.writer import GroupCommit
from jagawarga.reports.actor import ReportActor
from jagawarga.reports.drain import Drain
from jagawarga.reports.recovery import Recovery
from jagawarga.reports.shelving import Shelf
from jagawarga.reports.watch import Watch
from supervisors import Backoff, ChildSpec, dynamic_supervisor, supervisor, worker

if TYPE_CHECKING:
    from jagawarga.reports.service import Reports

AGAIN = Backoff(first=0.1, limit=10.0)
# Actors of reports are many: a thousand that end together are one accident, not a thousand.
ACTORS_INTENSITY = 10_000


def reports_tree(reports: Reports, bus: Publisher) -> ChildSpec:
    """Spec of the subtree. A writer or relay that dies takes nobody along: reports keep their clocks meanwhile."""
    template = worker("report", ReportActor, reports.crew, restart="transient", shutdown=2.0, backoff=AGAIN)
    partitions = [
        dynamic_supervisor(f"partition-{number}", template, intensity=ACTORS_INTENSITY, name=name)
        for number, name in enumerate(reports.directory.partitions)
    ]
    writing = [
        worker("writer", GroupCommit, reports.write, name=reports.writer, shutdown=3.0),
        worker("crier", GroupCommit, reports.tell, name=reports.crier, shutdown=3.0),
        worker("relay", Relay, reports.store, bus, name=reports.relay),
    ]
    if reports.waiting is not None:
        room = reports.waiting
        writing.append(worker("drain", Drain, room.bus, room, reports.writer, name=reports.drain))
    children = [
        supervisor("writing", writing, intensity=50, period=5.0),
        # Before anybody reads a report.
        worker("shelf", Shelf, reports.store, reports.catalogue.calendars, backoff=AGAIN),
        supervisor("partitions", partitions, intensity=50, period=5.0),
        worker("recovery", Recovery, reports.crew, name=reports.recovery),
        worker("watch", Watch, reports.crew),
    ]
    return supervisor("reports", children, strategy="rest_for_one", intensity=50, period=5.0)
