"""What chaos holds of merged reports: together with their parent, and never apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scripts.chaos.families import taken_along
from scripts.chaos.truth import Line, Truth
from tests.unit.test_cli_chaos import DUE, TRUTH, faults, published

UP = DUE + timedelta(seconds=0.2)


def family(*, level: int = 1, parent: str | None = "r1", at: timedelta = timedelta(0)) -> Truth:
    """The second report is a duplicate of the first, and climbed with it."""
    first, second = TRUTH.reports
    return replace(
        TRUTH,
        reports=(first, replace(second, level=level, version=3, parent=parent)),
        history=(*TRUTH.history, Line("r2", 3, "report.escalated", 1, UP + at)),
        stream=(*TRUTH.stream, published(5, "2", 3)),
        processed={**TRUTH.processed, "e23": 1},
    )


def test_a_duplicate_climbs_with_its_parent() -> None:
    """Without a deadline of its own, at that very moment."""
    assert faults(family()) == set()
    assert taken_along(family()) == {("r2", 3)}


@pytest.mark.parametrize(
    ("truth", "fault"),
    [
        (family(at=timedelta(seconds=1)), "escalated without a deadline"),
        (family(parent=None), "escalated without a deadline"),
        (family(level=0), "duplicate parted from its parent"),
        (family(parent="r9"), "duplicate of nothing, or of a duplicate"),
        (family(parent="r2"), "duplicate of nothing, or of a duplicate"),
    ],
)
def test_what_is_apart_is_found(truth: Truth, fault: str) -> None:
    """One that climbs by itself, stands elsewhere, or belongs to nothing."""
    assert fault in faults(truth)
