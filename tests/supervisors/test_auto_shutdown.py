"""Significant children, rule by rule: whose end is the end of their supervisor, and what comes of that."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import trio

from supervisors import (
    IGNORE,
    KILL,
    Actor,
    ChildSpec,
    DeleteChild,
    Registry,
    RestartChild,
    Shutdown,
    SpecError,
    StartChild,
    TerminateChild,
    WhichChildren,
    dynamic_supervisor,
    is_abnormal,
    partition_supervisor,
    supervisor,
    task,
    worker,
)
from supervisors.partition import Partitions
from supervisors.testing import Faults, faulty, running
from tests.supervisors.actors import Echo

names = Registry("auto shutdown")
SUP = names.name("sup")
RULES = ("any_significant", "all_significant")


def echo(
    label: str, restart: Any = "transient", *, log: list[str] | None = None, significant: bool = True
) -> ChildSpec:
    return worker(label, Echo, label, log, name=names.name(label), restart=restart, significant=significant)


def plain(label: str, log: list[str] | None = None) -> ChildSpec:
    return echo(label, "permanent", log=log, significant=False)


def tree(rule: Any, *children: ChildSpec, restart: Any = "temporary", **options: Any) -> ChildSpec:
    return supervisor("sup", children, auto_shutdown=rule, restart=restart, name=SUP, intensity=9, **options)


def whereis(label: str) -> Any:
    return names.whereis(label)


async def end(label: str, reason: Any) -> None:
    process = whereis(label)
    if reason == "killed":
        process.exit(KILL)
    else:
        process.cast("crash" if reason == "crash" else ("stop", reason))
    await trio.sleep(0.1)


ENDS = list(
    itertools.product(
        RULES,
        itertools.product(("transient", "temporary"), ("normal", "shutdown", Shutdown("done"), "killed", "crash")),
        ("nobody", "significant", "plain"),
        ("one_for_one", "one_for_all", "rest_for_one"),
    )
)


@pytest.mark.parametrize(("rule", "how", "other", "strategy"), ENDS)
async def test_the_table(rule: Any, how: tuple[Any, Any], other: str, strategy: Any, autojump_clock: Any) -> None:
    """A significant child that ends and is not restarted ends the supervisor: any of them, or the last of all."""
    restart, reason = how
    others = {"nobody": [], "significant": [echo("b")], "plain": [plain("b")]}[other]
    async with running(tree(rule, echo("a", restart), *others, strategy=strategy)):
        sup = SUP.whereis()
        assert sup is not None
        await end("a", reason)
        restarted = restart == "transient" and is_abnormal("boom" if reason == "crash" else reason)
        last = other != "significant"
        ends = not restarted and (rule == "any_significant" or last)
        assert sup.exit_reason == ("shutdown" if ends else None)
        assert (whereis("a") is not None) is restarted
        assert (whereis("b") is not None) is (other != "nobody" and not ends)


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
async def test_all_means_all(order: tuple[str, ...], autojump_clock: Any) -> None:
    """In whatever order they end, and whatever types they are of: the last one decides."""
    specs = [echo("a"), echo("b", "temporary"), echo("c"), plain("d")]
    async with running(tree("all_significant", *specs)):
        sup = SUP.whereis()
        assert sup is not None
        for label in order:
            assert sup.alive
            await end(label, "normal")
        assert sup.exit_reason == "shutdown"


async def test_the_rest_is_stopped_in_reverse(autojump_clock: Any) -> None:
    """As in any orderly stop."""
    log: list[str] = []
    async with running(tree("any_significant", plain("a", log), plain("b", log), echo("c", log=log), plain("d", log))):
        log.clear()
        await end("c", "normal")
        assert log == ["terminate c", "terminate d", "terminate b", "terminate a"]


@pytest.mark.parametrize(("restart", "again"), [("permanent", True), ("transient", False), ("temporary", False)])
async def test_what_the_next_level_makes_of_it(restart: Any, again: bool, autojump_clock: Any) -> None:
    """It ended with `shutdown`: a permanent one is restarted with all its children, another stays down."""
    async with running(tree("any_significant", echo("a"), plain("b"), restart=restart)):
        old = [whereis("a"), whereis("b")]
        await end("a", "normal")
        assert not any(process.alive for process in old)
        assert [whereis("a") is not None, whereis("b") is not None] == [again, again]


async def test_it_goes_up_as_far_as_it_is_significant(autojump_clock: Any) -> None:
    """A significant supervisor that shuts itself down is itself a significant child that has ended."""
    leaf = echo("leaf")
    inner = supervisor("inner", [leaf], auto_shutdown="all_significant", restart="transient", significant=True)
    middle = supervisor("middle", [inner], auto_shutdown="any_significant", restart="transient", significant=True)
    async with running(tree("any_significant", middle, plain("other"))):
        sup = SUP.whereis()
        assert sup is not None
        await end("leaf", "normal")
        assert sup.exit_reason == "shutdown"
        assert len(names) == 0


async def test_a_supervisor_that_gave_up_has_ended_too(autojump_clock: Any) -> None:
    """Too many restarts end it with `shutdown`: not restarted as a transient child, so significant."""
    inner = supervisor("inner", [plain("leaf")], intensity=0, restart="transient", significant=True)
    async with running(tree("any_significant", inner)):
        sup = SUP.whereis()
        assert sup is not None
        await end("leaf", "crash")
        assert sup.exit_reason == "shutdown"


# --- what does not trigger


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("restart", ["transient", "temporary"])
async def test_terminating_triggers_nothing(rule: Any, restart: Any, autojump_clock: Any) -> None:
    """Neither the only one nor the last; nor does deleting it."""
    async with running(tree(rule, echo("a", restart), echo("b", restart), plain("c"))):
        sup = SUP.whereis()
        assert sup is not None
        for label in ("a", "b"):
            await SUP.call(TerminateChild(label))
            if restart == "transient":
                await SUP.call(DeleteChild(label))
        await trio.sleep(1)
        assert sup.alive
        assert [info.id for info in await SUP.call(WhichChildren())] == ["c"]


async def test_one_that_was_terminated_is_not_waited_for(autojump_clock: Any) -> None:
    """All: the end of the last that is up decides, though another is down by request."""
    async with running(tree("all_significant", echo("a"), echo("b"))):
        sup = SUP.whereis()
        assert sup is not None
        await SUP.call(TerminateChild("a"))
        await end("b", "normal")
        assert sup.exit_reason == "shutdown"


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_being_swept_away_is_not_ending(rule: Any, strategy: Any, autojump_clock: Any) -> None:
    """A temporary significant child that is stopped by its group's restart, and never comes back, triggers nothing."""
    async with running(tree(rule, plain("a"), echo("b", "temporary"), strategy=strategy)):
        sup = SUP.whereis()
        assert sup is not None
        await end("a", "crash")
        assert sup.alive
        assert [info.id for info in await SUP.call(WhichChildren())] == ["a"]


class Shy(Actor):
    """Starts while `may` holds anything."""

    def init(self, may: list[int]) -> Any:
        return None if may and may.pop() else IGNORE


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("restart", ["transient", "temporary"])
async def test_one_that_never_started_has_not_ended(rule: Any, restart: Any, autojump_clock: Any) -> None:
    """Ignored at its start, or failed to on request."""
    shy = worker("shy", Shy, [], restart=restart, significant=True)
    async with running(tree(rule, shy)):
        sup = SUP.whereis()
        assert sup is not None
        faults = Faults(failing_starts=1)
        with pytest.raises(Exception, match="failed to start"):
            await SUP.call(StartChild(faulty(echo("late", restart), faults)))
        await trio.sleep(1)
        assert sup.alive


async def test_one_that_ignores_its_restart_has_not_ended(autojump_clock: Any) -> None:
    """It is down without a trigger; but it is not waited for either."""
    shy = worker("shy", Shy, [1], restart="transient", significant=True, name=names.name("shy"))
    async with running(tree("all_significant", shy, echo("b"))):
        sup = SUP.whereis()
        assert sup is not None
        await end("shy", "crash")
        assert whereis("shy") is None
        assert sup.alive
        await end("b", "normal")
        assert sup.exit_reason == "shutdown"


async def test_one_that_fails_to_restart_is_still_there(autojump_clock: Any) -> None:
    """All: between two tries it keeps the supervisor up, and once back it must end again."""
    broken: list[int] = []

    class Slow(Echo):
        async def init(self) -> None:  # type: ignore[override]
            super().init()
            if broken:
                await trio.sleep(1)
                msg = "still broken"
                raise RuntimeError(msg)

    slow = worker("slow", Slow, restart="transient", significant=True, name=names.name("slow"))
    async with running(tree("all_significant", slow, echo("b"))):
        sup = SUP.whereis()
        assert sup is not None
        broken.append(1)
        await end("slow", "crash")
        await end("b", "normal")
        await trio.sleep(2)
        assert sup.alive
        broken.clear()
        await trio.sleep(2)
        await end("slow", "normal")
        assert sup.exit_reason == "shutdown"


async def test_one_restarted_on_request_counts_again(autojump_clock: Any) -> None:
    """Terminated and started again it is as significant as before."""
    async with running(tree("any_significant", echo("a"))):
        sup = SUP.whereis()
        assert sup is not None
        await SUP.call(TerminateChild("a"))
        await SUP.call(RestartChild("a"))
        await end("a", "normal")
        assert sup.exit_reason == "shutdown"


async def test_the_supervisors_own_stop_is_no_trigger(autojump_clock: Any) -> None:
    """Its significant children stop with it, for the reason it was given."""
    async with running(tree("any_significant", echo("a"), echo("b"))):
        sup = SUP.whereis()
        assert sup is not None
        await sup.stop("normal")
        assert sup.exit_reason == "normal"


# --- refusals


async def body(started: Any) -> None:
    started()


SIGNIFICANT: Any = {"restart": "transient", "significant": True}
REFUSED: tuple[tuple[Any, str], ...] = (
    (lambda: worker("a", Echo, significant=True), "significant of 'a'.*'permanent'"),
    (lambda: task("a", body, significant=True), "significant of 'a'.*'permanent'"),
    (lambda: supervisor("a", [], significant=True), "significant of 'a'.*'permanent'"),
    (lambda: supervisor("s", [worker("a", Echo, **SIGNIFICANT)]), "significant of 'a'.*'s'.*'never'"),
    (lambda: supervisor("s", [supervisor("a", [], **SIGNIFICANT)]), "significant of 'a'.*'s'.*'never'"),
    (lambda: dynamic_supervisor("d", worker("a", Echo, **SIGNIFICANT)), "template of 'd'.*significant"),
    (lambda: partition_supervisor("p", worker("a", Echo, **SIGNIFICANT), Partitions("p")), "significant of '0'.*'p'"),
    (lambda: supervisor("s", [], auto_shutdown="always"), "auto_shutdown.*'any_significant'.*'always'"),  # type: ignore[arg-type]
    (lambda: supervisor("s", [], auto_shutdown=True), "auto_shutdown.*True"),  # type: ignore[arg-type]
    (lambda: supervisor("s", [], auto_shutdown=None), "auto_shutdown.*None"),  # type: ignore[arg-type]
    (lambda: worker("a", Echo, restart="transient", significant="yes"), "significant of 'a'.*'yes'"),  # type: ignore[arg-type]
)  # fmt: skip


@pytest.mark.parametrize(("make", "says"), REFUSED)
def test_refused_where_it_is_made(make: Any, says: str) -> None:
    """A significant child that would never end by itself, or under a supervisor that would not mind."""
    with pytest.raises(SpecError, match=says):
        make()


@pytest.mark.parametrize("rule", RULES)
def test_a_supervisor_need_not_have_significant_children(rule: Any) -> None:
    """One may come later."""
    assert supervisor("s", [worker("a", Echo)], auto_shutdown=rule).args[0].auto_shutdown == rule
