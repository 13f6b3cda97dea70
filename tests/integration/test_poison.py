"""Rows that can not be read, in a real database: everybody else is served and climbs, and who is mended comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import trio

from jagawarga.errors import Corrupt, Unavailable
from jagawarga.plumbing.clock import utc_now
from jagawarga.plumbing.telemetry import REGISTRY
from jagawarga.reports import watch
from jagawarga.reports.messages import Page, ReportView, Wish
from jagawarga.reports.recovery import Recovery
from supervisors.testing import restarted
from tests.integration.test_reports import House, built

BROKEN = {
    "terms": "UPDATE reports.report SET terms = 'rusak' WHERE report_id = $1",
    "ladder": "UPDATE reports.report SET terms = '[[], [1], [1]]' WHERE report_id = $1",
    "level": "UPDATE reports.report SET level = 9 WHERE report_id = $1",
    "version": "UPDATE reports.report SET version = 0 WHERE report_id = $1",
    "status": "UPDATE reports.report SET status = 'melayang' WHERE report_id = $1",
    "time": "UPDATE reports.report SET level_since = 'infinity' WHERE report_id = $1",
}
UNTIE = (
    "ALTER TABLE reports.report DROP CONSTRAINT IF EXISTS report_status_known,"
    " DROP CONSTRAINT IF EXISTS report_times_known"
)
REFUSED = {
    "a version of which there is no next": "UPDATE reports.report SET version = 2147483647 WHERE report_id = $1",
    "a line of history that is there already": "INSERT INTO reports.history SELECT report_id, 2, 'x', status, level,"
    " agency, 'x', created_at, NULL FROM reports.report WHERE report_id = $1",
}


async def as_owner(url: str, sql: str, *args: Any) -> Any:
    """Do what no part of JagaWarga may do to its database."""

    async def work() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetch(sql, *args)
        finally:
            await connection.close()

    return await trio.to_thread.run_sync(partial(asyncio.run, work()))


def corrupt_now() -> float | None:
    return REGISTRY.get_sample_value("jagawarga_reports_corrupt")


async def levels(house: House, ids: list[UUID]) -> set[int]:
    rows = await house.query("SELECT level FROM reports.report WHERE report_id = ANY ($1::uuid[])", ids)
    return {row["level"] for row in rows}


async def test_bad_rows_hurt_nobody_else(
    fresh_database_url: str, nats_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a start among bad rows all others climb, no partition is the worse for it, and the operator can see it."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        ids = [(await house.file()).report_id for _ in range(40)]
    await as_owner(fresh_database_url, UNTIE)
    kept = await as_owner(fresh_database_url, "SELECT * FROM reports.report")
    bad = dict(zip(BROKEN, ids, strict=False))
    for wrong, report_id in bad.items():
        await as_owner(fresh_database_url, BROKEN[wrong], report_id)
    good = ids[len(bad) :]

    monkeypatch.setattr(watch, "READ_AGAIN_EVERY", 0.2)
    late = utc_now() + timedelta(hours=1, seconds=1)
    async with built(fresh_database_url, nats_url, tmp_path, clock=lambda: late) as house:
        reports = house.reports
        before = reports.directory.generation()

        async def climbed() -> bool:
            return await levels(house, good) == {1}

        await house.until(climbed)
        recovery: Any = reports.recovery.whereis()
        assert isinstance(recovery.actor, Recovery)

        async def recovered() -> bool:
            return bool(recovery.actor.complete)

        await house.until(recovered)
        assert reports.directory.generation() == before
        assert [name.whereis().restarts for name in reports.directory.partitions] == [0] * 8  # type: ignore[union-attr]
        assert recovery.restarts == 0
        assert recovery.actor.describe()["corrupt"] == len(bad)
        assert f"{bad['terms']} (terms)" in reports.crew.quarantine.some(9)
        assert (await reports.counts())["corrupt"] == len(bad) == corrupt_now()
        assert not any(each in reports.directory.reports for each in bad.values())

        # Mended, each comes back by itself.
        for row in kept:
            if row["report_id"] in bad.values():
                await as_owner(
                    fresh_database_url,
                    "UPDATE reports.report SET terms = $2, level = $3, version = $4, status = $5, level_since = $6"
                    " WHERE report_id = $1",
                    *(row[name] for name in ("report_id", "terms", "level", "version", "status", "level_since")),
                )

        async def all_climbed() -> bool:
            return await levels(house, ids) == {1}

        await house.until(all_climbed)
        assert (len(reports.crew.quarantine), corrupt_now()) == (0, 0)
        assert "corrupt" not in await reports.counts()
        assert (await house.query("SELECT count(*) FROM reports.history"))[0][0] == 80


async def test_an_actor_that_meets_a_bad_row_does_not_crash_on_and_on(
    fresh_database_url: str, nats_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed over a row that has gone bad, it is put aside, and is back when the row is."""
    monkeypatch.setattr(watch, "READ_AGAIN_EVERY", 0.2)
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        report_id, other = (await house.file()).report_id, (await house.file()).report_id
        directory, quarantine = house.reports.directory, house.reports.crew.quarantine
        name = directory.address(report_id)
        (good,) = await house.query("SELECT terms FROM reports.report WHERE report_id = $1", report_id)
        await house.query(BROKEN["terms"], report_id)
        process = name.whereis()
        assert process is not None
        process.exit("kill")

        async def aside() -> bool:
            return report_id in quarantine and report_id not in directory.reports

        await house.until(aside)
        with pytest.raises(Corrupt):
            await house.reports.act("lurah", report_id, Wish("acknowledge"))
        assert (await house.reports.act("lurah", other, Wish("acknowledge"))).status == "acknowledged"
        await house.query("UPDATE reports.report SET terms = $2 WHERE report_id = $1", report_id, good["terms"])

        async def back() -> bool:
            return report_id in directory.reports and report_id not in quarantine

        await house.until(back)
        assert (await house.reports.act("lurah", report_id, Wish("acknowledge"))).status == "acknowledged"


@pytest.mark.parametrize("wrong", REFUSED)
async def test_a_step_the_database_refuses_is_not_tried_on_and_on(
    fresh_database_url: str, nats_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """Its report is put aside with its name in the log, others climb, and it is tried again now and then."""
    monkeypatch.setattr(watch, "READ_AGAIN_EVERY", 0.3)
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        stuck, *others = [(await house.file()).report_id for _ in range(5)]
    await as_owner(fresh_database_url, REFUSED[wrong], stuck)
    late = utc_now() + timedelta(hours=1, seconds=1)
    async with built(fresh_database_url, nats_url, tmp_path, clock=lambda: late) as house:
        reports = house.reports
        writes = 0
        write = reports.store.write

        async def counted(batch: Any) -> Any:
            nonlocal writes
            writes += any(each.state.report_id == stuck for each in batch)
            return await write(batch)

        monkeypatch.setattr(reports.store, "write", counted)

        async def climbed() -> bool:
            return await levels(house, others) == {1} and stuck in reports.crew.quarantine

        await house.until(climbed)
        tried = writes
        await trio.sleep(1.5)
        assert writes - tried <= 6, "at most once in READ_AGAIN_EVERY"
        assert stuck in reports.crew.quarantine
        assert [name.whereis().restarts for name in reports.directory.partitions] == [0] * 8  # type: ignore[union-attr]
        await as_owner(fresh_database_url, "UPDATE reports.report SET version = 1 WHERE report_id = $1", stuck)
        await as_owner(fresh_database_url, "DELETE FROM reports.history WHERE report_id = $1 AND event = 'x'", stuck)

        async def back() -> bool:
            return await levels(house, [stuck]) == {1} and stuck not in reports.crew.quarantine

        await house.until(back)


@pytest.mark.parametrize(
    "column", ["created_at = '20000-01-01'", "level_since = '-infinity'", "due_at = '4713-01-01 BC'"]
)
async def test_times_nobody_can_read_are_refused(
    fresh_database_url: str, nats_url: str, tmp_path: Path, column: str
) -> None:
    """The driver can not give a page with one of them: the database does not take it."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        await house.file()
        with pytest.raises(asyncpg.CheckViolationError):
            await as_owner(fresh_database_url, f"UPDATE reports.report SET {column}")


async def test_whoever_asks_while_the_row_is_found_out_is_told(
    fresh_database_url: str, nats_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call to the actor that finds its row unreadable is answered with an error of ours, at once."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        report_id = (await house.file()).report_id
        seen = await house.reports.open_for_agency("lurah", report_id)
        name = house.reports.directory.address(report_id)
        process: Any = name.whereis()
        await house.query(BROKEN["level"], report_id)
        process.actor.state = None  # as after a write whose answer was lost

        async def old(agency: str, asked: UUID) -> Any:
            return seen

        monkeypatch.setattr(house.reports, "open_for_agency", old)
        with trio.fail_after(5), pytest.raises(Unavailable):
            await house.reports.act("lurah", report_id, Wish("acknowledge"))
        assert report_id in house.reports.crew.quarantine


async def test_a_repaired_report_that_had_an_end_needs_no_actor(
    fresh_database_url: str, nats_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mended into its end, or deleted: it is forgotten."""
    monkeypatch.setattr(watch, "READ_AGAIN_EVERY", 0.2)
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        first, second = (await house.file()).report_id, (await house.file()).report_id
        for each in (first, second):
            await house.query(BROKEN["terms"], each)
            process = house.reports.directory.address(each).whereis()
            assert process is not None
            process.exit("kill")
        quarantine = house.reports.crew.quarantine

        async def both() -> bool:
            return len(quarantine) == 2

        await house.until(both)
        await as_owner(fresh_database_url, "DELETE FROM reports.report WHERE report_id = $1", first)
        await house.query(
            "UPDATE reports.report SET terms = '[[\"lurah\"], [1], [1]]', status = 'closed', due_at = NULL"
            " WHERE report_id = $1",
            second,
        )

        async def none() -> bool:
            return len(quarantine) == 0

        await house.until(none)
        assert list(house.reports.directory.reports) == []


@pytest.mark.parametrize("wrong", ["content", "foreign content", "terms", "level"])
async def test_lists_show_the_rest(fresh_database_url: str, nats_url: str, tmp_path: Path, wrong: str) -> None:
    """One bad row leaves its place in a list empty; the pages before and behind it are whole. Itself it is an error."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        ids = [(await house.file("public")).report_id for _ in range(9)]
        bad = ids[4]
        match wrong:
            case "content":
                await house.query("UPDATE reports.report SET content = 'x' WHERE report_id = $1", bad)
            case "foreign content":
                # Sealed by us, for another report.
                sql = "UPDATE reports.report SET content = (SELECT content FROM reports.report WHERE report_id = $2)"
                await house.query(f"{sql} WHERE report_id = $1", bad, ids[0])
            case _:
                await house.query(BROKEN[wrong], bad)
        reports = house.reports
        turns: tuple[Callable[[str | None], Awaitable[Page]], ...] = (
            lambda cursor: reports.list_for_agency("lurah", status=None, cursor=cursor, limit=2),
            lambda cursor: reports.list_public(cursor=cursor, limit=2),
            lambda cursor: reports.list_own("p-1", cursor=cursor, limit=2),
        )
        for turn in turns:
            seen: list[UUID] = []
            cursor: str | None = None
            sizes: list[int] = []
            while True:
                page = await turn(cursor)
                seen += [each.report_id for each in page.items]
                sizes.append(len(page.items))
                cursor = page.cursor
                if cursor is None:
                    break
            assert sorted(seen) == sorted(set(ids) - {bad})
            assert sorted(sizes) == [1, 1, 2, 2, 2]
        looks: tuple[Callable[[], Awaitable[ReportView]], ...] = (
            lambda: reports.open_for_agency("lurah", bad),
            lambda: reports.open_public(bad),
            lambda: reports.open_own("p-1", bad),
        )
        for look in looks:
            with pytest.raises(Corrupt):
                await look()
        assert (await reports.open_public(ids[0])).text == "Jalan berlubang"


async def test_a_bad_row_in_use_keeps_its_clock(fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """An actor that knows its state needs no row to climb: only what is written then must be right."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        house.catalogue.respond = 0.5
        report_id = (await house.file()).report_id
        await house.query(BROKEN["terms"], report_id)

        async def climbed() -> bool:
            return await levels(house, [report_id]) >= {1}

        await house.until(climbed)


async def test_a_crash_is_still_a_crash(fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """Only a row that can not be read is put aside: an actor killed over a good one is back."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        report_id = (await house.file()).report_id
        name = house.reports.directory.address(report_id)
        process = name.whereis()
        assert process is not None
        process.exit("broken")
        await restarted(name, process)
        assert len(house.reports.crew.quarantine) == 0
