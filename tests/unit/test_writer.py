"""Group commit: batches, refusals, the end of the writer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import trio
import trio.testing

from jagawarga.errors import Corrupt, Unavailable
from jagawarga.plumbing.writer import BATCH, GroupCommit, commit
from supervisors import Registry, worker
from supervisors.testing import running

WRITER = Registry("test").name("writer")


class Disk:
    """Takes its time to write a batch; refuses some commands, or everything."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.bad: set[int] = set()
        self.down = False
        self.seconds = 1.0

    async def write(self, batch: Sequence[int]) -> list[int]:
        await trio.sleep(self.seconds)
        if self.down:
            msg = "down"
            raise Unavailable(msg, retry_after=7)
        if self.bad.intersection(batch):
            msg = "refused"
            raise Corrupt(msg)
        self.batches.append(list(batch))
        return [-each for each in batch]


@pytest.fixture
def disk() -> Disk:
    return Disk()


async def everyone(commands: Sequence[int]) -> dict[int, Any]:
    """Commit all at once; answer or error of each."""
    answers: dict[int, Any] = {}

    async def one(command: int) -> None:
        try:
            answers[command] = await commit(WRITER, command)
        except Exception as error:
            answers[command] = error

    async with trio.open_nursery() as nursery:
        for command in commands:
            nursery.start_soon(one, command)
    return answers


async def test_what_waits_goes_together(disk: Disk, autojump_clock: Any) -> None:
    """A lone command goes at once; those that queue meanwhile share the next write, each with its own answer."""
    async with running(worker("writer", GroupCommit, disk.write, name=WRITER)), trio.open_nursery() as nursery:
        nursery.start_soon(everyone, [0])
        await trio.sleep(0.5)
        assert await everyone(range(1, 101)) == {each: -each for each in range(1, 101)}
        assert disk.batches[0] == [0]
        assert sorted(disk.batches[1]) == list(range(1, 101))


async def test_batches_have_a_limit(disk: Disk, autojump_clock: Any) -> None:
    """A statement stays bounded however many wait."""
    async with running(worker("writer", GroupCommit, disk.write, name=WRITER)):
        await everyone(range(BATCH * 2 + 10))
        assert all(len(each) <= BATCH for each in disk.batches)
        assert sum(map(len, disk.batches)) == BATCH * 2 + 10


async def test_a_bad_command_fails_alone(disk: Disk, autojump_clock: Any) -> None:
    """Its neighbours are written, and its caller alone gets the error."""
    disk.bad = {13, 77}
    disk.seconds = 0.1
    async with running(worker("writer", GroupCommit, disk.write, name=WRITER)):
        answers = await everyone(range(100))
    assert {each for each, answer in answers.items() if isinstance(answer, Corrupt)} == {13, 77}
    assert all(answers[each] == -each for each in range(100) if each not in disk.bad)


async def test_down_is_told_to_all(disk: Disk, autojump_clock: Any) -> None:
    """While the database is away everybody is told so at once, and nothing is tried one by one."""
    disk.down = True
    async with running(worker("writer", GroupCommit, disk.write, name=WRITER)):
        answers = await everyone(range(10))
        assert {type(each) for each in answers.values()} == {Unavailable}
        assert {each.retry_after for each in answers.values()} == {7}
        assert trio.current_time() < 100


async def test_the_queue_is_bounded(disk: Disk, autojump_clock: Any) -> None:
    """Beyond the limit callers are refused at once and the others are served."""
    async with running(worker("writer", GroupCommit, disk.write, name=WRITER)):
        answers = await everyone(range(GroupCommit.mailbox_limit + 300))
        refused = [each for each in answers.values() if isinstance(each, Unavailable)]
        assert 0 < len(refused) <= 300


async def test_killed_in_the_middle(disk: Disk, autojump_clock: Any) -> None:
    """Callers learn at once, those of the batch at work and those in the queue; the next writer serves."""
    async with running(worker("writer", GroupCommit, disk.write, name=WRITER)), trio.open_nursery() as nursery:
        answers: dict[int, Any] = {}

        async def collect(commands: range) -> None:
            answers.update(await everyone(commands))

        nursery.start_soon(collect, range(50))
        await trio.sleep(0.5)
        nursery.start_soon(collect, range(50, 100))
        await trio.sleep(0.1)
        start = trio.current_time()
        process = WRITER.whereis()
        assert process is not None
        process.exit("kill")
        await trio.testing.wait_all_tasks_blocked()
        assert trio.current_time() == start
        assert len(answers) == 100
        assert {type(each) for each in answers.values()} == {Unavailable}
        assert await everyone([5]) == {5: -5}


async def test_an_orderly_stop_finishes_the_batch(disk: Disk, autojump_clock: Any) -> None:
    """Who is being written when the writer is stopped gets the answer."""
    async with trio.open_nursery() as nursery, running(worker("writer", GroupCommit, disk.write, name=WRITER)):
        nursery.start_soon(everyone, [1, 2, 3])
        await trio.sleep(0.5)
    assert sorted(disk.batches[0]) == [1, 2, 3]
