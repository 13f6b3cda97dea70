"""Warnings, reminders, calendars and other terms for clocks that run, over a real database and a real broker."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import trio

from jagawarga.calendars.indonesia import office_hours
from jagawarga.calendars.model import WorkingHours
from jagawarga.calendars.shelf import _SHELF, definition_of, reference_to
from jagawarga.catalogue.policies import Rule, Warn
from jagawarga.plumbing.clock import utc_now
from jagawarga.reports.actor import ReportActor
from jagawarga.reports.messages import ReportEvent, Wish, decode_event
from jagawarga.reports.notices import Notice
from jagawarga.reports.rescheduling import BATCH
from jagawarga.reports.rows import state_of
from tests.integration.test_clock_jumps import Wall
from tests.integration.test_reports import House, built

pytestmark = pytest.mark.both_databases
TELLING = ("report.due_soon", "report.reminded")


def ruled(**said: Any) -> tuple[Rule, ...]:
    return (Rule("all", **said),)


@pytest.fixture
def sleepy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReportActor, "hibernate_after", 0.05)


def told(house: House) -> list[ReportEvent]:
    """The notices the broker was given, each as often as it was given to it under another id."""
    messages = {message.message_id: message for window in house.bus.seen for message in window}
    events = [decode_event(message.payload) for message in messages.values()]
    return sorted((event for event in events if event.type in TELLING), key=lambda event: event.occurred_at)


async def versions(house: House) -> dict[UUID, tuple[int, int, int]]:
    rows = await house.query("SELECT report_id, level, version, told FROM reports.report")
    return {row["report_id"]: (row["level"], row["version"], row["told"]) for row in rows}


async def tell_count(house: House, kind: str, number: int) -> None:
    async def there() -> bool:
        return Counter(event.type for event in told(house))[kind] >= number

    await house.until(there)


async def test_a_holder_is_warned_once_for_each_deadline(
    sleepy: None, fresh_database_url: str, nats_url: str, tmp_path: Path
) -> None:
    """Before the deadline comes one warning; it is no step, and none of the reporter's business. Each level has its own."""
    wall = Wall()
    async with built(fresh_database_url, nats_url, tmp_path, clock=wall) as house:
        house.catalogue.rules = ruled(warning=Warn(part=0.5))
        filed = [(await house.file()).report_id for _ in range(5)]
        before = utc_now()
        wall.ahead = timedelta(minutes=31)
        await tell_count(house, "report.due_soon", 5)
        for event in told(house):
            assert (event.holder, event.version, event.reporter) == ("lurah", 1, None)
            assert event.due_at is not None
            assert timedelta(minutes=59) < event.due_at - before < timedelta(minutes=60)
        assert await versions(house) == dict.fromkeys(filed, (0, 1, 1))
        assert len(await house.query("SELECT 1 FROM reports.history")) == 5
        # A step takes no notice of it: an officer who read version 1 may act on version 1.
        await house.reports.act("lurah", filed[0], Wish("acknowledge", None, 1))
        wall.ahead = timedelta(minutes=65)
        await tell_count(house, "report.due_soon", 6)  # of the one acknowledged: its other clock has run half
        wall.ahead = timedelta(minutes=96)
        await tell_count(house, "report.due_soon", 10)
        by_level = Counter((event.report_id == filed[0], event.level, event.status) for event in told(house))
        assert by_level == {
            (True, 0, "received"): 1, (False, 0, "received"): 4, (True, 0, "acknowledged"): 1,
            (False, 1, "escalated"): 4,
        }  # fmt: skip


async def test_the_top_is_reminded(sleepy: None, fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """Behind its limit the top hears of a report every interval; what was missed is told once, and nothing climbs."""
    wall = Wall()
    async with built(fresh_database_url, nats_url, tmp_path, clock=wall) as house:
        house.catalogue.rules = ruled(remind_every=1800.0)
        report_id = (await house.file()).report_id

        async def at(level: int) -> None:
            async def there() -> bool:
                return (await versions(house))[report_id][0] == level

            await house.until(there)

        wall.ahead = timedelta(hours=1)
        await at(1)
        wall.ahead = timedelta(hours=2, seconds=2)
        await at(2)
        assert told(house) == []
        wall.ahead = timedelta(hours=3, seconds=5)
        await tell_count(house, "report.reminded", 1)
        wall.ahead = timedelta(hours=3, minutes=31)
        await tell_count(house, "report.reminded", 2)
        wall.ahead = timedelta(hours=8, minutes=10)
        await tell_count(house, "report.reminded", 3)
        assert [event.holder for event in told(house)] == ["walikota"] * 3
        # Two were told in time, at 0 and 30 minutes; of the nine behind them, up to five hours, only the last.
        assert (await versions(house))[report_id] == (2, 3, 1 + 11)
        await house.reports.act("walikota", report_id, Wish("reject", "selesai"))
        assert house.reports.directory.address(report_id).whereis() is None


async def test_whoever_crashes_nothing_is_told_twice(fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """Actors killed over and over around their notice tell it once: a new life knows from the row what was told."""
    wall = Wall()
    async with built(fresh_database_url, nats_url, tmp_path, clock=wall) as house:
        house.catalogue.rules = ruled(warning=Warn(part=0.5))
        filed = [(await house.file()).report_id for _ in range(40)]
        wall.ahead = timedelta(minutes=31)
        for round_ in range(30):
            for number, report_id in enumerate(filed):
                house.reports.directory.start(report_id)
                process = house.reports.directory.address(report_id).whereis()
                if process is not None and (number + round_) % 3 == 0:
                    process.exit("kill")
            crier = house.reports.crier.whereis()
            if crier is not None and round_ % 5 == 0:
                crier.exit("kill")
            await trio.sleep(0.005)
        await tell_count(house, "report.due_soon", 40)
        await house.until(house.published)
        assert Counter(event.report_id for event in told(house)) == dict.fromkeys(filed, 1)


async def test_a_notice_of_yesterday_does_not_hold(fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """What was told already, or of a version that is no more, is not written; a row knows nothing of who asks."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        receipt = await house.file()
        state = await house.reports.store.load(receipt.report_id)
        assert state is not None
        notice = Notice(replace(state, told=1), "report.due_soon", utc_now())
        assert await house.reports.store.tell([notice]) == [True]
        assert await house.reports.store.tell([notice, notice]) == [False, False]
        await house.reports.act("lurah", receipt.report_id, Wish("acknowledge"))
        assert await house.reports.store.tell([Notice(replace(state, told=5), "report.reminded", utc_now())]) == [False]
        assert (await versions(house))[receipt.report_id] == (0, 2, 0)


async def test_a_step_that_knows_of_no_notice_does_not_unsay_it(
    fresh_database_url: str, nats_url: str, tmp_path: Path
) -> None:
    """An actor whose notice was written without its hearing of it goes on; under the same clock it stays told."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        report_id = (await house.file()).report_id
        await house.reports.act("lurah", report_id, Wish("acknowledge"))
        state = await house.reports.store.load(report_id)
        assert state is not None
        assert await house.reports.store.tell([Notice(replace(state, told=1), "report.due_soon", utc_now())]) == [True]
        await house.reports.act("lurah", report_id, Wish("start"))
        assert (await versions(house))[report_id] == (0, 3, 1)
        house.catalogue.rules = ruled(resolve_within=(7300.0,), warning=Warn(part=0.5))
        await everything(house)
        # Its warning lies ahead again, and will come again.
        assert (await versions(house))[report_id] == (0, 4, 0)


async def test_a_report_keeps_its_calendar(
    fresh_database_url: str, nats_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deadlines lie in working hours; a house that has other calendars now still reckons by those it filed under."""
    friday = datetime(2026, 8, 14, 8, tzinfo=UTC)  # 15:00 in Jakarta, before a Monday that is a holiday
    hours = office_hours()
    reference = reference_to("jam-kerja", hours)

    def clock() -> datetime:
        return friday

    async with built(fresh_database_url, nats_url, tmp_path, clock=clock) as house:
        house.catalogue.rules = ruled(calendar=reference, respond_within=(7200.0,), warning=Warn(before=1800.0))
        await house.reports.keep_calendars({reference: hours})
        receipt = await house.file()
        assert receipt.due_at == datetime(2026, 8, 18, 2, tzinfo=UTC)
    monkeypatch.delitem(_SHELF, reference)
    async with built(fresh_database_url, nats_url, tmp_path, clock=clock) as house:
        state = await house.reports.store.load(receipt.report_id)
        assert state is not None
        assert (state.due_at, state.terms.calendars) == (receipt.due_at, (reference,))


async def test_a_calendar_that_is_not_there_is_not_guessed(
    fresh_database_url: str, nats_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report under a calendar nobody knows waits in quarantine; a definition that was tampered with is none."""
    hours = WorkingHours(opens=time(9), closes=time(12))
    reference = reference_to(f"pagi-{uuid4().hex}", hours)
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        house.catalogue.rules = ruled(calendar=reference)
        await house.reports.keep_calendars({reference: hours})
        report_id = (await house.file()).report_id
        other = definition_of(WorkingHours())
        await as_owner(house, "UPDATE reports.calendar SET definition = $1", other)
    monkeypatch.delitem(_SHELF, reference)
    async with built(fresh_database_url, nats_url, tmp_path) as house:

        async def quarantined() -> bool:
            return report_id in house.reports.crew.quarantine

        await house.until(quarantined)


async def as_owner(house: House, statement: str, *values: Any) -> None:
    async def work() -> None:
        connection = await asyncpg.connect(house.database.url)
        try:
            await connection.execute(statement, *values)
        finally:
            await connection.close()

    await house.database.door.run(work)


async def everything(house: House) -> Counter[str]:
    counts: Counter[str] = Counter()
    after = None
    while True:
        batch = await house.reports.reschedule(after)
        counts.update({name: value for name, value in batch._asdict().items() if name != "after"})
        after = batch.after
        if after is None:
            return counts


async def test_running_clocks_are_put_under_new_terms_when_asked(
    sleepy: None, fresh_database_url: str, nats_url: str, tmp_path: Path
) -> None:
    """Nothing changes by itself; asked, each open report is rescheduled once, with a line of history and an event."""
    wall = Wall()
    async with built(fresh_database_url, nats_url, tmp_path, clock=wall) as house:
        early = (await house.file()).report_id
        wall.ahead = timedelta(minutes=30)
        filed = [(await house.file()).report_id for _ in range(3)]
        done = (await house.file()).report_id
        await house.reports.act("lurah", done, Wish("reject"))
        house.catalogue.rules = ruled(respond_within=(1200.0,))
        before = {
            row["report_id"]: row["due_at"] for row in await house.query("SELECT report_id, due_at FROM reports.report")
        }
        # 20 minutes are over for the early one: it keeps its hour.
        assert await everything(house) == {"looked": 4, "rescheduled": 3, "kept": 1, "moved": 0}
        assert await everything(house) == {"looked": 4, "rescheduled": 0, "kept": 1, "moved": 0}
        after = {
            row["report_id"]: row["due_at"] for row in await house.query("SELECT report_id, due_at FROM reports.report")
        }
        assert after[early] == before[early]
        assert all(before[each] - after[each] == timedelta(minutes=40) for each in filed)
        lines = await house.query("SELECT report_id, version FROM reports.history WHERE event = 'report.rescheduled'")
        assert {row["report_id"]: row["version"] for row in lines} == dict.fromkeys(filed, 2)
        # Their actors know: they climb at the new deadline, which no watch has to find.
        for each in filed:
            state = await house.reports.store.load(each)
            assert state is not None
            assert state.due_at == after[each]
            process = house.reports.directory.address(each).whereis()
            assert process is not None
        wall.ahead = timedelta(minutes=51)

        async def climbed() -> bool:
            now = await versions(house)
            return all(now[each][0] == 1 for each in filed)

        await house.until(climbed)
        assert (await versions(house))[early][0] == 0


async def test_rescheduling_goes_on_where_it_stopped(fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """A page at a time; begun anew it leaves alone what is done."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        async with trio.open_nursery() as nursery:
            for _ in range(BATCH + 20):
                nursery.start_soon(house.file)
        house.catalogue.rules = ruled(respond_within=(7200.0,))
        first = await house.reports.reschedule()
        assert (first.looked, first.rescheduled) == (BATCH, BATCH)
        assert await everything(house) == {"looked": BATCH + 20, "rescheduled": 20, "kept": 0, "moved": 0}
        rows = await house.query("SELECT count(*), count(DISTINCT report_id) FROM reports.history WHERE version = 2")
        assert tuple(rows[0]) == (BATCH + 20, BATCH + 20)


async def test_a_step_and_a_rescheduling_race(fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """Whoever writes first wins a version, the other one goes on from there; nobody's step is lost."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        filed = [(await house.file()).report_id for _ in range(30)]
        house.catalogue.rules = ruled(resolve_within=(90_000.0,))
        async with trio.open_nursery() as nursery:
            for each in filed:
                nursery.start_soon(house.reports.act, "lurah", each, Wish("acknowledge"))
            nursery.start_soon(everything, house)
        await everything(house)
        rows = await house.query("SELECT report_id, status, version, terms, due_at FROM reports.report")
        assert {(row["status"], row["version"]) for row in rows} == {("acknowledged", 3)}
        page = await house.reports.store.open_page(UUID(int=0), 100)
        assert {state_of(row).terms.resolve_within for row in page} == {(90_000.0,)}
