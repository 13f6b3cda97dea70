"""A report's whole life over the real database: talked about, passed on, disputed, closed, and seen by whom it concerns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
import trio

from jagawarga.errors import Conflict, Invalid, NotFound
from jagawarga.reports.messages import INTERNAL, Place, ReportView, Sieve, Wish
from jagawarga.reports.model import ANSWER_WITHIN, CONFIRM_WITHIN
from tests.integration.test_reports import House, built

pytestmark = pytest.mark.both_databases
NOW = datetime(2026, 11, 23, 8, 30, 17, tzinfo=UTC)
DAY = 24 * 3600.0


@dataclass
class Time:
    """A clock that a test sets."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def house(fresh_database_url: str, nats_url: str, tmp_path: Path, time: Time) -> AsyncIterator[House]:
    """The reports context under the test's own clock; its limits are a minute to respond and ten to resolve."""
    async with built(fresh_database_url, nats_url, tmp_path, clock=time) as each:
        each.catalogue.respond, each.catalogue.resolve = 60.0, 600.0
        yield each


async def lurah(house: House, report_id: UUID, *actions: str) -> ReportView:
    """The agency's steps, one after another."""
    for action in actions:
        seen = await house.reports.act("lurah", report_id, Wish(action, f"{action}!"))  # type: ignore[arg-type]
    return seen


async def standing(house: House, report_id: UUID, status: str) -> None:
    async def stands() -> bool:
        rows = await house.query("SELECT status FROM reports.report WHERE report_id = $1", report_id)
        return bool(rows[0]["status"] == status)

    await house.until(stands)


def events(report: ReportView) -> list[str]:
    return [each.event.removeprefix("report.") for each in report.history]


async def test_confirmed_it_is_closed(house: House) -> None:
    """With the reporter's satisfaction, which the authorities see; then nothing more, and the actor is gone."""
    report_id = (await house.file()).report_id
    await lurah(house, report_id, "acknowledge", "start", "resolve")
    done = await house.reports.act_as_reporter("p-1", report_id, Wish("confirm", "terima kasih", satisfaction=4))
    assert (done.status, done.due_at, events(done)[-1]) == ("closed", None, "confirmed")
    seen = await house.reports.open_for_agency("lurah", report_id)
    assert (seen.satisfaction, seen.history[-1].note, seen.history[-1].actor) == (4, "terima kasih", "reporter")

    async def gone() -> bool:
        return report_id not in house.reports.directory.reports

    await house.until(gone)
    for wish in (Wish("start"), Wish("note", "?")):
        with pytest.raises(Conflict):
            await house.reports.act("lurah", report_id, wish)
    with pytest.raises(Conflict):
        await house.reports.act_as_reporter("p-1", report_id, Wish("dispute", "?"))


async def test_nobody_denies_it_so_it_closes(house: House, time: Time) -> None:
    """By itself, once, and no sooner than the reporter had time to say something."""
    report_id = (await house.file()).report_id
    await lurah(house, report_id, "acknowledge", "resolve")
    time.pass_by(CONFIRM_WITHIN - 5)
    await trio.sleep(1.2)
    assert (await house.reports.open_own("p-1", report_id)).status == "resolved"
    time.pass_by(6)
    await standing(house, report_id, "closed")
    assert events(await house.reports.open_own("p-1", report_id)) == ["received", "acknowledged", "resolved", "closed"]


async def test_not_fixed_it_goes_to_the_authority_above(house: House) -> None:
    """Which sees it from then on; the agency that did not fix it still does."""
    report_id = (await house.file()).report_id
    await lurah(house, report_id, "acknowledge", "resolve")
    with pytest.raises(NotFound):
        await house.reports.open_for_agency("camat", report_id)
    again = await house.reports.act_as_reporter("p-1", report_id, Wish("dispute", "masih bocor"))
    assert (again.status, again.holder, again.level) == ("reopened", "camat", 1)
    assert (await house.reports.open_for_agency("camat", report_id)).history[-1].note == "masih bocor"
    with pytest.raises(Conflict):
        await house.reports.act("lurah", report_id, Wish("acknowledge"))
    assert (await house.reports.act("camat", report_id, Wish("acknowledge"))).holder == "camat"
    assert (await house.reports.act("lurah", report_id, Wish("start"))).status == "in_progress"
    page = await house.reports.list_for_agency("camat", status=None, cursor=None, limit=10)
    assert [each.report_id for each in page.items] == [report_id]


async def test_a_rejection_is_disputed_though_the_actor_has_gone(house: House) -> None:
    """Once."""
    report_id = (await house.file()).report_id
    await lurah(house, report_id, "reject")

    async def gone() -> bool:
        return report_id not in house.reports.directory.reports

    await house.until(gone)
    again = await house.reports.act_as_reporter("p-1", report_id, Wish("dispute", "ini tugas anda"))
    assert (again.status, again.holder) == ("reopened", "camat")
    await house.reports.act("camat", report_id, Wish("reject", "tetap tidak"))
    with pytest.raises(Conflict):
        await house.reports.act_as_reporter("p-1", report_id, Wish("dispute", "?"))


async def test_a_question_stops_the_clock_and_an_answer_starts_it(house: House, time: Time) -> None:
    """Also when everything about it had to be read from the database again in between."""
    report_id = (await house.file()).report_id
    await lurah(house, report_id, "acknowledge")
    time.pass_by(100)
    asked = await lurah(house, report_id, "ask")
    assert asked.due_at == time.now + timedelta(seconds=ANSWER_WITHIN)
    process = house.reports.directory.reports.whereis(report_id)
    assert process is not None
    process.exit("kill")
    time.pass_by(1000)
    answered = await house.reports.act_as_reporter("p-1", report_id, Wish("message", "di depan sekolah"))
    assert (answered.status, answered.due_at) == ("acknowledged", time.now + timedelta(seconds=600 - 100))
    assert [each.note for each in answered.history[-2:]] == ["ask!", "di depan sekolah"]


async def test_silence_lets_the_clock_run_on(house: House, time: Time) -> None:
    """From when the time to answer was over; what was left of the limit is left."""
    report_id = (await house.file()).report_id
    await lurah(house, report_id, "acknowledge", "ask")
    time.pass_by(ANSWER_WITHIN + 1)
    await standing(house, report_id, "acknowledged")
    seen = await house.reports.open_own("p-1", report_id)
    assert (events(seen)[-1], seen.due_at) == ("resumed", NOW + timedelta(seconds=ANSWER_WITHIN + 600))


async def test_what_is_the_authorities_own_affair(house: House) -> None:
    """Notes and assignments are seen by those who may act on the report, and by nobody else; no event names a reporter."""
    before = await house.stream.last_sequence()
    receipt = await house.file("public")
    report_id = receipt.report_id
    await lurah(house, report_id, "note", "acknowledge")
    await house.reports.act("lurah", report_id, Wish("assign", officer="o-1"))
    inside = await house.reports.open_for_agency("lurah", report_id)
    assert (events(inside), inside.assignee) == (["received", "noted", "acknowledged", "assigned"], "o-1")
    assert inside.history[1].note == "note!"
    for seen in (
        await house.reports.open_own("p-1", report_id),
        await house.reports.open_public(report_id),
        await house.reports.track(receipt.tracking_code),
    ):
        assert (events(seen), seen.assignee) == (["received", "acknowledged"], None)
    await house.until(house.published)
    told = await house.stream.read_from(before + 1, 100)
    assert len(told) == 4
    for each in told:
        assert (b'"reporter"' in each.payload) == (each.subject.removeprefix("jagawarga.events.") not in INTERNAL)


async def test_the_holder_of_a_code_takes_part_and_leaves_no_time(house: House, time: Time) -> None:
    """An anonymous reporter answers, and is satisfied, by the code alone; what is kept of it tells the minute only."""
    receipt = await house.file("anonymous")
    report_id, code = receipt.report_id, receipt.tracking_code
    time.pass_by(60)
    await lurah(house, report_id, "acknowledge", "ask")
    time.pass_by(3.25)
    seen = await house.reports.act_by_code(code, Wish("message", "malam hari"))
    assert (seen.status, seen.text, seen.history[-1].at.second) == ("acknowledged", "", 0)
    await lurah(house, report_id, "resolve")
    time.pass_by(3.25)
    closed = await house.reports.act_by_code(code, Wish("confirm", satisfaction=5))
    assert (closed.status, closed.history[-1].at.second, closed.history[-1].at.microsecond) == ("closed", 0, 0)
    for wrong in (code[:-1] + ("0" if code[-1] != "0" else "1"), "", "x" * 20):
        with pytest.raises(NotFound):
            await house.reports.act_by_code(wrong, Wish("message", "?"))


async def test_withdrawn_it_is_nobodys_any_more(house: House) -> None:
    """It leaves the public at once; touched, it can not be taken back."""
    receipt = await house.file("public")
    report_id = receipt.report_id
    assert (await house.reports.act_by_code(receipt.tracking_code, Wish("withdraw"))).status == "withdrawn"
    with pytest.raises(NotFound):
        await house.reports.open_public(report_id)
    assert (await house.reports.list_public(cursor=None, limit=10)).items == ()
    assert (await house.reports.open_own("p-1", report_id)).status == "withdrawn"
    other = (await house.file()).report_id
    await lurah(house, other, "acknowledge")
    with pytest.raises(Conflict):
        await house.reports.act_as_reporter("p-1", other, Wish("withdraw"))


async def test_edited_while_untouched(house: House) -> None:
    """Text and place are others, sealed as before; attachments stay; by a code nothing is edited."""
    receipt = await house.file("public")
    wish = Wish("edit", "Lubang besar", place=Place(-6.91, 107.61, None))
    seen = await house.reports.act_as_reporter("p-1", receipt.report_id, wish)
    assert (seen.text, seen.place, seen.version, seen.history[-1].note) == ("Lubang besar", wish.place, 2, None)
    assert (await house.reports.open_public(receipt.report_id)).text == "Lubang besar"
    assert "lubang" not in str(await house.query("SELECT * FROM reports.report")).lower()
    only_place = await house.reports.act_as_reporter("p-1", receipt.report_id, Wish("edit", place=Place(-6.9, 107.6)))
    assert (only_place.text, only_place.place) == ("Lubang besar", Place(-6.9, 107.6))
    with pytest.raises(Conflict):
        await house.reports.act_by_code(receipt.tracking_code, Wish("edit", "lain"))
    await lurah(house, receipt.report_id, "acknowledge")
    with pytest.raises(Conflict):
        await house.reports.act_as_reporter("p-1", receipt.report_id, Wish("edit", "lain"))


DECIDING = ("acknowledge", "ask", "reject", "transfer", "reclassify", "assign")


@pytest.mark.parametrize("seed", range(6))
async def test_officers_and_a_deadline_at_once(
    house: House, time: Time, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of them decides; the others are told where the report is now; the deadline is met once, or not any more.

    Of a report that was passed on they are told nothing: it is another agency's.
    """
    draw = Random(seed)
    report_id = (await house.file()).report_id
    wanted = draw.sample(DECIDING, 3)
    # Whoever looks after another has decided knows of it: here all three have looked before any of them decides.
    look, looked = house.reports.store.view_as_agency, trio.Event()
    looks = 0

    async def look_together(agency: str, report: UUID) -> ReportView | None:
        nonlocal looks
        seen = await look(agency, report)
        looks += 1
        if looks == len(wanted):
            looked.set()
        await looked.wait()
        return seen

    monkeypatch.setattr(house.reports.store, "view_as_agency", look_together)
    time.pass_by(draw.choice([1.0, 70.0]))
    refused: list[Conflict] = []
    taken: list[str] = []
    gone: list[str] = []

    async def officer(action: str) -> None:
        wish = Wish(action, "!", officer="o-1", agency="pdam", category="kabel")  # type: ignore[arg-type]
        try:
            await house.reports.act("lurah", report_id, wish)
        except Conflict as conflict:
            refused.append(conflict)
        except NotFound:
            gone.append(action)
        else:
            taken.append(action)

    async with trio.open_nursery() as nursery:
        for action in wanted:
            nursery.start_soon(officer, action)
    rows = await house.query("SELECT version, event FROM reports.history ORDER BY version")
    happened = [row["event"] for row in rows]
    assert [row["version"] for row in rows] == list(range(1, len(rows) + 1))
    assert len(taken) <= 1
    assert len(taken) + len(refused) + len(gone) == 3
    assert not gone or taken == ["transfer"]
    assert all(each.current is not None and each.current["version"] != 1 for each in refused)
    assert happened.count("report.escalated") == (time.now > NOW + timedelta(seconds=60))
    assert len(happened) == 1 + len(taken) + happened.count("report.escalated")


async def test_two_edits_at_once_undo_nothing_of_each_other(house: House) -> None:
    """The second is told; sent again, both are there."""
    report_id = (await house.file("public")).report_id
    edits = {"text": Wish("edit", "Lubang besar"), "place": Wish("edit", place=Place(-6.91, 107.61))}
    refused: list[Wish] = []

    async def edit(wish: Wish) -> None:
        try:
            await house.reports.act_as_reporter("p-1", report_id, wish)
        except Conflict:
            refused.append(wish)

    async with trio.open_nursery() as nursery:
        for wish in edits.values():
            nursery.start_soon(edit, wish)
    for wish in refused:
        await house.reports.act_as_reporter("p-1", report_id, wish)
    seen = await house.reports.open_own("p-1", report_id)
    assert (len(refused), seen.text, seen.place) == (1, "Lubang besar", Place(-6.91, 107.61))


async def test_nobody_outside_can_tell_when_there_was_something_to_note(house: House) -> None:
    """The reporter's and the public's history is counted without what is the authorities' own affair."""
    receipt = await house.file("public")
    await house.reports.act("lurah", receipt.report_id, Wish("note", "cek dulu"))
    await house.reports.act("lurah", receipt.report_id, Wish("assign", officer="o-1"))
    await lurah(house, receipt.report_id, "acknowledge")
    seen = [
        await house.reports.open_own("p-1", receipt.report_id),
        await house.reports.open_public(receipt.report_id),
        await house.reports.track(receipt.tracking_code),
    ]
    assert [[line.version for line in each.history] for each in seen] == [[1, 2]] * 3
    inside = await house.reports.open_for_agency("lurah", receipt.report_id)
    assert [line.version for line in inside.history] == [1, 2, 3, 4]


async def test_of_another_category(house: House, time: Time) -> None:
    """The category is another in database, lists and event; its clock began when the former one did."""
    report_id = (await house.file("public")).report_id
    before = await house.reports.open_for_agency("lurah", report_id)
    with pytest.raises(Invalid):
        await house.reports.act("lurah", report_id, Wish("reclassify", "?", category="jalan"))
    time.pass_by(1.0)
    house.catalogue.respond = 7200.0
    seen = await house.reports.act("lurah", report_id, Wish("reclassify", "kabel, bukan jalan", category="kabel"))
    assert (seen.category, seen.status, seen.version, events(seen)[-1]) == ("kabel", "received", 2, "reclassified")
    assert seen.due_at == before.created_at + timedelta(seconds=7200)
    assert (await house.reports.open_public(report_id)).category == "kabel"
    assert [each.report_id for each in (await queue(house, category="kabel")).items] == [report_id]
    other = (await house.file()).report_id
    edited = await house.reports.act_as_reporter("p-1", other, Wish("edit", category="kabel"))
    assert (edited.category, edited.text) == ("kabel", "Jalan berlubang")
    assert edited.due_at == edited.created_at + timedelta(hours=2)


async def test_passed_on_it_is_the_others(house: House) -> None:
    """In application and database the first agency sees it no more, not in lists either; the new one does."""
    report_id = (await house.file()).report_id
    with pytest.raises(Invalid):
        await house.reports.act("lurah", report_id, Wish("transfer", "bukan kami", agency="nobody"))
    told = await house.reports.act("lurah", report_id, Wish("transfer", "bukan kami", agency="pdam"))
    assert (told.agency, told.status) == ("pdam", "received")
    with pytest.raises(NotFound):
        await house.reports.open_for_agency("lurah", report_id)
    with pytest.raises(NotFound):
        await house.reports.act("lurah", report_id, Wish("acknowledge"))
    assert await house.agency_query("lurah", "SELECT 1 FROM reports.report") == []
    assert (await house.reports.list_for_agency("lurah", status=None, cursor=None, limit=9)).items == ()
    seen = await house.reports.open_for_agency("pdam", report_id)
    assert (seen.status, seen.agency, seen.holder, events(seen)[-1]) == ("received", "pdam", "pdam", "transferred")
    assert [each.report_id for each in (await queue(house, "pdam")).items] == [report_id]
    assert (await queue(house, "lurah")).items == ()
    # Back again it does not go: whoever is above both decides.
    back = await house.reports.act("pdam", report_id, Wish("transfer", "bukan kami", agency="lurah"))
    assert (back.status, back.holder, events(back)[-1]) == ("escalated", "camat", "escalated")


async def queue(
    house: House, agency: str = "lurah", *, cursor: str | None = None, limit: int = 50, **sieve: Any
) -> Any:
    return await house.reports.queue(agency, Sieve(**sieve), cursor=cursor, limit=limit)


async def test_the_queue_is_in_the_order_of_deadlines(house: House, time: Time) -> None:
    """The nearest first, page by page; what is done, or another's, is not in it; what has no deadline comes last."""
    filed = []
    for _ in range(5):
        filed.append((await house.file()).report_id)
        time.pass_by(1)
    await lurah(house, filed[0], "acknowledge")  # ten minutes now
    await lurah(house, filed[1], "reject")
    await lurah(house, filed[2], "acknowledge", "resolve")
    expected = [filed[3], filed[4], filed[0]]
    found: list[UUID] = []
    cursor = None
    while True:
        page = await queue(house, cursor=cursor, limit=2)
        found += [each.report_id for each in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == expected
    time.pass_by(70)
    await standing(house, filed[3], "escalated")
    await standing(house, filed[4], "escalated")
    assert [each.report_id for each in (await queue(house)).items] == [filed[0]]
    assert {each.report_id for each in (await queue(house, "camat")).items} == {filed[3], filed[4]}


async def test_at_the_top_of_the_ladder_the_queue_goes_on(house: House, time: Time) -> None:
    """Without deadlines, whoever waits there longest first, and page by page as well; when each is late is told."""
    filed = {(await house.file()).report_id for _ in range(3)}
    for _ in range(2):
        time.pass_by(70)
        await trio.sleep(1.2)
    for each in filed:
        await standing(house, each, "escalated")

    async def at_the_top() -> bool:
        return len((await queue(house, "walikota")).items) == 3

    await house.until(at_the_top)
    first = await queue(house, "walikota", limit=2)
    rest = await queue(house, "walikota", limit=2, cursor=first.cursor)
    assert (len(first.items), len(rest.items), rest.cursor) == (2, 1, None)
    assert {each.report_id for each in (*first.items, *rest.items)} == filed
    assert {(each.due_at, each.limit_at) for each in first.items} == {(None, time() + timedelta(seconds=60))}
    order = sorted(filed, reverse=True)
    for number, each in enumerate(order):
        sql = "UPDATE reports.report SET level_since = level_since + $2::int * interval '1 second' WHERE report_id = $1"
        await house.query(sql, each, number)
    first = await queue(house, "walikota", limit=2)
    rest = await queue(house, "walikota", limit=2, cursor=first.cursor)
    assert [each.report_id for each in (*first.items, *rest.items)] == order


async def test_the_queue_by_what_is_asked_for(house: House) -> None:
    """Status, category, area, officer, nobody's, level: each alone and together."""
    mine, nobodys = (await house.file()).report_id, (await house.file()).report_id
    await lurah(house, mine, "acknowledge")
    await house.reports.act("lurah", mine, Wish("assign", officer="o-1"))
    both = {mine, nobodys}
    for sieve, expected in (
        ({}, both),
        ({"status": "acknowledged"}, {mine}),
        ({"assignee": "o-1"}, {mine}),
        ({"assignee": ""}, {nobodys}),
        ({"category": "jalan"}, both),
        ({"category": "air"}, set()),
        ({"area": "Coblong", "level": 0}, both),
        ({"level": 1}, set()),
        ({"assignee": "o-1", "status": "received"}, set()),
    ):
        assert {each.report_id for each in (await queue(house, **sieve)).items} == expected, sieve
    await house.reports.act("lurah", mine, Wish("assign", officer=None))
    assert (await house.reports.open_for_agency("lurah", mine)).assignee is None


async def test_to_others_it_is_not_there(house: House) -> None:
    """Whatever they ask, another agency and another citizen are told what they are told of a report that never was."""
    receipt = await house.file()
    report_id = receipt.report_id
    steps: list[Callable[[UUID], Awaitable[Any]]] = [
        *(
            lambda known, wish=wish: house.reports.act("camat", known, wish)
            for wish in (
                Wish("acknowledge"), Wish("ask", "?"), Wish("reply", "!"), Wish("note", "!"),
                Wish("assign", officer="o-9"), Wish("transfer", "!", agency="pdam"), Wish("resolve"), Wish("reject", "!"),
            )
        ),
        *(
            lambda known, wish=wish: house.reports.act_as_reporter("p-2", known, wish)
            for wish in (
                Wish("message", "?"), Wish("edit", "?"), Wish("withdraw"), Wish("confirm"), Wish("dispute", "?"),
            )
        ),
    ]  # fmt: skip
    told = set()
    for step in steps:
        for known in (report_id, uuid4()):
            with pytest.raises(NotFound) as caught:
                await step(known)
            told.add(str(caught.value))
    assert len(told) == 1
    assert (await house.reports.open_own("p-1", report_id)).version == 1


async def test_steps_are_for_a_version(house: House) -> None:
    """The reporter's as well as an agency's, and also when the report has ended."""
    report_id = (await house.file()).report_id
    with pytest.raises(Conflict) as caught:
        await house.reports.act_as_reporter("p-1", report_id, Wish("withdraw", expected=7))
    assert caught.value.code == "stale-version"
    await house.reports.act_as_reporter("p-1", report_id, Wish("withdraw", expected=1))
    with pytest.raises(Conflict) as caught:
        await house.reports.act("lurah", report_id, Wish("acknowledge", expected=1))
    assert caught.value.code == "stale-version"
