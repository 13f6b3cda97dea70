"""`supervisors.system`: looking into a running process and holding it still."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import trio

from supervisors import (
    KILL,
    SHUTDOWN,
    Actor,
    CallingSelf,
    CallTimeout,
    Down,
    MailboxFull,
    NoProc,
    Process,
    Registry,
    Sender,
    snapshot,
    start_task,
    system,
    task_supervisor,
    worker,
)
from supervisors import life as life_module
from supervisors.testing import running

names = Registry("system")
ACTOR = names.name("actor")
JOBS = names.name("jobs")
MARKER = "Jalan Kenanga 17"


@dataclass(frozen=True)
class Letter:
    """A message of the application that happens to have an attribute of that name."""

    message: str


class Told(Actor):
    """Does what the functions it is sent say, and writes down what came."""

    def init(self) -> None:
        self.seen: list[Any] = []

    def handle_call(self, message: Any, sender: Sender) -> Any:
        self.seen.append(message)
        return message(self, sender) if callable(message) else message

    def handle_cast(self, message: Any) -> Any:
        self.seen.append(message)
        return message(self) if callable(message) else None

    def handle_info(self, message: Any) -> Any:
        self.seen.append(message)

    def describe(self) -> dict[str, Any]:
        return {"seen": len(self.seen)}


class Tidy(Told):
    async def terminate(self, reason: Any) -> None:
        await trio.sleep(1)
        self.seen.append(("terminate", reason))


class Slotted(Actor):
    __slots__ = ("left", "right")

    def init(self) -> None:
        self.left = 1


class Small(Told):
    mailbox_limit = 3


class Direct(Told):
    direct = True


def child(actor: type[Actor] = Told) -> Any:
    return worker("told", actor, name=ACTOR, restart="temporary")


def found() -> Process:
    process = ACTOR.whereis()
    assert process is not None
    return process


def seen() -> list[Any]:
    return found().actor.seen  # type: ignore[attr-defined,no-any-return]


# --- state


async def test_get_state(autojump_clock: Any) -> None:
    """The state is the instance's attributes."""
    async with running(child()):
        ACTOR.cast("hello")
        assert await system.get_state(ACTOR) == {"seen": ["hello"]}


async def test_get_state_of_slots(autojump_clock: Any) -> None:
    """Slots count as well, those that hold something."""
    async with running(child(Slotted)):
        assert await system.get_state(ACTOR) == {"left": 1}


async def test_get_state_waits_its_turn(autojump_clock: Any) -> None:
    """It is served after what was sent before, and sees its effect."""
    async with running(child()):
        ACTOR.cast(lambda _: trio.sleep(2))
        ACTOR.cast("last")
        assert (await system.get_state(ACTOR))["seen"][-1] == "last"


async def test_replace_state(autojump_clock: Any) -> None:
    """A change is made between two messages, and the new state comes back."""
    async with running(child()):

        def change(actor: Any) -> None:
            actor.seen = ["replaced"]

        assert await system.replace_state(ACTOR, change) == {"seen": ["replaced"]}
        assert await ACTOR.call(lambda actor, _: actor.seen[0]) == "replaced"


async def test_replace_state_that_raises(autojump_clock: Any) -> None:
    """A change that raises does so in who asked; the actor goes on."""

    def change(actor: Any) -> None:
        actor.seen = ["half"]
        raise KeyError(MARKER)

    async with running(child()):
        with pytest.raises(KeyError, match=MARKER):
            await system.replace_state(ACTOR, change)
        assert (await system.get_state(ACTOR)) == {"seen": ["half"]}
        assert await ACTOR.call("unharmed") == "unharmed"


async def test_get_state_that_raises(autojump_clock: Any) -> None:
    """So does an actor's own `get_state`."""

    class Secretive(Told):
        def get_state(self) -> dict[str, Any]:
            raise PermissionError

    async with running(child(Secretive)):
        with pytest.raises(PermissionError):
            await system.get_state(ACTOR)
        assert await ACTOR.call("unharmed") == "unharmed"


async def test_get_status(autojump_clock: Any) -> None:
    """The status names kind, state, parent and figures, and has what the actor says of itself; no content."""
    async with running(child()):
        await ACTOR.call(MARKER)
        status = await system.get_status(ACTOR)
        assert {key: status[key] for key in ("kind", "state", "parent", "seen", "exit_reason", "mailbox")} == {
            "kind": "Told",
            "state": "running",
            "parent": "test",
            "seen": 1,
            "exit_reason": None,
            "mailbox": 0,
        }
        assert MARKER not in repr(status)


async def test_statistics(autojump_clock: Any) -> None:
    """Figures are counted all the time."""
    async with running(child()):
        await trio.sleep(3)
        await ACTOR.call("hello")
        ACTOR.cast("hello")
        figures = await system.statistics(ACTOR)
        assert figures["age"] == pytest.approx(3)
        assert figures["handled"] == 3  # the request itself is one
        assert figures["busy_seconds"] > 0
        assert (figures["mailbox"], figures["dropped"], figures["restarts"]) == (0, 0, 0)


class Reticent(Told):
    """Does not let its age be told to the second."""

    age_grain = 60.0


@pytest.mark.parametrize(("seconds", "told"), [(3, 0), (59.9, 0), (60, 60), (200, 180)])
async def test_an_age_is_told_as_coarsely_as_its_actor_wants(seconds: float, told: float, autojump_clock: Any) -> None:
    """In statistics and status, and in the tree: when it was started may be what nobody is to know."""
    async with running(child(Reticent)):
        await trio.sleep(seconds)
        assert (await system.statistics(ACTOR))["age"] == told
        assert (await system.get_status(ACTOR))["age"] == told
        assert snapshot.inspect(found().runtime, "told", trio.current_time())["age"] == told


# --- suspend and resume


async def test_suspended_it_handles_nothing(autojump_clock: Any) -> None:
    """A suspended process lets its mail lie; resumed, it handles it in the order it came."""
    async with running(child()):
        await system.suspend(ACTOR)
        assert found().state == "suspended"
        for number in range(5):
            ACTOR.cast(number)
        found().info(5)
        await trio.sleep(1)
        assert seen() == []
        assert found().mailbox_length() == 6
        await system.resume(ACTOR)
        assert await ACTOR.call("last") == "last"
        assert seen() == [0, 1, 2, 3, 4, 5, "last"]


async def test_mail_from_before_keeps_its_place(autojump_clock: Any) -> None:
    """What had come in the same batch, behind the request, is handled first after it."""
    async with running(child()), trio.open_nursery() as nursery:
        ACTOR.cast(lambda _: trio.sleep(1))
        await trio.sleep(0.5)
        ACTOR.cast("before")
        nursery.start_soon(system.suspend, ACTOR)
        await trio.sleep(0.1)
        ACTOR.cast("behind")
        await trio.sleep(2)
        assert seen()[1:] == ["before"]
        ACTOR.cast("later")
        await system.resume(ACTOR)
        await trio.sleep(1)
        assert seen()[1:] == ["before", "behind", "later"]


async def test_calls_wait_for_the_resumption(autojump_clock: Any) -> None:
    """A call to a suspended process is answered when it is resumed, or runs into its deadline."""
    async with running(child(), task_supervisor("jobs", name=JOBS)):
        await system.suspend(ACTOR)
        job = start_task(JOBS, ACTOR.call, "hello", 100)
        with pytest.raises(CallTimeout):
            await ACTOR.call("impatient", timeout=1)
        await trio.sleep(10)
        await system.resume(ACTOR)
        assert await job.result() == "hello"


async def test_bound_while_suspended(autojump_clock: Any) -> None:
    """The mailbox keeps its bound, and system calls pass it."""
    async with running(child(Small)):
        await system.suspend(ACTOR)
        for number in range(5):
            ACTOR.cast(number)
        assert (found().mailbox_length(), found().dropped) == (3, 2)
        with pytest.raises(MailboxFull):
            await ACTOR.call("no room")
        await system.resume(ACTOR)
        await trio.sleep(1)
        assert seen() == [0, 1, 2]


async def test_bound_counts_mail_from_before(autojump_clock: Any) -> None:
    """What lay in the batch when the process was suspended counts."""
    async with running(child(Small)), trio.open_nursery() as nursery:
        ACTOR.cast(lambda _: trio.sleep(1))
        await trio.sleep(0.5)
        nursery.start_soon(system.suspend, ACTOR)
        await trio.sleep(0.1)
        ACTOR.cast(0)
        ACTOR.cast(1)
        await trio.sleep(1)
        assert found().mailbox_length() == 2
        ACTOR.cast(2)
        ACTOR.cast(3)
        assert (found().mailbox_length(), found().dropped) == (3, 1)


async def test_timers_while_suspended(autojump_clock: Any) -> None:
    """A timer that comes due meanwhile waits with the rest, in its place."""
    async with running(child()):
        found().send_after(2, "timer")
        await system.suspend(ACTOR)
        ACTOR.cast("before")
        await trio.sleep(5)
        ACTOR.cast("after")
        assert seen() == []
        await system.resume(ACTOR)
        await trio.sleep(1)
        assert seen() == ["before", "timer", "after"]


async def test_system_calls_while_suspended(autojump_clock: Any) -> None:
    """State, status and figures can be asked for, and the state replaced."""
    async with running(child()):
        await system.suspend(ACTOR)
        ACTOR.cast("waits")
        assert (await system.get_status(ACTOR))["state"] == "suspended"
        assert (await system.statistics(ACTOR))["mailbox"] == 1
        await system.replace_state(ACTOR, lambda actor: actor.seen.append("put in"))  # type: ignore[attr-defined]
        assert await system.get_state(ACTOR) == {"seen": ["put in"]}
        await system.resume(ACTOR)
        await trio.sleep(1)
        assert seen() == ["put in", "waits"]


async def test_suspending_twice_is_suspending_once(autojump_clock: Any) -> None:
    """One resumption is enough, and a second one does nothing."""
    async with running(child()):
        for _ in range(2):
            await system.suspend(ACTOR)
        for _ in range(2):
            await system.resume(ACTOR)
        assert await ACTOR.call("hello") == "hello"
        assert found().state == "running"


async def test_suspended_time_is_not_busy_time(autojump_clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standing still is no work, whatever the clock says."""
    monkeypatch.setattr(life_module, "perf_counter", trio.current_time)
    async with running(child()):
        await system.suspend(ACTOR)
        await trio.sleep(100)
        assert found().busy_seconds == pytest.approx(0, abs=0.1)
        await system.resume(ACTOR)
        await ACTOR.call("hello")
        assert found().busy_seconds == pytest.approx(0, abs=0.1)


# --- ending a suspended process


async def test_stop_while_suspended(autojump_clock: Any) -> None:
    """A suspended process can be stopped in good order: it cleans up, and its mail is not handled."""
    async with running(child(Tidy)):
        process = found()
        actor: Any = process.actor
        await system.suspend(ACTOR)
        ACTOR.cast("waits")
        await process.stop()
        assert actor.seen == [("terminate", "normal")]


async def test_terminate(autojump_clock: Any) -> None:
    """`system.terminate` does so with any reason."""
    async with running(child(Tidy)):
        process = found()
        actor: Any = process.actor
        await system.suspend(ACTOR)
        await system.terminate(ACTOR, "enough")
        assert process.exit_reason == "enough"
        assert actor.seen == [("terminate", "enough")]


async def test_kill_while_suspended(autojump_clock: Any) -> None:
    """It can be killed; who waits for an answer learns of it."""
    async with running(child(Tidy), task_supervisor("jobs", name=JOBS)):
        process = found()
        actor: Any = process.actor
        await system.suspend(ACTOR)
        job = start_task(JOBS, ACTOR.call, "hello", 100)
        await trio.sleep(1)
        process.exit(KILL)
        assert await process.wait_ended() == "killed"
        assert actor.seen == []
        with pytest.raises(Down) as caught:
            await job.result()
        assert isinstance(caught.value.reason, Down)


async def test_shutdown_while_suspended(autojump_clock: Any) -> None:
    """The end of the tree ends it as any other."""
    async with running(child(Tidy)):
        process = found()
        await system.suspend(ACTOR)
    assert process.exit_reason == SHUTDOWN


# --- whom one may ask


async def test_nobody(autojump_clock: Any) -> None:
    """A free name and an ended process raise `NoProc`."""
    async with running(child()):
        process = found()
        process.exit(KILL)
        await process.wait_ended()
        for target in (ACTOR, process):
            with pytest.raises(NoProc):
                await system.get_state(target)
            with pytest.raises(NoProc):
                await system.terminate(target, SHUTDOWN)


async def test_oneself(autojump_clock: Any) -> None:
    """A process that asks itself is told so."""

    async def ask(actor: Told) -> None:
        with pytest.raises(CallingSelf):
            await system.get_state(actor.process)
        actor.seen.append("told so")

    async with running(child()):
        ACTOR.cast(ask)
        await trio.sleep(1)
        assert seen()[-1] == "told so"


async def test_busy_for_too_long(autojump_clock: Any) -> None:
    """A request runs into its deadline like a call."""
    async with running(child()):
        ACTOR.cast(lambda _: trio.sleep(100))
        with pytest.raises(CallTimeout):
            await system.get_state(ACTOR, timeout=3)


async def test_supervisors_too(autojump_clock: Any) -> None:
    """A supervisor is a process like any other: held still, it restarts nobody until it is resumed."""
    async with running(worker("told", Told, name=ACTOR)) as runtime:
        await system.suspend(runtime.root)
        found().exit(KILL)
        await trio.sleep(5)
        assert ACTOR.whereis() is None
        await system.resume(runtime.root)
        await trio.sleep(1)
        assert await ACTOR.call("hello") == "hello"


# --- debug functions

Note = tuple[str, Any]


def noting(events: list[Note]) -> Callable[[system.Event], None]:
    return lambda event: events.append((event.what, event.message))


@pytest.mark.parametrize("actor", [Told, Direct])
async def test_installed_functions_hear_of_every_message(actor: type[Actor], autojump_clock: Any) -> None:
    """A function is told of each message with its kind, after it was handled; also of a direct actor's."""
    events: list[Note] = []
    async with running(child(actor)):
        await trio.sleep(1)
        await system.install(ACTOR, "look", noting(events))
        await ACTOR.call("one")
        ACTOR.cast("two")
        found().info("three")
        found().send_after(0.5, "four")
        await trio.sleep(1)
        assert events == [("call", "one"), ("cast", "two"), ("info", "three"), ("info", "four")]


async def test_functions_get_the_message_itself(autojump_clock: Any) -> None:
    """What the application sent is what is told, whatever attributes it has."""
    events: list[Note] = []
    letter = Letter("hello")
    async with running(child()):
        await system.install(ACTOR, "look", noting(events))
        await ACTOR.call(letter)
        ACTOR.cast(letter)
        found().info(letter)
        await trio.sleep(1)
        assert events == [("call", letter), ("cast", letter), ("info", letter)]


async def test_functions_hear_how_long_it_took(autojump_clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seconds are those of the whole callback, waits included."""
    monkeypatch.setattr(life_module, "perf_counter", trio.current_time)
    seconds: list[float] = []
    async with running(child()):
        await system.install(ACTOR, "look", lambda event: seconds.append(event.seconds))
        await ACTOR.call(lambda *_: trio.sleep(3))
        assert seconds == [pytest.approx(3)]


async def test_functions_hear_of_a_crash(autojump_clock: Any) -> None:
    """The message at which the actor crashed is told as `crash`."""
    events: list[Note] = []

    def crash(actor: Told) -> None:
        raise KeyError

    async with running(child()):
        await system.install(ACTOR, "look", noting(events))
        ACTOR.cast(crash)
        await trio.sleep(1)
        assert events == [("crash", crash)]


@pytest.mark.parametrize("actor", [Told, Direct])
async def test_removed_functions_hear_no_more(actor: type[Actor], autojump_clock: Any) -> None:
    """A removed function is told nothing any more; the others are."""
    one: list[Note] = []
    two: list[Note] = []
    async with running(child(actor)):
        await system.install(ACTOR, 1, noting(one))
        await system.install(ACTOR, 2, noting(two))
        await ACTOR.call("both")
        await system.remove(ACTOR, 1)
        await ACTOR.call("second only")
        await system.remove(ACTOR, 2)
        await ACTOR.call("none")
        assert (len(one), len(two)) == (1, 2)


async def test_removing_what_is_not_there(autojump_clock: Any) -> None:
    """An unknown key is the asker's mistake."""
    async with running(child()):
        with pytest.raises(system.NotATrace, match="'nothing'"):
            await system.remove(ACTOR, "nothing")
        assert await ACTOR.call("unharmed") == "unharmed"


async def test_a_raising_function_is_taken_out(autojump_clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A function that raises harms neither the actor nor the others, and is not called again."""
    events: list[Note] = []
    calls: list[int] = []

    def clumsy(event: system.Event) -> None:
        calls.append(1)
        raise KeyError

    async with running(child()):
        await system.install(ACTOR, "clumsy", clumsy)
        await system.install(ACTOR, "look", noting(events))
        with caplog.at_level(logging.ERROR):
            for _ in range(3):
                assert await ACTOR.call("hello") == "hello"
        assert (len(calls), len(events)) == (1, 3)
        assert "'clumsy' raised and was removed" in caplog.text


async def test_installing_while_suspended(autojump_clock: Any) -> None:
    """A function installed into a suspended direct actor hears of everything from its resumption on."""
    events: list[Note] = []
    async with running(child(Direct)):
        await system.suspend(ACTOR)
        await system.install(ACTOR, "look", noting(events))
        await system.resume(ACTOR)
        await trio.sleep(1)
        await ACTOR.call("hello")
        assert events == [("call", "hello")]


async def test_removing_while_suspended(autojump_clock: Any) -> None:
    """Removing one does not make a suspended direct actor answer."""
    async with running(child(Direct)):
        await system.install(ACTOR, "look", noting([]))
        await system.suspend(ACTOR)
        await system.remove(ACTOR, "look")
        with pytest.raises(CallTimeout):
            await ACTOR.call("hello", timeout=1)
        await system.resume(ACTOR)
        assert await ACTOR.call("hello") == "hello"


async def test_trace_logs_types_only(autojump_clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A trace says who handled what kind of message of which type; content only when that is asked for."""
    async with running(child()):
        with caplog.at_level(logging.INFO, "supervisors.trace"):
            await system.trace(ACTOR, on=True)
            await ACTOR.call(Letter(MARKER))
            ACTOR.cast(MARKER)
            await trio.sleep(1)
        assert MARKER not in caplog.text
        assert "<Told actor> call Letter" in caplog.text
        assert "<Told actor> cast str" in caplog.text


async def test_trace_with_content(autojump_clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    """With `content=True` it shows the messages themselves, until it is switched off."""
    async with running(child()):
        with caplog.at_level(logging.INFO, "supervisors.trace"):
            await system.trace(ACTOR, on=True, content=True)
            await ACTOR.call(MARKER)
            await system.trace(ACTOR, on=False)
            await ACTOR.call("not shown")
        assert MARKER in caplog.text
        assert "not shown" not in caplog.text


async def test_requests_are_not_traced(autojump_clock: Any) -> None:
    """Who looks does not see the looking."""
    events: list[Note] = []
    async with running(child()):
        await system.install(ACTOR, "look", noting(events))
        await system.get_state(ACTOR)
        await system.suspend(ACTOR)
        await system.resume(ACTOR)
        assert events == []
