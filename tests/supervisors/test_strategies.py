"""Who is restarted when a child ends: strategy × restart type × exit reason × position, as OTP has it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import trio

from supervisors import (
    Down,
    Registry,
    RootEnded,
    Shutdown,
    SpecError,
    StartFailed,
    is_abnormal,
    open_runtime,
    supervisor,
    telemetry,
    worker,
)
from supervisors.requests import ChildBusy, ChildNotFound, DeleteChild, RestartChild, StartChild, TerminateChild
from tests.supervisors.actors import Echo, FailingStart

STRATEGIES = ("one_for_one", "one_for_all", "rest_for_one")
RESTARTS = ("permanent", "transient", "temporary")
REASONS: tuple[Any, ...] = ("normal", "shutdown", Shutdown("done"), "killed", "crash")
IDS = ("a", "b", "c")


def expected(strategy: str, restart: str, reason: Any, position: int) -> list[bool]:
    """Which of three children are new processes afterwards, by the rules of OTP's `supervisor`."""
    restarts = restart == "permanent" or (restart == "transient" and is_abnormal(reason))
    if not restarts:
        return [False, False, False]
    if strategy == "one_for_one":
        return [index == position for index in range(3)]
    if strategy == "one_for_all":
        return [True, True, True]
    return [index >= position for index in range(3)]


@pytest.mark.parametrize(
    ("strategy", "restart", "reason", "position"), list(itertools.product(STRATEGIES, RESTARTS, REASONS, range(3)))
)
async def test_truth_table(strategy: Any, restart: Any, reason: Any, position: int, autojump_clock: Any) -> None:
    """A child's end restarts exactly the children its strategy, restart type and reason call for."""
    names = Registry("test")
    children = [
        worker(each, Echo, each, name=names.name(each), restart=restart if index == position else "permanent")
        for index, each in enumerate(IDS)
    ]
    async with open_runtime(supervisor("root", children, strategy=strategy, intensity=5)):
        before = [names.whereis(each) for each in IDS]
        victim = before[position]
        assert victim is not None
        if reason == "killed":
            victim.exit("kill")
        elif reason == "crash":
            victim.cast("crash")
        else:
            victim.cast(("stop", reason))
        await trio.sleep(1)
        after = [names.whereis(each) for each in IDS]
        want = expected(strategy, restart, reason, position)
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            if want[index]:
                assert new is not None
                assert new is not old
                assert await new.call("hello") == "hello"
            elif index == position:
                assert new is None
            else:
                assert new is old


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_order(strategy: Any, autojump_clock: Any) -> None:
    """Children start in order and stop in reverse order."""
    log: list[str] = []
    async with open_runtime(supervisor("root", [worker(each, Echo, each, log) for each in IDS], strategy=strategy)):
        pass
    assert log == ["init a", "init b", "init c", "terminate c", "terminate b", "terminate a"]


@pytest.mark.parametrize(
    ("strategy", "want"),
    [
        ("one_for_all", ["terminate c", "terminate a", "init a", "init b", "init c"]),
        ("rest_for_one", ["terminate c", "init b", "init c"]),
    ],
)
async def test_group_restart_order(strategy: Any, want: list[str], autojump_clock: Any) -> None:
    """A group goes down in reverse order and comes up in order; the crashed child has cleaned up first."""
    log: list[str] = []
    names = Registry("test")
    children = [worker(each, Echo, each, log, name=names.name(each)) for each in IDS]
    async with open_runtime(supervisor("root", children, strategy=strategy, intensity=5)):
        log.clear()
        names.name("b").cast("crash")
        await trio.sleep(1)
        assert log == ["terminate b", *want]


async def test_start_failure_rolls_back(autojump_clock: Any) -> None:
    """When a child does not start, those before it stop in reverse order and the starter learns the path."""
    log: list[str] = []
    inner = supervisor("inner", [worker("bad", FailingStart, "bad", ["once"], log)])
    with pytest.raises(StartFailed) as caught:
        async with open_runtime(supervisor("root", [worker("a", Echo, "a", log), worker("b", Echo, "b", log), inner])):
            pytest.fail("the tree must not come up")
    assert caught.value.path == "inner/bad"
    assert isinstance(caught.value.root_cause(), RuntimeError)
    assert log == ["init a", "init b", "terminate b", "terminate a"]


async def test_failed_restart_is_tried_again(autojump_clock: Any) -> None:
    """A restart that fails is tried again, and every try counts against the intensity."""
    log: list[str] = []
    failures: list[str] = []
    names = Registry("test")
    spec = worker("x", FailingStart, "x", failures, log, name=names.name("x"))
    async with open_runtime(supervisor("root", [spec], intensity=4)) as runtime:
        failures.extend(["again"] * 3)
        names.name("x").cast("crash")
        await trio.sleep(1)
        assert names.whereis("x") is not None
        assert runtime.root.actor.window.used(trio.current_time()) == 4  # type: ignore[attr-defined]


async def test_intensity_ends_the_supervisor(autojump_clock: Any) -> None:
    """One restart more than the intensity within the period ends the supervisor, children first."""
    log: list[str] = []
    failures: list[str] = []
    names = Registry("test")
    children = [
        worker("a", Echo, "a", log, name=names.name("a")),
        worker("x", FailingStart, "x", failures, log, name=names.name("x")),
    ]
    with pytest.raises(RootEnded) as caught:
        async with open_runtime(supervisor("root", children, intensity=3)):
            failures.extend(["again"] * 10)
            names.name("x").cast("crash")
            await trio.sleep_forever()
    assert caught.value.reason == "shutdown"
    assert log[-1] == "terminate a"
    assert len(failures) == 7


async def test_giving_up_is_the_parents_business(autojump_clock: Any) -> None:
    """A supervisor that gave up is restarted by its own supervisor with fresh children."""
    names = Registry("test")
    inner = supervisor("inner", [worker("x", Echo, name=names.name("x"))], intensity=0)
    async with open_runtime(supervisor("root", [inner], intensity=3)) as runtime:
        old = names.whereis("x")
        names.name("x").cast("crash")
        await trio.sleep(1)
        assert names.whereis("x") not in (None, old)
        assert runtime.root.actor.children["inner"].restarts == 1  # type: ignore[attr-defined]


async def test_restarts_apart_do_not_add_up(autojump_clock: Any) -> None:
    """Restarts further apart than the period never exhaust the intensity."""
    names = Registry("test")
    async with open_runtime(supervisor("root", [worker("x", Echo, name=names.name("x"))], intensity=1, period=5)):
        for _ in range(5):
            names.name("x").cast("crash")
            await trio.sleep(7)
            assert names.whereis("x") is not None


async def test_child_calls(autojump_clock: Any) -> None:
    """start_child, terminate_child, restart_child and delete_child answer as OTP's do."""
    names = Registry("test")
    async with open_runtime(supervisor("root", [worker("a", Echo)])) as runtime:
        root = runtime.root
        spec = worker("b", Echo, name=names.name("b"))
        process = await root.call(StartChild(spec))
        assert names.whereis("b") is process
        with pytest.raises(Exception, match="already"):
            await root.call(StartChild(spec))
        with pytest.raises(ChildBusy):
            await root.call(DeleteChild("b"))
        with pytest.raises(ChildBusy):
            await root.call(RestartChild("b"))
        await root.call(TerminateChild("b"))
        assert names.whereis("b") is None
        await trio.sleep(1)
        assert names.whereis("b") is None, "a terminated child stays down"
        again = await root.call(RestartChild("b"))
        assert again is names.whereis("b")
        await root.call(TerminateChild("b"))
        await root.call(DeleteChild("b"))
        with pytest.raises(ChildNotFound):
            await root.call(RestartChild("b"))


async def test_start_child_failure_leaves_no_spec(autojump_clock: Any) -> None:
    """A child that does not start leaves its id free, and the supervisor unharmed."""
    async with open_runtime(supervisor("root", [])) as runtime:
        with pytest.raises(StartFailed):
            await runtime.root.call(StartChild(worker("x", FailingStart, "x", ["once"], [])))
        assert await runtime.root.call(StartChild(worker("x", FailingStart, "x", [], [])))


async def test_killed_supervisor_leaves_no_orphan(autojump_clock: Any) -> None:
    """When a supervisor is killed its children die with it and come back with it."""
    names = Registry("test")
    inner = supervisor("inner", [worker("x", Echo, name=names.name("x"))], name=names.name("inner"))
    async with open_runtime(supervisor("root", [inner], intensity=3)):
        old = names.whereis("x")
        boss = names.whereis("inner")
        assert old is not None
        assert boss is not None
        boss.exit("kill")
        await trio.sleep(1)
        assert not old.alive
        with pytest.raises(Exception, match="ended"):
            await old.call("hello")
        assert await names.name("x").call("hello") == "hello"


@pytest.mark.parametrize(
    "make",
    [
        lambda: worker("", Echo),
        lambda: worker("a/b", Echo),
        lambda: worker("a", int),  # type: ignore[arg-type]
        lambda: worker("a", Echo, restart="always"),  # type: ignore[arg-type]
        lambda: worker("a", Echo, shutdown=-1),
        lambda: supervisor("s", [worker("a", Echo), worker("a", Echo)]),
        lambda: supervisor("s", [], strategy="all_for_one"),  # type: ignore[arg-type]
        lambda: supervisor("s", [], intensity=-1),
        lambda: supervisor("s", [], period=0),
    ],
)
def test_wrong_specs(make: Any) -> None:
    """A wrong spec is refused where it is made."""
    with pytest.raises(SpecError):
        make()


async def test_caller_of_crashing_child(autojump_clock: Any) -> None:
    """The caller whose message crashed the callee gets Down with the crash as its cause."""
    names = Registry("test")
    async with open_runtime(supervisor("root", [worker("x", Echo, name=names.name("x"))], intensity=3)):
        with pytest.raises(Down) as caught:
            await names.name("x").call("crash")
        assert isinstance(caught.value.__cause__, ValueError)


async def test_a_restart_is_told_with_its_number(autojump_clock: Any) -> None:
    """The progress report of the first restart says 1: who counts restarts by the reports misses none."""
    names = Registry("test")
    told: list[int] = []
    detach = telemetry.attach(
        lambda event, _, detail: told.append(detail["restarts"]) if event == "child.started" else None
    )
    async with open_runtime(supervisor("root", [worker("a", Echo, name=names.name("a"))], intensity=5)):
        told.clear()
        for _ in range(3):
            process = names.whereis("a")
            assert process is not None
            process.exit("kill")
            await trio.sleep(1)
    detach()
    assert told == [1, 2, 3]
