"""A static supervisor: how it starts, what it may be asked, whom it restarts, and that it leaves nobody behind."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import trio

from supervisors import (
    IGNORE,
    KILL,
    Actor,
    AlreadyStarted,
    Backoff,
    CallError,
    ChildBusy,
    ChildCount,
    ChildNotFound,
    CountChildren,
    DeleteChild,
    Down,
    GetChildSpec,
    Process,
    Registry,
    RestartChild,
    Shutdown,
    SpecError,
    StartChild,
    StartFailed,
    Stop,
    SupervisionError,
    TerminateChild,
    WhichChildren,
    dynamic,
    dynamic_supervisor,
    is_abnormal,
    open_runtime,
    partition_supervisor,
    supervisor,
    task,
    telemetry,
    worker,
)
from supervisors.partition import Partitions, Resize
from supervisors.testing import Faults, assert_whole, faulty, running
from tests.supervisors.actors import Echo

names = Registry("supervisor")
SUP = names.name("sup")
RESTARTS = ("permanent", "transient", "temporary")


def echo(label: str, log: list[str] | None = None, **options: Any) -> Any:
    return worker(label, Echo, label, log, name=names.name(label), **options)


def whereis(label: str) -> Any:
    return names.whereis(label)


async def settled(seconds: float = 0.1) -> None:
    await trio.sleep(seconds)


async def children() -> dict[str, Any]:
    return {info.id: info.child for info in await SUP.call(WhichChildren())}


class FailsAtOnce(Actor):
    def init(self, reason: Any) -> None:
        raise reason


class FailsLater(Actor):
    async def init(self, reason: Any) -> None:
        await trio.sleep(1)
        raise reason


async def fails_before_ready(started: Any, reason: Any) -> None:
    await trio.sleep(1)
    raise reason


FAILING: dict[str, Any] = {
    "plain init": lambda reason: worker("bad", FailsAtOnce, reason),
    "coroutine init": lambda reason: worker("bad", FailsLater, reason),
    "task": lambda reason: task("bad", fails_before_ready, reason),
}

# --- starting


@pytest.mark.parametrize("way", FAILING)
@pytest.mark.parametrize("depth", [0, 1, 2])
async def test_a_start_that_fails_names_the_way_to_it(way: str, depth: int, autojump_clock: Any) -> None:
    """However deep the child and however it failed: the path from the top, and at its end what was raised."""
    reason = RuntimeError("no")
    spec = FAILING[way](reason)
    for level in range(depth):
        spec = supervisor(f"s{level}", [spec])
    with pytest.raises(StartFailed) as caught:
        async with running(spec):
            pytest.fail("the tree must not come up")
    assert caught.value.path == "/".join([*(f"s{level}" for level in reversed(range(depth))), "bad"])
    assert caught.value.root_cause() is reason


@pytest.mark.parametrize("way", FAILING)
@pytest.mark.parametrize("reason", ["normal", "shutdown", "boom", Shutdown("done")])
async def test_an_init_that_stops_has_not_started(way: str, reason: Any, autojump_clock: Any) -> None:
    """Whatever the reason, an orderly one too: the start failed, and the cause says for which reason."""
    with pytest.raises(StartFailed) as caught:
        async with running(FAILING[way](Stop(reason))):
            pytest.fail("the tree must not come up")
    cause = caught.value.root_cause()
    assert isinstance(cause, Down)
    assert cause.reason == reason


@pytest.mark.parametrize("way", FAILING)
@pytest.mark.parametrize("position", range(4))
async def test_roll_back(way: str, position: int, autojump_clock: Any) -> None:
    """Those before the failing child stop in reverse order, those after it never begin, no name stays taken."""
    log: list[str] = []
    specs = [echo(str(number), log) for number in range(3)]
    specs.insert(position, FAILING[way](RuntimeError("no")))
    with pytest.raises(StartFailed):
        async with running(*specs):
            pytest.fail("the tree must not come up")
    started = [f"init {number}" for number in range(position)]
    assert log == started + [f"terminate {number}" for number in reversed(range(position))]
    assert len(names) == 0


async def test_a_name_that_is_taken_is_a_failed_start(autojump_clock: Any) -> None:
    """Two children of one name: the second does not start."""
    with pytest.raises(StartFailed) as caught:
        async with running(echo("a"), worker("b", Echo, name=names.name("a"))):
            pytest.fail("the tree must not come up")
    assert caught.value.path == "b"
    assert isinstance(caught.value.reason, AlreadyStarted)


async def test_children_are_up_before_the_next_begins(autojump_clock: Any) -> None:
    """A slow start holds up those after it, and the supervisor's own."""
    log: list[tuple[str, float]] = []

    class Slow(Actor):
        async def init(self, label: str) -> None:
            await trio.sleep(1)
            log.append((label, trio.current_time() - began))

    began = trio.current_time()
    async with running(worker("a", Slow, "a"), supervisor("s", [worker("b", Slow, "b")]), worker("c", Slow, "c")):
        assert trio.current_time() - began == pytest.approx(3)
    assert [(label, round(at)) for label, at in log] == [("a", 1), ("b", 2), ("c", 3)]


# --- ignore


class IgnoresAtOnce(Actor):
    """Starts while `may` holds anything, of which it takes one."""

    def init(self, may: list[int]) -> Any:
        return None if may and may.pop() else IGNORE


class IgnoresLater(IgnoresAtOnce):
    async def init(self, may: list[int]) -> Any:
        await trio.sleep(1)
        return None if may and may.pop() else IGNORE


async def done_before_ready(started: Any, may: list[int]) -> None:
    await trio.sleep(1)
    if may and may.pop():
        started()
        await trio.sleep_forever()


IGNORING: dict[str, Any] = {
    "plain init": lambda may, **options: worker("shy", IgnoresAtOnce, may, name=names.name("shy"), **options),
    "coroutine init": lambda may, **options: worker("shy", IgnoresLater, may, name=names.name("shy"), **options),
    "task": lambda may, **options: task("shy", done_before_ready, may, name=names.name("shy"), **options),
}


@pytest.mark.parametrize("way", IGNORING)
@pytest.mark.parametrize("restart", RESTARTS)
@pytest.mark.parametrize("how", ["with its supervisor", "on request"])
async def test_a_child_that_ignores(way: str, restart: Any, how: str, autojump_clock: Any) -> None:
    """It is down but known, and not tried again; a temporary one is not even known. The others start all the same."""
    shy = IGNORING[way]([], restart=restart)
    specs = [echo("a"), shy, echo("b")] if how == "with its supervisor" else [echo("a"), echo("b")]
    async with running(supervisor("sup", specs, name=SUP)):
        if how == "on request":
            assert await SUP.call(StartChild(shy)) is None
        await settled(10)
        known = await children()
        assert {"a": known["a"], "b": known["b"]} == {"a": whereis("a"), "b": whereis("b")}
        assert ("shy" in known) is (restart != "temporary")
        assert known.get("shy") is None
        assert whereis("shy") is None
        assert (await SUP.call(CountChildren())).active == 2


@pytest.mark.parametrize("way", IGNORING)
async def test_one_that_ignored_may_be_started_later(way: str, autojump_clock: Any) -> None:
    """`RestartChild` asks it again; it may ignore again."""
    may: list[int] = []
    async with running(supervisor("sup", [IGNORING[way](may)], name=SUP)):
        assert await SUP.call(RestartChild("shy")) is None
        may.append(1)
        assert await SUP.call(RestartChild("shy")) is whereis("shy") is not None


@pytest.mark.parametrize("way", IGNORING)
@pytest.mark.parametrize("restart", ["permanent", "transient"])
@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
async def test_a_child_that_ignores_its_restart(way: str, restart: Any, strategy: Any, autojump_clock: Any) -> None:
    """It counted as one restart, and stays down; who is restarted with it is up."""
    specs = [IGNORING[way]([1], restart=restart), echo("b")]
    async with running(supervisor("sup", specs, strategy=strategy, intensity=1, name=SUP)):
        sup, b = SUP.whereis(), whereis("b")
        whereis("shy").exit(KILL)
        await settled(10)
        assert SUP.whereis() is sup
        assert await children() == {"shy": None, "b": whereis("b")}
        assert (whereis("b") is b) is (strategy == "one_for_one")
        assert await names.name("b").call("hello") == "hello"


# --- calls


@pytest.mark.parametrize(("restart", "known"), [("permanent", True), ("transient", True), ("temporary", False)])
async def test_a_child_that_was_terminated(restart: Any, known: bool, autojump_clock: Any) -> None:
    """Keeps its spec and stays down; a temporary one is forgotten, so its id is free."""
    spec = echo("a", restart=restart)
    async with running(supervisor("sup", [spec], name=SUP)):
        assert await SUP.call(TerminateChild("a")) is None
        await settled(10)
        assert await children() == ({"a": None} if known else {})
        if known:
            assert await SUP.call(GetChildSpec("a")) is spec
            with pytest.raises(AlreadyStarted, match="'a'"):
                await SUP.call(StartChild(spec))
        else:
            with pytest.raises(ChildNotFound, match="'a'"):
                await SUP.call(RestartChild("a"))
            assert await SUP.call(StartChild(spec)) is whereis("a")


@pytest.mark.parametrize("restart", RESTARTS)
@pytest.mark.parametrize("reason", ["normal", "shutdown", Shutdown("done"), "killed", "crash"])
async def test_what_is_known_of_a_child_that_ended(restart: Any, reason: Any, autojump_clock: Any) -> None:
    """Restarted, or down with its spec, or forgotten."""
    async with running(supervisor("sup", [echo("a", restart=restart)], name=SUP)):
        old = whereis("a")
        end(old, reason)
        await settled()
        if restart == "temporary":
            assert await children() == {}
        elif restart == "permanent" or is_abnormal("boom" if reason == "crash" else reason):
            assert await children() == {"a": whereis("a")}
            assert whereis("a") not in (None, old)
        else:
            assert await children() == {"a": None}
            assert await SUP.call(RestartChild("a")) is whereis("a") is not None


def end(process: Process, reason: Any) -> None:
    if reason == "killed":
        process.exit(KILL)
    else:
        process.cast("crash" if reason == "crash" else ("stop", reason))


async def test_counting(autojump_clock: Any) -> None:
    """All specs by their kind; as active those with a process."""
    specs = [
        echo("a"),
        echo("b", restart="transient"),
        supervisor("inner", [echo("below")]),
        dynamic_supervisor("pool", worker("child", Echo)),
        task("ready", done_before_ready, [1]),
    ]
    async with running(supervisor("sup", specs, name=SUP)):
        assert await SUP.call(CountChildren()) == ChildCount(specs=5, active=5, supervisors=2, workers=3)
        whereis("b").cast(("stop", "normal"))
        await SUP.call(TerminateChild("inner"))
        assert await SUP.call(CountChildren()) == ChildCount(specs=5, active=3, supervisors=2, workers=3)
        await SUP.call(DeleteChild("inner"))
        assert await SUP.call(CountChildren()) == ChildCount(specs=4, active=3, supervisors=1, workers=3)


@pytest.mark.parametrize("way", FAILING)
async def test_a_start_on_request_that_fails(way: str, autojump_clock: Any) -> None:
    """The caller learns why, no spec is kept, and the others do not notice."""
    reason = RuntimeError("no")
    async with running(supervisor("sup", [echo("a")], name=SUP, intensity=0)):
        a = whereis("a")
        with pytest.raises(StartFailed) as caught:
            await SUP.call(StartChild(supervisor("inner", [FAILING[way](reason)])))
        assert caught.value.path == "inner/bad"
        assert caught.value.root_cause() is reason
        assert await children() == {"a": a}


async def test_a_restart_on_request_that_fails(autojump_clock: Any) -> None:
    """The caller learns why; the child stays down, with its spec, and it counts as no restart."""
    faults = Faults()
    async with running(supervisor("sup", [faulty(echo("a"), faults)], name=SUP, intensity=0)):
        sup = SUP.whereis()
        await SUP.call(TerminateChild("a"))
        faults.failing_starts = 2
        for _ in range(2):
            with pytest.raises(StartFailed, match="child a failed"):
                await SUP.call(RestartChild("a"))
        await settled(10)
        assert await children() == {"a": None}
        assert await SUP.call(RestartChild("a")) is whereis("a") is not None
        assert SUP.whereis() is sup


async def test_a_child_added_later_stands_at_the_end(autojump_clock: Any) -> None:
    """It is the last to start again, the first to stop; one that was deleted and added again lost its place."""
    log: list[str] = []
    async with running(supervisor("sup", [echo("a", log), echo("b", log)], strategy="one_for_all", name=SUP)):
        spec = await SUP.call(GetChildSpec("a"))
        await SUP.call(TerminateChild("a"))
        await SUP.call(DeleteChild("a"))
        await SUP.call(StartChild(spec))
        assert list(await children()) == ["b", "a"]
        log.clear()
        whereis("a").exit(KILL)
        await settled()
        assert log == ["terminate b", "init b", "init a"]


async def test_what_was_added_is_forgotten_when_the_supervisor_is_restarted(autojump_clock: Any) -> None:
    """It starts again as its own spec says."""
    async with running(supervisor("sup", [echo("a")], name=SUP)):
        await SUP.call(StartChild(echo("b")))
        await SUP.call(TerminateChild("a"))
        sup = SUP.whereis()
        assert sup is not None
        sup.exit(KILL)
        await settled()
        assert await children() == {"a": whereis("a")}
        assert whereis("a") is not None
        assert whereis("b") is None


# --- calls while a child is restarting


class Unsteady(Actor):
    """Starts at once; but while anything is `broken`, a start takes a second and fails."""

    async def init(self, broken: list[str]) -> None:
        if broken:
            await trio.sleep(1)
            raise RuntimeError(broken[0])

    def handle_call(self, message: Any, sender: Any) -> Any:
        return message


WAITING: dict[str, Backoff | None] = {"fails and fails": None, "backs off": Backoff(1000.0, 1000.0)}


class Restarting:
    """A tree in which the child "x" of "sup" is between two lives."""

    def __init__(self, way: str) -> None:
        self.broken: list[str] = []
        self.spec = worker("x", Unsteady, self.broken, name=names.name("x"), backoff=WAITING[way])

    def tree(self, **options: Any) -> Any:
        return running(supervisor("sup", [echo("a"), self.spec], intensity=1000, name=SUP, **options))

    async def begin(self) -> None:
        for _ in range(2):  # the first restart has no back-off
            if whereis("x") is not None:
                whereis("x").exit(KILL)
                await settled(0.01)
        self.broken.append("still broken")
        if self.spec.backoff is None:
            whereis("x").exit(KILL)
        await settled(5.5)


@pytest.mark.parametrize("way", WAITING)
@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        (RestartChild("x"), ChildBusy),
        (DeleteChild("x"), ChildBusy),
        (StartChild(worker("x", Echo)), AlreadyStarted),
        (RestartChild("y"), ChildNotFound),
        (DeleteChild("y"), ChildNotFound),
        (TerminateChild("y"), ChildNotFound),
        (GetChildSpec("y"), ChildNotFound),
    ],
)
async def test_refused_while_a_child_is_restarting(
    way: str, request_: Any, refusal: type[Exception], autojump_clock: Any
) -> None:
    """Answered between two tries, and changing nothing."""
    scene = Restarting(way)
    async with scene.tree():
        await scene.begin()
        with pytest.raises(refusal):
            await SUP.call(request_)
        assert await children() == {"a": whereis("a"), "x": "restarting"}


@pytest.mark.parametrize("way", WAITING)
async def test_served_while_a_child_is_restarting(way: str, autojump_clock: Any) -> None:
    """It shows as `restarting` and not as active, its spec is there, and others are started and stopped as ever."""
    scene = Restarting(way)
    async with scene.tree():
        await scene.begin()
        assert await children() == {"a": whereis("a"), "x": "restarting"}
        assert await SUP.call(CountChildren()) == ChildCount(specs=2, active=1, supervisors=0, workers=2)
        assert await SUP.call(GetChildSpec("x")) is scene.spec
        assert await SUP.call(StartChild(echo("b"))) is whereis("b")
        await SUP.call(TerminateChild("a"))
        await SUP.call(DeleteChild("a"))
        assert await children() == {"x": "restarting", "b": whereis("b")}


@pytest.mark.parametrize("way", WAITING)
async def test_a_child_that_is_restarting_may_be_given_up(way: str, autojump_clock: Any) -> None:
    """`TerminateChild` ends the tries; then it may be started again or deleted."""
    scene = Restarting(way)
    async with scene.tree():
        await scene.begin()
        await SUP.call(TerminateChild("x"))
        assert await children() == {"a": whereis("a"), "x": None}
        scene.broken.clear()
        await settled(5000)
        assert whereis("x") is None
        assert await SUP.call(RestartChild("x")) is whereis("x") is not None
        await SUP.call(TerminateChild("x"))
        await SUP.call(DeleteChild("x"))
        assert await children() == {"a": whereis("a")}


@pytest.mark.parametrize("way", WAITING)
async def test_a_supervisor_may_be_stopped_while_a_child_is_restarting(way: str, autojump_clock: Any) -> None:
    """It goes at once, and nothing comes after."""
    scene = Restarting(way)
    async with scene.tree(restart="temporary"):
        await scene.begin()
        sup = SUP.whereis()
        assert sup is not None
        began = trio.current_time()
        await sup.stop("shutdown")
        assert trio.current_time() - began <= 1
        scene.broken.clear()
        await settled(5000)
        assert len(names) == 0


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_a_group_that_waits_takes_along_who_was_started_meanwhile(strategy: Any, autojump_clock: Any) -> None:
    """A child started on request during the back-off is stopped and started with the others: never two of it."""
    log: list[str] = []
    first = worker("x", Echo, "x", log, backoff=Backoff(10.0, 10.0), name=names.name("x"))
    second = worker("y", Echo, "y", log)
    tree = supervisor("sup", [first, second], strategy=strategy, intensity=10, name=SUP)
    async with running(tree) as runtime:
        for _ in range(2):
            whereis("x").exit(KILL)
            await settled(0.1)
        assert await children() == {"x": "restarting", "y": None}
        late = await SUP.call(RestartChild("y"))
        added = await SUP.call(StartChild(worker("z", Echo, "z", log)))
        log.clear()
        await settled(20)
        assert log == ["terminate z", "terminate y", "init x", "init y", "init z"]
        assert not late.alive
        assert not added.alive
        assert_whole(runtime)


async def test_who_waited_in_a_group_that_was_given_up_is_down(autojump_clock: Any) -> None:
    """A child swept away by its elder's restart waits no longer by itself: it may be started when the elder is given up."""
    patience = Backoff(10.0, 10.0)
    specs = [echo("a", backoff=patience), echo("b", backoff=patience)]
    async with running(supervisor("sup", specs, strategy="rest_for_one", intensity=10, name=SUP)):
        for label in ("a", "b", "b", "a"):
            whereis(label).exit(KILL)
            await settled()
        await SUP.call(TerminateChild("a"))
        assert await children() == {"a": None, "b": None}
        assert await SUP.call(RestartChild("b")) is whereis("b") is not None


# --- whom a group takes along


GROUP = ("a", "b", "c")
TABLE = [
    (strategy, position, types, reason)
    for strategy, position in itertools.product(("one_for_all", "rest_for_one"), range(3))
    for types in itertools.product(RESTARTS, repeat=3)
    for reason in ("normal", Shutdown("done"), "killed", "crash")
]


def expected(strategy: str, position: int, types: tuple[str, ...], reason: Any) -> dict[str, str]:
    """What becomes of each child that is known afterwards, by the rules of OTP's `supervisor`."""
    abnormal = reason in ("killed", "crash")
    fate = dict.fromkeys(GROUP, "same")
    if types[position] == "permanent" or (types[position] == "transient" and abnormal):
        for index in range(0 if strategy == "one_for_all" else position, 3):
            fate[GROUP[index]] = "forgotten" if types[index] == "temporary" else "new"
    else:
        fate[GROUP[position]] = "forgotten" if types[position] == "temporary" else "down"
    return {label: what for label, what in fate.items() if what != "forgotten"}


@pytest.mark.parametrize(("strategy", "position", "types", "reason"), TABLE)
async def test_groups_of_all_types(
    strategy: Any, position: int, types: tuple[Any, ...], reason: Any, autojump_clock: Any
) -> None:
    """A restart takes the group along: temporary neighbours are stopped and forgotten, others come back."""
    specs = [echo(label, restart=restart) for label, restart in zip(GROUP, types, strict=True)]
    async with running(supervisor("sup", specs, strategy=strategy, name=SUP)):
        before = {label: whereis(label) for label in GROUP}
        end(before[GROUP[position]], reason)
        await settled()
        after = await children()
        for label, process in after.items():
            assert process is whereis(label)
        what = {
            label: "down" if process is None else "same" if process is before[label] else "new"
            for label, process in after.items()
        }
        assert what == expected(strategy, position, types, reason)
        assert all(process.alive is (what.get(label) == "same") for label, process in before.items())


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_a_group_brings_back_who_was_down(strategy: Any, autojump_clock: Any) -> None:
    """Terminated or ended in good order, they start again with the group, as in OTP."""
    specs = [echo("a"), echo("b"), echo("c", restart="transient")]
    async with running(supervisor("sup", specs, strategy=strategy, name=SUP)):
        await SUP.call(TerminateChild("b"))
        whereis("c").cast(("stop", "normal"))
        await settled()
        assert await children() == {"a": whereis("a"), "b": None, "c": None}
        whereis("a").exit(KILL)
        await settled()
        assert None not in (await children()).values()


@pytest.mark.parametrize(("strategy", "restarts"), [("one_for_one", 3), ("one_for_all", 1)])
async def test_children_that_end_together(strategy: Any, restarts: int, autojump_clock: Any) -> None:
    """A restart of the group is one restart, also when several have ended at once."""
    async with running(supervisor("sup", [echo(each) for each in GROUP], strategy=strategy, intensity=9, name=SUP)):
        sup = SUP.whereis()
        assert sup is not None
        for label in GROUP:
            whereis(label).exit(KILL)
        await settled()
        assert None not in (await children()).values()
        assert sup.actor.window.used(trio.current_time()) == restarts  # type: ignore[attr-defined]


# --- junk


JUNK: tuple[Any, ...] = (
    "nonsense",
    None,
    StartChild("nonsense"),  # type: ignore[arg-type]
    StartChild(None),  # type: ignore[arg-type]
    TerminateChild(None),  # type: ignore[arg-type]
    TerminateChild(["a"]),  # type: ignore[arg-type]
    RestartChild(["a"]),  # type: ignore[arg-type]
    DeleteChild(7),  # type: ignore[arg-type]
    GetChildSpec({}),  # type: ignore[arg-type]
    dynamic.StartChild(5),  # type: ignore[arg-type]
    dynamic.StartChild((), "name"),  # type: ignore[arg-type]
    dynamic.StartChild(("too", "many", "arguments", "for", "it")),
    Resize("many"),  # type: ignore[arg-type]
    Resize(1.5),  # type: ignore[arg-type]
    Resize(None),  # type: ignore[arg-type]
    Resize(True),
)


@pytest.mark.parametrize(
    "make",
    [
        lambda: supervisor("sup", [echo("a")], name=SUP),
        lambda: dynamic_supervisor("sup", worker("child", Echo), name=SUP),
        lambda: partition_supervisor("sup", worker("part", Echo), Partitions("junk"), count=2, name=SUP),
    ],
    ids=["static", "dynamic", "partition"],
)
@pytest.mark.parametrize("junk", JUNK, ids=repr)
async def test_junk_does_not_end_a_supervisor(make: Any, junk: Any, autojump_clock: Any) -> None:
    """A call it does not understand is refused in its caller; as a cast or info it is nothing."""
    async with running(make()) as runtime:
        sup = SUP.whereis()
        assert sup is not None
        before = await SUP.call(WhichChildren())
        with pytest.raises((SupervisionError, TypeError, AttributeError)):
            await SUP.call(junk)
        SUP.cast(junk)
        sup.info(junk)
        await settled()
        assert SUP.whereis() is sup
        assert await SUP.call(WhichChildren()) == before
        assert_whole(runtime)


async def test_a_significant_child_is_refused_where_none_may_be(autojump_clock: Any) -> None:
    """Before anything else: also under an id that is taken."""
    async with running(supervisor("sup", [echo("a")], name=SUP)):
        with pytest.raises(SpecError, match="significant of 'a'"):
            await SUP.call(StartChild(echo("a", restart="transient", significant=True)))


# --- killed at any moment


class Witness:
    """Notes who of the `born` still lives at the moment their supervisor counts as ended."""

    def __init__(self, born: list[Process]) -> None:
        self.born = born
        self.left: list[Process] = []

    def severed(self, process: Process, reason: Any) -> None:
        self.left += [child for child in self.born if child.parent is process and child.alive]


class Leisurely(Actor):
    """Starts and stops at its leisure."""

    async def init(self, born: list[Process]) -> None:
        born.append(self.process)
        await trio.sleep(1)

    async def terminate(self, reason: Any) -> None:
        await trio.sleep(1)


class Killer(trio.abc.Instrument):
    """Kills the supervisor, or its successor, after so many steps of any task."""

    def __init__(self, after: int, born: list[Process]) -> None:
        self.left = after
        self.born = born
        self.witness = Witness(born)

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        self.left -= 1
        if self.left == 0 and self.born:
            victim = self.born[-1].parent
            assert victim is not None
            if victim.alive:
                victim.tie(self.witness)
                victim.exit(KILL)


async def let_start() -> None:
    await names.name("top").call(RestartChild("sup"), 30)


async def let_restart() -> None:
    whereis("a").exit(KILL)
    await trio.sleep(10)


async def let_stop_one() -> None:
    await SUP.call(TerminateChild("b"), 30)


async def let_stop() -> None:
    await names.name("top").call(TerminateChild("sup"), 30)


async def let_add() -> None:
    await SUP.call(StartChild(worker("late", Leisurely, [])), 30)


DEEDS: dict[str, Any] = {
    "starting": let_start,
    "restarting": let_restart,
    "stopping a child": let_stop_one,
    "stopping": let_stop,
    "adding a child": let_add,
}


@pytest.mark.parametrize("what", DEEDS)
@pytest.mark.parametrize("limit", [5.0, "infinity", "brutal_kill"])
async def test_a_supervisor_killed_at_any_step_leaves_no_child(what: str, limit: Any, autojump_clock: Any) -> None:
    """When it counts as ended all its children have: its successor finds every name free and nobody at work."""
    kills = 0
    for steps in range(1, 200):
        born: list[Process] = []
        specs = [
            worker(label, Leisurely, born, shutdown=limit, name=names.name(label), restart="transient")
            for label in ("a", "b")
        ]
        sup = supervisor("sup", specs, strategy="one_for_all", intensity=5, name=SUP)
        async with open_runtime(supervisor("top", [sup], intensity=5, name=names.name("top"))) as runtime:
            if what == "starting":
                await names.name("top").call(TerminateChild("sup"), 30)
            killer = Killer(steps, born)
            trio.lowlevel.add_instrument(killer)
            try:
                await DEEDS[what]()
            except (CallError, SupervisionError):
                pass
            finally:
                trio.lowlevel.remove_instrument(killer)
            await trio.sleep(20)
            assert killer.witness.left == []
            assert_whole(runtime)
            assert len([process for process in born if process.alive]) in (0, 2, 1 if what == "stopping a child" else 2)
        assert len(names) == 0
        if killer.left > 0:
            break
        kills += 1
    else:
        pytest.fail("the deed goes on without end")
    assert kills > 5


@pytest.mark.parametrize("limit", [1000.0, "infinity"])
async def test_a_supervisor_killed_while_it_waits_for_a_childs_cleanup(limit: Any, autojump_clock: Any) -> None:
    """The cleanup is cut short: the child does not outlive the supervisor, nor keep its name from its successor."""

    class Dawdler(Actor):
        async def terminate(self, reason: Any) -> None:
            await trio.sleep(500)

    spec = worker("slow", Dawdler, shutdown=limit, name=names.name("slow"))
    async with running(supervisor("sup", [spec], name=SUP)), trio.open_nursery() as nursery:
        sup, child = SUP.whereis(), whereis("slow")
        assert sup is not None

        async def ask() -> None:
            with pytest.raises(Down):
                await SUP.call(TerminateChild("slow"), 1000)

        nursery.start_soon(ask)
        await settled(1)
        sup.exit(KILL)
        assert await sup.wait_ended() == "killed"
        assert not child.alive
        await settled()
        assert whereis("slow") not in (None, child)


async def test_giving_up_is_told(autojump_clock: Any) -> None:
    """With the restarts it has seen, and how many it may."""
    told: list[Any] = []
    detach = telemetry.attach(
        lambda event, subject, detail: told.append((subject, detail)) if event == "supervisor.gave_up" else None
    )
    async with running(supervisor("sup", [echo("a")], intensity=2, period=7, name=SUP)):
        sup = SUP.whereis()
        for _ in range(3):
            whereis("a").exit(KILL)
            await settled()
    detach()
    assert told == [(sup, {"used": 3, "limit": 2, "period": 7})]
