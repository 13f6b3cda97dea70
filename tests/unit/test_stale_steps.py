"""Steps that say which version of the report they are for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from jagawarga.edge.problems import problem_of
from jagawarga.errors import Conflict, NotFound
from jagawarga.reports.lifecycle import decide, decide_as_reporter
from jagawarga.reports.messages import Wish
from jagawarga.reports.model import Past, ReportState, Terms

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
STATE = ReportState(
    uuid4(), "private", "jalan", "p-1", Terms(("lurah", "camat"), (60.0,), (600.0,)), "received", 0, 5, NOW
)


@pytest.mark.parametrize("expected", [None, 5])
def test_a_step_for_this_version_or_any_is_taken(expected: int | None) -> None:
    """Whoever has read the present version, or does not ask, moves the report along."""
    assert decide(STATE, Wish("acknowledge", None, expected), "lurah", NOW).state.version == 6


@pytest.mark.parametrize("expected", [0, 4, 6])
def test_a_step_for_another_version_is_told_the_present_state(expected: int) -> None:
    """The problem document carries what the officer has to look at before they decide again."""
    with pytest.raises(Conflict) as caught:
        decide(STATE, Wish("acknowledge", None, expected), "lurah", NOW)
    problem = problem_of(caught.value)
    assert problem is not None
    assert (problem.status, problem.code) == (409, "stale-version")
    assert problem.body()["current"] == {"status": "received", "level": 0, "holder": "lurah", "version": 5}


WRONGLY: list[tuple[ReportState, Wish]] = [
    (replace(STATE, level=1), Wish("withdraw")),
    (replace(STATE, level=1), Wish("edit", "lain")),
    (replace(STATE, status="rejected", past=Past(disputed=True)), Wish("dispute", "masih")),
    (replace(STATE, status="rejected", level_since=NOW - timedelta(days=15)), Wish("dispute", "masih")),
]


@pytest.mark.parametrize(("state", "wish"), WRONGLY)
def test_a_reporter_who_comes_too_late_is_told_where_the_report_is(state: ReportState, wish: Wish) -> None:
    """The step is there in this status, and not for this report any more."""
    with pytest.raises(Conflict) as caught:
        decide_as_reporter(state, wish, NOW, 60.0)
    assert caught.value.current == {
        "status": state.status, "level": state.level, "holder": state.holder, "version": 5,
    }  # fmt: skip


def test_where_nobody_can_decide_the_present_state_is_told() -> None:
    """Passed on to who had it before, with nobody above."""
    terms = Terms(("lurah",), (60.0,), (600.0,))
    state = replace(STATE, terms=terms, past=Past(had=("pdam",)))
    with pytest.raises(Conflict) as caught:
        decide(state, Wish("transfer", "?", agency="pdam"), "lurah", NOW, Terms(("pdam",), (60.0,), (600.0,)))
    assert caught.value.current == {"status": "received", "level": 0, "holder": "lurah", "version": 5}


def test_who_may_not_see_the_report_learns_no_version() -> None:
    """A stranger with a stale version is told what every stranger is told."""
    with pytest.raises(NotFound):
        decide(STATE, Wish("acknowledge", None, 4), "camat", NOW)
