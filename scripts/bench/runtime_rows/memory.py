"""How many bytes an actor takes, live and hibernated."""

from __future__ import annotations

from typing import ClassVar

import trio

from scripts.bench.runtime_rows import bare
from scripts.bench.runtime_rows.machine import resident
from scripts.bench.runtime_rows.population import Ticket, populated
from scripts.bench.runtime_rows.row import Figure, Figures, Row
from supervisors.governor import settle

LOOK_EVERY = 0.05
PART = 10_000


class Dormouse(Ticket):
    """A ticket that sleeps as soon as it may, and says what its state comes to."""

    __slots__ = ()
    hibernate_after: ClassVar[float | None] = 0.1

    def pack(self) -> tuple[int, int]:
        """All it knows."""
        return self.number, self.touched

    def unpack(self, state: tuple[int, int]) -> None:
        """Know it again."""
        self.number, self.touched = state


async def live(size: int) -> Figures:
    """Spawn, and see what they take."""
    settle()
    async with populated() as population:
        before = resident()
        await population.spawn(size)
        settle()
        return {"memory_live": (resident() - before) / size}


async def hibernated(size: int) -> Figures:
    """Spawn, wait until they sleep, spawn more, and see what they take in the end.

    A part at a time, as actors come in life: the memory of a million live at once stays with Python's allocator in
    pieces when they fall asleep, and is there for others, but not given back.
    """
    settle()
    async with populated(Dormouse) as population:
        before = resident()
        for first in range(0, size, PART):
            await population.spawn(min(first + PART, size), first)
            while population.holder.dormant.total() < min(first + PART, size):  # noqa: ASYNC110 - nobody sets an event for it
                await trio.sleep(LOOK_EVERY)
        settle()
        return {"memory_hibernated": (resident() - before) / size}


async def tasks(size: int) -> Figures:
    """Park plain tasks; what they take is compared with both kinds of actor."""
    settle()
    async with bare.block() as nursery:
        before = resident()
        await bare.spawn(nursery, size, bare.parked)
        settle()
        each = (resident() - before) / size
        return {"memory_live": each, "memory_hibernated": each}


ROWS = (
    Row(
        name="memory_live",
        about="resident memory of each live actor",
        figures=(Figure("memory_live", "B", 2_000),),
        ours=live,
        bare={"parked tasks": tasks},
        size=1_000_000,
        quick=100_000,
        repetitions=1,
    ),
    Row(
        name="memory_hibernated",
        about="resident memory of each hibernated actor",
        figures=(Figure("memory_hibernated", "B", 400),),
        ours=hibernated,
        bare={"parked tasks": tasks},
        size=1_000_000,
        quick=100_000,
        repetitions=1,
    ),
)
