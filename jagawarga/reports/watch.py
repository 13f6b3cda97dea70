"""The watch: deadlines that have passed and no timer has told of, a second ago at most.

Deadlines are wall clock, timers are not: after a jump forward (the clock was set, the machine slept) every timer that
ran then is late by the jump, were it due in a minute or in a week. After a jump back timers are early, and their actors
find that out: nothing climbs before its time by the wall clock, and nothing twice. Nor does an actor that could not
write its step while the database was away try for ever as often as it should once it is back. So the database is asked
every second what is overdue; as a rule, nothing is.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
import trio

from jagawarga.errors import Corrupt, Unavailable
from jagawarga.plumbing.telemetry import CLOCK_JUMPS
from jagawarga.reports.model import ENDS
from jagawarga.reports.overdue import escalate_due, remind_due
from jagawarga.reports.rows import state_of
from supervisors import Actor

if TYPE_CHECKING:
    from datetime import datetime

    from jagawarga.reports.actor import Crew

LOOK_EVERY: Final = 1.0
OVERDUE: Final = timedelta(seconds=0.5)
"""What is late by less is on its way."""
READ_AGAIN_EVERY: Final = 10.0
READ_AGAIN: Final = 1_000
TOLERANCE: Final = 0.5
"""Seconds by which wall clock and time may go apart before it counts as a jump."""
_LOOK: Final = "look"
_READ_AGAIN: Final = "read_again"

log = structlog.get_logger()


class Drift:
    """Tells jumps of the wall clock from time that passes; small steps add up until they count as one."""

    def __init__(self, wall: datetime, passed: float) -> None:
        self._offset = wall.timestamp() - passed

    def jump(self, wall: datetime, passed: float) -> float:
        """Seconds the wall clock has gone ahead of time, or fallen back (less than 0), since the last jump told."""
        offset = wall.timestamp() - passed
        moved = offset - self._offset
        if abs(moved) <= TOLERANCE:
            return 0.0
        self._offset = offset
        return moved


class Watch(Actor):
    """Looks every second at the clocks and at what is overdue, and now and then at what was unreadable."""

    def init(self, crew: Crew) -> None:
        """Begin with the clocks as they are."""
        self.crew = crew
        self.drift = Drift(crew.clock(), trio.current_time())
        self.jumps = 0
        self.overdue = 0
        self.unsure = False
        self.reminded = 0
        self.send_after(LOOK_EVERY, _LOOK)
        self.send_after(READ_AGAIN_EVERY, _READ_AGAIN)

    async def handle_info(self, message: Any) -> None:
        """Each in its own rhythm; what the database has no answer for comes again by itself."""
        try:
            match message:
                case "look":
                    self.send_after(LOOK_EVERY, _LOOK)
                    await self._look()
                case "read_again":
                    self.send_after(READ_AGAIN_EVERY, _READ_AGAIN)
                    await self._read_again()
        except Unavailable:
            return

    async def _look(self) -> None:
        now = self.crew.clock()
        jump = self.drift.jump(now, trio.current_time())
        if jump:
            self.jumps += 1
            CLOCK_JUMPS.labels("forward" if jump > 0 else "back").inc()
            log.warning("clock.jumped", seconds=round(jump, 3))
            # Notices have no index to find them by; they are looked for when timers have come to lie.
            self.unsure = self.unsure or jump > 0
        self.overdue += await escalate_due(self.crew, now - OVERDUE)
        if self.unsure:
            self.reminded += await remind_due(self.crew, now)
            self.unsure = False

    async def _read_again(self) -> None:
        """Start the actors of reports that have been mended."""
        quarantine = self.crew.quarantine
        ids = quarantine.next(READ_AGAIN)
        rows = {row["report_id"]: row for row in await self.crew.store.rows_of(ids)} if ids else {}
        for report_id in ids:
            row = rows.get(report_id)
            try:
                state = None if row is None else state_of(row)
            except Corrupt as error:
                quarantine.add(report_id, error)
                continue
            gone = state is None or state.status in ENDS
            if gone or (self.crew.directory.start(report_id, state) and not quarantine.is_stuck(report_id)):
                quarantine.release(report_id)

    def describe(self) -> dict[str, Any]:
        """How the clock behaves, and how often a report was found overdue."""
        return {"jumps": self.jumps, "overdue": self.overdue, "reminded": self.reminded}
