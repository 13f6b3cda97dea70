"""Duplicates, proofs and attachments over the real database and a real media volume."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import trio
from PIL import Image

from jagawarga.cli.tour.photos import photo
from jagawarga.errors import Conflict, Invalid, NotFound
from jagawarga.media.kinds import Kind
from jagawarga.media.service import Media
from jagawarga.plumbing.keys import Keyring
from jagawarga.reports.messages import Sieve, Wish
from jagawarga.reports.model import CONFIRM_WITHIN
from tests.integration.test_life import Time, events, lurah, standing
from tests.integration.test_reports import House, built

pytestmark = pytest.mark.both_databases
LARGEST: dict[Kind, int] = {"image": 1 << 20, "video": 1 << 20, "audio": 1 << 20, "document": 1 << 20}


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def house(fresh_database_url: str, nats_url: str, tmp_path: Path, time: Time) -> AsyncIterator[House]:
    """The reports context with media, under the test's own clock; limits are a minute and ten."""
    media = Media(tmp_path / "media", Keyring({1: b"k" * 32}), LARGEST)
    media.volume.prepare()
    async with built(fresh_database_url, nats_url, tmp_path / "keys", clock=time, media=media) as each:
        each.catalogue.respond, each.catalogue.resolve = 60.0, 600.0
        yield each


async def merged(house: House, child: UUID, parent: UUID) -> None:
    seen = await house.reports.act("lurah", child, Wish("merge", "sama", into=parent))
    assert (seen.merged, seen.parent) == (True, parent)


async def two(house: House, time: Time, **child: Any) -> tuple[UUID, UUID]:
    """A report at work and a later one of the same thing, merged into it."""
    parent = (await house.file()).report_id
    await lurah(house, parent, "acknowledge")
    time.pass_by(1)
    duplicate = (await house.file(**child)).report_id
    await merged(house, duplicate, parent)
    return parent, duplicate


async def uploaded(house: House, content: bytes) -> str:
    async def body() -> AsyncIterator[bytes]:
        yield content

    assert house.reports.media is not None
    return (await house.reports.media.upload(body())).media_id


# --- duplicates


async def test_parent_and_duplicate_move_together(house: House, time: Time) -> None:
    """Each step once in each history, each event once on its way; only the parent is in the queue."""
    parent, child = await two(house, time)
    queue = await house.reports.queue("lurah", Sieve(), cursor=None, limit=10)
    assert [each.report_id for each in queue.items] == [parent]
    assert (await house.reports.open_for_agency("lurah", parent)).duplicates == (child,)
    await lurah(house, parent, "start", "note", "resolve")
    own = await house.reports.open_own("p-1", child)
    assert events(own) == ["received", "merged", "started", "resolved"]
    assert [each.note for each in own.history] == [None, "sama", None, "resolve!"]
    assert events(await house.reports.open_own("p-1", parent)) == ["received", "acknowledged", "started", "resolved"]
    await house.until(house.published)
    told = [each for window in house.bus.seen for each in window]
    assert len({each.message_id for each in told}) == len(told) == 10


async def test_late_they_climb_together_once(house: House, time: Time) -> None:
    """The duplicate's own limit passes and moves nothing; with the parent it goes a level up, where both are seen."""
    parent, child = await two(house, time)
    with pytest.raises(NotFound):
        await house.reports.open_for_agency("camat", child)
    time.pass_by(610)
    for each in (parent, child):
        await standing(house, each, "escalated")
    await trio.sleep(1.2)
    for each in (parent, child):
        view = await house.reports.open_for_agency("camat", each)
        assert (view.level, events(view).count("escalated")) == (1, 1)
    with pytest.raises(Conflict, match="camat"):
        await house.reports.act("lurah", child, Wish("split"))
    assert (await house.reports.act("camat", child, Wish("split"))).merged is False


async def test_a_step_finds_duplicates_that_nobody_awake_knows_of(house: House, time: Time) -> None:
    """Killed, the parent's actor reads that it leads; the duplicate's hears what became of it."""
    parent, child = await two(house, time)
    for each in (parent, child):
        process = house.reports.directory.address(each).whereis()
        assert process is not None
        process.exit("kill")
    await lurah(house, parent, "start")
    assert (await house.reports.open_own("p-1", child)).status == "in_progress"
    said = await house.reports.act_as_reporter("p-1", child, Wish("message", "ada lagi"))
    assert (said.status, events(said)[-1]) == ("in_progress", "commented")


async def test_a_duplicate_that_moves_meanwhile_is_decided_upon_anew(house: House, time: Time) -> None:
    """Its reporter writes while the parent is moved, many times: no step is lost on either side, none is twice."""
    parent, child = await two(house, time)

    async def write() -> None:
        for number in range(10):
            await house.reports.act_as_reporter("p-1", child, Wish("message", str(number)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        for action in ("start", "resolve"):
            nursery.start_soon(lurah, house, parent, "note")
            await lurah(house, parent, action)
    view = await house.reports.open_own("p-1", child)
    assert sorted(events(view)) == sorted(["received", "merged", "started", "resolved", *["commented"] * 10])
    rows = await house.query("SELECT version FROM reports.history WHERE report_id = $1 ORDER BY version", child)
    assert [row["version"] for row in rows] == list(range(1, 15))


async def test_two_merges_that_cross_leave_no_ring(house: House, time: Time) -> None:
    """Each into the other at once: one of them holds, or none; never both."""
    first = (await house.file()).report_id
    second = (await house.file()).report_id

    async def try_it(child: UUID, parent: UUID) -> None:
        try:
            await house.reports.act("lurah", child, Wish("merge", None, into=parent))
        except Conflict:
            return

    async with trio.open_nursery() as nursery:
        nursery.start_soon(try_it, first, second)
        nursery.start_soon(try_it, second, first)
    rows = await house.query("SELECT report_id, parent FROM reports.report WHERE parent IS NOT NULL")
    assert len(rows) == 1
    del time


async def test_resolved_each_reporter_answers_for_themselves(house: House, time: Time) -> None:
    """One is content, one is not and goes up alone, and what nobody denies closes by itself."""
    parent, child = await two(house, time, privacy="anonymous")
    other = (await house.file(reporter="p-2")).report_id
    await merged(house, other, parent)
    await lurah(house, parent, "resolve")
    up = await house.reports.act_as_reporter("p-2", other, Wish("dispute", "belum"))
    assert (up.status, up.holder, up.merged) == ("reopened", "camat", False)
    await house.reports.act_as_reporter("p-1", parent, Wish("confirm"))
    time.pass_by(CONFIRM_WITHIN + 61)
    await standing(house, child, "closed")
    assert (await house.reports.open_for_agency("lurah", parent)).duplicates == (child,)


async def test_denied_by_the_parents_reporter_all_are_open_again(house: House, time: Time) -> None:
    """A level up, without a word of theirs to anybody else."""
    parent, child = await two(house, time)
    await lurah(house, parent, "resolve")
    await house.reports.act_as_reporter("p-1", parent, Wish("dispute", "rahasia saya"))
    view = await house.reports.open_for_agency("camat", child)
    assert (view.status, view.history[-1].event, view.history[-1].note) == ("reopened", "report.reopened", None)


async def test_passed_on_they_go_together(house: House, time: Time) -> None:
    """The next agency sees both, and the first one neither."""
    parent, child = await two(house, time)
    await house.reports.act("lurah", parent, Wish("transfer", "air", agency="pdam"))
    for each in (parent, child):
        assert (await house.reports.open_for_agency("pdam", each)).agency == "pdam"
        with pytest.raises(NotFound):
            await house.reports.open_for_agency("lurah", each)


async def test_what_one_may_not_see_one_can_not_merge_into(house: House) -> None:
    """Whether it is there is not told: it is the body's field that is wrong."""
    mine = (await house.file()).report_id
    others = (await house.file()).report_id
    await house.reports.act("lurah", others, Wish("transfer", "air", agency="pdam"))
    for hidden in (others, uuid4()):
        with pytest.raises(Invalid) as refused:
            await house.reports.act("lurah", mine, Wish("merge", None, into=hidden))
        assert refused.value.fields == {"into": "must be a report of yours"}


async def test_outside_a_parent_is_named_only_when_it_is_public(house: House, time: Time) -> None:
    """Of another citizen's private or anonymous report not even the existence is told."""
    hidden = (await house.file("private", reporter="p-9")).report_id
    shown = (await house.file("public", reporter="p-9")).report_id
    time.pass_by(1)
    for parent, told in ((hidden, None), (shown, shown)):
        child = (await house.file("public")).report_id
        await merged(house, child, parent)
        own = await house.reports.list_own("p-1", cursor=None, limit=10)
        feed = await house.reports.list_public(cursor=None, limit=10)
        for view in (
            await house.reports.open_own("p-1", child),
            await house.reports.open_public(child),
            *(each for each in (*own.items, *feed.items) if each.report_id == child),
            *await house.reports.list_public_of([child]),
        ):
            assert (view.merged, view.parent, view.duplicates) == (True, told, ())
        assert (await house.reports.open_own("p-9", parent)).history[-1].event == "report.received"


async def test_split_off_and_late_it_climbs_alone(house: House, time: Time) -> None:
    """Its clock goes on as if it had never stood still."""
    parent, child = await two(house, time)
    await house.reports.act("lurah", child, Wish("split", "ternyata lain"))
    time.pass_by(300)
    await house.reports.act("lurah", parent, Wish("resolve"))
    assert (await house.reports.open_own("p-1", child)).status == "acknowledged"
    time.pass_by(310)
    await standing(house, child, "escalated")


async def test_a_duplicate_that_can_not_be_read_holds_nobody_up(house: House, time: Time) -> None:
    """It stays where it was, put aside and named; the others go on."""
    parent, child = await two(house, time)
    third = (await house.file()).report_id
    await merged(house, third, parent)
    await house.query("UPDATE reports.report SET terms = '?' WHERE report_id = $1", child)
    await lurah(house, parent, "start")
    assert (await house.reports.open_own("p-1", third)).status == "in_progress"
    assert child in house.reports.crew.quarantine


# --- attachments and proofs


async def test_uploads_go_with_words_and_are_sealed(house: House) -> None:
    """On both sides; the handles that open them are nowhere to be read, and belong to that report alone."""
    report_id = (await house.file()).report_id
    handle, answer = await uploaded(house, photo(1)), await uploaded(house, photo(2))
    await house.reports.act("lurah", report_id, Wish("ask", "yang ini?", attachments=(handle,)))
    seen = await house.reports.act_as_reporter("p-1", report_id, Wish("message", "ya", attachments=(answer,)))
    assert [each.attachments for each in seen.history] == [(), (handle,), (answer,)]
    rows = str(await house.query("SELECT * FROM reports.history"))
    assert handle not in rows
    assert answer not in rows
    another = (await house.file()).report_id
    with pytest.raises(Invalid):
        await house.reports.act("lurah", another, Wish("reply", "?", attachments=(handle,)))


async def test_the_holder_of_a_code_sends_and_sees_uploads(house: House) -> None:
    """Of an anonymous report, with nothing but the code."""
    receipt = await house.file("anonymous")
    handle = await uploaded(house, photo(3))
    view = await house.reports.act_by_code(receipt.tracking_code, Wish("message", "bukti", attachments=(handle,)))
    assert view.history[-1].attachments == (handle,)
    assert (await house.reports.open_for_agency("lurah", receipt.report_id)).history[-1].attachments == (handle,)


async def test_a_proof_used_before_is_flagged(house: House, time: Time) -> None:
    """Whatever was done to the file in between; the first use is not, nor are other photos, nor the outside told."""
    views = []
    for content in (photo(1), photo(5), photo(1, quality=40)):
        report_id = (await house.file()).report_id
        await lurah(house, report_id, "acknowledge")
        proof = await uploaded(house, content)
        views.append(await house.reports.act("lurah", report_id, Wish("resolve", None, attachments=(proof,))))
        time.pass_by(1)
    assert [each.proof_used_before for each in views] == [False, False, True]
    assert [each.proof_used_before for each in [await house.reports.open_own("p-1", views[2].report_id)]] == [False]
    rows = await house.query("SELECT * FROM reports.proof")
    assert len(rows) == 12


async def test_a_dark_photo_proves_nothing_twice(house: House) -> None:
    """It looks like any other dark photo, so it is held against nobody."""
    dark = io.BytesIO()
    Image.new("RGB", (64, 64), "black").save(dark, "JPEG")
    for _ in range(2):
        report_id = (await house.file()).report_id
        await lurah(house, report_id, "acknowledge")
        proof = await uploaded(house, dark.getvalue())
        view = await house.reports.act("lurah", report_id, Wish("resolve", None, attachments=(proof,)))
    assert not view.proof_used_before


async def test_duplicates_share_a_proof(house: House, time: Time) -> None:
    """All their reporters see it, and it counts as used once."""
    parent, child = await two(house, time)
    proof = await uploaded(house, photo(8))
    await house.reports.act("lurah", parent, Wish("resolve", "beres", attachments=(proof,)))
    assert (await house.reports.open_own("p-1", child)).history[-1].attachments == (proof,)
    assert not (await house.reports.open_for_agency("lurah", child)).proof_used_before
