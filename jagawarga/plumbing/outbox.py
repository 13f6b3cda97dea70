"""The relay: takes events from an outbox table to the bus, each at least once, those of one key in order.

A row is deleted only after the broker has stored its event, so a kill at any moment loses nothing; an event published
twice carries the same message id, and consumers remember what they have seen.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

import structlog
import trio

from jagawarga.errors import Unavailable
from jagawarga.plumbing.packing import Outgoing, unsendable
from jagawarga.plumbing.telemetry import OUTBOX_LAG, OUTBOX_ROWS
from supervisors import Actor

WINDOW: Final = 500
LOOK_EVERY: Final = 1.0
RETRY_FIRST: Final = 0.25
RETRY_LIMIT: Final = 10.0
TRIES: Final = 6
"""So often an event is refused while others are taken; then it is put aside."""
KICK: Final = "kick"
"""Cast to the relay after a commit; it looks every `LOOK_EVERY` seconds in any case."""
_LOOK: Final = object()

log = structlog.get_logger()


class OutboxRow(NamedTuple):
    """An event that waits for the bus; `key` is what its order is kept for."""

    position: int
    event_id: UUID
    key: UUID
    subject: str
    payload: bytes


class Outbox(Protocol):
    """The table of events that wait."""

    async def oldest(self, limit: int) -> Sequence[OutboxRow]:
        """The first rows in order of position."""

    async def delete(self, rows: Sequence[OutboxRow]) -> None:
        """Forget rows the broker has."""

    async def count(self) -> int:
        """How many wait."""


class Publisher(Protocol):
    """The bus, as far as the relay needs it."""

    async def publish_packed(self, messages: Sequence[Outgoing]) -> set[str]:
        """Publish in order and return the ids the broker has stored."""

    async def bury(self, message: Outgoing, reason: str) -> None:
        """Put a message among the dead letters."""

    async def recent(self, limit: int) -> set[str]:
        """The ids of the newest `limit` events the broker has stored, or of a few more."""


class Relay(Actor):
    """Empties an outbox into the bus; while either is down it tries again, ever more slowly up to `RETRY_LIMIT`."""

    def init(self, outbox: Outbox, bus: Publisher) -> None:
        """Look at once: a former life may have left something."""
        self.outbox = outbox
        self.bus = bus
        self.published = 0
        self.failures = 0
        self.asked = False
        # A former life, or a window that went wrong, may have published what it did not come to delete. The broker
        # knows a message again, but not an event that travels in another company.
        self.in_doubt = True
        self.refused: Counter[str] = Counter()
        self.oldest: UUID | None = None
        self.oldest_seen = 0.0
        self.timer = self.send_after(0.0, _LOOK)

    def handle_cast(self, message: Any) -> None:
        """Look soon: many kicks while we are at work are one."""
        # While the bus is down its own pace holds, or every commit would hammer it.
        if message == KICK and not self.asked and self.failures == 0:
            self.asked = True
            self.timer.cancel()
            self.process.info(_LOOK)

    async def handle_info(self, message: Any) -> None:
        """Move windows until the outbox is empty, then sleep."""
        if message is not _LOOK:
            return
        self.asked = False
        self.timer.cancel()
        try:
            while await self._window():
                self.failures = 0
            OUTBOX_ROWS.set(0)
            self.failures = 0
        except Unavailable:
            self.failures += 1
            self.in_doubt = True
            log.info("relay.waiting", failures=self.failures)
            await self._measure()
        self.timer = self.send_after(self._pause(), _LOOK)

    async def _window(self) -> bool:
        """Move the oldest rows; False when there were none. Raises `Unavailable` when some could not be moved."""
        rows = await self.outbox.oldest(WINDOW)
        self._note(rows)
        if not rows:
            return False
        # One event a key and window: a later one never overtakes an earlier one that failed.
        first: dict[UUID, OutboxRow] = {}
        for row in rows:
            first.setdefault(row.key, row)
        # By kind, so that many of them travel together.
        window = sorted(first.values(), key=attrgetter("subject"))
        stored = await self.bus.recent(WINDOW) if self.in_doubt else set[str]()
        fresh = [Outgoing(str(row.event_id), row.subject, row.payload) for row in window]
        if stored:
            fresh = [each for each in fresh if each.message_id not in stored]
        buried = await self._bury(fresh)
        if buried:
            fresh = [each for each in fresh if each.message_id not in buried]
        if fresh:
            stored |= await self._publish(fresh)
        self.in_doubt = False
        stored |= buried
        done = [row for row in window if str(row.event_id) in stored]
        if done:
            await self.outbox.delete(done)
            self.published += len(done)
        if len(done) < len(window):
            msg = f"the broker took {len(done)} of {len(window)} events"
            raise Unavailable(msg)
        return True

    async def _publish(self, messages: Sequence[Outgoing]) -> set[str]:
        """Publish, and count against each what the broker did not take while it took others."""
        stored = await self.bus.publish_packed(messages)
        if len(stored) == len(messages):
            self.refused.clear()
        elif stored:
            self.refused.update(each.message_id for each in messages if each.message_id not in stored)
        return stored

    async def _bury(self, messages: Sequence[Outgoing]) -> set[str]:
        """Put aside what can never be published, so that it holds up nobody else's events; returns the ids."""
        buried: set[str] = set()
        for each in messages:
            reason = unsendable(each)
            if reason is None and self.refused[each.message_id] >= TRIES:
                reason = f"the broker refused it {TRIES} times"
            if reason is not None:
                await self.bus.bury(each, reason)
                log.error("relay.buried", message=each.message_id, reason=reason)
                self.refused.pop(each.message_id, None)
                buried.add(each.message_id)
        return buried

    def _pause(self) -> float:
        if self.failures == 0:
            return LOOK_EVERY
        full = min(RETRY_LIMIT, RETRY_FIRST * 2.0 ** min(self.failures, 10))
        return full * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret

    def _note(self, rows: Sequence[OutboxRow]) -> None:
        """Measure the oldest row's age by our own clock: rows carry no time, for an anonymous report's sake."""
        oldest = rows[0].event_id if rows else None
        if oldest != self.oldest:
            self.oldest, self.oldest_seen = oldest, trio.current_time()
        OUTBOX_LAG.set(trio.current_time() - self.oldest_seen if rows else 0.0)

    async def _measure(self) -> None:
        try:
            OUTBOX_ROWS.set(await self.outbox.count())
        except Unavailable:
            # The database is the part that is down: the last figure stands.
            return

    def describe(self) -> dict[str, Any]:
        """How far it is."""
        return {"published": self.published, "failures": self.failures}
