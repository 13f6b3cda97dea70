"""A wall clock that jumps, over a real database: nothing is missed, nothing early, nothing twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import trio

from jagawarga.plumbing.clock import utc_now
from jagawarga.reports.actor import ReportActor
from jagawarga.reports.messages import Wish
from supervisors.requests import RestartChild, TerminateChild
from tests.integration.test_reports import PLUMBING, House, built


class Wall:
    """The machine's clock, and by how much it has been set wrong."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


async def escalations(house: House) -> dict[UUID, int]:
    rows = await house.query(
        "SELECT report_id, count(*) FROM reports.history WHERE event = 'report.escalated' GROUP BY report_id"
    )
    return {row["report_id"]: row["count"] for row in rows}


async def file_asleep(house: House, number: int) -> list[UUID]:
    """File reports and wait until all of them sleep."""
    ids = [(await house.file()).report_id for _ in range(number)]

    async def asleep() -> bool:
        return all(house.reports.directory.reports.is_dormant(each) for each in ids)

    await house.until(asleep)
    return ids


@pytest.fixture
def sleepy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReportActor, "hibernate_after", 0.05)


async def test_forward(sleepy: None, fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """What is due by the new time climbs within two seconds, awake, asleep or just filed; what is not stays."""
    wall = Wall()
    async with built(fresh_database_url, nats_url, tmp_path, clock=wall) as house:
        sleeping = await file_asleep(house, 20)
        house.catalogue.respond = 10 * 3600.0
        later = await file_asleep(house, 3)
        house.catalogue.respond = 3600.0
        due = [*sleeping, (await house.file()).report_id]
        wall.ahead = timedelta(hours=2)
        began = trio.current_time()

        async def climbed() -> bool:
            return set(await escalations(house)) >= set(due)

        await house.until(climbed)
        assert trio.current_time() - began < 3.0
        # Each by one level only: the next limit is counted from the new time.
        assert await escalations(house) == dict.fromkeys(due, 1)
        assert not set(later) & set(await escalations(house))


async def test_due_soon_after_a_jump(sleepy: None, fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """Timers set before the jump would come an hour late: the watch sees to those deadlines in their place."""
    wall = Wall()
    async with built(fresh_database_url, nats_url, tmp_path, clock=wall) as house:
        house.catalogue.respond = 3604.0
        ids = await file_asleep(house, 3)
        wall.ahead = timedelta(hours=1)
        await trio.sleep(1.5)
        assert await escalations(house) == {}

        async def climbed() -> bool:
            return await escalations(house) == dict.fromkeys(ids, 1)

        await house.until(climbed)
        rows = await house.query(
            "SELECT h.at, f.at AS filed FROM reports.history AS h JOIN reports.history AS f ON f.report_id = h.report_id"
            " WHERE h.version = 2 AND f.version = 1"
        )
        for row in rows:
            late = row["at"] - row["filed"] - timedelta(seconds=3604)
            assert timedelta(0) <= late < timedelta(seconds=2)


async def test_back(sleepy: None, fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """Nothing climbs before its time by the wall clock; when that comes, it does, and once."""
    wall = Wall()
    async with built(fresh_database_url, nats_url, tmp_path, clock=wall) as house:
        house.catalogue.respond = 1.0
        receipt = await house.file()
        asleep = receipt.report_id
        wall.ahead = timedelta(seconds=-3)
        await trio.sleep(2.0)
        assert await escalations(house) == {}

        async def climbed() -> bool:
            return asleep in await escalations(house)

        await house.until(climbed)
        (line,) = await house.query("SELECT at FROM reports.history WHERE version = 2")
        assert receipt.due_at <= line["at"] <= receipt.due_at + timedelta(seconds=2)
        assert (await escalations(house))[asleep] == 1


async def test_forth_and_back(sleepy: None, fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """A clock that is set wrong for a moment and put right makes nobody climb twice."""
    wall = Wall()
    async with built(fresh_database_url, nats_url, tmp_path, clock=wall) as house:
        ids = await file_asleep(house, 5)
        wall.ahead = timedelta(hours=2)

        async def climbed() -> bool:
            return len(await escalations(house)) == 5

        await house.until(climbed)
        wall.ahead = timedelta(0)
        await trio.sleep(1.5)
        wall.ahead = timedelta(hours=2)
        await trio.sleep(1.5)
        assert await escalations(house) == dict.fromkeys(ids, 1)


async def test_forward_while_the_database_is_away(
    sleepy: None, fresh_database_url: str, nats_url: str, tmp_path: Path
) -> None:
    """The jump is not forgotten: it is made up for when the database is back."""
    wall = Wall()
    async with built(fresh_database_url, nats_url, tmp_path, clock=wall) as house:
        ids = await file_asleep(house, 3)
        await PLUMBING.call(TerminateChild("database"))
        wall.ahead = timedelta(hours=2)
        await trio.sleep(1.5)
        await PLUMBING.call(RestartChild("database"), timeout=20)

        async def climbed() -> bool:
            return await escalations(house) == dict.fromkeys(ids, 1)

        await house.until(climbed)


async def test_many_at_once_leave_room(fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """While hundreds climb after a jump, a report that is filed and a step that is taken do not wait for all of them."""
    wall = Wall()
    async with built(fresh_database_url, nats_url, tmp_path, clock=wall) as house:
        async with trio.open_nursery() as nursery:
            for _ in range(600):
                nursery.start_soon(house.file)
        (last,) = await house.query("SELECT report_id FROM reports.report ORDER BY due_at DESC LIMIT 1")
        wall.ahead = timedelta(hours=2)
        done: list[Any] = []

        async def begun() -> bool:
            return len(await escalations(house)) > 0

        await house.until(begun)
        done.append(await house.reports.act("lurah", last["report_id"], Wish("reply", "kami terlambat")))
        done.append(await house.file())
        assert done[0].history[-1].note == "kami terlambat"

        async def all_climbed() -> bool:
            return len(await escalations(house)) == 600

        await house.until(all_climbed)
        assert set((await escalations(house)).values()) == {1}
