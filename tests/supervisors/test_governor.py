"""The governor: thresholds, freezing, pauses counted, and all of it undone."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest
import trio

from supervisors import governor, task, telemetry
from supervisors.governor import THRESHOLDS, govern, pauses
from supervisors.testing import running


@pytest.fixture
def collections() -> Iterator[list[int]]:
    """The generations that were collected while a governor looked on."""
    seen: list[int] = []
    detach = telemetry.attach(lambda event, subject, detail: seen.append(subject) if event == "gc.pause" else None)
    yield seen
    detach()


@pytest.fixture(autouse=True)
def _untouched() -> Iterator[None]:
    """Whatever a test does, the collector is afterwards as it was before."""
    before = (gc.get_threshold(), gc.get_freeze_count(), list(gc.callbacks))
    yield
    assert (gc.get_threshold(), gc.get_freeze_count(), list(gc.callbacks)) == before


async def test_thresholds(autojump_clock: Any) -> None:
    """Once started, the thresholds are raised; afterwards they are as before."""
    before = gc.get_threshold()
    async with running(task("gc", govern)):
        assert gc.get_threshold() == THRESHOLDS != before
    assert gc.get_threshold() == before


async def test_freezes_what_has_come_to_stay(autojump_clock: Any) -> None:
    """What lives at the start is frozen; afterwards nothing is."""
    async with running(task("gc", govern)):
        assert gc.get_freeze_count() > 1_000
    assert gc.get_freeze_count() == 0


async def test_undone_when_killed(autojump_clock: Any) -> None:
    """A killed governor undoes it as well, and its successor does it again."""
    async with running(task("gc", govern)) as runtime:
        process = next(iter(runtime.root.actor.children.values())).process  # type: ignore[attr-defined]
        process.exit("kill")
        await process.wait_ended()
        await trio.sleep(1)
        assert gc.get_threshold() == THRESHOLDS
        assert len([each for each in gc.callbacks if isinstance(each, governor._Watch)]) == 1


async def test_counts_pauses(autojump_clock: Any, collections: list[int]) -> None:
    """Every collection is counted, timed and told, whoever called for it."""
    async with running(task("gc", govern)):
        count, total = pauses.count, pauses.total
        collections.clear()
        gc.collect(0)
        gc.collect(1)
        assert collections == [0, 1]
        assert pauses.count == count + 2
        assert pauses.total > total
        assert pauses.longest >= pauses.last > 0


async def test_pauses_are_not_counted_without_it() -> None:
    """Without a governor nobody looks."""
    count = pauses.count
    gc.collect(0)
    assert pauses.count == count


async def test_freezes_after_a_wave(autojump_clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a wave of new objects has come in, the survivors are frozen in the next quiet moment."""
    monkeypatch.setattr(governor, "QUIET_SECONDS", 10.0)
    async with running(task("gc", govern)):
        await trio.sleep(3)
        frozen = gc.get_freeze_count()
        wave = [[] for _ in range(THRESHOLDS[0] + 1_000)]  # type: ignore[var-annotated]
        await trio.sleep(3)
        assert gc.get_freeze_count() >= frozen + len(wave)


async def test_leaves_a_busy_loop_alone(autojump_clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """While there is no quiet moment, nothing is collected for a wave."""
    monkeypatch.setattr(governor, "QUIET_SECONDS", 0.0)
    async with running(task("gc", govern)):
        frozen = gc.get_freeze_count()
        gc.collect(0)
        await trio.sleep(30)
        assert gc.get_freeze_count() <= frozen


async def test_collects_in_full_now_and_then(
    autojump_clock: Any, collections: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After so many seconds everything is thawed, collected and frozen again, in a quiet moment."""
    monkeypatch.setattr(governor, "QUIET_SECONDS", 10.0)
    async with running(task("gc", govern, 60.0)):
        collections.clear()
        await trio.sleep(59)
        assert 2 not in collections
        await trio.sleep(5)
        assert collections.count(2) == 1
        assert gc.get_freeze_count() > 1_000
        await trio.sleep(63)
        assert collections.count(2) == 2


async def test_does_not_wait_for_ever(
    autojump_clock: Any, collections: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a quiet moment it collects all the same, after twice the time."""
    monkeypatch.setattr(governor, "QUIET_SECONDS", 0.0)
    async with running(task("gc", govern, 60.0)):
        collections.clear()
        await trio.sleep(119)
        assert 2 not in collections
        await trio.sleep(5)
        assert collections.count(2) == 1
