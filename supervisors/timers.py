"""One wheel for all timers of a runtime: SLA deadlines days away, call time-outs, back-offs.

A Trio deadline per timer costs a cancel scope each, and 100,000 of them due at once freeze the loop for seconds.
Here one task sleeps for all. Timers more than `NEAR` seconds away lie unsorted in buckets of one second. A second
ahead a bucket is dealt out into slots of a 64th, where nearer timers lie from the first, and a slot is sorted when it
begins: so no work is ever longer than a slice, however many timers share an instant. Only what is due at once is kept
in order. Due timers are delivered in slices too, with a checkpoint between, so that others keep running. A cancelled
timer is forgotten where it lies and dropped when its turn comes: most are deadlines of calls that were answered, and
they are never sorted.
"""

from __future__ import annotations

import heapq
import math
from itertools import count
from operator import attrgetter
from time import perf_counter
from typing import Any, Protocol

import trio

from supervisors.parking import Parked, wake

NEAR = 2.0
SLOTS_A_SECOND = 64
AT_ONCE = 2 / SLOTS_A_SECOND
SLICE_SECONDS = 0.002
SLICE_CHECK = 64
DEALT_AT_ONCE = 2_000
# The wheel is swept of cancelled timers when it has doubled since the last sweep, and not below this size.
SWEEP_FLOOR = 10_000

_deadline = attrgetter("deadline")


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

    __slots__ = (
        "_buckets",
        "_dead",
        "_dealing",
        "_near",
        "_now",
        "_order",
        "_size",
        "_slot_starts",
        "_slots",
        "_sorted",
        "_starts",
        "_sweep_at",
        "_task",
        "_wake_at",
    )

    def __init__(self, clock: trio.abc.Clock) -> None:
        self._now = clock.current_time
        self._near: list[tuple[float, int, Timer]] = []
        self._sorted: list[Timer] = []
        """The slot at its turn, the earliest last."""
        self._slots: dict[int, list[Timer]] = {}
        self._slot_starts: list[int] = []
        self._dealing: list[Timer] = []
        self._buckets: dict[int, list[Timer]] = {}
        self._dead: dict[int, int] = {}
        """How many timers were discarded in a bucket since it was last cleared of them."""
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
        ahead = deadline - self._now()
        if ahead <= AT_ONCE:
            heapq.heappush(self._near, (deadline, next(self._order), timer))
            turn = deadline
        elif ahead <= NEAR:
            self._into_slot(timer)
            turn = int(deadline * SLOTS_A_SECOND) / SLOTS_A_SECOND
        else:
            start = int(deadline)
            bucket = self._buckets.get(start)
            if bucket is not None:
                bucket.append(timer)
                return timer
            self._buckets[start] = [timer]
            heapq.heappush(self._starts, start)
            turn = start - NEAR / 2
        if turn < self._wake_at:
            self._wake()
        return timer

    def discard(self, timer: Timer) -> None:
        """Cancel a timer that lies far out, and see to it that its place is used again before it is due."""
        timer.cancel()
        start = int(timer.deadline)
        bucket = self._buckets.get(start)
        if bucket is None:
            return
        dead = self._dead.get(start, 0) + 1
        if 2 * dead > len(bucket):
            kept = [each for each in bucket if each.target is not None]
            self._size -= len(bucket) - len(kept)
            bucket[:] = kept
            dead = 0
        self._dead[start] = dead

    def next_due(self) -> float | None:
        """The earliest moment the wheel will look again, in `trio.current_time()` seconds; `None` when empty."""
        turn = self._next_turn()
        return None if turn == math.inf else max(turn, self._now())

    async def run(self) -> None:
        """Serve for ever; cancelled, it forgets nothing and may be run again."""
        while True:
            self._deal()
            await self._deliver_due()
            self._wake_at = self._next_turn()
            if self._wake_at > self._now():
                with trio.CancelScope(deadline=self._wake_at):
                    self._task = trio.lowlevel.current_task()
                    try:
                        await self
                    finally:
                        self._task = None
            else:
                await trio.lowlevel.checkpoint()

    async def _deliver_due(self) -> None:
        delivered = 0
        slice_end = perf_counter() + SLICE_SECONDS
        now = self._now()
        while (timer := self._pop(now)) is not None:
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
                now = self._now()
                self._deal()

    def _pop(self, now: float) -> Timer | None:
        """Take the earliest timer if it is due."""
        if not self._sorted and self._slot_starts and self._slot_starts[0] <= now * SLOTS_A_SECOND:
            slot = self._slots.pop(heapq.heappop(self._slot_starts))
            self._sorted = [timer for timer in slot if timer.target is not None]
            self._sorted.sort(key=_deadline, reverse=True)
            self._size -= len(slot) - len(self._sorted)
        ready, near = self._sorted, self._near
        if ready and (not near or ready[-1].deadline <= near[0][0]):
            if ready[-1].deadline > now:
                return None
            self._size -= 1
            return ready.pop()
        if near and near[0][0] <= now:
            self._size -= 1
            return heapq.heappop(near)[2]
        return None

    def _deal(self) -> None:
        """Deal a part of the bucket whose second comes next into its slots."""
        if not self._dealing:
            if not self._starts or self._starts[0] - NEAR / 2 > self._now():
                return
            start = heapq.heappop(self._starts)
            self._dealing = self._buckets.pop(start)
            self._dead.pop(start, None)
            self._dealing.reverse()
        dealing = self._dealing
        for _ in range(min(DEALT_AT_ONCE, len(dealing))):
            timer = dealing.pop()
            if timer.target is None:
                self._size -= 1
            else:
                self._into_slot(timer)

    def _into_slot(self, timer: Timer) -> None:
        start = int(timer.deadline * SLOTS_A_SECOND)
        slot = self._slots.get(start)
        if slot is None:
            self._slots[start] = [timer]
            heapq.heappush(self._slot_starts, start)
        else:
            slot.append(timer)

    def _next_turn(self) -> float:
        if self._dealing:
            return -math.inf
        near = self._near[0][0] if self._near else math.inf
        ready = self._sorted[-1].deadline if self._sorted else math.inf
        slot = self._slot_starts[0] / SLOTS_A_SECOND if self._slot_starts else math.inf
        far = self._starts[0] - NEAR / 2 if self._starts else math.inf
        return min(near, ready, slot, far)

    def abandoned(self) -> None:
        """The deadline of the sleep, or a cancellation, has already rescheduled the task."""
        self._task = None

    def _wake(self) -> None:
        if self._task is not None:
            task, self._task = self._task, None
            self._wake_at = -math.inf
            wake(task)

    def _sweep(self) -> None:
        """Drop cancelled timers; amortised, since the next sweep waits until the wheel has doubled."""
        self._near = [entry for entry in self._near if entry[2].target is not None]
        heapq.heapify(self._near)
        for start, bucket in list(self._buckets.items()):
            bucket[:] = [timer for timer in bucket if timer.target is not None]
            if not bucket:
                del self._buckets[start]
        for slot in self._slots.values():
            slot[:] = [timer for timer in slot if timer.target is not None]
        self._dead.clear()
        self._starts = sorted(self._buckets)
        held = len(self._near) + len(self._sorted) + len(self._dealing)
        self._size = held + sum(map(len, self._buckets.values())) + sum(map(len, self._slots.values()))
        self._sweep_at = max(SWEEP_FLOOR, 2 * self._size)
