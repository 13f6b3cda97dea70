"""State machines: states and what entering one means, calls, callbacks that wait, life as an actor."""

from __future__ import annotations

import gc
from typing import Any, ClassVar

import pytest
import trio

from supervisors import Actor, Down, Stop, worker
from supervisors.messages import IGNORE
from supervisors.statem import StateMachine
from supervisors.statem_actions import (
    BadReturn,
    Call,
    Enter,
    Event,
    EventTimeout,
    GenericTimeout,
    Hibernate,
    Internal,
    Keep,
    Next,
    NextEvent,
    Postpone,
    Repeat,
    ReplyTo,
    Result,
    StateTimeout,
    StopAndReply,
)
from supervisors.testing import running
from tests.supervisors.machines import (
    IT,
    Door,
    DoorOfValues,
    Entering,
    Script,
    Told,
    ask_in_vain,
    crash,
    here,
    history,
    machine,
    seconds,
    state_of,
    told,
)


@pytest.mark.parametrize("door", [Door, DoorOfValues])
async def test_door(door: type[Actor], autojump_clock: Any) -> None:
    """The code opens the door, it locks itself after ten seconds, and what was typed meanwhile counts from then on."""
    async with running(machine(door, "123")):
        assert not await IT.call("is it open?")
        for digit in "9123":
            IT.cast(digit)
        assert await IT.call("is it open?")
        IT.cast("1")
        await seconds(9)
        assert await IT.call("is it open?")
        await seconds(2)
        assert not await IT.call("is it open?")
        IT.cast("2")
        IT.cast("3")
        assert await IT.call("is it open?")


# --- states


async def test_enter_events(autojump_clock: Any) -> None:
    """With `state_enter` the first state is entered from itself, a new one from the old, a kept one not at all."""
    log = await history(told("keep", a=Keep()), told("same", a=Next("a")), told("go", a=Next("b")), actor=Entering)
    assert log == ["a: enter from a", "a: cast keep", "a: cast same", "a: cast go", "b: enter from a"]


async def test_without_state_enter(autojump_clock: Any) -> None:
    """Without it there are none."""
    assert await history(told("go", a=Next("b")), told("again", b=Repeat())) == ["a: cast go", "b: cast again"]


async def test_repeat_enters_again(autojump_clock: Any) -> None:
    """`Repeat` enters the state from itself, and else is a `Keep`: timeouts go on, postponed events stay so."""
    log = await history(
        told("later", a=Keep(Postpone(), StateTimeout(1, "due"))), told("again", a=Repeat()), actor=Entering, after=2
    )
    assert log == ["a: enter from a", "a: cast later", "a: cast again", "a: enter from a", "a: statetimeout due"]


async def test_enter_belongs_to_the_change(autojump_clock: Any) -> None:
    """The new state is entered before anything else happens, and its actions count behind those of the change."""
    log: list[str] = []

    class Busy(Entering):
        entries: ClassVar = {"b": Keep(StateTimeout(2, "entered"), GenericTimeout("soon", 0, "now"))}

    async with running(machine(Busy, log)):
        IT.cast(told("go", a=Next("b", StateTimeout(1, "changed"), NextEvent(Internal(), "inserted"))))
        await seconds(3)
    assert log[2:] == ["b: enter from a", "b: internal inserted", "b: timeout soon now", "b: statetimeout entered"]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (Next("c"), "can not go on to 'c'"),
        (Keep(Postpone()), "can not postpone"),
        (Keep(NextEvent(Internal(), 1)), "can not insert an event"),
    ],
)
async def test_enter_has_limits(result: Result, words: str, autojump_clock: Any) -> None:
    """An enter callback that goes elsewhere, postpones or inserts an event crashes the machine and is told why."""

    class Restless(Entering):
        entries: ClassVar = {"b": result}

    reason = await crash(Restless, [], message=told("go", a=Next("b")))
    assert isinstance(reason, BadReturn)
    assert words in str(reason)
    assert "'b'" in str(reason)


async def test_enter_may_repeat(autojump_clock: Any) -> None:
    """An enter callback may have itself called again, with the same old state."""
    olds: list[Any] = []

    class Twice(StateMachine):
        state_enter = True

        def init(self) -> Next:
            return Next("a")

        def a(self, event: Event, content: Any) -> Result:
            return None if isinstance(event, Enter) else Next("b")

        def b(self, event: Enter, content: Any) -> Result:
            olds.append(event.old_state)
            return Repeat() if len(olds) < 2 else None

    async with running(machine(Twice)):
        IT.cast("go")
        await seconds()
    assert olds == ["a", "a"]


async def test_states_are_compared_by_equality(autojump_clock: Any) -> None:
    """In `handle_event` mode a state is any value, and an equal one is no change even if it is another object."""
    entered: list[Any] = []

    class Values(StateMachine):
        callback_mode = "handle_event"
        state_enter = True

        def init(self) -> Next:
            return Next([1])

        def handle_event(self, event: Event, content: Any, state: Any) -> Result:
            if isinstance(event, Enter):
                entered.append((event.old_state, state))
                return None
            return Next(list(content))

    async with running(machine(Values)):
        for numbers in ([1], [1, 2], [1, 2]):
            IT.cast(numbers)
        await seconds()
    assert entered == [([1], [1]), ([1], [1, 2])]


async def test_first_actions(autojump_clock: Any) -> None:
    """Actions of `init` are done when the first state is entered, before anything that was sent."""
    log = await history(
        "sent",
        first=(StateTimeout(0, "at once"), NextEvent(Internal(), "inserted"), EventTimeout(5, "never"), Postpone()),
        actor=Entering,
    )
    assert log == ["a: enter from a", "a: internal inserted", "a: statetimeout at once", "a: cast sent"]


async def test_init_may_wait_or_decline(autojump_clock: Any) -> None:
    """`init` may be a coroutine; one that returns `IGNORE` leaves no process and no error."""

    class Slow(Script):
        async def init(self, log: list[str], *actions: Any) -> Any:
            await trio.sleep(1)
            return super().init(log, *actions)

    class Not(Script):
        def init(self, log: list[str], *actions: Any) -> Any:
            return IGNORE

    async with running(machine(Slow, []), worker("not", Not, [])):
        assert await state_of(here()) == "a"


# --- calls and the end


async def test_answers(autojump_clock: Any) -> None:
    """A call is answered by any later event, by whoever has its sender."""

    class Late(StateMachine):
        def init(self) -> Next:
            return Next("idle")

        def idle(self, event: Event, content: Any) -> Result:
            match event, content:
                case Call(sender), "later":
                    return Keep(GenericTimeout("answer", 2, sender))
                case GenericTimeout("answer"), sender:
                    return Keep(ReplyTo(sender, "at last"))
                case Call(sender), _:
                    return Keep(ReplyTo(sender, content), ReplyTo(sender, "only the first counts"))
            return None

    async with running(machine(Late)):
        assert await IT.call("hello") == "hello"
        start = trio.current_time()
        assert await IT.call("later") == "at last"
        assert trio.current_time() - start == pytest.approx(2)


@pytest.mark.parametrize("reason", ["normal", "shutdown"])
async def test_stop_and_reply(reason: str, autojump_clock: Any) -> None:
    """`StopAndReply` answers first and ends then; `Stop` ends at once, and is the answer too."""

    class Ending(StateMachine):
        def init(self) -> Next:
            return Next("idle")

        def idle(self, event: Call, content: Any) -> Result:
            if content == "reply":
                return StopAndReply(reason, ReplyTo(event.sender, "bye"))
            raise Stop(reason)

    async with running(machine(Ending)):
        process = here()
        assert await process.call("reply") == "bye"
        assert await process.wait_ended() == reason
    async with running(machine(Ending)):
        with pytest.raises(Down):
            await IT.call("no reply")


@pytest.mark.parametrize("end", ["kill", "shutdown", "crash", "crash on replay"])
async def test_unanswered_calls_learn_of_the_end(end: str, autojump_clock: Any) -> None:
    """Whatever the end, calls that were postponed, kept for later, or are at work get Down at once."""
    downs: list[Any] = []
    start = trio.current_time()
    async with running(machine(Script, [])), trio.open_nursery() as nursery:
        nursery.start_soon(ask_in_vain, told("postponed", a=Keep(Postpone()), b=Next("nowhere")), downs)
        nursery.start_soon(ask_in_vain, "kept", downs)
        await seconds()
        match end:
            case "crash":
                IT.cast(told("bad", a="nonsense"))  # type: ignore[arg-type]
            case "crash on replay":
                IT.cast(told("go", a=Next("b")))
            case _:
                here().exit(end)
    assert len(downs) == 2
    assert trio.current_time() - start < 2


async def test_terminate_sees_the_state(autojump_clock: Any) -> None:
    """`terminate` runs as any actor's, and may ask for the state."""
    log: list[Any] = []

    class Tidy(Script):
        def terminate(self, reason: Any) -> None:
            log.append((self.state, reason))

    async with running(machine(Tidy, [])):
        IT.cast(told("go", a=Next("b")))
        await seconds()
    assert log == [("b", "shutdown")]


# --- callbacks that wait


async def test_events_wait_for_a_slow_callback(autojump_clock: Any) -> None:
    """While a coroutine callback waits, inserted, postponed and outside events do."""
    log: list[str] = []
    slow = Told("slow", {"b": Next("c")}, wait=2)
    async with running(machine(Script, log)):
        IT.cast(told("later", a=Keep(Postpone()), b=Keep(Postpone())))
        IT.cast(told("go", a=Next("b", NextEvent(Internal(), slow), NextEvent(Internal(), "next"))))
        IT.cast("outside")
        await seconds()
        assert log[-1] == "b: internal slow"
        assert await state_of(here()) == "b"
        await seconds()
    assert log[3:] == ["b: slow done", "c: internal next", "c: cast later", "c: cast outside"]


async def test_everything_may_be_async(autojump_clock: Any) -> None:
    """Enter callbacks, calls and `handle_event` may be coroutines."""

    class Slow(StateMachine):
        callback_mode = "handle_event"
        state_enter = True

        async def init(self) -> Next:
            self.entered = 0
            return Next(0)

        async def handle_event(self, event: Event, content: Any, state: int) -> Result:
            await trio.sleep(1)
            match event:
                case Enter():
                    self.entered += 1
                case Call(sender):
                    return Next(state + 1, ReplyTo(sender, self.entered))
            return None

    async with running(machine(Slow)):
        assert [await IT.call("next") for _ in range(3)] == [1, 2, 3]


# --- as an actor


@pytest.mark.parametrize("direct", [False, True])
async def test_direct_and_queued_are_the_same(direct: bool, autojump_clock: Any) -> None:
    """A machine that runs in its callers' step answers, postpones and times out as one that does not."""

    class Fast(Door):
        pass

    Fast.direct = direct
    async with running(machine(Fast, "1")):
        assert not await IT.call("is it open?")
        IT.cast("1")
        assert await IT.call("is it open?")
        await seconds(11)
        assert not await IT.call("is it open?")


async def test_hibernation(autojump_clock: Any) -> None:
    """`Hibernate` puts a machine with nothing to do to sleep, and a timeout or a message wakes it."""
    log: list[str] = []
    async with running(machine(Script, log)):
        IT.cast(told("sleep", a=Next("b", Hibernate(), StateTimeout(2, "due"))))
        await seconds()
        assert here().state == "hibernated"
        await seconds(2)
        assert log[-1] == "b: statetimeout due"
        assert here().state == "running"
        IT.cast(told("busy", b=Keep(Hibernate(), NextEvent(Internal(), "more"))))
        await seconds()
        assert here().state == "running"
        IT.cast(told("not", b=Keep(Hibernate(), Hibernate(wanted=False))))
        await seconds()
        assert here().state == "running"


async def test_hibernation_after_a_call(autojump_clock: Any) -> None:
    """A call may send the machine to sleep when it is answered, and not before."""

    class Sleepy(StateMachine):
        def init(self) -> Next:
            return Next("up")

        def up(self, event: Event, content: Any) -> Result:
            match event:
                case Call(sender):
                    return Keep(Hibernate(), *([ReplyTo(sender, content)] if content else []))
            return None

    async with running(machine(Sleepy)), trio.open_nursery() as nursery:
        assert await IT.call("hello") == "hello"
        await seconds()
        assert here().state == "hibernated"
        nursery.start_soon(ask_in_vain, "")
        await seconds()
        assert here().state == "running"
        here().exit("enough")


async def test_what_operators_see(autojump_clock: Any) -> None:
    """`describe` shows the state's name, or only its type when it may be anything, and counts; never content."""
    async with running(machine(Door, "1")):
        IT.cast("1")
        IT.cast("2")
        await seconds()
        assert here().actor.describe() == {"state": "unlocked", "postponed": 1, "timeouts": 1}
        assert here().actor.get_state() == {"state": "unlocked", "code": "1", "typed": "1"}
    async with running(machine(DoorOfValues, "1")):
        await seconds()
        assert here().actor.describe() == {"state": "tuple", "postponed": 0, "timeouts": 0}


async def test_machines_leave_no_cycles(autojump_clock: Any) -> None:
    """A machine that ends with timeouts running is freed at once, without the garbage collector."""
    async with running():
        pass
    gc.collect()
    gc.disable()
    try:
        async with running(*[worker(str(n), Script, [], StateTimeout(50), GenericTimeout("x", 0)) for n in range(50)]):
            await seconds()
            before = sum(isinstance(each, Script) for each in gc.get_objects())
        assert before == 50
        assert not any(isinstance(each, Script) for each in gc.get_objects())
    finally:
        gc.enable()
