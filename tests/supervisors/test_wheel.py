"""The timer wheel: each timer once, never early, soon after its deadline, however many there are."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from supervisors.timers import SWEEP_FLOOR, Timer, Wheel


class Recorder:
    """Notes when each timer came."""

    def __init__(self) -> None:
        self.came: list[tuple[Any, float]] = []

    def due(self, timer: Timer) -> None:
        self.came.append((timer.message, trio.current_time()))


@given(
    delays=st.lists(st.floats(min_value=-5, max_value=100_000), max_size=40),
    cancelled=st.sets(st.integers(min_value=0, max_value=39)),
    late=st.lists(st.floats(min_value=0, max_value=50), max_size=10),
)
@settings(deadline=None, max_examples=60)
def test_every_timer_once_and_never_early(delays: list[float], cancelled: set[int], late: list[float]) -> None:
    """Any mixture of near and far timers comes once each, at its deadline; cancelled ones never."""

    async def scenario() -> None:
        wheel, recorder = Wheel(trio.lowlevel.current_clock()), Recorder()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wheel.run)
            start = trio.current_time()
            timers = [wheel.add(start + delay, recorder, index) for index, delay in enumerate(delays)]
            for index in cancelled:
                if index < len(timers):
                    timers[index].cancel()
            await trio.sleep(10)
            again = trio.current_time()
            for index, delay in enumerate(late):
                wheel.add(again + delay, recorder, ("late", index))
            await trio.sleep(100_100)
            nursery.cancel_scope.cancel()
        came = dict(recorder.came)
        assert len(came) == len(recorder.came)
        # A cancelled timer whose deadline had passed when it was made may not come either.
        want = {index: max(start, start + delay) for index, delay in enumerate(delays) if index not in cancelled}
        want |= {("late", index): again + delay for index, delay in enumerate(late)}  # type: ignore[misc]
        assert came.keys() == want.keys()
        for key, deadline in want.items():
            assert 0 <= came[key] - deadline < 0.01

    trio.run(scenario, clock=MockClock(autojump_threshold=0))


async def test_many_due_at_once_do_not_freeze_others() -> None:
    """While very many timers are delivered, other tasks get their turn in between."""
    wheel, recorder = Wheel(trio.lowlevel.current_clock()), Recorder()
    turns = 0
    async with trio.open_nursery() as nursery:
        deadline = trio.current_time() + 0.05
        for index in range(50_000):
            wheel.add(deadline, recorder, index)
        nursery.start_soon(wheel.run)
        while len(recorder.came) < 50_000:
            turns += 1
            await trio.sleep(0.001)
        nursery.cancel_scope.cancel()
    assert turns > 5


async def test_cancelled_timers_are_swept(autojump_clock: Any) -> None:
    """A million timers armed and cancelled do not pile up in the wheel."""
    wheel, recorder = Wheel(trio.lowlevel.current_clock()), Recorder()
    for index in range(10 * SWEEP_FLOOR):
        wheel.add(trio.current_time() + 5 + index % 1000, recorder, index).cancel()
    assert len(wheel) <= SWEEP_FLOOR + 1


async def test_earlier_timer_wakes_the_wheel(autojump_clock: Any) -> None:
    """A timer added while the wheel sleeps for a later one is not late."""
    wheel, recorder = Wheel(trio.lowlevel.current_clock()), Recorder()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(wheel.run)
        start = trio.current_time()
        wheel.add(start + 1000, recorder, "far")
        await trio.sleep(1)
        wheel.add(start + 1.5, recorder, "near")
        await trio.sleep(2)
        assert recorder.came == [("near", pytest.approx(start + 1.5))]
        nursery.cancel_scope.cancel()
