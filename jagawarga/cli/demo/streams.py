"""Listening to the live streams of all agencies at once, to see who hears of a report and who does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import trio

from jagawarga.client import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagawarga.client import Client, Event, Session

PAUSE = 0.2


@dataclass(slots=True)
class Streams:
    """Every event any agency heard, with the moment it did."""

    client: Client
    heard: list[tuple[str, float, Event]] = field(default_factory=list)
    _news: trio.Event = field(default_factory=trio.Event)

    async def listen(self, agency: str, session: Session, started: Callable[[], None]) -> None:
        """Hear `agency`'s events for ever; a stream that ends is taken up again where it ended."""
        last: int | None = None
        while True:
            try:
                async with self.client.events(session, after=last) as events:
                    started()
                    async for event in events:
                        last = event.sequence if event.sequence is not None else last
                        self.heard.append((agency, trio.current_time(), event))
                        self._news.set()
                        self._news = trio.Event()
            except Refused:
                pass  # the stream's part of the process is being restarted: it is tried again, as a browser would
            await trio.sleep(PAUSE)

    async def wait_for(
        self, fits: Callable[[str, dict[str, Any]], bool], within: float
    ) -> tuple[str, float, dict[str, Any]] | None:
        """Return the first event that fits: its agency, when it was heard, its data; None when none comes in time."""
        with trio.move_on_after(within):
            while True:
                news = self._news
                for agency, at, event in self.heard:
                    data = {"type": event.type} | event.data
                    if fits(agency, data):
                        return agency, at, data
                await news.wait()
        return None

    def hearers(self, report_id: str, kind: str) -> set[str]:
        """Return the agencies that heard of this."""
        return {
            agency
            for agency, _, event in self.heard
            if event.data.get("report_id") == report_id and {event.type, event.data.get("type")} & {kind}
        }
