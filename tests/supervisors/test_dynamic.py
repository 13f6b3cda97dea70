"""Dynamic supervisors: many like children, restarted one by one, stopped all at once."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from supervisors import (
    Actor,
    AlreadyStarted,
    Backoff,
    MaxChildren,
    Registry,
    dynamic_supervisor,
    open_runtime,
    supervisor,
    worker,
)
from supervisors.dynamic import StartChild
from supervisors.testing import restarted, running
from tests.supervisors.actors import Echo

reports = Registry("reports")
pool = Registry("pool").name("pool")


class SlowStart(Actor):
    """Takes a second to start, or fails."""

    async def init(self, label: str) -> None:
        await trio.sleep(1)
        if label == "bad":
            msg = "no"
            raise RuntimeError(msg)

    def handle_call(self, message: Any, sender: Any) -> Any:
        return message


async def test_children_have_their_own_arguments(autojump_clock: Any) -> None:
    """Arguments are appended to the template's, and survive a restart, as does the name."""
    spec = dynamic_supervisor("pool", worker("child", Echo, restart="transient"), intensity=10, name=pool)
    async with running(spec):
        process = await pool.call(StartChild(("one",), reports.name(1)))
        assert process.actor.label == "one"
        process.cast("crash")
        again = await restarted(reports.name(1), process)
        assert again.actor.label == "one"  # type: ignore[attr-defined]
        assert again.restarts == 1
        again.cast(("stop", "normal"))
        await trio.sleep(1)
        assert reports.whereis(1) is None


async def test_limits_and_names(autojump_clock: Any) -> None:
    """Neither more than max_children, nor two of one name."""
    async with running(dynamic_supervisor("pool", worker("child", Echo), max_children=2, name=pool)):
        await pool.call(StartChild(("a",), reports.name(1)))
        with pytest.raises(AlreadyStarted):
            await pool.call(StartChild(("b",), reports.name(1)))
        await pool.call(StartChild(("c",)))
        with pytest.raises(MaxChildren):
            await pool.call(StartChild(("d",)))


async def test_slow_starts_do_not_queue(autojump_clock: Any) -> None:
    """Children with a coroutine init start side by side; a failing one is its starter's business alone."""
    async with running(dynamic_supervisor("pool", worker("child", SlowStart), name=pool)):
        start = trio.current_time()
        failures: list[BaseException] = []

        async def begin(label: str) -> None:
            try:
                await pool.call(StartChild((label,)))
            except RuntimeError as error:
                failures.append(error)

        async with trio.open_nursery() as nursery:
            for label in ("a", "b", "bad", "c"):
                nursery.start_soon(begin, label)
        assert trio.current_time() - start == pytest.approx(1)
        assert len(failures) == 1
        holder = pool.whereis()
        assert holder is not None
        assert len(holder.actor.processes) == 3  # type: ignore[attr-defined]


async def test_mass_kill_and_stop(autojump_clock: Any) -> None:
    """A thousand children killed at once are all back; all stop with their supervisor."""
    spec = dynamic_supervisor("pool", worker("child", Echo), intensity=10_000, name=pool)
    async with open_runtime(supervisor("root", [spec])):
        holder = pool.whereis()
        assert holder is not None
        for number in range(1000):
            holder.actor.start_child_nowait(str(number), name=reports.name(number))  # type: ignore[attr-defined]
        old = set(holder.actor.processes)  # type: ignore[attr-defined]
        for process in old:
            process.exit("kill")
        await trio.sleep(1)
        new = set(holder.actor.processes)  # type: ignore[attr-defined]
        assert len(new) == 1000
        assert not new & old
        assert len(reports) == 1000
    assert len(reports) == 0
    assert not any(process.alive for process in new)


async def test_backoff(autojump_clock: Any) -> None:
    """With a back-off a child that crashes again and again is restarted ever more slowly, and others are unharmed."""
    spec = dynamic_supervisor(
        "pool", worker("child", Echo, backoff=Backoff(1.0, 30.0)), intensity=20, period=5, name=pool
    )
    async with running(spec):
        poison = reports.name("poison")
        await pool.call(StartChild(("poison",), poison))
        healthy = await pool.call(StartChild(("healthy",), reports.name("healthy")))
        starts = 0
        end = trio.current_time() + 120
        while trio.current_time() < end:
            process = poison.whereis()
            if process is not None:
                starts += 1
                process.cast("crash")
            await trio.sleep(0.25)
        assert 5 <= starts <= 15
        assert reports.whereis("healthy") is healthy
