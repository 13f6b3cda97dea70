"""Reports of the same thing: what becomes of duplicates, as docs/life-cycle.md has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from tests.specification.steps import (
    NO_SUCH_REPORT,
    NO_TIME,
    NOT_NOW,
    NOT_THAT,
    REPORTER,
    Refused,
    Report,
    Wish,
    by_authority,
    moved,
)
from tests.specification.tables import HELD, OPEN, UNANSWERED

SAID_TO_ALL: Final = frozenset({"report.resolved", "report.rejected", "report.transferred"})
"""What ends a report or passes it on is said to the reporters of all, with its proof; nothing else is."""
SHARED: Final = SAID_TO_ALL | {"report.acknowledged", "report.started", "report.escalated", "report.reopened"}
"""Steps that a duplicate's history has by the same name; by any other it is acknowledged."""
NEW_CLOCK: Final = frozenset({"report.escalated", "report.reopened", "report.transferred"})


def merged(
    parent: Report, family: Sequence[Report], agency: str, wish: Wish, now: datetime
) -> tuple[Report, tuple[Report, ...]] | Refused:
    """The parent, and the family (a report, first, and its own duplicates) that goes along with it from now on."""
    child = family[0]
    if agency not in child.authorities:
        return NO_SUCH_REPORT
    if agency not in parent.authorities:
        return NOT_THAT
    fits = by_authority(child, agency, wish, now)
    if isinstance(fits, Refused):
        return fits
    together = agency == parent.holder and parent.ladder == child.ladder
    if not together or parent.parent or parent.status not in OPEN or later_than(parent, child, now):
        return NOT_NOW
    status = parent.before or parent.status
    joined = [
        moved(
            each, "merged", agency, now, wish.words if each is child else None,
            status=status if each.status in OPEN else each.status, parent=wish.into, leads=False, assignee=None,
        )
        for each in family
    ]  # fmt: skip
    # Whoever had one of them has had what they are about.
    had = parent.had.union(*(each.had for each in family))
    return moved(parent, "joined", agency, now, leads=True, had=had), tuple(joined)


def later_than(parent: Report, child: Report, now: datetime) -> bool:
    """Would the duplicate win time? The clock that goes on must be the one that is over first."""
    if parent.before is not None:
        # Were it answered now.
        parent = replace(parent, status=parent.before, since=now, before=None)
    if parent.status in UNANSWERED:
        return child.status not in UNANSWERED or child.limit < parent.limit
    return replace(child, status="acknowledged").limit < parent.limit


def followed(child: Report, parent: Report) -> Report:
    """The duplicate after a step of its parent; the same where that is none of it."""
    step = parent.history[-1]
    gone = {"closed", "withdrawn"}
    moves = (child.status, child.level, child.ladder) != (parent.status, parent.level, parent.ladder)
    if child.status in gone or parent.status in gone | {"waiting_for_reporter"} or not moves:
        return child
    event = step.event if step.event in SHARED else "report.acknowledged"
    said = step if event in SAID_TO_ALL else step._replace(note=None, attachments=0)
    if event in NEW_CLOCK:
        clock = {"since": parent.since, "spent": parent.spent, "asked": 0, "had": child.had | parent.had}
    else:
        # Its own runs on, unseen; behind an end it is the reporter's, and begins there.
        clock = {} if parent.status in HELD else {"since": parent.since, "spent": NO_TIME}
    if child.ladder != parent.ladder:
        # Passed on, all have the limits of the one that was.
        clock |= {"measured_as": parent.measured_as or parent.category}
    # What somebody else's reporter did is nobody's deed here.
    actor = "system" if step.actor == REPORTER else step.actor
    return moved(
        child, event.removeprefix("report."), actor, step.at, said.note, uploads=said.attachments,
        status=parent.status, level=parent.level, ladder=parent.ladder, assignee=None, **clock,
    )  # fmt: skip
