"""The reports context on a real PostgreSQL and a real nats-server."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import trio

from jagawarga.calendars.model import WorkingHours
from jagawarga.catalogue.messages import Agency, Area, Assignment, Category, Clocks, Suggestion
from jagawarga.catalogue.policies import PRIVACIES, Rule, clocks_for
from jagawarga.errors import Conflict, Corrupt, Invalid, NotFound, Unavailable
from jagawarga.plumbing.aio import AioActor, AioDoor
from jagawarga.plumbing.bus import UNSENDABLE, Bus, BusActor
from jagawarga.plumbing.clock import utc_now
from jagawarga.plumbing.database import Connection, Database, DatabaseActor
from jagawarga.plumbing.keys import Keyring
from jagawarga.plumbing.packing import ROOM, Outgoing
from jagawarga.plumbing.streams import BURIED, DEADLETTERS, SUBJECTS
from jagawarga.plumbing.writer import commit
from jagawarga.reports.actor import ReportActor
from jagawarga.reports.lifecycle import decide
from jagawarga.reports.messages import FileReport, Place, Privacy, ReportView, Wish, decode_event
from jagawarga.reports.service import Reports
from jagawarga.reports.store import SQL, Filing
from jagawarga.reports.tree import reports_tree
from supervisors import Registry, supervisor, worker
from supervisors.requests import RestartChild, TerminateChild
from supervisors.testing import restarted, running

pytestmark = pytest.mark.both_databases

PLUMBING = Registry("test").name("plumbing")
LADDER = ("lurah", "camat", "walikota")


class OneRoute:
    """A catalogue of one category, routed to one ladder; its limits are set by the test."""

    def __init__(self) -> None:
        self.respond = 3600.0
        self.resolve = 7200.0
        self.rules: tuple[Rule, ...] = ()
        self.hours: dict[str, WorkingHours] = {}

    def category(self, key: str) -> Category:
        return Category(key, key.title(), (self.respond,), (self.resolve,))

    def categories(self, language: str = "id") -> tuple[Category, ...]:
        del language
        return (self.category("jalan"),)

    def suggest(
        self, text: str, latitude: float | None, longitude: float | None, language: str = "id"
    ) -> tuple[Suggestion, ...]:
        raise NotImplementedError

    def agencies(self) -> tuple[Agency, ...]:
        return tuple(Agency(each, each, None) for each in LADDER)

    def ladder(self, agency: str) -> tuple[str, ...]:
        if agency not in {"lurah", "dinas", "pdam"}:
            raise Invalid("no such agency", fields={"agency": "no such agency"})
        return (agency, *LADDER[1:])

    def areas(self) -> tuple[Area, ...]:
        return ()

    def area(self, key: str) -> Area | None:
        del key
        return None

    def area_at(self, latitude: float, longitude: float) -> Area:
        raise NotImplementedError

    def assign(self, category: str, latitude: float | None, longitude: float | None, address: str | None) -> Assignment:
        del latitude, longitude, address
        found = {each: self.clocks(category, each, len(LADDER)) for each in PRIVACIES} if self.rules else {}
        return Assignment(self.category(category), "Coblong", LADDER, found)

    def clocks(self, category: str, privacy: str, levels: int) -> Clocks:
        return clocks_for(self.rules, self.category(category), privacy, levels)

    def calendars(self) -> dict[str, WorkingHours]:
        return self.hours

    async def put_agency(self, agency: Agency) -> None:
        raise NotImplementedError

    async def put_category(self, category: Category, agency: str) -> None:
        raise NotImplementedError


class Flaky:
    """The real bus, which the test can take away: before publishing, or between publishing and our knowing it."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.mode = "up"
        self.seen: list[list[Outgoing]] = []

    async def recent(self, limit: int) -> set[str]:
        if self.mode == "down":
            msg = "down"
            raise Unavailable(msg)
        return await self.bus.recent(limit)

    async def bury(self, message: Outgoing, reason: str) -> None:
        await self.bus.bury(message, reason)

    async def publish_packed(self, messages: Any) -> set[str]:
        self.seen.append(list(messages))
        if self.mode == "down":
            msg = "down"
            raise Unavailable(msg)
        stored = await self.bus.publish_packed(messages)
        if self.mode == "hang after":
            await trio.sleep_forever()
        if self.mode == "lose half":
            return set(sorted(stored)[: len(stored) // 2])
        return stored


PLACE = Place(-6.9, 107.6, "Jl. Dago", "depan apotek")


@dataclass
class House:
    """What a test works with."""

    reports: Reports
    catalogue: OneRoute
    database: Database
    bus: Flaky
    stream: Bus
    filed: list[UUID] = field(default_factory=list)

    async def file(
        self, privacy: Privacy = "private", reporter: str | None = "p-1", text: str = "Jalan berlubang"
    ) -> Any:
        place = PLACE
        who = None if privacy == "anonymous" else reporter
        return await self.reports.file(FileReport(privacy, "jalan", text, place, who))

    async def query(self, sql: str, *args: Any) -> list[Any]:
        async def work(connection: Connection) -> Any:
            return await connection.fetch(sql, *args)

        return list(await self.database.run("reports", work))

    async def agency_query(self, agency: str, sql: str, *args: Any) -> list[Any]:
        async def work(connection: Connection) -> Any:
            return await connection.fetch(sql, *args)

        return list(await self.database.run_as_agency(agency, work))

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Wait for what other actors bring about; real servers need real time."""
        with trio.fail_after(10):
            while not await condition():
                await trio.sleep(0.01)

    async def published(self) -> bool:
        return await self.query("SELECT 1 FROM reports.outbox LIMIT 1") == []


@asynccontextmanager
async def built(url: str, nats_url: str, path: Path, *, waiting: bool = False, **options: Any) -> AsyncIterator[House]:
    """Run the reports context with all it stands on; with or without a waiting room."""
    door = AioDoor()
    database, stream = Database(door, url), Bus(door, nats_url)
    bus = Flaky(stream)
    catalogue = OneRoute()
    reports = Reports(database, Keyring.load(path), catalogue, bus=stream if waiting else None, **options)
    plumbing = [
        worker("aio", AioActor, door),
        worker("database", DatabaseActor, database),
        worker("bus", BusActor, stream),
    ]
    # one_for_one, so that a test can take the database away and leave the rest
    async with running(supervisor("plumbing", plumbing, name=PLUMBING), reports_tree(reports, bus)):
        yield House(reports, catalogue, database, bus, stream)


@pytest.fixture
async def house(fresh_database_url: str, nats_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """Give the reports context on a fresh database."""
    async with built(fresh_database_url, nats_url, tmp_path) as each:
        yield each


# --- filing


async def test_a_receipt_means_it_is_on_disk(house: House) -> None:
    """Report, history and event are there when the answer is, and its actor runs."""
    receipt = await house.file()
    row = (await house.query("SELECT * FROM reports.report"))[0]
    assert (row["report_id"], row["status"], row["due_at"]) == (receipt.report_id, "received", receipt.due_at)
    assert len(await house.query("SELECT * FROM reports.history")) == 1
    assert house.reports.directory.address(receipt.report_id).whereis() is not None


async def test_nothing_readable_lies_in_the_row(house: House) -> None:
    """Text, place and tracking code are not in the database, whatever the privacy."""
    receipt = await house.file("public", text="Lampu mati di depan balai")
    rows = str(await house.query("SELECT * FROM reports.report")).lower()
    assert "lampu" not in rows
    assert "dago" not in rows
    assert receipt.tracking_code.replace("-", "").lower() not in rows


async def test_five_hundred_at_once(house: House) -> None:
    """Concurrent filings share commits, and each is there once with its history and its event."""
    async with trio.open_nursery() as nursery:
        for _ in range(500):
            nursery.start_soon(house.file)
    process = house.reports.writer.whereis()
    assert process is not None
    assert process.actor.batches < 100  # type: ignore[attr-defined]
    await house.until(house.published)
    for table in ("report", "history", "access"):
        sql = f"SELECT count(*), count(DISTINCT report_id) FROM reports.{table}"
        assert tuple((await house.query(sql))[0]) == (500, 500)
    assert len(house.reports.directory.reports) == 500
    ids = Counter(each.message_id for window in house.bus.seen for each in window)
    assert len(ids) == 500


async def test_a_refused_row_fails_alone(house: House) -> None:
    """A filing the database refuses does not take its neighbours along."""
    errors: list[BaseException] = []
    receipt = await house.file()
    state = await house.reports.store.load(receipt.report_id)
    assert state is not None
    unheard_of: Any = "nobody's"
    step = decide(replace(state, report_id=uuid4(), privacy=unheard_of), Wish("acknowledge"), "lurah", utc_now())

    async def poison() -> None:
        try:
            await commit(house.reports.writer, Filing(step, None, b"x" * 32, b"sealed"))
        except Corrupt as error:
            errors.append(error)

    async with trio.open_nursery() as nursery:
        for number in range(60):
            nursery.start_soon(poison if number == 30 else house.file)
    assert len(errors) == 1
    assert (await house.query("SELECT count(*) FROM reports.report"))[0][0] == 60


async def test_an_anonymous_report_keeps_coarse_time_and_nobody(house: House) -> None:
    """No reporter, no seconds; and the database itself refuses a reporter."""
    await house.file("anonymous")
    row = (await house.query("SELECT * FROM reports.report"))[0]
    history = (await house.query("SELECT at FROM reports.history"))[0]
    assert row["reporter"] is None
    assert row["created_at"] == history["at"] == row["created_at"].replace(second=0, microsecond=0)
    assert row["level_since"] - row["created_at"] in (timedelta(0), timedelta(minutes=1))
    with pytest.raises(Exception, match="report_anonymous_has_no_reporter"):
        await house.query("UPDATE reports.report SET reporter = 'p-1'")


async def test_writer_killed_while_filing(house: House) -> None:
    """Callers get an answer at once; whoever got a receipt has a report, and the next filing works."""
    outcomes: list[Any] = []

    async def one() -> None:
        try:
            outcomes.append((await house.file()).report_id)
        except Unavailable as error:
            outcomes.append(error)

    async with trio.open_nursery() as nursery:
        for number in range(300):
            nursery.start_soon(one)
            if number % 100 == 99:
                await trio.sleep(0.005)
                process = house.reports.writer.whereis()
                if process is not None:
                    process.exit("kill")
    assert len(outcomes) == 300
    stored = {row[0] for row in await house.query("SELECT report_id FROM reports.report")}
    assert {each for each in outcomes if isinstance(each, UUID)} <= stored
    await house.file()


# --- seeing


async def test_isolation_by_the_database(house: House) -> None:
    """Under the agencies' role the tables show to each what its authority reaches, and no agency sees nothing."""
    receipt = await house.file()
    await house.reports.act("lurah", receipt.report_id, Wish("acknowledge", "kami datang"))
    for table in ("report", "access"):
        sql = f"SELECT * FROM reports.{table}"
        assert await house.agency_query("lurah", sql)
        assert await house.agency_query("camat", sql) == []
        assert await house.agency_query("", sql) == []
    with pytest.raises(Exception, match="permission denied"):
        await house.agency_query("lurah", "SELECT * FROM reports.outbox")
    with pytest.raises(Exception, match="permission denied"):
        await house.agency_query("lurah", "UPDATE reports.report SET status = 'resolved'")


async def test_a_history_opens_with_its_report(house: House) -> None:
    """The agencies' role reads the history of the report it has seen in this transaction, and of no other."""
    receipt, other = await house.file(), await house.file("private", "p-2")
    every = "SELECT DISTINCT report_id FROM reports.history"

    async def look(agency: str, report_id: UUID, asked_as: str) -> list[UUID]:
        async def work(connection: Connection) -> Any:
            await connection.fetch(SQL["report_for_agency"], report_id, asked_as)
            return await connection.fetch(every)

        return [row["report_id"] for row in await house.database.run_as_agency(agency, work)]

    assert await house.agency_query("lurah", every) == []
    assert await look("lurah", receipt.report_id, "lurah") == [receipt.report_id]
    assert await look("lurah", other.report_id, "lurah") == [other.report_id]
    # Not even a query that asks in another's name.
    assert await look("camat", receipt.report_id, "lurah") == []
    assert await house.agency_query("lurah", every) == [], "it is forgotten with the transaction"


async def test_who_may_open_what(house: House) -> None:
    """Each view shows its own; to everybody else the report does not exist."""
    private, public = await house.file(), await house.file("public", "p-2")
    reports = house.reports
    assert (await reports.open_own("p-1", private.report_id)).text == "Jalan berlubang"
    assert (await reports.open_public(public.report_id)).place == PLACE
    assert (await reports.open_for_agency("lurah", private.report_id)).area == "Coblong"
    attempts: tuple[Callable[[], Awaitable[ReportView]], ...] = (
        lambda: reports.open_own("p-2", private.report_id),
        lambda: reports.open_public(private.report_id),
        lambda: reports.open_for_agency("camat", private.report_id),
        lambda: reports.open_for_agency("lurah", uuid4()),
        lambda: reports.act("camat", private.report_id, Wish("acknowledge")),
        lambda: reports.act("lurah", uuid4(), Wish("acknowledge")),
    )
    for refused in attempts:
        with pytest.raises(NotFound):
            await refused()


async def test_tracking(house: House) -> None:
    """The code opens status and history, not the text; any other code opens nothing."""
    receipt = await house.file("anonymous")
    await house.reports.act("lurah", receipt.report_id, Wish("acknowledge", "kami datang"))
    seen = await house.reports.track(receipt.tracking_code.lower().replace("-", " "))
    assert (seen.status, seen.text, seen.place) == ("acknowledged", "", Place())
    assert [(each.event, each.actor, each.note) for each in seen.history] == [
        ("report.received", "system", None),
        ("report.acknowledged", "lurah", "kami datang"),
    ]
    other = (await house.file()).tracking_code
    for wrong in (other[:-1], "", "x" * 200, other.replace(other[0], "Z" if other[0] != "Z" else "Y", 1)):
        with pytest.raises(NotFound):
            await house.reports.track(wrong)


async def test_pages(house: House) -> None:
    """Lists go from new to old, page by page, none twice, none left out."""
    async with trio.open_nursery() as nursery:
        for number in range(25):
            nursery.start_soon(house.file, "public" if number % 5 else "anonymous")
    reports = house.reports

    async def walk(turn: Callable[[str | None], Awaitable[Any]]) -> list[ReportView]:
        items: list[ReportView] = []
        cursor: str | None = None
        while True:
            page = await turn(cursor)
            items += page.items
            cursor = page.cursor
            if cursor is None:
                return items

    of_agency = await walk(lambda cursor: reports.list_for_agency("lurah", status=None, cursor=cursor, limit=7))
    public = await walk(lambda cursor: reports.list_public(cursor=cursor, limit=7))
    own = await walk(lambda cursor: reports.list_own("p-1", cursor=cursor, limit=20))
    assert (len({each.report_id for each in of_agency}), len(of_agency)) == (25, 25)
    assert len(public) == len(own) == 20
    assert {each.privacy for each in public} == {"public"}
    for each in (of_agency, public, own):
        assert [view.created_at for view in each] == sorted((view.created_at for view in each), reverse=True)
    await reports.act("lurah", public[3].report_id, Wish("acknowledge"))
    found = await reports.list_for_agency("lurah", status="acknowledged", cursor=None, limit=7)
    assert [each.report_id for each in found.items] == [public[3].report_id]
    assert (await reports.list_for_agency("camat", status=None, cursor=None, limit=7)).items == ()
    assert await reports.counts() == {"received": 24, "acknowledged": 1}


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "é", "_" * 32, "=" * 8])
async def test_foreign_cursors(house: House, cursor: str) -> None:
    """A cursor we did not make is refused."""
    with pytest.raises(Invalid):
        await house.reports.list_public(cursor=cursor, limit=5)


# --- steps


async def test_of_two_officers_at_once_one_is_told_the_present_state(house: House) -> None:
    """Both read version 1 and act on it; one step is taken, the other learns where the report is, at its end, too."""
    report_id = (await house.file()).report_id
    told: list[object] = []

    async def act() -> None:
        try:
            told.append((await house.reports.act("lurah", report_id, Wish("reject", "bukan kami", 1))).version)
        except Conflict as error:
            told.append((error.code, error.current["version"], error.current["status"]))

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(act)
            nursery.start_soon(act)
    assert sorted(told, key=str) == [("stale-version", 2, "rejected"), 2]


async def test_a_life(house: House) -> None:
    """Acknowledged, started, resolved; then it waits for the reporter's word. The rest is in `test_life`."""
    report_id = (await house.file()).report_id
    reports = house.reports
    assert (await reports.act("lurah", report_id, Wish("acknowledge"))).status == "acknowledged"
    assert (await reports.act("lurah", report_id, Wish("start"))).status == "in_progress"
    done = await reports.act("lurah", report_id, Wish("resolve", "ditambal"))
    assert (done.status, done.version, done.history[-1].note) == ("resolved", 4, "ditambal")
    assert done.due_at is not None
    with pytest.raises(Conflict):
        await reports.act("lurah", report_id, Wish("start"))


async def test_two_officers_at_once(house: House) -> None:
    """Of equal steps taken at the same time one holds; the other is told of the conflict."""
    report_id = (await house.file()).report_id
    outcomes: list[str] = []

    async def one() -> None:
        try:
            outcomes.append((await house.reports.act("lurah", report_id, Wish("reject", "ganda"))).status)
        except Conflict:
            outcomes.append("conflict")

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(one)
    assert Counter(outcomes) == {"rejected": 1, "conflict": 4}
    assert len(await house.query("SELECT * FROM reports.history WHERE report_id = $1", report_id)) == 2


async def test_an_outdated_step_does_not_hold(house: House) -> None:
    """A step decided on an old version writes nothing at all; the actor that lost the race learns the truth."""
    report_id = (await house.file()).report_id
    state = await house.reports.store.load(report_id)
    assert state is not None
    elsewhere = decide(state, Wish("acknowledge"), "lurah", utc_now())
    assert await commit(house.reports.writer, elsewhere)
    assert not await commit(house.reports.writer, elsewhere)
    assert len(await house.query("SELECT * FROM reports.history WHERE report_id = $1", report_id)) == 2
    assert (await house.reports.act("lurah", report_id, Wish("start"))).version == 3


async def test_equal_steps_in_one_batch(house: House) -> None:
    """Two steps from the same version that meet in one statement: one holds."""
    report_id = (await house.file()).report_id
    state = await house.reports.store.load(report_id)
    assert state is not None
    step = decide(state, Wish("acknowledge"), "lurah", utc_now())
    assert sorted(await house.reports.store.write([step, step])) == [False, True]


# --- time


async def test_nobody_acts(house: House) -> None:
    """The report climbs to the top, level by level, once each, never early; then the clock stands still."""
    house.catalogue.respond = 0.15
    report_id = (await house.file()).report_id

    async def at_top() -> bool:
        return (await house.reports.store.load(report_id)).level == 2  # type: ignore[union-attr]

    await house.until(at_top)
    await trio.sleep(0.3)
    seen = await house.reports.open_for_agency("walikota", report_id)
    assert [(each.version, each.level, each.holder, each.event) for each in seen.history[1:]] == [
        (2, 1, "camat", "report.escalated"),
        (3, 2, "walikota", "report.escalated"),
    ]
    assert seen.due_at is None
    times = [each.at for each in seen.history]
    assert all(later - earlier >= timedelta(seconds=0.15) for earlier, later in pairwise(times))
    assert (await house.reports.act("walikota", report_id, Wish("acknowledge"))).holder == "walikota"


async def test_a_sleeping_report_acts_and_climbs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report nobody touches is folded up; an agency that acts finds it as it was, and so does its deadline."""
    monkeypatch.setattr(ReportActor, "hibernate_after", 0.05)
    house.catalogue.respond = 3.0
    house.catalogue.resolve = 2.5
    report_id = (await house.file()).report_id
    names = house.reports.directory.reports

    async def asleep() -> bool:
        return names.is_dormant(report_id)

    await house.until(asleep)
    assert (await house.reports.act("lurah", report_id, Wish("acknowledge"))).status == "acknowledged"
    await house.until(asleep)

    async def escalated() -> bool:
        return (await house.reports.store.load(report_id)).level == 1  # type: ignore[union-attr]

    await house.until(escalated)
    seen = await house.reports.open_for_agency("camat", report_id)
    assert [each.event for each in seen.history] == ["report.received", "report.acknowledged", "report.escalated"]


async def test_a_killed_actor_keeps_the_deadline(house: House) -> None:
    """Its timer survives in the database; the level comes once."""
    house.catalogue.respond = 0.5
    report_id = (await house.file()).report_id
    name = house.reports.directory.address(report_id)
    for _ in range(3):
        process = name.whereis()
        assert process is not None
        process.exit("kill")
        await restarted(name, process)

    async def escalated() -> bool:
        return (await house.reports.store.load(report_id)).level == 1  # type: ignore[union-attr]

    await house.until(escalated)
    rows = await house.query("SELECT version FROM reports.history WHERE report_id = $1 AND level = 1", report_id)
    assert [row["version"] for row in rows] == [2]


async def test_a_lost_partition_is_filled_again(house: House) -> None:
    """When partitions die, all their reports have actors again soon."""
    receipts = [await house.file() for _ in range(30)]
    for name in house.reports.directory.partitions:
        process = name.whereis()
        assert process is not None
        process.exit("kill")

    async def all_there() -> bool:
        return all(receipt.report_id in house.reports.directory.reports for receipt in receipts)

    await trio.sleep(0.1)
    await house.until(all_there)


async def test_the_database_is_away(house: House) -> None:
    """Nothing is promised, no actor is lost, and what fell due is made up for when the database is back."""
    house.catalogue.respond = 0.3
    report_id = (await house.file()).report_id
    actor = house.reports.directory.address(report_id).whereis()
    await PLUMBING.call(TerminateChild("database"))
    with pytest.raises(Unavailable):
        await house.file()
    with pytest.raises(Unavailable):
        await house.reports.open_for_agency("lurah", report_id)
    await trio.sleep(0.5)
    await PLUMBING.call(RestartChild("database"), timeout=20)

    async def escalated() -> bool:
        return (await house.reports.store.load(report_id)).level >= 1  # type: ignore[union-attr]

    await house.until(escalated)
    assert house.reports.directory.address(report_id).whereis() is actor


async def test_an_actor_killed_and_asked_at_once(house: House) -> None:
    """Whoever asks a report whose actor has just died is served, and one actor remains."""
    report_id = (await house.file()).report_id
    name = house.reports.directory.address(report_id)
    for action in ("acknowledge", "start"):
        process = name.whereis()
        assert process is not None
        process.exit("kill")
        with trio.move_on_after(5):
            while True:
                try:
                    await house.reports.act("lurah", report_id, Wish(action))
                except Unavailable:
                    continue
                break
    await trio.sleep(0.2)
    partitions = [each.whereis() for each in house.reports.directory.partitions]
    assert [len(each.actor.processes) for each in partitions if each and each.actor.processes] == [1]  # type: ignore[attr-defined]
    assert [each for each in partitions if each and each.actor.restarting] == []  # type: ignore[attr-defined]


async def test_what_fell_due_meanwhile(fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """A process that starts late escalates at once, by one level, and everybody open has an actor again."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        ids = [(await house.file()).report_id for _ in range(5)]

    late = utc_now() + timedelta(hours=1, seconds=1)
    async with built(fresh_database_url, nats_url, tmp_path, clock=lambda: late) as house:

        async def escalated() -> bool:
            return {(await house.reports.store.load(each)).level for each in ids} == {1}  # type: ignore[union-attr]

        await house.until(escalated)
        await trio.sleep(0.1)
        assert await escalated()
        assert set(house.reports.directory.reports) == set(ids)
        assert (await house.query("SELECT count(*) FROM reports.history"))[0][0] == 10


# --- the relay


async def stored(house: House, since: int) -> list[str]:
    """Message ids the broker holds from a sequence on."""
    ids: list[str] = []
    while batch := await house.stream.read_from(since + 1, 500):
        ids += [each.message_id for each in batch]
        since = batch[-1].sequence
    return ids


async def test_every_event_reaches_the_bus_once(house: House) -> None:
    """Each event is in the stream, once, in the order of its report."""
    since = await house.stream.last_sequence()
    report_id = (await house.file()).report_id
    for action in ("acknowledge", "start", "resolve"):
        await house.reports.act("lurah", report_id, Wish(action))
    await house.until(house.published)
    subjects = [each.subject for each in await house.stream.read_from(since + 1, 100)]
    assert subjects == [
        f"jagawarga.events.report.{each}" for each in ("received", "acknowledged", "started", "resolved")
    ]


async def test_bus_down(house: House) -> None:
    """Reports are accepted while the bus is away; its events arrive afterwards."""
    since = await house.stream.last_sequence()
    house.bus.mode = "down"
    for _ in range(20):
        await house.file()
    assert (await house.query("SELECT count(*) FROM reports.outbox"))[0][0] == 20
    house.bus.mode = "up"
    await house.until(house.published)
    assert len(set(await stored(house, since))) == len(await stored(house, since)) == 20


async def test_relay_killed_between_publishing_and_deleting(house: House) -> None:
    """The next life looks for what the last one published and did not come to delete: nothing is sent twice."""
    since = await house.stream.last_sequence()
    house.bus.mode = "hang after"
    for _ in range(10):
        await house.file()

    async def hanging() -> bool:
        return len(await stored(house, since)) > 0

    await house.until(hanging)
    house.bus.mode = "up"
    process = house.reports.relay.whereis()
    assert process is not None
    process.exit("kill")
    await house.until(house.published)
    ids = await stored(house, since)
    assert len(ids) == len(set(ids)) == 10
    assert sum(map(len, house.bus.seen)) == 10


@pytest.mark.parametrize(
    ("subject", "payload"),
    [
        ("", b"{}"),
        ("jagawarga.events.a b", b"{}"),
        ("jagawarga.events.a\r\nPUB x 0", b"{}"),
        ("$JS.API.STREAM.PURGE.EVENTS", b"{}"),
        ("jagawarga.events." + "x" * 5_000, b"{}"),
        ("jagawarga.events.report.received", b"x" * 2_000_000),
    ],
)
async def test_an_event_that_can_not_be_published_is_put_aside(house: House, subject: str, payload: bytes) -> None:
    """It lies among the dead letters with the reason, and nobody else's event waits for it."""
    since = await house.stream.last_sequence()
    sql = "INSERT INTO reports.outbox VALUES (0, $1, $1, $2, $3)"
    poison = uuid4()
    await house.query(f"{sql} RETURNING position", poison, subject, payload)
    receipt = await house.file()
    await house.until(house.published)
    assert [decode_event(each.payload).report_id for each in await house.stream.read_from(since + 1, 9)] == [
        receipt.report_id
    ]
    kept = f"{BURIED}.{SUBJECTS}.{UNSENDABLE}"
    letter = await house.stream.with_streams(lambda js: js.get_last_msg(DEADLETTERS, kept))
    assert letter.data == payload[:ROOM]
    assert house.stream.is_open


async def test_order_survives_a_partial_failure(house: House) -> None:
    """A report's next event is not even tried while the one before is not acknowledged."""
    house.bus.mode = "down"
    ids = [(await house.file()).report_id for _ in range(10)]
    for each in ids:
        await house.reports.act("lurah", each, Wish("acknowledge"))
    house.bus.seen.clear()
    since = await house.stream.last_sequence()
    house.bus.mode = "lose half"
    await trio.sleep(1.5)
    house.bus.mode = "up"
    await house.until(house.published)
    assert house.bus.seen
    for window in house.bus.seen:
        assert len({decode_event(each.payload).report_id for each in window}) == len(window)
    events = await house.stream.read_from(since + 1, 100)
    assert [each.subject.rsplit(".", 1)[-1] for each in events] == ["received"] * 10 + ["acknowledged"] * 10
