"""The tables, copied out of one snapshot and in again, each in the order of its primary key.

Logical on purpose: no write-ahead log, no dead row, no order of insertion goes along, so a copy tells less of when
things happened than the disk does (ADR 9). The same rows give the same bytes wherever they lie, so a digest of them
compares two databases.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

import asyncpg

from jagawarga.errors import BackupError, Unavailable
from jagawarga.plumbing.database import ACQUIRE_SECONDS, Connection

T = TypeVar("T")

META: Final = "jagawarga_meta"
"""Of the migrations; made anew by them."""
LOCK_TRIES: Final = 10
LOCK_WITHIN: Final = "1s"
"""What filings wait at most behind our own waiting for the outbox."""

# One text for one value, whatever the server's settings.
_SESSION: Final = """
SET timezone = 'UTC'; SET datestyle = 'iso, ymd'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex';
SET extra_float_digits = 1; SET client_encoding = 'UTF8'
"""
# Everything that is no index, of every schema that is not the server's or the migrations'.
_RELATIONS: Final = """
SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
    ARRAY(SELECT a.attname FROM pg_attribute AS a
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
          ORDER BY a.attnum)::text[] AS columns,
    ARRAY(SELECT a.attname FROM pg_index AS i, unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
          JOIN pg_attribute AS a ON a.attnum = k.attnum
          WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid ORDER BY k.place)::text[] AS key
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind NOT IN ('i', 'I', 't', 'c') AND n.nspname NOT LIKE 'pg\\_%'
    AND n.nspname NOT IN ('information_schema', $1)
ORDER BY n.nspname, c.relname
"""
_DOWN = (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError)


@dataclass(frozen=True, slots=True)
class Table:
    """A table with what is copied of it, and the key that orders it."""

    schema: str
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def title(self) -> str:
        """How it is called: schema and name."""
        return f"{self.schema}.{self.name}"


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """Give a connection for the block; `BackupError` when the server is not there, or goes away meanwhile."""
    try:
        connection = await asyncpg.connect(url, timeout=ACQUIRE_SECONDS)
        try:
            await connection.execute(_SESSION)
            yield connection
        finally:
            await connection.close(timeout=ACQUIRE_SECONDS)
    except Unavailable as error:
        raise BackupError(error.detail) from error
    except _DOWN as error:
        raise BackupError(f"the database is out of reach ({type(error).__name__})") from error
    except asyncpg.PostgresError as error:
        # The text may quote values; the kind of error may not.
        raise BackupError(f"the database refused ({type(error).__name__})") from error


@asynccontextmanager
async def snapshot(url: str, outbox: str, meanwhile: Callable[[], Awaitable[T]]) -> AsyncIterator[tuple[Connection, T]]:
    """Give a read-only connection that sees one moment, and what `meanwhile` returned in that moment.

    While `meanwhile` runs and the snapshot is taken, nothing is put into the table `outbox` nor taken out, so each
    event of the snapshot is there, or was on the bus before, and none is on the bus that the snapshot does not have.
    Writers wait for these milliseconds; it is let go before the first row is read.
    """
    async with connected(url) as still, connected(url) as connection:
        for _ in range(LOCK_TRIES):
            try:
                async with still.transaction():
                    await still.execute(f"SET LOCAL lock_timeout = '{LOCK_WITHIN}'")
                    await still.execute(f"LOCK TABLE {outbox} IN EXCLUSIVE MODE")
                    found = await meanwhile()
                    transaction = connection.transaction(isolation="repeatable_read", readonly=True)
                    await transaction.start()
                    # The snapshot is that of the first statement, not of BEGIN.
                    await connection.execute("SELECT 1")
            except asyncpg.LockNotAvailableError:
                continue
            break
        else:
            raise BackupError(f"{outbox} is never still; try again when less is going on")
        yield connection, found


async def tables(connection: Connection) -> list[Table]:
    """Every table of ours; `BackupError` for what can not be copied as rows in the order of a key."""
    found = []
    for row in await connection.fetch(_RELATIONS, META):
        table = Table(row["schema"], row["name"], tuple(row["columns"]), tuple(row["key"]))
        if row["kind"] != "r" or not table.key:
            raise BackupError(f"{table.title} is not a table with a primary key, and nothing else can be backed up")
        found.append(table)
    return found


async def applied(connection: Connection) -> dict[str, str]:
    """The migrations this database has had, with their checksums."""
    rows = await connection.fetch(f"SELECT name, checksum FROM {META}.migration ORDER BY name")  # noqa: S608 - ours
    return {row["name"]: row["checksum"] for row in rows}


async def copy_out(connection: Connection, table: Table, sink: Callable[[bytes], None]) -> int:
    """Give the table's rows to `sink` as text, in the order of its key; returns how many."""

    async def output(data: bytes) -> None:
        sink(data)

    query = f"SELECT {_names(table.columns)} FROM {_name(table)} ORDER BY {_names(table.key)}"  # noqa: S608 - quoted
    return _rows(await connection.copy_from_query(query, output=output))


async def copy_in(connection: Connection, table: Table, source: AsyncGenerator[bytes, None]) -> int:
    """Put rows from `copy_out` into the table; returns how many."""
    status = await connection.copy_to_table(
        table.name, schema_name=table.schema, columns=list(table.columns), source=source
    )
    return _rows(status)


async def without_triggers(connection: Connection) -> None:
    """From now on rows are put in as they are: foreign keys held where they come from."""
    await connection.execute("SET session_replication_role = replica")


def _rows(status: str) -> int:
    return int(status.removeprefix("COPY "))


def _names(names: Sequence[str]) -> str:
    return ", ".join(_quoted(name) for name in names)


def _name(table: Table) -> str:
    return f"{_quoted(table.schema)}.{_quoted(table.name)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
