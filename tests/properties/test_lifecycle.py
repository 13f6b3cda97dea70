"""The life-cycle under any sequence of time and deeds."""

from __future__ import annotations

import marshal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import get_args
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from jagawarga.errors import Rejected
from jagawarga.reports.lifecycle import decide, decide_as_reporter, elapse
from jagawarga.reports.messages import Action, Privacy, ReporterAction, Wish
from jagawarga.reports.model import (
    CLOCKS,
    ENDS,
    HOLDERS,
    Terms,
    Transition,
    filed,
    fold_state,
    pack_state,
    unfold_state,
    unpack_state,
)
from jagawarga.reports.rows import terms_from_text, terms_to_text

START = datetime(2026, 1, 1, tzinfo=UTC)
seconds = st.floats(min_value=0.001, max_value=1e7)
limits = st.lists(seconds, min_size=1, max_size=6).map(tuple)
terms = st.builds(Terms, st.integers(1, 5).map(lambda n: tuple(f"agency-{i}" for i in range(n))), limits, limits)
moments = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)).map(lambda past: START + past)
deeds = st.lists(
    st.tuples(
        st.timedeltas(timedelta(0), timedelta(days=90)),
        st.sampled_from([*(each for each in get_args(Action) if each != "merge"), *get_args(ReporterAction), "tick"]),
        st.integers(0, 5),
    ),
    max_size=40,
)
filings = st.builds(
    lambda privacy, terms, now, grain: (
        now,
        grain,
        filed(UUID(int=1), privacy=privacy, category="c", reporter=None, terms=terms, now=now, grain=grain),
    ),
    st.sampled_from(get_args(Privacy)),
    terms,
    moments,
    st.sampled_from([0.0, 1.0, 60.0, 3600.0]),
)


def live(first: Transition, now: datetime, script: list[tuple[timedelta, str, int]]) -> list[Transition]:
    """What an actor makes of a script: at each moment deadlines first, then the deed if the table has it."""
    steps = [first]
    for pause, deed, who in script:
        now += pause
        while (up := elapse(steps[-1].state, now)) is not None:
            steps.append(up)
        state = steps[-1].state
        ladder = state.terms.ladder
        try:
            if deed in get_args(ReporterAction):
                steps.append(decide_as_reporter(state, Wish(deed), now, 60.0))  # type: ignore[arg-type]
            elif deed != "tick":
                wish = Wish(deed, officer="o-1", category=f"other-{who}")  # type: ignore[arg-type]
                elsewhere = replace(state.terms, ladder=(f"other-{who}", ladder[-1]))
                half = replace(state.terms, respond_within=tuple(each / 2 for each in state.terms.respond_within))
                terms = half if deed == "reclassify" else elsewhere
                steps.append(decide(state, wish, ladder[who % len(ladder)], now, terms))
        except Rejected:
            continue
    return steps


UPWARDS = ("report.escalated", "report.reopened")


@given(filings, deeds)
def test_time_is_never_early(
    filing: tuple[datetime, float, Transition], script: list[tuple[timedelta, str, int]]
) -> None:
    """What time does by itself it does at the deadline or later, and a level has its limits from then on."""
    now, _, first = filing
    for previous, step in pairwise(live(first, now, script)):
        if step.actor == "system":
            assert previous.state.due_at is not None
            assert step.at >= previous.state.due_at
        if step.event == "report.escalated":
            assert step.state.level_since == step.at


@given(filings, deeds)
def test_history_is_a_chain(
    filing: tuple[datetime, float, Transition], script: list[tuple[timedelta, str, int]]
) -> None:
    """Versions count up by one, a report climbs a level at a time and comes down only when it is passed on."""
    now, _, first = filing
    for previous, step in pairwise(live(first, now, script)):
        before, after = previous.state, step.state
        assert after.version == before.version + 1
        assert before.status not in ENDS or step.event == "report.reopened"
        if step.event == "report.transferred":
            assert (after.level, after.authorities) == (0, (after.terms.ladder[0],))
            assert after.terms.ladder[0] not in before.past.had
        else:
            assert after.authorities[: len(before.authorities)] == before.authorities
            top = len(after.terms.ladder) - 1
            assert after.level == min(before.level + (step.event in UPWARDS), top)


@given(filings, deeds)
def test_nobody_acts_past_a_deadline(
    filing: tuple[datetime, float, Transition], script: list[tuple[timedelta, str, int]]
) -> None:
    """A step of somebody is always before the deadline that stood when it was taken."""
    now, _, first = filing
    for previous, step in pairwise(live(first, now, script)):
        if step.actor != "system" and previous.state.due_at is not None:
            assert step.at < previous.state.due_at


@given(filings, deeds)
def test_a_holder_has_no_more_than_the_limit(
    filing: tuple[datetime, float, Transition], script: list[tuple[timedelta, str, int]]
) -> None:
    """However often the reporter is asked: the time for which the clock runs at a level is never above its limit."""
    now, _, first = filing
    used = timedelta(0)
    steps = live(first, now, script)
    for previous, step in pairwise(steps):
        state = previous.state
        if state.level + 1 < len(state.terms.ladder) and CLOCKS.get(state.status) in HOLDERS and step.actor != "system":
            used += max(timedelta(0), step.at - state.level_since) - max(timedelta(0), previous.at - state.level_since)
            limit = state.terms.limit("resolve", state.level), state.terms.limit("respond", state.level)
            assert used <= max(limit) + timedelta(milliseconds=1)
        if step.event in {*UPWARDS, "report.transferred"}:
            used = timedelta(0)


@given(filings)
def test_coarse_time_is_never_early(filing: tuple[datetime, float, Transition]) -> None:
    """A clock never starts before the filing, nor later than one grain after it."""
    now, grain, first = filing
    assert first.at <= now <= first.state.level_since
    assert first.state.level_since - first.at <= timedelta(seconds=grain)


@given(terms)
def test_terms_survive_their_row(terms: Terms) -> None:
    """Ladder and limits come back from the database as they went in."""
    assert terms_from_text(terms_to_text(terms)) == terms


@given(filings, deeds)
def test_a_packed_state_is_the_same_unpacked(
    filing: tuple[datetime, float, Transition], script: list[tuple[timedelta, str, int]]
) -> None:
    """What a sleeping report is kept as gives back the very state, and is made of plain values only."""
    now, _, first = filing
    for step in live(first, now, script):
        packed = marshal.loads(marshal.dumps(pack_state(step.state)))
        assert unpack_state(step.state.report_id, packed) == step.state
        folded = marshal.loads(marshal.dumps(fold_state(step.state)))
        assert unfold_state(step.state.report_id, folded) == step.state
