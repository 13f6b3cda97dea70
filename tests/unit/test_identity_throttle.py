"""Guessing passwords gets slow, for known and unknown logins alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio

from jagawarga.identity import actor
from jagawarga.identity.actor import FORGET_AFTER, FREE_FAILURES, LONGEST_WAIT, MayTry, Throttle, Tried
from supervisors import Name, Registry, worker
from supervisors.testing import running

ONE, OTHER = b"1" * 32, b"2" * 32


@asynccontextmanager
async def throttle() -> AsyncIterator[Name]:
    name = Registry("test").name("throttle")
    async with running(worker("throttle", Throttle, name=name)):
        yield name


async def fail(name: Name, login: bytes) -> float:
    wait: float = await name.call(MayTry(login), 1.0)
    if wait == 0:
        name.cast(Tried(login, success=False))
    return wait


async def test_waits_double(autojump_clock: Any) -> None:
    """Five tries are free; then 2, 4, 8 … seconds, never more than five minutes."""
    async with throttle() as name:
        assert [await fail(name, ONE) for _ in range(FREE_FAILURES)] == [0.0] * FREE_FAILURES
        waits = []
        for _ in range(10):
            waits.append(await fail(name, ONE))
            await trio.sleep(waits[-1] + 0.001)
            assert await fail(name, ONE) == 0.0
        assert [round(each) for each in waits] == [2, 4, 8, 16, 32, 64, 128, 256, LONGEST_WAIT, LONGEST_WAIT]


async def test_logins_are_apart(autojump_clock: Any) -> None:
    """One login's failures cost another nothing."""
    async with throttle() as name:
        for _ in range(FREE_FAILURES + 1):
            await fail(name, ONE)
        assert await fail(name, ONE) > 0
        assert await fail(name, OTHER) == 0.0


async def test_tries_at_once_are_counted_at_once(autojump_clock: Any) -> None:
    """Who asks a hundred times before the first answer gets five tries, not a hundred."""
    async with throttle() as name:
        waits = [await name.call(MayTry(ONE), 1.0) for _ in range(100)]
        assert waits.count(0.0) == FREE_FAILURES


async def test_success_forgets(autojump_clock: Any) -> None:
    """The right password clears the account."""
    async with throttle() as name:
        for _ in range(FREE_FAILURES - 1):
            await fail(name, ONE)
        assert await name.call(MayTry(ONE), 1.0) == 0.0
        name.cast(Tried(ONE, success=True))
        assert [await fail(name, ONE) for _ in range(FREE_FAILURES)] == [0.0] * FREE_FAILURES


async def test_no_end_is_no_failure(autojump_clock: Any) -> None:
    """While the database is out of reach nobody is locked out."""
    async with throttle() as name:
        for _ in range(20):
            assert await name.call(MayTry(ONE), 1.0) == 0.0
            name.cast(Tried(ONE, success=None))


async def test_a_failure_nobody_asked_for_counts(autojump_clock: Any) -> None:
    """A try allowed before the actor's restart is a failure after it all the same."""
    async with throttle() as name:
        name.cast(Tried(ONE, success=False))
        assert [await fail(name, ONE) for _ in range(FREE_FAILURES)].count(0.0) == FREE_FAILURES - 1


async def test_time_forgets(autojump_clock: Any) -> None:
    """After a quarter of an hour of peace the count begins anew."""
    async with throttle() as name:
        for _ in range(FREE_FAILURES):
            await fail(name, ONE)
        await trio.sleep(FORGET_AFTER + 1)
        assert [await fail(name, ONE) for _ in range(FREE_FAILURES)] == [0.0] * FREE_FAILURES


async def test_memory_is_bounded(autojump_clock: Any, monkeypatch: Any) -> None:
    """However many logins are tried, the table keeps the latest; it says how many, never which."""
    monkeypatch.setattr(actor, "MOST_ENTRIES", 10)
    throttled = Throttle()
    throttled.init()
    for number in range(50):
        throttled.handle_call(MayTry(bytes([number])), None)  # type: ignore[arg-type]
    assert throttled.describe() == {"failing_logins": 10}
