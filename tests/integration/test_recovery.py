"""Recovery over a real database: everybody has an actor again, whatever is lost meanwhile, and people need not wait."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from jagawarga.plumbing.clock import utc_now
from jagawarga.reports import overdue, recovery
from jagawarga.reports.actor import WRITES_AT_ONCE, ReportActor
from jagawarga.reports.messages import Wish
from supervisors.requests import RestartChild, TerminateChild
from tests.integration.test_reports import PLUMBING, House, built


async def file_many(house: House, number: int) -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(number):
            nursery.start_soon(house.file)


async def all_there(house: House) -> bool:
    rows = await house.query("SELECT report_id FROM reports.report")
    return all(row["report_id"] in house.reports.directory.reports for row in rows)


async def test_they_begin_asleep(fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """After a start no report has a task until somebody needs it; then it is as it was."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        await file_many(house, 50)
        (row,) = await house.query("SELECT report_id FROM reports.report LIMIT 1")
        await house.reports.act("lurah", row["report_id"], Wish("acknowledge"))
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        await house.until(lambda: all_there(house))
        names = house.reports.directory.reports
        assert all(names.is_dormant(each) for each in names)
        assert (await house.reports.act("lurah", row["report_id"], Wish("start"))).version == 3
        assert sum(not names.is_dormant(each) for each in names) == 1


async def test_partitions_lost_while_it_recovers(
    fresh_database_url: str, nats_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was laid down in a partition that went, or found it gone, has an actor in the end."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        await file_many(house, 300)
    monkeypatch.setattr(recovery, "PAGE", 10)
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        directory = house.reports.directory
        for share in (20, 120, 220):

            async def so_far(share: int = share) -> bool:
                return len(directory.reports) >= share

            await house.until(so_far)
            for name in directory.partitions:
                process = name.whereis()
                if process is not None:
                    process.exit("kill")
        actor: Any = house.reports.recovery.whereis()

        async def complete() -> bool:
            return bool(actor.actor.complete) and await all_there(house)

        await house.until(complete)
        assert actor.restarts == 0


async def test_pages_leave_nobody_out(
    fresh_database_url: str, nats_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal deadlines across the edges of pages, and clocks that stand still: each is there once."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        await file_many(house, 60)
        await house.query("UPDATE reports.report SET level_since = date_trunc('hour', level_since)")
        await house.query("UPDATE reports.report SET due_at = level_since + interval '1 hour'")
        await house.query(
            "UPDATE reports.report SET level = 2, status = 'escalated', due_at = NULL WHERE report_id IN"
            " (SELECT report_id FROM reports.report LIMIT 25)"
        )
    monkeypatch.setattr(recovery, "PAGE", 7)
    monkeypatch.setattr(overdue, "PAGE", 7)
    began = utc_now().replace(minute=0, second=0, microsecond=0)
    async with built(fresh_database_url, nats_url, tmp_path, clock=lambda: began) as house:
        await house.until(lambda: all_there(house))
        assert len(house.reports.directory.reports) == 60
        process: Any = house.reports.recovery.whereis()

        async def complete() -> bool:
            return bool(process.actor.complete)

        await house.until(complete)
        assert process.actor.started == 60


async def test_an_agency_does_not_stand_in_the_line_of_those_who_climb(
    fresh_database_url: str, nats_url: str, tmp_path: Path
) -> None:
    """With every place in the line of overdue writes taken, a step is taken all the same."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        receipt = await house.file()
        gate = house.reports.crew.gate
        for _ in range(WRITES_AT_ONCE):
            await gate.acquire()
        with trio.fail_after(5):
            seen = await house.reports.act("lurah", receipt.report_id, Wish("acknowledge"))
        assert seen.status == "acknowledged"


async def test_who_could_not_write_is_not_left_to_its_patience(
    fresh_database_url: str, nats_url: str, tmp_path: Path
) -> None:
    """Its own next try may be half a minute away; it climbs within two seconds of the database's return."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        house.catalogue.respond = 0.5
        receipt = await house.file()
        await PLUMBING.call(TerminateChild("database"))
        await trio.sleep(1.0)
        process = house.reports.directory.reports.whereis(receipt.report_id)
        assert process is not None
        assert isinstance(process.actor, ReportActor)
        process.actor.failures = 20
        process.actor._try_later()
        await PLUMBING.call(RestartChild("database"), timeout=20)
        began = trio.current_time()

        async def climbed() -> bool:
            return bool(await house.query("SELECT 1 FROM reports.history WHERE version = 2"))

        await house.until(climbed)
        assert trio.current_time() - began < 2.5
