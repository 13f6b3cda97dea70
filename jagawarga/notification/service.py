"""What the notification context does for others: shows inboxes and lets agencies follow their events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from jagawarga.notification.store import Store
from jagawarga.notification.stream import LiveStream

if TYPE_CHECKING:
    from jagawarga.notification.messages import Notification, StreamEvent
    from jagawarga.plumbing.bus import Bus
    from jagawarga.plumbing.database import Database


class Notifications:
    """The concrete `NotificationDoor`; a handle made once, its actors are `tree.notification_tree(self)`."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self.bus = bus
        self.store = Store(database)
        self.stream = LiveStream(bus)

    async def inbox(self, recipient: str, *, limit: int) -> tuple[Notification, ...]:
        """The newest notifications of a pseudonym, newest first."""
        return await self.store.inbox(recipient, limit)

    def subscribe(self, agency: str, *, after: int | None) -> AbstractAsyncContextManager[AsyncIterator[StreamEvent]]:
        """The live events of one agency, from behind `after` on; ends when the reader falls too far behind."""
        return self.stream.subscribe(agency, after)
