"""The notification context's rows; its statements stand in `sql/queries.sql`."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import asyncpg

from jagawarga.errors import Corrupt
from jagawarga.notification.messages import Notification
from jagawarga.notification.plan import NOBODYS, Due, Settlement, kind_of
from jagawarga.plumbing.uuids import random_uuid
from jagawarga.reports.messages import BY_REPORTER

if TYPE_CHECKING:
    from jagawarga.plumbing.database import Database
    from jagawarga.reports.messages import ReportEvent


def _queries() -> dict[str, str]:
    text = (Path(__file__).parent / "sql" / "queries.sql").read_text(encoding="utf-8")
    _, *parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


SQL: Final = _queries()
MOST_BROWSERS: Final = 10
UNREAD_COUNTED: Final = 1_000
FORGOTTEN_AT_ONCE: Final = 1_000


class Store:
    """Every statement of this context; raises `Unavailable`, and `Corrupt` for what the database refuses to store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def record(self, events: Sequence[ReportEvent], channels: Collection[str] = ()) -> None:
        """Remember events as processed; put a notice for each fresh one into its reporter's inbox, and into the queue.

        It is queued for those of `channels` that its reporter wants and can be reached by.
        """
        unique = list({event.event_id: event for event in events}.values())
        named = [event for event in unique if event.reporter is not None and event.type not in BY_REPORTER]
        columns: list[list[Any]] = [
            [random_uuid() for _ in named],
            [event.event_id for event in named],
            [event.reporter for event in named],
            [event.report_id for event in named],
            [event.type for event in named],
            [event.status for event in named],
            [event.holder for event in named],
            [event.occurred_at for event in named],
            [kind_of(event.type) for event in named],
            [event.privacy != "public" for event in named],
        ]

        async def work(connection: Any) -> None:
            await connection.execute(SQL["record"], [event.event_id for event in unique], *columns, list(channels))

        try:
            await self.database.run("notification", work, transaction=False)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            msg = f"the database refused events ({type(error).__name__})"
            raise Corrupt(msg) from error

    async def inbox(
        self, recipient: str, before: tuple[datetime, UUID], limit: int, *, unread: bool = False
    ) -> tuple[Notification, ...]:
        """The newest notices of one recipient behind a place in the inbox; only those not read, if wanted."""

        async def work(connection: Any) -> Any:
            return await connection.fetch(SQL["inbox"], recipient, *before, unread, limit)

        rows = await self.database.run("notification", work, transaction=False)
        return tuple(Notification(*row) for row in rows)

    async def unread(self, recipient: str) -> int:
        """How many notices are not read, up to `UNREAD_COUNTED`."""

        async def work(connection: Any) -> Any:
            return await connection.fetchval(SQL["unread"], recipient, UNREAD_COUNTED)

        return int(await self.database.run("notification", work, transaction=False))

    async def mark(self, recipient: str, ids: Sequence[UUID], until: datetime | None, *, read: bool) -> None:
        """Mark some notices of one recipient as read or not, or all up to a moment; those of others stay."""

        async def work(connection: Any) -> None:
            await connection.execute(SQL["mark"], recipient, list(ids), until, read)

        await self.database.run("notification", work, transaction=False)

    async def preferences(self, recipients: Collection[str]) -> dict[str, tuple[int, bytes]]:
        """Version and sealed preferences of those who have any."""

        async def work(connection: Any) -> Any:
            return await connection.fetch(SQL["preferences"], list(recipients))

        rows = await self.database.run("notification", work, transaction=False)
        return {row["recipient"]: (row["version"], row["sealed"]) for row in rows}

    async def save(
        self,
        recipient: str,
        version: int,
        wanted: Sequence[str],
        sealed: bytes,
        *,
        reachable: bool,
        confirmation: UUID | None,
        now: datetime,
    ) -> bool:
        """Save preferences made from `version` (0: there were none); False when another change came first."""

        async def work(connection: Any) -> Any:
            return await connection.fetchval(
                SQL["save"], recipient, version, list(wanted), reachable, sealed, confirmation, now
            )

        return await self.database.run("notification", work, transaction=False) is not None

    async def claim(self, channel: str, now: datetime, lease: datetime, limit: int) -> list[Due]:
        """Take the oldest deliveries that are due, until `lease`, which is also what proves they are ours."""

        async def work(connection: Any) -> Any:
            return await connection.fetch(SQL["claim"], channel, now, lease, limit)

        rows = await self.database.run("notification", work, transaction=False)
        return [Due(*row) for row in rows]

    async def begin(self, channel: str, recipient: str, ids: Sequence[UUID], lease: datetime) -> set[UUID]:
        """Mark claimed deliveries as being sent; gives those that were still ours to send."""

        async def work(connection: Any) -> Any:
            return await connection.fetch(SQL["begin"], recipient, list(ids), channel, lease)

        return {row["event_id"] for row in await self.database.run("notification", work, transaction=False)}

    async def settle(
        self, channel: str, recipient: str, ids: Sequence[UUID], lease: datetime, settled: Settlement
    ) -> None:
        """Note what became of claimed deliveries, and give them up."""

        async def work(connection: Any) -> None:
            await connection.execute(
                SQL["settle"],
                recipient,
                list(ids),
                channel,
                lease,
                settled.state,
                settled.reason,
                settled.due_at,
                NOBODYS,
            )

        await self.database.run("notification", work, transaction=False)

    async def interrupted(self, channel: str, now: datetime) -> int:
        """Give up what a sender that died was sending; returns how many."""

        async def work(connection: Any) -> Any:
            return await connection.fetch(SQL["interrupted"], channel, now)

        return len(await self.database.run("notification", work, transaction=False))

    async def forget(self, before: datetime) -> None:
        """Delete some deliveries that were settled and are older than that."""

        async def work(connection: Any) -> None:
            await connection.execute(SQL["forget"], before, FORGOTTEN_AT_ONCE)

        await self.database.run("notification", work, transaction=False)

    async def failures(self, recipient: str, since: datetime) -> dict[str, int]:
        """How many deliveries were given up since then, by channel."""

        async def work(connection: Any) -> Any:
            return await connection.fetch(SQL["failures"], recipient, since)

        return {row[0]: row[1] for row in await self.database.run("notification", work, transaction=False)}

    async def subscribe(self, recipient: str, digest: bytes, sealed: bytes) -> UUID | None:
        """Keep a browser's subscription; gives its id, `None` when there are `MOST_BROWSERS` already."""

        async def work(connection: Any) -> Any:
            return await connection.fetchval(SQL["subscribe"], random_uuid(), recipient, digest, sealed, MOST_BROWSERS)

        found: UUID | None = await self.database.run("notification", work, transaction=False)
        return found

    async def subscriptions(self, recipient: str) -> list[tuple[UUID, bytes, bytes]]:
        """Every browser's id, digest and sealed subscription."""

        async def work(connection: Any) -> Any:
            return await connection.fetch(SQL["subscriptions"], recipient)

        return [tuple(row) for row in await self.database.run("notification", work, transaction=False)]

    async def unsubscribe(self, recipient: str, ids: Sequence[UUID]) -> int:
        """Forget browsers; returns how many there were."""

        async def work(connection: Any) -> Any:
            return await connection.fetch(SQL["unsubscribe"], recipient, list(ids))

        return len(await self.database.run("notification", work, transaction=False))
