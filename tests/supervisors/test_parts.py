"""Partition supervisors route by key; task supervisors give results."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from supervisors import (
    CallTimeout,
    Down,
    MaxChildren,
    NoProc,
    Partitions,
    Registry,
    Resize,
    SpecError,
    WhichChildren,
    partition_supervisor,
    start_task,
    stream_tasks,
    task_supervisor,
    worker,
)
from supervisors.testing import restarted, running
from tests.supervisors.actors import Echo

names = Registry("parts")
SUP = names.name("sup")
JOBS = names.name("jobs")


async def test_a_key_always_finds_its_partition(autojump_clock: Any) -> None:
    """Whole numbers by remainder, all else by a hash that is the same tomorrow."""
    parts = Partitions("parts")
    async with running(partition_supervisor("sup", worker("p", Echo), parts, count=4, with_number=True)):
        for key in (0, 7, -7, 4_000_003):
            process = parts.of(key).whereis()
            assert process is not None
            assert process.spec.id == str(abs(key) % 4)
            assert process.args == (abs(key) % 4,)
        for other in ("Coblong", ("a", 1), b"x"):
            assert parts.of(other) == parts.of(other)
        assert len(list(parts)) == 4
        used = {parts.of(f"key {number}").key for number in range(100)}
        assert used == {0, 1, 2, 3}


async def test_a_partition_that_dies_is_replaced_alone(autojump_clock: Any) -> None:
    """The others do not notice."""
    parts = Partitions("parts")
    async with running(partition_supervisor("sup", worker("p", Echo), parts, count=3)):
        before = list(parts)
        old = parts.of(1).whereis()
        assert old is not None
        old.exit("kill")
        new = await restarted(parts.of(1), old)
        assert [process for process in parts if process not in before] == [new]


async def test_resizing(autojump_clock: Any) -> None:
    """Down, and up again to what it was made with; never beyond."""
    parts = Partitions("parts")
    async with running(partition_supervisor("sup", worker("p", Echo), parts, count=4, name=SUP)):
        assert await SUP.call(Resize(2)) == 2
        assert len(list(parts)) == 2
        assert parts.of(3).key == 1
        assert await SUP.call(Resize(4)) == 4
        assert len(list(parts)) == 4
        assert await parts.of(3).call("hello") == "hello"
        for wrong in (0, 5):
            with pytest.raises(SpecError, match=f"got {wrong}"):
                await SUP.call(Resize(wrong))


def test_wrong_partitions() -> None:
    """Refused where they are made; and no key is routed before there is anybody."""
    parts = Partitions("parts")
    with pytest.raises(SpecError, match=r"count of 'sup'.*0"):
        partition_supervisor("sup", worker("p", Echo), parts, count=0)
    with pytest.raises(SpecError, match="template of 'sup'"):
        partition_supervisor("sup", worker("p", Echo, name=SUP), parts)
    with pytest.raises(SpecError, match="no supervisor yet"):
        parts.of(1)


async def double(number: int, seconds: float = 1.0) -> int:
    await trio.sleep(seconds)
    return 2 * number


async def fail() -> None:
    await trio.sleep(1)
    msg = "told to"
    raise ValueError(msg)


async def test_a_task_gives_its_result(autojump_clock: Any) -> None:
    """To whoever waits for it, as often as it is asked for."""
    async with running(task_supervisor("jobs", name=JOBS)):
        job = start_task(JOBS, double, 21)
        assert await job.result() == 42
        assert await job.result() == 42
        assert job.process.exit_reason == "normal"


async def test_a_task_that_fails_tells_who_waits(autojump_clock: Any) -> None:
    """And nobody else: it is not restarted, and its supervisor lives on."""
    async with running(task_supervisor("jobs", name=JOBS)):
        job = start_task(JOBS, fail)
        with pytest.raises(Down) as caught:
            await job.result()
        assert isinstance(caught.value.reason, ValueError)
        assert isinstance(caught.value.__cause__, ValueError)
        assert await start_task(JOBS, double, 1).result() == 2


async def test_a_result_has_a_deadline_and_the_task_goes_on(autojump_clock: Any) -> None:
    """`CallTimeout`, and later the result all the same; `shutdown` ends it."""
    async with running(task_supervisor("jobs", name=JOBS)):
        job = start_task(JOBS, double, 1, 10.0)
        with pytest.raises(CallTimeout):
            await job.result(timeout=1)
        assert await job.result() == 2
        job = start_task(JOBS, double, 1, 10.0)
        await trio.sleep(1)
        await job.shutdown()
        await job.shutdown()
        with pytest.raises(Down):
            await job.result()
        assert job.process.exit_reason == "shutdown"


async def test_owner_and_task_share_their_fate(autojump_clock: Any) -> None:
    """Linked both ways."""
    owner = names.name("owner")
    async with running(task_supervisor("jobs", name=JOBS), worker("owner", Echo, name=owner, restart="temporary")):
        process = owner.whereis()
        assert process is not None
        job = start_task(JOBS, double, 1, 100.0, owner=process)
        process.exit("boom")
        await trio.sleep(0.1)
        assert job.process.exit_reason == "boom"
    async with running(task_supervisor("jobs", name=JOBS), worker("owner", Echo, name=owner, restart="temporary")):
        process = owner.whereis()
        assert process is not None
        start_task(JOBS, fail, owner=process)
        await trio.sleep(2)
        assert isinstance(process.exit_reason, ValueError)


async def test_limits_of_a_task_supervisor(autojump_clock: Any) -> None:
    """Neither beyond max_children, nor without a supervisor."""
    with pytest.raises(NoProc):
        start_task(JOBS, double, 1)
    async with running(task_supervisor("jobs", max_children=1, name=JOBS)):
        start_task(JOBS, double, 1)
        with pytest.raises(MaxChildren):
            start_task(JOBS, double, 1)


@pytest.mark.parametrize("ordered", [True, False])
async def test_a_stream_of_tasks(ordered: bool, autojump_clock: Any) -> None:
    """So many at once; results in the order of the items, or as they come."""
    at_work = most = 0

    async def work(seconds: int) -> int:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await trio.sleep(seconds)
        at_work -= 1
        return seconds

    items = [5, 1, 4, 2, 3]
    async with running(task_supervisor("jobs", name=JOBS)):
        start = trio.current_time()
        async with stream_tasks(JOBS, work, items, max_concurrency=2, ordered=ordered) as results:
            got = [each async for each in results]
        assert got == (items if ordered else [1, 5, 4, 2, 3]) or (not ordered and sorted(got) == sorted(items))
        assert most == 2
        assert trio.current_time() - start < sum(items)


async def test_leaving_a_stream_early_stops_its_tasks(autojump_clock: Any) -> None:
    """Also when one of them fails or is too slow."""
    async with running(task_supervisor("jobs", name=JOBS)):
        async with stream_tasks(JOBS, double, range(10), max_concurrency=4) as results:
            async for _ in results:
                break
        await trio.sleep(0.1)
        assert not await JOBS.call(WhichChildren())
        with pytest.raises(CallTimeout):
            async with stream_tasks(JOBS, lambda n: double(n, 100.0), range(10), timeout=1) as results:
                async for _ in results:
                    pytest.fail("nothing is that quick")
        await trio.sleep(0.1)
        assert not await JOBS.call(WhichChildren())
