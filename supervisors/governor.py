"""A governor for Python's garbage collector: long-lived actors are not gone through again and again.

A full collection over 100,000 actors stops the world for a tenth of a second, over a million for a second. So the
governor raises the thresholds, freezes what has come to stay (after the start, and after every wave of new actors),
and makes the full collection itself, when the loop is quiet. Reference counting frees what ends, as ever: ended
processes leave no cycles behind.

    task("gc", govern)
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import trio

from supervisors import telemetry

THRESHOLDS = (100_000, 50, 1_000)
LOOK_EVERY = 1.0
QUIET_SECONDS = 0.001
"""A loop that comes round in this time has nothing else to do."""
FULL_EVERY = 6 * 3600.0
"""Thaw and collect everything this often, if a quiet moment comes."""
PATIENCE = 2.0
"""Without a quiet moment, the full collection is made after this many times `FULL_EVERY`."""


@dataclass(slots=True)
class Pauses:
    """What the collector has cost since the process began, by whoever called it."""

    count: int = 0
    last: float = 0.0
    longest: float = 0.0
    total: float = 0.0

    def note(self, seconds: float) -> None:
        """Add one pause."""
        self.count += 1
        self.last = seconds
        self.longest = max(self.longest, seconds)
        self.total += seconds


pauses = Pauses()
"""Of this OS process; measured while a governor runs."""


def settle() -> None:
    """Set the thresholds and freeze what is alive now; for a program's start and for benchmarks."""
    gc.set_threshold(*THRESHOLDS)
    gc.collect()
    gc.freeze()


async def govern(started: Callable[[], None], full_every: float = FULL_EVERY) -> None:
    """Task body: settle, then freeze after waves and collect in quiet moments; undone at the end."""
    before = gc.get_threshold()
    watch = _Watch()
    gc.callbacks.append(watch)
    try:
        settle()
        started()
        await _govern(watch, full_every)
    finally:
        gc.callbacks.remove(watch)
        gc.set_threshold(*before)
        gc.unfreeze()


async def _govern(watch: _Watch, full_every: float) -> None:
    collected_at = trio.current_time()
    while True:
        await trio.sleep(LOOK_EVERY)
        age = trio.current_time() - collected_at
        if (age > full_every and await _quiet()) or age > PATIENCE * full_every:
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            collected_at = trio.current_time()
        elif watch.waves and await _quiet():
            # Only the youngest: what a wave brought has been looked at when it survived.
            gc.collect(0)
            gc.freeze()
        else:
            continue
        watch.waves = 0


async def _quiet() -> bool:
    began = perf_counter()
    await trio.lowlevel.checkpoint()
    return perf_counter() - began < QUIET_SECONDS


class _Watch:
    """Times each collection, and counts those of the youngest: so many times `THRESHOLDS[0]` objects have come in."""

    def __init__(self) -> None:
        self._began = 0.0
        self.waves = 0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = perf_counter()
            return
        seconds = perf_counter() - self._began
        self.waves += 1
        pauses.note(seconds)
        telemetry.emit("gc.pause", info["generation"], seconds=seconds, collected=info["collected"])
