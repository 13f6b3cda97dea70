"""Cancellation at every step of everything one can await: nothing is orphaned, lost or left armed.

Each row is one public call. The harness makes it in a fresh tree and cancels it after the n-th step that any task
takes, for n = 0, 1, 2 and so on, until the call is over before it can be cancelled. After each the tree is looked at.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
import trio
import trio.testing

from supervisors import (
    HIBERNATE,
    NO_REPLY,
    Actor,
    CallError,
    ChildNotFound,
    Down,
    NoProc,
    Process,
    Registry,
    RestartChild,
    Runtime,
    Sender,
    StartChild,
    StartFailed,
    TerminateChild,
    WhichChildren,
    dynamic_supervisor,
    open_runtime,
    snapshot,
    start_task,
    stream_tasks,
    supervisor,
    system,
    task_supervisor,
    worker,
)
from supervisors.dynamic import StartChild as StartLike

names = Registry("cancellation")
QUEUED, DIRECT, FULL, ADDED = (names.name(key) for key in ("queued", "direct", "full", "added"))
STATIC, DYNAMIC, JOBS = (names.name(key) for key in ("static", "dynamic", "jobs"))
STEPS = 300
"""No call here takes as many: a harness that comes so far goes in a circle."""


class Patient(Actor):
    """Answers at once or after a while."""

    async def init(self) -> None:
        await trio.lowlevel.checkpoint()
        self.count = 0
        self.saved = 0

    async def terminate(self, reason: Any) -> None:
        await trio.lowlevel.checkpoint()

    def handle_call(self, message: Any, sender: Sender) -> Any:
        self.count += 1
        match message:
            case "later":
                return self._later()
            case "put off":
                self.send_after(1, sender)
                return NO_REPLY
        return message

    async def _later(self) -> str:
        for _ in range(3):
            await trio.lowlevel.checkpoint()
        await trio.sleep(0.5)
        return "later"

    def handle_cast(self, message: Any) -> Any:
        self.count += 1
        return HIBERNATE if message == "sleep" else None

    def handle_info(self, message: Any) -> Any:
        if isinstance(message, Sender):
            message.reply("put off")


class DirectPatient(Patient):
    direct = True


class Narrow(Patient):
    mailbox_limit = 1
    overflow = "block"

    async def handle_cast(self, message: Any) -> Any:
        await trio.sleep(0.5)
        self.count += 1


def spec() -> Any:
    children = [
        worker("queued", Patient, name=QUEUED),
        worker("direct", DirectPatient, name=DIRECT),
        worker("full", Narrow, name=FULL),
        supervisor("static", [worker("one", Patient), worker("two", Patient)], name=STATIC),
        dynamic_supervisor("dynamic", worker("like", Patient), name=DYNAMIC),
        task_supervisor("jobs", name=JOBS),
    ]
    return supervisor("root", children, intensity=10)


class Canceller(trio.abc.Instrument):
    """Cancels a scope after so many steps of any task."""

    def __init__(self, after: int, scope: trio.CancelScope) -> None:
        self.left = after
        self.scope = scope

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        self.left -= 1
        if self.left == 0:
            self.scope.cancel()


async def cancelled_after(steps: int, work: Callable[[], Awaitable[Any]]) -> tuple[bool, Any]:
    """Do the work, cancelled after so many steps; tell whether it was, and what it returned."""
    result: Any = None
    with trio.CancelScope() as scope:
        if steps == 0:
            scope.cancel()
        canceller = Canceller(steps, scope)
        trio.lowlevel.add_instrument(canceller)
        try:
            result = await work()
        finally:
            trio.lowlevel.remove_instrument(canceller)
    return scope.cancel_called, result


def paths(runtime: Runtime) -> set[str]:
    return {path for path, _ in snapshot.walk(runtime)}


def armed(runtime: Runtime) -> int:
    """Timers that would still fire."""
    wheel = runtime.wheel
    held = [entry[2] for entry in wheel._near] + list(wheel._sorted) + list(wheel._dealing)
    for slot in [*wheel._slots.values(), *wheel._buckets.values()]:
        held += slot
    return sum(1 for timer in held if timer.target is not None)


def held_by_others(runtime: Runtime) -> list[Any]:
    """Bonds that somebody who waits has left on a process."""
    return [bond for _, process in snapshot.walk(runtime) for bond in process.bonds()]


def found(name: Any) -> Process:
    process: Process | None = name.whereis()
    assert process is not None
    return process


async def settle() -> None:
    """Let everything that was begun come to its end."""
    await trio.sleep(10)
    await trio.testing.wait_all_tasks_blocked()


async def consistent(runtime: Runtime) -> None:
    """What holds after any call, cancelled or not."""
    await settle()
    for name in (QUEUED, DIRECT, FULL):
        assert await name.call("hello") == "hello"
        process = found(name)
        assert process.life is not None
        assert not process.life.deferred
        assert process.mailbox_length() == 0
    for name in (STATIC, DYNAMIC, JOBS):
        holder: Any = name.whereis()
        children = await name.call(WhichChildren())
        assert all(each.child is None or each.child.state in {"running", "hibernated"} for each in children)
        assert len(holder.actor.nursery.child_tasks) == sum(each.child is not None for each in children)
        assert list(holder.actor.living()) == [] or all(each.alive for each in holder.actor.living())
    await trio.sleep(1)
    assert armed(runtime) == 0
    assert held_by_others(runtime) == []
    assert runtime.running is None
    assert runtime.zombies == set()


# --- what is called


@dataclass
class Row:
    """One call: what must be there before, the call, and what the tree may be afterwards."""

    work: Callable[[Any], Awaitable[Any]]
    promised: Any = None
    """What it returns uncancelled."""
    gone: frozenset[str] = frozenset()
    """Paths that the call takes away; cancelled it may do so, too, or not at all."""
    new: frozenset[str] = frozenset()
    before: Callable[[], Awaitable[Any]] | None = None


async def fill() -> Any:
    for number in range(2):
        FULL.cast(number)
        await trio.testing.wait_all_tasks_blocked()


async def put_to_sleep() -> Any:
    QUEUED.cast("sleep")
    await trio.testing.wait_all_tasks_blocked()


async def hold_still() -> Any:
    await system.suspend(QUEUED)


async def terminate_two() -> Any:
    await STATIC.call(TerminateChild("two"))


async def start_like() -> Any:
    return await DYNAMIC.call(StartLike((), ADDED))


async def begin_job() -> Any:
    return start_task(JOBS, double, 21)


async def double(number: int) -> int:
    await trio.lowlevel.checkpoint()
    await trio.sleep(0.5)
    return 2 * number


async def double_slowly(number: int) -> int:
    await trio.sleep(100)
    return 2 * number


async def stream_all(ordered: bool) -> list[int]:
    # Slow ones: what a cancelled stream left under way would still be there when the harness looks.
    async with stream_tasks(JOBS, double_slowly, range(4), max_concurrency=2, ordered=ordered) as stream:
        return sorted([result async for result in stream])


async def _suspend_and_resume() -> None:
    try:
        await system.suspend(QUEUED)
    finally:
        with trio.CancelScope(shield=True):
            await system.resume(QUEUED)


async def _stop_sleeper() -> None:
    await found(QUEUED).stop("normal")


async def _run_alone(_: Any) -> None:
    async with open_runtime(supervisor("alone", [worker("one", Patient), worker("two", DirectPatient)])) as inner:
        await trio.lowlevel.checkpoint()
        assert len(paths(inner)) == 3


async def _until_told(name: Any) -> str:
    process = found(name)
    process.send_after(0.5, None)
    with trio.move_on_after(1):
        await process.wait_ended()
    return "alive"


ROWS: dict[str, Row] = {
    "call queued": Row(lambda _: QUEUED.call("hello"), "hello"),
    "call queued, later": Row(lambda _: QUEUED.call("later"), "later"),
    "call queued, put off": Row(lambda _: QUEUED.call("put off"), "put off"),
    "call direct": Row(lambda _: DIRECT.call("hello"), "hello"),
    "call direct, later": Row(lambda _: DIRECT.call("later"), "later"),
    "call direct, put off": Row(lambda _: DIRECT.call("put off"), "put off"),
    "call hibernated": Row(lambda _: QUEUED.call("hello"), "hello", before=put_to_sleep),
    "call, waiting for room": Row(lambda _: FULL.call("hello"), "hello", before=fill),
    "cast_within": Row(lambda _: found(QUEUED).cast_within("hello")),
    "cast_within, waiting for room": Row(lambda _: found(FULL).cast_within("hello"), before=fill),
    "cast_within, hibernated": Row(lambda _: found(QUEUED).cast_within("hello"), before=put_to_sleep),
    "stop": Row(lambda _: found(QUEUED).stop()),
    "stop hibernated": Row(lambda _: _stop_sleeper(), before=put_to_sleep),
    "stop a supervisor": Row(lambda _: found(STATIC).stop()),
    "wait_ended": Row(lambda _: _until_told(QUEUED), "alive"),
    "get_state": Row(lambda _: system.get_state(DIRECT), {"count": 0, "saved": 0}),
    "replace_state": Row(lambda _: system.replace_state(DIRECT, lambda actor: None), {"count": 0, "saved": 0}),
    "suspend and resume": Row(lambda _: _suspend_and_resume()),
    "resume": Row(lambda _: system.resume(QUEUED), before=hold_still),
    "get_status": Row(lambda _: system.get_status(QUEUED)),
    "statistics": Row(lambda _: system.statistics(QUEUED), before=put_to_sleep),
    "install": Row(lambda _: system.install(QUEUED, "look", lambda event: None)),
    "trace": Row(lambda _: system.trace(QUEUED, on=True)),
    "terminate": Row(lambda _: system.terminate(QUEUED, "broken")),
    "start_child": Row(
        lambda _: STATIC.call(StartChild(worker("three", Patient))), new=frozenset({"root/static/three"})
    ),
    "terminate_child": Row(lambda _: STATIC.call(TerminateChild("two")), gone=frozenset({"root/static/two"})),
    "restart_child": Row(
        lambda _: STATIC.call(RestartChild("two")), before=terminate_two, new=frozenset({"root/static/two"})
    ),
    "start a dynamic child": Row(lambda _: DYNAMIC.call(StartLike((), ADDED)), new=frozenset({"root/dynamic/added"})),
    "terminate a dynamic child": Row(
        lambda child: DYNAMIC.call(TerminateChild(child)), before=start_like, gone=frozenset({"root/dynamic/added"})
    ),
    "stream_tasks, ordered": Row(lambda _: stream_all(ordered=True), [0, 2, 4, 6]),
    "stream_tasks, as they end": Row(lambda _: stream_all(ordered=False), [0, 2, 4, 6]),
    "job.result": Row(lambda job: job.result(), 42, before=begin_job),
    "job.result within": Row(lambda job: job.result(timeout=100), 42, before=begin_job),
    "job.shutdown": Row(lambda job: job.shutdown(), before=begin_job),
    "a runtime of its own": Row(_run_alone),
}
RESULTLESS = {"get_status", "statistics", "restart_child", "start_child", "start a dynamic child"}


async def once(row: Row, what: str, steps: int) -> bool:
    """One try; True when the call was over before it could be cancelled."""
    async with open_runtime(spec()) as runtime:
        await trio.testing.wait_all_tasks_blocked()
        given = await row.before() if row.before is not None else None
        await trio.testing.wait_all_tasks_blocked()
        names_before, processes = paths(runtime), {process for _, process in snapshot.walk(runtime)}
        cancelled, result = await cancelled_after(steps, lambda: row.work(given))
        if what == "resume" and found(QUEUED).state == "suspended":
            await system.resume(QUEUED)
        await consistent(runtime)
        after = paths(runtime)
        done = (names_before - row.gone) | row.new
        jobs = {path for path in names_before if path.startswith("root/jobs/")}
        if cancelled:
            assert after - jobs in (names_before - jobs, done - jobs)
        else:
            assert after == done - jobs
            assert what in RESULTLESS or result == row.promised
        # Whoever was there and has gone was meant to go, and says why.
        assert all(each.alive or each.exit_reason is not None for each in processes)
    assert not any(process.alive for process in processes)
    return not cancelled


@pytest.mark.parametrize("what", ROWS)
async def test_cancelled_at_every_step(what: str, autojump_clock: Any) -> None:
    """Cancelled after any step, a call leaves nobody behind, nothing armed, and the tree as it was or as promised."""
    for steps in range(STEPS):
        if await once(ROWS[what], what, steps):
            return
    pytest.fail(f"{what} was not over after {STEPS} steps")


@pytest.mark.parametrize("what", ["queued", "direct"])
async def test_a_cancelled_call_takes_its_message_back_or_not(what: str, autojump_clock: Any) -> None:
    """A message of a cancelled call is handled once or never, and the next one is."""
    name = names.name(what)
    for steps in range(STEPS):
        async with open_runtime(spec()):
            await trio.testing.wait_all_tasks_blocked()
            actor: Any = found(name).actor
            cancelled, _ = await cancelled_after(steps, lambda: name.call("later"))
            await settle()
            assert actor.count in ({0, 1} if cancelled else {1})
            if not cancelled:
                return
    pytest.fail("it was never over")


async def test_a_cancelled_cast_within_was_not_sent(autojump_clock: Any) -> None:
    """Cancelled while it waits for room, `cast_within` has sent nothing; else its message is handled once."""
    for steps in range(STEPS):
        async with open_runtime(spec()):
            await trio.testing.wait_all_tasks_blocked()
            await fill()
            actor: Any = found(FULL).actor
            sent: list[bool] = []

            async def send(sent: list[bool] = sent) -> None:
                await found(FULL).cast_within("third")
                sent.append(True)

            cancelled, _ = await cancelled_after(steps, send)
            await settle()
            assert actor.count == 2 + len(sent)
            if not cancelled:
                return
    pytest.fail("it was never over")


@asynccontextmanager
async def failing_tree(runtimes: list[Runtime]) -> Any:
    """A tree whose last child fails to start after the first has started."""

    class Failing(Actor):
        async def init(self) -> None:
            await trio.sleep(0.1)
            raise KeyError

    async with open_runtime(supervisor("alone", [worker("one", Patient), worker("two", Failing)])) as runtime:
        runtimes.append(runtime)
        yield


async def test_a_start_that_fails_while_it_is_cancelled(autojump_clock: Any) -> None:
    """A tree that fails to start raises `StartFailed`, unless it was cancelled first; never both, never neither."""
    for steps in range(STEPS):
        made: list[Runtime] = []
        failed = False

        async def start(made: list[Runtime] = made) -> None:
            async with failing_tree(made):
                pytest.fail("it must not start")

        with trio.CancelScope() as outer:
            nursery = trio.lowlevel.current_task().child_nurseries
            try:
                cancelled, _ = await cancelled_after(steps, start)
            except StartFailed:
                failed, cancelled = True, False
            assert trio.lowlevel.current_task().child_nurseries == nursery
        assert not outer.cancelled_caught
        assert made == []
        if failed:
            return
        assert cancelled
    pytest.fail("it never failed")


@pytest.mark.parametrize("crash", [False, True])
async def test_leaving_a_runtime_while_it_is_cancelled(crash: bool, autojump_clock: Any) -> None:
    """Once up, a tree is stopped in good order and once, at whatever moment of its stop it is cancelled."""
    for steps in range(STEPS):
        entered: list[bool] = []
        log: list[str] = []

        class Careful(Actor):
            async def terminate(self, reason: Any, log: list[str] = log) -> None:
                await trio.sleep(0.5)
                log.append(self.process.spec.id)

        children = [worker("one", Careful), worker("two", Careful)]

        async def run(children: list[Any] = children, entered: list[bool] = entered) -> None:
            async with open_runtime(supervisor("alone", children)):
                entered.append(True)
                if crash:
                    raise KeyError

        try:
            cancelled, _ = await cancelled_after(steps, run)
        except KeyError:
            assert crash
            cancelled = steps < 40  # the error comes either way; go on until it is long over
        if entered:
            assert log == ["two", "one"]
        if not cancelled:
            return
    pytest.fail("it was never over")


async def test_calls_to_the_dying_while_cancelled(autojump_clock: Any) -> None:
    """A caller that is cancelled while its callee dies is cancelled or told, and leaves no timer."""
    for steps in range(STEPS):
        async with open_runtime(spec()) as runtime:
            await trio.testing.wait_all_tasks_blocked()
            process = found(QUEUED)

            async def ask(process: Process = process) -> str:
                process.send_after(0.1, None)
                process.cast("hello")
                process.exit("broken")
                try:
                    await process.call("hello")
                except (Down, NoProc) as told:
                    return type(told).__name__
                return "answered"

            cancelled, outcome = await cancelled_after(steps, ask)
            await consistent(runtime)
            if not cancelled:
                assert outcome == "Down"
                return
    pytest.fail("it was never over")


async def test_terminating_twice_with_one_cancelled(autojump_clock: Any) -> None:
    """Of two that terminate the same dynamic child the cancelled one changes nothing for the other."""
    for steps in range(STEPS):
        async with open_runtime(spec()) as runtime:
            child = await start_like()
            await trio.testing.wait_all_tasks_blocked()
            outcome: list[Any] = []

            async def other(child: Any = child, outcome: list[Any] = outcome) -> None:
                try:
                    outcome.append(await DYNAMIC.call(TerminateChild(child)))
                except (ChildNotFound, CallError) as error:
                    outcome.append(type(error))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(other)
                cancelled, _ = await cancelled_after(steps, lambda child=child: _terminate(child))  # type: ignore[misc]
            await consistent(runtime)
            assert outcome in ([None], [ChildNotFound])
            assert not child.alive
            if not cancelled:
                return
    pytest.fail("it was never over")


async def _terminate(child: Any) -> None:
    with suppress(ChildNotFound):
        await DYNAMIC.call(TerminateChild(child))
