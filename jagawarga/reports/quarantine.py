"""Reports whose rows can not be read, or whose next step is refused: known, counted, told, and tried again.

They have no actor, so one of them costs nothing, and neither do a hundred thousand: nothing crashes again and again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from jagawarga.plumbing.telemetry import CORRUPT

if TYPE_CHECKING:
    from uuid import UUID

    from jagawarga.errors import Corrupt

NAMED: Final = 100
"""So many are told of one by one; of more of them the number says enough."""

log = structlog.get_logger()


class Quarantine:
    """The unreadable reports of this process, by what is wrong with each."""

    def __init__(self) -> None:
        self._wrong: dict[UUID, str] = {}
        self._stuck: set[UUID] = set()
        CORRUPT.set(0)

    def __len__(self) -> int:
        return len(self._wrong)

    def __contains__(self, report_id: object) -> bool:
        return report_id in self._wrong

    def add(self, report_id: UUID, error: Corrupt) -> None:
        """Note a report; the first time it is told, with what part of its row is wrong."""
        if report_id not in self._wrong and len(self._wrong) <= NAMED:
            # The id as it is: as a text the filter of the log might take its digits for somebody's number.
            log.error("report.corrupt", report=report_id, wrong=str(error), more=len(self._wrong) == NAMED)
        self._wrong[report_id] = str(error)
        CORRUPT.set(len(self._wrong))

    def add_stuck(self, report_id: UUID, error: Corrupt) -> None:
        """Note a report whose row can be read, but whose next step the database refuses."""
        self._stuck.add(report_id)
        self.add(report_id, error)

    def is_stuck(self, report_id: UUID) -> bool:
        """Tell whether only a step that is written takes the report from here."""
        return report_id in self._stuck

    def release(self, report_id: UUID) -> None:
        """Forget a report: it can be read, or it is gone."""
        self._stuck.discard(report_id)
        if self._wrong.pop(report_id, None) is not None:
            log.info("report.readable_again", report=report_id)
            CORRUPT.set(len(self._wrong))

    def next(self, most: int) -> list[UUID]:
        """Whom to look at again now; those looked at come to the end of the line."""
        ids = list(self._wrong)[:most]
        for each in ids:
            self._wrong[each] = self._wrong.pop(each)
        return ids

    def some(self, most: int) -> list[str]:
        """A few of them with what is wrong, for the operator."""
        return [f"{report_id} ({wrong})" for report_id, wrong in list(self._wrong.items())[:most]]
