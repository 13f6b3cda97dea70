"""How long the orderly stop of very many takes."""

from __future__ import annotations

import trio

from scripts.bench.runtime_rows import bare
from scripts.bench.runtime_rows.population import populated
from scripts.bench.runtime_rows.row import Figure, Figures, Row
from supervisors.governor import settle


async def ours(size: int) -> Figures:
    """Leave the runtime: every actor ends in good order, and the watcher hears of each."""
    async with populated() as population:
        await population.spawn(size)
        settle()
        began = trio.current_time()
    return {"stopped": trio.current_time() - began}


async def tasks(size: int) -> Figures:
    """Cancel a nursery."""
    async with bare.block() as nursery:
        await bare.spawn(nursery, size, bare.parked)
        settle()
        began = trio.current_time()
    return {"stopped": trio.current_time() - began}


ROWS = (
    Row(
        name="stop_100k",
        about="orderly stop of 100,000 actors",
        figures=(Figure("stopped", "s", 1.0),),
        ours=ours,
        bare={"nursery cancelled": tasks},
        size=100_000,
        quick=100_000,
    ),
)
