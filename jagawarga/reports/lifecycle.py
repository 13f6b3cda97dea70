"""A report's life-cycle, decided without waiting: who may take which step in which status, and what time itself does.

Two tables say what authorities and the reporter may do; whatever is not in them is a `Conflict`. Time has a report
climb when its holder is late, goes on when the reporter who was asked is silent, and closes what nobody denies.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from jagawarga.errors import Conflict, Invalid, NotFound
from jagawarga.reports.model import (
    CLOCKS,
    REPORTER,
    SYSTEM,
    Changed,
    Past,
    ReportState,
    Transition,
    all_of,
    ceil_to,
    floor_to,
    stepped,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from jagawarga.reports.messages import Action, ReporterAction, ReportView, Status, Wish
    from jagawarga.reports.model import Terms

ESCALATED: Final = "report.escalated"
UNANSWERED: Final[tuple[Status, ...]] = ("received", "escalated", "reopened")
HELD: Final[tuple[Status, ...]] = (*UNANSWERED, "acknowledged", "in_progress")
OPEN: Final[tuple[Status, ...]] = (*HELD, "waiting_for_reporter")

STEPS: Final[Mapping[tuple[Status, Action], tuple[Status, str]]] = {
    **{(status, "acknowledge"): ("acknowledged", "report.acknowledged") for status in UNANSWERED},
    ("acknowledged", "start"): ("in_progress", "report.started"),
    # A small thing may be mended on the spot, without a phase of work to announce.
    ("acknowledged", "resolve"): ("resolved", "report.resolved"),
    ("in_progress", "resolve"): ("resolved", "report.resolved"),
    ("waiting_for_reporter", "resolve"): ("resolved", "report.resolved"),
    **{(status, "reject"): ("rejected", "report.rejected") for status in OPEN},
    **{(status, "ask"): ("waiting_for_reporter", "report.asked") for status in HELD},
    **{(status, "transfer"): ("received", "report.transferred") for status in HELD},
    **{(status, "reclassify"): (status, "report.reclassified") for status in HELD},
    **{(status, "merge"): (status, "report.merged") for status in HELD},
    **{(status, "split"): (status, "report.split") for status in HELD},
    **{(status, "assign"): (status, "report.assigned") for status in OPEN},
    **{(status, "reply"): (status, "report.replied") for status in (*OPEN, "resolved")},
    **{(status, "note"): (status, "report.noted") for status in (*OPEN, "resolved")},
}
"""What an authority may do: (status, action) → (new status, event)."""
FOR_THE_HOLDER: Final[frozenset[Action]] = frozenset(
    {"acknowledge", "ask", "assign", "merge", "reclassify", "reject", "split", "transfer"}
)
"""What authorities below, who keep the report in view, may not do any more: whoever was late can not stop the clock of
the authority above, nor end what has climbed to it. They may still work on it, and resolve it once it is acknowledged.
"""
OF_A_DUPLICATE: Final[frozenset[Action]] = frozenset({"reply", "note", "split"})
"""What can be done with a report that goes along with another one; all else is done with that one, for both."""

REPORTER_STEPS: Final[Mapping[tuple[Status, ReporterAction], tuple[Status, str]]] = {
    ("received", "edit"): ("received", "report.edited"),
    ("received", "withdraw"): ("withdrawn", "report.withdrawn"),
    **{(status, "message"): (status, "report.commented") for status in (*HELD, "resolved")},
    # Or whatever it was before the question.
    ("waiting_for_reporter", "message"): ("acknowledged", "report.answered"),
    ("resolved", "confirm"): ("closed", "report.confirmed"),
    ("resolved", "dispute"): ("reopened", "report.reopened"),
    ("rejected", "dispute"): ("reopened", "report.reopened"),
}
"""What the reporter may do, likewise. Untouched is what nobody has seen to or passed on; only then it may change."""

QUESTIONS: Final = 3
"""For so many questions the clock of a level stands still; a holder who asks more loses time."""
HALF: Final = 2
"""Whoever is passed a report has at least one part in so many of the limit left to respond."""


def decide(state: ReportState, wish: Wish, agency: str, now: datetime, terms: Terms | None = None) -> Transition:
    """The step `agency` takes. Raises `Conflict` where the table has none, `NotFound` for who may not see it.

    A step that expects another version is a `Conflict` that tells where the report is now. `terms` are those of the
    agency to transfer to, or of the other category.
    """
    if agency not in state.authorities:
        msg = "no such report"
        raise NotFound(msg)
    assert wish.action != "merge"  # a step of two reports: see `duplicates`
    status, event = _found(state, wish, STEPS)
    _check(state, wish.action, agency)
    match wish.action:
        case "ask":
            return _ask(state, agency, now, wish)
        case "transfer":
            return _transfer(state, agency, now, wish.note, terms)
        case "reclassify":
            return _reclassify(state, agency, now, wish, terms)
        case "split":
            # It stands where its parent stands, under its own clock, as if that had run on.
            moved = stepped(state, status, told=0, past=state.past._replace(parent=None))
        case "assign":
            moved = stepped(state, status, assignee=wish.officer)
        case "resolve" | "reject":
            moved = stepped(state, status, level_since=now, past=state.past._replace(resumes=None, spent=0.0))
        case _:
            moved = stepped(state, status)
    return Transition(moved, event, agency, now, wish.note, attachments=wish.attachments)


def _check(state: ReportState, action: Action | ReporterAction, agency: str) -> None:
    """Refuse what the table has, but not for this authority, or not for this report."""
    if action in FOR_THE_HOLDER and agency != state.holder:
        raise refused(f"only {state.holder} may do that, who has to act now", state)
    parent = state.past.parent
    if parent is not None and state.status in HELD and action not in OF_A_DUPLICATE:
        raise refused(f"it goes along with {parent}: act on that one, or split it off", state)
    if action == "split" and parent is None:
        raise refused("the report is not merged into another one", state)


def decide_as_reporter(
    state: ReportState, wish: Wish, now: datetime, grain: float, changed: Changed | None = None
) -> Transition:
    """The step the reporter takes. Raises `Conflict` as `decide` does. `changed` is what an edit makes of the content.

    Of an anonymous reporter the time is kept in grains of `grain` seconds, as it is when they file.
    """
    status, event = _found(state, wish, REPORTER_STEPS)
    at, since = (floor_to(now, grain), ceil_to(now, grain)) if state.privacy == "anonymous" else (now, now)
    match wish.action:
        case "edit" | "withdraw" if state.level or state.past.had or state.past.parent or state.past.leads:
            msg = "a report that has been seen to, or passed on, can not be changed any more"
            raise refused(msg, state)
        case "dispute":
            moved = _disputed(state, now, since)
        case "message" if state.past.resumes is not None:
            moved = _resumed(state, since)
        case "edit" if changed is not None and changed.terms is not None:
            moved = stepped(state, status, category=changed.category, terms=changed.terms, told=0)
        case _:
            moved = stepped(state, status)
    changed = Changed(satisfaction=wish.satisfaction) if changed is None else changed
    return Transition(moved, event, REPORTER, at, wish.note, changed, wish.attachments)


def elapse(state: ReportState, now: datetime) -> Transition | None:
    """What time itself does when a deadline has passed, else `None`; one step, each level with its full limits."""
    due_at = state.due_at
    if due_at is None or now < due_at:
        return None
    match CLOCKS[state.status]:
        case "answer":
            # From the deadline on, however late we are: the holder has not lost that time, nor gained it.
            return Transition(_resumed(state, due_at), "report.resumed", SYSTEM, now)
        case "confirm":
            return Transition(stepped(state, "closed"), "report.closed", SYSTEM, now)
    return Transition(_raised(state, "escalated", now), ESCALATED, SYSTEM, now)


def stale(status: Status, level: int, holder: str, version: int) -> Conflict:
    """The refusal of a step that was decided on another version than the report has now."""
    current = _current(status, level, holder, version)
    return Conflict("the report has moved on since it was read", code="stale-version", current=current)


def no_step(status: Status, level: int, holder: str, version: int, action: Action | ReporterAction) -> Conflict:
    """The refusal of what is not in the table, in the words of who asked."""
    name = "not-fixed" if action == "dispute" else action
    msg = f"a report that is {status} has no step {name!r}"
    return Conflict(msg, current=_current(status, level, holder, version))


def refused(why: str, report: ReportState | ReportView) -> Conflict:
    """The refusal of a step that can not be taken as the report stands."""
    return Conflict(why, current=_current(report.status, report.level, report.holder, report.version))


def _current(status: Status, level: int, holder: str, version: int) -> dict[str, str | int]:
    return {"status": status, "level": level, "holder": holder, "version": version}


def _found(state: ReportState, wish: Wish, table: Mapping[Any, tuple[Status, str]]) -> tuple[Status, str]:
    if wish.expected is not None and wish.expected != state.version:
        raise stale(state.status, state.level, state.holder, state.version)
    found = table.get((state.status, wish.action))
    if found is None:
        raise no_step(state.status, state.level, state.holder, state.version, wish.action)
    return found


def _raised(state: ReportState, status: Status, since: datetime) -> ReportState:
    """The report one level up, where nobody has it yet and the limits are whole; at the top it stays there."""
    level = min(state.level + 1, len(state.terms.ladder) - 1)
    past = Past(disputed=state.past.disputed, had=state.past.had, leads=state.past.leads)
    assignee = state.assignee if level == state.level else None
    return stepped(state, status, level=level, level_since=since, told=0, past=past, assignee=assignee)


def _ask(state: ReportState, agency: str, now: datetime, wish: Wish) -> Transition:
    """The reporter is asked, and the clock stands still: asking is an answer, but not for ever."""
    resumes: Status = "acknowledged" if state.status in UNANSWERED else state.status
    past = state.past
    if past.asked >= QUESTIONS:
        moved = stepped(state, resumes)
    else:
        past = past._replace(resumes=resumes, spent=_spent(state, now), asked=past.asked + 1)
        moved = stepped(state, "waiting_for_reporter", level_since=now, past=past)
    return Transition(moved, "report.asked", agency, now, wish.note, attachments=wish.attachments)


def _resumed(state: ReportState, since: datetime) -> ReportState:
    assert state.past.resumes is not None
    return stepped(state, state.past.resumes, level_since=since, past=state.past._replace(resumes=None))


def _transfer(state: ReportState, agency: str, now: datetime, note: str | None, terms: Terms | None) -> Transition:
    """The report goes to the foot of another ladder, and the time it has taken goes along.

    From agency to agency it does not go to one that had it before: where two send it to each other, it climbs, and
    the authority above decides.
    """
    assert terms is not None
    target = terms.ladder[0]
    if target in state.authorities:
        msg = "has the report already"
        raise Invalid(msg, fields={"agency": msg})
    if target in state.terms.ladder[state.level + 1 :]:
        msg = "is above: what is late climbs there by itself"
        raise Invalid(msg, fields={"agency": msg})
    if target in state.past.had and not state.level:
        if len(state.terms.ladder) == 1:
            msg = f"{target} has had the report, and nobody is above {agency} to decide between them"
            raise refused(msg, state)
        return Transition(_raised(state, "escalated", now), ESCALATED, agency, now, note)
    spent = min(_spent(state, now), terms.limit("respond", 0).total_seconds() / HALF)
    had = all_of(state.past.had, state.authorities)
    past = Past(None, spent, 0, state.past.disputed, had, leads=state.past.leads)
    moved = stepped(state, "received", terms=terms, level=0, level_since=now, told=0, past=past, assignee=None)
    return Transition(moved, "report.transferred", agency, now, note, Changed(terms=terms))


def _reclassify(state: ReportState, agency: str, now: datetime, wish: Wish, terms: Terms | None) -> Transition:
    """The report is of another category: its clock ran from the same moment, with that category's limits."""
    assert terms is not None
    if wish.category == state.category:
        msg = "is the report's category already"
        raise Invalid(msg, fields={"category": msg})
    if terms.ladder != state.terms.ladder:
        raise stale(state.status, state.level, state.holder, state.version)
    moved = stepped(state, state.status, category=wish.category, terms=terms, told=0)
    before, after = state.limit_at, moved.limit_at
    if state.past.leads and before is not None and after is not None and after > before:
        raise refused("its duplicates would lose the time they have: split them off first", state)
    changed = Changed(terms=terms, category=wish.category)
    return Transition(moved, "report.reclassified", agency, now, wish.note, changed)


def _disputed(state: ReportState, now: datetime, since: datetime) -> ReportState:
    """Not so, says the reporter: it goes to the authority above at once."""
    if state.status == "rejected":
        if state.past.disputed:
            msg = "the rejection was disputed before, and the answer stands"
            raise refused(msg, state)
        if now > state.level_since + state.terms.limit("confirm", state.level):
            msg = "the time in which a rejection can be disputed is over"
            raise refused(msg, state)
    past = state.past._replace(disputed=state.past.disputed or state.status == "rejected")
    return _raised(replace(state, past=past), "reopened", since)


def _spent(state: ReportState, now: datetime) -> float:
    """Seconds of its limits that the level has used."""
    return state.past.spent + state.terms.passed(state.level, state.level_since, now).total_seconds()
