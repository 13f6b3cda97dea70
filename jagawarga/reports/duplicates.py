"""Reports of the same thing: merged, they go along with one of them, their parent, until they are split off again.

Pure, like `lifecycle`. A duplicate keeps its own content, reporter, words and history; its clock stands still, and each
step of the parent takes it along in the same transaction. What of that its reporter may read are words that were
meant for everybody: with what ends or moves the report, never what the parent's reporter wrote or was asked.
Once resolved, each reporter has their own say: who says that it is not fixed takes a duplicate out of the family.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from jagawarga.errors import Invalid, NotFound
from jagawarga.reports.lifecycle import HELD, OPEN, STEPS, UNANSWERED, elapse, no_step, refused, stale
from jagawarga.reports.model import REPORTER, SYSTEM, Changed, Past, ReportState, Together, Transition, all_of, stepped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from jagawarga.reports.messages import Wish

MOST: Final = 100
"""Duplicates of one report: its steps are theirs in one transaction."""
FOLLOWED: Final = frozenset(
    {
        "report.acknowledged", "report.started", "report.resolved", "report.rejected",
        "report.escalated", "report.transferred", "report.reopened",
    }
)  # fmt: skip
"""Steps that a duplicate's history has under the same name; any other that moves it is an acknowledgement to it."""
WITH_WORDS: Final = frozenset({"report.resolved", "report.rejected", "report.transferred"})
"""Steps whose words are for the reporters of all."""


def merge(  # noqa: PLR0917 - the reports, then the step as `decide` is told of it
    parent: ReportState,
    known: Sequence[ReportState],
    family: Sequence[ReportState],
    wish: Wish,
    agency: str,
    now: datetime,
) -> Together:
    """Merge the first of `family`, and the duplicates it has, which are the rest of it, into `parent`.

    `known` are the duplicates that one has already.

    `agency` must hold both, on one ladder. The parent must be the one whose time is over first, so that nobody wins
    time by merging. Raises `NotFound`, `Conflict` and `Invalid` as `decide` does; a version that is expected is that
    of the first of the family.
    """
    child = family[0]
    if agency not in parent.authorities or agency not in child.authorities:
        msg = "no such report"
        raise NotFound(msg)
    if wish.expected is not None and wish.expected != child.version:
        raise stale(child.status, child.level, child.holder, child.version)
    _check(parent, child, agency, now)
    if len(known) + len(family) > MOST:
        raise refused(f"a report has at most {MOST} duplicates", parent)
    # Whoever had one of them has had what they are about.
    had = all_of(parent.past.had, *(each.past.had for each in family))
    led = stepped(parent, parent.status, past=parent.past._replace(leads=True, had=had))
    status = parent.past.resumes or parent.status
    joined = tuple(
        Transition(
            stepped(
                each,
                each.status if each.status not in OPEN else status,
                past=each.past._replace(parent=str(parent.report_id), leads=False),
                assignee=None,
            ),
            "report.merged",
            agency,
            now,
            wish.note if each is child else None,
        )
        for each in family
    )
    return Together(Transition(led, "report.joined", agency, now), joined)


def _check(parent: ReportState, child: ReportState, agency: str, now: datetime) -> None:
    """Refuse what can not be merged."""
    if parent.report_id == child.report_id:
        msg = "must be another report"
        raise Invalid(msg, fields={"into": msg})
    if (child.status, "merge") not in STEPS:
        raise no_step(child.status, child.level, child.holder, child.version, "merge")
    if elapse(child, now) is not None:
        # It is about to climb: its clock comes first.
        raise stale(child.status, child.level, child.holder, child.version)
    both_held = agency == parent.holder == child.holder and parent.terms.ladder == child.terms.ladder
    reasons = (
        (child.past.parent is not None, "the report is merged already: split it off first"),
        (parent.past.parent is not None, "the other report is a duplicate itself: merge into its parent"),
        (parent.status not in OPEN, f"the other report is {parent.status}"),
        (not both_held, "only who has to act on both reports, on one ladder, can merge them"),
    )
    for wrong, why in reasons:
        if wrong:
            raise refused(why, child)
    _check_time(parent, child, now)


def _check_time(parent: ReportState, child: ReportState, now: datetime) -> None:
    """Refuse what would win time: the clock that goes on must be the one that is over first."""
    past = parent.past
    if past.resumes is not None:
        # It stands still; were the question answered now, it would run on like this.
        parent = replace(parent, status=past.resumes, level_since=now, past=past._replace(resumes=None))
    if parent.status in UNANSWERED and child.status not in UNANSWERED:
        raise refused("the other report has not been acknowledged yet: merge that one into this one", child)
    # The limit the duplicate would have if it stood where the parent stands.
    alike = replace(child, status=child.status if parent.status in UNANSWERED else "acknowledged")
    goes_on, stands_still = parent.limit_at, alike.limit_at
    if goes_on is not None and stands_still is not None and stands_still < goes_on:
        raise refused("its time is over before that of the other report: merge that one into this one", child)


def follow(family: Iterable[ReportState], step: Transition) -> tuple[Transition, ...]:
    """What the duplicates of a report do when it takes `step`."""
    return tuple(taken for each in family if (taken := _followed(each, step)) is not None)


def _followed(child: ReportState, step: Transition) -> Transition | None:
    lead = step.state
    over = child.status in {"closed", "withdrawn"} or lead.status in {"closed", "withdrawn"}
    if over or lead.status == "waiting_for_reporter" or step.event == "report.joined":
        return None
    elsewhere = (lead.level, lead.terms.ladder) != (child.level, child.terms.ladder)
    if child.status == lead.status and not elsewhere:
        return None
    event = step.event if step.event in FOLLOWED else "report.acknowledged"
    # At the top it is reopened where it is, and with full limits all the same.
    anew = elsewhere or lead.status == "reopened"
    since = child.level_since if lead.status in HELD and not anew else lead.level_since
    past = child.past
    if anew:
        had = all_of(past.had, lead.past.had)
        past = Past(spent=lead.past.spent, disputed=past.disputed, had=had, parent=past.parent)
    other_ladder = lead.terms.ladder != child.terms.ladder
    terms = lead.terms if other_ladder else child.terms
    moved = stepped(
        child, lead.status, level=lead.level, level_since=since, terms=terms, past=past, told=0, assignee=None
    )
    with_words = event in WITH_WORDS
    return Transition(
        moved,
        event,
        # What somebody else's reporter did is nobody's deed here.
        SYSTEM if step.actor == REPORTER else step.actor,
        step.at,
        step.note if with_words else None,
        Changed(terms=terms) if other_ladder else Changed(),
        step.attachments if event == "report.resolved" else (),
    )
