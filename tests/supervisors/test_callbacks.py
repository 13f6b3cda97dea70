"""What callbacks may return and raise, and what the process, its caller and its supervisor make of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio

from supervisors import (
    IGNORE,
    KILL,
    NO_REPLY,
    NORMAL,
    SHUTDOWN,
    TIMEOUT,
    Actor,
    CallTimeout,
    ChildSpec,
    Continue,
    Down,
    Name,
    Process,
    Registry,
    Reply,
    Sender,
    Shutdown,
    StartChild,
    StartFailed,
    Stop,
    WhichChildren,
    dynamic_supervisor,
    open_runtime,
    start_task,
    supervisor,
    task_supervisor,
    worker,
)
from supervisors.dynamic import StartChild as StartLike
from supervisors.testing import running

names = Registry("callbacks")
ACTOR = names.name("actor")
TOP = names.name("top")


class Told(Actor):
    """Does what the functions it is sent say, and writes down what came."""

    def init(self, log: list[Any], first: Callable[[Told], Any] | None = None) -> Any:
        self.log = log
        return None if first is None else first(self)

    def handle_call(self, message: Any, sender: Sender) -> Any:
        return message(self, sender) if callable(message) else message

    def handle_cast(self, message: Any) -> Any:
        return self._do("cast", message)

    def handle_info(self, message: Any) -> Any:
        return self._do("info", message)

    def handle_continue(self, message: Any) -> Any:
        return self._do("continue", message)

    def _do(self, kind: str, message: Any) -> Any:
        if callable(message):
            return message(self)
        self.log.append((kind, message))
        return None


class Tidy(Told):
    """Writes down why it ends."""

    def terminate(self, reason: Any) -> None:
        self.log.append(("terminate", reason))


def found() -> Process:
    process = ACTOR.whereis()
    assert process is not None
    return process


def failing(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any) -> Any:
        raise error

    return fail


def waiting(then: Callable[..., Any], seconds: float = 0.1) -> Callable[..., Any]:
    """A coroutine callback that does `then` after a while."""

    async def late(*args: Any) -> Any:
        await trio.sleep(seconds)
        return then(*args)

    return late


BOTH = pytest.mark.parametrize("way", [lambda work: work, waiting], ids=["plain", "coroutine"])


def spec(log: list[Any], first: Callable[[Told], Any] | None = None, **options: Any) -> ChildSpec:
    options.setdefault("restart", "temporary")
    return worker("told", options.pop("actor", Told), log, first, name=ACTOR, **options)


# --- init


@BOTH
async def test_init_failing_reaches_whoever_starts_the_runtime(way: Any, autojump_clock: Any) -> None:
    """What `init` raises is the root cause of the failed start."""
    error = KeyError("no")
    with pytest.raises(StartFailed) as caught:
        async with open_runtime(supervisor("top", [spec([], way(failing(error)))])):
            pytest.fail("it must not start")
    assert caught.value.path == "told"
    assert caught.value.root_cause() is error
    assert ACTOR.whereis() is None


@BOTH
async def test_init_failing_reaches_whoever_adds_the_child(way: Any, autojump_clock: Any) -> None:
    """`StartChild` raises the failure in its caller, and the supervisor forgets the child."""
    error = KeyError("no")
    async with open_runtime(supervisor("top", [], name=TOP)):
        with pytest.raises(StartFailed) as caught:
            await TOP.call(StartChild(spec([], way(failing(error)))))
        assert caught.value.root_cause() is error
        assert await TOP.call(WhichChildren()) == []
        assert ACTOR.whereis() is None


@BOTH
async def test_init_failing_reaches_whoever_starts_a_dynamic_child(way: Any, autojump_clock: Any) -> None:
    """Under a dynamic supervisor what `init` raised is raised as it is."""
    error = KeyError("no")
    async with running(dynamic_supervisor("like", worker("told", Told, []), name=TOP)):
        with pytest.raises(KeyError) as caught:
            await TOP.call(StartLike((way(failing(error)),), ACTOR))
        assert caught.value is error
        assert await TOP.call(WhichChildren()) == []
        assert ACTOR.whereis() is None


@BOTH
async def test_failed_init_is_not_cleaned_up(way: Any, autojump_clock: Any) -> None:
    """`terminate` never runs for what has not started."""
    log: list[Any] = []
    async with open_runtime(supervisor("top", [], name=TOP)):
        with pytest.raises(StartFailed):
            await TOP.call(StartChild(spec(log, way(failing(KeyError("no"))), actor=Tidy)))
    assert log == []


@BOTH
async def test_ignore(way: Any, autojump_clock: Any) -> None:
    """`IGNORE` is no failure: a permanent child stays without a process, and the name is free."""
    async with open_runtime(supervisor("top", [], name=TOP)):
        assert await TOP.call(StartChild(spec([], way(lambda _: IGNORE), restart="permanent"))) is None
        (child,) = await TOP.call(WhichChildren())
        assert (child.id, child.child) == ("told", None)
        assert ACTOR.whereis() is None


@BOTH
async def test_ignore_of_a_temporary_child(way: Any, autojump_clock: Any) -> None:
    """A temporary child that says `IGNORE` leaves no spec behind."""
    async with open_runtime(supervisor("top", [], name=TOP)):
        assert await TOP.call(StartChild(spec([], way(lambda _: IGNORE)))) is None
        assert await TOP.call(WhichChildren()) == []


@BOTH
async def test_ignore_of_a_dynamic_child(way: Any, autojump_clock: Any) -> None:
    """Under a dynamic supervisor the starter is answered `None`, and nothing is left."""
    async with running(dynamic_supervisor("like", worker("told", Told, []), name=TOP)):
        assert await TOP.call(StartLike((way(lambda _: IGNORE),), ACTOR)) is None
        assert await TOP.call(WhichChildren()) == []


@BOTH
async def test_bad_answer_of_init_is_a_failed_start(way: Any, autojump_clock: Any) -> None:
    """An `init` that returns something without a meaning has not started."""
    async with open_runtime(supervisor("top", [], name=TOP)):
        with pytest.raises(StartFailed) as caught:
            await TOP.call(StartChild(spec([], way(lambda _: 17))))
        assert isinstance(caught.value.root_cause(), TypeError)


# --- continue


def _queue_then_continue(actor: Told, *_: Any) -> Any:
    actor.process.cast("queued")
    actor.process.info("queued")
    return Continue("first")


FIRST = [("continue", "first"), ("cast", "queued"), ("info", "queued")]


@BOTH
async def test_continue_from_init(way: Any, autojump_clock: Any) -> None:
    """`Continue` from `init` runs before anything that was sent meanwhile, and the start does not wait for it."""
    log: list[Any] = []
    async with running(spec(log, way(_queue_then_continue))):
        await trio.sleep(1)
        assert log == FIRST


@BOTH
@pytest.mark.parametrize("kind", ["cast", "info"])
async def test_continue_from_a_message(way: Any, kind: str, autojump_clock: Any) -> None:
    """`Continue` from a message's callback runs before what is queued."""
    log: list[Any] = []
    async with running(spec(log)):
        getattr(found(), kind)(way(_queue_then_continue))
        await trio.sleep(1)
        assert log == FIRST


@BOTH
async def test_continue_from_a_call(way: Any, autojump_clock: Any) -> None:
    """`Reply(value, then=Continue(...))` answers first, then continues before what is queued."""
    log: list[Any] = []
    async with running(spec(log)):
        work = way(lambda actor, sender: Reply("answer", _queue_then_continue(actor)))
        assert await ACTOR.call(work) == "answer"
        await trio.sleep(1)
        assert log == FIRST


@BOTH
async def test_continue_from_continue(way: Any, autojump_clock: Any) -> None:
    """A continuation may continue again; what waits still comes last."""
    log: list[Any] = []

    def again(actor: Told) -> Any:
        log.append("again")
        return _queue_then_continue(actor)

    async with running(spec(log)):
        ACTOR.cast(way(lambda _: Continue(way(again))))
        await trio.sleep(1)
        assert log == ["again", *FIRST]


async def test_crash_in_the_continuation_of_init(autojump_clock: Any) -> None:
    """The actor had started by then: its starter sees no failure, its supervisor a crash."""
    log: list[Any] = []
    error = KeyError("later")
    async with open_runtime(supervisor("top", [], name=TOP)):
        process = await TOP.call(StartChild(spec(log, lambda _: Continue(failing(error)), actor=Tidy)))
        assert await process.wait_ended() is error
        assert log == [("terminate", error)]


# --- timeout


async def test_timeout_comes_when_idle(autojump_clock: Any) -> None:
    """`TIMEOUT` arrives once, after so many seconds in which nothing came."""
    log: list[Any] = []
    async with running(spec(log, lambda actor: actor.set_timeout(5))):
        await trio.sleep(4.9)
        assert log == []
        await trio.sleep(20)
        assert log == [("info", TIMEOUT)]


@pytest.mark.parametrize("kind", ["cast", "info"])
async def test_any_message_cancels_the_timeout(kind: str, autojump_clock: Any) -> None:
    """A message of any kind within the time: no `TIMEOUT`."""
    log: list[Any] = []
    async with running(spec(log, lambda actor: actor.set_timeout(5))):
        await trio.sleep(4)
        getattr(found(), kind)("busy")
        await trio.sleep(20)
        assert log == [(kind, "busy")]


async def test_a_call_cancels_the_timeout(autojump_clock: Any) -> None:
    """So does a call."""
    log: list[Any] = []
    async with running(spec(log, lambda actor: actor.set_timeout(5))):
        await trio.sleep(4)
        await ACTOR.call("hello")
        await trio.sleep(20)
        assert log == []


async def test_no_timeout_while_something_waits(autojump_clock: Any) -> None:
    """A message that waits behind a slow callback when the time is over has come within it."""
    log: list[Any] = []

    async def slow(actor: Told) -> None:
        actor.set_timeout(1)
        await trio.sleep(3)

    async with running(spec(log)):
        ACTOR.cast(slow)
        await trio.sleep(0.5)
        ACTOR.cast("waits")
        await trio.sleep(20)
        assert log == [("cast", "waits")]


async def test_timeout_is_set_anew_by_each_message(autojump_clock: Any) -> None:
    """Only the last one set counts, from the moment it was set."""
    log: list[Any] = []
    async with running(spec(log)):
        for _ in range(5):
            ACTOR.cast(lambda actor: actor.set_timeout(2))
            await trio.sleep(1.5)
        assert log == []
        await trio.sleep(0.6)
        assert log == [("info", TIMEOUT)]


# --- answers that come later


async def test_no_reply_and_a_later_answer(autojump_clock: Any) -> None:
    """The caller waits for the sender's answer, and others are served meanwhile."""
    senders: list[Sender] = []

    def keep(actor: Told, sender: Sender) -> Any:
        senders.append(sender)
        return NO_REPLY

    async with running(spec([]), task_supervisor("jobs", name=TOP)):
        job = start_task(TOP, ACTOR.call, keep)
        await trio.sleep(1)
        assert await ACTOR.call("meanwhile") == "meanwhile"
        senders[0].reply("at last")
        assert await job.result() == "at last"
        senders[0].reply("twice")
        assert await ACTOR.call("unharmed") == "unharmed"


async def test_answer_before_returning(autojump_clock: Any) -> None:
    """Only the first answer counts: what the handler returns after `Sender.reply` goes nowhere."""

    def both(actor: Told, sender: Sender) -> Any:
        sender.reply("first")
        return "second"

    async with running(spec([])):
        assert await ACTOR.call(both) == "first"


async def test_unanswered_calls_learn_of_the_end(autojump_clock: Any) -> None:
    """A caller whose answer was put off gets `Down` when the actor ends, after its cleanup."""
    log: list[Any] = []
    async with running(spec(log, actor=Tidy)):
        process = found()

        async def ask() -> None:
            with pytest.raises(Down) as caught:
                await process.call(lambda actor, sender: NO_REPLY)
            log.append(("down", caught.value.reason))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.sleep(1)
            process.exit("broken")
        assert log == [("terminate", "broken"), ("down", "broken")]


# --- stop

REASONS: list[Any] = [NORMAL, SHUTDOWN, Shutdown("done"), "broken", ValueError("broken")]


@BOTH
@pytest.mark.parametrize("reason", REASONS, ids=str)
async def test_stop_from_a_call(way: Any, reason: Any, autojump_clock: Any) -> None:
    """`Stop` ends the process with its reason, after cleanup; the caller gets `Down` with the same reason."""
    log: list[Any] = []
    async with running(spec(log, actor=Tidy)):
        process = found()
        with pytest.raises(Down) as caught:
            await process.call(way(failing(Stop(reason))))
        assert caught.value.reason == reason
        assert process.exit_reason == reason
        assert log == [("terminate", reason)]


async def test_stop_after_the_answer(autojump_clock: Any) -> None:
    """A call that was answered before `Stop` keeps its answer."""

    def answer_and_stop(actor: Told, sender: Sender) -> Any:
        sender.reply("bye")
        raise Stop

    async with running(spec([])):
        process = found()
        assert await process.call(answer_and_stop) == "bye"
        assert await process.wait_ended() == NORMAL


@BOTH
@pytest.mark.parametrize("kind", ["cast", "info", "continue"])
async def test_stop_from_other_callbacks(way: Any, kind: str, autojump_clock: Any) -> None:
    """`Stop` does the same from a cast, an info and a continuation."""
    log: list[Any] = []
    async with running(spec(log, actor=Tidy)):
        process = found()
        stop = way(failing(Stop("enough")))
        match kind:
            case "continue":
                process.cast(lambda _: Continue(stop))
            case _:
                getattr(process, kind)(stop)
        assert await process.wait_ended() == "enough"
        assert log == [("terminate", "enough")]


@pytest.mark.parametrize(
    ("restart", "reason", "comes_back"),
    [
        ("permanent", NORMAL, True),
        ("transient", NORMAL, False),
        ("transient", SHUTDOWN, False),
        ("transient", Shutdown("done"), False),
        ("transient", "broken", True),
        ("transient", ValueError("broken"), True),
        ("temporary", ValueError("broken"), False),
    ],
)
async def test_who_comes_back(restart: Any, reason: Any, comes_back: bool, autojump_clock: Any) -> None:
    """The restart type and the reason say whether the supervisor starts the actor again."""
    async with running(spec([], restart=restart)):
        ACTOR.cast(failing(Stop(reason)))
        await trio.sleep(1)
        assert (ACTOR.whereis() is not None) is comes_back


# --- terminate


async def test_terminate_after_a_crash(autojump_clock: Any) -> None:
    """Cleanup gets the exception."""
    log: list[Any] = []
    error = KeyError("crash")
    async with running(spec(log, actor=Tidy)):
        process = found()
        process.cast(failing(error))
        assert await process.wait_ended() is error
        assert log == [("terminate", error)]


async def test_terminate_at_shutdown(autojump_clock: Any) -> None:
    """Cleanup runs when the supervisor stops the child, with `"shutdown"`."""
    log: list[Any] = []
    async with running(spec(log, actor=Tidy)):
        pass
    assert log == [("terminate", SHUTDOWN)]


@pytest.mark.parametrize("state", ["idle", "waiting"])
async def test_no_terminate_after_a_kill(state: str, autojump_clock: Any) -> None:
    """A kill leaves no time for anything."""
    log: list[Any] = []
    async with running(spec(log, actor=Tidy)):
        process = found()
        if state == "waiting":
            process.cast(lambda _: trio.sleep_forever())
            await trio.sleep(1)
        process.exit(KILL)
        assert await process.wait_ended() == "killed"
    assert log == []


async def test_killed_whatever_the_callback_raises(autojump_clock: Any) -> None:
    """A callback that raises while a kill unwinds it has been killed all the same: no cleanup, no other reason."""
    log: list[Any] = []

    async def grumble(actor: Told) -> None:
        try:
            await trio.sleep_forever()
        finally:
            msg = "while unwinding"
            raise ValueError(msg)

    async with running(spec(log, actor=Tidy)):
        process = found()
        process.cast(grumble)
        await trio.sleep(1)
        process.exit(KILL)
        assert await process.wait_ended() == "killed"
    assert log == []


class Slow(Told):
    """Takes its time to clean up."""

    async def terminate(self, reason: Any) -> None:
        self.log.append("begun")
        await trio.sleep(3)
        self.log.append(("saved", reason))


async def test_terminate_is_limited(autojump_clock: Any) -> None:
    """Cleanup that takes longer than the shutdown limit is cut short, and that is a kill."""
    log: list[Any] = []
    async with running(spec(log, actor=Slow, shutdown=2.0)):
        process = found()
        began = trio.current_time()
        process.cast(failing(Stop(SHUTDOWN)))
        assert await process.wait_ended() == "killed"
        assert trio.current_time() - began == pytest.approx(2)
    assert log == ["begun"]


async def test_killed_whatever_cleanup_raises(autojump_clock: Any) -> None:
    """Cleanup that raises while a kill unwinds it has been killed all the same."""

    class Grumpy(Told):
        async def terminate(self, reason: Any) -> None:
            try:
                await trio.sleep_forever()
            finally:
                msg = "while unwinding"
                raise ValueError(msg)

    async with running(spec([], actor=Grumpy)):
        process = found()
        process.shut_down()
        await trio.sleep(1)
        process.exit(KILL)
        assert await process.wait_ended() == "killed"


async def test_kill_cuts_cleanup_short(autojump_clock: Any) -> None:
    """A kill during cleanup ends it at its next checkpoint."""
    log: list[Any] = []
    async with running(spec(log, actor=Slow)):
        process = found()
        process.shut_down()
        await trio.sleep(1)
        process.exit(KILL)
        assert await process.wait_ended() == "killed"
    assert log == ["begun"]


@pytest.mark.parametrize("again", ["exit", "shut_down"])
@pytest.mark.parametrize("first", [Stop("broken"), ValueError("broken")], ids=["stop", "crash"])
async def test_nothing_but_a_kill_cuts_cleanup_short(again: str, first: Exception, autojump_clock: Any) -> None:
    """An exit signal or a shutdown that comes while the actor cleans up already changes nothing."""
    log: list[Any] = []
    async with running(spec(log, actor=Slow)):
        process = found()
        process.cast(failing(first))
        await trio.sleep(1)
        getattr(process, again)("shutdown")
        reason = first.reason if isinstance(first, Stop) else first
        assert await process.wait_ended() == reason
    assert log == ["begun", ("saved", reason)]


async def test_crash_in_terminate(autojump_clock: Any) -> None:
    """What cleanup raises becomes the exit reason."""
    error = KeyError("in cleanup")

    class Clumsy(Told):
        def terminate(self, reason: Any) -> None:
            raise error

    async with running(spec([], actor=Clumsy)):
        process = found()
        process.shut_down()
        assert await process.wait_ended() is error


# --- bad returns


@BOTH
@pytest.mark.parametrize("kind", ["cast", "info", "continue"])
async def test_bad_return_value(way: Any, kind: str, autojump_clock: Any) -> None:
    """A return value that means nothing crashes the actor: it was a mistake, and is told."""
    async with running(spec([])):
        process = found()
        bad = way(lambda _: 42)
        if kind == "continue":
            process.cast(lambda _: Continue(bad))
        else:
            getattr(process, kind)(bad)
        reason = await process.wait_ended()
        assert isinstance(reason, TypeError)
        assert "returned a int, which means nothing" in str(reason)


async def test_bad_then_of_a_reply(autojump_clock: Any) -> None:
    """So does the `then` of a `Reply`; the answer has been given."""
    async with running(spec([])):
        process = found()
        assert await process.call(lambda actor, sender: Reply(1, then=2)) == 1
        assert isinstance(await process.wait_ended(), TypeError)


@pytest.mark.parametrize("kind", ["call", "cast"])
async def test_messages_without_a_handler(kind: str, autojump_clock: Any) -> None:
    """A call or cast that the class does not take crashes the actor, as in OTP."""
    async with running(worker("plain", Actor, name=ACTOR, restart="temporary")):
        process = found()
        if kind == "call":
            with pytest.raises(Down):
                await process.call("hello")
        else:
            process.cast("hello")
        assert isinstance(await process.wait_ended(), TypeError)


async def test_unexpected_info_is_ignored(autojump_clock: Any) -> None:
    """Other messages that the class does not expect are ignored."""
    async with running(worker("plain", Actor, name=ACTOR, restart="temporary")):
        found().info("hello")
        await trio.sleep(1)
        assert found().alive


# --- deadlines


async def test_deadline_is_visible(autojump_clock: Any) -> None:
    """`Sender.remaining` says how long the caller still waits, also after the call has queued."""
    async with running(spec([])):
        ACTOR.cast(lambda _: trio.sleep(3))
        assert await ACTOR.call(lambda actor, sender: sender.remaining(), timeout=10) == pytest.approx(7)


async def test_nested_calls_keep_to_the_first_deadline(autojump_clock: Any) -> None:
    """What is left may be handed on: the inner call ends with the outer one's time."""
    inner = names.name("inner")

    async def hand_on(actor: Told, sender: Sender) -> Any:
        await trio.sleep(4)
        sent = sender.remaining()
        return sent, await inner.call(lambda _, second: second.remaining(), timeout=sent)

    async with running(spec([]), worker("inner", Told, [], name=inner)):
        assert await ACTOR.call(hand_on, timeout=10) == (pytest.approx(6), pytest.approx(6))


async def test_deadline_never_falls_below_zero(autojump_clock: Any) -> None:
    """After the deadline nothing remains, and the sender says that an answer would be dropped."""
    seen: list[Any] = []

    async def late(actor: Told, sender: Sender) -> str:
        await trio.sleep(5)
        seen.append((sender.remaining(), sender.answered))
        return "too late"

    async with running(spec([])):
        with pytest.raises(CallTimeout):
            await ACTOR.call(late, timeout=1)
        assert await ACTOR.call("next") == "next"
        assert seen == [(0.0, True)]


async def test_late_answer_is_dropped(autojump_clock: Any) -> None:
    """An answer after the deadline reaches nobody, not even the caller's next call."""
    senders: list[Sender] = []

    def keep(actor: Told, sender: Sender) -> Any:
        senders.append(sender)
        return NO_REPLY

    async with running(spec([])):
        with pytest.raises(CallTimeout):
            await ACTOR.call(keep, timeout=1)
        ACTOR.cast(lambda _: senders[0].reply("late"))
        assert await ACTOR.call("next") == "next"


async def test_named_calls_are_bound_late(autojump_clock: Any) -> None:
    """A `Name` addresses whoever holds it now: after a restart, the successor."""
    async with running(spec([], restart="permanent")):
        address: Name = ACTOR
        before = found()
        address.cast(failing(Stop("broken")))
        await before.wait_ended()
        await trio.sleep(1)
        assert await address.call(lambda actor, sender: actor.process is not before)


async def test_an_interruption_is_not_swallowed(autojump_clock: Any) -> None:
    """Ctrl-C in a callback, also within a nursery of its own, ends the program and not only the actor."""

    class Interrupted(Actor):
        async def handle_cast(self, message: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._interrupt)
                await trio.sleep_forever()

        async def _interrupt(self) -> None:
            await trio.sleep(1)
            raise KeyboardInterrupt

    name = Registry("interrupted").name("actor")
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - a group or the thing itself
        async with running(worker("actor", Interrupted, name=name)):
            name.cast("go")
            await trio.sleep(10)
    assert "KeyboardInterrupt" in repr(caught.value)
