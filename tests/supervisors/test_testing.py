"""The testing kit: time that does not pass, order that repeats, faults on demand."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from supervisors import Down, Registry, SpecError, StartFailed, open_runtime, supervisor, task, worker
from supervisors.testing import Faults, InjectedFault, assert_whole, faulty, restarted, run_fast, running
from tests.supervisors.actors import Echo

names = Registry("testing")
ECHO = names.name("echo")


def test_three_days_are_nothing() -> None:
    """Waits are jumped over, and the time they would have taken has passed."""

    async def main(days: int) -> float:
        began = trio.current_time()
        await trio.sleep(days * 86_400)
        return trio.current_time() - began

    assert run_fast(main, 3) == 3 * 86_400


async def race() -> list[int]:
    order: list[int] = []

    async def runner(number: int) -> None:
        for _ in range(20):
            await trio.sleep(0)
            order.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(runner, number)
    return order


def test_a_seed_fixes_the_order() -> None:
    """The same seed gives the same interleaving, and among a few seeds there are different ones."""
    orders = [run_fast(race, seed=seed) for seed in range(6)]
    assert orders == [run_fast(race, seed=seed) for seed in range(6)]
    assert len({tuple(order) for order in orders}) > 1


def test_a_trio_that_can_not_be_seeded_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the private names go, a seed is refused, and a run without one goes on."""
    from trio._core import _run

    monkeypatch.delattr(_run, "_ALLOW_DETERMINISTIC_SCHEDULING")
    with pytest.raises(RuntimeError, match="can not be seeded"):
        run_fast(race, seed=1)


async def test_starts_that_fail_so_often(autojump_clock: Any) -> None:
    """Each failure is counted down; then it starts."""
    faults = Faults(failing_starts=1)
    with pytest.raises(StartFailed) as caught:
        async with running(faulty(worker("echo", Echo), faults)):
            pytest.fail("it must not start")
    assert isinstance(caught.value.root_cause(), InjectedFault)
    async with running(faulty(worker("echo", Echo, name=ECHO), faults)):
        assert await ECHO.call("hello") == "hello"
    assert faults.starts == 2


async def test_a_crash_over_the_nth_message(autojump_clock: Any) -> None:
    """Messages are counted over all lives, so it crashes once."""
    faults = Faults(crash_at=2)
    async with running(faulty(worker("echo", Echo, name=ECHO), faults)):
        old = ECHO.whereis()
        assert old is not None
        assert await ECHO.call(1) == 1
        with pytest.raises(Down) as caught:
            await ECHO.call(2)
        assert isinstance(caught.value.reason, InjectedFault)
        new = await restarted(ECHO, old)
        assert await new.call(3) == 3


async def test_a_message_that_is_never_finished(autojump_clock: Any) -> None:
    """The actor hangs, and can be killed."""
    faults = Faults(hang_at=1)
    async with running(faulty(worker("echo", Echo, name=ECHO), faults)):
        old = ECHO.whereis()
        assert old is not None
        ECHO.cast("hang")
        await trio.sleep(100)
        assert old.busy
        old.exit("kill")
        assert await (await restarted(ECHO, old)).call("hello") == "hello"


async def test_a_cleanup_that_fails(autojump_clock: Any) -> None:
    """The exit reason is the fault."""
    faults = Faults(failing_cleanup=True)
    async with running(faulty(worker("echo", Echo, name=ECHO, restart="temporary"), faults)):
        process = ECHO.whereis()
        assert process is not None
        process.shut_down()
        assert isinstance(await process.wait_ended(), InjectedFault)


def test_only_actors_can_be_faulty() -> None:
    """Neither a task nor a supervisor."""

    async def body(started: Any) -> None:
        started()

    for spec in (task("body", body), supervisor("s", [])):
        with pytest.raises(SpecError, match="expected an actor"):
            faulty(spec, Faults())


async def test_wholeness(autojump_clock: Any) -> None:
    """A healthy tree is whole; a task that is nobody's shows."""
    async with open_runtime(supervisor("root", [worker("echo", Echo), supervisor("inner", [])])) as runtime:
        await trio.testing.wait_all_tasks_blocked()
        assert_whole(runtime)
        nursery = runtime.root.actor.nursery  # type: ignore[attr-defined]
        nursery.start_soon(trio.sleep, 10)
        with pytest.raises(AssertionError, match="1 are nobody's"):
            assert_whole(runtime)


async def test_restarted_waits_for_the_next_holder(autojump_clock: Any) -> None:
    """And gives up in time."""
    async with running(worker("echo", Echo, name=ECHO, restart="temporary")):
        old = ECHO.whereis()
        assert old is not None
        with pytest.raises(trio.TooSlowError):
            await restarted(ECHO, old, within=1)
