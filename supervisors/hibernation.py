"""Which actors have been idle long enough to hibernate.

A timer an actor, set anew with every message, would cost more than what hibernation saves. Instead an actor is put in
line when it parks; whoever has not handled anything by the time its place comes up goes to sleep, the others are put
in line again. So an actor hibernates after one to two times its `hibernate_after`.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from supervisors.life import Life
    from supervisors.timers import Timer, Wheel

CHUNK = 500


class IdleQueue:
    """The line of idle actors of one `hibernate_after`."""

    __slots__ = ("_armed", "_line", "_seconds", "_wheel")

    def __init__(self, seconds: float, wheel: Wheel) -> None:
        self._seconds = seconds
        self._wheel = wheel
        self._line: deque[tuple[float, Life, int]] = deque()
        self._armed = False

    def enter(self, life: Life) -> None:
        """Put an actor that has just become idle in line."""
        life.idle = None  # once in line is enough
        deadline = trio.current_time() + self._seconds
        self._line.append((deadline, life, life.handled()))
        if not self._armed:
            self._arm(deadline)

    def due(self, timer: Timer) -> None:
        """Send to sleep whoever has been idle, a few at a time."""
        del timer
        self._armed = False
        now = trio.current_time()
        for _ in range(CHUNK):
            if not self._line or self._line[0][0] > now:
                break
            _, life, handled = self._line.popleft()
            if life.process.life is not life:
                continue
            life.idle = self
            if not life.parked:
                continue  # at work: it enters again when it parks
            if life.handled() == handled and life.debug is None and life.process.state == "running":
                life.doze()
            else:
                self.enter(life)
        if self._line and not self._armed:
            self._arm(self._line[0][0])

    def _arm(self, deadline: float) -> None:
        self._armed = True
        self._wheel.add(deadline, self, None)
