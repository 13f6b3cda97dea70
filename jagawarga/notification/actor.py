"""The notifier: consumes report events from the bus and fills the inboxes of named reporters."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

import structlog

from jagawarga.errors import Corrupt, Unavailable
from jagawarga.plumbing.telemetry import NOTIFICATIONS
from jagawarga.reports.messages import ReportEvent, decode_event
from supervisors import Actor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagawarga.notification.store import Store
    from jagawarga.plumbing.bus import Bus, Delivery

DURABLE: Final = "notification"
BATCH: Final = 8
"""Messages taken at once; one may hold 64 events."""
WAIT: Final = 1.0
RETRY_FIRST: Final = 0.1
RETRY_LIMIT: Final = 5.0
PULL: Final = "pull"

log = structlog.get_logger()


class Notifier(Actor):
    """Pulls, records, acknowledges, in this order: killed in between, the same events come again and change nothing."""

    def init(self, bus: Bus, store: Store, channels: Sequence[str] = ()) -> None:
        """Begin to pull; what is wanted on one of `channels` is queued for it."""
        self.bus = bus
        self.store = store
        self.channels = channels
        self.processed = 0
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
        if not deliveries:
            return
        events: list[ReportEvent] = []
        good: list[Delivery] = []
        for delivery in deliveries:
            event = await self._read(delivery)
            if event is not None:
                events.append(event)
                good.append(delivery)
        if events:
            try:
                await self.store.record(events, self.channels)
            except Corrupt:
                good = [each for each, event in zip(good, events, strict=True) if await self._record_alone(each, event)]
            await self.bus.ack(good)
            self.processed += len(good)
            NOTIFICATIONS.labels("processed").inc(len(good))

    async def _record_alone(self, delivery: Delivery, event: ReportEvent) -> bool:
        """Record one event of a refused batch; the one that is refused again is the poison."""
        try:
            await self.store.record([event], self.channels)
        except Corrupt as error:
            await self._park(delivery, str(error))
            return False
        return True

    async def _read(self, delivery: Delivery) -> ReportEvent | None:
        """Decode one event; what can not be one is parked, so that it blocks nobody behind it."""
        try:
            return decode_event(delivery.payload)
        except ValueError as error:
            await self._park(delivery, str(error))
            return None

    async def _park(self, delivery: Delivery, reason: str) -> None:
        await self.bus.park(delivery, reason)
        self.parked += 1
        NOTIFICATIONS.labels("parked").inc()
        log.warning("notification.parked", reason=reason, sequence=delivery.sequence)

    def describe(self) -> dict[str, Any]:
        """How far it is."""
        return {"processed": self.processed, "parked": self.parked, "failures": self.failures}
