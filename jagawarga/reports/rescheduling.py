"""Clocks that run, put under the terms of today: a bounded batch at a time, and only when an operator asks for it.

It may stop anywhere and begin anew: a report that has its terms already is left as it is, so each is rescheduled once.
Who holds a report keeps it, whatever the ladder looks like now: only limits, calendars and notices are changed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from jagawarga.errors import Corrupt, Invalid
from jagawarga.reports.actor import Moved
from jagawarga.reports.model import SYSTEM, ReportState, Transition
from jagawarga.reports.notices import count_by
from jagawarga.reports.rows import state_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from jagawarga.reports.actor import Crew
    from jagawarga.reports.model import Terms

BATCH: Final = 500
FIRST: Final = UUID(int=0)
RESCHEDULED: Final = "report.rescheduled"


class Batch(NamedTuple):
    """What became of a batch; `after` is where the next one begins, `None` behind the last report."""

    after: UUID | None
    looked: int
    rescheduled: int
    kept: int
    """Their deadline under the new terms would have passed already: they keep the terms they have."""
    moved: int
    """Somebody took a step while we looked: they are for another round."""


def rescheduled(state: ReportState, terms: Terms, now: datetime) -> Transition | None:
    """The step that puts a running clock under `terms`; `None` when its deadline would have passed by `now`.

    What its holder was told stays told, but for what will fall due again.
    """
    moved = replace(state, terms=terms, version=state.version + 1)
    if moved.due_at is not None and moved.due_at <= now:
        return None
    return Transition(replace(moved, told=min(state.told, count_by(moved, now))), RESCHEDULED, SYSTEM, now)


async def reschedule(crew: Crew, terms_for: Callable[[ReportState], Terms], after: UUID = FIRST) -> Batch:
    """Reschedule the open reports of one page behind `after`, in one transaction. Raises `Unavailable`.

    `terms_for` says what a report would be filed under today, on the ladder it has; `Invalid` leaves it as it is.
    """
    page = await crew.store.open_page(after, BATCH)
    now = crew.clock()
    steps: list[Transition] = []
    kept = 0
    for row in page:
        try:
            state = state_of(row)
            terms = terms_for(state)
        except (Corrupt, Invalid):  # in quarantine, or of a category that is no more
            continue
        if terms == state.terms:
            continue
        step = rescheduled(state, terms, now)
        if step is None:
            kept += 1
        else:
            steps.append(step)
    held = await crew.store.reschedule(steps) if steps else []
    for step, done in zip(steps, held, strict=True):
        process = crew.directory.reports.whereis(step.state.report_id) if done else None
        if process is not None:
            process.info(Moved(step.state))
    last = page[-1]["report_id"] if len(page) == BATCH else None
    return Batch(last, len(page), sum(held), kept, len(steps) - sum(held))
