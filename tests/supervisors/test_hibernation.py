"""Hibernation: an idle actor gives task and mailbox back, and nobody who deals with it can tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio

from supervisors import (
    HIBERNATE,
    KILL,
    NO_REPLY,
    SHUTDOWN,
    TIMEOUT,
    Actor,
    Continue,
    CountChildren,
    DownMessage,
    ExitMessage,
    Process,
    Registry,
    Reply,
    Sender,
    TerminateChild,
    WhichChildren,
    dynamic_supervisor,
    open_runtime,
    snapshot,
    start_task,
    supervisor,
    system,
    task_supervisor,
    worker,
)
from supervisors.testing import restarted, running

names = Registry("hibernation")
ACTOR = names.name("actor")
OTHER = names.name("other")
TOP = names.name("top")


class Told(Actor):
    """Does what the functions it is sent say, counts and writes down what came."""

    def init(self, log: list[Any] | None = None, first: Callable[[], Any] | None = None) -> Any:
        self.log = [] if log is None else log
        self.count = 0
        return None if first is None else first()

    def handle_call(self, message: Any, sender: Sender) -> Any:
        self.count += 1
        return message(self, sender) if callable(message) else message

    def handle_cast(self, message: Any) -> Any:
        self.count += 1
        return message(self) if callable(message) else self.log.append(message)

    def handle_info(self, message: Any) -> Any:
        return message(self) if callable(message) else self.log.append(message)

    def handle_continue(self, message: Any) -> Any:
        return message(self) if callable(message) else self.log.append(message)


class Tidy(Told):
    def terminate(self, reason: Any) -> None:
        self.log.append(("terminate", reason))


class Sleepy(Told):
    hibernate_after = 10.0


class Trapping(Told):
    trap_exit = True


def found() -> Process:
    process = ACTOR.whereis()
    assert process is not None
    return process


async def asleep(process: Process | None = None) -> Process:
    """Send the actor to sleep and return its process."""
    process = process or found()
    process.cast(lambda _: HIBERNATE)
    with trio.fail_after(5):
        while process.life is not None:
            await trio.sleep(0.01)
    return process


def is_asleep(process: Process) -> bool:
    return process.life is None and process.state == "hibernated" and process.alive


# --- falling asleep

RETURNS: dict[str, Callable[[Process], Any]] = {
    "cast": lambda process: process.cast(lambda _: HIBERNATE),
    "info": lambda process: process.info(lambda _: HIBERNATE),
    "continue": lambda process: process.cast(lambda _: Continue(lambda _: HIBERNATE)),
    "timer": lambda process: process.send_after(0.5, lambda _: HIBERNATE),
}


@pytest.mark.parametrize("direct", [False, True], ids=["queued", "direct"])
@pytest.mark.parametrize("send", RETURNS.values(), ids=RETURNS)
async def test_by_return_value(send: Callable[[Process], Any], direct: bool, autojump_clock: Any) -> None:
    """A callback that returns `HIBERNATE` sends its actor to sleep: no task, no mailbox, the same process."""

    class Kind(Told):
        pass

    Kind.direct = direct
    async with running(worker("told", Kind, name=ACTOR)):
        process = found()
        send(process)
        await trio.sleep(1)
        assert is_asleep(process)
        assert ACTOR.whereis() is process


async def _sleep_then_hibernate(*_: Any) -> Any:
    await trio.sleep(0.1)
    return HIBERNATE


async def test_by_return_value_of_a_coroutine(autojump_clock: Any) -> None:
    """So does a coroutine callback."""
    async with running(worker("told", Told, name=ACTOR)):
        ACTOR.cast(_sleep_then_hibernate)
        await trio.sleep(1)
        assert is_asleep(found())


async def test_after_an_answer(autojump_clock: Any) -> None:
    """A call is answered first: `Reply(value, then=HIBERNATE)`."""
    async with running(worker("told", Told, name=ACTOR)):
        assert await ACTOR.call(lambda *_: Reply("good night", HIBERNATE)) == "good night"
        await trio.sleep(1)
        assert is_asleep(found())


@pytest.mark.parametrize("first", [lambda: HIBERNATE, _sleep_then_hibernate], ids=["plain", "coroutine"])
async def test_from_init(first: Any, autojump_clock: Any) -> None:
    """An actor may start into its sleep, and counts as started."""
    async with running(worker("told", Told, None, first, name=ACTOR)):
        await trio.sleep(1)
        assert is_asleep(found())
        assert await ACTOR.call("awake") == "awake"


async def test_no_task_is_left(autojump_clock: Any) -> None:
    """The hibernated actor's task is gone from its supervisor's nursery."""
    async with running(worker("told", Told, name=ACTOR)) as runtime:
        nursery = runtime.root.actor.nursery  # type: ignore[attr-defined]
        assert len(nursery.child_tasks) == 1
        await asleep()
        await trio.sleep(0.1)
        assert len(nursery.child_tasks) == 0


async def test_after_idleness(autojump_clock: Any) -> None:
    """`hibernate_after` sends an actor to sleep that was idle for so long, at the latest after twice as long."""
    async with running(worker("told", Sleepy, name=ACTOR)):
        process = found()
        await trio.sleep(9)
        assert process.life is not None
        await trio.sleep(12)
        assert is_asleep(process)


async def test_busy_actors_stay_awake(autojump_clock: Any) -> None:
    """An actor that is sent something now and then does not fall asleep."""
    async with running(worker("told", Sleepy, name=ACTOR)):
        for _ in range(20):
            await trio.sleep(9)
            assert found().life is not None
            ACTOR.cast("again")
        await trio.sleep(25)
        assert is_asleep(found())


async def test_a_callback_that_waits_is_not_idle(autojump_clock: Any) -> None:
    """A long wait in a callback is work; the actor sleeps only after it."""
    async with running(worker("told", Sleepy, name=ACTOR)):
        ACTOR.cast(lambda _: trio.sleep(100))
        await trio.sleep(99)
        assert found().life is not None
        await trio.sleep(25)
        assert is_asleep(found())


async def test_again_and_again(autojump_clock: Any) -> None:
    """An actor that has woken up goes to sleep again after its time."""
    async with running(worker("told", Sleepy, name=ACTOR)):
        for _ in range(5):
            await trio.sleep(25)
            assert is_asleep(found())
            assert await ACTOR.call("hello") == "hello"
            assert found().state == "running"


async def test_not_with_answers_outstanding(autojump_clock: Any) -> None:
    """Who owes an answer stays awake, so that its caller can learn of its end."""

    def put_off(actor: Told, sender: Sender) -> Any:
        actor.send_after(100, lambda _: sender.reply("at last"))
        return NO_REPLY

    async with running(worker("told", Sleepy, name=ACTOR), task_supervisor("jobs", name=TOP)):
        job = start_task(TOP, ACTOR.call, put_off, 200)
        await trio.sleep(1)
        ACTOR.cast(lambda _: HIBERNATE)
        await trio.sleep(90)
        assert found().life is not None
        assert await job.result() == "at last"
        await trio.sleep(25)
        assert is_asleep(found())


async def test_not_before_the_mail_is_read(autojump_clock: Any) -> None:
    """What waits is handled first."""
    log: list[Any] = []
    async with running(worker("told", Told, log, name=ACTOR)):
        ACTOR.cast(lambda _: HIBERNATE)
        ACTOR.cast("second")
        await trio.sleep(1)
        assert log == ["second"]


async def test_not_while_traced(autojump_clock: Any) -> None:
    """An actor that is looked into stays awake, so that what was installed lasts."""
    events: list[str] = []
    async with running(worker("told", Sleepy, name=ACTOR)):
        await system.install(ACTOR, "look", lambda event: events.append(event.what))
        ACTOR.cast(lambda _: HIBERNATE)
        await trio.sleep(50)
        ACTOR.cast("noted")
        await trio.sleep(1)
        assert events == ["cast", "cast"]
        await system.remove(ACTOR, "look")
        await trio.sleep(25)
        assert is_asleep(found())


async def test_not_while_suspended(autojump_clock: Any) -> None:
    """A suspended actor stays suspended, however idle."""
    async with running(worker("told", Sleepy, name=ACTOR)):
        await system.suspend(ACTOR)
        await trio.sleep(50)
        assert found().state == "suspended"
        await system.resume(ACTOR)
        await trio.sleep(25)
        assert is_asleep(found())


async def test_not_the_root(autojump_clock: Any) -> None:
    """The root of a tree has nobody to wake it and stays awake."""
    async with open_runtime(worker("told", Told, name=ACTOR)):
        ACTOR.cast(lambda _: HIBERNATE)
        await trio.sleep(1)
        assert found().state == "running"
        assert await ACTOR.call("hello") == "hello"


# --- waking


async def test_woken_by_a_call(autojump_clock: Any) -> None:
    """A call wakes the actor and is answered."""
    async with running(worker("told", Told, name=ACTOR)):
        process = await asleep()
        assert await process.call("hello") == "hello"
        assert process.state == "running"


@pytest.mark.parametrize("kind", ["cast", "info", "signal"])
async def test_woken_by_a_message(kind: str, autojump_clock: Any) -> None:
    """A cast, an info or a signal wakes it and is handled."""
    log: list[Any] = []
    async with running(worker("told", Told, log, name=ACTOR)):
        process = await asleep()
        getattr(process, kind)("hello")
        await trio.sleep(1)
        assert log == ["hello"]


async def test_woken_by_a_cast_that_may_wait(autojump_clock: Any) -> None:
    """So does `cast_within`."""
    log: list[Any] = []
    async with running(worker("told", Told, log, name=ACTOR)):
        await (await asleep()).cast_within("hello")
        await trio.sleep(1)
        assert log == ["hello"]


@pytest.mark.parametrize("seconds", [0.5, 1.5, 5.0, 100.0])
async def test_timers_fire_at_their_time(seconds: float, autojump_clock: Any) -> None:
    """A timer set before the sleep fires at its time and wakes the actor."""
    fired: list[float] = []
    async with running(worker("told", Told, name=ACTOR)):
        began = trio.current_time()
        found().send_after(seconds, lambda _: fired.append(trio.current_time() - began))
        process = await asleep()
        assert process.timer_count() == 1
        await trio.sleep(seconds + 1)
        assert fired == [pytest.approx(seconds, abs=0.02)]


async def test_timers_can_be_cancelled_in_its_sleep(autojump_clock: Any) -> None:
    """A timer that is cancelled does not wake it."""
    async with running(worker("told", Told, name=ACTOR)):
        timer = found().send_after(5, "never")
        process = await asleep()
        timer.cancel()
        await trio.sleep(10)
        assert is_asleep(process)


async def test_idle_timeout_comes_in_its_sleep(autojump_clock: Any) -> None:
    """`set_timeout` holds through the sleep, for sleeping is being idle."""
    log: list[Any] = []

    def rest(actor: Told) -> Any:
        actor.set_timeout(5)
        return HIBERNATE

    async with running(worker("told", Told, log, name=ACTOR)):
        ACTOR.cast(rest)
        await trio.sleep(4)
        assert is_asleep(found())
        await trio.sleep(2)
        assert log == [TIMEOUT]


async def test_idle_timeout_knows_that_it_woke(autojump_clock: Any) -> None:
    """A message that woke the actor meanwhile cancels it, even if it sleeps again."""
    log: list[Any] = []

    def rest(actor: Told) -> Any:
        actor.set_timeout(5)
        return HIBERNATE

    async with running(worker("told", Told, log, name=ACTOR)):
        ACTOR.cast(rest)
        await trio.sleep(3)
        await asleep()
        await trio.sleep(5)
        assert log == []


async def test_system_calls_are_served(autojump_clock: Any) -> None:
    """`get_state`, `get_status`, `suspend` and `resume` work as on any process."""
    async with running(worker("told", Told, name=ACTOR)):
        await asleep()
        assert (await system.get_state(ACTOR))["count"] == 1
        await asleep()
        assert (await system.get_status(ACTOR))["kind"] == "Told"
        await asleep()
        await system.suspend(ACTOR)
        assert found().state == "suspended"
        await system.resume(ACTOR)
        assert await ACTOR.call("hello") == "hello"


async def test_state_survives(autojump_clock: Any) -> None:
    """The instance is kept: what it knew it still knows."""
    async with running(worker("told", Told, name=ACTOR)):
        for number in range(1, 4):
            process = await asleep()
            assert process.actor.count == number  # type: ignore[attr-defined]
        assert await ACTOR.call(lambda actor, _: actor.count) == 4


async def test_figures_survive(autojump_clock: Any) -> None:
    """Counts go on over the sleep."""
    async with running(worker("told", Told, name=ACTOR)):
        for _ in range(3):
            await ACTOR.call("hello")
        process = await asleep()
        assert process.handled == 4
        await ACTOR.call("hello")
        assert process.handled == 5
        assert process.mailbox_length() == 0


async def test_name_stays(autojump_clock: Any) -> None:
    """Nobody else can take the name, and it leads to the sleeper."""
    async with running(worker("told", Told, name=ACTOR), worker("other", Told, name=OTHER)):
        process = await asleep()
        assert ACTOR.whereis() is process
        assert names.keys_of(process) == ["actor"]


async def test_snapshot_shows_it(autojump_clock: Any) -> None:
    """The tree, an inspection and the overview name the state."""
    async with running(worker("told", Told, name=ACTOR)) as runtime:
        await asleep()
        now = trio.current_time()
        (node,) = snapshot.tree(runtime, now)["children"]
        assert (node["state"], node["mailbox"], node["current"]) == ("hibernated", 0, None)
        assert snapshot.inspect(runtime, "told", now)["working"] is False
        assert snapshot.overview(runtime, now)["states"]["hibernated"] == 1


async def test_supervisor_counts_it_as_running(autojump_clock: Any) -> None:
    """`CountChildren` and `WhichChildren` see a child like any other."""
    async with running(supervisor("top", [worker("told", Told, name=ACTOR)], name=TOP)):
        process = await asleep()
        assert (await TOP.call(CountChildren())).active == 1
        assert [each.child for each in await TOP.call(WhichChildren())] == [process]


# --- races with falling asleep


@pytest.mark.parametrize("steps", range(8))
async def test_nothing_is_lost_while_falling_asleep(steps: int, autojump_clock: Any) -> None:
    """A call or cast that comes at any moment of falling asleep is handled once."""
    log: list[Any] = []
    async with running(worker("told", Told, log, name=ACTOR)):
        for number in range(50):
            found().info(lambda _: HIBERNATE)
            for _ in range(steps):
                await trio.lowlevel.checkpoint()
            ACTOR.cast(number)
            assert await ACTOR.call("hello") == "hello"
        assert log == list(range(50))


async def test_nothing_is_lost_when_its_time_comes(autojump_clock: Any) -> None:
    """A call that comes just when the idle time is over is answered."""
    async with running(worker("told", Sleepy, name=ACTOR)):
        for _ in range(20):
            await trio.sleep(10)
            assert await ACTOR.call("hello") == "hello"


async def test_two_callers_wake_one_life(autojump_clock: Any) -> None:
    """Many that wake it in the same step wake it once."""
    log: list[Any] = []
    async with running(worker("told", Told, log, name=ACTOR)) as runtime:
        process = await asleep()
        await trio.sleep(0.1)
        for number in range(100):
            process.cast(number)
        life = process.life
        assert len(runtime.root.actor.nursery.child_tasks) == 1  # type: ignore[attr-defined]
        await trio.sleep(1)
        assert process.life is life
        assert log == list(range(100))


# --- ending


async def test_shutdown_in_its_sleep(autojump_clock: Any) -> None:
    """A sleeper with nothing to clean up ends where it lies."""
    async with running(worker("told", Told, name=ACTOR)):
        process = await asleep()
    assert process.exit_reason == SHUTDOWN


async def test_cleanup_in_its_sleep(autojump_clock: Any) -> None:
    """One with a `terminate` wakes for it."""
    log: list[Any] = []
    async with running(worker("told", Tidy, log, name=ACTOR)):
        process = await asleep()
    assert process.exit_reason == SHUTDOWN
    assert log == [("terminate", SHUTDOWN)]


async def test_terminate_child_in_its_sleep(autojump_clock: Any) -> None:
    """The supervisor may be asked to end it, and to start it again."""
    async with running(supervisor("top", [worker("told", Told, name=ACTOR)], name=TOP)):
        process = await asleep()
        await TOP.call(TerminateChild("told"))
        assert not process.alive
        assert ACTOR.whereis() is None


@pytest.mark.parametrize("actor", [Told, Tidy])
@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("signal", [KILL, "broken"])
async def test_ended_and_restarted(actor: type[Told], dynamic: bool, signal: str, autojump_clock: Any) -> None:
    """A kill or an exit signal ends a sleeper at once, and its supervisor restarts it; a kill without cleanup."""
    log: list[Any] = []
    template = worker("told", actor, log)
    child = (
        dynamic_supervisor("top", template, intensity=5, name=TOP)
        if dynamic
        else supervisor("top", [worker("told", actor, log, name=ACTOR)], intensity=5, name=TOP)
    )
    async with running(child):
        if dynamic:
            TOP.whereis().actor.start_child_nowait(name=ACTOR)  # type: ignore[union-attr]
        process = await asleep()
        process.exit(signal)
        after = await restarted(ACTOR, process)
        assert process.exit_reason == ("killed" if signal == KILL else "broken")
        assert log == ([("terminate", "broken")] if actor is Tidy and signal != KILL else [])
        assert await after.call("hello") == "hello"


async def test_stop_in_its_sleep(autojump_clock: Any) -> None:
    """`Process.stop` ends it and waits for that."""
    async with running(worker("told", Tidy, [], name=ACTOR, restart="temporary")):
        process = await asleep()
        await process.stop()
        assert process.exit_reason == "normal"


async def test_trapped_exit_wakes_it(autojump_clock: Any) -> None:
    """Who traps exits gets the signal as a message."""
    log: list[Any] = []
    async with running(worker("told", Trapping, log, name=ACTOR)):
        process = await asleep()
        process.exit("broken")
        await trio.sleep(1)
        assert log == [ExitMessage(None, "broken")]
        assert process.alive


@pytest.mark.parametrize("actor", [Told, Tidy])
async def test_parent_killed(actor: type[Told], autojump_clock: Any) -> None:
    """A killed supervisor's sleeping children end with it, uncleaned, and their names are free for the successors."""
    log: list[Any] = []
    async with running(supervisor("top", [worker("told", actor, log, name=ACTOR)], name=TOP)):
        process, above = await asleep(), TOP.whereis()
        assert above is not None
        above.exit(KILL)
        await restarted(TOP, above)
        assert process.exit_reason == "killed"
        assert log == []
        assert found() is not process
        assert await ACTOR.call("hello") == "hello"


async def test_monitors_tell(autojump_clock: Any) -> None:
    """Who watches a sleeper hears of its end, and did not wake it."""
    log: list[Any] = []
    async with running(worker("told", Told, name=ACTOR, restart="temporary"), worker("other", Told, log, name=OTHER)):
        process = await asleep()
        OTHER.cast(lambda actor: (actor.monitor(process), None)[1])
        await trio.sleep(1)
        assert is_asleep(process)
        process.exit("broken")
        await trio.sleep(1)
        (message,) = log
        assert isinstance(message, DownMessage)
        assert (message.process, message.reason) == (process, "broken")


async def test_it_hears_of_others_in_its_sleep(autojump_clock: Any) -> None:
    """A monitor of its own lasts, and its message wakes it."""
    log: list[Any] = []
    async with running(worker("told", Told, log, name=ACTOR), worker("other", Told, name=OTHER, restart="temporary")):
        ACTOR.cast(lambda actor: (actor.monitor(OTHER), None)[1])
        await asleep()
        OTHER.whereis().exit("broken")  # type: ignore[union-attr]
        await trio.sleep(1)
        assert [message.reason for message in log] == ["broken"]


@pytest.mark.parametrize("sleeper_dies", [False, True])
async def test_links_tell(sleeper_dies: bool, autojump_clock: Any) -> None:
    """A link to a sleeper holds both ways."""
    async with running(
        worker("told", Told, name=ACTOR, restart="temporary"), worker("other", Told, name=OTHER, restart="temporary")
    ):
        other = OTHER.whereis()
        assert other is not None
        OTHER.cast(lambda actor: actor.link(ACTOR))
        process = await asleep()
        (process if sleeper_dies else other).exit("broken")
        await trio.sleep(1)
        assert (process.exit_reason, other.exit_reason) == ("broken", "broken")


async def test_many_asleep_end_together(autojump_clock: Any) -> None:
    """A supervisor of many sleepers stops at once, timers included."""
    async with running(dynamic_supervisor("top", worker("told", Told), name=TOP)) as runtime:
        holder: Any = TOP.whereis()
        children = [holder.actor.start_child_nowait() for _ in range(200)]
        for child in children:
            child.send_after(1000, "never")
            child.cast(lambda _: HIBERNATE)
        await trio.sleep(1)
        assert all(is_asleep(child) for child in children)
        began = trio.current_time()
        holder.shut_down()
        await holder.wait_ended()
        assert trio.current_time() - began < 1
        assert not any(child.alive or child.timer_count() for child in children)
        assert runtime.zombies == set()


async def test_an_ended_sleeper_does_not_wake(autojump_clock: Any) -> None:
    """After its end it is like every ended process."""
    async with running(worker("told", Told, name=ACTOR, restart="temporary")):
        process = await asleep()
        process.exit(KILL)
        process.cast("hello")
        process.info("hello")
        await trio.sleep(1)
        assert (process.state, process.life) == ("ended", None)
