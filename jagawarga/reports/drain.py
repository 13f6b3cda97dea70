"""The drain: takes filings out of the waiting room and to the writer, at the database's own pace."""

from __future__ import annotations

import random
from contextlib import suppress
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
    """Pulls, writes, acknowledges, in this order: killed in between, the same filings come again and change nothing.

    What the database does not take is held and tried again, however often; it is asked for again only after a kill.
    """

    def init(self, bus: Bus, room: WaitingRoom, writer: Name) -> None:
        """Begin to pull."""
        self.bus = bus
        self.room = room
        self.writer = writer
        self.held: list[tuple[Delivery, Filing]] = []
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
            # Bus or database is away. What is not acknowledged is not lost, whatever becomes of us.
            self.failures += 1
            pause = min(RETRY_LIMIT, RETRY_FIRST * 2.0 ** min(self.failures, 10))
            self.send_after(pause * random.uniform(0.5, 1.0), PULL)  # noqa: S311 - jitter, not a secret
        else:
            self.failures = 0
            self.process.info(PULL)

    async def _pull(self) -> None:
        if not self.held:
            for delivery in await self.bus.fetch(DURABLE, BATCH, WAIT):
                filing = await self._read(delivery)
                if filing is not None:
                    self.held.append((delivery, filing))
        held, self.held = self.held, []
        done: list[Delivery] = []
        async with trio.open_nursery() as nursery:
            for delivery, filing in held:
                nursery.start_soon(self._write, delivery, filing, done)
        self.written += len(done)
        if done:
            await self.bus.ack(done)
        if self.held:
            msg = f"{len(self.held)} filings wait on"
            raise Unavailable(msg)

    async def _write(self, delivery: Delivery, filing: Filing, done: list[Delivery]) -> None:
        """Write one filing; its neighbours share its commit."""
        try:
            await commit(self.writer, filing, WRITE_WITHIN)
        except Unavailable:
            self.held.append((delivery, filing))
        except Corrupt as error:
            # Not held when it can not be parked now: it comes again by itself, over a connection that is there.
            with suppress(Unavailable):
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
        return {"written": self.written, "held": len(self.held), "parked": self.parked, "failures": self.failures}
