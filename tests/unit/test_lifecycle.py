"""The life-cycle table, step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID, uuid4

import pytest

from jagawarga.errors import Conflict, NotFound
from jagawarga.reports.messages import Action, Status
from jagawarga.reports.model import (
    CLOCKS,
    ENDS,
    STEPS,
    ReportState,
    Terms,
    ceil_to,
    decide,
    escalate,
    event_of,
    filed,
    floor_to,
)

NOW = datetime(2026, 11, 23, 8, 30, 17, 250_000, tzinfo=UTC)
TERMS = Terms(("lurah", "camat", "walikota"), (60.0, 30.0), (600.0, 300.0))


def state(status: Status = "received", level: int = 0) -> ReportState:
    """A report in a status, at a level since NOW."""
    return ReportState(uuid4(), "private", "jalan", "p-1", TERMS, status, level, 5, NOW)


@pytest.mark.parametrize("status", get_args(Status))
@pytest.mark.parametrize("action", get_args(Action))
def test_the_table_is_all_there_is(status: Status, action: Action) -> None:
    """Each pair of status and action either takes the table's step or conflicts, naming the status."""
    step = STEPS.get((status, action))
    if step is None:
        with pytest.raises(Conflict, match=status):
            decide(state(status), action, "lurah", NOW)
    else:
        taken = decide(state(status), action, "lurah", NOW, "noted")
        assert (taken.state.status, taken.event) == step
        assert (taken.state.version, taken.actor, taken.at, taken.note) == (6, "lurah", NOW, "noted")


def test_every_status_has_a_clock_or_is_an_end() -> None:
    """Nothing is open without a limit."""
    assert set(get_args(Status)) == set(CLOCKS) | ENDS
    assert not set(CLOCKS) & ENDS


@pytest.mark.parametrize("status", sorted(ENDS))
def test_ends_are_ends(status: Status) -> None:
    """An ended report has no deadline and never climbs."""
    assert state(status).due_at is None
    assert escalate(state(status), NOW + timedelta(days=999)) is None


@pytest.mark.parametrize("status", sorted(CLOCKS))
def test_each_status_has_its_own_limit(status: Status) -> None:
    """Unanswered reports wait for the limit to respond, answered ones for the limit to resolve."""
    limit = 60 if CLOCKS[status] == "respond" else 600
    assert state(status).due_at == NOW + timedelta(seconds=limit)


def test_the_last_limit_repeats() -> None:
    """A ladder longer than its limits uses the last one for the levels above."""
    long = replace(state(level=2), terms=replace(TERMS, ladder=("a", "b", "c", "d")))
    assert long.due_at == NOW + timedelta(seconds=30)


def test_escalation_is_one_level() -> None:
    """A missed deadline moves the report to the next authority with full limits, and the lower one keeps it in view."""
    due = NOW + timedelta(seconds=60)
    assert escalate(state(), due - timedelta(microseconds=1)) is None
    much_later = due + timedelta(days=1)
    up = escalate(state(), much_later)
    assert up is not None
    assert (up.state.status, up.state.level, up.state.holder, up.actor) == ("escalated", 1, "camat", "system")
    assert up.state.authorities == ("lurah", "camat")
    assert up.state.due_at == much_later + timedelta(seconds=30)
    assert escalate(up.state, much_later) is None


def test_the_top_has_no_deadline() -> None:
    """Above the highest authority there is nobody to escalate to."""
    assert state(level=2).due_at is None


def test_who_may_not_see_may_not_act() -> None:
    """To an authority above the present level the report does not exist."""
    with pytest.raises(NotFound):
        decide(state(), "acknowledge", "camat", NOW)
    assert decide(state(level=1), "acknowledge", "lurah", NOW).state.status == "acknowledged"


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
    step = decide(state("escalated", level=1), "acknowledge", "camat", NOW)
    event = event_of(step, UUID(int=7))
    assert (event.type, event.status, event.holder, event.agency) == (
        "report.acknowledged",
        "acknowledged",
        "camat",
        "lurah",
    )
    assert (event.version, event.authorities, event.due_at) == (6, ("lurah", "camat"), step.state.due_at)
