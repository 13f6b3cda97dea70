"""The load benchmark's own arithmetic: when something is sent, and what is made of the answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from scripts.bench.load_rows.arrivals import QUIET_BEFORE, even, patterned, steady, surge
from scripts.bench.load_rows.findings import by_class, by_kind, recovery
from scripts.bench.load_rows.traffic import Seen


def test_a_steady_course_is_even() -> None:
    """As many as the rate says, equally far apart."""
    times = list(steady(50.0, 4.0).times(even()))
    assert len(times) == 200
    assert all(later - earlier == pytest.approx(0.02) for earlier, later in pairwise(times))


def test_a_surge_reaches_its_factor_within_a_second() -> None:
    """Before and after it the steady rate, within it the factor of that."""
    times = list(surge(10.0, 20.0, 30.0).times(even()))

    def within(begin: float, end: float) -> int:
        return sum(begin <= each < end for each in times)

    assert within(0.0, QUIET_BEFORE) == pytest.approx(10 * QUIET_BEFORE, abs=2)
    assert within(QUIET_BEFORE + 1, QUIET_BEFORE + 11) == pytest.approx(2_000, abs=2)
    assert within(QUIET_BEFORE + 31, QUIET_BEFORE + 41) == pytest.approx(100, abs=2)
    assert times == sorted(times)


def test_a_pattern_keeps_its_gaps() -> None:
    """Old complaints come in their old rhythm, at the wanted rate on average."""
    begun = datetime(2022, 1, 1, tzinfo=UTC)
    moments = [begun + timedelta(hours=hour) for hour in (0, 1, 2, 10)]
    times = list(steady(1.0, 4.0).times(patterned(moments)))
    assert times == pytest.approx([1.0, 1.3, 1.6, 4.0])


def test_answers_are_told_apart() -> None:
    """Each in its class, what is unknown under `other`; the others by their kind, with those refused."""
    seen = [Seen("submit", 0.0, 0.1, each) for each in ("201", "201", "503", "5xx", "none")]
    seen.append(Seen("list", 0.0, 0.2, "429"))
    found = by_class(seen)
    assert {name: each["count"] for name, each in found.items()} == {
        "201": 2, "202": 0, "429": 0, "503": 1, "other": 1, "none": 1,
    }  # fmt: skip
    assert found["201"]["p99_ms"] == pytest.approx(100)
    assert found["202"]["p99_ms"] is None
    assert by_kind(seen)["list"]["refused"] == 1


@pytest.mark.parametrize(
    ("late", "answer", "expected"),
    [(0.0, "201", 0.0), (2.2, "201", 2.5), (2.2, "503", 2.5), (99.0, "201", None)],
    ids=["at once", "slow for a while", "refusing for a while", "never"],
)
def test_recovery(late: float, answer: str, expected: float | None) -> None:
    """The time from which on nothing was slow or refused."""
    seen = [Seen("submit", at / 10, 0.01, "201") for at in range(100)]
    for number in range(100):
        at = 20.0 + number / 10
        slow = at <= 20.0 + late and late > 0
        seen.append(Seen("submit", at, 2.0 if slow else 0.01, answer if slow else "201"))
    assert recovery(seen, 10.0, 20.0) == expected
