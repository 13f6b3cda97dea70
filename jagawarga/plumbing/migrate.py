"""The schema, brought up to date: numbered SQL files of each context, applied once each, in order.

Files are `jagawarga/<context>/sql/NNNN_pre_<what>.sql` (or `_post_`), one statement after another, each ended by `;` at
the end of a line. Statements run one by one outside transactions, as CockroachDB wants its schema changed, and must be
repeatable (`IF NOT EXISTS`), so that a migration cut in the middle is simply run again.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg

from jagawarga.errors import StartupError

ROOT: Final = Path(__file__).resolve().parents[1]
ROLES: Final = ("identity", "catalogue", "reports", "agency", "notification")
CONTEXTS: Final = ("identity", "catalogue", "reports", "notification")
LEASE_SECONDS = 60
_NAME = re.compile(r"(\d{4})_(pre|post)_[a-z0-9_]+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its name with the context before it, its statements, the checksum of its text."""

    name: str
    statements: tuple[str, ...]
    checksum: str


def migrations() -> Iterator[Migration]:
    """All migrations in the order they apply: contexts in the order of the data's flow, files by number."""
    for context in CONTEXTS:
        for path in sorted((ROOT / context / "sql").glob("[0-9]*.sql")):
            if not _NAME.fullmatch(path.name):
                msg = f"migration {context}/{path.name} is not named NNNN_pre_what.sql or NNNN_post_what.sql"
                raise StartupError(msg)
            text = path.read_text(encoding="utf-8")
            yield Migration(f"{context}/{path.stem}", split(text), hashlib.sha256(text.encode()).hexdigest())


def split(text: str) -> tuple[str, ...]:
    """Cut a file into its statements; comments go."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    parts = re.split(r";[ \t]*(?:\n|$)", "\n".join(lines))
    return tuple(part.strip() for part in parts if part.strip())


async def migrate(connection: Any, only: Collection[str] | None = None) -> None:
    """Apply what is missing; runs in asyncio. Two processes may start at once: one applies, the other waits.

    `only` names the migrations to stop at: rows of an older version go back into the schema they came from.

    Raises `StartupError` when an applied file has changed since, or the database knows a file this code does not.
    """
    await _make_roles(connection)
    for statement in (
        "CREATE SCHEMA IF NOT EXISTS jagawarga_meta",
        "CREATE TABLE IF NOT EXISTS jagawarga_meta.migration (name text PRIMARY KEY, checksum text NOT NULL)",
        "CREATE TABLE IF NOT EXISTS jagawarga_meta.lease (name text PRIMARY KEY, expires_at timestamptz NOT NULL)",
    ):
        await _once(connection, statement)
    await _take_lease(connection)
    try:
        done = {
            row["name"]: row["checksum"]
            for row in await connection.fetch("SELECT name, checksum FROM jagawarga_meta.migration")
        }
        known = list(migrations())
        _compare(done, known)
        for migration in known:
            if migration.name not in done and (only is None or migration.name in only):
                for statement in migration.statements:
                    await _once(connection, statement)
                await connection.execute(
                    "INSERT INTO jagawarga_meta.migration (name, checksum) VALUES ($1, $2)",
                    migration.name,
                    migration.checksum,
                )
    finally:
        await connection.execute("DELETE FROM jagawarga_meta.lease WHERE name = 'migration'")


def _compare(done: dict[str, str], known: list[Migration]) -> None:
    unknown = done.keys() - {migration.name for migration in known}
    if unknown:
        msg = f"the database is newer than this program: it has {min(unknown)}"
        raise StartupError(msg)
    for migration in known:
        if done.get(migration.name, migration.checksum) != migration.checksum:
            msg = f"migration {migration.name} was changed after it had been applied to this database"
            raise StartupError(msg)


async def _make_roles(connection: Any) -> None:
    """Create the contexts' roles; PostgreSQL has no CREATE ROLE IF NOT EXISTS."""
    present = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
    user = await connection.fetchval("SELECT current_user")
    for role in ROLES:
        name = f"jagawarga_{role}"
        if name not in present:
            await _once(connection, f"CREATE ROLE {name} NOLOGIN")
        await _once(connection, f'GRANT {name} TO "{user}"')


async def _take_lease(connection: Any) -> None:
    for _ in range(LEASE_SECONDS * 2):
        taken = await connection.fetchval(
            "INSERT INTO jagawarga_meta.lease (name, expires_at) VALUES ('migration', now() + $1) "
            "ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at "
            "WHERE lease.expires_at < now() RETURNING name",
            timedelta(seconds=LEASE_SECONDS),
        )
        if taken:
            return
        await asyncio.sleep(0.5)
    msg = "another process has been migrating this database for too long"
    raise StartupError(msg)


async def _once(connection: Any, statement: str) -> None:
    """Run a repeatable statement, bearing with another process that runs the same one at the same time."""
    for attempt in range(5):
        try:
            await connection.execute(statement)
        except (
            asyncpg.UniqueViolationError,
            asyncpg.DuplicateObjectError,
            asyncpg.SerializationError,
            asyncpg.InternalServerError,
        ):
            # Catalogue rows collide when two processes create the same thing; the second look finds it there.
            if attempt == 4:  # noqa: PLR2004
                raise
            await asyncio.sleep(0.05 * 2**attempt)
        else:
            return
