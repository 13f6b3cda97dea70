"""The feed context's rows: votes and follows; its statements stand in `sql/queries.sql`."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from jagawarga.errors import Corrupt

if TYPE_CHECKING:
    from jagawarga.plumbing.database import Connection, Database


def _queries() -> dict[str, str]:
    text = (Path(__file__).parent / "sql" / "queries.sql").read_text(encoding="utf-8")
    _, *parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


SQL: Final = _queries()


class Change(NamedTuple):
    """What one person changes at one report; `None` leaves a vote or a follow as it is."""

    report_id: UUID
    voter: bytes
    follower: str
    vote: bool | None
    follow: bool | None


class Store:
    """Every statement of this context; raises `Unavailable`, and `Corrupt` for what the database refuses to store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def write(self, batch: Sequence[Change]) -> dict[UUID, int]:
        """Write changes in one transaction, of like ones the last; gives the votes that their reports have now."""
        votes = {(each.report_id, each.voter): each.vote for each in batch if each.vote is not None}
        follows = {(each.report_id, each.follower): each.follow for each in batch if each.follow is not None}
        wanted: list[tuple[str, list[tuple[UUID, Any]]]] = [
            ("add_votes", [key for key, on in votes.items() if on]),
            ("remove_votes", [key for key, on in votes.items() if not on]),
            ("add_follows", [key for key, on in follows.items() if on]),
            ("remove_follows", [key for key, on in follows.items() if not on]),
        ]
        report_ids = list({each.report_id for each in batch})

        async def work(connection: Connection) -> Any:
            for query, keys in wanted:
                if keys:
                    # In order, so that no two transactions wait for each other.
                    ordered = sorted(keys)
                    await connection.execute(SQL[query], [key[0] for key in ordered], [key[1] for key in ordered])
            return await connection.fetch(SQL["counts"], report_ids)

        try:
            rows = await self.database.run("feed", work)
        except asyncpg.PostgresError as error:
            msg = f"the database refused a batch ({type(error).__name__})"
            raise Corrupt(msg) from error
        return dict.fromkeys(report_ids, 0) | {row["report_id"]: row["votes"] for row in rows}

    async def counts(self, report_ids: Collection[UUID]) -> dict[UUID, int]:
        """The votes of those that have any."""

        async def work(connection: Connection) -> Any:
            return await connection.fetch(SQL["counts"], list(report_ids))

        return {row["report_id"]: row["votes"] for row in await self.database.run("feed", work, transaction=False)}

    async def followers(
        self, report_ids: Collection[UUID], after: tuple[UUID, str], limit: int
    ) -> list[tuple[UUID, str]]:
        """Some of the followers of these reports, in order, from behind one."""

        async def work(connection: Connection) -> Any:
            return await connection.fetch(SQL["followers"], list(report_ids), *after, limit)

        return [tuple(row) for row in await self.database.run("feed", work, transaction=False)]

    async def followed(self, follower: str, after: UUID, limit: int) -> list[UUID]:
        """Some of what somebody follows, by id, from behind one."""

        async def work(connection: Connection) -> Any:
            return await connection.fetch(SQL["followed"], follower, after, limit)

        return [row["report_id"] for row in await self.database.run("feed", work, transaction=False)]
