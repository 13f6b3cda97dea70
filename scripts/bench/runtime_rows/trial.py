"""Measuring a row: all its sides in turn, as often as wanted, each time in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from scripts.bench.runtime_rows.machine import ROOT
from scripts.bench.runtime_rows.measure import OURS
from scripts.bench.runtime_rows.row import Figure, Figures, Row


class NotMeasured(Exception):
    """The measuring process failed; the text is its last line."""


@dataclass(slots=True)
class Trial:
    """One row at one size, and what came out so far."""

    row: Row
    size: int
    repetitions: int
    judged: bool = True
    """False: the size is not one the goals are meant for."""
    found: dict[str, list[Figures]] = field(default_factory=dict)
    error: str | None = None

    def run(self) -> None:
        """Measure, ours and the bare ones in turn, so that a slow hour of the machine hits all alike."""
        try:
            for _ in range(self.repetitions):
                for side in (OURS, *self.row.bare):
                    self.found.setdefault(side, []).append(_measure(self.row, side, self.size))
        except NotMeasured as failure:
            self.error = str(failure)

    def as_json(self) -> list[dict[str, Any]]:
        """Return an entry a figure; one that says why, and no figure, when it could not be measured."""
        about = {"row": self.row.name, "about": self.row.about, "size": self.size}
        if self.error is not None:
            return [{"name": self.row.name, **about, "figure": None, "error": self.error}]
        return [about | self._entry(figure) for figure in self.row.figures]

    def _entry(self, figure: Figure) -> dict[str, Any]:
        each = self._each(OURS, figure)
        value = median(each)
        name = self.row.name
        return {
            "name": name if len(self.row.figures) == 1 else f"{name}.{figure.name.replace(' ', '_')}",
            "figure": value,
            "unit": figure.unit,
            "reach": figure.reach,
            "better": figure.better,
            "met": figure.met(value) if self.judged else None,
            "repetitions": len(each),
            "each": each,
            "bare": [self._bare(side, figure, value) for side in self.row.bare],
        }

    def _bare(self, side: str, figure: Figure, value: float) -> dict[str, Any]:
        each = self._each(side, figure)
        bare = median(each)
        return {"what": side, "figure": bare, "each": each, "ratio": value / bare if bare else None}

    def _each(self, side: str, figure: Figure) -> list[float]:
        return [figures[figure.name] for figures in self.found[side]]


def _measure(row: Row, side: str, size: int) -> Figures:
    command = [sys.executable, "-m", "scripts.bench.runtime_rows.measure", row.name, side, str(size)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode != 0:
        said = [line.strip(" |+-") for line in done.stderr.splitlines()]  # an exception group draws lines around itself
        raise NotMeasured(f"{side}: {next(filter(None, reversed(said)), f'it ended with code {done.returncode}')}")
    figures: Figures = json.loads(done.stdout)
    return figures
