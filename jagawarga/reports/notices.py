"""What a clock has its holder told: a warning before a deadline, and reminders behind the limit at the ladder's top.

Pure, like `model`. `ReportState.told` counts what was told of the clock that runs: 0 nothing, 1 the warning, n + 1 the
n-th reminder; a step to another clock sets it back. Reminders fall due at the limit and every interval behind it. One
that was missed, because nobody ran, is not made up for: the next one counts for all.

A notice moves nothing: it is no step, has no version and no line of history, so that an officer's step is never refused
because a clock spoke. The row's `told` has it told once, whoever crashes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from jagawarga.reports.messages import ReportEvent
from jagawarga.reports.model import CLOCKS, HOLDERS, SYSTEM, ReportState, Transition, event_of, seconds

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

DUE_SOON: Final = "report.due_soon"
REMINDED: Final = "report.reminded"
WARNED: Final = 1
"""What `told` is when the warning was told, and no reminder."""


class Notice(NamedTuple):
    """Something to tell the holder: the state once it is told, the event, and when."""

    state: ReportState
    event: str
    at: datetime


def tick_at(state: ReportState) -> datetime | None:
    """When the report's actor has to look next: its deadline, or an earlier notice; `None` when there is neither."""
    due_at = state.due_at
    if state.terms.plain:
        return due_at
    told_at = notice_at(state)
    if told_at is None or due_at is None:
        return told_at or due_at
    return min(told_at, due_at)


def notice_at(state: ReportState) -> datetime | None:
    """When the next notice of the clock that runs falls due; `None` when there is none left."""
    if not _runs(state):
        return None
    if state.told < WARNED and (warn_at := _warn_at(state)) is not None:
        return warn_at
    if not _is_reminded(state) or (limit_at := state.limit_at) is None:
        return None
    return limit_at + seconds(state.terms.remind_every) * max(0, state.told - WARNED)


def notice(state: ReportState, now: datetime) -> Notice | None:
    """The notice that is due now, else `None`. A deadline that has passed counts first: `escalate` sees to it."""
    at = notice_at(state)
    if at is None or now < at or (state.due_at is not None and now >= state.due_at):
        return None
    told = count_by(state, now)
    return Notice(replace(state, told=told), DUE_SOON if told == WARNED else REMINDED, now)


def count_by(state: ReportState, now: datetime) -> int:
    """What `told` is when everything up to `now` is told."""
    if not _runs(state):
        return 0
    limit_at, warn_at = state.limit_at, _warn_at(state)
    if limit_at is not None and _is_reminded(state) and now >= limit_at:
        return WARNED + 1 + (now - limit_at) // seconds(state.terms.remind_every)
    return WARNED if warn_at is not None and now >= warn_at else 0


def event_of_notice(told: Notice, event_id: UUID) -> ReportEvent:
    """What agencies learn of a notice: never who reported, and when the limit passes, at the ladder's top, too."""
    state = told.state
    event = event_of(Transition(state, told.event, SYSTEM, told.at), event_id)
    return event._replace(due_at=state.limit_at, reporter=None)


def _runs(state: ReportState) -> bool:
    """A clock of the holder's runs; of a duplicate that of its parent does."""
    return CLOCKS.get(state.status) in HOLDERS and state.past.parent is None


def _warn_at(state: ReportState) -> datetime | None:
    terms, clock = state.terms, CLOCKS.get(state.status)
    warnings = terms.warn_respond if clock == "respond" else terms.warn_resolve
    if clock is None or not warnings:
        return None
    after = warnings[min(state.level, len(warnings) - 1)]
    # A level without a warning among levels with one.
    return state.after(seconds(after)) if after else None


def _is_reminded(state: ReportState) -> bool:
    return state.terms.remind_every > 0 and state.level + 1 >= len(state.terms.ladder)
