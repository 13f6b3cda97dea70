"""Everything that one picture needs, asked in one go."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from jagawarga.cli.top.feed import Sample, sample
from jagawarga.cli.top.link import Ask
from supervisors.control import ControlError

SHOWN = 200
COMPARED = 1_000
"""The runtime picks by totals: to find who is busy now, more are asked for than are shown."""
SURVEY_WITHIN = 30.0
"""The runtime goes through all its actors: seconds where there are millions."""
REST = 9.0
"""Seconds between looks for each that the runtime was busy with looking: who looks on must not become the load."""


@dataclass(frozen=True, slots=True)
class View:
    """What the screen wants to see; the tree is asked for only while it is looked at."""

    sort: str = "mailbox"
    matching: str = ""
    tree: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What there was to see, as answered: the runtime as a whole, processes, the tree if wanted."""

    overview: dict[str, Any]
    sample: Sample
    tree: dict[str, Any] | None
    took: float
    """Seconds of going through all actors; not the wait for a blocked loop, which costs nobody anything."""


def look(ask: Ask, view: View) -> Look:
    """Ask for a view; raises `NotRunning` and `ControlError`, the latter also for an answer that makes no sense."""
    overview = ask("runtime")
    limit = COMPARED if view.sort in {"handled", "busy"} else SHOWN
    began = perf_counter()
    processes = ask("processes", SURVEY_WITHIN, sort=view.sort, limit=limit, matching=view.matching)
    took = perf_counter() - began
    tree = ask("tree") if view.tree else None
    try:
        return Look(overview, sample(processes, float(overview["uptime"])), tree, took)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = "the process answers, but not as a JagaWarga of this version"
        raise ControlError(msg) from error


def rest(outcome: object, interval: float) -> float:
    """Return the seconds until the next look: the interval, or longer where looking is costly."""
    return max(interval, REST * outcome.took) if isinstance(outcome, Look) else interval
