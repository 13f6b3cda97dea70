"""What a supervisor may be asked, how it refuses, and what it does with failing starts."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from supervisors import (
    IGNORE,
    Actor,
    AlreadyStarted,
    Backoff,
    ChildBusy,
    ChildCount,
    ChildInfo,
    ChildNotFound,
    CountChildren,
    DeleteChild,
    GetChildSpec,
    MaxChildren,
    Name,
    Registry,
    RestartChild,
    SpecError,
    StartChild,
    StartFailed,
    TerminateChild,
    WhichChildren,
    dynamic,
    dynamic_supervisor,
    open_runtime,
    supervisor,
    worker,
)
from supervisors.requests import NotForDynamic
from supervisors.specs import Flags
from supervisors.testing import running
from tests.supervisors.actors import Echo

names = Registry("asking")
SUP = names.name("sup")


class Ignoring(Actor):
    """Does not start, and does not mind."""

    def init(self) -> Any:
        return IGNORE


class Moody(Actor):
    """Starts as long as the list says so."""

    def init(self, moods: list[bool]) -> None:
        if moods and not moods.pop(0):
            msg = "not now"
            raise RuntimeError(msg)

    def handle_call(self, message: Any, sender: Any) -> Any:
        return message


def echo(label: str, **options: Any) -> Any:
    return worker(label, Echo, label, name=names.name(label), **options)


def whereis(label: str) -> Any:
    return names.whereis(label)


async def test_which_and_count(autojump_clock: Any) -> None:
    """Children in start order with their processes; those that are down count as specs only."""
    inner = supervisor("inner", [], name=names.name("inner"))
    async with running(supervisor("sup", [echo("a"), inner, echo("b")], name=SUP)):
        await SUP.call(TerminateChild("b"))
        infos = await SUP.call(WhichChildren())
        assert [(info.id, info.process_type) for info in infos] == [
            ("a", "worker"),
            ("inner", "supervisor"),
            ("b", "worker"),
        ]
        assert [info.child for info in infos] == [whereis("a"), whereis("inner"), None]
        assert infos[0].actor is Echo
        assert await SUP.call(CountChildren()) == ChildCount(specs=3, active=2, supervisors=1, workers=2)


async def test_get_childspec(autojump_clock: Any) -> None:
    """The very spec the child was given."""
    spec = echo("a")
    async with running(supervisor("sup", [spec], name=SUP)):
        assert await SUP.call(GetChildSpec("a")) is spec
        with pytest.raises(ChildNotFound):
            await SUP.call(GetChildSpec("nobody"))


async def test_a_childs_way_through_the_calls(autojump_clock: Any) -> None:
    """start, terminate, restart, delete; each refused where it makes no sense, by name."""
    async with running(supervisor("sup", [], name=SUP)):
        process = await SUP.call(StartChild(echo("a")))
        assert process is whereis("a")
        with pytest.raises(AlreadyStarted):
            await SUP.call(StartChild(echo("a")))
        for request in (RestartChild("a"), DeleteChild("a")):
            with pytest.raises(ChildBusy, match="running"):
                await SUP.call(request)
        await SUP.call(TerminateChild("a"))
        await SUP.call(TerminateChild("a"))
        with pytest.raises(AlreadyStarted):
            await SUP.call(StartChild(echo("a")))
        again = await SUP.call(RestartChild("a"))
        assert again is whereis("a") is not process
        await SUP.call(TerminateChild("a"))
        await SUP.call(DeleteChild("a"))
        for unknown in (TerminateChild("a"), RestartChild("a"), DeleteChild("a")):
            with pytest.raises(ChildNotFound):
                await SUP.call(unknown)


async def test_a_temporary_child_leaves_no_spec(autojump_clock: Any) -> None:
    """Terminated or ended, it is forgotten."""
    async with running(supervisor("sup", [echo("a", restart="temporary"), echo("b", restart="temporary")], name=SUP)):
        await SUP.call(TerminateChild("a"))
        whereis("b").cast(("stop", "normal"))
        await trio.sleep(0.1)
        assert await SUP.call(WhichChildren()) == []


async def test_a_failed_start_child_leaves_no_spec(autojump_clock: Any) -> None:
    """The caller gets the reason, the supervisor lives on."""
    async with running(supervisor("sup", [], name=SUP)):
        with pytest.raises(StartFailed) as caught:
            await SUP.call(StartChild(worker("moody", Moody, [False])))
        assert isinstance(caught.value.root_cause(), RuntimeError)
        assert await SUP.call(WhichChildren()) == []


@pytest.mark.parametrize(("restart", "kept"), [("permanent", True), ("transient", True), ("temporary", False)])
async def test_ignore(restart: Any, kept: bool, autojump_clock: Any) -> None:
    """A child whose init says IGNORE is no failure; its spec stays without a process, a temporary one's does not."""
    async with running(supervisor("sup", [worker("i", Ignoring, restart=restart)], name=SUP)):
        expected = [ChildInfo("i", None, "worker", Ignoring)] if kept else []
        assert await SUP.call(WhichChildren()) == expected
        assert await SUP.call(StartChild(worker("j", Ignoring, restart=restart))) is None
        assert len(await SUP.call(WhichChildren())) == 2 * len(expected)


@pytest.mark.parametrize("position", range(4))
async def test_a_failing_start_rolls_back(position: int, autojump_clock: Any) -> None:
    """Whoever was started before it is stopped in reverse order, and the error says which child it was."""
    log: list[str] = []
    children = [worker(str(number), Echo, str(number), log) for number in range(4)]
    children[position] = worker(str(position), Moody, [False])
    with pytest.raises(StartFailed) as caught:
        async with open_runtime(supervisor("root", [supervisor("inner", children)])):
            pytest.fail("it must not start")
    assert caught.value.path == f"inner/{position}"
    assert str(caught.value.root_cause()) == "not now"
    started = [f"init {number}" for number in range(position)]
    stopped = [f"terminate {number}" for number in reversed(range(position))]
    assert log == started + stopped


async def test_calls_get_in_between_failing_restarts(autojump_clock: Any) -> None:
    """A child that can not restart shows as `restarting`, can be neither restarted nor deleted, but be given up."""
    spec = worker("moody", Moody, moods := [True], name=names.name("moody"), backoff=Backoff(1.0, 10.0))
    async with running(supervisor("sup", [spec, echo("a")], intensity=100, name=SUP)):
        moods.extend([False] * 50)
        whereis("moody").exit("boom")
        await trio.sleep(2)
        infos = {info.id: info.child for info in await SUP.call(WhichChildren())}
        assert infos == {"moody": "restarting", "a": whereis("a")}
        assert (await SUP.call(CountChildren())).active == 1
        for request in (RestartChild("moody"), DeleteChild("moody")):
            with pytest.raises(ChildBusy, match="restarting"):
                await SUP.call(request)
        with pytest.raises(AlreadyStarted):
            await SUP.call(StartChild(spec))
        await SUP.call(TerminateChild("moody"))
        await trio.sleep(100)
        assert whereis("moody") is None
        moods.clear()
        assert await (await SUP.call(RestartChild("moody"))).call("hello") == "hello"


@pytest.mark.parametrize("failures", [1, 2, 3])
async def test_failed_restarts_count(failures: int, autojump_clock: Any) -> None:
    """Each try is a restart: with intensity 3 the crash and two failures are borne, the third is one too many."""
    spec = worker("moody", Moody, moods := [True], name=names.name("moody"))
    async with running(supervisor("sup", [spec], intensity=3, period=5, name=SUP), intensity=1):
        old_sup = SUP.whereis()
        moods.extend([False] * failures)
        whereis("moody").exit("boom")
        await trio.sleep(1)
        assert (SUP.whereis() is old_sup) is (failures <= 2)
        assert await names.name("moody").call("hello") == "hello"


async def test_a_stray_message_does_not_end_a_supervisor(autojump_clock: Any) -> None:
    """A call of another kind is refused, a cast or info ignored."""
    pool = names.name("pool")
    async with running(
        supervisor("sup", [echo("a")], name=SUP), dynamic_supervisor("pool", worker("c", Echo), name=pool)
    ):
        for name in (SUP, pool):
            process = name.whereis()
            assert process is not None
            with pytest.raises(TypeError):
                await name.call("nonsense")
            name.cast("nonsense")
            process.info("nonsense")
            process.exit("normal")
            process.exit("boom")
            await trio.sleep(0.1)
            assert name.whereis() is process


async def test_dynamic_children_are_known_by_process(autojump_clock: Any) -> None:
    """Terminated by process, counted, listed without ids; what needs an id is refused."""
    pool = names.name("pool")
    async with running(dynamic_supervisor("pool", worker("c", Echo), extra_arguments=("extra",), name=pool)):
        one = await pool.call(dynamic.StartChild())
        two = await pool.call(dynamic.StartChild())
        assert one.actor.label == "extra"
        assert await pool.call(CountChildren()) == ChildCount(2, 2, 0, 2)
        await pool.call(TerminateChild(one))
        await trio.sleep(0.1)
        assert one.exit_reason == "shutdown"
        assert [info.child for info in await pool.call(WhichChildren())] == [two]
        with pytest.raises(ChildNotFound):
            await pool.call(TerminateChild(one))
        for request in (TerminateChild("c"), RestartChild("c"), DeleteChild("c"), GetChildSpec("c")):
            with pytest.raises(NotForDynamic):
                await pool.call(request)


async def test_max_children_counts_those_that_wait_to_restart(autojump_clock: Any) -> None:
    """A child between two lives still has its place."""
    pool = names.name("pool")
    template = worker("c", Moody, moods := [True, True], backoff=Backoff(5.0, 5.0))
    async with running(dynamic_supervisor("pool", template, max_children=1, intensity=10, name=pool)):
        process = await pool.call(dynamic.StartChild())
        process.exit("boom")
        await trio.sleep(0.1)
        moods.append(False)
        holder = pool.whereis()
        assert holder is not None
        for info in await pool.call(WhichChildren()):
            if info.child != "restarting":
                info.child.exit("boom")
        await trio.sleep(0.1)
        assert [info.child for info in await pool.call(WhichChildren())] == ["restarting"]
        with pytest.raises(MaxChildren):
            await pool.call(dynamic.StartChild())


WRONG: tuple[tuple[Any, str], ...] = (
    (lambda: worker("", Echo), "id: .*''"),
    (lambda: worker("a/b", Echo), "id: .*'a/b'"),
    (lambda: worker(7, Echo), "id: .*7"),  # type: ignore[arg-type]
    (lambda: worker("a", Echo()), "actor of 'a'"),  # type: ignore[arg-type]
    (lambda: worker("a", int), "actor of 'a'.*int"),  # type: ignore[arg-type]
    (lambda: worker("a", Echo, restart="always"), "restart of 'a'.*'always'"),  # type: ignore[arg-type]
    (lambda: worker("a", Echo, shutdown=-1.0), "shutdown of 'a'.*-1"),
    (lambda: worker("a", Echo, shutdown="soon"), "shutdown of 'a'.*'soon'"),  # type: ignore[arg-type]
    (lambda: worker("a", Echo, shutdown=True), "shutdown of 'a'.*True"),
    (lambda: worker("a", Echo, name="a"), "name of 'a'.*'a'"),  # type: ignore[arg-type]
    (lambda: worker("a", Echo, backoff=1.0), "backoff of 'a'.*1.0"),  # type: ignore[arg-type]
    (lambda: worker("a", Echo, significant=True), "significant of 'a'.*permanent"),
    (lambda: Backoff(-1.0, 5.0), "first: .*-1"),
    (lambda: Backoff(1.0, float("inf")), "limit: .*inf"),
    (lambda: Flags("all_for_one"), "strategy: .*'all_for_one'"),  # type: ignore[arg-type]
    (lambda: Flags(intensity=-1), "intensity: .*-1"),
    (lambda: Flags(intensity=1.5), "intensity: .*1.5"),  # type: ignore[arg-type]
    (lambda: Flags(period=0.0), "period: .*0"),
    (lambda: Flags(auto_shutdown="maybe"), "auto_shutdown: .*'maybe'"),  # type: ignore[arg-type]
    (lambda: supervisor("s", [worker("a", Echo), worker("a", Echo)]), "children of 's'.*'a'.*twice"),
    (lambda: supervisor("s", ["a"]), "children of 's'.*'a'"),  # type: ignore[list-item]
    (lambda: supervisor("s", [worker("a", Echo, restart="transient", significant=True)]), "significant of 'a'.*never"),
    (lambda: dynamic_supervisor("d", Echo), "template of 'd'"),  # type: ignore[arg-type]
    (lambda: dynamic_supervisor("d", worker("a", Echo), max_children=-1), "max_children of 'd'.*-1"),
    (
        lambda: dynamic_supervisor("d", worker("a", Echo, restart="transient", significant=True)),
        "template of 'd'.*significant",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("make", "says"), WRONG)
def test_what_can_not_be_is_refused_where_it_is_made(make: Any, says: str) -> None:
    """The option is named, and what was got."""
    with pytest.raises(SpecError, match=says):
        make()


def test_a_name_is_an_address() -> None:
    """A spec takes nothing else for one."""
    assert isinstance(worker("a", Echo, name=names.name("a")).name, Name)
