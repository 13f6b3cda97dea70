"""The schema and a report's whole way on PostgreSQL, and on a CockroachDB when one is given (`pytest -m cockroach`)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import trio

from jagawarga.errors import NotFound
from jagawarga.notification.service import NEWEST, Notifications
from jagawarga.notification.tree import notification_tree
from jagawarga.plumbing.keys import Keyring
from jagawarga.plumbing.migrate import ROLES, migrate, migrations
from jagawarga.reports.messages import Wish
from supervisors.testing import running
from tests.conftest import BOTH
from tests.integration.test_reports import built

pytestmark = pytest.mark.parametrize("fresh_database_url", BOTH, indirect=True)


def test_the_schema(fresh_database_url: str) -> None:
    """All migrations apply, also by several processes at once, and a second time there is nothing to do."""

    async def one() -> set[str]:
        connection = await asyncpg.connect(fresh_database_url)
        try:
            await migrate(connection)
            return {row["name"] for row in await connection.fetch("SELECT name FROM jagawarga_meta.migration")}
        finally:
            await connection.close()

    async def work() -> None:
        every = {each.name for each in migrations()}
        assert await asyncio.gather(*(one() for _ in range(3))) == [every] * 3
        assert await one() == every

    asyncio.run(work())


@pytest.mark.parametrize(
    "met", [asyncpg.DuplicateTableError, asyncpg.DuplicateSchemaError, asyncpg.UniqueViolationError]
)
def test_a_table_made_by_another_process_meanwhile(fresh_database_url: str, met: type[Exception]) -> None:
    """`IF NOT EXISTS` looks and makes in two steps: who came between is met once, and the second look finds it there."""

    class Late:
        """A connection whose every first CREATE meets another's."""

        def __init__(self, connection: Any) -> None:
            self.connection = connection
            self.fetch = connection.fetch
            self.seen: set[str] = set()

        async def execute(self, statement: str, *values: Any) -> Any:
            done = await self.connection.execute(statement, *values)
            if "IF NOT EXISTS jagawarga_meta" in statement and statement not in self.seen:
                self.seen.add(statement)
                raise met
            return done

    async def work() -> None:
        connection = await asyncpg.connect(fresh_database_url)
        try:
            late = Late(connection)
            await migrate(late)
            assert len(late.seen) == 3
        finally:
            await connection.close()

    asyncio.run(work())


def test_a_role_made_by_another_process_meanwhile(fresh_database_url: str) -> None:
    """Who looked before the other made the role looks again, and finds it."""

    class Late:
        """A connection that sees each role only when it looks the second time."""

        def __init__(self, connection: Any) -> None:
            self.execute = connection.execute
            self.connection = connection
            self.looked: set[Any] = set()

        async def fetch(self, statement: str, *values: Any) -> Any:
            if "pg_roles" in statement and values not in self.looked:
                self.looked.add(values)
                return []
            return await self.connection.fetch(statement, *values)

    async def work() -> None:
        connection = await asyncpg.connect(fresh_database_url)
        try:
            await migrate(connection)
            late = Late(connection)
            await migrate(late)
            assert len(late.looked) == len(ROLES)
        finally:
            await connection.close()

    asyncio.run(work())


async def test_a_reports_way(fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """Filed, acknowledged, climbed, tracked, listed for who may see it and nobody else, and told to its reporter."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        notifications = Notifications(house.database, house.stream, Keyring({1: b"k" * 32}))
        house.catalogue.resolve = 1.0
        async with running(notification_tree(notifications)):
            receipt = await house.file(reporter="way-1")
            anonymous = await house.file("anonymous")
            await house.reports.act("lurah", receipt.report_id, Wish("acknowledge", "kami datang"))

            async def climbed() -> bool:
                state = await house.reports.store.load(receipt.report_id)
                return state is not None and state.level == 1

            await house.until(climbed)
            seen = await house.reports.open_for_agency("camat", receipt.report_id)
            steps = ["report.received", "report.acknowledged", "report.escalated"]
            assert [each.event for each in seen.history] == steps
            assert (seen.text, seen.history[1].note) == ("Jalan berlubang", "kami datang")
            assert (await house.reports.track(receipt.tracking_code)).level == 1
            assert (await house.reports.track(anonymous.tracking_code)).holder == "lurah"
            page = await house.reports.list_for_agency("camat", status=None, cursor=None, limit=10)
            assert [each.report_id for each in page.items] == [receipt.report_id]
            assert (await house.reports.list_own("way-1", cursor=None, limit=10)).items[0].level == 1
            with pytest.raises(NotFound):
                await house.reports.open_for_agency("camat", anonymous.report_id)
            with trio.fail_after(20):
                while len(notices := await notifications.store.inbox("way-1", NEWEST, 10)) < len(steps):
                    await trio.sleep(0.02)
            assert sorted(each.type for each in notices) == sorted(steps)
