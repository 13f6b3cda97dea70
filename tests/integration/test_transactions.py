"""Every unit of work under SERIALIZABLE, with 40001 and 40P01 at each of its statements and at its commit.

The stores' methods are found, not listed: one that has no case fails the first test.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import trio

import jagawarga
from jagawarga.catalogue.messages import Agency
from jagawarga.errors import Unavailable
from jagawarga.notification.service import NEWEST
from jagawarga.plumbing import database as database_module
from jagawarga.plumbing.database import RETRIES, Connection
from jagawarga.plumbing.migrate import migrate, migrations
from tests.integration.interruptions import DEADLOCK, PREPARE, SERIALIZATION, Interrupted, Plan, interrupted
from tests.integration.store_cases import CASES, EVERY, Act, World, acknowledged, event, serializable

pytestmark = pytest.mark.both_databases


def test_every_method_of_every_store_has_a_case() -> None:
    """Who adds a method to a store, or a store, adds its case here."""
    found = set()
    for path in Path(jagawarga.__file__).parent.glob("*/store.py"):
        store = importlib.import_module(f"jagawarga.{path.parent.name}.store").Store
        methods = inspect.getmembers(store, inspect.iscoroutinefunction)
        found |= {f"{path.parent.name}.{name}" for name, _ in methods if not name.startswith("_")}
    assert found == CASES.keys()


def test_units_of_work_are_the_stores_alone() -> None:
    """Nothing else of the package hands work to the database, where these tests would not see it."""
    root = Path(jagawarga.__file__).parent
    others = [path for path in root.rglob("*.py") if path.name != "store.py" and path.parent.name != "plumbing"]
    assert [path for path in others if "database.run" in path.read_text(encoding="utf-8")] == []


@pytest.fixture
async def world(fresh_database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Give the stores over a serializable database, with no pause before work is done again."""
    monkeypatch.setattr(database_module, "RETRY_BASE", 0.0)
    async with serializable(fresh_database_url) as each:
        yield each


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.__name__)
async def test_a_failure_anywhere_changes_nothing(world: World, case: Callable[[World], Awaitable[Act]]) -> None:
    """Wherever the first attempt fails, the answer is that of a call undisturbed, and its effect is there once."""

    async def outcome(plan: Plan) -> tuple[Any, int, int]:
        act = await case(world)
        before = await world.content()
        async with interrupted(world.database, plan):
            answer = await act()
        after = await world.content()
        return answer, (after - before).total(), (before - after).total()

    undisturbed = Plan()
    expected = await outcome(undisturbed)
    assert undisturbed.crossings > 0
    for code in (SERIALIZATION, DEADLOCK):
        for at in range(1, undisturbed.crossings + 1):
            plan = Plan(code, at)
            assert await outcome(plan) == expected, f"{code} at crossing {at}"
            assert plan.failures == 1


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.__name__)
async def test_failures_without_end_leave_nothing_half_done(
    world: World, case: Callable[[World], Awaitable[Act]]
) -> None:
    """After so many attempts the caller gets `Unavailable`, and the tables are as they were."""
    undisturbed = Plan()
    act = await case(world)
    async with interrupted(world.database, undisturbed):
        await act()
    for code in (SERIALIZATION, DEADLOCK):
        for since in range(1, undisturbed.crossings + 1):
            act = await case(world)
            before = await world.content()
            plan = Plan(code, since=since)
            async with interrupted(world.database, plan):
                with pytest.raises(Unavailable):
                    await act()
            assert plan.failures == RETRIES
            assert await world.content() == before, f"{code} from crossing {since} on"


async def test_the_isolation_is_serializable(world: World) -> None:
    """Every role's transactions are, or these tests would show nothing."""
    for role in world.database.sizes:

        async def isolation(connection: Connection) -> Any:
            return await connection.fetchval("SHOW transaction_isolation")

        assert await world.database.run(role, isolation) == "serializable"


async def test_one_of_many_steps_holds(world: World) -> None:
    """Many that decided on the same version at once really compete: one step is written, the others know it."""
    state = await world.filed()
    answers: list[bool] = []

    async def once() -> None:
        while True:
            try:
                answers.extend(await world.reports.write([acknowledged(state)]))
            except Unavailable:
                continue  # competing in vain is no answer
            return

    async with trio.open_nursery() as nursery:
        for _ in range(12):
            nursery.start_soon(once)
    assert Counter(answers) == {True: 1, False: 11}
    view = await world.reports.view("public_report", state.report_id)
    assert view is not None
    assert [line.version for line in view.history] == [1, 2]


async def test_an_event_recorded_by_many_is_one_notice(world: World) -> None:
    """Consumers that record the same events at once really compete, and each event has its one notice."""
    events = [event(await world.filed(), uuid4()) for _ in range(5)]

    async def once() -> None:
        while True:
            try:
                await world.notification.record(events)
            except Unavailable:
                continue
            return

    async with trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(once)
    assert len(await world.notification.inbox("p-1", NEWEST, 100)) == 5


async def test_a_real_deadlock_is_done_again(world: World) -> None:
    """Two that lock two rows crosswise are told apart by the server; both have their effect in the end, once."""
    for key in ("a", "b"):
        await world.catalogue.put_agency(Agency(key, "", None))
    attempts = 0
    arrived: set[str] = set()
    both = asyncio.Event()  # set in the loop the work runs in

    def crosswise(first: str, second: str) -> Callable[[Connection], Awaitable[None]]:
        async def work(connection: Connection) -> None:
            nonlocal attempts
            attempts += 1
            update = "UPDATE catalogue.agency SET name = name || $2 WHERE key = $1"
            await connection.execute(update, first, first)
            arrived.add(first)
            if len(arrived) == 2:
                both.set()
            await both.wait()
            await connection.execute(update, second, first)

        return work

    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.database.run, "catalogue", crosswise("a", "b"))
        nursery.start_soon(world.database.run, "catalogue", crosswise("b", "a"))
    assert attempts > 2
    names = {each.name for each in (await world.catalogue.load()).agencies}
    assert {"".join(sorted(name)) for name in names} == {"ab"}


@pytest.mark.parametrize("code", [SERIALIZATION, DEADLOCK])
def test_a_migration_bears_every_failure(fresh_database_url: str, code: str) -> None:
    """Each statement of a migration may fail once, and the schema is whole all the same."""

    async def work() -> None:
        connection = await asyncpg.connect(fresh_database_url)
        try:
            await connection.execute(PREPARE)
            await migrate(_FailsFirst(connection, Plan(code)))
            applied = await connection.fetch("SELECT name FROM jagawarga_meta.migration")
            assert {row["name"] for row in applied} == {each.name for each in migrations()}
            assert await connection.fetch("SELECT 1 FROM jagawarga_meta.lease") == []
        finally:
            await connection.close()

    asyncio.run(work())


class _FailsFirst(Interrupted):
    """Fails each statement the first time it is run."""

    def __init__(self, connection: Any, plan: Plan) -> None:
        super().__init__(connection, plan)
        self.seen: set[tuple[Any, ...]] = set()

    async def _run(self, method: Any, args: tuple[Any, ...]) -> Any:
        self.plan.since = 0 if args[:2] in self.seen else 1
        self.seen.add(args[:2])
        return await super()._run(method, args)
