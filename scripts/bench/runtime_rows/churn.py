"""Whether starting and ending actors for ever leaves anything behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import trio

from scripts.bench.runtime_rows import bare
from scripts.bench.runtime_rows.machine import resident
from scripts.bench.runtime_rows.population import WAVE, Population, Ticket, everyone_has_run, populated
from scripts.bench.runtime_rows.row import Figure, Figures, Row
from supervisors import Stop
from supervisors.governor import settle


class Mayfly(Ticket):
    """A ticket that ends normally on the first cast."""

    __slots__ = ()

    def handle_cast(self, message: Any) -> None:
        """End."""
        del message
        raise Stop


async def ours(size: int) -> Figures:
    """Start a wave of temporary actors, let each end normally, and again."""
    async with populated(Mayfly, restart="temporary") as population:
        return await _waves(size, lambda: _wave(population))


async def _wave(population: Population) -> None:
    everyone = [population.start(number) for number in range(WAVE)]
    for process in everyone:
        process.cast("end")
    while population.holder.processes:
        await trio.lowlevel.checkpoint()


async def tasks(size: int) -> Figures:
    """Start a wave of tasks that return at once, and again."""
    async with trio.open_nursery() as nursery:
        return await _waves(size, lambda: bare.spawn(nursery, WAVE, trio.lowlevel.checkpoint))


async def _waves(size: int, wave: Callable[[], Awaitable[None]]) -> Figures:
    """Measure what grows between a tenth of the way and its end, and how fast it goes."""
    settle()
    waves = max(10, size // WAVE)
    began = trio.current_time()
    early = 0
    for number in range(waves):
        if number == waves // 10:
            early = resident()
        await wave()
    await everyone_has_run()
    seconds = trio.current_time() - began
    return {"growth": (resident() - early) / early * 100, "cycles": waves * WAVE / seconds}


ROWS = (
    Row(
        name="spawn_exit_1m",
        about="a million actors start and end: growth of resident memory after the first tenth",
        figures=(Figure("growth", "%", 5), Figure("cycles", "/s", None, "more")),
        ours=ours,
        bare={"start_soon": tasks},
        size=1_000_000,
        quick=100_000,
        repetitions=1,
    ),
)
