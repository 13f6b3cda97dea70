"""When submissions come: a rate over time, and a pattern (even, or that of a city's old complaints) laid over it.

Pure. An open loop: nothing here depends on how the answers do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

QUIET_BEFORE = 10.0
QUIET_AFTER = 15.0
RISE = 0.5
"""Seconds from the steady rate to the full surge, and back."""


@dataclass(frozen=True, slots=True)
class Course:
    """Rates over time: `corners` are (seconds, per second) with straight lines between them."""

    corners: tuple[tuple[float, float], ...]

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self.corners[-1][0]

    def times(self, units: Iterator[float]) -> Iterator[float]:
        """Give the time at which the number of submissions due reaches each of the rising `units`, while it does."""
        done = 0.0
        unit = next(units)
        for (begin, low), (end, high) in zip(self.corners, self.corners[1:], strict=False):
            whole = (low + high) / 2 * (end - begin)
            while unit <= done + whole:
                yield begin + _inverse(unit - done, low, high, end - begin)
                unit = next(units)
            done += whole


def steady(rate: float, seconds: float) -> Course:
    """The same rate all the time."""
    return Course(((0.0, rate), (seconds, rate)))


def surge(rate: float, factor: float, seconds: float) -> Course:
    """A steady rate, then within a second `factor` times as much for `seconds`, then steady again."""
    begin, end = QUIET_BEFORE, QUIET_BEFORE + seconds
    full = rate * factor
    return Course(
        ((0.0, rate), (begin, rate), (begin + RISE, full), (end - RISE, full), (end, rate), (end + QUIET_AFTER, rate))
    )


def even() -> Iterator[float]:
    """One submission for each unit."""
    number = 0
    while True:
        number += 1
        yield float(number)


def patterned(moments: Sequence[datetime]) -> Iterator[float]:
    """Submissions as far apart from each other as these moments are, one for each unit on average, over and over."""
    ordered = sorted(moments)
    first, last = ordered[0], ordered[-1]
    span = (last - first).total_seconds() or 1.0
    number = len(ordered)
    turn = 0
    while True:
        for moment in ordered:
            yield 1.0 + turn * number + (moment - first).total_seconds() / span * (number - 1)
        turn += 1


def _inverse(area: float, low: float, high: float, width: float) -> float:
    """Where the area under a line from `low` to `high` reaches `area`."""
    slope = (high - low) / width
    if abs(slope) < 1e-12:
        return area / low
    return (math.sqrt(max(0.0, low * low + 2 * slope * area)) - low) / slope
