"""The timeouts of a state machine: what starts, cancels and orders them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio

from supervisors.statem_actions import (
    Cancel,
    EventTimeout,
    GenericTimeout,
    Internal,
    Keep,
    Next,
    NextEvent,
    Postpone,
    StateTimeout,
    Update,
)
from supervisors.testing import running
from tests.supervisors.machines import IT, Script, Told, here, history, machine, seconds, told


async def test_state_timeout_belongs_to_the_state(autojump_clock: Any) -> None:
    """A state timeout survives events that keep the state and is cancelled by a change, even one there and back."""
    log = await history(told("set", a=Keep(StateTimeout(1, "due"))), "x", told("same", a=Next("a")), after=2)
    assert log[-1] == "a: statetimeout due"
    log = await history(
        told("set", a=Keep(StateTimeout(1, "due"))), told("to", a=Next("b")), told("fro", b=Next("a")), after=2
    )
    assert log[-1] == "b: cast fro"


async def test_state_timeout_set_on_the_way(autojump_clock: Any) -> None:
    """A state timeout set together with the change is the new state's."""
    log = await history(told("go", a=Next("b", StateTimeout(1, "due"))), after=2)
    assert log == ["a: cast go", "b: statetimeout due"]


@pytest.mark.parametrize("what", ["cast", "info", "internal", "timeout"])
async def test_any_event_cancels_an_event_timeout(what: str, autojump_clock: Any) -> None:
    """An event timeout comes if nothing else did: no cast, no info, no inserted event, no other timeout."""
    log: list[str] = []
    extra = {"internal": (NextEvent(Internal(), "x"),), "timeout": (GenericTimeout("x", 1, "x"),)}.get(what, ())
    async with running(machine(Script, log)):
        IT.cast(told("set", a=Keep(EventTimeout(2, "due"), *extra)))
        await seconds()
        if what == "cast":
            IT.cast("x")
        elif what == "info":
            here().info("x")
        await seconds(5)
        assert log[-1].endswith(" x")
        IT.cast(told("set", a=Keep(EventTimeout(2, "due"))))
        await seconds(5)
    assert log[-1] == "a: eventtimeout due"


async def test_generic_timeouts_are_independent(autojump_clock: Any) -> None:
    """Generic timeouts run side by side, through events and changes of state, until cancelled by name."""
    log = await history(
        told("set", a=Next("b", GenericTimeout("x", 1, 1), GenericTimeout("y", 2, 2), GenericTimeout(3, 3, 3))),
        told("go", b=Next("c", Cancel(GenericTimeout("y")))),
        after=5,
    )
    assert log[2:] == ["c: timeout x 1", "c: timeout 3 3"]


async def test_zero_comes_between_inside_and_outside(autojump_clock: Any) -> None:
    """A timeout of 0 comes after the events already inside and before those that wait outside."""
    log = await history(
        told("later", a=Keep(Postpone())),
        told("go", a=Next("b", StateTimeout(0, "zero"), NextEvent(Internal(), "inserted"))),
        "outside",
    )
    assert log[2:] == ["b: internal inserted", "b: cast later", "b: statetimeout zero", "b: cast outside"]


async def test_zeros_come_in_order(autojump_clock: Any) -> None:
    """Several come in the order they were set; and the event timeout only if no event came between."""
    log = await history(
        told(
            "set", a=Keep(GenericTimeout("x", 0, 1), StateTimeout(0, 2), GenericTimeout("y", 0, 3), EventTimeout(0, 4))
        )
    )
    assert log[1:] == ["a: timeout x 1", "a: statetimeout 2", "a: timeout y 3"]
    assert (await history(told("set", a=Keep(EventTimeout(0, 4)))))[1:] == ["a: eventtimeout 4"]


async def test_zero_can_be_cancelled(autojump_clock: Any) -> None:
    """One that has not come yet is cancelled by a change, by name, or by being set anew."""
    zeros = (StateTimeout(0, "state"), GenericTimeout("x", 0, "x"), GenericTimeout("y", 0, "y"))
    go = told("go", a=Next("b", Cancel(GenericTimeout("x")), GenericTimeout("y", 1, "later")))
    log = await history(told("set", a=Keep(*zeros, NextEvent(Internal(), go))), "outside", after=2)
    assert log[1:] == ["a: internal go", "b: cast outside", "b: timeout y later"]


async def test_setting_again_restarts(autojump_clock: Any) -> None:
    """A timeout set while it runs starts anew, with its new time and content."""
    log: list[str] = []
    async with running(machine(Script, log)):
        IT.cast(told("set", a=Keep(StateTimeout(2, "old"))))
        await seconds()
        IT.cast(told("set", a=Keep(StateTimeout(2, "new"))))
        await seconds(1.5)
        assert len(log) == 2
        await seconds()
    assert log[2:] == ["a: statetimeout new"]


async def test_last_action_counts(autojump_clock: Any) -> None:
    """Of several actions about one timeout the last one counts, as if the others were not there."""
    timeouts = (StateTimeout(1, "first"), Cancel(StateTimeout()), StateTimeout(2, "second"))
    assert (await history(told("set", a=Keep(*timeouts)), after=5))[1:] == ["a: statetimeout second"]
    assert (await history(told("set", a=Keep(*timeouts[:2])), after=5))[1:] == []


@pytest.mark.parametrize("end", [StateTimeout(math.inf), Cancel(StateTimeout())])
async def test_cancelling(end: Any, autojump_clock: Any) -> None:
    """Infinity cancels as `Cancel` does, and both are harmless when nothing runs."""
    end_it = told("end", a=Keep(end))
    assert (await history(end_it, told("set", a=Keep(StateTimeout(1, "due"))), end_it, after=5))[3:] == []


async def test_cancelled_timers_are_given_back(autojump_clock: Any) -> None:
    """A timeout that is cancelled, replaced or left behind by a change holds no timer."""
    log: list[str] = []
    async with running(machine(Script, log)):
        IT.cast(
            told("set", a=Keep(StateTimeout(50), EventTimeout(50), GenericTimeout("x", 50), GenericTimeout("y", 50)))
        )
        await seconds()
        assert here().timer_count() == 4
        IT.cast(told("go", a=Next("b", Cancel(GenericTimeout("x")), GenericTimeout("y", 0))))
        await seconds()
        assert here().timer_count() == 0


async def test_update_keeps_the_time(autojump_clock: Any) -> None:
    """`Update` changes the content of a running timeout and leaves its time."""
    log: list[str] = []
    async with running(machine(Script, log)):
        IT.cast(told("set", a=Keep(GenericTimeout("x", 2, "old"))))
        await seconds()
        IT.cast(told("set", a=Keep(Update(GenericTimeout("x"), "new"))))
        await seconds(1.5)
    assert log[2:] == ["a: timeout x new"]


async def test_update_of_nothing_comes_at_once(autojump_clock: Any) -> None:
    """`Update` of a timeout that does not run makes one of 0 seconds."""
    log = await history(told("set", a=Keep(Update(StateTimeout(), "now"))), "outside")
    assert log[1:] == ["a: statetimeout now", "a: cast outside"]


async def test_absolute_times(autojump_clock: Any) -> None:
    """An absolute timeout comes at its moment on Trio's clock, a past one as soon as it can."""
    log: list[str] = []
    async with running(machine(Script, log)):
        await seconds(10)
        now = trio.current_time()
        IT.cast(
            told(
                "set",
                a=Keep(StateTimeout(now + 2, "due", absolute=True), GenericTimeout("x", -5, "past", absolute=True)),
            )
        )
        await seconds()
        assert log[1:] == ["a: timeout x past"]
        await seconds(1.5)
    assert log[2:] == ["a: statetimeout due"]


async def test_late_timer_is_not_delivered(autojump_clock: Any) -> None:
    """A timeout whose timer fired while a callback was at work is not seen when that callback cancels it."""
    log: list[str] = []
    slow = Told("slow", {"a": Next("b", Cancel(GenericTimeout("x")), GenericTimeout("y", 5, "new"))}, wait=3)
    timeouts = (StateTimeout(1, "s"), EventTimeout(1, "e"), GenericTimeout("x", 1, "x"), GenericTimeout("y", 1, "old"))
    async with running(machine(Script, log)):
        IT.cast(told("set", a=Keep(*timeouts)))
        IT.cast(slow)
        await seconds(10)
    assert log[1:] == ["a: cast slow", "a: slow done", "b: timeout y new"]
