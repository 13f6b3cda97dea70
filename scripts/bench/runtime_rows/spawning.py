"""How many actors start in a second."""

from __future__ import annotations

import trio

from scripts.bench.runtime_rows import bare
from scripts.bench.runtime_rows.machine import resident
from scripts.bench.runtime_rows.memory import Dormouse
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


async def asleep(size: int) -> Figures:
    """Start them asleep, each with a deadline of its own, and see what they take."""
    settle()
    async with populated(Dormouse) as population:
        before, began = resident(), trio.current_time()
        await population.lay_down(size, 3_600.0)
        seconds = trio.current_time() - began
        settle()
        return {"spawned_asleep": size / seconds, "memory_asleep": (resident() - before) / size}


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
    Row(
        name="asleep_1m",
        about="actors that begin asleep, as records with a deadline, until a million are there",
        figures=(Figure("spawned_asleep", "/s", 150_000, "more"), Figure("memory_asleep", "B", 400)),
        ours=asleep,
        bare={},
        size=1_000_000,
        quick=100_000,
        repetitions=1,
    ),
)
