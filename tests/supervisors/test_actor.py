"""Actors: calls that never hang, casts that never fail, timers, orderly and disorderly ends."""

from __future__ import annotations

import gc
from typing import Any

import pytest
import trio

from supervisors import (
    Actor,
    CallingSelf,
    CallTimeout,
    Down,
    MailboxFull,
    NoProc,
    Registry,
    Sender,
    open_runtime,
    supervisor,
    task,
    worker,
)
from supervisors.testing import restarted, running
from tests.supervisors.actors import Echo, Stubborn

names = Registry("test")
ECHO = names.name("echo")


async def test_call_answers(autojump_clock: Any) -> None:
    """A call returns the handler's answer, at once or later."""
    async with running(worker("echo", Echo, name=ECHO)):
        assert await ECHO.call({"n": 1}) == {"n": 1}
        async with trio.open_nursery() as nursery:
            got: list[Any] = []

            async def ask() -> None:
                got.append(await ECHO.call("later"))

            nursery.start_soon(ask)
            await trio.sleep(0.1)
            ECHO.cast("answer")
        assert got == ["at last"]


async def test_refusal_leaves_the_actor_alive(autojump_clock: Any) -> None:
    """`Sender.error` raises in the caller only."""
    async with running(worker("echo", Echo, name=ECHO)):
        before = ECHO.whereis()
        with pytest.raises(KeyError):
            await ECHO.call("refuse")
        assert ECHO.whereis() is before


async def test_call_times_out(autojump_clock: Any) -> None:
    """An unanswered call ends exactly at its deadline, and a late reply is dropped."""
    async with running(worker("echo", Echo, name=ECHO)):
        start = trio.current_time()
        with pytest.raises(CallTimeout):
            await ECHO.call("later", timeout=3)
        assert trio.current_time() - start == pytest.approx(3)
        ECHO.cast("answer")
        assert await ECHO.call("still here") == "still here"


async def test_call_to_nobody(autojump_clock: Any) -> None:
    """Calling a free name or an ended process raises NoProc without waiting."""
    async with running(worker("echo", Echo, name=ECHO, restart="temporary")):
        process = ECHO.whereis()
        assert process is not None
        ECHO.cast(("stop", "normal"))
        await process.wait_ended()
        for target in (ECHO, process, names.name("nobody")):
            with pytest.raises(NoProc):
                await target.call("hello")
            target.cast("hello")


@pytest.mark.parametrize("end", ["killed", "shutdown", "crash"])
async def test_queued_calls_learn_of_the_end(end: str, autojump_clock: Any) -> None:
    """Every call in the mailbox of a dying callee gets Down at once: nobody hangs."""
    async with running(worker("echo", Echo, name=ECHO, restart="temporary")):
        process = ECHO.whereis()
        assert process is not None
        downs: list[Any] = []

        async def ask(message: Any) -> None:
            with pytest.raises(Down) as caught:
                await process.call(message, timeout=1000)
            downs.append(caught.value.reason)

        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, "hang" if end != "crash" else "crash soon")
            await trio.sleep(0.1)
            for _ in range(5):
                nursery.start_soon(ask, "hello")
            await trio.sleep(0.2)
            if end != "crash":
                process.exit(end)
        assert len(downs) == 6
        assert trio.current_time() - start < 1


async def test_caller_cancelled(autojump_clock: Any) -> None:
    """A cancelled call is abandoned; the callee goes on and its answer goes nowhere."""
    async with running(worker("echo", Echo, name=ECHO)):
        with trio.move_on_after(1):
            await ECHO.call("later", timeout=100)
        ECHO.cast("answer")
        assert await ECHO.call("hello") == "hello"


async def test_calling_oneself() -> None:
    """A process that calls itself is told so instead of waiting for ever."""

    class Selfish(Actor):
        async def handle_call(self, message: Any, sender: Sender) -> Any:
            with pytest.raises(CallingSelf):
                await self.process.call("again")
            return "told"

    async with running(worker("selfish", Selfish, name=names.name("selfish"))):
        assert await names.name("selfish").call("go") == "told"


async def test_mailbox_bound(autojump_clock: Any) -> None:
    """A full mailbox refuses calls, drops casts and counts both; it never grows past its limit."""

    class Small(Echo):
        mailbox_limit = 3

    async with running(worker("small", Small, name=ECHO)):
        process = ECHO.whereis()
        assert process is not None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_swallow_down, process)
            await trio.sleep(0.1)
            for number in range(5):
                process.cast(number)
            assert process.mailbox_length() == 3
            assert process.dropped == 2
            with pytest.raises(MailboxFull):
                await process.call("hello")
            process.exit("kill")


async def _swallow_down(process: Any) -> None:
    with pytest.raises(Down):
        await process.call("hang", timeout=1000)


async def test_order_of_messages(autojump_clock: Any) -> None:
    """Messages of one sender are handled in the order they were sent."""
    async with running(worker("echo", Echo, name=ECHO)):
        for number in range(1000):
            ECHO.cast(number)
        assert await ECHO.call("seen") == list(range(1000))


async def test_timers(autojump_clock: Any) -> None:
    """Timers come in order of their deadlines, cancelled ones never, and none outlives its process."""
    async with running(worker("echo", Echo, name=ECHO)) as runtime:
        process = ECHO.whereis()
        assert process is not None
        process.send_after(86_400, "day")
        process.send_after(0.5, "soon")
        process.send_after(10, "never").cancel()
        process.send_after(3, "near")
        await trio.sleep(5)
        assert await ECHO.call("seen") == ["soon", "near"]
        await trio.sleep(86_400)
        assert (await ECHO.call("seen"))[-1] == "day"
        timer = process.send_after(50, "orphan")
        process.exit("kill")
        await restarted(ECHO, process)
        assert timer.target is None
        await trio.sleep(100)
        assert await ECHO.call("seen") == []
        assert runtime.wheel.next_due() is None or len(runtime.wheel) < 5


async def test_ignoring_shutdown_is_cut_short(autojump_clock: Any) -> None:
    """A child that shields itself beyond its limit is reported, and does not hold up the others."""
    from supervisors import telemetry

    late: list[Any] = []
    detach = telemetry.attach(lambda event, subject, detail: late.append(subject) if event == "shutdown.late" else None)
    start = trio.current_time()
    spec = worker("stubborn", Stubborn, 60.0, shutdown=2.0, name=names.name("stubborn"))
    async with open_runtime(supervisor("root", [spec, worker("echo", Echo, name=ECHO)])):
        names.name("stubborn").cast("go")
        await trio.sleep(1)
    detach()
    assert [each.spec.id for each in late] == ["stubborn"]
    assert trio.current_time() - start >= 4


async def test_async_terminate_runs_when_cancelled(autojump_clock: Any) -> None:
    """Cleanup may wait, even while the whole runtime is being cancelled, but not beyond the limit."""
    done: list[str] = []

    class Careful(Actor):
        async def terminate(self, reason: Any) -> None:
            await trio.sleep(1)
            done.append("saved")

    with trio.move_on_after(5):
        async with running(worker("careful", Careful)):
            await trio.sleep_forever()
    assert done == ["saved"]


async def test_task_is_restarted_and_stopped(autojump_clock: Any) -> None:
    """A supervised coroutine counts as started when it says so, is restarted, and is cancelled at the end."""
    runs: list[str] = []

    async def body(started: Any, label: str) -> None:
        runs.append(label)
        await trio.sleep(1)
        started()
        if len(runs) < 3:
            msg = "again"
            raise RuntimeError(msg)
        try:
            await trio.sleep_forever()
        finally:
            runs.append("cancelled")

    async with running(task("body", body, "run")):
        assert runs
        await trio.sleep(10)
    assert runs == ["run", "run", "run", "cancelled"]


async def test_crashes_leave_no_cycles(autojump_clock: Any) -> None:
    """A crashed process is freed at once, without the garbage collector."""
    async with running(worker("echo", Echo, name=ECHO), intensity=1000):
        gc.collect()
        gc.disable()
        try:
            before = len(gc.get_objects())
            for _ in range(50):
                process = ECHO.whereis()
                assert process is not None
                process.exit("kill")
                await restarted(ECHO, process)
                del process
            assert len(gc.get_objects()) - before < 500
        finally:
            gc.enable()
