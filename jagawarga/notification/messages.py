"""Values of the notification context: a citizen's inbox and the agencies' live stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Notification:
    """One line of an inbox: report `report_id` of the recipient became `status`."""

    notification_id: UUID
    report_id: UUID
    type: str
    status: str
    holder: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One server-sent event: `sequence` (the bus's own) is its id and orders the stream; `data` is JSON text."""

    sequence: int
    type: str
    data: str


class NotificationDoor(Protocol):
    """What the edge may ask of the notification context."""

    async def inbox(self, recipient: str, *, limit: int) -> tuple[Notification, ...]:
        """The newest notifications of a pseudonym, newest first."""

    def subscribe(self, agency: str, *, after: int | None) -> AbstractAsyncContextManager[AsyncIterator[StreamEvent]]:
        """The live events of one agency, from behind `after` on; ends when the reader falls too far behind."""
