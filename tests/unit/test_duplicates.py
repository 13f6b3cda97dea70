"""Reports of the same thing: who may merge them, what goes along, and what a reporter learns of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import pytest

from jagawarga.errors import Conflict, Invalid, NotFound
from jagawarga.reports.duplicates import MOST, follow, merge
from jagawarga.reports.lifecycle import HELD, OF_A_DUPLICATE, decide, decide_as_reporter, elapse
from jagawarga.reports.messages import INTERNAL, Action, Status, Wish
from jagawarga.reports.model import Past, ReportState, Terms, Together, Transition, event_of, fold_state, unfold_state
from jagawarga.reports.notices import tick_at
from tests.unit.test_lifecycle import ELSEWHERE, NOW, TERMS, by_agency, by_reporter, later, state

if TYPE_CHECKING:
    from collections.abc import Sequence

WISH = Wish("merge", "sama dengan laporan lain")


def merged(
    parent: ReportState, *family: ReportState, known: Sequence[ReportState] = (), agency: str = "lurah", at: float = 1.0
) -> Together:
    return merge(parent, known, family, WISH, agency, later(at))


def duplicate_of(parent: ReportState, status: Status | None = None, **more: Any) -> ReportState:
    """A report that goes along with `parent`."""
    child = replace(state(status or parent.status, parent.level), terms=parent.terms, level_since=parent.level_since)
    return replace(child, past=child.past._replace(parent=str(parent.report_id)), **more)


def one(steps: tuple[Transition, ...]) -> Transition:
    (step,) = steps
    return step


def test_a_duplicate_stands_where_its_parent_stands_and_has_no_clock() -> None:
    """To its reporter it has been seen to; the parent's clock is the one that runs, the same as before."""
    parent, child = state("in_progress"), state("received", level_since=later(0.5))
    first, (second,) = merged(parent, child)
    assert (second.state.status, second.state.due_at, tick_at(second.state)) == ("in_progress", None, None)
    assert (second.state.past.parent, second.event, second.note) == (str(parent.report_id), "report.merged", WISH.note)
    assert (first.state.status, first.state.due_at, first.state.past.leads) == ("in_progress", parent.due_at, True)
    assert (first.state.version, second.state.version) == (6, 6)


def test_of_the_merging_only_the_duplicates_reporter_learns() -> None:
    """The parent's line is the authorities' own affair, and carries no word."""
    first, _ = merged(state(), state())
    assert first.event in INTERNAL
    assert first.note is None
    assert event_of(first, first.state.report_id).reporter is None


@pytest.mark.parametrize("status", get_args(Status))
def test_what_is_merged_is_held_by_who_merges(status: Status) -> None:
    """A report that waits, is resolved or at an end can not be merged."""
    child = state(status)
    if status in HELD:
        assert merged(state(status), child).others
    else:
        with pytest.raises(Conflict):
            merged(state(), child)


def test_both_must_be_held_by_who_merges_them_on_one_ladder() -> None:
    """Neither an authority that was late nor one whose report goes another way can merge."""
    with pytest.raises(NotFound):
        merged(state(), state(), agency="camat")
    with pytest.raises(Conflict, match="act on both"):
        merged(state(level=1), state(level=1))
    with pytest.raises(Conflict, match="act on both"):
        merged(state(level=1), state(), agency="lurah")
    with pytest.raises(Conflict, match="one ladder"):
        merged(replace(state(), terms=replace(TERMS, ladder=("lurah", "walikota"))), state())


def test_nothing_is_merged_into_itself_nor_into_a_duplicate_nor_twice() -> None:
    """A family has one parent."""
    report = state()
    with pytest.raises(Invalid):
        merged(report, report)
    with pytest.raises(Conflict, match="duplicate itself"):
        merged(duplicate_of(state()), state())
    with pytest.raises(Conflict, match="already"):
        merged(state(), duplicate_of(state()))


@pytest.mark.parametrize("status", ["resolved", "rejected", "closed", "withdrawn"])
def test_nothing_is_merged_into_what_is_done(status: Status) -> None:
    """What is resolved is not the same thing any more."""
    with pytest.raises(Conflict, match=status):
        merged(state(status), state())


def test_a_version_that_is_expected_is_the_duplicates() -> None:
    """Who merges has read that one."""
    child = state()
    with pytest.raises(Conflict) as stale:
        merge(state(), (), (child,), WISH._replace(expected=4), "lurah", later(1))
    assert stale.value.current is not None
    assert stale.value.current["version"] == 5


def test_nobody_wins_time_by_merging() -> None:
    """The clock that goes on is the one that is over first; a report about to climb climbs."""
    early, late = state(level_since=later(-30)), state()
    assert merged(early, late).others
    with pytest.raises(Conflict, match="merge that one into this one"):
        merged(late, early)
    with pytest.raises(Conflict):
        merged(state(level_since=later(-90)), state(level_since=later(-61)))


def test_being_merged_into_what_is_at_work_counts_as_a_response() -> None:
    """Then its limit to resolve counts, and it must not be over before the parent's."""
    at_work = state("in_progress", level_since=later(-100))
    assert merged(at_work, state()).others
    with pytest.raises(Conflict, match="merge that one into this one"):
        merged(at_work, replace(state(), terms=replace(TERMS, resolve_within=(300.0,))))
    with pytest.raises(Conflict, match="not been acknowledged"):
        merged(state(), state("acknowledged"))


def test_a_parent_whose_reporter_was_asked_takes_duplicates() -> None:
    """They stand where it will go on, and its question is not theirs."""
    waiting = by_agency(state("acknowledged", level_since=later(-100)), "ask", at=0).state
    first, (second,) = merged(waiting, state())
    assert (first.state.status, second.state.status) == ("waiting_for_reporter", "acknowledged")
    assert second.state.past.resumes is None


def test_the_duplicates_of_a_duplicate_come_along() -> None:
    """All of them have the new parent, wherever they stand."""
    child = state(past=state().past._replace(leads=True))
    grand, done = duplicate_of(child), duplicate_of(child, "resolved")
    parent = state(level_since=later(-10))
    together = merged(parent, child, grand, done)
    assert [each.state.status for each in together.others] == ["received", "received", "resolved"]
    assert {each.state.past.parent for each in together.others} == {str(parent.report_id)}
    assert not any(each.state.past.leads for each in together.others)
    assert [each.note for each in together.others] == [WISH.note, None, None]


def test_a_family_has_a_bound() -> None:
    """Its steps are one transaction."""
    parent = state()
    with pytest.raises(Conflict, match=str(MOST)):
        merged(parent, state(), known=[duplicate_of(parent)] * MOST)


@pytest.mark.parametrize("action", [each for each in get_args(Action) if each != "merge"])
def test_a_duplicate_is_moved_through_its_parent(action: Action) -> None:
    """By itself it can be written to, noted on and split off."""
    child = duplicate_of(state("acknowledged"))
    if action in OF_A_DUPLICATE:
        assert by_agency(child, action).state.status == "acknowledged"
    else:
        with pytest.raises(Conflict):
            by_agency(child, action)


def test_time_moves_no_duplicate_that_is_held() -> None:
    """However late it is: its parent climbs, and takes it along."""
    child = duplicate_of(state("received"))
    assert elapse(child, later(10_000)) is None
    parent = replace(state("received"), past=state().past._replace(leads=True))
    up = elapse(parent, later(61))
    assert up is not None
    along = one(follow([child], up))
    assert (along.event, along.state.status, along.state.level, along.state.holder) == (
        "report.escalated", "escalated", 1, "camat",
    )  # fmt: skip
    assert along.state.past.parent == str(parent.report_id) or along.state.past.parent == child.past.parent
    assert up.state.past.leads


@pytest.mark.parametrize(
    ("action", "status", "event", "words"),
    [
        ("acknowledge", "acknowledged", "report.acknowledged", None),
        ("resolve", "resolved", "report.resolved", "noted"),
        ("reject", "rejected", "report.rejected", "noted"),
        ("transfer", "received", "report.transferred", "noted"),
    ],
)
def test_steps_of_the_parent_take_duplicates_along(
    action: Action, status: Status, event: str, words: str | None
) -> None:
    """With the words that are meant for all, and no others."""
    parent = state("received" if action == "acknowledge" else "acknowledged")
    step = by_agency(parent, action, at=5)
    along = one(follow([duplicate_of(parent)], step))
    assert (along.state.status, along.event, along.note, along.actor) == (status, event, words, "lurah")
    if action == "transfer":
        assert along.state.terms == ELSEWHERE
        assert along.changed.terms == ELSEWHERE
        assert along.state.past.had == ("lurah",)


def test_a_question_to_the_parents_reporter_is_no_affair_of_the_others() -> None:
    """Nor is what is written, noted or assigned; but that the report was acknowledged by it is."""
    parent = state("received")
    child = duplicate_of(parent)
    asked = by_agency(parent, "ask", at=1)
    assert follow([child], asked) == ()
    for action in ("reply", "note", "assign"):
        assert follow([child], by_agency(parent, action, at=1)) == ()
    answered = by_reporter(asked.state, "message", at=2)
    along = one(follow([child], answered))
    assert (along.event, along.state.status, along.note, along.actor) == (
        "report.acknowledged", "acknowledged", None, "system",
    )  # fmt: skip


def test_once_resolved_each_reporter_has_their_own_say() -> None:
    """The days to deny it run for each; who denies takes the report out of the family, a level up."""
    parent = state("acknowledged")
    child = one(follow([duplicate_of(parent)], by_agency(parent, "resolve", at=5))).state
    assert child.due_at == child.limit_at
    assert child.due_at is not None
    gone = by_reporter(child, "dispute", at=10)
    assert (gone.state.past.parent, gone.state.level, gone.state.status) == (None, 1, "reopened")
    confirmed = by_reporter(child, "confirm", at=10)
    assert confirmed.state.status == "closed"
    assert follow([confirmed.state], by_reporter(by_agency(parent, "resolve", at=5).state, "dispute", at=20)) == ()


def test_what_the_parents_reporter_denies_is_open_again_for_all() -> None:
    """In nobody's name, and without a word of what they wrote."""
    parent = replace(state("resolved"), privacy="public")
    child = duplicate_of(parent)
    along = one(follow([child], by_reporter(parent, "dispute", at=20)))
    assert (along.event, along.actor, along.note, along.state.status, along.state.level) == (
        "report.reopened", "system", None, "reopened", 1,
    )  # fmt: skip
    assert along.state.past.parent == child.past.parent


def test_at_the_top_it_is_open_again_with_full_limits() -> None:
    """As the parent's, a duplicate's clock begins when it is reopened: neither when it was resolved nor where it stood."""
    parent = replace(state("resolved", 2), privacy="public")
    child = duplicate_of(parent)
    child = replace(child, past=child.past._replace(spent=20.0, asked=2))
    along = one(follow([child], by_reporter(parent, "dispute", at=20))).state
    assert (along.status, along.level, along.level_since, along.past.spent) == ("reopened", 2, later(20), 0.0)
    assert along.limit_at == later(20 + 30)


def test_a_parent_that_closes_closes_nobody_else() -> None:
    """Whether it is fixed, each says for themselves."""
    parent = state("resolved")
    assert follow([duplicate_of(parent)], by_reporter(parent, "confirm", at=5)) == ()


def test_split_off_it_stands_where_its_parent_stands_under_its_own_clock() -> None:
    """As if that had run on: a report that is late by now climbs at once."""
    parent = state("in_progress", level_since=later(-100))
    child = merged(parent, state(level_since=later(-50))).others[0].state
    alone = by_agency(child, "split", at=5)
    assert (alone.event, alone.state.status, alone.state.past.parent) == ("report.split", "in_progress", None)
    assert alone.state.due_at == later(550)
    assert elapse(alone.state, later(551)) is not None


@pytest.mark.parametrize("action", ["edit", "withdraw"])
def test_a_report_of_a_family_has_been_seen_to(action: Any) -> None:
    """Neither a duplicate nor its parent can be changed or taken back any more."""
    for known in (duplicate_of(state()), replace(state(), past=state().past._replace(leads=True))):
        with pytest.raises(Conflict, match="seen to"):
            decide_as_reporter(known, Wish(action), NOW, 60.0)


def test_uploads_go_with_what_is_said() -> None:
    """With words of both sides, and with the proof of a resolution, which is for the reporters of all."""
    files = ("a" * 32, "b" * 32)
    for action in ("ask", "reply", "note", "resolve"):
        assert decide(state("acknowledged"), Wish(action, "x", attachments=files), "lurah", NOW).attachments == files
    for action, status in (("message", "received"), ("dispute", "resolved")):
        step = decide_as_reporter(state(status), Wish(action, "x", attachments=files), NOW, 60.0)  # type: ignore[arg-type]
        assert step.attachments == files
    parent = state("acknowledged")
    proved = decide(parent, Wish("resolve", None, attachments=files), "lurah", NOW)._replace(proofs=(7,))
    along = one(follow([duplicate_of(parent)], proved))
    assert (along.attachments, along.proofs) == (files, ())


def test_a_family_survives_sleep() -> None:
    """Whose duplicate it is, and that it leads, come back out of the folded state."""
    for known in (duplicate_of(state()), replace(state(), past=state().past._replace(leads=True))):
        assert unfold_state(known.report_id, fold_state(known)) == known


def test_whoever_had_a_duplicate_has_had_its_parent_too() -> None:
    """Or two agencies could send a report to each other within another one."""
    child = state(past=Past(had=("pdam",)))
    first, _ = merged(state(level_since=later(-10)), child)
    assert first.state.past.had == ("pdam",)
    back = decide(first.state, Wish("transfer", "not ours", agency="pdam"), "lurah", later(2), ELSEWHERE)
    assert back.event == "report.escalated"
    away = Terms(("dinas", "walikota"), (60.0,), (600.0,))
    step = decide(state(past=Past(had=("a",), leads=True)), Wish("transfer", "x", agency="dinas"), "lurah", NOW, away)
    assert one(follow([replace(duplicate_of(state()), past=Past(parent="p", had=("pdam",)))], step)).state.past.had == (
        "pdam", "a", "lurah",
    )  # fmt: skip


def test_a_parent_gets_no_more_time_by_another_category() -> None:
    """Its duplicates have nothing to do with that; less time is no matter."""
    slow = replace(TERMS, respond_within=(90.0,))
    wish = Wish("reclassify", "?", category="kabel")
    leads = state(past=Past(leads=True))
    with pytest.raises(Conflict, match="duplicates"):
        decide(leads, wish, "lurah", NOW, slow)
    assert decide(state(), wish, "lurah", NOW, slow).state.category == "kabel"
    assert decide(leads, wish, "lurah", NOW, replace(TERMS, respond_within=(20.0,))).state.category == "kabel"
