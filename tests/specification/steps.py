"""What becomes of a report: docs/life-cycle.md as small pure functions, written without a look at how the product does it.

Nothing here waits or knows of HTTP: a report is a value, a step gives the next one or the refusal. A new step is a
function in `EFFECTS`, and lines in `tables.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from tests.specification.tables import BY_AUTHORITY, BY_REPORTER, ENDS, EVENTS, HELD, OF_A_DUPLICATE, UNANSWERED
from tests.specification.world import (
    ANSWER,
    CONFIRM,
    LADDERS,
    RESOLVE,
    RESPOND,
    Actor,
    Spot,
    agency_for,
    ceil,
    floor,
    limit,
)

QUESTIONS: Final = 3
"""For so many a level the clock stands still."""
NO_TIME: Final = timedelta(0)
REPORTER: Final = "reporter"
"""How a history calls whoever filed it."""


class Line(NamedTuple):
    """A line of history."""

    event: str
    status: str
    level: int
    holder: str
    actor: str
    at: datetime
    note: str | None
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A report as it is."""

    privacy: str
    category: str
    text: str
    spot: Spot
    owner: Actor | None
    """Nobody, of an anonymous one."""
    ladder: tuple[str, ...]
    since: datetime
    """When the clock that runs began."""
    status: str = "received"
    level: int = 0
    spent: timedelta = NO_TIME
    """What the level had used before."""
    before: str | None = None
    """While the reporter is asked: what it was."""
    asked: int = 0
    disputed: bool = False
    had: frozenset[str] = frozenset()
    assignee: Actor | None = None
    satisfaction: int | None = None
    attachments: int = 0
    measured_as: str = ""
    """The category whose limits count, where that is not its own."""
    parent: str | None = None
    """The id of the report it goes along with."""
    leads: bool = False
    """Others went along with it once, and may still."""
    history: tuple[Line, ...] = ()

    @property
    def holder(self) -> str:
        return self.ladder[self.level]

    @property
    def authorities(self) -> tuple[str, ...]:
        """Who sees it: the holder, and those below."""
        return self.ladder[: self.level + 1]

    @property
    def version(self) -> int:
        return len(self.history)

    @property
    def at_the_top(self) -> bool:
        return self.level == len(self.ladder) - 1

    @property
    def due(self) -> datetime | None:
        """When something happens by itself."""
        if self.status in ENDS:
            return None
        if self.status == "waiting_for_reporter":
            return self.since + ANSWER
        if self.status == "resolved":
            return self.since + CONFIRM
        # Of a duplicate the clock of its parent counts.
        return None if self.at_the_top or self.parent else self.limit

    @property
    def late_at(self) -> datetime | None:
        """When the limit that runs is over, also where nothing happens then."""
        if self.status in ENDS or self.status in {"waiting_for_reporter", "resolved"}:
            return self.due
        return None if self.parent else self.limit

    @property
    def limit(self) -> datetime:
        """When the time of who holds it is over, also where nothing happens then."""
        table = RESPOND if self.status in UNANSWERED else RESOLVE
        hours = limit(table, self.measured_as or self.category, self.level)
        return self.since + max(NO_TIME, hours - self.spent)

    def used(self, now: datetime) -> timedelta:
        """What the level has used of its time."""
        return self.spent + max(NO_TIME, now - self.since)


class Wish(NamedTuple):
    """What somebody wants: the step, the words with it, the version it is meant for, and what is the step's own."""

    step: str
    words: str | None = None
    version: int | None = None
    agency: str = ""
    category: str | None = None
    spot: Spot | None = None
    officer: Actor | None = None
    satisfaction: int | None = None
    attachments: tuple[str, ...] = ()
    answer: str | None = None
    """Of those the agency keeps; `words` is what it says."""
    into: str | None = None


class Refused(NamedTuple):
    """No, and with which status of HTTP."""

    status: int


Outcome = Report | Refused
NO_SUCH_REPORT: Final = Refused(404)
NOT_NOW: Final = Refused(409)
NOT_THAT: Final = Refused(422)


def moved(
    report: Report, event: str, actor: str, at: datetime, note: str | None = None, *, uploads: int = 0, **changes: Any
) -> Report:
    """The report after a step, with its line of history; what an anonymous reporter does is told to the minute."""
    after = replace(report, **changes)
    at = floor(at) if actor == REPORTER and report.privacy == "anonymous" else at
    line = Line(f"report.{event}", after.status, after.level, after.holder, actor, at, note, uploads)
    return replace(after, history=(*report.history, line))


def filed(privacy: str, category: str, text: str, spot: Spot, reporter: Actor, *, now: datetime) -> Report:
    """A new report; an anonymous one is nobody's, of the whole minute before, and its clock runs from the one behind."""
    hidden = privacy == "anonymous"
    since, seen = (ceil(now), floor(now)) if hidden else (now, now)
    ladder = LADDERS[agency_for(category, spot)]
    made = Report(privacy, category, text, spot, None if hidden else reporter, ladder, since)
    return moved(made, "received", "system", seen)


def raised(
    report: Report, event: str, actor: str, at: datetime, *, since: datetime, note: str | None = None, uploads: int = 0
) -> Report:
    """One level up with whole limits and nobody's in particular; at the top it stays, and so does who has it."""
    return moved(
        report, event, actor, at, note, uploads=uploads,
        status=event, level=report.level + (not report.at_the_top), since=since, spent=NO_TIME, before=None, asked=0,
        assignee=report.assignee if report.at_the_top else None,
    )  # fmt: skip


def lapses(report: Report, now: datetime) -> Iterator[Report]:
    """What time does by itself, step by step."""
    while (due := report.due) is not None and due <= now:
        if report.status == "waiting_for_reporter":
            # From the end of the seventh day on: the holder has neither lost that time nor won it.
            report = moved(report, "resumed", "system", now, status=report.before, before=None, since=due)
        elif report.status == "resolved":
            report = moved(report, "closed", "system", now, status="closed")
        else:
            report = raised(report, "escalated", "system", now, since=now)
        yield report


def by_authority(report: Report, agency: str, wish: Wish, now: datetime) -> Outcome:
    """A step of an officer of `agency`."""
    if agency not in report.authorities:
        return NO_SUCH_REPORT
    who = BY_AUTHORITY.get((wish.step, report.status))
    if wish.version not in {None, report.version} or who is None or (who != "any" and agency != report.holder):
        return NOT_NOW
    if report.parent and report.status in HELD and wish.step not in OF_A_DUPLICATE:
        return NOT_NOW
    if who == "duplicate" and not report.parent:
        return NOT_NOW
    return EFFECTS[wish.step](report, wish, agency, now)


def by_reporter(report: Report, wish: Wish, now: datetime) -> Outcome:
    """A step of the reporter, signed in or by the code: whoever is neither is not asked here."""
    who = BY_REPORTER.get((wish.step, report.status))
    touched = report.level > 0 or report.had or report.parent or report.leads
    if wish.version not in {None, report.version} or who is None or (who == "untouched" and touched):
        return NOT_NOW
    if who == "in-time" and (report.disputed or now > report.since + CONFIRM):
        return NOT_NOW
    return EFFECTS[wish.step](report, wish, REPORTER, now)


def plain(**changes: Any) -> Callable[[Report, Wish, str, datetime], Outcome]:
    """A step that does no more than its line says, and these changes."""

    def effect(report: Report, wish: Wish, actor: str, now: datetime) -> Outcome:
        return moved(report, EVENTS[wish.step], actor, now, wish.words, uploads=len(wish.attachments), **changes)

    return effect


def ended(status: str) -> Callable[[Report, Wish, str, datetime], Outcome]:
    """The agency is done with it: from now on the reporter may say that it is not so."""

    def effect(report: Report, wish: Wish, actor: str, now: datetime) -> Outcome:
        changes = {"status": status, "since": now, "spent": NO_TIME, "before": None}
        return moved(report, EVENTS[wish.step], actor, now, wish.words, uploads=len(wish.attachments), **changes)

    return effect


def ask(report: Report, wish: Wish, actor: str, now: datetime) -> Outcome:
    """The clock stands still, for so many questions; to ask is to have responded."""
    then = "acknowledged" if report.status in UNANSWERED else report.status
    changes: dict[str, Any] = {"status": then}
    if report.asked < QUESTIONS:
        changes = {
            "status": "waiting_for_reporter", "before": then, "asked": report.asked + 1,
            "spent": report.used(now), "since": now,
        }  # fmt: skip
    return moved(report, "asked", actor, now, wish.words, uploads=len(wish.attachments), **changes)


def message(report: Report, wish: Wish, actor: str, now: datetime) -> Outcome:
    """Words; where somebody has asked they are the answer, and the clock runs on."""
    event, changes = "commented", {}
    if report.before is not None:
        event, changes = "answered", {"status": report.before, "before": None, "since": ceiled(report, now)}
    return moved(report, event, actor, now, wish.words, uploads=len(wish.attachments), **changes)


def not_fixed(report: Report, wish: Wish, actor: str, now: datetime) -> Outcome:
    """A level up at once; a duplicate alone, and no longer one."""
    report = replace(report, disputed=report.disputed or report.status == "rejected", parent=None)
    since, uploads = ceiled(report, now), len(wish.attachments)
    return raised(report, "reopened", actor, now, since=since, note=wish.words, uploads=uploads)


def transfer(report: Report, wish: Wish, actor: str, now: datetime) -> Outcome:
    """To the foot of another ladder, the time going along, half of the limit at most.

    From agency to agency not to who had it before: who is above them decides. And never to who is above oneself.
    """
    to = wish.agency
    if to in report.ladder:
        return NOT_THAT
    if to in report.had and report.level == 0:
        return NOT_NOW if report.at_the_top else raised(report, "escalated", actor, now, since=now, note=wish.words)
    spent = min(report.used(now), limit(RESPOND, report.category, 0) / 2)
    return moved(
        report, "transferred", actor, now, wish.words,
        status="received", ladder=LADDERS[to], level=0, since=now, spent=spent, before=None, asked=0,
        had=report.had | set(report.authorities), assignee=None, measured_as="",
    )  # fmt: skip


def reclassify(report: Report, wish: Wish, actor: str, now: datetime) -> Outcome:
    """Another category's limits, from the same moment; not more time for one that others go along with."""
    if wish.category == report.category:
        return NOT_THAT
    other = replace(report, category=wish.category or report.category, measured_as="")
    if report.leads and other.limit > report.limit:
        return NOT_NOW
    return moved(report, "reclassified", actor, now, wish.words, category=wish.category, measured_as="")


def assign(report: Report, wish: Wish, actor: str, now: datetime) -> Outcome:
    """To an officer, or to nobody in particular."""
    return moved(report, "assigned", actor, now, assignee=wish.officer)


def edit(report: Report, wish: Wish, actor: str, now: datetime) -> Outcome:
    """Other words, another category or place, as long as the same agency is in charge."""
    category, spot = wish.category or report.category, wish.spot or report.spot
    if agency_for(category, spot) != report.ladder[0]:
        return NOT_NOW
    return moved(report, "edited", actor, now, text=wish.words or report.text, category=category, spot=spot)


def confirm(report: Report, wish: Wish, actor: str, now: datetime) -> Outcome:
    """It is fixed."""
    satisfaction = report.satisfaction if wish.satisfaction is None else wish.satisfaction
    return moved(report, "confirmed", actor, now, wish.words, status="closed", satisfaction=satisfaction)


def ceiled(report: Report, at: datetime) -> datetime:
    """When a clock begins to run that a reporter sets going; an anonymous one's begins with the next grain."""
    return ceil(at) if report.privacy == "anonymous" else at


EFFECTS: Final[Mapping[str, Callable[[Report, Wish, str, datetime], Outcome]]] = {
    "acknowledge": plain(status="acknowledged"),
    "start": plain(status="in_progress"),
    "ask": ask,
    "reply": plain(),
    "note": plain(),
    # It stays where its parent stands, and its own clock is as if it had run on.
    "split": plain(parent=None),
    # What it comes to is a matter of two: see `families`.
    "merge": plain(),
    "resolve": ended("resolved"),
    "reject": ended("rejected"),
    "transfer": transfer,
    "reclassify": reclassify,
    "assign": assign,
    "unassign": assign,
    "edit": edit,
    "withdraw": plain(status="withdrawn"),
    "messages": message,
    "confirm": confirm,
    "not-fixed": not_fixed,
}
