"""The database behind the door: roles, retries, outages, and no connection ever lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
import trio

from jagawarga.errors import StartupError, Unavailable
from jagawarga.plumbing.aio import AioActor, AioDoor
from jagawarga.plumbing.database import Database, DatabaseActor
from jagawarga.plumbing.migrate import split
from supervisors import Registry, StartFailed, supervisor, worker
from supervisors.testing import running

NAME = Registry("test").name("database")


@asynccontextmanager
async def opened(url: str, **pools: int) -> AsyncIterator[Database]:
    """An open database with these pools."""
    door = AioDoor()
    database = Database(door, url, pools or {"reports": 2, "identity": 1})
    async with running(worker("aio", AioActor, door), worker("database", DatabaseActor, database, name=NAME)):
        yield database


async def test_each_role_has_its_own_rights(fresh_database_url: str) -> None:
    """Work runs under its role, which can not read another context's tables."""
    async with opened(fresh_database_url) as database:

        async def who(connection: Any) -> Any:
            return await connection.fetchval("SELECT current_user")

        async def spy(connection: Any) -> Any:
            return await connection.fetch("SELECT * FROM identity.account")

        assert await database.run("reports", who) == "jagawarga_reports"
        assert await database.run("identity", who) == "jagawarga_identity"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.run("reports", spy)


async def test_cancellations_leak_no_connection(fresh_database_url: str) -> None:
    """After fifty cancellations at random moments a pool of two still serves."""
    chance = random.Random(7)
    async with opened(fresh_database_url) as database:

        async def work(connection: Any) -> Any:
            await connection.execute("SELECT pg_sleep(0.02)")
            return await connection.fetchval("SELECT 1")

        for _ in range(50):
            with trio.move_on_after(chance.uniform(0, 0.04)):
                await database.run("reports", work)
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(database.run, "reports", work)


async def test_competing_transactions_are_retried(fresh_database_url: str) -> None:
    """Serialisation failures are retried until each of many increments has happened once."""
    async with opened(fresh_database_url, reports=8) as database:

        async def increment(connection: Any) -> None:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            value = await connection.fetchval("SELECT n FROM public.tally")
            await connection.execute("UPDATE public.tally SET n = $1", value + 1)

        owner = await _owner(database)
        await owner("CREATE TABLE public.tally (n int)")
        await owner("INSERT INTO public.tally VALUES (0)")
        await owner("GRANT ALL ON public.tally TO jagawarga_reports")
        done = 0

        async def once() -> None:
            nonlocal done
            try:
                await database.run("reports", increment)
            except Unavailable:
                return
            done += 1

        async with trio.open_nursery() as nursery:
            for _ in range(8):
                nursery.start_soon(once)
        assert done >= 4
        assert await (await _owner(database, fetch=True))("SELECT n FROM public.tally") == done


async def _owner(database: Database, *, fetch: bool = False) -> Any:
    """Run statements as the login itself, outside of the roles."""

    async def run(statement: str) -> Any:
        connection = await asyncpg.connect(database.url)
        try:
            return await (connection.fetchval if fetch else connection.execute)(statement)
        finally:
            await connection.close()

    async def cross(statement: str) -> Any:
        return await database.door.run(run, statement)

    return cross


async def test_unreachable(fresh_database_url: str) -> None:
    """A database that is not there fails the start of its actor, as Unavailable."""
    url = "postgresql://nobody:nothing@127.0.0.1:9/none"
    with pytest.raises(StartFailed) as caught:
        async with opened(url):
            pass
    assert isinstance(caught.value.root_cause(), Unavailable)


async def test_changed_migration_is_refused(fresh_database_url: str) -> None:
    """A database whose applied migrations are not this program's is refused in one line."""
    async with opened(fresh_database_url) as database:
        owner = await _owner(database)
        await owner("INSERT INTO jagawarga_meta.migration VALUES ('zukunft/9999_pre_x', 'abc')")
    with pytest.raises(StartFailed) as caught:
        async with opened(fresh_database_url):
            pass
    assert isinstance(caught.value.root_cause(), StartupError)
    assert "newer" in str(caught.value.root_cause())


def test_split() -> None:
    """Statements end at a semicolon that ends a line; comments are no statements."""
    text = "-- why\nCREATE TABLE a (\n  b text DEFAULT ';x'\n);\n\nDROP TABLE c;\n-- end;\n"
    assert split(text) == ("CREATE TABLE a (\n  b text DEFAULT ';x'\n)", "DROP TABLE c")


async def test_a_new_loop_never_touches_the_old_ones_connections(fresh_database_url: str) -> None:
    """Loop and pools are replaced again and again under load; the process lives (each once was a segmentation fault)."""
    door = AioDoor()
    database = Database(door, fresh_database_url, {"reports": 3})
    loops = Registry("test").name("aio")
    served = 0

    async def work(connection: Any) -> Any:
        return await connection.fetchval("SELECT 1")

    async def use() -> None:
        nonlocal served
        while True:
            try:
                served += await database.run("reports", work, deadline=1)
            except Unavailable:
                await trio.sleep(0.005)

    plumbing = supervisor(
        "plumbing",
        [worker("aio", AioActor, door, name=loops), worker("database", DatabaseActor, database)],
        strategy="rest_for_one",
        intensity=100,
    )
    async with running(plumbing), trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(use)
        for _ in range(8):
            await trio.sleep(0.1)
            old = loops.whereis()
            if old is not None:
                old.exit("kill")
        before = served
        with trio.fail_after(20):
            while served < before + 100:
                await trio.sleep(0.05)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "statements",
    [
        ("SET TRANSACTION READ ONLY", "DELETE FROM reports.outbox"),
        ("SET LOCAL lock_timeout = 1", "LOCK TABLE reports.outbox IN ROW EXCLUSIVE MODE"),
    ],
)
async def test_a_database_that_answers_and_does_not_write_is_away(
    fresh_database_url: str, statements: tuple[str, ...]
) -> None:
    """A standby after a failover, or a lock: what it refuses is nobody's fault, and may be taken later."""
    async with opened(fresh_database_url) as database:

        async def work(connection: Any) -> None:
            for each in statements:
                await connection.execute(each)

        async def locked(connection: Any) -> None:
            await connection.execute("LOCK TABLE reports.outbox IN EXCLUSIVE MODE")
            await asyncio.sleep(2)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(database.run, "reports", locked)
            await trio.sleep(0.3)
            with pytest.raises(Unavailable):
                await database.run("reports", work)
            assert database.trouble is not None
        assert await database.run("reports", lambda connection: connection.fetchval("SELECT 1")) == 1
        assert database.trouble is None
