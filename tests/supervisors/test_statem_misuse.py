"""What a state machine may not do, and what it is told then."""

from __future__ import annotations

import math
from typing import Any

import pytest

from supervisors import StartFailed, open_runtime, supervisor
from supervisors.messages import Continue
from supervisors.statem import StateMachine
from supervisors.statem_actions import (
    BadReturn,
    Cancel,
    Enter,
    Event,
    EventTimeout,
    GenericTimeout,
    Keep,
    Next,
    NextEvent,
    Postpone,
    ReplyTo,
    Result,
    StateTimeout,
    StopAndReply,
)
from tests.supervisors.machines import Door, Script, crash, machine, told


@pytest.mark.parametrize("state", ["nowhere", "handle_call", "state", "_advance", "code", 7])
async def test_no_such_state_function(state: Any, autojump_clock: Any) -> None:
    """Going to a state that names no method of the subclass is an error that says so; the runtime's own are none."""

    class Lost(Door):
        def init(self, code: str) -> Next:
            super().init(code)
            return Next(state)

    class Found(Door):
        def locked(self, event: Event, content: Any) -> Result:
            return Next(state)

    for actor, message in ((Lost, None), (Found, "1")):
        reason = await crash(actor, "1", message=message)
        assert isinstance(reason, BadReturn)
        assert str(reason) == f"{actor.__name__} has no state function {state!r}"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("b", "returned a str, which is no result"),
        (Continue("x"), "returned a Continue, which is no result"),
        (Keep("b"), "wants a str that is no action"),  # type: ignore[arg-type]
        (Keep(NextEvent("cast", 1)), "wants a NextEvent that is no action"),  # type: ignore[arg-type]
        (Keep(NextEvent(Enter("a"))), "wants a NextEvent that is no action"),
        (Keep(ReplyTo("me", 1)), "wants a ReplyTo that is no action"),  # type: ignore[arg-type]
        (Keep(Cancel("x")), "wants a Cancel that is no action"),  # type: ignore[arg-type]
        (Keep(StateTimeout()), "StateTimeout takes a time in seconds, not below 0 unless absolute, but got None"),
        (Keep(GenericTimeout("x", -1)), "GenericTimeout takes a time"),
        (Keep(EventTimeout(math.nan)), "EventTimeout takes a time"),
        (StopAndReply("normal", Postpone()), "StopAndReply takes replies only, not a Postpone"),  # type: ignore[arg-type]
    ],
)
async def test_bad_returns(result: Any, words: str, autojump_clock: Any) -> None:
    """What is no result or no action crashes the machine and is named."""
    reason = await crash(Script, [], message=told("go", a=result))
    assert isinstance(reason, BadReturn)
    assert words in str(reason)


async def test_bad_init(autojump_clock: Any) -> None:
    """A machine without `init` does not start; one whose `init` says no state crashes at its first event."""

    class Bare(StateMachine):
        pass

    class Forgetful(StateMachine):
        def init(self) -> None:
            pass

    class Mistaken(StateMachine):
        def init(self) -> Continue:
            return Continue("x")

    with pytest.raises(StartFailed) as caught:
        async with open_runtime(supervisor("root", [machine(Bare)])):
            pass
    assert str(caught.value.root_cause()) == "Bare has no init that returns Next(state)"
    assert str(await crash(Forgetful, message="x")) == "init of Forgetful did not return Next(state)"
    assert str(await crash(Mistaken)) == "Mistaken goes on with NextEvent, not with Continue"


async def test_bad_callback_mode(autojump_clock: Any) -> None:
    """An unknown `callback_mode` is refused with the class, a missing `handle_event` at the first event."""
    with pytest.raises(ValueError, match="callback_mode of Odd is state_functions or handle_event, not 'both'"):
        type("Odd", (StateMachine,), {"callback_mode": "both"})

    class Unwritten(StateMachine):
        callback_mode = "handle_event"

        def init(self) -> Next:
            return Next(1)

    assert str(await crash(Unwritten, message="x")) == "Unwritten has no handle_event to take a Cast"
