"""Every table, read under every role of the database; what row-level security shows an agency of others' reports."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from jagawarga.plumbing.migrate import ROLES

OF_AGENCIES: Final = {"reports.report", "reports.history", "reports.access"}
"""What the role `agency` may read at all, row by row."""


@dataclass(slots=True)
class Tables:
    """What was tried, what was refused, and what should have been."""

    tried: int = 0
    refused: int = 0
    leaks: list[str] = field(default_factory=list)


def look_everywhere(dsn: str, agency: str, other: str, marks: list[str]) -> Tables:
    """Try all of it; `marks` are ids of reports that are `agency`'s. Blocks."""
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
    finally:
        await connection.close()
    return found


async def _as_role(connection: Any, found: Tables, role: str, table: str) -> None:
    may = table in OF_AGENCIES if role == "agency" else table.startswith(f"{role}.")
    # Our own names, as the catalogue of the database has them.
    for statement in (f"SELECT * FROM {table} LIMIT 1", f"DELETE FROM {table} WHERE false"):  # noqa: S608
        found.tried += 1
        read = statement.startswith("SELECT")
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL ROLE jagawarga_{role}")
                await connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            found.refused += 1
        else:
            if not may or (role == "agency" and not read):
                found.leaks.append(f"{role} may {statement.partition(' ')[0]} {table}")


async def _as_agency(connection: Any, found: Tables, who: str | None, marks: list[str], *, sees: bool) -> None:
    for table in sorted(OF_AGENCIES):
        found.tried += 1
        async with connection.transaction():
            await connection.execute("SET LOCAL ROLE jagawarga_agency")
            if who is not None:
                await connection.execute("SELECT set_config('jagawarga.agency', $1, true)", who)
            rows = await connection.fetch(f"SELECT report_id FROM {table}")  # noqa: S608 - our own names
        seen = {str(row["report_id"]) for row in rows} & set(marks)
        if seen and not sees:
            found.leaks.append(f"agency {who} sees {len(seen)} rows of {table}")
        # History needs its report to be opened first; the others prove that the policy is not shut to all.
        if sees and not seen and table != "reports.history":
            found.leaks.append(f"agency {who} does not see its own rows of {table}: this probe proves nothing")
        found.refused += not seen
