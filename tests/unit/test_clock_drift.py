"""Jumps of the wall clock, told from time that passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jagawarga.reports.watch import TOLERANCE, Drift

BEGAN = datetime(2026, 11, 23, tzinfo=UTC)


def after(passed: float, ahead: float) -> tuple[datetime, float]:
    return BEGAN + timedelta(seconds=passed + ahead), 1_000.0 + passed


@pytest.mark.parametrize(
    ("ahead", "told"),
    [
        ([0.0, 0.0, 0.0], [0, 0, 0]),
        ([3600.0, 3600.0, 3600.0], [3600, 0, 0]),
        ([-3600.0, -3600.0, 0.0], [-3600, 0, 3600]),
        ([TOLERANCE, TOLERANCE + 0.1, TOLERANCE + 0.2], [0, TOLERANCE + 0.1, 0]),
        # Small steps and a clock that is slewed add up.
        ([0.2, 0.4, 0.6, 0.8, 1.0, 1.2], [0, 0, 0.6, 0, 0, 0.6]),
        ([-0.3, -0.6, -0.9], [0, -0.6, 0]),
        ([600.0, 0.0, 600.0], [600, -600, 600]),
    ],
)
def test_a_jump_is_told_once_with_its_length(ahead: list[float], told: list[float]) -> None:
    """Forward is more than nothing, back is less."""
    drift = Drift(*after(0, 0))
    seen = [drift.jump(*after(second, each)) for second, each in enumerate(ahead, 1)]
    assert seen == pytest.approx(told, abs=1e-5)


def test_a_machine_that_slept() -> None:
    """The wall clock goes on while the machine sleeps, and time does not."""
    drift = Drift(*after(0, 0))
    assert drift.jump(*after(1, 8 * 3600)) == pytest.approx(8 * 3600)
