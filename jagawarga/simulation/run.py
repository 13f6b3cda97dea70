"""Complaints run through the life-cycle by simulated time: filed, warned, escalated, answered. Pure.

The steps are the house's own (`reports.model`, `reports.notices`); here is only the clock that calls them. Of a
complaint the file knows when it came and when it was answered, no more. It is taken that an answer ended it: the
holder acknowledged it and nothing ran on. One that never was answered climbs to the top.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from jagawarga.calendars.model import AroundTheClock
from jagawarga.calendars.shelf import ALWAYS, calendar
from jagawarga.reports.model import escalate, filed
from jagawarga.reports.notices import DUE_SOON, notice, notice_at

if TYPE_CHECKING:
    from datetime import datetime

    from jagawarga.reports.messages import Privacy
    from jagawarga.reports.model import ReportState, Terms

_NOBODY = UUID(int=0)
_ALWAYS = AroundTheClock()


class Outcome(NamedTuple):
    """What would have become of one complaint; seconds are of the calendar at the foot of the ladder."""

    levels: int
    """How often it climbed."""
    top: bool
    """Whether it came to the highest authority, from below."""
    warnings: int
    limit: float
    """What the first holder had to respond."""
    response: float | None
    """What it took; `None` without an answer."""
    late: float | None
    """By how much of that the answer was late; 0 for one in time."""


def simulate(terms: Terms, submitted: datetime, answered: datetime | None, privacy: Privacy) -> Outcome:
    """Run one complaint; an answer before its filing counts as one at once."""
    if answered is not None:
        answered = max(answered, submitted)
    first = filed(_NOBODY, privacy=privacy, category="", reporter=None, terms=terms, now=submitted, grain=0.0).state
    state, warnings = _climb(first, answered)
    limit = terms.limit("respond", 0).total_seconds()
    response = late = None
    if answered is not None:
        reference = terms.calendars[0] if terms.calendars else ALWAYS
        hours = _ALWAYS if reference == ALWAYS else calendar(reference)
        response = hours.elapsed(submitted, answered).total_seconds()
        late = max(0.0, response - limit)
    return Outcome(state.level, 0 < state.level == len(terms.ladder) - 1, warnings, limit, response, late)


def _climb(state: ReportState, until: datetime | None) -> tuple[ReportState, int]:
    """Do what the actor of a report does, until it is answered or stands where nothing moves it."""
    warnings = 0
    while True:
        told_at, due_at = notice_at(state), state.due_at
        # A warning that comes with its deadline would be none.
        if told_at is not None and (until is None or told_at < until) and (due_at is None or told_at < due_at):
            told = notice(state, told_at)
            # Reminders at the top go on for ever.
            if told is None or told.event != DUE_SOON:
                return state, warnings
            state, warnings = told.state, warnings + 1
            continue
        # An answer in the very moment of the deadline comes too late, as it does in the house.
        step = None if due_at is None or (until is not None and until < due_at) else escalate(state, due_at)
        if step is None:
            return state, warnings
        state = step.state
