"""Clocks by rule under any sequence of time and deeds: calendars, warnings, reminders, other terms on the way."""

from __future__ import annotations

import marshal
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

from hypothesis import assume, given
from hypothesis import strategies as st

from jagawarga.calendars.indonesia import office_hours
from jagawarga.calendars.shelf import ALWAYS, reference_to, shelve
from jagawarga.errors import Rejected
from jagawarga.reports.lifecycle import decide, elapse
from jagawarga.reports.messages import Action, Wish
from jagawarga.reports.model import (
    CLOCKS,
    ReportState,
    Terms,
    filed,
    fold_state,
    pack_state,
    unfold_state,
    unpack_state,
)
from jagawarga.reports.notices import DUE_SOON, REMINDED, Notice, notice, notice_at, tick_at
from jagawarga.reports.rescheduling import rescheduled
from jagawarga.reports.rows import fold_row, past_to_text, terms_from_text, terms_to_text
from tests.properties.test_calendars import works

START = datetime(2026, 1, 1, tzinfo=UTC)
OFFICE = reference_to("jam-kerja", office_hours())
shelve(OFFICE, office_hours())

limits = st.lists(st.integers(1, 10_000_000).map(float), min_size=1, max_size=4).map(tuple)
warnings = st.lists(st.integers(0, 10_000_000).map(float), max_size=4).map(tuple)
ladders = st.integers(1, 4).map(lambda n: tuple(f"agency-{i}" for i in range(n)))
terms = st.builds(
    Terms,
    ladders,
    limits,
    limits,
    st.lists(st.sampled_from([ALWAYS, OFFICE]), max_size=3).map(tuple),
    warnings,
    warnings,
    st.sampled_from([0.0, 1.0, 3600.0, 86_400.0]),
)
moments = st.timedeltas(timedelta(), timedelta(days=400)).map(lambda past: START + past)
deeds = st.lists(
    st.tuples(
        st.timedeltas(timedelta(), timedelta(days=90)),
        st.sampled_from([*(each for each in get_args(Action) if each != "merge"), "tick"]),
        st.integers(0, 3),
    ),
    max_size=20,
)


def first(terms: Terms, now: datetime) -> ReportState:
    return filed(UUID(int=1), privacy="private", category="c", reporter="p", terms=terms, now=now, grain=0).state


def live(state: ReportState, now: datetime, script: list[tuple[timedelta, str, int]]) -> list[tuple[Any, ReportState]]:
    """What an actor makes of a script: escalations and notices with the states they were decided on."""
    done: list[tuple[Any, ReportState]] = []
    for pause, deed, who in script:
        now += pause
        while True:
            step: Any = elapse(state, now) or notice(state, now)
            if step is None:
                break
            done.append((step, state))
            state = step.state
        if deed != "tick":
            try:
                ladder = state.terms.ladder
                wish = Wish(deed, officer="o-1")  # type: ignore[arg-type]
                elsewhere = replace(state.terms, ladder=(f"other-{who}", *ladder[1:]))
                state = decide(state, wish, ladder[who % len(ladder)], now, elsewhere).state
            except Rejected:
                continue
    return done


@given(terms, moments)
def test_a_deadline_is_never_early(terms: Terms, now: datetime) -> None:
    """It comes no sooner than its limit by the wall, and under office hours while the office works."""
    state = first(terms, now)
    assert state.limit_at is not None
    assert state.limit_at >= now + terms.limit("respond", 0)
    if terms.calendars and terms.calendars[0] == OFFICE:
        assert works(state.limit_at)


@given(terms, moments, moments, st.floats(0, 1e7), st.floats(0, 1e7))
def test_deadlines_keep_the_order_of_their_clocks(
    terms: Terms, one: datetime, other: datetime, short: float, long: float
) -> None:
    """Who came later is not due earlier, and a longer limit is not over sooner."""
    one, other = sorted((one, other))
    short, long = sorted((short, long))
    spans = timedelta(seconds=short), timedelta(seconds=long)
    assert terms.after(0, one, spans[0]) <= terms.after(0, other, spans[0])
    assert terms.after(0, one, spans[0]) <= terms.after(0, one, spans[1])


@given(terms, moments, deeds)
def test_nothing_is_told_early_or_twice(terms: Terms, now: datetime, script: list[tuple[timedelta, str, int]]) -> None:
    """One warning for each deadline and before it, reminders at the top alone, behind its limit, ever more of them."""
    warned: Counter[tuple[Any, ...]] = Counter()
    reminded: Counter[tuple[Any, ...]] = Counter()
    for step, before in live(first(terms, now), now, script):
        if not isinstance(step, Notice):
            continue
        clock = CLOCKS[before.status]
        at = notice_at(before)
        assert at is not None
        assert step.at >= at
        assert step.state.told > before.told
        assert (step.state.version, step.state.status) == (before.version, before.status)
        if step.event == DUE_SOON:
            warned[before.past.had, before.level, clock] += 1
            assert before.due_at is None or step.at < before.due_at
        else:
            assert step.event == REMINDED
            assert before.level == len(before.terms.ladder) - 1
            assert terms.remind_every
            assert before.limit_at is not None
            assert step.at >= before.limit_at
            passed = step.at - before.limit_at
            assert step.state.told - 2 == passed // timedelta(seconds=terms.remind_every)
            reminded[before.past.had, clock, step.state.told] += 1
    assert not warned or max(warned.values()) == 1
    assert not reminded or max(reminded.values()) == 1


@given(terms, moments, deeds)
def test_the_next_tick_is_never_behind_what_is_due(
    terms: Terms, now: datetime, script: list[tuple[timedelta, str, int]]
) -> None:
    """An actor that sleeps until its tick misses nothing, and one that looks then finds something to do."""
    state = first(terms, now)
    for step, before in [*live(state, now, script), (None, state)]:
        tick = tick_at(before)
        if step is not None:
            assert tick is not None
            assert tick <= step.at
        if tick is not None:
            assert elapse(before, tick) or notice(before, tick)
            moment_before = tick - timedelta(microseconds=1)
            assert elapse(before, moment_before) is None
            assert notice(before, moment_before) is None


@given(terms, moments, deeds)
def test_states_and_rows_are_the_same_again(
    terms: Terms, now: datetime, script: list[tuple[timedelta, str, int]]
) -> None:
    """Asleep, in the waiting room or in the database: what comes back is what went in, with the same next tick."""
    assert terms_from_text(terms_to_text(terms)) == terms
    for step, _ in live(first(terms, now), now, script):
        state = step.state
        assert unpack_state(state.report_id, marshal.loads(marshal.dumps(pack_state(state)))) == state
        assert unfold_state(state.report_id, marshal.loads(marshal.dumps(fold_state(state)))) == state
        row = (
            state.report_id, state.privacy, state.category, state.reporter, terms_to_text(state.terms), state.status,
            state.level, state.version, state.level_since.timestamp(), state.told, past_to_text(state.past),
            state.assignee,
        )  # fmt: skip
        folded, tick = fold_row(row)
        assert folded == fold_state(state)
        expected = tick_at(state)
        assert (tick is None) == (expected is None)
        if tick is not None and expected is not None:
            assert abs(tick - expected.timestamp()) < 1e-5


@given(terms, terms, moments, deeds, st.timedeltas(timedelta(), timedelta(days=30)))
def test_other_terms_on_the_way_are_never_early(
    old: Terms, new: Terms, now: datetime, script: list[tuple[timedelta, str, int]], later: timedelta
) -> None:
    """A clock put under other terms has a deadline ahead, or keeps the one it has; nobody is told the same twice."""
    new = Terms(old.ladder, new.respond_within, new.resolve_within, *new.more)
    states = [first(old, now), *(step.state for step, _ in live(first(old, now), now, script))]
    state = states[-1]
    assume(state.status in CLOCKS)
    at = max(now + later, state.level_since)
    step = rescheduled(state, new, at)
    if step is None:
        assert first(new, state.level_since).terms == new
        return
    moved = step.state
    assert moved.due_at is None or moved.due_at > at
    assert (moved.version, moved.level, moved.status, moved.terms) == (
        state.version + 1, state.level, state.status, new,
    )  # fmt: skip
    assert moved.told <= state.told
