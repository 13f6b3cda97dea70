"""The drain: takes filings out of the waiting room and to the writer, at the database's own pace."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

import structlog
import trio

from jagawarga.errors import Corrupt, Unavailable
from jagawarga.plumbing.writer import commit
from supervisors import Actor

if TYPE_CHECKING:
    from jagawarga.plumbing.bus import Bus, Delivery
    from jagawarga.reports.store import Filing
    from jagawarga.reports.waiting import WaitingRoom
    from supervisors import Name

DURABLE: Final = "drain"
BATCH: Final = 256
WAIT: Final = 1.0
RETRY_FIRST: Final = 0.1
RETRY_LIMIT: Final = 1.0
"""Deadlines run for those who wait: when the database is back, they must not wait much longer."""
WRITE_WITHIN: Final = 5.0
PULL: Final = "pull"

log = structlog.get_logger()


class Drain(Actor):
    """Pulls, writes, acknowledges, in this order: killed in between, the same filings come again and change nothing."""

    def init(self, bus: Bus, room: WaitingRoom, writer: Name) -> None:
        """Begin to pull."""
        self.bus = bus
        self.room = room
        self.writer = writer
        self.written = 0
        self.parked = 0
        self.failures = 0
        self.process.info(PULL)

    async def handle_info(self, message: Any) -> None:
        """Pull once, and again."""
        if message != PULL:
            return
        try:
            await self._pull()
        except Unavailable:
            # Bus or database is away: what was not acknowledged comes again, so there is nothing to keep.
            self.failures += 1
            pause = min(RETRY_LIMIT, RETRY_FIRST * 2.0 ** min(self.failures, 10))
            self.send_after(pause * random.uniform(0.5, 1.0), PULL)  # noqa: S311 - jitter, not a secret
        else:
            self.failures = 0
            self.process.info(PULL)

    async def _pull(self) -> None:
        deliveries = await self.bus.fetch(DURABLE, BATCH, WAIT)
        done: list[Delivery] = []
        away: list[Unavailable] = []
        async with trio.open_nursery() as nursery:
            for delivery in deliveries:
                filing = await self._read(delivery)
                if filing is not None:
                    nursery.start_soon(self._write, delivery, filing, done, away)
        if done:
            await self.bus.ack(done)
            self.written += len(done)
        if away:
            # What could not be written is asked for again, and not before we would try it.
            for delivery in deliveries:
                if delivery not in done:
                    await self.bus.retry(delivery, RETRY_FIRST)
            raise away[0]

    async def _write(self, delivery: Delivery, filing: Filing, done: list[Delivery], away: list[Unavailable]) -> None:
        """Write one filing; its neighbours share its commit."""
        try:
            await commit(self.writer, filing, WRITE_WITHIN)
        except Unavailable as error:
            away.append(error)
        except Corrupt as error:
            await self._park(delivery, str(error))
        else:
            done.append(delivery)

    async def _read(self, delivery: Delivery) -> Filing | None:
        """Read one filing; what can not be one is parked, so that it blocks nobody behind it."""
        try:
            return self.room.unseal(delivery.payload)
        except Corrupt as error:
            await self._park(delivery, str(error))
            return None

    async def _park(self, delivery: Delivery, reason: str) -> None:
        await self.bus.park(delivery, reason)
        self.parked += 1
        log.warning("drain.parked", reason=reason, sequence=delivery.sequence)

    def describe(self) -> dict[str, Any]:
        """How far it is."""
        return {"written": self.written, "parked": self.parked, "failures": self.failures}
