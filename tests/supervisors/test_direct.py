"""`direct = True` is faster and nothing else: every behaviour is the same over the queue and over the direct path."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing

from supervisors import (
    HIBERNATE,
    KILL,
    NO_REPLY,
    NORMAL,
    SHUTDOWN,
    Actor,
    CallError,
    CallTimeout,
    Continue,
    Down,
    ExitMessage,
    MailboxFull,
    Process,
    Registry,
    Reply,
    Sender,
    StartChild,
    Stop,
    system,
    telemetry,
    worker,
)
from supervisors.process import DIRECT_CALLS_A_TURN
from supervisors.testing import running

names = Registry("direct")
ACTOR = names.name("actor")
OTHER = names.name("other")
mood: contextvars.ContextVar[str] = contextvars.ContextVar("mood", default="none")

BOTH = pytest.mark.parametrize("direct", [False, True], ids=["queued", "direct"])


class Told(Actor):
    """Does what the functions it is sent say, and writes down what came and how it ended."""

    def init(self, log: list[Any]) -> None:
        self.log = log

    def handle_call(self, message: Any, sender: Sender) -> Any:
        self.log.append("call")
        return message(self, sender) if callable(message) else message

    def handle_cast(self, message: Any) -> Any:
        self.log.append("cast")
        return message(self) if callable(message) else None

    def handle_info(self, message: Any) -> Any:
        self.log.append("info" if callable(message) else message)
        return message(self) if callable(message) else None

    def handle_continue(self, message: Any) -> Any:
        self.log.append("continue")
        return message(self) if callable(message) else None

    def terminate(self, reason: Any) -> None:
        self.log.append(("terminate", reason))


class Direct(Told):
    direct = True


class Trapping(Told):
    trap_exit = True


class DirectTrapping(Trapping):
    direct = True


def kind(direct: bool) -> type[Told]:
    return Direct if direct else Told


def found() -> Process:
    process = ACTOR.whereis()
    assert process is not None
    return process


def failing(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any) -> Any:
        raise error

    return fail


def waiting(value: Any) -> Callable[..., Any]:
    async def late(*_: Any) -> Any:
        await trio.sleep(0.1)
        if isinstance(value, BaseException):
            raise value
        return value

    return late


BROKEN = ValueError("broken")


def _answer_first(error: BaseException) -> Callable[..., Any]:
    def work(actor: Told, sender: Sender) -> Any:
        sender.reply("answered")
        raise error

    return work


def _refuse(actor: Told, sender: Sender) -> Any:
    sender.error(KeyError("refused"))
    return NO_REPLY


def _answer_by_sender(actor: Told, sender: Sender) -> Any:
    sender.reply("by the sender")
    return NO_REPLY


def _answer_twice(actor: Told, sender: Sender) -> Any:
    sender.reply("first")
    return "second"


def _put_off(actor: Told, sender: Sender) -> Any:
    actor.process.send_after(0.5, lambda _: sender.reply("later"))
    return NO_REPLY


def _exit_self(reason: Any) -> Callable[..., Any]:
    def work(actor: Told, sender: Sender) -> str:
        actor.process.exit(reason)
        return "answered"

    return work


def _exit_self_and_wait(reason: Any) -> Callable[..., Any]:
    async def work(actor: Told, sender: Sender) -> str:
        actor.process.exit(reason)
        await trio.sleep(1)
        return "answered"

    return work


def _shut_self_down(actor: Told, sender: Sender) -> str:
    actor.process.shut_down()
    return "answered"


def _send_self(actor: Told, sender: Sender) -> str:
    actor.process.cast(None)
    actor.process.info("told")
    return "sent"


def _send_self_and_crash(actor: Told, sender: Sender) -> str:
    actor.process.cast(None)
    raise BROKEN


def _then(then: Any) -> Callable[..., Any]:
    def work(actor: Told, sender: Sender) -> Any:
        actor.process.cast(None)
        return Reply("replied", then)

    return work


# What is asked; what the caller gets; what the actor is then: its exit reason, or None; what it did.
CALLS: dict[str, tuple[Any, Any, Any, list[Any]]] = {
    "answer": ("hello", "hello", None, ["call"]),
    "answer None": (lambda *_: None, None, None, ["call"]),
    "answer by the sender": (_answer_by_sender, "by the sender", None, ["call"]),
    "answer twice": (_answer_twice, "first", None, ["call"]),
    "error": (_refuse, KeyError, None, ["call"]),
    "later": (_put_off, "later", None, ["call", "info"]),
    "never": (lambda *_: NO_REPLY, CallTimeout, None, ["call"]),
    "crash": (failing(BROKEN), BROKEN, BROKEN, ["call", ("terminate", BROKEN), "ended"]),
    "answer, then crash": (_answer_first(BROKEN), "answered", BROKEN, ["call", ("terminate", BROKEN), "ended"]),
    "stop": (failing(Stop()), NORMAL, NORMAL, ["call", ("terminate", NORMAL), "ended"]),
    "stop for a reason": (failing(Stop("enough")), "enough", "enough", ["call", ("terminate", "enough"), "ended"]),
    "answer, then stop": (_answer_first(Stop()), "answered", NORMAL, ["call", ("terminate", NORMAL), "ended"]),
    "coroutine": (waiting("awaited"), "awaited", None, ["call"]),
    "coroutine without an answer": (waiting(NO_REPLY), CallTimeout, None, ["call"]),
    "coroutine crash": (waiting(BROKEN), BROKEN, BROKEN, ["call", ("terminate", BROKEN), "ended"]),
    "coroutine stop": (waiting(Stop()), NORMAL, NORMAL, ["call", ("terminate", NORMAL), "ended"]),
    "reply": (lambda *_: Reply("replied", None), "replied", None, ["call"]),
    "reply from a coroutine": (waiting(Reply("replied", Continue(None))), "replied", None, ["call", "continue"]),
    "reply and continue": (_then(Continue(None)), "replied", None, ["call", "continue", "cast"]),
    "reply and crash": (
        _then(Continue(failing(BROKEN))),
        "replied",
        BROKEN,
        ["call", "continue", ("terminate", BROKEN), "ended"],
    ),
    "reply and hibernate": (lambda *_: Reply("replied", HIBERNATE), "replied", None, ["call"]),
    "exit signal to oneself": (_exit_self("boom"), "answered", "boom", ["call", ("terminate", "boom"), "ended"]),
    "normal exit signal to oneself": (_exit_self(NORMAL), "answered", None, ["call"]),
    "kill oneself": (_exit_self(KILL), "answered", "killed", ["call", "ended"]),
    "exit signal to oneself, then wait": (
        _exit_self_and_wait("boom"),
        "boom",
        "boom",
        ["call", ("terminate", "boom"), "ended"],
    ),
    "shut oneself down": (_shut_self_down, "answered", SHUTDOWN, ["call", ("terminate", SHUTDOWN), "ended"]),
    "send to oneself": (_send_self, "sent", None, ["call", "cast", "told"]),
    "send to oneself, then crash": (_send_self_and_crash, BROKEN, BROKEN, ["call", ("terminate", BROKEN), "ended"]),
}


@BOTH
@pytest.mark.parametrize("row", CALLS.values(), ids=CALLS)
async def test_calls(direct: bool, row: tuple[Any, Any, Any, list[Any]], autojump_clock: Any) -> None:
    """The caller gets the same, an end only when all is over; the actor does the same and ends the same."""
    message, result, ended, done = row
    log: list[Any] = []
    async with running(worker("told", kind(direct), log, name=ACTOR, restart="temporary")):
        process = found()
        detach = telemetry.attach(
            lambda event, subject, detail: (
                log.append("ended") if event == "child.ended" and subject is process else None
            )
        )
        got: Any
        over = done
        try:
            got = await process.call(message)
        except Down as down:
            got = down.reason
            over = list(log)
        except (CallError, KeyError) as error:
            got = type(error)
        await trio.sleep(1)
        detach()
        assert got == result
        assert process.exit_reason == ended
        assert log == over == done


@BOTH
@pytest.mark.parametrize("trapping", [False, True])
async def test_exit_signals(direct: bool, trapping: bool, autojump_clock: Any) -> None:
    """An exit signal to oneself ends the actor after its answer, or arrives as a message where exits are trapped."""
    log: list[Any] = []
    actor = (DirectTrapping if direct else Trapping) if trapping else kind(direct)
    async with running(worker("told", actor, log, name=ACTOR, restart="temporary")):
        process = found()
        assert await process.call(_exit_self("boom")) == "answered"
        await trio.sleep(1)
        assert process.alive is trapping
        assert log == ["call", ExitMessage(None, "boom") if trapping else ("terminate", "boom")]


INFOS: dict[str, tuple[Any, Any, list[Any]]] = {
    "nothing": (lambda _: None, None, ["info"]),
    "crash": (failing(BROKEN), BROKEN, ["info", ("terminate", BROKEN)]),
    "stop": (failing(Stop()), NORMAL, ["info", ("terminate", NORMAL)]),
    "coroutine": (waiting(None), None, ["info"]),
    "coroutine crash": (waiting(BROKEN), BROKEN, ["info", ("terminate", BROKEN)]),
    "continue": (lambda _: Continue(None), None, ["info", "continue"]),
    "hibernate": (lambda _: HIBERNATE, None, ["info"]),
    "exit signal to oneself": (lambda actor: actor.process.exit("boom"), "boom", ["info", ("terminate", "boom")]),
    "send to oneself": (lambda actor: actor.process.cast(None), None, ["info", "cast"]),
}


@BOTH
@pytest.mark.parametrize(("message", "ended", "done"), INFOS.values(), ids=INFOS)
async def test_timers(direct: bool, message: Any, ended: Any, done: list[Any], autojump_clock: Any) -> None:
    """A timer's callback does the same, and the wheel survives whatever it does."""
    log: list[Any] = []
    async with running(worker("told", kind(direct), log, name=ACTOR, restart="temporary")):
        process = found()
        process.send_after(0.5, message)
        await trio.sleep(1)
        assert process.exit_reason == ended
        assert log == done


async def test_a_direct_timer_runs_in_the_step_in_which_it_is_due(autojump_clock: Any) -> None:
    """An idle direct actor handles its timer in the wheel's step: its own task is not even woken."""
    log: list[Any] = []
    async with running(worker("told", Direct, log, name=ACTOR)) as runtime:
        process = found()
        await trio.testing.wait_all_tasks_blocked()
        life = process.life
        assert life is not None
        tasks: list[Any] = []

        def look(actor: Told) -> None:
            tasks.append((trio.lowlevel.current_task() is life.task, runtime.running is process))

        process.send_after(0.5, look)
        await trio.sleep(1)
        assert tasks == [(False, True)]


async def test_a_direct_call_does_not_yield(autojump_clock: Any) -> None:
    """A direct call to an idle actor is over in the caller's own step."""
    steps = 0

    class Count(trio.abc.Instrument):
        def before_task_step(self, task: trio.lowlevel.Task) -> None:
            nonlocal steps
            steps += 1

    async with running(worker("told", Direct, [], name=ACTOR)):
        await trio.testing.wait_all_tasks_blocked()
        count = Count()
        trio.lowlevel.add_instrument(count)
        assert await ACTOR.call("hello") == "hello"
        trio.lowlevel.remove_instrument(count)
        assert steps == 0


async def test_direct_callers_let_others_run(autojump_clock: Any) -> None:
    """Who makes direct calls without a pause lets others run after every so many."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with running(worker("told", Direct, [], name=ACTOR)), trio.open_nursery() as nursery:
        nursery.start_soon(other)
        for _ in range(10 * DIRECT_CALLS_A_TURN):
            await ACTOR.call("hello")
        assert turns >= 5
        nursery.cancel_scope.cancel()


@BOTH
async def test_order_of_messages(direct: bool, autojump_clock: Any) -> None:
    """What one sender sends is handled in that order, whatever it is."""
    log: list[Any] = []
    async with running(worker("told", kind(direct), log, name=ACTOR)):
        process = found()
        await trio.sleep(1)
        for _ in range(3):
            process.cast(None)
            await process.call("hello")
            process.info("told")
        await process.call("hello")
        assert log == ["cast", "call", "told"] * 3 + ["call"]


@BOTH
async def test_context_is_the_actors_own(direct: bool, autojump_clock: Any) -> None:
    """A handler sees its actor's context variables, not its caller's, and what it sets stays the actor's."""

    def swap(new: str) -> Callable[..., str]:
        def work(actor: Told, sender: Sender) -> str:
            before = mood.get()
            mood.set(new)
            return before

        return work

    async with running(worker("told", kind(direct), [], name=ACTOR)):
        await trio.sleep(1)
        mood.set("the caller's")
        assert await ACTOR.call(swap("first")) == "none"
        assert await ACTOR.call(swap("second")) == "first"
        assert mood.get() == "the caller's"


@BOTH
async def test_running_is_whoever_is_at_work(direct: bool, autojump_clock: Any) -> None:
    """The runtime knows whose callback is at work, and afterwards who was before."""
    seen: list[Any] = []
    async with running(
        worker("told", kind(direct), [], name=ACTOR), worker("other", kind(direct), [], name=OTHER)
    ) as runtime:
        await trio.sleep(1)

        async def ask(actor: Told, sender: Sender) -> None:
            await OTHER.call(lambda *_: seen.append(runtime.running))
            seen.append(runtime.running)

        await ACTOR.call(lambda *_: seen.append(runtime.running))
        await ACTOR.call(ask)
        assert seen[:2] == [ACTOR.whereis(), OTHER.whereis()]
        assert runtime.running is None


@BOTH
async def test_casting_in_a_circle(direct: bool, autojump_clock: Any) -> None:
    """A's handler casts to B, whose handler casts to A: each handles one message at a time, in order."""
    log: list[Any] = []
    async with running(worker("told", kind(direct), log, name=ACTOR), worker("other", kind(direct), log, name=OTHER)):
        await trio.sleep(1)
        depth = 0

        def work(actor: Told, *_: Any) -> None:
            nonlocal depth
            depth += 1
            assert depth == 1
            OTHER.cast(lambda _: ACTOR.cast(lambda _: log.append("back")))
            log.append("sent")
            depth -= 1

        await ACTOR.call(work)
        await trio.sleep(1)
        assert log == ["call", "sent", "cast", "cast", "back"]


@BOTH
async def test_calling_in_a_circle(direct: bool, autojump_clock: Any) -> None:
    """A's coroutine handler calls B, whose handler calls A: that call runs into its deadline instead of a knot."""

    async def back(actor: Told, sender: Sender) -> str:
        with pytest.raises(CallTimeout):
            await ACTOR.call("hello", timeout=1)
        return "given up"

    async def forth(actor: Told, sender: Sender) -> Any:
        return await OTHER.call(back, timeout=3)

    async with running(worker("told", kind(direct), [], name=ACTOR), worker("other", kind(direct), [], name=OTHER)):
        await trio.sleep(1)
        assert await ACTOR.call(forth) == "given up"


async def test_a_direct_handler_that_starts_a_direct_signal(autojump_clock: Any) -> None:
    """Re-entrancy by signal: B's handler, run in A's step, signals A, which is at work and gets it afterwards."""
    log: list[Any] = []
    async with running(worker("told", Direct, log, name=ACTOR), worker("other", Direct, [], name=OTHER)):
        await trio.sleep(1)
        here, there = found(), OTHER.whereis()
        assert there is not None

        def work(actor: Told, sender: Sender) -> None:
            there.signal(lambda _: here.signal("signalled"))
            log.append("done")

        await ACTOR.call(work)
        await trio.sleep(1)
        assert log == ["call", "done", "signalled"]


@BOTH
async def test_busy_actors_take_calls_from_the_queue(direct: bool, autojump_clock: Any) -> None:
    """While a coroutine callback waits, calls queue behind it."""
    async with running(worker("told", kind(direct), [], name=ACTOR)):
        ACTOR.cast(lambda _: trio.sleep(2))
        began = trio.current_time()
        assert await ACTOR.call("hello") == "hello"
        assert trio.current_time() - began == pytest.approx(2)


@BOTH
async def test_queued_messages_come_before_a_call(direct: bool, autojump_clock: Any) -> None:
    """An actor that has mail but has not looked at it yet is not idle."""
    log: list[Any] = []
    async with running(worker("told", kind(direct), log, name=ACTOR)):
        await trio.sleep(1)
        ACTOR.cast(None)
        await ACTOR.call("hello")
        assert log == ["cast", "call"]


@BOTH
async def test_suspended_actors_take_calls_from_the_queue(direct: bool, autojump_clock: Any) -> None:
    """A suspended actor answers when it is resumed."""
    async with running(worker("told", kind(direct), [], name=ACTOR)):
        await system.suspend(ACTOR)
        with pytest.raises(CallTimeout):
            await ACTOR.call("hello", timeout=1)
        await system.resume(ACTOR)
        assert await ACTOR.call("hello") == "hello"


@BOTH
async def test_hibernated_actors_take_calls_from_the_queue(direct: bool, autojump_clock: Any) -> None:
    """A hibernated actor wakes for a call."""
    async with running(worker("told", kind(direct), [], name=ACTOR)):
        ACTOR.cast(lambda _: HIBERNATE)
        await trio.sleep(1)
        assert found().state == "hibernated"
        assert await ACTOR.call("hello") == "hello"


@BOTH
async def test_starting_actors_take_calls_from_the_queue(direct: bool, autojump_clock: Any) -> None:
    """An actor whose coroutine `init` waits answers when it has started."""

    class Slow(kind(direct)):  # type: ignore[misc]
        async def init(self, log: list[Any]) -> None:
            self.log = log
            await trio.sleep(2)

    async with running(worker("other", Told, [], name=OTHER)) as runtime:
        answers: list[Any] = []

        async def ask() -> None:
            answers.append(await ACTOR.call("hello"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(runtime.root.call, StartChild(worker("told", Slow, [], name=ACTOR)))
            await trio.sleep(1)
            nursery.start_soon(ask)
        assert answers == ["hello"]


async def test_a_caller_cancelled_before_does_not_call_directly(autojump_clock: Any) -> None:
    """A caller that is cancelled already leaves a direct actor alone."""
    log: list[Any] = []
    async with running(worker("told", Direct, log, name=ACTOR)):
        await trio.sleep(1)
        with trio.CancelScope() as scope:
            scope.cancel()
            await ACTOR.call("hello")
        assert scope.cancelled_caught
        assert log == []


@BOTH
async def test_a_caller_cancelled_while_it_waits(direct: bool, autojump_clock: Any) -> None:
    """A call given up is forgotten: its late answer goes nowhere, and the actor goes on."""
    async with running(worker("told", kind(direct), [], name=ACTOR)) as runtime:
        await trio.sleep(1)
        with trio.move_on_after(0.2):
            await ACTOR.call(_put_off)
        await trio.sleep(1)
        assert await ACTOR.call("hello") == "hello"
        assert found().timer_count() == 0
        await trio.sleep(10)
        assert runtime.wheel.next_due() is None


@BOTH
async def test_figures(direct: bool, autojump_clock: Any) -> None:
    """Messages are counted the same."""
    async with running(worker("told", kind(direct), [], name=ACTOR)):
        await trio.sleep(1)
        for _ in range(5):
            await ACTOR.call("hello")
        found().send_after(0.1, "timer")
        ACTOR.cast(None)
        await trio.sleep(1)
        assert found().handled == 7
        assert found().busy_seconds > 0
        assert found().mailbox_length() == 0


@BOTH
async def test_bound_of_the_mailbox(direct: bool, autojump_clock: Any) -> None:
    """The bound holds for what queues behind a callback at work."""

    class Small(kind(direct)):  # type: ignore[misc]
        mailbox_limit = 2

    async with running(worker("told", Small, [], name=ACTOR)):
        ACTOR.cast(lambda _: trio.sleep(1))
        await trio.sleep(0.5)
        ACTOR.cast(None)
        ACTOR.cast(None)
        with pytest.raises(MailboxFull):
            await ACTOR.call("hello")
        await trio.sleep(1)
        assert await ACTOR.call("hello") == "hello"
