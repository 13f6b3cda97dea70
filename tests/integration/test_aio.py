"""The door to asyncio: results, errors, deadlines and cancellation cross it, and a hung loop is replaced."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import trio

from jagawarga.errors import Unavailable
from jagawarga.plumbing import aio
from jagawarga.plumbing.aio import AioActor, AioDoor
from supervisors import Registry, worker
from supervisors.testing import restarted, running

NAME = Registry("test").name("aio")


async def test_results_and_errors_cross() -> None:
    """A coroutine's result or its very error comes back."""
    door = AioDoor()

    async def divide(a: int, b: int) -> float:
        await asyncio.sleep(0)
        return a / b

    async with running(worker("aio", AioActor, door)):
        assert await door.run(divide, 6, 3) == 2
        with pytest.raises(ZeroDivisionError):
            await door.run(divide, 1, 0)
    with pytest.raises(Unavailable):
        await door.run(divide, 6, 3)


@pytest.mark.parametrize("how", ["deadline", "cancellation"])
async def test_the_coroutine_has_unwound(how: str) -> None:
    """When a crossing ends early its coroutine has been cancelled and has cleaned up."""
    door = AioDoor()
    steps: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0.05)
            steps.append("clean")

    async with running(worker("aio", AioActor, door)):
        if how == "deadline":
            with pytest.raises(Unavailable):
                await door.run(work, deadline=0.05)
        else:
            with trio.move_on_after(0.05):
                await door.run(work)
        assert steps == ["clean"]


async def test_a_killed_loop_frees_its_callers() -> None:
    """When the owner of the loop is killed, crossings under way end at once and new ones work again."""
    door = AioDoor()
    async with running(worker("aio", AioActor, door, name=NAME)):
        old = NAME.whereis()
        assert old is not None

        async def wait() -> None:
            with pytest.raises(Unavailable):
                await door.run(asyncio.sleep, 60, deadline=60)

        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(wait)
                await trio.sleep(0.05)
                old.exit("kill")
            await restarted(NAME, old)
            assert await door.run(asyncio.sleep, 0, deadline=1) is None


async def test_a_hung_loop_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that no longer answers crashes its owner, and a new one takes over behind the same door."""
    monkeypatch.setattr(aio, "HEARTBEAT_EVERY", 0.05)
    monkeypatch.setattr(aio, "HEARTBEAT_LIMIT", 0.2)
    monkeypatch.setattr(aio, "UNWIND_SECONDS", 0.1)
    door = AioDoor()

    async def hang() -> None:
        time.sleep(2)

    async with running(worker("aio", AioActor, door, name=NAME)):
        old = NAME.whereis()
        assert old is not None
        with pytest.raises(Unavailable):
            await door.run(hang, deadline=0.1)
        await restarted(NAME, old)
        assert await door.run(asyncio.sleep, 0, deadline=1) is None


async def test_many_crossings_at_once() -> None:
    """A thousand crossings, a third of them cancelled, all settle."""
    door = AioDoor()
    settled: list[Any] = []

    async def work(number: int) -> int:
        await asyncio.sleep(number % 7 / 1000)
        return number

    async def cross(number: int) -> None:
        with trio.move_on_after(0.002 if number % 3 == 0 else 10):
            settled.append(await door.run(work, number))

    async with running(worker("aio", AioActor, door)):
        async with trio.open_nursery() as nursery:
            for number in range(1000):
                nursery.start_soon(cross, number)
        assert {number for number in range(1000) if number % 3} <= set(settled)
