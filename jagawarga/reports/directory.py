"""Where the actors of reports live: a name for each report, and a fixed partition to start it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from supervisors import AlreadyStarted, Name, Process, Registry
from supervisors.dynamic import DynamicSupervisor

if TYPE_CHECKING:
    from uuid import UUID

    from jagawarga.reports.model import Folded, ReportState

PARTITIONS: Final = 8
TICK: Final = "tick"
"""Info to a report's actor: look at the clock."""

log = structlog.get_logger()


class Directory:
    """Finds and starts the actors of open reports. A handle: the partitions behind it may come and go."""

    def __init__(self, partitions: int = PARTITIONS) -> None:
        self.reports = Registry("reports")
        names = Registry("report-partitions")
        self.partitions = tuple(names.name(number) for number in range(partitions))
        self._handed: dict[UUID, ReportState] = {}

    def address(self, report_id: UUID) -> Name:
        """The lasting address of a report's actor."""
        return self.reports.name(report_id)

    def start(self, report_id: UUID, state: ReportState | None = None) -> bool:
        """Make sure the report has an actor; True if it has one now. A new one takes `state` over, or loads its own."""
        if report_id in self.reports:
            return True
        partition = self._partition(report_id)
        if partition is None:
            return False
        if state is not None:
            self._handed[report_id] = state
        try:
            partition.start_child_nowait(report_id, name=self.address(report_id))
        except AlreadyStarted:
            return True
        except Exception as error:  # noqa: BLE001 - the report is safe in the database; recovery tries again
            log.warning("reports.start_failed", error=type(error).__name__)
            return False
        finally:
            self._handed.pop(report_id, None)
        return True

    def start_asleep(self, report_id: UUID, folded: Folded, seconds: float | None) -> bool:
        """Make sure the report has an actor that sleeps for so long, for `None` until asked; True if it has one now."""
        partition = self._partition(report_id)
        if partition is None:
            return False
        timers = () if seconds is None else ((seconds, TICK),)
        try:
            partition.start_asleep(report_id, name=self.address(report_id), state=folded, timers=timers)
        except AlreadyStarted:
            return True
        except Exception as error:  # noqa: BLE001 - as in `start`
            log.warning("reports.start_failed", error=type(error).__name__)
            return False
        return True

    def look(self, report_id: UUID) -> bool:
        """Have the report's actor look at the clock, awake or asleep; False if it has none.

        One that is at work is left alone: it has the clock before its eyes.
        """
        process = self.reports.whereis(report_id)
        if process is None:
            return False
        if not process.busy:
            process.info(TICK)
        return True

    def _partition(self, report_id: UUID) -> DynamicSupervisor | None:
        partition = self.partitions[report_id.int % len(self.partitions)].whereis()
        if partition is None or partition.state != "running" or not isinstance(partition.actor, DynamicSupervisor):
            return None
        return partition.actor

    def take_over(self, report_id: UUID) -> ReportState | None:
        """What the starter of this actor has handed over; once."""
        return self._handed.pop(report_id, None)

    def generation(self) -> tuple[Process | None, ...]:
        """The partitions as they are now; when this changes, the actors of one are gone."""
        return tuple(name.whereis() for name in self.partitions)
