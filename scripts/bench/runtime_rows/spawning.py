"""How many actors start in a second."""

from __future__ import annotations

import trio

from scripts.bench.runtime_rows import bare
from scripts.bench.runtime_rows.population import populated
from scripts.bench.runtime_rows.row import Figure, Figures, Row
from supervisors.governor import settle


async def ours(size: int) -> Figures:
    """Spawn until each has run its init and parked."""
    settle()
    async with populated() as population:
        began = trio.current_time()
        await population.spawn(size)
        return {"spawned": size / (trio.current_time() - began)}


async def tasks(size: int) -> Figures:
    """Start plain tasks until each has run once."""
    settle()
    async with bare.block() as nursery:
        began = trio.current_time()
        await bare.spawn(nursery, size, bare.parked)
        return {"spawned": size / (trio.current_time() - began)}


ROWS = (
    Row(
        name="spawn_100k",
        about="actors started in a second, until 100,000 are there",
        figures=(Figure("spawned", "/s", 100_000, "more"),),
        ours=ours,
        bare={"start_soon": tasks},
        size=100_000,
        quick=100_000,
    ),
    Row(
        name="spawn_1m",
        about="actors started in a second, until a million are there",
        figures=(Figure("spawned", "/s", 90_000, "more"),),
        ours=ours,
        bare={"start_soon": tasks},
        size=1_000_000,
        quick=100_000,
        repetitions=1,
    ),
)
