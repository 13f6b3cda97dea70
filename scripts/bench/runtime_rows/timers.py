"""100,000 deadlines at one instant: how late the last is handled, and how long everybody else has to wait meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any, ClassVar

import trio

from scripts.bench.runtime_rows import bare
from scripts.bench.runtime_rows.population import Ticket, everyone_has_run, populated
from scripts.bench.runtime_rows.row import Figure, Figures, Row
from scripts.bench.runtime_rows.tally import Tally
from supervisors import Name
from supervisors.governor import settle

RING = "ring"
PROBE_EVERY = 0.001
SETTING = 6e-5
"""Seconds it takes at most to set one alarm."""
MARGIN = 3.0
"""Seconds to spare until it rings: far enough for the wheel to take it for a distant one, and to see it prepare."""


class Alarm(Ticket):
    """A ticket with a second timer, set by a cast of its deadline."""

    __slots__ = ("rung",)

    def init(self, watcher: Name, rung: Tally, number: int) -> None:  # type: ignore[override]
        """Start as any ticket."""
        super().init(watcher, number)
        self.rung = rung

    def handle_cast(self, message: float) -> None:
        """Set the alarm."""
        self.send_after(message - trio.current_time(), RING)

    def handle_info(self, message: Any) -> None:
        """Count the alarm as handled."""
        if message is RING:
            self.rung.note()


class DirectAlarm(Alarm):
    """An alarm handled in the step of the timer wheel."""

    __slots__ = ()
    direct: ClassVar[bool] = True


async def queued(size: int) -> Figures:
    """Let the alarms go through the mailboxes."""
    return await _alarms(Alarm, size)


async def direct(size: int) -> Figures:
    """Let the alarms be handled in the wheel's step."""
    return await _alarms(DirectAlarm, size)


async def _alarms(kind: type[Alarm], size: int) -> Figures:
    rung = Tally()
    async with populated(kind, rung) as population:
        await population.spawn(size)
        settle()
        probed = population.start(size)
        rung.expect(size)
        due = trio.current_time() + MARGIN + size * SETTING
        for number in range(size):
            population.find(number).cast(due)
        await everyone_has_run()
        settle()
        return await _ring(due, rung, lambda: probed.call("touch"))


async def sleepers(size: int) -> Figures:
    """Let plain tasks sleep until the instant, while another asks a server over memory channels."""
    rung = Tally()
    rung.expect(size)
    async with bare.block() as nursery:
        server = bare.Channels()
        nursery.start_soon(server.serve)
        due = trio.current_time() + MARGIN + size * SETTING
        await bare.spawn(nursery, size, _sleeper, due, rung)
        settle()
        return await _ring(due, rung, server.call)


async def _sleeper(due: float, rung: Tally) -> None:
    await trio.sleep_until(due)
    rung.note()
    await bare.parked()


async def _ring(due: float, rung: Tally, ask: Callable[[], Awaitable[Any]]) -> Figures:
    """Ask every millisecond until the last alarm was handled."""
    late: list[float] = []
    at = trio.current_time()
    assert at < due - MARGIN, "the machine was too slow to set all alarms in time"
    while rung.left > 0:
        at = max(at + PROBE_EVERY, trio.current_time())
        await trio.sleep_until(at)
        await ask()
        late.append(trio.current_time() - at)
    # What the median took is the probe's own: waking up and a call on a loop with nothing else to do.
    return {"last handled": rung.at - due, "worst stall": (max(late) - median(late)) * 1e3}


FIGURES = (Figure("last handled", "s", 0.3), Figure("worst stall", "ms", 20))

ROWS = (
    Row(
        name="timers_100k",
        about="100,000 timers due at one instant, the actors `direct = True`",
        figures=FIGURES,
        ours=direct,
        bare={"sleep_until": sleepers},
        size=100_000,
        quick=100_000,
    ),
    Row(
        name="timers_100k_queued",
        about="the same through the mailboxes",
        figures=FIGURES,
        ours=queued,
        bare={"sleep_until": sleepers},
        size=100_000,
        quick=100_000,
    ),
)
