"""Partition supervisors: which key goes where, and what becomes of it when they are fewer for a while."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import trio

from supervisors import (
    IGNORE,
    KILL,
    Actor,
    ChildSpec,
    CountChildren,
    NoProc,
    Partitions,
    Registry,
    Resize,
    SpecError,
    StartFailed,
    Supervisor,
    TerminateChild,
    WhichChildren,
    dynamic,
    dynamic_supervisor,
    partition_supervisor,
    worker,
)
from supervisors.testing import Faults, assert_whole, faulty, restarted, running
from tests.supervisors.actors import Echo

names = Registry("partition")
SUP = names.name("sup")


def split(parts: Partitions, count: int = 4, template: ChildSpec | None = None, **options: Any) -> ChildSpec:
    return partition_supervisor("sup", template or worker("p", Echo), parts, count=count, name=SUP, **options)


def up(parts: Partitions) -> list[str]:
    return sorted(process.spec.id for process in parts)


# --- routing


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("key", [0, 1, 2, 3, 7, -1, -7, 4_000_003, 10**30, -(10**30), True])
async def test_whole_numbers_go_by_remainder(count: int, key: int, autojump_clock: Any) -> None:
    """Of what they are without their sign, however large."""
    parts = Partitions("parts")
    async with running(split(parts, count)):
        process = parts.of(key).whereis()
        assert process is not None
        assert process.spec.id == str(abs(key) % count)


@pytest.mark.parametrize("key", ["Coblong", "", b"x", 1.5, None, ("a", 1), frozenset()])
async def test_all_else_goes_by_a_hash(key: Any, autojump_clock: Any) -> None:
    """To one and the same partition each time, whoever asks."""
    parts, others = Partitions("parts"), Partitions("others")
    async with running(split(parts)), running(partition_supervisor("others", worker("p", Echo), others, count=4)):
        assert parts.of(key) == parts.of(key)
        assert parts.of(key).key == others.of(key).key
        assert await parts.of(key).call("hello") == "hello"


def test_the_hash_outlives_the_program() -> None:
    """Python's own differs from run to run: what a partition has stored under its number would not be found again."""
    code = (
        "from supervisors import Partitions; parts = Partitions('p'); parts.count = 1000;"
        "print([parts.of(f'key {n}').key for n in range(5)])"
    )
    runs = [subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True) for _ in range(2)]
    assert runs[0].stdout == runs[1].stdout


@pytest.mark.parametrize("count", [2, 8])
async def test_keys_spread(count: int, autojump_clock: Any) -> None:
    """No partition stays idle or gets twice its share."""
    parts = Partitions("parts")
    async with running(split(parts, count)):
        loads = dict.fromkeys(range(count), 0)
        for number in range(1000):
            loads[parts.of(f"key {number}").key] += 1  # type: ignore[index]
        assert all(500 / count < load < 2000 / count for load in loads.values())


def test_no_key_is_routed_before_there_is_anybody() -> None:
    """An address of nowhere would be no help."""
    with pytest.raises(SpecError, match="'parts' belong to no supervisor yet"):
        Partitions("parts").of(1)


async def test_a_partition_that_is_down_is_not_there(autojump_clock: Any) -> None:
    """Its keys are not given to others, who know nothing of them."""
    parts = Partitions("parts")
    async with running(split(parts)):
        await SUP.call(TerminateChild("1"))
        with pytest.raises(NoProc):
            await parts.of(1).call("hello")
        assert up(parts) == ["0", "2", "3"]


async def test_each_may_know_its_number(autojump_clock: Any) -> None:
    """After the template's own arguments; without the option it gets those only."""

    class Numbered(Actor):
        def init(self, *args: Any) -> None:
            self.args = args

        def handle_call(self, message: Any, sender: Any) -> Any:
            return self.args

    parts, others = Partitions("parts"), Partitions("others")
    template = worker("p", Numbered, "own")
    async with (
        running(split(parts, 3, template, with_number=True)),
        running(partition_supervisor("others", template, others, count=3)),
    ):
        assert [await parts.number(number).call("args") for number in range(3)] == [("own", n) for n in range(3)]
        assert await others.number(1).call("args") == ("own",)


async def test_a_restarted_partition_keeps_its_number(autojump_clock: Any) -> None:
    """Address, id and arguments are as before; the others do not notice."""
    parts = Partitions("parts")
    async with running(split(parts, 3, with_number=True)):
        before = list(parts)
        old = parts.of(1).whereis()
        assert old is not None
        old.exit(KILL)
        new = await restarted(parts.of(1), old)
        assert (new.spec.id, new.args) == ("1", (1,))
        assert [each for each in before if each.alive] == [each for each in before if each is not old]


async def test_partitions_of_supervisors(autojump_clock: Any) -> None:
    """What they are made for in Elixir: several dynamic supervisors, and a child under the one its key says."""
    parts = Partitions("parts")
    children = Registry("children")
    async with running(split(parts, 3, dynamic_supervisor("pool", worker("child", Echo)))):
        for number in range(9):
            await parts.of(number).call(dynamic.StartChild((), children.name(number)))
        for number in range(9):
            child = children.whereis(number)
            assert child is not None
            assert child.parent is parts.of(number).whereis()
        assert (await SUP.call(CountChildren())).supervisors == 3


async def test_a_partition_that_ignores_its_start(autojump_clock: Any) -> None:
    """The others are there without it."""

    class Odd(Actor):
        def init(self, number: int) -> Any:
            return None if number % 2 else IGNORE

    parts = Partitions("parts")
    async with running(split(parts, 4, worker("p", Odd), with_number=True)):
        assert up(parts) == ["1", "3"]
        with pytest.raises(NoProc):
            await parts.of(0).call("hello")


# --- resizing


@pytest.mark.parametrize("sizes", [(4,), (3,), (1,), (1, 4), (3, 2, 1), (2, 3, 4), (2, 2), (1, 3, 2, 4)])
async def test_resizing(sizes: tuple[int, ...], autojump_clock: Any) -> None:
    """Those beyond are stopped, those wanted again are started, the others are left in peace."""
    parts = Partitions("parts")
    async with running(split(parts)) as runtime:
        for size in sizes:
            before = list(parts)
            assert await SUP.call(Resize(size)) == size
            after = list(parts)
            assert up(parts) == [str(number) for number in range(size)]
            assert [each for each in before if int(each.spec.id) < size] == [each for each in after if each in before]
            assert {parts.of(number).key for number in range(100)} == set(range(size))
            assert len(await SUP.call(WhichChildren())) == 4
            assert_whole(runtime)


@pytest.mark.parametrize("wrong", [0, -1, 5, 1.5, "2", None, True, [2]])
async def test_sizes_that_can_not_be(wrong: Any, autojump_clock: Any) -> None:
    """Refused with what was got, and nothing changes."""
    parts = Partitions("parts")
    async with running(split(parts)):
        sup, before = SUP.whereis(), list(parts)
        with pytest.raises(SpecError, match=r"partitions: expected 1 to 4, got ") as caught:
            await SUP.call(Resize(wrong))
        assert repr(wrong) in str(caught.value)
        assert SUP.whereis() is sup
        assert list(parts) == before
        assert parts.count == 4


async def test_a_partition_that_does_not_come_back(autojump_clock: Any) -> None:
    """The caller learns why; keys go on to those that were there, and it may be tried again."""
    parts = Partitions("parts")
    faults = Faults()
    async with running(split(parts, 4, faulty(worker("p", Echo), faults), intensity=0)):
        await SUP.call(Resize(2))
        faults.failing_starts = 1
        with pytest.raises(StartFailed, match="child 2 failed"):
            await SUP.call(Resize(4))
        assert parts.count == 2
        assert await parts.of(3).call("hello") == "hello"
        assert await SUP.call(Resize(4)) == 4
        assert up(parts) == ["0", "1", "2", "3"]


async def test_a_new_supervisor_has_its_first_size(autojump_clock: Any) -> None:
    """What it was resized to is forgotten with the process that was."""
    parts = Partitions("parts")
    async with running(split(parts)):
        await SUP.call(Resize(2))
        sup = SUP.whereis()
        assert sup is not None
        sup.exit(KILL)
        await restarted(SUP, sup)
        assert parts.count == 4
        assert up(parts) == ["0", "1", "2", "3"]


async def test_a_stopped_partition_stays_down_when_its_neighbour_crashes(autojump_clock: Any) -> None:
    """Resized away is terminated, not crashed."""
    parts = Partitions("parts")
    async with running(split(parts)):
        await SUP.call(Resize(2))
        old = parts.of(1).whereis()
        assert old is not None
        old.exit(KILL)
        await trio.sleep(1)
        assert up(parts) == ["0", "1"]


async def test_it_is_a_supervisor_as_any(autojump_clock: Any) -> None:
    """It lists and counts its partitions by their numbers as ids."""
    parts = Partitions("parts")
    async with running(split(parts, 3)):
        assert [info.id for info in await SUP.call(WhichChildren())] == ["0", "1", "2"]
        assert (await SUP.call(CountChildren())).active == 3
        sup = SUP.whereis()
        assert sup is not None
        assert isinstance(sup.actor, Supervisor)
