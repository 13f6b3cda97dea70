"""When the old city's moments fall due in the replay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from jagawarga.cli.replay.rows import Row


@dataclass(frozen=True, slots=True)
class HistoryClock:
    """`speed` seconds of history pass in one second (None: file at once); `answer_speed` scales the answers' delay."""

    first: datetime | None
    speed: float | None
    answer_speed: float

    def filing_delay(self, row: Row) -> float:
        """Return the seconds from the start of the replay to the row's filing."""
        if self.speed is None or self.first is None or row.submitted is None:
            return 0.0
        return max(0.0, (row.submitted - self.first).total_seconds() / self.speed)

    def answer_delay(self, row: Row) -> float | None:
        """Return the seconds from the row's filing to its answer; None when it never was answered."""
        if row.answered is None or row.submitted is None:
            return None
        return max(0.0, (row.answered - row.submitted).total_seconds() / self.answer_speed)
