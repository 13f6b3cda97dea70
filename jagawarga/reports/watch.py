"""The watch: deadlines no timer tells of, because the clock jumped, or because nobody was there to see them pass.

Deadlines are wall clock, timers are not. After a jump forward (the clock was set, the machine slept) whatever is due
by the new time climbs at once, as late as the jump was; and since the timers of all others are late from then on, the
watch asks the database every second who is due. After a jump back timers are early, and their actors find that out:
nothing climbs before its time by the wall clock, and nothing twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog
import trio

from jagawarga.errors import Corrupt, Unavailable
from jagawarga.plumbing.telemetry import CLOCK_JUMPS
from jagawarga.reports.model import ENDS
from jagawarga.reports.overdue import escalate_due
from jagawarga.reports.rows import state_of
from supervisors import Actor

if TYPE_CHECKING:
    from datetime import datetime

    from jagawarga.reports.actor import Crew

LOOK_EVERY: Final = 1.0
SWEEP_EVERY: Final = 30.0
READ_AGAIN_EVERY: Final = 10.0
READ_AGAIN: Final = 1_000
TOLERANCE: Final = 0.5
"""Seconds by which wall clock and time may go apart before it counts as a jump."""
_LOOK: Final = "look"
_SWEEP: Final = "sweep"
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
    """Looks at the clocks every second, and now and then at what the database says is overdue or was unreadable."""

    def init(self, crew: Crew) -> None:
        """Begin with the clocks as they are."""
        self.crew = crew
        self.drift = Drift(crew.clock(), trio.current_time())
        self.jumps = 0
        self.late = False
        """The clock has jumped forward: timers set before may come too late, by days from now."""
        self.send_after(LOOK_EVERY, _LOOK)
        self.send_after(SWEEP_EVERY, _SWEEP)
        self.send_after(READ_AGAIN_EVERY, _READ_AGAIN)

    async def handle_info(self, message: Any) -> None:
        """Each in its own rhythm; what the database has no answer for comes again by itself."""
        try:
            match message:
                case "look":
                    self.send_after(LOOK_EVERY, _LOOK)
                    await self._look()
                case "sweep":
                    self.send_after(SWEEP_EVERY, _SWEEP)
                    await escalate_due(self.crew, self.crew.clock())
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
            self.late = self.late or jump > 0
            CLOCK_JUMPS.labels("forward" if jump > 0 else "back").inc()
            log.warning("clock.jumped", seconds=round(jump, 3))
        if self.late:
            await escalate_due(self.crew, now)

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
            if state is None or state.status in ENDS or self.crew.directory.start(report_id, state):
                quarantine.release(report_id)

    def describe(self) -> dict[str, Any]:
        """How the clock behaves."""
        return {"jumps": self.jumps, "timers_late": self.late}
