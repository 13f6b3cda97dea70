"""The life-cycle under any sequence of time and deeds."""

from __future__ import annotations

import marshal
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import get_args
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from jagawarga.errors import Rejected
from jagawarga.reports.messages import Action, Privacy
from jagawarga.reports.model import (
    ENDS,
    Terms,
    Transition,
    decide,
    escalate,
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
        st.sampled_from([*get_args(Action), "tick"]),
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
        while (up := escalate(steps[-1].state, now)) is not None:
            steps.append(up)
        if deed != "tick":
            ladder = first.state.terms.ladder
            try:
                steps.append(decide(steps[-1].state, deed, ladder[who % len(ladder)], now))  # type: ignore[arg-type]
            except Rejected:
                continue
    return steps


@given(filings, deeds)
def test_escalations(filing: tuple[datetime, float, Transition], script: list[tuple[timedelta, str, int]]) -> None:
    """Never early, each level once and in order, at most one less than the ladder is long."""
    now, _, first = filing
    steps = live(first, now, script)
    before = {each.state.version - 1: previous for previous, each in pairwise(steps)}
    levels = []
    for step in steps:
        if step.event == "report.escalated":
            previous = before[step.state.version - 1].state
            assert previous.due_at is not None
            assert step.at >= previous.due_at
            assert step.state.level_since == step.at
            levels.append(step.state.level)
    assert levels == list(range(1, len(levels) + 1))
    assert len(levels) <= len(first.state.terms.ladder) - 1


@given(filings, deeds)
def test_history_is_a_chain(
    filing: tuple[datetime, float, Transition], script: list[tuple[timedelta, str, int]]
) -> None:
    """Versions count up by one, authority only widens, and nothing follows an end."""
    now, _, first = filing
    steps = live(first, now, script)
    for previous, step in pairwise(steps):
        assert step.state.version == previous.state.version + 1
        assert step.state.authorities[: len(previous.state.authorities)] == previous.state.authorities
        assert previous.state.status not in ENDS
        assert step.state.level - previous.state.level == (step.event == "report.escalated")


@given(filings, deeds)
def test_nobody_acts_past_a_deadline(
    filing: tuple[datetime, float, Transition], script: list[tuple[timedelta, str, int]]
) -> None:
    """A step of an agency is always before the deadline that stood when it was taken."""
    now, _, first = filing
    steps = live(first, now, script)
    for previous, step in pairwise(steps):
        if step.event != "report.escalated" and previous.state.due_at is not None:
            assert step.at < previous.state.due_at


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
