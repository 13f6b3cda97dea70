"""Rows read with suspicion: a good one gives the very state, a bad one says which part is wrong and nothing of it."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jagawarga.errors import Corrupt
from jagawarga.reports.messages import Status
from jagawarga.reports.model import CLOCKS, ENDS, Past, ReportState, Terms, fold_state
from jagawarga.reports.quarantine import NAMED, Quarantine
from jagawarga.reports.rows import fold_row, past_to_text, seconds_until, state_of, terms_to_text

SINCE = 1_790_000_000.123456
GOOD: dict[str, Any] = {
    "report_id": UUID(int=7),
    "privacy": "private",
    "category": "jalan",
    "reporter": "p-1",
    "terms": '[["lurah", "camat"], [3600.0], [7200.0]]',
    "status": "received",
    "level": 0,
    "version": 1,
    "since": SINCE,
    "told": 0,
    "past": None,
    "assignee": None,
    "due_at": None,
}


def row(**changed: Any) -> tuple[Any, ...]:
    return tuple((GOOD | changed).values())


statuses: st.SearchStrategy[Status] = st.sampled_from([*CLOCKS, *ENDS])
limits = st.lists(st.floats(0, 1e8), min_size=1, max_size=3).map(tuple)


terms = st.builds(Terms, st.lists(st.text(max_size=9), min_size=1, max_size=4).map(tuple), limits, limits)
moments = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - see timezones


pasts = st.builds(
    Past,
    st.none(),
    st.floats(0, 1e6),
    st.integers(0, 3),
    st.booleans(),
    st.lists(st.text(max_size=5), max_size=2).map(tuple),
    st.none() | st.uuids().map(str),
    st.booleans(),
)


@given(terms, statuses, st.integers(0, 3), moments, st.just(Past()) | pasts, st.none() | st.just("officer"))
@example(Terms(("a",), (1.0,), (1.0,)), "received", 0, datetime(2107, 1, 1, 0, 0, 0, 2641, tzinfo=UTC), Past(), None)
def test_a_row_gives_its_state_and_its_deadline(  # noqa: PLR0917 - drawn by hypothesis
    terms: Terms, status: Status, level: int, since: datetime, past: Past, assignee: str | None
) -> None:
    """What the way by floating seconds gives is what the model says, to the microsecond."""
    level = min(level, len(terms.ladder) - 1)
    if status == "waiting_for_reporter":
        past = past._replace(resumes="in_progress")
    state = ReportState(
        uuid4(), "anonymous", "jalan", None, terms, status, level, 3, since, past=past, assignee=assignee
    )
    read = (
        state.report_id, state.privacy, state.category, None, terms_to_text(terms), status, level, 3,
        since.timestamp(), 0, past_to_text(past), assignee, None,
    )  # fmt: skip
    folded, due_at = fold_row(read)
    assert folded == fold_state(state)
    assert state_of(read) == state
    if state.due_at is None:
        assert due_at is None
    else:
        assert due_at == pytest.approx(state.due_at.timestamp(), abs=1e-5)


@pytest.mark.parametrize(
    ("part", "value", "wrong"),
    [
        ("terms", "", "terms"),
        ("terms", "rusak", "terms"),
        ("terms", "null", "terms"),
        ("terms", "{}", "terms"),
        ("terms", "[]", "terms"),
        ("terms", "[1, 2, 3]", "terms"),
        ("terms", "[" * 100_000, "terms"),
        ("terms", '[["lurah"], [1.0]]', "terms"),
        ("terms", '[[["lurah"]], [1.0], [1.0]]', "terms"),
        ("terms", "[[], [1.0], [1.0]]", "ladder"),
        ("terms", "[[1], [1.0], [1.0]]", "ladder"),
        ("terms", '[["lurah"], [], [1.0]]', "limits"),
        ("terms", '[["lurah"], [1.0], [-1.0]]', "limits"),
        ("terms", '[["lurah"], [1.0], ["x"]]', "limits"),
        ("terms", '[["lurah"], [NaN], [1.0]]', "limits"),
        ("terms", '[["lurah"], [1.0], [Infinity]]', "limits"),
        ("terms", '[["lurah"], [1e300], [1.0]]', "limits"),
        ("status", "melayang", "status"),
        ("level", 2, "level"),
        ("level", -1, "level"),
        ("version", 0, "version"),
        ("privacy", "setengah", "privacy"),
        ("past", "", "past"),
        ("past", "[]", "past"),
        ("past", '{"resumes": "in_progress"}', "past"),
        ("past", '{"resumes": "closed"}', "past"),
        ("past", '{"spent": -1}', "past"),
        ("past", '{"asked": "once"}', "past"),
        ("past", '{"had": [7]}', "past"),
        ("past", '{"else": 1}', "past"),
        ("status", "waiting_for_reporter", "past"),
        ("since", math.inf, "time"),
        ("since", -math.inf, "time"),
        ("since", math.nan, "time"),
        ("since", 1e12, "time"),
    ],
)
def test_what_can_not_be(part: str, value: Any, wrong: str) -> None:
    """The part that is wrong is named, and not what it says."""
    for read in (fold_row, state_of):
        with pytest.raises(Corrupt) as caught:
            read(row(**{part: value}))
        assert str(caught.value) == wrong
    assert state_of(row()).due_at is not None, "or the row is wrong for another reason"


def test_a_broken_text_is_not_remembered_as_good() -> None:
    """Like terms are read once; wrong ones are wrong each time."""
    text = json.dumps([["lurah"], [5.0], [True]])
    for _ in range(2):
        with pytest.raises(Corrupt):
            state_of(row(terms=text + "x"))


def test_seconds_until() -> None:
    """Never less than nothing, and nothing for whose clock stands still."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert seconds_until(None, now) is None
    assert seconds_until((now + timedelta(seconds=9)).timestamp(), now) == 9
    assert seconds_until((now - timedelta(days=9)).timestamp(), now) == 0


# --- quarantine


def test_quarantine_goes_round() -> None:
    """Whoever has been looked at comes to the end of the line."""
    quarantine = Quarantine()
    ids = [uuid4() for _ in range(5)]
    for each in ids:
        quarantine.add(each, Corrupt("terms"))
    assert quarantine.next(2) == ids[:2]
    assert quarantine.next(4) == [*ids[2:], ids[0]]
    quarantine.release(ids[1])
    assert (len(quarantine), ids[1] in quarantine, ids[2] in quarantine) == (4, False, True)
    assert quarantine.some(1) == [f"{ids[2]} (terms)"]


def test_quarantine_tells_of_each_once_and_not_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each report, up to a number; and none that says what is in it."""
    quarantine = Quarantine()
    for _ in range(3):
        quarantine.add(UUID(int=5), Corrupt("level"))
    assert capsys.readouterr().out.count("report.corrupt") == 1
    for number in range(3 * NAMED):
        quarantine.add(UUID(int=100 + number), Corrupt("level"))
    assert capsys.readouterr().out.count("report.corrupt") == NAMED
    assert len(quarantine) == 1 + 3 * NAMED
