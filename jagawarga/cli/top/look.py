"""Everything that one picture needs, asked in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jagawarga.cli.top.feed import Sample, sample
from jagawarga.cli.top.link import Ask
from supervisors.control import ControlError

SHOWN = 200
COMPARED = 1_000
"""The runtime picks by totals: to find who is busy now, more are asked for than are shown."""


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


def look(ask: Ask, view: View) -> Look:
    """Ask for a view; raises `NotRunning` and `ControlError`, the latter also for an answer that makes no sense."""
    overview = ask("runtime")
    limit = COMPARED if view.sort in {"handled", "busy"} else SHOWN
    processes = ask("processes", sort=view.sort, limit=limit, matching=view.matching)
    tree = ask("tree") if view.tree else None
    try:
        return Look(overview, sample(processes, float(overview["uptime"])), tree)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = "the process answers, but not as a JagaWarga of this version"
        raise ControlError(msg) from error
