"""The notification context's rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from jagawarga.errors import Corrupt
from jagawarga.notification.messages import Notification
from jagawarga.plumbing.uuids import random_uuid

if TYPE_CHECKING:
    from jagawarga.plumbing.database import Database
    from jagawarga.reports.messages import ReportEvent

# One statement: an event seen before makes no second notice, however often it is delivered.
_RECORD: Final = """
WITH fresh AS (
    INSERT INTO notification.processed_event (event_id) SELECT * FROM unnest($1::uuid[])
    ON CONFLICT (event_id) DO NOTHING RETURNING event_id
)
INSERT INTO notification.notice (notification_id, event_id, recipient, report_id, type, status, holder, at)
SELECT n.* FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[],
                       $9::timestamptz[])
    AS n (notification_id, event_id, recipient, report_id, type, status, holder, at)
JOIN fresh ON fresh.event_id = n.event_id
ON CONFLICT (event_id) DO NOTHING
"""
_INBOX: Final = """
SELECT notification_id, report_id, type, status, holder, at FROM notification.notice
WHERE recipient = $1 ORDER BY at DESC, notification_id LIMIT $2
"""


class Store:
    """Every statement of this context; raises `Unavailable`, and `Corrupt` for what the database refuses to store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def record(self, events: Sequence[ReportEvent]) -> None:
        """Remember events as processed, and put one notice for each fresh one into its reporter's inbox."""
        unique = list({event.event_id: event for event in events}.values())
        named = [event for event in unique if event.reporter is not None]
        columns: list[list[Any]] = [
            [random_uuid() for _ in named],
            [event.event_id for event in named],
            [event.reporter for event in named],
            [event.report_id for event in named],
            [event.type for event in named],
            [event.status for event in named],
            [event.holder for event in named],
            [event.occurred_at for event in named],
        ]

        async def work(connection: Any) -> None:
            await connection.execute(_RECORD, [event.event_id for event in unique], *columns)

        try:
            await self.database.run("notification", work, transaction=False)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            msg = f"the database refused events ({type(error).__name__})"
            raise Corrupt(msg) from error

    async def inbox(self, recipient: str, limit: int) -> tuple[Notification, ...]:
        """The newest notices of one recipient."""

        async def work(connection: Any) -> Any:
            return await connection.fetch(_INBOX, recipient, limit)

        rows = await self.database.run("notification", work, transaction=False)
        return tuple(Notification(*row) for row in rows)
