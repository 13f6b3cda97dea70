"""Parking: awaiting the object itself behaves as Trio's own wait_task_rescheduled."""

from __future__ import annotations

from typing import Any

import outcome
import pytest
import trio

from supervisors.parking import Parked


class Seat(Parked):
    """Somewhere to wait."""

    def __init__(self) -> None:
        self.task: trio.lowlevel.Task | None = None
        self.left = False

    async def sit(self) -> Any:
        self.task = trio.lowlevel.current_task()
        return await self

    def abandoned(self) -> None:
        self.left = True


async def _plain(seat: Seat) -> Any:
    """The same wait in Trio's documented form."""
    seat.task = trio.lowlevel.current_task()

    def abort(_: Any) -> trio.lowlevel.Abort:
        seat.abandoned()
        return trio.lowlevel.Abort.SUCCEEDED

    return await trio.lowlevel.wait_task_rescheduled(abort)


@pytest.mark.parametrize("wait", [Seat.sit, _plain], ids=["parked", "plain"])
async def test_value_error_and_cancellation(wait: Any) -> None:
    """Both forms return the value, raise the error, and leave when cancelled."""
    got: list[Any] = []

    async def sitter(seat: Seat) -> None:
        try:
            got.append(await wait(seat))
        except KeyError as error:
            got.append(error)

    for result in (outcome.Value("woken"), outcome.Error(KeyError("bad"))):
        seat = Seat()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sitter, seat)
            await trio.testing.wait_all_tasks_blocked()
            assert seat.task is not None
            trio.lowlevel.reschedule(seat.task, result)
    assert got[0] == "woken"
    assert isinstance(got[1], KeyError)
    seat = Seat()
    with trio.move_on_after(0) as scope:
        await wait(seat)
    assert scope.cancelled_caught
    assert seat.left
