"""One wheel for all timers of a runtime: SLA deadlines days away, call time-outs, back-offs.

A Trio deadline per timer costs a cancel scope each, and 100,000 of them due at once freeze the loop for seconds.
Here one task sleeps for all. Timers more than `NEAR` seconds away lie unsorted in buckets of one second; a bucket is
sorted into a small heap shortly before it is due. Due timers are delivered in slices, with a checkpoint between, so
that others keep running. A cancelled timer is forgotten where it lies and dropped when its turn comes.
"""

from __future__ import annotations

import heapq
import math
from itertools import count
from time import perf_counter
from typing import Any, Protocol

import trio

from supervisors.parking import Parked

NEAR = 2.0
SLICE_SECONDS = 0.002
SLICE_CHECK = 64
# The wheel is swept of cancelled timers when it has doubled since the last sweep, and not below this size.
SWEEP_FLOOR = 10_000


class Target(Protocol):
    """Who a timer is for: `due` is called in the wheel's task and must neither wait nor raise."""

    def due(self, timer: Timer) -> None:
        """Take a timer that has come due."""


class Timer:
    """A pending delivery of `message` to `target` at `deadline` (`trio.current_time()` seconds)."""

    __slots__ = ("deadline", "message", "target")

    def __init__(self, deadline: float, target: Target, message: Any) -> None:
        self.deadline = deadline
        self.target: Target | None = target
        self.message = message

    def cancel(self) -> None:
        """Forget the timer; after this returns it is never delivered. Harmless when it was."""
        self.target = None
        self.message = None


class Wheel(Parked):
    """Delivers each timer once, never before its deadline, and soon after it."""

    __slots__ = ("_buckets", "_near", "_order", "_size", "_starts", "_sweep_at", "_task", "_wake_at")

    def __init__(self) -> None:
        self._near: list[tuple[float, int, Timer]] = []
        self._buckets: dict[int, list[Timer]] = {}
        self._starts: list[int] = []
        self._order = count()
        self._task: trio.lowlevel.Task | None = None
        self._wake_at = math.inf
        self._size = 0
        self._sweep_at = SWEEP_FLOOR

    def __len__(self) -> int:
        """Timers held, the cancelled but not yet dropped ones included."""
        return self._size

    def add(self, deadline: float, target: Target, message: Any) -> Timer:
        """Arm a timer; a deadline already past is delivered at the wheel's next turn."""
        timer = Timer(deadline, target, message)
        self._size += 1
        if self._size > self._sweep_at:
            self._sweep()
        if deadline - trio.current_time() <= NEAR:
            heapq.heappush(self._near, (deadline, next(self._order), timer))
            turn = deadline
        else:
            start = int(deadline)
            bucket = self._buckets.get(start)
            if bucket is None:
                self._buckets[start] = [timer]
                heapq.heappush(self._starts, start)
            else:
                bucket.append(timer)
            turn = start - NEAR / 2
        if turn < self._wake_at:
            self._wake()
        return timer

    def next_due(self) -> float | None:
        """The earliest moment the wheel will look again, in `trio.current_time()` seconds; `None` when empty."""
        turn = self._next_turn()
        return None if turn == math.inf else turn

    async def run(self) -> None:
        """Serve for ever; cancelled, it forgets nothing and may be run again."""
        while True:
            self._pull_near(trio.current_time())
            await self._deliver_due()
            self._wake_at = self._next_turn()
            if self._wake_at > trio.current_time():
                with trio.CancelScope(deadline=self._wake_at):
                    self._task = trio.lowlevel.current_task()
                    try:
                        await self
                    finally:
                        self._task = None
            else:
                await trio.lowlevel.checkpoint()

    async def _deliver_due(self) -> None:
        near = self._near
        delivered = 0
        slice_end = perf_counter() + SLICE_SECONDS
        now = trio.current_time()
        while near and near[0][0] <= now:
            timer = heapq.heappop(near)[2]
            self._size -= 1
            target = timer.target
            if target is not None:
                timer.target = None
                target.due(timer)
            delivered += 1
            if delivered % SLICE_CHECK == 0 and perf_counter() > slice_end:
                # Without this checkpoint 100,000 timers due together would freeze everybody else.
                self._wake_at = -math.inf
                await trio.lowlevel.checkpoint()
                slice_end = perf_counter() + SLICE_SECONDS
                now = trio.current_time()

    def _pull_near(self, now: float) -> None:
        while self._starts and self._starts[0] - NEAR / 2 <= now:
            for timer in self._buckets.pop(heapq.heappop(self._starts)):
                if timer.target is None:
                    self._size -= 1
                else:
                    heapq.heappush(self._near, (timer.deadline, next(self._order), timer))

    def _next_turn(self) -> float:
        near = self._near[0][0] if self._near else math.inf
        far = self._starts[0] - NEAR / 2 if self._starts else math.inf
        return min(near, far)

    def abandoned(self) -> None:
        """The deadline of the sleep, or a cancellation, has already rescheduled the task."""
        self._task = None

    def _wake(self) -> None:
        if self._task is not None:
            task, self._task = self._task, None
            self._wake_at = -math.inf
            trio.lowlevel.reschedule(task)

    def _sweep(self) -> None:
        """Drop cancelled timers; amortised, since the next sweep waits until the wheel has doubled."""
        self._near = [entry for entry in self._near if entry[2].target is not None]
        heapq.heapify(self._near)
        for start, bucket in list(self._buckets.items()):
            bucket[:] = [timer for timer in bucket if timer.target is not None]
            if not bucket:
                del self._buckets[start]
        self._starts = sorted(self._buckets)
        self._size = len(self._near) + sum(map(len, self._buckets.values()))
        self._sweep_at = max(SWEEP_FLOOR, 2 * self._size)
