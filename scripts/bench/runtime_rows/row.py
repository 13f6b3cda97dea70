"""What a row is: something measured on the runtime and on bare Trio, and the figures that come out of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Figures: TypeAlias = dict[str, float]
Measure: TypeAlias = Callable[[int], Awaitable[Figures]]
"""Does it once at the given size, in a Trio run of its own process, and returns each figure by name."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a row; `reach` is the goal, `None` for one that is only told."""

    name: str
    unit: str
    reach: float | None
    better: Literal["less", "more"] = "less"

    def met(self, value: float) -> bool | None:
        """Tell whether `value` reaches the goal."""
        if self.reach is None:
            return None
        return value <= self.reach if self.better == "less" else value >= self.reach


@dataclass(frozen=True, slots=True)
class Row:
    """What is measured, how large, and how often; `bare` is what it is compared with, by what that does."""

    name: str
    about: str
    figures: tuple[Figure, ...]
    ours: Measure
    bare: Mapping[str, Measure]
    size: int
    quick: int
    """The size with `--quick`."""
    repetitions: int = 3

    @property
    def is_million(self) -> bool:
        """True for the rows that `--million` keeps at their size."""
        return self.size >= 1_000_000 > self.quick
