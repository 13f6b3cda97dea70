"""The live stream: a ring of recent events, and those who follow it: agencies, and citizens their own reports.

The ring is filled in the order of the bus by one `Hub` actor and outlives it. A follower first gets what it missed,
from the ring or, where that does not reach back far enough, from the bus; then every new event that it may see, without
gap or double, because both are told apart by the bus's own sequence.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import trio

from jagawarga.notification.messages import StreamEvent
from jagawarga.plumbing.packing import sequence_of
from jagawarga.reports.messages import ReportEvent, decode_event

if TYPE_CHECKING:
    from jagawarga.plumbing.bus import Bus, Delivery

RING: Final = 10_000
BEHIND: Final = 256
"""Events a follower may be behind before its stream is ended; it comes back with the last id it has."""
PAGE: Final = 100
"""Messages read from the bus at once; one may hold many events."""
CHANGED: Final = "inbox.changed"
"""The event that stands for all those too long ago: the inbox has them."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One event as the stream keeps it; `agencies` may see it, and its `reporter` sees less of it."""

    sequence: int
    agencies: frozenset[str]
    event: StreamEvent | None
    reporter: str | None = None
    own: StreamEvent | None = None


View = Callable[[Heard], StreamEvent | None]
"""What a follower sees of an event; `None` for nothing."""


def of_agency(agency: str) -> View:
    """What an agency sees: the events of the reports under its authority."""
    return lambda item: item.event if agency in item.agencies else None


def of_reporter(pseudonym: str) -> View:
    """What a citizen sees: the events of the reports under their name; an anonymous one is nobody's."""
    return lambda item: item.own if item.reporter == pseudonym else None


def heard(delivery: Delivery) -> Heard:
    """Read a delivery; one that is no event is for nobody, but keeps its place in the order."""
    try:
        event = decode_event(delivery.payload)
    except ValueError:
        return Heard(delivery.sequence, frozenset(), None)
    agencies = frozenset((*event.authorities, event.holder))
    shown = StreamEvent(delivery.sequence, event.type, _data(event))
    if event.reporter is None:
        return Heard(delivery.sequence, agencies, shown)
    own = StreamEvent(delivery.sequence, event.type, _own_data(event))
    return Heard(delivery.sequence, agencies, shown, event.reporter, own)


def _nothing() -> None:
    pass


def _data(event: ReportEvent) -> str:
    """What an agency needs to know; who reported is not among it."""
    return json.dumps(
        {
            "report_id": str(event.report_id),
            "version": event.version,
            "status": event.status,
            "category": event.category,
            "privacy": event.privacy,
            "agency": event.agency,
            "holder": event.holder,
            "level": event.level,
            "occurred_at": event.occurred_at.isoformat(),
            "due_at": None if event.due_at is None else event.due_at.isoformat(),
        }
    )


def _own_data(event: ReportEvent) -> str:
    """What a reporter is told: as much as a line of the inbox."""
    return json.dumps(
        {
            "report_id": str(event.report_id),
            "status": event.status,
            "holder": event.holder,
            "at": event.occurred_at.isoformat(),
        }
    )


class LiveStream:
    """The ring and its followers; a stable handle that the `Hub` actor fills."""

    def __init__(self, bus: Bus, *, ring: int = RING, behind: int = BEHIND) -> None:
        self.bus = bus
        self.last: int | None = None
        self.wanted: Callable[[], None] = _nothing
        """Called when somebody begins to follow, so that a hub that looks rarely looks at once."""
        self._ring: deque[Heard] = deque(maxlen=ring)
        self._behind = behind
        self._reach = ring
        self._followers: dict[trio.MemorySendChannel[StreamEvent], View] = {}

    @property
    def followers(self) -> int:
        """How many streams are open."""
        return len(self._followers)

    def push(self, item: Heard) -> None:
        """Append the next event and hand it to its followers; those too far behind are ended."""
        self.last = item.sequence
        self._ring.append(item)
        if item.event is None:
            return
        for channel, view in list(self._followers.items()):
            if (shown := view(item)) is not None:
                try:
                    channel.send_nowait(shown)
                except (trio.WouldBlock, trio.BrokenResourceError):
                    del self._followers[channel]
                    channel.close()

    def skip(self, sequence: int) -> None:
        """Go on behind `sequence` with an empty ring, unless somebody has begun to follow in the meantime."""
        if self._followers or self.last == sequence:
            return
        self.last = sequence
        self._ring.clear()

    @asynccontextmanager
    async def subscribe(self, view: View, after: int | None) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        """Follow what `view` shows from behind `after` on, or from now on; see `NotificationDoor`."""
        if after is not None:
            # After a restore the stream is shorter than what a client has seen of the former one: it begins anew.
            after = min(after, await self.bus.last_sequence())
        send, receive = trio.open_memory_channel[StreamEvent](self._behind)
        # Registered before the past is read, so that nothing falls between; doubles are told by their sequence.
        self._followers[send] = view
        self.wanted()
        try:
            # Closed here and now: an async generator left to the collector would end somewhere else.
            async with receive, aclosing(self._follow(view, after, receive)) as events:
                yield events
        finally:
            self._followers.pop(send, None)
            send.close()

    @asynccontextmanager
    async def subscribe_briefly(self, view: View, after: int | None) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        """Follow likewise, but of the past only what the ring's length holds.

        Citizens are many, and each has few of a city's events: reading a year of them for one would harm all.
        """
        until = 0 if after is None else await self.bus.last_sequence()
        far = after is not None and sequence_of(until) - sequence_of(after) > self._reach
        async with self.subscribe(view, until if far else after) as events:
            yield _after_a_gap(until, events) if far else events

    async def _follow(
        self, view: View, after: int | None, live: trio.MemoryReceiveChannel[StreamEvent]
    ) -> AsyncGenerator[StreamEvent, None]:
        seen = -1
        if after is not None:
            seen = after
            async with aclosing(self._past(after)) as past:
                async for item in past:
                    seen = item.sequence
                    if (shown := view(item)) is not None:
                        yield shown
        async for event in live:
            if event.sequence > seen:
                yield event

    async def _past(self, after: int) -> AsyncGenerator[Heard, None]:
        """Everything behind `after` up to now, from the bus where the ring has forgotten it."""
        at = after
        until = await self.bus.last_sequence()
        if self.last is None:
            # No hub has run yet: it must begin where this reading ends.
            self.last = until
        while at < until and (not self._ring or self._ring[0].sequence > at + 1):
            page = await self.bus.read_from(at + 1, PAGE)
            if not page:
                break
            for delivery in page:
                at = delivery.sequence
                yield heard(delivery)
        for item in list(self._ring):
            if item.sequence > at:
                yield item


async def _after_a_gap(sequence: int, events: AsyncIterator[StreamEvent]) -> AsyncGenerator[StreamEvent, None]:
    yield StreamEvent(sequence, CHANGED, "{}")
    async for event in events:
        yield event
