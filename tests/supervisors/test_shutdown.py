"""How a tree is taken down: in which order, within which limits, and what is done about those who will not go."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import trio

from supervisors import (
    KILL,
    Actor,
    ChildSpec,
    Down,
    DownMessage,
    NoProc,
    Process,
    Registry,
    RestartChild,
    Shutdown,
    StartChild,
    Stop,
    TerminateChild,
    WhichChildren,
    dynamic,
    dynamic_supervisor,
    open_runtime,
    supervisor,
    telemetry,
    worker,
)
from supervisors.stopping import KILL_GRACE, stop_all
from supervisors.testing import assert_whole, running
from tests.supervisors.actors import Echo

names = Registry("shutdown")
SUP = names.name("sup")
POOL = names.name("pool")
ROCK = names.name("rock")
Log = list[tuple[str, float]]


class Slow(Actor):
    """Takes its time over its cleanup, and says when it was done."""

    def init(self, label: str, log: Log, seconds: float) -> None:
        self.label, self.log, self.seconds = label, log, seconds

    async def terminate(self, reason: Any) -> None:
        await trio.sleep(self.seconds)
        self.log.append((self.label, trio.current_time()))


class Immovable(Actor):
    """Ignores every cancellation for so many seconds once it was told to."""

    def init(self, log: list[Any] | None = None) -> None:
        self.log = [] if log is None else log

    def handle_call(self, message: Any, sender: Any) -> Any:
        return self._dig_in(message) if isinstance(message, float) else message

    async def _dig_in(self, seconds: float) -> str:
        with trio.CancelScope(shield=True):
            await trio.sleep(seconds)
        self.log.append("out again")
        return "out again"

    def handle_cast(self, message: Any) -> Any:
        return self._dig_in(message)


def rock(shutdown: Any = 1.0, **options: Any) -> ChildSpec:
    return worker("rock", Immovable, shutdown=shutdown, name=ROCK, **options)


def whereis(label: str) -> Any:
    return names.whereis(label)


class Told:
    """The events of one kind while the block runs, by the id of whom they are about."""

    def __init__(self, event: str) -> None:
        self.event = event
        self.about: list[tuple[str, Any]] = []

    def __enter__(self) -> list[tuple[str, Any]]:
        self.detach = telemetry.attach(self._note)
        return self.about

    def __exit__(self, *exception: object) -> None:
        self.detach()

    def _note(self, event: str, subject: Any, detail: dict[str, Any]) -> None:
        if event == self.event:
            self.about.append((subject.spec.id, detail.get("reason", detail.get("limit"))))


# --- order and limits


async def test_a_nested_tree_goes_from_its_end(autojump_clock: Any) -> None:
    """The last branch first, each from its own end, and every level has gone before the one above."""
    log: list[str] = []

    def echo(label: str) -> ChildSpec:
        return worker(label, Echo, label, log)

    branches = [supervisor(f"s{one}", [echo(f"{one}{two}") for two in "ab"]) for one in (1, 2)]
    async with running(echo("first"), *branches, echo("last")):
        log.clear()
    assert log == [f"terminate {label}" for label in ("last", "2b", "2a", "1b", "1a", "first")]


LIMITS: tuple[Any, ...] = (0, 1, 2.5, 5.0, "infinity", "brutal_kill")


@pytest.mark.parametrize("limits", list(itertools.product(LIMITS, LIMITS)))
async def test_each_child_has_its_own_limit(limits: tuple[Any, Any], autojump_clock: Any) -> None:
    """One after the other, each for as long as its spec says and no longer; cleanups here take three seconds."""
    log: Log = []
    takes = [3.0 if limit == "infinity" else 0.0 if limit == "brutal_kill" else min(limit, 3.0) for limit in limits]
    async with running(*(worker(str(n), Slow, str(n), log, 3.0, shutdown=limit) for n, limit in enumerate(limits))):
        began = trio.current_time()
    assert trio.current_time() - began == pytest.approx(sum(takes))
    cleaned = [str(number) for number in (1, 0) if takes[number] == 3]
    assert [label for label, _ in log] == cleaned


async def test_many_limits_at_once(autojump_clock: Any) -> None:
    """Children stopped together each have their own limit, counted from the same moment."""
    log: Log = []
    ends: dict[str, float] = {}
    specs = [worker(str(limit), Slow, str(limit), log, 100.0, shutdown=limit, restart="temporary") for limit in LIMITS]
    async with running(supervisor("sup", specs, name=SUP)), trio.open_nursery() as nursery:
        processes = [info.child for info in await SUP.call(WhichChildren())]
        began = trio.current_time()

        async def note(process: Process) -> None:
            assert await process.wait_ended() == ("shutdown" if process.spec.id == "infinity" else "killed")
            ends[process.spec.id] = trio.current_time() - began

        for process in processes:
            nursery.start_soon(note, process)
        await stop_all(processes)
    assert ends == {"0": 0, "1": 1, "2.5": 2.5, "5.0": 5, "infinity": 100, "brutal_kill": 0}


@pytest.mark.parametrize("limit", LIMITS)
async def test_a_dynamic_supervisors_children_go_together(limit: Any, autojump_clock: Any) -> None:
    """All are asked at once, so that the limit of one is the limit of all."""
    log: Log = []
    async with running(dynamic_supervisor("pool", worker("child", Slow, shutdown=limit), name=POOL)):
        for number in range(20):
            await POOL.call(dynamic.StartChild((str(number), log, 1.0 if number % 2 else 9.0)))
        began = trio.current_time()
    takes = {"infinity": 9.0, "brutal_kill": 0.0}.get(limit, limit)
    assert trio.current_time() - began == pytest.approx(takes)
    assert len(log) == (20 if takes == 9 else 10 if takes > 1 else len(log))


async def test_a_supervisors_limit_cuts_its_children_short(autojump_clock: Any) -> None:
    """A supervisor with a limit of its own is killed at its end, and all below with it."""
    log: Log = []
    inner = supervisor("inner", [worker("slow", Slow, "slow", log, 100.0, shutdown="infinity")], shutdown=2.0)
    async with running(inner):
        began = trio.current_time()
    assert trio.current_time() - began == pytest.approx(2)
    assert log == []


@pytest.mark.parametrize("how", ["terminated", "swept away", "with its supervisor"])
async def test_callers_learn_of_a_stop(how: str, autojump_clock: Any) -> None:
    """Whatever stops a child at work: who waits for its answer gets `Down` with `shutdown`."""
    specs = [worker("other", Echo, name=names.name("other")), worker("busy", Echo, name=names.name("busy"))]
    got: list[Any] = []

    async def ask() -> None:
        with pytest.raises(Down) as caught:
            await names.name("busy").call("hang", 1000)
        got.append(caught.value.reason)

    async with running(supervisor("sup", specs, strategy="one_for_all", name=SUP)), trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trio.sleep(0.1)
        if how == "terminated":
            await SUP.call(TerminateChild("busy"))
        elif how == "swept away":
            whereis("other").exit(KILL)
        else:
            sup: Any = SUP.whereis()
            await sup.stop("normal")
    assert got == ["shutdown"]


# --- ending otherwise than asked


class Wayward(Actor):
    """Ends for a reason of its own when it is asked to stop."""

    def init(self, reason: Any) -> None:
        self.reason = reason

    def terminate(self, reason: Any) -> None:
        if self.reason is not None:
            raise self.reason


CRASH = RuntimeError("dropped it")


@pytest.mark.parametrize("dynamically", [False, True])
@pytest.mark.parametrize(("raised", "reported"), [(None, None), (CRASH, CRASH)])
async def test_an_end_otherwise_than_asked_is_reported(
    dynamically: bool, raised: Any, reported: Any, autojump_clock: Any
) -> None:
    """A crash in cleanup is told as `child.shutdown_error`, an orderly end is not."""
    with Told("child.shutdown_error") as told:
        if dynamically:
            async with running(dynamic_supervisor("pool", worker("child", Wayward, raised), name=POOL)):
                await POOL.call(dynamic.StartChild())
        else:
            async with running(worker("child", Wayward, raised)):
                pass
    assert told == ([] if reported is None else [("child", reported)])


@pytest.mark.parametrize("reason", ["normal", "shutdown", Shutdown("done"), "killed", "boom"])
@pytest.mark.parametrize("limit", [5.0, "brutal_kill"])
async def test_a_child_that_ends_while_it_is_asked(reason: Any, limit: Any, autojump_clock: Any) -> None:
    """It is its own doing if it leaves first: told if that is no orderly way to go."""

    class Leaving(Actor):
        trap_exit = True

        async def handle_cast(self, message: Any) -> None:
            await trio.sleep(1)
            raise Stop(reason)

    leaving = names.name("leaving")
    with Told("child.shutdown_error") as told:
        async with running(worker("leaving", Leaving, shutdown=limit, name=leaving)):
            leaving.cast("leave")
            await trio.sleep(0.1)
    orderly = reason in ("normal", "shutdown") or isinstance(reason, Shutdown)
    assert told == ([] if orderly or limit == "brutal_kill" else [("leaving", reason)])


@pytest.mark.parametrize(
    ("limit", "told_of"), [(1.0, "killed"), (0, "killed"), ("brutal_kill", None), ("infinity", None)]
)
async def test_a_child_beyond_its_limit_is_reported(limit: Any, told_of: Any, autojump_clock: Any) -> None:
    """Being killed is what `brutal_kill` asks for, and an error for everybody else."""
    with Told("child.shutdown_error") as told:
        async with running(worker("slow", Slow, "slow", [], 3.0, shutdown=limit)):
            pass
    assert told == ([] if told_of is None else [("slow", told_of)])


# --- zombies


async def dig_in(nursery: trio.Nursery, seconds: float = 60.0, name: Any = ROCK) -> Process:
    """Have a child ignore its cancellation from now on."""
    process: Process = name.whereis()

    async def ask() -> None:
        began = trio.current_time()
        with pytest.raises(Down) as caught:
            await process.call(seconds, timeout=10_000)
        assert caught.value.reason == "killed"
        assert trio.current_time() - began < seconds

    nursery.start_soon(ask)
    await trio.sleep(0.1)
    return process


@pytest.mark.parametrize("limit", [0, 1.0, 4.0, "brutal_kill"])
async def test_a_child_that_ignores_its_kill(limit: Any, autojump_clock: Any) -> None:
    """Told as `shutdown.late` after its limit and the grace of a kill; from then on it counts as ended."""
    seconds = 0.0 if limit == "brutal_kill" else limit
    with Told("shutdown.late") as late:
        async with running(supervisor("sup", [rock(limit)], name=SUP)) as runtime, trio.open_nursery() as nursery:
            old = await dig_in(nursery)
            began = trio.current_time()
            await SUP.call(TerminateChild("rock"), 100)
            assert trio.current_time() - began == pytest.approx(seconds + KILL_GRACE)
            assert late == [("rock", seconds)]
            assert (old.state, old.alive, old.exit_reason) == ("zombie", False, "killed")
            assert runtime.zombies == {old}
            assert ROCK.whereis() is None
            with pytest.raises(NoProc):
                await old.call("hello")
            old.cast("nothing")
            old.exit(KILL)


async def test_one_that_unwinds_in_time_is_no_zombie(autojump_clock: Any) -> None:
    """Within the grace of its kill it may be late without being left behind."""
    with Told("shutdown.late") as late:
        async with running(supervisor("sup", [rock()], name=SUP)) as runtime:
            old: Any = ROCK.whereis()
            old.cast(2.5)
            await trio.sleep(0.1)
            await SUP.call(TerminateChild("rock"), 100)
            assert old.state == "ended"
            assert not runtime.zombies
    assert late == []


REPLACED: dict[str, Any] = {
    "restarted on request": lambda: SUP.call(RestartChild("rock")),
    "started anew": lambda: SUP.call(StartChild(rock(restart="temporary"))),
}


@pytest.mark.parametrize(("how", "restart"), [("restarted on request", "permanent"), ("started anew", "temporary")])
async def test_a_zombies_place_is_free_at_once(how: str, restart: Any, autojump_clock: Any) -> None:
    """Its successor has its name and its id, and goes on living when the zombie unwinds and is forgotten."""
    async with running(supervisor("sup", [rock(restart=restart)], name=SUP)) as runtime, trio.open_nursery() as nursery:
        old = await dig_in(nursery)
        await SUP.call(TerminateChild("rock"), 100)
        new = await REPLACED[how]()
        assert new is ROCK.whereis() is not old
        assert await ROCK.call("hello") == "hello"
        assert runtime.zombies == {old}
        assert_whole(runtime)
        await trio.sleep(60)
        assert runtime.zombies == set()
        assert ROCK.whereis() is new
        assert await SUP.call(WhichChildren()) != []
        assert_whole(runtime)


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_a_group_does_not_wait_for_its_zombie(strategy: Any, autojump_clock: Any) -> None:
    """The others are back as soon as it was given up, and so is its successor."""
    specs = [worker("a", Echo, name=names.name("a")), rock()]
    async with (
        running(supervisor("sup", specs, strategy=strategy, name=SUP)) as runtime,
        trio.open_nursery() as nursery,
    ):
        old = await dig_in(nursery)
        whereis("a").exit(KILL)
        await trio.sleep(1 + KILL_GRACE + 0.1)
        assert runtime.zombies == {old}
        assert await names.name("a").call("hello") == "hello"
        assert await ROCK.call("hello") == "hello"


async def test_a_dynamic_childs_zombie_takes_no_place(autojump_clock: Any) -> None:
    """Neither its name nor its share of `max_children`; and the others may be started meanwhile."""
    spec = dynamic_supervisor("pool", worker("rock", Immovable, shutdown=1.0), max_children=1, name=POOL)
    async with running(spec) as runtime, trio.open_nursery() as nursery:
        old = await POOL.call(dynamic.StartChild((), ROCK))
        await dig_in(nursery)
        await POOL.call(TerminateChild(old), 100)
        assert runtime.zombies == {old}
        new = await POOL.call(dynamic.StartChild((), ROCK))
        await trio.sleep(60)
        assert runtime.zombies == set()
        assert ROCK.whereis() is new
        assert_whole(runtime)


async def test_many_zombies_are_given_up_together(autojump_clock: Any) -> None:
    """Their supervisor waits for the limit and the grace once, not once for each."""
    spec = dynamic_supervisor("pool", worker("rock", Immovable, shutdown=1.0), name=POOL)
    left: list[Process] = []
    began = trio.current_time()
    at: list[float] = []

    def on_zombies(zombies: list[Process]) -> None:
        left.extend(zombies)
        at.append(trio.current_time() - began)

    async with open_runtime(supervisor("root", [spec]), on_zombies=on_zombies):
        for _ in range(5):
            (await POOL.call(dynamic.StartChild())).cast(60.0)
        await trio.sleep(0.1)
    assert len(left) == 5
    assert at == [pytest.approx(0.1 + 1 + KILL_GRACE)]


async def test_nobody_is_told_of_zombies_where_there_are_none(autojump_clock: Any) -> None:
    """`on_zombies` is for those who are left when all else has stopped; one that unwound before is not."""
    told: list[Any] = []
    tree = supervisor("root", [supervisor("sup", [rock()], name=SUP)])
    async with open_runtime(tree, on_zombies=told.append) as runtime, trio.open_nursery() as nursery:
        await dig_in(nursery, 10.0)
        await SUP.call(TerminateChild("rock"), 100)
        assert runtime.zombies
        await trio.sleep(10)
        assert not runtime.zombies
    assert told == []


async def test_who_watches_a_zombie_is_told_when_it_is_given_up(autojump_clock: Any) -> None:
    """A monitor's message and a link's signal come then, not when it unwinds, and not twice."""

    class Watcher(Actor):
        trap_exit = True

        def init(self) -> None:
            self.seen: list[tuple[str, Any, float]] = []

        def handle_cast(self, message: Any) -> None:
            self.monitor(message)
            self.link(message)

        def handle_info(self, message: Any) -> None:
            kind = "down" if isinstance(message, DownMessage) else "exit"
            self.seen.append((kind, message.reason, trio.current_time()))

    watcher = worker("watcher", Watcher, name=names.name("watcher"))
    async with running(supervisor("sup", [watcher, rock()], name=SUP)), trio.open_nursery() as nursery:
        old = await dig_in(nursery)
        whereis("watcher").cast(old)
        await SUP.call(TerminateChild("rock"), 100)
        given_up = trio.current_time()
        await trio.sleep(100)
        seen = whereis("watcher").actor.seen
        assert sorted((kind, reason) for kind, reason, _ in seen) == [("down", "killed"), ("exit", "killed")]
        assert {at for *_, at in seen} == {given_up}


async def test_a_zombie_that_crashes_on_its_way_out_harms_nobody(autojump_clock: Any) -> None:
    """Its successor and its supervisor do not notice."""

    class Crashing(Immovable):
        async def _dig_in(self, seconds: float) -> str:
            await super()._dig_in(seconds)
            msg = "too late"
            raise RuntimeError(msg)

    spec = worker("rock", Crashing, shutdown=1.0, name=ROCK)
    async with running(supervisor("sup", [spec], intensity=0, name=SUP)) as runtime, trio.open_nursery() as nursery:
        sup = SUP.whereis()
        await dig_in(nursery)
        await SUP.call(TerminateChild("rock"), 100)
        new = await SUP.call(RestartChild("rock"))
        await trio.sleep(100)
        assert runtime.zombies == set()
        assert ROCK.whereis() is new
        assert SUP.whereis() is sup


async def test_a_killed_supervisor_gives_its_zombie_up(autojump_clock: Any) -> None:
    """It waits for the grace of a kill, and its successor starts with every name free."""
    async with running(supervisor("sup", [rock()], name=SUP)) as runtime, trio.open_nursery() as nursery:
        old = await dig_in(nursery)
        sup = SUP.whereis()
        assert sup is not None
        sup.exit(KILL)
        began = trio.current_time()
        await sup.wait_ended()
        assert trio.current_time() - began == pytest.approx(KILL_GRACE)
        assert runtime.zombies == {old}
        await trio.sleep(0.1)
        assert await ROCK.call("hello") == "hello"
        await trio.sleep(100)
        assert runtime.zombies == set()
        assert_whole(runtime)
