"""How soon a killed actor is replaced: one at a time among very many, and very many at once."""

from __future__ import annotations

from random import Random
from statistics import quantiles

import trio

from scripts.bench.runtime_rows import bare
from scripts.bench.runtime_rows.population import Ticket, everyone_has_run, populated
from scripts.bench.runtime_rows.row import Figure, Figures, Row
from scripts.bench.runtime_rows.tally import Tally
from supervisors import KILL, Name, Process
from supervisors.governor import settle

SEED = 1
KILLS = 2_000
"""One after another."""
AT_ONCE = 10
"""One in so many dies in the mass kill."""


class Reborn(Ticket):
    """A ticket that says when its init has run."""

    __slots__ = ()

    def init(self, watcher: Name, births: Tally, number: int) -> None:  # type: ignore[override]
        """Start as any ticket, then say so."""
        super().init(watcher, number)
        births.note()


async def one_by_one(size: int) -> Figures:
    """Kill one at random, wait for its replacement, and again."""
    births = Tally()
    async with populated(Reborn, births) as population:
        await population.spawn(size)
        settle()
        waits = [
            await _replaced(births, [population.find(number)]) for number in Random(SEED).choices(range(size), k=KILLS)
        ]
        return _percentiles(waits)


async def at_once(size: int) -> Figures:
    """Kill a tenth at random in one step, and wait until all are back."""
    births = Tally()
    async with populated(Reborn, births) as population:
        await population.spawn(size)
        settle()
        numbers = Random(SEED).sample(range(size), max(1, size // AT_ONCE))
        victims = [population.find(number) for number in numbers]
        return {"all back": await _replaced(births, victims)}


async def _replaced(births: Tally, victims: list[Process]) -> float:
    """Kill and return the seconds until the last replacement's init has run; each has parked then."""
    births.expect(len(victims))
    began = trio.current_time()
    for process in victims:
        process.exit(KILL)
    ended = await births.wait()
    await everyone_has_run()
    return ended - began


class Phoenix:
    """A task in a nursery of its own, started again whenever it is cancelled: supervision by hand."""

    __slots__ = ("_births", "scope")

    def __init__(self, births: Tally) -> None:
        self._births = births
        self.scope = trio.CancelScope()

    async def run(self) -> None:
        """Live again and again."""
        while True:
            async with trio.open_nursery() as nursery:
                self.scope = nursery.cancel_scope
                nursery.start_soon(self._live)

    async def _live(self) -> None:
        self._births.note()
        await bare.parked()


async def nurseries_one_by_one(size: int) -> Figures:
    """Cancel a nursery at random, wait until its task runs again, and again."""
    births = Tally()
    async with bare.block() as nursery:
        phoenixes = await _rise(nursery, births, size)
        waits = [await _risen(births, [phoenixes[number]]) for number in Random(SEED).choices(range(size), k=KILLS)]
        return _percentiles(waits)


async def nurseries_at_once(size: int) -> Figures:
    """Cancel a tenth of the nurseries in one step, and wait until all run again."""
    births = Tally()
    async with bare.block() as nursery:
        phoenixes = await _rise(nursery, births, size)
        numbers = Random(SEED).sample(range(size), max(1, size // AT_ONCE))
        return {"all back": await _risen(births, [phoenixes[number] for number in numbers])}


async def _rise(nursery: trio.Nursery, births: Tally, size: int) -> list[Phoenix]:
    phoenixes = [Phoenix(births) for _ in range(size)]
    births.expect(size)
    for phoenix in phoenixes:
        nursery.start_soon(phoenix.run)
    await births.wait()
    await everyone_has_run()
    settle()
    return phoenixes


async def _risen(births: Tally, victims: list[Phoenix]) -> float:
    births.expect(len(victims))
    began = trio.current_time()
    for phoenix in victims:
        phoenix.scope.cancel()
    ended = await births.wait()
    await everyone_has_run()
    return ended - began


def _percentiles(seconds: list[float]) -> Figures:
    cuts = quantiles(seconds, n=100)
    return {"p50": cuts[49] * 1e6, "p99": cuts[98] * 1e6, "worst": max(seconds) * 1e6}


ROWS = (
    Row(
        name="kill_restart",
        about="killed, among 100,000, until its replacement's init has run",
        figures=(Figure("p50", "µs", 40), Figure("p99", "µs", 200), Figure("worst", "µs", None)),
        ours=one_by_one,
        bare={"nursery each": nurseries_one_by_one},
        size=100_000,
        quick=100_000,
    ),
    Row(
        name="kill_10k",
        about="10,000 of 100,000 killed at once, until all are back",
        figures=(Figure("all back", "s", 0.3),),
        ours=at_once,
        bare={"nursery each": nurseries_at_once},
        size=100_000,
        quick=100_000,
    ),
)
