"""The drain: takes filings out of the waiting room and to the writer, at the database's own pace."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog
import trio

from jagawarga.errors import Corrupt, Unavailable
from jagawarga.plumbing.packing import sequence_of
from jagawarga.plumbing.writer import commit
from supervisors import Actor

if TYPE_CHECKING:
    from uuid import UUID

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
TRIES: Final = 6
"""So often a filing is refused before it is parked; that takes about half a minute."""
REFUSED_FIRST: Final = 0.5
PULL: Final = "pull"

log = structlog.get_logger()


@dataclass(slots=True)
class Refused:
    """A filing that the database refused, how often, and when to try it again."""

    delivery: Delivery
    filing: Filing
    tries: int = 0
    next_try: float = 0.0


class Drain(Actor):
    """Pulls, writes, acknowledges, in this order: killed in between, the same filings come again and change nothing.

    What the database does not take is held and tried again, however often; it is asked for again only after a kill.
    What it refuses is tried again a few times, further and further apart, beside all others, before it is parked.
    """

    def init(self, bus: Bus, room: WaitingRoom, writer: Name) -> None:
        """Begin to pull."""
        self.bus = bus
        self.room = room
        self.writer = writer
        self.held: list[tuple[Delivery, Filing]] = []
        self.refused: dict[UUID, Refused] = {}
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
                if filing is not None and not self._again(delivery, filing):
                    self.held.append((delivery, filing))
        held, self.held = self.held, []
        now = trio.current_time()
        held += [(each.delivery, each.filing) for each in self.refused.values() if each.next_try <= now]
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
            await self._refuse(delivery, filing, str(error))
        else:
            self.refused.pop(filing.step.state.report_id, None)
            done.append(delivery)

    def _again(self, delivery: Delivery, filing: Filing) -> bool:
        """True for one that was refused before and has come again: its newest delivery is the one to answer."""
        known = self.refused.get(filing.step.state.report_id)
        if known is None:
            return False
        known.delivery = delivery
        return True

    async def _refuse(self, delivery: Delivery, filing: Filing, reason: str) -> None:
        """Remember what the database refused, or park it when it was refused too often."""
        report_id = filing.step.state.report_id
        known = self.refused.setdefault(report_id, Refused(delivery, filing))
        known.tries += 1
        known.next_try = trio.current_time() + REFUSED_FIRST * 2.0**known.tries * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        if known.tries >= TRIES:
            del self.refused[report_id]
            # Not held when it can not be parked now: it comes again by itself, over a connection that is there.
            with suppress(Unavailable):
                await self._park(delivery, reason)

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
        log.warning("drain.parked", reason=reason, sequence=sequence_of(delivery.sequence))

    def describe(self) -> dict[str, Any]:
        """How far it is."""
        return {
            "written": self.written,
            "held": len(self.held),
            "refused": len(self.refused),
            "parked": self.parked,
            "failures": self.failures,
        }
