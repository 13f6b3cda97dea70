"""The rows of canned answers: each statement names the agency, and row-level security says it once more."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING

from jagawarga.canned.messages import CannedAnswer

if TYPE_CHECKING:
    from jagawarga.plumbing.database import Connection, Database

# An answer for no step or category in particular goes with every one.
ANSWERS = """
SELECT key, title, text, action, category, language FROM canned.answer
WHERE agency = $1 AND ($2::text IS NULL OR coalesce(action, $2::text) = $2::text)
    AND ($3::text IS NULL OR coalesce(category, $3::text) = $3::text)
ORDER BY key
"""
ANSWER = "SELECT key, title, text, action, category, language FROM canned.answer WHERE agency = $1 AND key = $2"
# In their order, so that no two wait for each other crosswise. With the limit near, both find rows to lock.
LOCK = "SELECT key FROM canned.answer WHERE agency = $1 ORDER BY key FOR UPDATE"
# The others are counted: changing one of so many as there may be makes no more of them.
PUT = """
INSERT INTO canned.answer (agency, key, title, text, action, category, language)
SELECT $1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text
WHERE (SELECT count(*) FROM canned.answer WHERE agency = $1::text AND key <> $2::text) < $8::bigint
ON CONFLICT (agency, key) DO UPDATE SET title = excluded.title, text = excluded.text, action = excluded.action,
    category = excluded.category, language = excluded.language
RETURNING key
"""
DELETE = "DELETE FROM canned.answer WHERE agency = $1 AND key = $2 RETURNING key"


class Store:
    """Every statement of this context, each under the policy for its agency. Raises `Unavailable`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def answers(self, agency: str, action: str | None, category: str | None) -> tuple[CannedAnswer, ...]:
        """What goes with a step and a category (with any: `None`), by key."""

        async def work(connection: Connection) -> tuple[CannedAnswer, ...]:
            return tuple(CannedAnswer(*row) for row in await connection.fetch(ANSWERS, agency, action, category))

        return await self.database.run_as_agency(agency, work)

    async def answer(self, agency: str, key: str) -> CannedAnswer | None:
        """One of them."""

        async def work(connection: Connection) -> CannedAnswer | None:
            row = await connection.fetchrow(ANSWER, agency, key)
            return None if row is None else CannedAnswer(*row)

        return await self.database.run_as_agency(agency, work)

    async def put(self, agency: str, answer: CannedAnswer, most: int) -> bool:
        """Write one, over its former self; false, and nothing written, if there would be more than `most`."""

        async def work(connection: Connection) -> bool:
            # Two heads who put the last one at once: the second counts what the first has written.
            await connection.execute(LOCK, agency)
            return len(await connection.fetch(PUT, agency, *astuple(answer), most)) > 0

        return await self.database.run_as_agency(agency, work)

    async def delete(self, agency: str, key: str) -> bool:
        """Delete one; false if it is not there."""

        async def work(connection: Connection) -> bool:
            return len(await connection.fetch(DELETE, agency, key)) > 0

        return await self.database.run_as_agency(agency, work)
