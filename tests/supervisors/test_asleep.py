"""Children that begin asleep: a record from the start, and as good as started for whoever deals with them."""

from __future__ import annotations

import gc
import marshal
from typing import Any
from uuid import UUID

import pytest
import trio

from supervisors import (
    KILL,
    Actor,
    AlreadyStarted,
    Name,
    NoProc,
    Registry,
    Runtime,
    dynamic_supervisor,
    snapshot,
    supervisor,
    worker,
)
from supervisors.dynamic import DynamicSupervisor, MaxChildren
from supervisors.packer import MINUTE
from supervisors.testing import restarted, running

TOP = Registry("asleep-top").name("top")


class Report(Actor):
    """Knows a number; says how it came by it."""

    def init(self, log: list[Any], key: Any = None, *more: Any) -> None:
        self.log, self.key, self.more, self.n = log, key, more, -1
        log.append("init")

    def pack(self) -> Any:
        return self.n

    def unpack(self, state: Any) -> None:
        self.log, self.key, *more = self.process.args
        self.more, self.n = tuple(more), 10 // state

    def handle_call(self, message: Any, sender: Any) -> Any:
        return (self.key, self.more, self.n)

    def handle_cast(self, message: Any) -> None:
        self.n = message

    def handle_info(self, message: Any) -> None:
        self.log.append((message, trio.current_time()))


class Plain(Actor):
    """Does not say what its state comes to."""


class Holder:
    """A supervisor of reports and the names they have."""

    def __init__(self, log: list[Any], actor: type[Actor] = Report, **options: Any) -> None:
        self.log = log
        self.names = Registry("asleep")
        self.spec = dynamic_supervisor("top", worker("report", actor, log), name=TOP, **options)

    @property
    def top(self) -> DynamicSupervisor:
        process = TOP.whereis()
        assert process is not None
        assert isinstance(process.actor, DynamicSupervisor)
        return process.actor

    def lay_down(self, key: Any, state: Any = 2, *more: Any, after: float | None = None) -> Name:
        name = self.names.name(key)
        timers = () if after is None else ((after, "due"),)
        self.top.start_asleep(key, *more, name=name, state=state, timers=timers)
        return name


@pytest.fixture
def holder() -> Holder:
    return Holder([])


async def test_it_is_there_and_costs_no_process(holder: Holder, autojump_clock: Any) -> None:
    """It has its name and is counted, but neither task nor instance; its `init` is not run."""
    async with running(holder.spec):
        holder.lay_down("a")
        assert "a" in holder.names
        assert holder.names.is_dormant("a")
        assert (holder.top.size(), len(holder.top.processes), len(holder.top.nursery.child_tasks)) == (1, 0, 0)
        assert holder.log == []


async def test_a_message_finds_it_as_if_it_had_hibernated(holder: Holder, autojump_clock: Any) -> None:
    """The state is what `unpack` makes of it, the arguments are the template's and its own."""
    async with running(holder.spec):
        key = object()
        assert await holder.lay_down("a").call("?") == ("a", (), 5)
        assert await holder.lay_down("b", 1, "more", 7).call("?") == ("b", ("more", 7), 10)
        assert await holder.lay_down(key).call("?") == (key, (), 5)
        assert await holder.lay_down((key, 1), 5, key).call("?") == ((key, 1), (key,), 2)
        assert holder.log == []


@pytest.mark.parametrize("key", ["a", 7, UUID(int=7)])
async def test_an_operator_finds_it_by_its_name(holder: Holder, key: Any, autojump_clock: Any) -> None:
    """By the name alone as by the whole path, asleep among others; one that is not there is not found."""
    async with running(holder.spec) as runtime:
        assert isinstance(runtime, Runtime)
        for other in ("b", 8, UUID(int=8)):
            holder.lay_down(other)
        holder.lay_down(key)
        path, process = snapshot.find(runtime, str(key))
        assert (path.rsplit("/", 2)[-2:], process.state) == (["top", str(key)], "hibernated")
        assert snapshot.find(runtime, path) == (path, process)
        with pytest.raises(snapshot.UnknownActor):
            snapshot.find(runtime, "c")


@pytest.mark.parametrize("after", [0.0, 0.4, 1.5, 40.0, 97.3, 3 * MINUTE + 0.01, 86_400.5, 30 * 86_400.0])
async def test_its_timer_wakes_it_in_time(holder: Holder, after: float, autojump_clock: Any) -> None:
    """A timer is delivered at its own time, however far away, and not twice."""
    async with running(holder.spec):
        await trio.sleep(0.37)
        due = trio.current_time() + after
        holder.lay_down("a", after=after)
        await trio.sleep(after + 2 * MINUTE)
        (told,) = holder.log
        assert told == ("due", pytest.approx(due, abs=0.05))


async def test_many_deadlines_share_their_lists(holder: Holder, autojump_clock: Any) -> None:
    """The wheel holds a timer for each minute to come, not for each sleeper, and all of them are woken."""
    async with running(holder.spec) as runtime:
        assert isinstance(runtime, Runtime)
        for number in range(2_000):
            holder.lay_down(number, after=number * 0.5)
        assert len(runtime.wheel) < 1_000 / MINUTE + 2 * MINUTE + 10
        await trio.sleep(1_001)
        assert len(holder.log) == 2_000


async def test_a_later_deadline_of_its_own_holds(holder: Holder, autojump_clock: Any) -> None:
    """Woken meanwhile and given another timer, it hears of both, each at its time."""
    async with running(holder.spec):
        began = trio.current_time()
        process = holder.lay_down("a", after=500).whereis()
        assert process is not None
        process.send_after(900, "later")
        await trio.sleep(1_000)
        assert [(what, round(at - began)) for what, at in holder.log] == [("due", 500), ("later", 900)]


async def test_a_crash_restarts_it_with_its_init(holder: Holder, autojump_clock: Any) -> None:
    """Once awake it is a child like any other."""
    async with running(holder.spec):
        name = holder.lay_down("a")
        process = name.whereis()
        assert process is not None
        process.exit("broken")
        await restarted(name, process)
        assert await name.call("?") == ("a", (), -1)
        assert holder.log == ["init"]


async def test_a_state_that_can_not_be_unpacked_is_a_crash(holder: Holder, autojump_clock: Any) -> None:
    """What comes in its place has run its `init`."""
    async with running(holder.spec):
        name = holder.lay_down("a", 0)
        with pytest.raises(NoProc):
            await name.call("?")
        assert await name.call("?", across_restart=True) == ("a", (), -1)


async def test_refusals(holder: Holder, autojump_clock: Any) -> None:
    """A taken name, one child too many, a state of more than plain values, a class that does not pack."""
    few = Holder([], max_children=1)
    async with running(holder.spec):
        holder.lay_down("a")
        with pytest.raises(AlreadyStarted):
            holder.lay_down("a")
        with pytest.raises(ValueError, match="plain values"):
            holder.lay_down("b", object())
        assert ("b" in holder.names, holder.top.size()) == (False, 1)
    async with running(few.spec):
        few.lay_down("a")
        with pytest.raises(MaxChildren):
            few.lay_down("b")
    plain = Holder([], Plain)
    async with running(plain.spec):
        with pytest.raises(ValueError, match="Plain"):
            plain.lay_down("a")


async def test_none_begins_under_a_supervisor_that_stops(autojump_clock: Any) -> None:
    """`NoProc`, as for a child that would be started."""

    class Slow(Report):
        async def terminate(self, reason: Any) -> None:
            await trio.sleep(1)

    holder = Holder([], Slow)
    async with running(supervisor("root", [holder.spec])):
        holder.top.start_child_nowait("x", name=holder.names.name("x"))
        top = holder.top
        top.process.shut_down()
        await trio.sleep(0.5)
        with pytest.raises(NoProc):
            top.start_asleep("a", name=holder.names.name("a"), state=1)


async def test_listeners_hear_of_it(holder: Holder, autojump_clock: Any) -> None:
    """A registry that is listened to tells of it, and has to wake it for that."""
    heard: list[Any] = []
    async with running(holder.spec):
        holder.names.listen(lambda what, key, process, value: heard.append((what, key, process.state)))
        holder.lay_down("a")
        assert heard == [("register", "a", "hibernated")]


async def test_whoever_waits_for_the_name_goes_on(holder: Holder, autojump_clock: Any) -> None:
    """A call that waits for somebody to take the name is answered."""
    async with running(holder.spec), trio.open_nursery() as nursery:
        answers: list[Any] = []

        async def ask() -> None:
            answers.append(await holder.names.name("a").call("?", across_restart=True))

        nursery.start_soon(ask)
        await trio.sleep(1)
        holder.lay_down("a")
        await trio.sleep(1)
        assert answers == [("a", (), 5)]


@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_thousands_end_with_their_supervisor(holder: Holder, how: str, autojump_clock: Any) -> None:
    """None is left in the table, none is woken, whoever was looked up meanwhile ends too, and others are left alone."""
    other = Holder([])
    spec = dynamic_supervisor("other", worker("report", Report, []), name=other.names.name("other"))
    async with running(holder.spec, spec):
        neighbour = other.names.name("other").whereis()
        assert neighbour is not None
        assert isinstance(neighbour.actor, DynamicSupervisor)
        neighbour.actor.start_asleep("n", name=holder.names.name("n"), state=2)
        for number in range(5_000):
            holder.lay_down(number, after=1_000)
        top = holder.top.process
        woken = holder.names.whereis(4_999)
        if how == "kill":
            top.exit(KILL)
        else:
            top.shut_down()
        await top.wait_ended()
        assert woken is not None
        assert not woken.alive
        assert set(holder.names) == {"n"}
        assert holder.log == []
        assert await holder.names.name("n").call("?") == ("n", (), 5)
        await trio.sleep(2_000)
        assert holder.log == []


async def test_the_loop_is_not_held_up_by_their_end(holder: Holder) -> None:
    """A supervisor of very many sleepers ends them in slices: others have their turn in between."""
    async with running(holder.spec):
        for number in range(60_000):
            holder.lay_down(number)
        turns = 0
        holder.top.process.exit(KILL)
        top = holder.top.process
        while top.alive:
            turns += 1
            await trio.lowlevel.checkpoint()
        assert turns > 5
        assert len(holder.names) == 0


async def test_it_costs_a_few_hundred_bytes(holder: Holder, autojump_clock: Any) -> None:
    """For the collector a sleeper is one object beside its key: no process, no instance, no timer."""
    async with running(holder.spec) as runtime:
        holder.lay_down(0, after=1_000)
        gc.collect()
        before = len(gc.get_objects())
        for number in range(1, 1_001):
            holder.lay_down(number, after=1_000)
        assert len(gc.get_objects()) - before < 1_100
        assert snapshot.overview(runtime, trio.current_time())["states"]["hibernated"] == 1_001


async def test_what_it_folds_up_to_is_bytes(holder: Holder, autojump_clock: Any) -> None:
    """Nothing of an argument that is plain is kept as an object."""
    async with running(holder.spec):
        holder.lay_down("a")
        sleeper = holder.names.sleeper("a")
        assert sleeper is not None
        assert sleeper.own is None
        assert marshal.loads(sleeper.record)[0] == ("a",)
