"""The schema, brought up to date: numbered SQL files of each context, applied once each, in order.

Files are `jagawarga/<context>/sql/NNNN_pre_<what>.sql` (or `_post_`), one statement after another, each ended by `;` at
the end of a line. Statements run one by one outside transactions, as CockroachDB wants its schema changed, and must be
repeatable (`IF NOT EXISTS`), so that a migration cut in the middle is simply run again.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import asyncpg

from jagawarga.errors import StartupError

ROOT: Final = Path(__file__).resolve().parents[1]
ROLES: Final = ("identity", "catalogue", "reports", "agency", "notification", "feed")
CONTEXTS: Final = ("identity", "catalogue", "reports", "notification", "feed", "canned")
LEASE_SECONDS = 60
TRIES = 5
FORMER: Final[Mapping[str, frozenset[str]]] = {
    # Had the policy `history_agency`, with a query that CockroachDB does not take; 0002 makes it anew for both.
    "reports/0001_pre_reports": frozenset({"d05a566c82754d45b072589fd5e9d866df38f8059985a375d0adf8a377184ddf"}),
}
"""Checksums of earlier wordings whose difference a later file makes up for; databases that had them are as good."""
_OWN: Final = (
    "CREATE SCHEMA IF NOT EXISTS jagawarga_meta",
    """
    CREATE TABLE IF NOT EXISTS jagawarga_meta.migration
        (name text NOT NULL, checksum text NOT NULL, CONSTRAINT migration_key PRIMARY KEY (name))
    """,
    """
    CREATE TABLE IF NOT EXISTS jagawarga_meta.lease
        (name text NOT NULL, expires_at timestamptz NOT NULL, CONSTRAINT lease_key PRIMARY KEY (name))
    """,
)
_NAME = re.compile(r"(\d{4})_(pre|post)_[a-z0-9_]+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its name with the context before it, its statements, the checksum of its text."""

    name: str
    statements: tuple[str, ...]
    checksum: str

    def is_of(self, checksum: str) -> bool:
        """Whether what was applied under that checksum is this file, or an earlier wording of it that is as good."""
        return checksum == self.checksum or checksum in FORMER.get(self.name, frozenset())


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
    for statement in _OWN:
        await _once(connection.execute, statement)
    await _take_lease(connection)
    try:
        rows = await _once(connection.fetch, "SELECT name, checksum FROM jagawarga_meta.migration")
        done = {row["name"]: row["checksum"] for row in rows}
        known = list(migrations())
        _compare(done, known)
        for migration in known:
            if migration.name not in done and (only is None or migration.name in only):
                for statement in migration.statements:
                    await _once(connection.execute, statement)
                await _once(
                    connection.execute,
                    # Its commit may have come through although its answer did not.
                    "INSERT INTO jagawarga_meta.migration (name, checksum) VALUES ($1, $2) "
                    "ON CONFLICT (name) DO NOTHING",
                    migration.name,
                    migration.checksum,
                )
    finally:
        await _once(connection.execute, "DELETE FROM jagawarga_meta.lease WHERE name = 'migration'")


def _compare(done: dict[str, str], known: list[Migration]) -> None:
    unknown = done.keys() - {migration.name for migration in known}
    if unknown:
        msg = f"the database is newer than this program: it has {min(unknown)}"
        raise StartupError(msg)
    for migration in known:
        if not migration.is_of(done.get(migration.name, migration.checksum)):
            msg = f"migration {migration.name} was changed after it had been applied to this database"
            raise StartupError(msg)


async def _make_roles(connection: Any) -> None:
    """Create the contexts' roles; PostgreSQL has no CREATE ROLE IF NOT EXISTS, so each try looks first."""

    async def make(name: str) -> None:
        if not await connection.fetch("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
            await connection.execute(f"CREATE ROLE {name} NOLOGIN")

    ((user,),) = await _once(connection.fetch, "SELECT current_user")
    for role in ROLES:
        name = f"jagawarga_{role}"
        await _once(make, name)
        await _once(connection.execute, f'GRANT {name} TO "{user}"')


async def _take_lease(connection: Any) -> None:
    for _ in range(LEASE_SECONDS * 2):
        taken = await _once(
            connection.fetch,
            "INSERT INTO jagawarga_meta.lease (name, expires_at) VALUES ('migration', now() + $1::interval) "
            "ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at "
            "WHERE lease.expires_at < now() RETURNING name",
            timedelta(seconds=LEASE_SECONDS),
        )
        if taken:
            return
        await asyncio.sleep(0.5)
    msg = "another process has been migrating this database for too long"
    raise StartupError(msg)


async def _once(run: Callable[..., Awaitable[Any]], statement: str, *values: Any) -> Any:
    """Run what is repeatable and return what `run` does, bearing with others that do the same at the same time."""
    for attempt in count(1):
        try:
            return await run(statement, *values)
        except (
            asyncpg.UniqueViolationError,
            asyncpg.DuplicateObjectError,
            asyncpg.DuplicateTableError,
            asyncpg.DuplicateSchemaError,
            asyncpg.SerializationError,
            asyncpg.DeadlockDetectedError,
            asyncpg.InternalServerError,
        ):
            # Catalogue rows collide when two processes create the same thing; the second look finds it there.
            if attempt == TRIES:
                raise
            await asyncio.sleep(random.uniform(0, 0.02) * 2**attempt)  # noqa: S311 - jitter
    raise AssertionError
