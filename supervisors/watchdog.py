"""A watchdog: it names the actor whose callback blocks the loop and, where asked to, crashes it.

A thread asks the loop for a sign of life every few milliseconds. When none comes for `limit` seconds, it looks whose
callback is at work, where its code stands, and tells it as the telemetry event `loop.blocked`. With `crash_after`
the callback gets a `LoopBlocked` raised in its midst, by a signal: the actor crashes and its supervisor does the rest.
What a signal can not cut short is C code that keeps the interpreter's lock. Trio itself has no preemption; this is
the BEAM's reduction count, coarsely.

    task("watchdog", watch_loop, runtime, Watching(limit=0.1, crash_after=None))
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING

import trio

from supervisors import snapshot, telemetry
from supervisors.exits import SupervisionError
from supervisors.life import Life

if TYPE_CHECKING:
    from supervisors.process import Process
    from supervisors.runtime import Runtime

FRAMES = 12
LOOKS_A_LIMIT = 4


class LoopBlocked(SupervisionError):
    """Raised in the midst of a callback that has blocked the loop for too long."""


@dataclass(slots=True)
class Watching:
    """What to watch for, and what has been seen. Times are seconds."""

    limit: float = 0.1
    """A loop that has not come round for so long is blocked."""
    crash_after: float | None = None
    """Crash the blocking actor after so long; `None` never. Only where the loop runs in the main thread."""
    signal: signal.Signals = signal.SIGUSR2
    """Interrupts the callback; taken over while the watchdog runs, if `crash_after` is set."""
    blocked_by: str | None = field(default=None, init=False)
    """Who blocks the loop at this moment."""
    blocked_since: float | None = field(default=None, init=False)
    blocks: int = field(default=0, init=False)
    longest: float = field(default=0.0, init=False)
    longest_by: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not self.limit > 0:
            msg = f"limit: expected seconds above 0, got {self.limit!r}"
            raise ValueError(msg)
        if self.crash_after is not None and self.crash_after < self.limit:
            msg = f"crash_after: expected at least the limit of {self.limit:g} s, got {self.crash_after!r}"
            raise ValueError(msg)


async def watch_loop(started: Callable[[], None], runtime: Callable[[], Runtime], watching: Watching) -> None:
    """Task body: watch the loop it runs in until cancelled."""
    dog = _Watchdog(runtime, watching, trio.lowlevel.current_trio_token())
    if watching.crash_after is not None and threading.current_thread() is not threading.main_thread():
        msg = "crash_after: only a loop in the main thread can be interrupted"
        raise ValueError(msg)
    before = None if watching.crash_after is None else signal.signal(watching.signal, dog.interrupt)
    thread = threading.Thread(target=dog.run, name="watchdog", daemon=True)
    thread.start()
    started()
    try:
        await trio.sleep_forever()
    finally:
        dog.stop.set()
        if watching.crash_after is not None:
            signal.signal(watching.signal, before)


class _Watchdog:
    """The thread's side; `beat` and `interrupt` run in the loop's thread."""

    def __init__(self, runtime: Callable[[], Runtime], watching: Watching, token: trio.lowlevel.TrioToken) -> None:
        self._runtime = runtime
        self._watching = watching
        self._token = token
        self._loop_thread = threading.get_ident()
        self._beaten = threading.Event()
        self._victim: tuple[Process, int] | None = None
        self.stop = threading.Event()

    def run(self) -> None:
        with suppress(trio.RunFinishedError):  # the loop may end at any moment, and we with it
            while not self.stop.wait(self._watching.limit / LOOKS_A_LIMIT):
                self._beaten.clear()
                asked = perf_counter()
                self._token.run_sync_soon(self._beaten.set)
                if not self._beaten.wait(self._watching.limit):
                    self._blocked(asked)

    def _blocked(self, since: float) -> None:
        watching = self._watching
        process = self._culprit()
        watching.blocks += 1
        watching.blocked_by = repr(process) if process is not None else "something that is no actor"
        watching.blocked_since = since
        stack = self._stack()
        self._token.run_sync_soon(_tell_blocked, process, perf_counter() - since, stack)
        crashed = False
        while not self._beaten.wait(watching.limit / LOOKS_A_LIMIT) and not self.stop.is_set():
            patience = watching.crash_after
            if patience is not None and not crashed and perf_counter() - since >= patience and process is not None:
                crashed = True
                self._victim = (process, process.handled)
                signal.pthread_kill(self._loop_thread, watching.signal)
        seconds = perf_counter() - since
        if seconds > watching.longest:
            watching.longest, watching.longest_by = seconds, watching.blocked_by
        watching.blocked_by = watching.blocked_since = None
        self._token.run_sync_soon(_tell_unblocked, process, seconds)

    def _culprit(self) -> Process | None:
        try:
            runtime = self._runtime()
            return runtime.running or self._waiting_one(runtime)
        except (SupervisionError, RuntimeError):  # the tree is still starting, or is no longer blocked
            return None

    def _waiting_one(self, runtime: Runtime) -> Process | None:
        """Whose coroutine callback is at work between two of its waits: told by the frame it runs in."""
        frame = self._frame()
        while frame is not None and frame.f_code is not Life.run.__code__:
            frame = frame.f_back
        if frame is None:
            return None
        for _, process in snapshot.walk(runtime):
            task = process.life.task if process.life is not None else None
            if task is not None and getattr(task.coro, "cr_frame", None) is frame:
                return process
        return None

    def _frame(self) -> FrameType | None:
        return sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - the documented way to a thread's stack

    def _stack(self) -> tuple[str, ...]:
        frame = self._frame()
        lines: list[str] = []
        while frame is not None and len(lines) < FRAMES:
            lines.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}")
            frame = frame.f_back
        return tuple(lines)

    def interrupt(self, number: int, frame: FrameType | None) -> None:
        """Signal handler: crash the callback, if it is still the very one that was meant."""
        del number, frame
        victim, self._victim = self._victim, None
        if victim is None:
            return
        process, handled = victim
        if self._culprit() is process and process.handled == handled:
            msg = f"{process!r} blocked the loop for more than {self._watching.crash_after:g} s"
            raise LoopBlocked(msg)


def _tell_blocked(process: Process | None, seconds: float, stack: tuple[str, ...]) -> None:
    telemetry.emit("loop.blocked", process, seconds=seconds, stack=stack)


def _tell_unblocked(process: Process | None, seconds: float) -> None:
    telemetry.emit("loop.unblocked", process, seconds=seconds)
