"""Copies of tables and streams on the real servers: the same moment, the same bytes, the same places."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import nats
import pytest

from jagawarga.embedded.directory import DataDirectory
from jagawarga.embedded.nats import prepare_nats
from jagawarga.errors import BackupError, StartupError
from jagawarga.plumbing import streamcopy, tables
from jagawarga.plumbing.migrate import FORMER, migrate, migrations
from jagawarga.plumbing.publishing import MESSAGE_ID
from jagawarga.plumbing.streamcopy import Extent
from jagawarga.plumbing.streams import EVENTS, STREAMS
from tests.conftest import _serving

(CONFIG,) = (each for each in STREAMS if each.name == EVENTS)


def run(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run it in asyncio, where the copies live."""
    return asyncio.run(work())


@pytest.fixture
def two_brokers() -> Iterator[tuple[str, str]]:
    """Two nats-servers that have nothing."""
    places = [Path(tempfile.mkdtemp(prefix="jw-")) for _ in range(2)]
    directories = [DataDirectory.open(place) for place in places]
    one, two = (prepare_nats(directory, durable=False) for directory in directories)
    with _serving(one.command), _serving(two.command):
        yield one.url, two.url
    for directory, place in zip(directories, places, strict=True):
        directory.close()
        shutil.rmtree(place)


async def source(data: list[bytes]) -> AsyncGenerator[bytes, None]:
    for chunk in data:
        yield chunk


def test_every_relation_of_the_schema_can_be_backed_up(fresh_database_url: str) -> None:
    """Each is a table with a primary key; one that is not must bring its own way into the backup."""

    async def work() -> list[str]:
        async with tables.connected(fresh_database_url) as connection:
            await migrate(connection)
            assert set(await tables.applied(connection)) == {each.name for each in migrations()}
            return [each.title for each in await tables.tables(connection)]

    assert {"identity.account", "reports.report", "reports.outbox", "notification.notice"} <= set(run(work))


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE oddities.t (a int)", "CREATE SEQUENCE oddities.s", "CREATE VIEW oddities.v AS SELECT 1"]
)
def test_what_can_not_be_copied_is_refused(statement: str, fresh_database_url: str) -> None:
    """Rather no backup than one that leaves something out."""

    async def work() -> None:
        async with tables.connected(fresh_database_url) as connection:
            await connection.execute("CREATE SCHEMA oddities")
            await connection.execute(statement)
            await tables.tables(connection)

    with pytest.raises(BackupError, match="oddities"):
        run(work)


def test_rows_come_back_byte_for_byte(fresh_database_url: str) -> None:
    """Whatever a column may hold; in the order of the key, whatever the order of insertion."""
    make = """
    CREATE SCHEMA s;
    CREATE TABLE s."odd name" (
        k text, n int, raw bytea, listed text[], at timestamptz, x double precision, "Odd" text, PRIMARY KEY (k, n)
    )
    """
    rows = [
        ("b", 1, b"\x00\\\n\t", ["a", None, '"', "\\N", "{}"], "infinity", 0.1, None),
        ("a", 2, b"", [], "2026-01-01 00:00:00.123456+07", float("nan"), "\\."),
        ("a", 1, None, None, None, 1e300, "line\nline\ttab\\N"),
        ("", 0, b"\xff" * 3000, ["×"], "0001-01-01 00:00:00+00", -0.0, "😀"),
    ]
    insert = 'INSERT INTO s."odd name" VALUES ($1, $2, $3, $4, $5::text::timestamptz, $6, $7)'

    async def work() -> list[tuple[int, bytes]]:
        found = []
        async with tables.connected(fresh_database_url) as connection:
            await connection.execute(make)
            for order in (rows, rows[::-1]):
                await connection.execute('TRUNCATE s."odd name"')
                await connection.executemany(insert, order)
                found.append(await copied(connection))
            (table,) = await tables.tables(connection)
            await connection.execute('TRUNCATE s."odd name"')
            cut = [found[0][1][at : at + 7] for at in range(0, len(found[0][1]), 7)]
            assert await tables.copy_in(connection, table, source(cut)) == 4
            found.append(await copied(connection))
        return found

    one, two, three = run(work)
    assert one == two == three
    assert one[0] == 4


async def copied(connection: Any) -> tuple[int, bytes]:
    (table,) = await tables.tables(connection)
    gathered = bytearray()
    return await tables.copy_out(connection, table, gathered.extend), bytes(gathered)


def test_an_older_schema_takes_older_rows(fresh_database_url: str) -> None:
    """Only the migrations that are named are applied, and the rest later."""
    first, *rest = [each.name for each in migrations()]

    async def work() -> None:
        async with tables.connected(fresh_database_url) as connection:
            await migrate(connection, only={first})
            assert set(await tables.applied(connection)) == {first}
            await migrate(connection)
            assert set(await tables.applied(connection)) == {first, *rest}

    run(work)


def test_an_earlier_wording_is_as_good(fresh_database_url: str) -> None:
    """A database that had a file before its wording changed is brought up to date; any other checksum is refused."""
    ((name, wordings),) = FORMER.items()

    async def work() -> None:
        async with tables.connected(fresh_database_url) as connection:
            await migrate(connection, only={name})
            for checksum in wordings:
                await connection.execute("UPDATE jagawarga_meta.migration SET checksum = $1", checksum)
                await migrate(connection)
            assert set(await tables.applied(connection)) == {each.name for each in migrations()}
            await connection.execute("UPDATE jagawarga_meta.migration SET checksum = 'x' WHERE name = $1", name)
            with pytest.raises(StartupError, match="changed after"):
                await migrate(connection)

    run(work)


async def commit(connection: Any) -> None:
    """Commit events for ever, each with a row in the outbox."""
    while True:
        async with connection.transaction():
            event = await connection.fetchval("INSERT INTO s.done VALUES ($1) RETURNING event", uuid4())
            await connection.execute("INSERT INTO s.outbox VALUES ($1)", event)


async def relay(connection: Any, bus: list[str]) -> None:
    """Take events from the outbox to the bus for ever."""
    while True:
        found = [row["event"] for row in await connection.fetch("SELECT event FROM s.outbox LIMIT 50")]
        bus.extend(map(str, found))
        await asyncio.sleep(0)
        await connection.execute("DELETE FROM s.outbox WHERE event = ANY ($1)", found)


def test_snapshot_and_bus_are_of_one_moment(fresh_database_url: str) -> None:
    """However fast events are committed, published and deleted, none is lost between and none is ahead of its row."""
    bus: list[str] = []

    async def on_the_bus() -> set[str]:
        before = set(bus)
        await asyncio.sleep(0.002)  # the way to the broker and back
        return before

    async def events(connection: Any, table: str) -> set[str]:
        return {str(row["event"]) for row in await connection.fetch(f"SELECT event FROM s.{table}")}

    async def work() -> int:
        async with tables.connected(fresh_database_url) as setup:
            await setup.execute(
                "CREATE SCHEMA s; CREATE TABLE s.done (event uuid PRIMARY KEY); CREATE TABLE s.outbox (event uuid PRIMARY KEY)"
            )
        connections = [await asyncpg.connect(fresh_database_url) for _ in range(4)]
        busy = [asyncio.create_task(commit(each)) for each in connections[:3]]
        busy.append(asyncio.create_task(relay(connections[3], bus)))
        for _ in range(30):
            async with tables.snapshot(fresh_database_url, "s.outbox", on_the_bus) as (connection, published):
                await asyncio.sleep(0.005)
                done, waiting = await events(connection, "done"), await events(connection, "outbox")
            assert published <= done, "an event without its row"
            assert done <= published | waiting, "an event lost between outbox and bus"
        for each in busy:
            each.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        for connection in connections:
            connection.terminate()
        return len(bus)

    assert run(work) > 100


def test_an_outbox_that_is_never_still_is_told(fresh_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filings are held up for a bounded time only."""
    monkeypatch.setattr(tables, "LOCK_TRIES", 2)
    monkeypatch.setattr(tables, "LOCK_WITHIN", "20ms")

    async def nothing() -> None:
        return None

    async def work() -> None:
        async with tables.connected(fresh_database_url) as other, other.transaction():
            await other.execute("CREATE TABLE IF NOT EXISTS busy (a int PRIMARY KEY)")
            await other.execute("INSERT INTO busy VALUES (1)")
            async with tables.snapshot(fresh_database_url, "busy", nothing):
                pass

    async def make() -> None:
        async with tables.connected(fresh_database_url) as other:
            await other.execute("CREATE TABLE busy (a int PRIMARY KEY)")

    run(make)
    with pytest.raises(BackupError, match="never still"):
        run(work)


def test_a_server_that_is_away_is_one_line() -> None:
    """Which one, and no address with a password."""

    async def database() -> None:
        async with tables.connected("postgresql://u:secret@127.0.0.1:9/x"):
            pass

    async def broker() -> None:
        async with streamcopy.connected("nats://u:secret@127.0.0.1:9"):
            pass

    for work, name in ((database, "database"), (broker, "broker")):
        with pytest.raises(BackupError, match=name) as caught:
            run(work)
        assert "secret" not in str(caught.value)


async def moved(one: str, two: str) -> tuple[list[Extent], list[str]]:
    """Copy the streams of one broker into the other; return the extents and digests of both."""
    async with streamcopy.connected(one) as here, streamcopy.connected(two) as there:
        found = await streamcopy.extents(here)
        for extent in found:
            lines = [line async for line in streamcopy.copy_out(here, extent)]
            assert not any(b"Time" in line for line in lines)
            await streamcopy.create(there, extent)
            filler = streamcopy.Filler(there, extent)
            for at in range(0, len(lines), 100):
                await filler.put(lines[at : at + 100])
            await filler.finish()
            await streamcopy.settle(there, extent.name)
        digests = []
        for js in (here, there):
            digest = sha256()
            for extent in await streamcopy.extents(js):
                digest.update(repr(extent).encode())
                async for line in streamcopy.copy_out(js, extent):
                    digest.update(line)
            digests.append(digest.hexdigest())
        return found, digests


@pytest.mark.parametrize("case", ["none", "plain", "gaps", "begins late", "emptied", "ends in a gap"])
def test_messages_keep_their_places(case: str, two_brokers: tuple[str, str]) -> None:
    """With gaps, ids that are in the stream twice, and streams whose first messages are gone."""
    one, two = two_brokers

    async def work() -> None:
        client = await nats.connect(one)
        js = client.jetstream()
        await js.add_stream(replace(CONFIG, duplicate_window=0.1))
        for number in range(0 if case == "none" else 600):
            if number == 300:
                await asyncio.sleep(0.2)
            headers = {MESSAGE_ID: f"id-{number % 300}", "Other": "value: ö"}
            payload = b"" if number == 7 else json.dumps({"n": number}).encode()
            await js.publish("jagawarga.events.report.received", payload, headers=headers if number != 8 else None)
        gone: dict[str, Any] = {"gaps": (2, 3, 299, 301, 302), "ends in a gap": (1, 599, 600)}
        for sequence in gone.get(case, ()):
            await js.delete_msg(EVENTS, sequence)
        if case == "begins late":
            await js.purge_stream(EVENTS, seq=500)
        if case == "emptied":
            await js.purge_stream(EVENTS)
        await client.close()

        (extent,), (here, there) = await moved(one, two)
        assert here == there
        assert extent.last == (0 if case == "none" else 600)
        assert extent.first == {"begins late": 500, "emptied": 601, "ends in a gap": 2}.get(case, 1)
        client = await nats.connect(two)
        config = (await client.jetstream().stream_info(EVENTS)).config
        assert (config.duplicate_window, config.max_age) == (CONFIG.duplicate_window, CONFIG.max_age)
        after = await client.jetstream().publish("jagawarga.events.report.received", b"next")
        assert after.seq == extent.last + 1
        await client.close()

    run(work)


def test_a_stream_of_another_version_is_refused(two_brokers: tuple[str, str]) -> None:
    """Its settings are not known here."""

    async def work() -> None:
        async with streamcopy.connected(two_brokers[0]) as js:
            await streamcopy.create(js, Extent("FUTURE", 1, 0))

    with pytest.raises(BackupError, match="FUTURE"):
        run(work)
