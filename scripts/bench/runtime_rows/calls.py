"""How long a call to an idle actor takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import trio

from scripts.bench.runtime_rows import bare
from scripts.bench.runtime_rows.population import Ticket, populated
from scripts.bench.runtime_rows.row import Figure, Figures, Row
from supervisors.governor import settle

WARM_UP = 1_000


class DirectTicket(Ticket):
    """A ticket that answers in the step of its caller."""

    __slots__ = ()
    direct: ClassVar[bool] = True


async def queued(size: int) -> Figures:
    """Call through the mailbox."""
    return await _call(Ticket, size)


async def direct(size: int) -> Figures:
    """Call an actor that answers in the caller's step."""
    return await _call(DirectTicket, size)


async def channels(size: int) -> Figures:
    """Ask a plain task over one memory channel, and get its answer over another."""
    async with bare.block() as nursery:
        server = bare.Channels()
        nursery.start_soon(server.serve)
        return await _repeat(server.call, size)


async def _call(kind: type[Ticket], size: int) -> Figures:
    async with populated(kind) as population:
        call = population.start(0).call
        return await _repeat(lambda: call("touch"), size)


async def _repeat(ask: Callable[[], Awaitable[Any]], size: int) -> Figures:
    for _ in range(WARM_UP):
        await ask()
    settle()
    began = trio.current_time()
    for _ in range(size):
        await ask()
    return {"call": (trio.current_time() - began) / size * 1e6}


ROWS = (
    Row(
        name="call_queued",
        about="one caller calls one idle actor",
        figures=(Figure("call", "µs", 12),),
        ours=queued,
        bare={"memory channels": channels},
        size=100_000,
        quick=20_000,
    ),
    Row(
        name="call_direct",
        about="the same with `direct = True`",
        figures=(Figure("call", "µs", 2),),
        ours=direct,
        bare={"memory channels": channels},
        size=100_000,
        quick=20_000,
    ),
)
