"""How children are stopped: in order, each within its limit, and what becomes of those who will not go."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import trio

from supervisors import (
    Actor,
    Down,
    NoProc,
    Process,
    Registry,
    TerminateChild,
    dynamic_supervisor,
    open_runtime,
    supervisor,
    telemetry,
    worker,
)
from supervisors.dynamic import StartChild
from supervisors.testing import running

names = Registry("endings")


class Slow(Actor):
    """Takes its time over its cleanup."""

    def init(self, label: str, log: list[Any], seconds: float = 0.0) -> None:
        self.label, self.log, self.seconds = label, log, seconds

    async def terminate(self, reason: Any) -> None:
        await trio.sleep(self.seconds)
        self.log.append((self.label, reason, trio.current_time()))


class Immovable(Actor):
    """Ignores every cancellation for `seconds`, once it was told to."""

    def init(self, seconds: float) -> None:
        self.seconds = seconds

    async def handle_call(self, message: Any, sender: Any) -> Any:
        if message != "dig in":
            return message
        with trio.CancelScope(shield=True):
            await trio.sleep(self.seconds)
        return "out again"


async def test_static_children_go_one_by_one_in_reverse(autojump_clock: Any) -> None:
    """Each has gone before the next is asked."""
    log: list[Any] = []
    async with open_runtime(supervisor("root", [worker(each, Slow, each, log, 1.0) for each in "abc"])):
        start = trio.current_time()
    assert [(label, reason, round(at - start)) for label, reason, at in log] == [
        ("c", "shutdown", 1), ("b", "shutdown", 2), ("a", "shutdown", 3),
    ]  # fmt: skip


async def test_dynamic_children_go_together(autojump_clock: Any) -> None:
    """All are asked at once, so the slowest says how long it takes."""
    log: list[Any] = []
    pool = names.name("pool")
    async with open_runtime(supervisor("root", [dynamic_supervisor("pool", worker("child", Slow), name=pool)])):
        for number in range(10):
            await pool.call(StartChild((number, log, number / 10)))
        start = trio.current_time()
    assert len(log) == 10
    assert trio.current_time() - start == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("limit", "cleaned", "takes"), [(5.0, True, 3), (1.0, False, 1), ("brutal_kill", False, 0), ("infinity", True, 3)]
)
async def test_each_has_its_own_limit(limit: Any, cleaned: bool, takes: float, autojump_clock: Any) -> None:
    """Cleanup gets what the child spec gives it; beyond, the child is killed."""
    log: list[Any] = []
    async with open_runtime(supervisor("root", [worker("a", Slow, "a", log, 3.0, shutdown=limit)])):
        start = trio.current_time()
    assert bool(log) is cleaned
    assert trio.current_time() - start == pytest.approx(takes)


async def test_a_child_that_ends_otherwise_than_asked_is_reported(autojump_clock: Any) -> None:
    """OTP's `shutdown_error`: killed for taking too long, or crashed while cleaning up."""

    class Clumsy(Actor):
        def terminate(self, reason: Any) -> None:
            msg = "dropped it"
            raise RuntimeError(msg)

    told: list[Any] = []
    detach = telemetry.attach(
        lambda event, subject, detail: (
            told.append((subject.spec.id, type(detail["reason"]).__name__)) if event == "child.shutdown_error" else None
        )
    )
    children = [
        worker("slow", Slow, "slow", [], 9.0, shutdown=1.0),
        worker("clumsy", Clumsy),
        worker("good", Slow, "good", []),
    ]
    async with open_runtime(supervisor("root", children)):
        pass
    detach()
    assert told == [("clumsy", "RuntimeError"), ("slow", "str")]


async def test_a_zombie_is_fenced_off_and_replaced(autojump_clock: Any) -> None:
    """A child that ignores its kill is named, its caller told, its name taken by a new one; in the end it is forgotten."""
    late: list[Any] = []
    detach = telemetry.attach(lambda event, subject, _: late.append(subject) if event == "shutdown.late" else None)
    rock = names.name("rock")
    root = names.name("root")
    tree = supervisor("root", [worker("rock", Immovable, 60.0, shutdown=1.0, name=rock)], name=root)
    async with open_runtime(tree) as runtime, trio.open_nursery() as nursery:
        old = rock.whereis()
        assert old is not None

        async def dig() -> None:
            with pytest.raises(Down):
                await old.call("dig in", timeout=1000)
            assert trio.current_time() - start < 10

        start = trio.current_time()
        nursery.start_soon(dig)
        await trio.sleep(0.5)
        await root.call(TerminateChild("rock"), timeout=30)
        assert late == [old]
        assert old.state == "zombie"
        assert runtime.zombies == {old}
        with pytest.raises(NoProc):
            await old.call("hello")
        from supervisors import RestartChild

        new = await root.call(RestartChild("rock"))
        assert rock.whereis() is new
        assert await rock.call("hello") == "hello"
        await trio.sleep(60)
        assert runtime.zombies == set()
        assert old.state == "zombie"
        assert await rock.call("still here") == "still here"
    detach()


async def test_the_program_may_leave_zombies_behind(autojump_clock: Any) -> None:
    """When all else has stopped, `on_zombies` is told who is left; what it does is the program's business."""
    left: list[Process] = []
    rock = names.name("rock")
    start = trio.current_time()
    told_at: list[float] = []

    def on_zombies(zombies: list[Process]) -> None:
        left.extend(zombies)
        told_at.append(trio.current_time() - start)

    tree = supervisor("root", [worker("rock", Immovable, 60.0, shutdown=1.0, name=rock)])
    async with trio.open_nursery() as nursery, open_runtime(tree, on_zombies=on_zombies):
        nursery.start_soon(_call_and_lose, rock)
        await trio.sleep(0.5)
    assert [process.spec.id for process in left] == ["rock"]
    assert told_at[0] < 5


async def _call_and_lose(rock: Any) -> None:
    with pytest.raises(Down):
        await rock.call("dig in", timeout=1000)


async def test_a_supervisor_over_a_zombie_ends_in_time(autojump_clock: Any) -> None:
    """Its own parent is told when its limit is over, not when the zombie gives up."""
    rock, root = names.name("rock"), names.name("root")
    inner = supervisor("inner", [worker("rock", Immovable, 60.0, shutdown=1.0, name=rock)], name=names.name("inner"))
    async with open_runtime(supervisor("root", [inner], name=root)), trio.open_nursery() as nursery:
        nursery.start_soon(_call_and_lose, rock)
        await trio.sleep(0.5)
        start = trio.current_time()
        await root.call(TerminateChild("inner"), timeout=50)
        assert trio.current_time() - start < 6
        assert names.whereis("inner") is None


class Guard(Actor):
    """Finishes what it is doing before it goes."""

    trap_exit: ClassVar[bool] = True

    def init(self, log: list[str]) -> None:
        self.log = log

    async def handle_cast(self, message: Any) -> None:
        await trio.sleep(2)
        self.log.append("finished")


async def test_trapping_lets_the_callback_at_work_finish(autojump_clock: Any) -> None:
    """An orderly stop waits for it within the limit, and interrupts one that does not trap."""
    log: list[str] = []
    guard = names.name("guard")
    async with running(worker("guard", Guard, log, name=guard)):
        guard.cast("work")
        await trio.sleep(0.1)
    assert log == ["finished"]


async def test_stop_waits_and_tells(autojump_clock: Any) -> None:
    """`Process.stop` is `gen_server:stop`: it waits for the end, and raises what went otherwise."""
    from supervisors import CallTimeout

    async with running(worker("slow", Slow, "slow", [], 3.0, name=names.name("slow"), restart="temporary")):
        process = names.whereis("slow")
        assert process is not None
        with pytest.raises(CallTimeout):
            await process.stop("normal", timeout=1)
        assert await process.wait_ended() == "normal"
        with pytest.raises(NoProc):
            await process.stop()
