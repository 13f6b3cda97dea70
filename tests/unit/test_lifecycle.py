"""The life-cycle: who may take which step when, and what time itself does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID, uuid4

import pytest

from jagawarga.errors import Conflict, Invalid, NotFound
from jagawarga.reports.lifecycle import (
    FOR_THE_HOLDER,
    HELD,
    OPEN,
    QUESTIONS,
    REPORTER_STEPS,
    STEPS,
    UNANSWERED,
    decide,
    decide_as_reporter,
    elapse,
)
from jagawarga.reports.messages import INTERNAL, Action, ReporterAction, Status, Wish
from jagawarga.reports.model import (
    ANSWER_WITHIN,
    CLOCKS,
    CONFIRM_WITHIN,
    ENDS,
    HOLDERS,
    Changed,
    Past,
    ReportState,
    Terms,
    Transition,
    ceil_to,
    event_of,
    filed,
    floor_to,
)

NOW = datetime(2026, 11, 23, 8, 30, 17, 250_000, tzinfo=UTC)
TERMS = Terms(("lurah", "camat", "walikota"), (60.0, 30.0), (600.0, 300.0))
ELSEWHERE = Terms(("pdam", "walikota"), (60.0,), (600.0,))
OF_FAMILIES = frozenset({"merge", "split"})
"""Steps of several reports: `test_duplicates` is about them."""
URGENT = Terms(TERMS.ladder, (20.0,), (200.0,))


def state(status: Status = "received", level: int = 0, **more: object) -> ReportState:
    """A report in a status, at a level since NOW."""
    found = ReportState(uuid4(), "private", "jalan", "p-1", TERMS, status, level, 5, NOW)
    past = Past(resumes="in_progress", spent=10.0) if status == "waiting_for_reporter" else Past()
    return replace(found, **{"past": past, **more})  # type: ignore[arg-type]


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def by_agency(known: ReportState, action: Action, at: float = 0.0, agency: str = "lurah", **more: object) -> Transition:
    wish = Wish(action, "noted", category="kabel" if action == "reclassify" else None, **more)  # type: ignore[arg-type]
    return decide(known, wish, agency, later(at), {"transfer": ELSEWHERE, "reclassify": URGENT}.get(action))


def by_reporter(known: ReportState, action: ReporterAction, at: float = 0.0, grain: float = 60.0) -> Transition:
    return decide_as_reporter(known, Wish(action, "noted"), later(at), grain)


@pytest.mark.parametrize("status", get_args(Status))
@pytest.mark.parametrize("action", [each for each in get_args(Action) if each not in OF_FAMILIES])
def test_the_authorities_table_is_all_there_is(status: Status, action: Action) -> None:
    """Each pair of status and action either takes the table's step or conflicts, naming the status."""
    step = STEPS.get((status, action))
    if step is None:
        with pytest.raises(Conflict, match=status):
            by_agency(state(status), action)
    else:
        taken = by_agency(state(status), action)
        assert (taken.state.status, taken.event) == step
        assert (taken.state.version, taken.actor, taken.at, taken.note) == (6, "lurah", NOW, "noted")


@pytest.mark.parametrize("status", get_args(Status))
@pytest.mark.parametrize("action", get_args(ReporterAction))
def test_the_reporters_table_is_all_there_is(status: Status, action: ReporterAction) -> None:
    """Likewise; an answer brings back what was before the question."""
    step = REPORTER_STEPS.get((status, action))
    if step is None:
        with pytest.raises(Conflict, match=status):
            by_reporter(state(status), action)
    else:
        taken = by_reporter(state(status), action)
        expected = ("in_progress", step[1]) if status == "waiting_for_reporter" else step
        assert (taken.state.status, taken.event) == expected
        assert (taken.state.version, taken.actor, taken.note) == (6, "reporter", "noted")


def test_every_status_has_a_clock_or_is_an_end() -> None:
    """Nothing is open without a limit, and what an authority holds is what the tables say."""
    assert set(get_args(Status)) == set(CLOCKS) | ENDS
    assert not set(CLOCKS) & ENDS
    assert {status for status, clock in CLOCKS.items() if clock in HOLDERS} == set(HELD)
    assert set(OPEN) - set(HELD) == {"waiting_for_reporter"}
    assert {status for status, clock in CLOCKS.items() if clock == "respond"} == set(UNANSWERED)


@pytest.mark.parametrize("status", sorted(ENDS))
def test_ends_are_ends(status: Status) -> None:
    """An ended report has no deadline, and time does nothing to it."""
    assert state(status).due_at is None
    assert elapse(state(status), NOW + timedelta(days=999)) is None


@pytest.mark.parametrize(
    ("status", "seconds"),
    [(status, 60) for status in UNANSWERED]
    + [
        ("acknowledged", 600),
        ("in_progress", 600),
        ("waiting_for_reporter", ANSWER_WITHIN),
        ("resolved", CONFIRM_WITHIN),
    ],
)
def test_each_status_has_its_own_limit(status: Status, seconds: float) -> None:
    """Unanswered ones have the limit to respond, answered ones that to resolve, and the reporter has limits, too."""
    assert state(status).due_at == later(seconds)


def test_the_last_limit_repeats() -> None:
    """A ladder longer than its limits uses the last one for the levels above."""
    assert state(level=2, terms=replace(TERMS, ladder=("a", "b", "c", "d"))).due_at == later(30)


@pytest.mark.parametrize("status", HELD)
def test_escalation_is_one_level(status: Status) -> None:
    """A missed deadline moves the report to the next authority with full limits, and the lower one keeps it in view."""
    known = state(status, assignee="officer", past=Past(asked=2, spent=1.0, had=("pdam",)))
    due = known.due_at
    assert due is not None
    assert elapse(known, due - timedelta(microseconds=1)) is None
    much_later = due + timedelta(days=1)
    up = elapse(known, much_later)
    assert up is not None
    assert (up.event, up.state.status, up.state.level, up.state.holder, up.actor) == (
        "report.escalated", "escalated", 1, "camat", "system",
    )  # fmt: skip
    assert up.state.authorities == ("lurah", "camat")
    assert up.state.due_at == much_later + timedelta(seconds=30)
    assert (up.state.assignee, up.state.past) == (None, Past(had=("pdam",)))
    assert elapse(up.state, much_later) is None


@pytest.mark.parametrize("status", HELD)
def test_the_top_has_no_deadline(status: Status) -> None:
    """Above the highest authority there is nobody to escalate to."""
    assert state(status, level=2).due_at is None


@pytest.mark.parametrize("status", ["waiting_for_reporter", "resolved"])
def test_the_reporters_limits_run_at_the_top_too(status: Status) -> None:
    """Silence means the same at every level."""
    assert state(status, level=2).due_at == state(status).due_at


def test_who_may_not_see_may_not_act() -> None:
    """To an authority above the present level the report does not exist."""
    with pytest.raises(NotFound):
        by_agency(state(), "acknowledge", agency="camat")
    assert by_agency(state("acknowledged", level=1), "resolve").state.status == "resolved"


@pytest.mark.parametrize("action", sorted(FOR_THE_HOLDER - OF_FAMILIES))
def test_what_only_the_holder_may_do(action: Action) -> None:
    """Who was late keeps the report in view, and may help; to dispose of it is the holder's."""
    with pytest.raises(Conflict, match="camat"):
        by_agency(state("escalated", 1), action)
    assert by_agency(state("escalated", 1), action, agency="camat").state.version == 6


# --- asking


@pytest.mark.parametrize("status", HELD)
def test_while_the_reporter_is_asked_the_clock_stands_still(status: Status) -> None:
    """What was left of the limit is left after the answer; to have asked counts as having responded."""
    asked = by_agency(state(status), "ask", 20).state
    assert asked.due_at == later(20 + ANSWER_WITHIN)
    answered = by_reporter(asked, "message", 1000).state
    assert answered.status == ("acknowledged" if status in UNANSWERED else status)
    assert answered.due_at == later(1000 + 600 - 20)


def test_time_before_several_questions_adds_up() -> None:
    """Each question stops the clock where it is."""
    asked = by_agency(state("in_progress"), "ask", 100).state
    again = by_agency(by_reporter(asked, "message", 1000).state, "ask", 1200).state
    assert by_reporter(again, "message", 5000).state.due_at == later(5000 + 600 - 100 - 200)


def test_a_reporter_who_is_silent_holds_nothing_up() -> None:
    """When the time to answer is over the clock runs on, from that moment, however late we notice."""
    asked = by_agency(state("in_progress"), "ask", 100).state
    resumed = elapse(asked, later(100 + ANSWER_WITHIN + 30))
    assert resumed is not None
    assert (resumed.event, resumed.state.status, resumed.actor) == ("report.resumed", "in_progress", "system")
    assert resumed.state.due_at == later(100 + ANSWER_WITHIN + 500)


def test_asking_again_and_again_buys_no_time() -> None:
    """After a few questions at a level the clock runs on while the reporter is asked; the next level may ask anew."""
    known, at = state("in_progress"), 0.0
    for _ in range(QUESTIONS):
        known, at = by_reporter(by_agency(known, "ask", at).state, "message", at + 1000).state, at + 1000
    more = by_agency(known, "ask", at).state
    assert (more.status, more.due_at) == ("in_progress", known.due_at)
    assert more.due_at is not None
    up = elapse(more, more.due_at)
    assert up is not None
    assert decide(up.state, Wish("ask", "?"), "camat", more.due_at).state.status == "waiting_for_reporter"


@pytest.mark.parametrize("action", ["resolve", "reject"])
def test_a_holder_need_not_wait_for_the_answer(action: Action) -> None:
    """What was asked is nothing any more then."""
    done = by_agency(by_agency(state("in_progress"), "ask", 10).state, action, 20).state
    assert (done.past.resumes, done.past.spent) == (None, 0.0)


# --- the reporter's word


def test_what_is_resolved_closes_by_itself() -> None:
    """When nobody says that it is not so, in the time there is for that."""
    resolved = by_agency(state("in_progress"), "resolve", 50).state
    assert elapse(resolved, later(49 + CONFIRM_WITHIN)) is None
    closed = elapse(resolved, later(50 + CONFIRM_WITHIN))
    assert closed is not None
    assert (closed.event, closed.state.status, closed.state.level) == ("report.closed", "closed", 0)


def test_not_fixed_goes_a_level_up_at_once() -> None:
    """With full limits, and without the officer who had it."""
    resolved = by_agency(state("in_progress", assignee="officer"), "resolve", 50).state
    again = by_reporter(resolved, "dispute", 60).state
    assert (again.status, again.level, again.holder, again.assignee) == ("reopened", 1, "camat", None)
    assert again.due_at == later(60 + 30)


def test_not_fixed_at_the_top_stays_there() -> None:
    """Nobody is above; it is open again."""
    again = by_reporter(state("resolved", 2), "dispute").state
    assert (again.status, again.level, again.due_at) == ("reopened", 2, None)


def test_a_rejection_can_be_disputed_once_and_in_time() -> None:
    """Then the answer stands."""
    rejected = by_agency(state("in_progress"), "reject", 50).state
    with pytest.raises(Conflict, match="over"):
        by_reporter(rejected, "dispute", 51 + CONFIRM_WITHIN)
    again = by_reporter(rejected, "dispute", 50 + CONFIRM_WITHIN).state
    assert (again.status, again.level) == ("reopened", 1)
    rejected = decide(again, Wish("reject", "no"), "camat", later(100 + CONFIRM_WITHIN)).state
    with pytest.raises(Conflict, match="before"):
        by_reporter(rejected, "dispute", 101 + CONFIRM_WITHIN)


@pytest.mark.parametrize("action", ["edit", "withdraw"])
@pytest.mark.parametrize("touched", [{"level": 1}, {"past": Past(had=("pdam",))}])
def test_only_what_is_untouched_may_change(action: ReporterAction, touched: dict[str, object]) -> None:
    """Not what has climbed, nor what was passed on."""
    assert by_reporter(state(), action).state.version == 6
    with pytest.raises(Conflict, match="any more"):
        by_reporter(replace(state(), **touched), action)  # type: ignore[arg-type]


def test_an_anonymous_reporter_acts_at_a_coarse_time() -> None:
    """Told by the floor of the minute, and the clock that begins with it runs from the ceiling."""
    resolved = replace(by_agency(state("in_progress"), "resolve").state, privacy="anonymous", reporter=None)
    step = by_reporter(resolved, "dispute", 100)
    assert step.at == floor_to(later(100), 60)
    assert step.state.level_since == ceil_to(later(100), 60)
    assert by_reporter(replace(resolved, privacy="private"), "dispute", 100).at == later(100)


# --- passing on


def test_a_report_that_is_passed_on_takes_its_time_along() -> None:
    """The next agency has what is left, at least half of its limit; the first one does not see it any more."""
    step = by_agency(state(), "transfer", 10)
    assert (step.event, step.changed.terms) == ("report.transferred", ELSEWHERE)
    known = step.state
    assert (known.status, known.agency, known.level, known.authorities) == ("received", "pdam", 0, ("pdam",))
    assert known.due_at == later(10 + 50)
    assert by_agency(state(), "transfer", 55).state.due_at == later(55 + 30)


def test_two_who_send_it_to_each_other_let_the_authority_above_decide() -> None:
    """Between the two it goes back to nobody who had it; the one above may send it to either."""
    there = by_agency(state(), "transfer").state
    back = decide(there, Wish("transfer", "not ours", agency="lurah"), "pdam", later(1), TERMS)
    assert (back.event, back.state.holder, back.state.level, back.actor) == ("report.escalated", "walikota", 1, "pdam")
    decided = decide(back.state, Wish("transfer", "yours", agency="lurah"), "walikota", later(2), TERMS)
    assert (decided.event, decided.state.holder, decided.state.past.had) == (
        "report.transferred", "lurah", ("lurah", "pdam", "walikota"),
    )  # fmt: skip
    again = decide(decided.state, Wish("transfer", "no", agency="pdam"), "lurah", later(3), ELSEWHERE)
    assert (again.event, again.state.holder) == ("report.escalated", "camat")


def test_where_nobody_is_above_two_who_send_it_to_each_other() -> None:
    """It stays with whom it is."""
    alone = replace(state(), terms=replace(TERMS, ladder=("lurah",)), past=Past(had=("pdam",)))
    with pytest.raises(Conflict, match="nobody is above"):
        decide(alone, Wish("transfer", "not ours", agency="pdam"), "lurah", later(1), ELSEWHERE)


@pytest.mark.parametrize("target", TERMS.ladder)
def test_to_whom_it_can_not_be_passed(target: str) -> None:
    """Whoever has it already; and who is above, for nobody is to stop a clock by sending it there."""
    with pytest.raises(Invalid):
        decide(state(), Wish("transfer", "?", agency=target), "lurah", NOW, TERMS)
    with pytest.raises(Invalid):
        decide(state("escalated", 1), Wish("transfer", "?", agency=target), "camat", NOW, TERMS)


def test_it_goes_back_to_nobody_who_had_it_on_the_way_up() -> None:
    """Who was late before it was passed on has had it as well."""
    there = decide(state(level=1), Wish("transfer", "air", agency="pdam"), "camat", NOW, ELSEWHERE).state
    assert there.past.had == ("lurah", "camat")
    for target in there.past.had:
        ladder = Terms((target, "walikota"), (60.0,), (600.0,))
        back = decide(there, Wish("transfer", "not ours", agency=target), "pdam", later(1), ladder)
        assert (back.event, back.state.holder) == ("report.escalated", "walikota")


# --- another category


def test_the_limits_of_another_category_hold_from_the_same_moment() -> None:
    """The holder of an urgent report that was taken for another has not gained time; it may climb at once."""
    step = by_agency(state(told=1), "reclassify", 10)
    known = step.state
    assert (step.event, step.changed.category, step.changed.terms) == ("report.reclassified", "kabel", URGENT)
    assert (known.category, known.status, known.agency, known.told) == ("kabel", "received", "lurah", 0)
    assert (known.due_at, known.version) == (later(20), 6)
    at_work = state("in_progress", past=Past(spent=30.0))
    assert by_agency(at_work, "reclassify", 10).state.due_at == later(200 - 30)
    late = by_agency(state(), "reclassify", 40).state
    assert late.due_at == later(20)
    risen = elapse(late, later(40))
    assert risen is not None
    assert (risen.event, risen.state.category, risen.state.holder) == ("report.escalated", "kabel", "camat")


def test_which_category_it_can_not_be_given() -> None:
    """Its own; by nobody but who has to act; and not with limits for another ladder than it is on by now."""
    with pytest.raises(Invalid):
        decide(state(), Wish("reclassify", "?", category="jalan"), "lurah", NOW, URGENT)
    with pytest.raises(Conflict, match="only camat"):
        by_agency(state("escalated", 1), "reclassify")
    with pytest.raises(Conflict, match="moved on"):
        decide(state(), Wish("reclassify", "?", category="kabel"), "lurah", NOW, ELSEWHERE)


def test_an_edit_may_change_the_category() -> None:
    """Of what nobody has seen to, with that category's limits from the filing on."""
    changed = Changed(b"sealed", "dago", terms=URGENT, category="kabel")
    step = decide_as_reporter(state(), Wish("edit", category="kabel"), later(5), 60.0, changed)
    assert (step.state.category, step.state.terms, step.state.due_at) == ("kabel", URGENT, later(20))
    assert (step.event, step.changed) == ("report.edited", changed)


# --- filing, and what others learn


def test_a_named_report_has_its_exact_time() -> None:
    """Filing begins both clocks now."""
    step = filed(UUID(int=1), privacy="public", category="jalan", reporter="p-1", terms=TERMS, now=NOW, grain=60)
    assert (step.at, step.state.level_since, step.state.version) == (NOW, NOW, 1)


def test_an_anonymous_report_has_a_coarse_time() -> None:
    """It is told by the floor of its minute, and its clock starts at the ceiling."""
    step = filed(UUID(int=1), privacy="anonymous", category="jalan", reporter=None, terms=TERMS, now=NOW, grain=60)
    assert step.at == NOW.replace(second=0, microsecond=0)
    assert step.state.level_since == step.at + timedelta(minutes=1)


def test_whole_minutes_stay() -> None:
    """A time on the grain is its own floor and ceiling; without a grain every time is."""
    whole = NOW.replace(second=0, microsecond=0)
    assert floor_to(whole, 60) == ceil_to(whole, 60) == whole
    assert floor_to(NOW, 0) == ceil_to(NOW, 0) == NOW


def test_the_event_says_how_it_stands() -> None:
    """An event carries the state after its step."""
    step = by_agency(state("escalated", level=1), "acknowledge", agency="camat")
    event = event_of(step, UUID(int=7))
    assert (event.type, event.status, event.holder, event.agency) == (
        "report.acknowledged", "acknowledged", "camat", "lurah",
    )  # fmt: skip
    assert (event.version, event.authorities, event.due_at) == (6, ("lurah", "camat"), step.state.due_at)
    assert event.reporter == "p-1"


def test_the_authorities_own_affairs_name_no_reporter() -> None:
    """So that they come into nobody's inbox."""
    for (status, action), (_, event) in STEPS.items():
        if action in OF_FAMILIES:
            continue
        told = event_of(by_agency(state(status), action), UUID(int=7))
        assert (told.reporter is None) == (event in INTERNAL), event
