"""The keeper of the feed's memory: fills it from the database, keeps it right by the events, tells followers."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

import structlog

from jagawarga.errors import Corrupt, Unavailable
from jagawarga.feed import cursors
from jagawarga.feed.index import OLDEST, Index
from jagawarga.reports.messages import ReportEvent, decode_event
from supervisors import Actor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagawarga.feed.service import Feed
    from jagawarga.plumbing.bus import Delivery

DURABLE: Final = "feed"
BATCH: Final = 8
"""Messages taken at once; one may hold 64 events."""
WAIT: Final = 1.0
BUSY_WAIT: Final = 0.05
"""While there is filling to be done."""
PAGE: Final = 100
PAGES: Final = 10
"""Filled between two looks at the events."""
TOLD_AT_ONCE: Final = 500
RETRY_FIRST: Final = 0.1
RETRY_LIMIT: Final = 5.0
TURN: Final = "turn"

log = structlog.get_logger()


class Keeper(Actor):
    """Fills, pulls, acknowledges. Killed, it starts with an empty memory: the database has all that was ever told.

    A report changes in the database before its event comes, and an event makes the keeper read the report again. So
    whatever is read later is at least as new, and the order of filling and events does not matter.
    """

    def init(self, feed: Feed) -> None:
        """Begin with an empty memory."""
        self.feed = feed
        self.index = feed.index = Index(feed.render)
        self.cursor: str | None = None
        self.filled = False
        self.processed = 0
        self.parked = 0
        self.failures = 0
        self.process.info(TURN)

    async def handle_info(self, message: Any) -> None:
        """Fill a little, look at the events, and again."""
        if message != TURN:
            return
        try:
            for _ in range(PAGES):
                if self.filled:
                    break
                await self._fill()
            await self._pull()
        except Unavailable:
            # Bus or database is away: what was not acknowledged comes again, and what is in memory is still shown.
            self.failures += 1
            pause = min(RETRY_LIMIT, RETRY_FIRST * 2.0 ** min(self.failures, 10))
            self.send_after(pause * random.uniform(0.5, 1.0), TURN)  # noqa: S311 - jitter, not a secret
        else:
            self.failures = 0
            self.process.info(TURN)

    async def _fill(self) -> None:
        self.index.late.clear()
        page = await self.feed.reports.list_public(cursor=self.cursor, limit=PAGE)
        counts = await self.feed.store.counts([each.report_id for each in page.items]) if page.items else {}
        frontier = OLDEST
        if page.cursor is not None:
            (at,), report_id = cursors.read(page.cursor, 1)
            frontier = (at, report_id.int)
        self.index.fill(page.items, counts, frontier)
        self.cursor = page.cursor
        self.filled = page.cursor is None or len(self.index.order) >= self.index.most
        self.index.late.clear()
        if self.filled:
            log.info("feed.filled", reports=len(self.index.order), complete=self.index.complete)

    async def _pull(self) -> None:
        # Nothing is being read now, so no count can be overtaken; else they would gather while nothing happens.
        self.index.late.clear()
        deliveries = await self.feed.bus.fetch(DURABLE, BATCH, WAIT if self.filled else BUSY_WAIT)
        good: list[Delivery] = []
        events: list[ReportEvent] = []
        for delivery in deliveries:
            try:
                events.append(decode_event(delivery.payload))
            except ValueError as error:
                await self._park(delivery, str(error))
            else:
                good.append(delivery)
        if not events:
            return
        await self._refresh(events)
        try:
            await self._tell(events)
        except Corrupt as error:
            # Of one notice that can not be written, not all that follow it in the stream.
            log.warning("feed.not_told", reason=str(error))
        await self.feed.bus.ack(good)
        self.processed += len(good)

    async def _refresh(self, events: Sequence[ReportEvent]) -> None:
        """Take the reports as they are now; what is no longer there, or public, goes first."""
        index = self.index
        for event in events:
            if event.privacy != "public":
                index.remove(event.report_id)
        ids = list({event.report_id for event in events if event.privacy == "public"})
        if not ids:
            return
        index.late.clear()
        views = {each.report_id: each for each in await self.feed.reports.list_public_of(ids)}
        for gone in ids:
            if gone not in views:
                index.remove(gone)
        new = [each for each in views if each not in index.entries]
        counts = await self.feed.store.counts(new) if new else {}
        for report_id, view in views.items():
            index.put(view)
            if report_id in new:
                index.set_votes(report_id, index.late.get(report_id, counts.get(report_id, 0)))
        index.late.clear()

    async def _tell(self, events: Sequence[ReportEvent]) -> None:
        """Put what moved into the inboxes of who follows it, but for the authorities' own affair, and warnings to them.

        Told with an id made of event and follower, so a second time is none: the notices are at most one.
        """
        # What is not for the reporter, whose name every other event of a public report has, is not for others either.
        moved = [event for event in events if event.privacy == "public" and event.version > 1 and event.reporter]
        ids = {event.report_id for event in moved}
        after = UUID(int=0), ""
        while ids:
            followers = await self.feed.store.followers(ids, after, TOLD_AT_ONCE)
            told = [
                event._replace(event_id=uuid5(event.event_id, follower), reporter=follower)
                for report_id, follower in followers
                for event in moved
                if event.report_id == report_id and event.reporter != follower
            ]
            if told:
                await self.feed.tell(told)
            if len(followers) < TOLD_AT_ONCE:
                return
            after = followers[-1]

    async def _park(self, delivery: Delivery, reason: str) -> None:
        await self.feed.bus.park(delivery, reason)
        self.parked += 1
        log.warning("feed.parked", reason=reason, sequence=delivery.sequence)

    def describe(self) -> dict[str, Any]:
        """How far it is, and how much it holds."""
        return {
            "reports": len(self.index.order),
            "filled": self.filled,
            "processed": self.processed,
            "parked": self.parked,
            "failures": self.failures,
        }
