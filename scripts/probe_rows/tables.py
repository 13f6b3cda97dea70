"""Every table, read under every role of the database; what row-level security shows an agency of others' reports."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from jagawarga.plumbing.migrate import ROLES

OF_AGENCIES: Final = {
    "reports.report": "report_id",
    "reports.history": "report_id",
    "reports.access": "report_id",
    "canned.answer": "key",
}
"""What the role `agency` may read at all, row by row, and what tells its rows apart."""
THEIR_OWN: Final = {"canned.answer"}
"""What it may write as well, row by row."""


@dataclass(slots=True)
class Tables:
    """What was tried, what was refused, and what should have been."""

    tried: int = 0
    refused: int = 0
    leaks: list[str] = field(default_factory=list)


def look_everywhere(dsn: str, agency: str, other: str, marks: list[str]) -> Tables:
    """Try all of it; `marks` are ids of reports and keys of answers that are `agency`'s. Blocks."""
    return asyncio.run(_look(dsn, agency, other, marks))


async def _look(dsn: str, agency: str, other: str, marks: list[str]) -> Tables:
    found = Tables()
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname NOT IN "
            "('pg_catalog', 'information_schema') ORDER BY 1"
        )
        names = [row["name"] for row in rows]
        for role in ROLES:
            for name in names:
                await _as_role(connection, found, role, name)
        for who, sees in ((None, False), (other, False), (agency, True)):
            await _as_agency(connection, found, who, marks, sees=sees)
        for who in (None, other):
            await _write_as_agency(connection, found, who, agency, marks)
    finally:
        await connection.close()
    return found


async def _as_role(connection: Any, found: Tables, role: str, table: str) -> None:
    # Our own names, as the catalogue of the database has them.
    for statement in (f"SELECT * FROM {table} LIMIT 1", f"DELETE FROM {table} WHERE false"):  # noqa: S608
        found.tried += 1
        may = table.startswith(f"{role}.")
        if role == "agency":
            may = table in (OF_AGENCIES if statement.startswith("SELECT") else THEIR_OWN)
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL ROLE jagawarga_{role}")
                await connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            found.refused += 1
        else:
            if not may:
                found.leaks.append(f"{role} may {statement.partition(' ')[0]} {table}")


async def _as_agency(connection: Any, found: Tables, who: str | None, marks: list[str], *, sees: bool) -> None:
    for table, mark in OF_AGENCIES.items():
        found.tried += 1
        async with connection.transaction():
            await _become(connection, who)
            rows = await connection.fetch(f"SELECT {mark} AS mark FROM {table}")  # noqa: S608 - our own names
        seen = {str(row["mark"]) for row in rows} & set(marks)
        if seen and not sees:
            found.leaks.append(f"agency {who} sees {len(seen)} rows of {table}")
        # History needs its report to be opened first; the others prove that the policy is not shut to all.
        if sees and not seen and table != "reports.history":
            found.leaks.append(f"agency {who} does not see its own rows of {table}: this probe proves nothing")
        found.refused += not seen


async def _write_as_agency(connection: Any, found: Tables, who: str | None, owner: str, marks: list[str]) -> None:
    """Change and delete what is another's, by its key; and put something under another's name."""
    for statement, arguments in (
        ("UPDATE canned.answer SET text = 'x' WHERE key = ANY ($1::text[]) RETURNING key", (marks,)),
        ("DELETE FROM canned.answer WHERE key = ANY ($1::text[]) RETURNING key", (marks,)),
        ("INSERT INTO canned.answer (agency, key, title, text) VALUES ($1, 'x', 'x', 'x') RETURNING key", (owner,)),
    ):
        found.tried += 1
        transaction = connection.transaction()
        await transaction.start()
        try:
            await _become(connection, who)
            done = await connection.fetch(statement, *arguments)
        except asyncpg.InsufficientPrivilegeError:
            done = []
        finally:
            await transaction.rollback()
        if done:
            found.leaks.append(f"agency {who} may {statement.partition(' ')[0]} a canned answer of {owner}")
        found.refused += not done


async def _become(connection: Any, who: str | None) -> None:
    await connection.execute("SET LOCAL ROLE jagawarga_agency")
    if who is not None:
        await connection.execute("SELECT set_config('jagawarga.agency', $1, true)", who)
