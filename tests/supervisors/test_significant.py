"""Significant children: when the end of one is the end of the supervisor."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import trio

from supervisors import Registry, StartChild, TerminateChild, supervisor, telemetry, worker
from supervisors.testing import running
from tests.supervisors.actors import Echo

names = Registry("significant")
SUP = names.name("sup")


def echo(label: str, restart: Any = "transient", significant: bool = True) -> Any:
    return worker(label, Echo, name=names.name(label), restart=restart, significant=significant)


def tree(rule: Any, *children: Any, **options: Any) -> Any:
    return supervisor("sup", children, auto_shutdown=rule, restart="temporary", name=SUP, intensity=5, **options)


async def end(label: str, reason: Any) -> None:
    process = names.whereis(label)
    assert process is not None
    if reason == "crash":
        process.cast("crash")
    else:
        process.cast(("stop", reason))
    await trio.sleep(0.1)


@pytest.mark.parametrize(
    ("rule", "restart", "reason"),
    list(
        itertools.product(
            ("any_significant", "all_significant"), ("transient", "temporary"), ("normal", "shutdown", "crash")
        )
    ),
)
async def test_the_last_significant_child(rule: Any, restart: Any, reason: str, autojump_clock: Any) -> None:
    """Its own end, if it is not restarted for it, ends the supervisor with `shutdown`, by either rule."""
    async with running(tree(rule, echo("a", restart), worker("other", Echo, name=names.name("other")))):
        before = SUP.whereis()
        assert before is not None
        await end("a", reason)
        restarted = restart == "transient" and reason == "crash"
        assert before.alive is restarted
        if not restarted:
            assert before.exit_reason == "shutdown"
            assert names.whereis("other") is None


@pytest.mark.parametrize(("rule", "ends"), [("any_significant", True), ("all_significant", False)])
async def test_one_of_two(rule: Any, ends: bool, autojump_clock: Any) -> None:
    """Any: the first is enough. All: only when none is left."""
    async with running(tree(rule, echo("a"), echo("b"))):
        before = SUP.whereis()
        assert before is not None
        await end("a", "normal")
        assert before.alive is not ends
        if not ends:
            await end("b", "normal")
            assert not before.alive


async def test_others_do_not_count(autojump_clock: Any) -> None:
    """A child that is not significant may come and go."""
    async with running(tree("any_significant", echo("a"), echo("b", significant=False))):
        before = SUP.whereis()
        assert before is not None
        await end("b", "normal")
        assert before.alive


async def test_terminating_is_not_ending(autojump_clock: Any) -> None:
    """A child that was told to stop triggers nothing."""
    async with running(tree("any_significant", echo("a"), echo("b"))):
        before = SUP.whereis()
        assert before is not None
        await SUP.call(TerminateChild("a"))
        assert before.alive


async def test_one_that_is_restarting_is_still_there(autojump_clock: Any) -> None:
    """All: a significant child between two lives keeps the supervisor up."""
    from supervisors import Backoff

    waiting = worker("a", Echo, name=names.name("a"), restart="transient", significant=True, backoff=Backoff(5.0, 5.0))
    async with running(tree("all_significant", waiting, echo("b"))):
        before = SUP.whereis()
        assert before is not None
        await end("a", "crash")
        await end("a", "crash")
        assert names.whereis("a") is None
        await end("b", "normal")
        assert before.alive


async def test_a_significant_child_may_come_later(autojump_clock: Any) -> None:
    """Started on request it counts as well; and the end is told."""
    told: list[str] = []
    detach = telemetry.attach(
        lambda event, _, detail: told.append(detail["rule"]) if event == "supervisor.auto_shutdown" else None
    )
    async with running(tree("any_significant")):
        before = SUP.whereis()
        assert before is not None
        await SUP.call(StartChild(echo("late")))
        await end("late", "normal")
        assert not before.alive
    detach()
    assert told == ["any_significant"]


async def test_where_none_may_be_it_is_refused(autojump_clock: Any) -> None:
    """A running supervisor that never shuts itself down takes no significant child."""
    from supervisors import SpecError

    async with running(supervisor("sup", [], name=SUP)):
        with pytest.raises(SpecError, match="significant of 'late'"):
            await SUP.call(StartChild(echo("late")))
