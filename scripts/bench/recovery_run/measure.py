"""One start, watched from outside: what is up when, what is asked meanwhile, what it costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import trio

from scripts.bench.recovery_run.audit import left
from supervisors.control import ControlError, NotRunning

if TYPE_CHECKING:
    from scripts.bench.recovery_run.house import House
    from scripts.bench.recovery_run.prober import Prober

LOOK_EVERY = 0.5
RECOVERY = "jagawarga/reports/recovery"
PARTITION = "jagawarga/reports/partitions/partition-3"


@dataclass(slots=True)
class Seen:
    """Moments in seconds since the process was started, `None` for what did not happen in time."""

    began: float = 0.0
    armed: float | None = None
    escalated: float | None = None
    published: float | None = None
    started: int = 0
    recovery_seconds: float | None = None
    peak_bytes: int = 0
    later_bytes: int = 0
    cpu_seconds: float = 0.0
    loop: dict[str, Any] = field(default_factory=dict)
    lost_partition: float | None = None
    """Seconds from the kill of a partition until all of its reports have an actor again."""

    def done(self) -> bool:
        """True when there is nothing more to wait for."""
        return None not in (self.armed, self.escalated, self.published)


async def measure(house: House, prober: Prober, url: str, limit: float, rest: float) -> Seen:
    """Start the process and watch until all is done, or `limit` seconds have passed; then `rest` seconds more.

    At last a partition is killed.
    """
    seen = Seen(trio.current_time())
    until = datetime.now(UTC)
    house.start()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(prober.run)
        with trio.move_on_after(limit):
            async with trio.open_nursery() as watching:
                watching.start_soon(_watch_recovery, house, seen)
                watching.start_soon(_watch_database, url, until, seen)
        seen.cpu_seconds = house.cpu_seconds()
        await trio.sleep(rest)
        seen.later_bytes, seen.peak_bytes = house.memory()
        seen.loop = await trio.to_thread.run_sync(lambda: house.ask("runtime"))
        with trio.move_on_after(limit):
            await _lose_partition(house, seen)
        nursery.cancel_scope.cancel()
    return seen


async def _watch_recovery(house: House, seen: Seen) -> None:
    while house.running():
        try:
            found = await trio.to_thread.run_sync(lambda: house.ask("inspect", actor=RECOVERY))
        except (NotRunning, ControlError, OSError):
            found = {}
        if found.get("complete"):
            seen.armed = trio.current_time() - seen.began
            seen.started, seen.recovery_seconds = found["started"], found["seconds"]
            return
        await trio.sleep(LOOK_EVERY)


async def _lose_partition(house: House, seen: Seen) -> None:
    began = trio.current_time()
    rounds = house.ask("inspect", actor=RECOVERY)["rounds"]
    await trio.to_thread.run_sync(lambda: house.ask("kill", actor=PARTITION))
    found = {"rounds": rounds}
    while found["rounds"] == rounds:
        await trio.sleep(LOOK_EVERY)
        found = await trio.to_thread.run_sync(lambda: house.ask("inspect", actor=RECOVERY))
    seen.lost_partition = trio.current_time() - began


async def _watch_database(url: str, until: datetime, seen: Seen) -> None:
    while seen.published is None:
        try:
            overdue, outbox = await trio.to_thread.run_sync(left, url, until)
        except Exception:  # noqa: BLE001 - it is only starting
            overdue, outbox = -1, -1
        if overdue == 0:
            now = trio.current_time() - seen.began
            seen.escalated = seen.escalated or now
            # The prober files ever more: as good as empty is empty.
            seen.published = now if outbox < 20 else None
        await trio.sleep(LOOK_EVERY)
