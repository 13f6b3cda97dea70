"""The timeouts of one state machine: those that run, and those of 0 seconds, which come when nothing else is inside.

A timeout is known by its kind, so setting it again replaces it. One that is cancelled after its timer has fired, and
before the machine saw it, is known no more when its turn comes, and so never seen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import trio

from supervisors.statem_actions import Cancel, Timeout, Update
from supervisors.statem_step import which

if TYPE_CHECKING:
    from supervisors.process import Process
    from supervisors.timers import Timer


class Running:
    """A timeout that was started; also the message its timer brings."""

    __slots__ = ("content", "kind", "timer")

    def __init__(self, kind: Timeout, content: Any) -> None:
        self.kind = kind
        self.content = content
        self.timer: Timer | None = None


class Timeouts:
    """All timeouts of one machine, at most one of a kind."""

    __slots__ = ("_at_once", "_running")

    def __init__(self) -> None:
        self._running: dict[Timeout, Running] = {}
        self._at_once: list[Running] = []

    def __len__(self) -> int:
        return len(self._running)

    def do(self, action: Timeout | Cancel | Update, process: Process) -> None:
        """Start, cancel or update."""
        if isinstance(action, Cancel):
            self.cancel(which(action.timeout))
        elif isinstance(action, Update):
            running = self._running.get(which(action.timeout))
            if running is None:
                self._start(action.timeout, action.content, 0, process)
            else:
                running.content = action.content
        else:
            assert action.seconds is not None
            self._start(action, action.content, action.seconds, process)

    def cancel(self, kind: Timeout) -> None:
        """Make sure that the timeout does not come, even if it is on its way; harmless when it does not run."""
        running = self._running.pop(kind, None)
        if running is None:
            return
        if running.timer is None:
            self._at_once.remove(running)
        else:
            running.timer.cancel()

    def take(self, running: Running) -> bool:
        """Take out a timeout whose timer has fired; False when it was cancelled or replaced meanwhile."""
        if self._running.get(running.kind) is not running:
            return False
        del self._running[running.kind]
        return True

    def take_at_once(self) -> Running | None:
        """Take out the oldest timeout of 0 seconds."""
        if not self._at_once:
            return None
        running = self._at_once.pop(0)
        del self._running[running.kind]
        return running

    def _start(self, timeout: Timeout, content: Any, seconds: float, process: Process) -> None:
        kind = which(timeout)
        self.cancel(kind)
        if seconds == math.inf:
            return
        running = self._running[kind] = Running(kind, content)
        if seconds == 0 and not timeout.absolute:
            self._at_once.append(running)
        elif timeout.absolute:
            running.timer = process.send_after(max(0.0, seconds - trio.current_time()), running)
        else:
            running.timer = process.send_after(seconds, running)
