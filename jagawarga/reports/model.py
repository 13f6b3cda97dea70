"""A report as decisions need it: its state, its terms, its clocks; the decisions are in `lifecycle`.

Everything here takes values and the time, and returns values. Whoever holds a level has two limits, both counted
from the moment the report came to that level: one to respond, one to resolve. A limit that passes moves the report
one level up, and the clocks begin anew there. At an end no clock runs, and at the top of the ladder a limit that
passes moves nothing: what a clock has its holder told before and after that is in `notices`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from jagawarga.calendars.shelf import ALWAYS, calendar
from jagawarga.reports.messages import INTERNAL, Privacy, ReportEvent, Status

Clock = Literal["respond", "resolve", "answer", "confirm"]

CLOCKS: Final[Mapping[Status, Clock]] = {
    "received": "respond",
    "escalated": "respond",
    "reopened": "respond",
    "acknowledged": "resolve",
    "in_progress": "resolve",
    "waiting_for_reporter": "answer",
    "resolved": "confirm",
}
"""Which limit runs in which status; a status that is not here is an end."""
HOLDERS: Final[frozenset[Clock]] = frozenset({"respond", "resolve"})
"""The clocks of whoever holds the report; the others are the reporter's."""

ENDS: Final[frozenset[Status]] = frozenset({"closed", "rejected", "withdrawn"})
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_UNASKED: Final[Any] = object()
SYSTEM: Final = "system"
"""The actor of what happens by itself."""
REPORTER: Final = "reporter"
"""The actor of what the reporter does."""
_DAY: Final = 24 * 3600.0
ANSWER_WITHIN: Final = 7 * _DAY
CONFIRM_WITHIN: Final = 14 * _DAY


@dataclass(frozen=True, slots=True)
class Terms:
    """What a report was filed under: its ladder, and its limits in seconds for each level (the last one repeats).

    Copied onto the report, so that a change of the catalogue never touches a clock that runs. `calendars` are
    references to what counts as time, for each level as well; none: all time. Its holder is warned after `warn_…`
    seconds, and at the top of the ladder reminded every `remind_every` seconds behind the limit; 0 and none: never.
    """

    ladder: tuple[str, ...]
    respond_within: tuple[float, ...]
    resolve_within: tuple[float, ...]
    calendars: tuple[str, ...] = ()
    warn_respond: tuple[float, ...] = ()
    warn_resolve: tuple[float, ...] = ()
    remind_every: float = 0.0
    answer_within: float = 0.0
    """Seconds for which the clock stands still when the reporter is asked; 0: `ANSWER_WITHIN`."""
    confirm_within: float = 0.0
    """Seconds in which the reporter may say that it is not so; 0: `CONFIRM_WITHIN`."""
    plain: bool = field(default=True, init=False, repr=False, compare=False)
    """Nothing but a ladder and limits, as most are."""
    _hash: int = field(default=0, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Reckon the hash once: each report that is filed asks for it several times."""
        more = self.more
        object.__setattr__(self, "plain", not any(more))
        object.__setattr__(self, "_hash", hash((self.ladder, self.respond_within, self.resolve_within, *more)))

    def __hash__(self) -> int:
        """Equal terms have one hash."""
        return self._hash

    def limit(self, clock: Clock, level: int) -> timedelta:
        """How long the holder of `level` has, or the reporter."""
        match clock:
            case "answer":
                return seconds(self.answer_within or ANSWER_WITHIN)
            case "confirm":
                return seconds(self.confirm_within or CONFIRM_WITHIN)
        limits = self.respond_within if clock == "respond" else self.resolve_within
        return seconds(limits[min(level, len(limits) - 1)])

    def after(self, level: int, since: datetime, span: timedelta) -> datetime:
        """The moment when `span` of the time that counts at `level` has passed since then."""
        calendars = self.calendars
        if not calendars or (reference := calendars[min(level, len(calendars) - 1)]) == ALWAYS:
            return since + span
        return calendar(reference).due(since, span)

    def passed(self, level: int, since: datetime, now: datetime) -> timedelta:
        """How much of the time that counts at `level` has passed since then."""
        calendars = self.calendars
        if not calendars or (reference := calendars[min(level, len(calendars) - 1)]) == ALWAYS:
            return max(timedelta(0), now - since)
        return calendar(reference).elapsed(since, now) if now > since else timedelta(0)

    @property
    def more(self) -> More:
        """What goes beyond ladder and limits, in order."""
        return (
            self.calendars, self.warn_respond, self.warn_resolve, self.remind_every,
            self.answer_within, self.confirm_within,
        )  # fmt: skip


More = tuple[tuple[str, ...], tuple[float, ...], tuple[float, ...], float, float, float]


@lru_cache(maxsize=4096)
def seconds(number: float) -> timedelta:
    """So many seconds; the same few numbers come again and again."""
    return timedelta(seconds=number)


@lru_cache(maxsize=4096)
def shared_terms(
    ladder: tuple[str, ...], respond_within: tuple[float, ...], resolve_within: tuple[float, ...], *more: Any
) -> Terms:
    """One value for all reports of like terms: a hundred thousand actors share a few hundred of them."""
    return Terms(ladder, respond_within, resolve_within, *more)


class Past(NamedTuple):
    """What of a report's course still counts, where there is anything."""

    resumes: Status | None = None
    """While the reporter is asked: the status that comes after."""
    spent: float = 0.0
    """Seconds of its limits that the level had used before its clock began to run as it does now."""
    asked: int = 0
    """Questions for which the level's clock has stood still."""
    disputed: bool = False
    """A rejection was disputed; it can be once."""
    had: tuple[str, ...] = ()
    """Agencies that had the report and passed it on."""
    parent: str | None = None
    """The id of the report that this one is a duplicate of; see `duplicates`."""
    leads: bool = False
    """Reports were merged into this one; some of them may be still."""


NOTHING: Final = Past()


@dataclass(frozen=True, slots=True)
class ReportState:
    """All that decisions about a report need; its content is not among it."""

    report_id: UUID
    privacy: Privacy
    category: str
    reporter: str | None
    terms: Terms
    status: Status
    level: int
    version: int
    level_since: datetime
    told: int = 0
    """What the clock that runs has had its holder told: see `notices`."""
    past: Past = NOTHING
    assignee: str | None = None
    """The officer who has it."""
    _due_at: Any = field(default=_UNASKED, init=False, repr=False, compare=False)

    @property
    def agency(self) -> str:
        """The authority the report was routed to."""
        return self.terms.ladder[0]

    @property
    def holder(self) -> str:
        """The authority that has to act now."""
        return self.terms.ladder[self.level]

    @property
    def authorities(self) -> tuple[str, ...]:
        """Everybody who may see the report and act on it: the holder and all below it."""
        return self.terms.ladder[: self.level + 1]

    @property
    def due_at(self) -> datetime | None:
        """When something happens if nobody acts.

        `None` for a holder at the top of the ladder, for a duplicate that goes along with its parent, and at an end.
        """
        due_at: datetime | None = self._due_at
        if due_at is _UNASKED:
            # Its row, its event, its receipt and its timer all ask.
            due_at = self._reckoned()
            object.__setattr__(self, "_due_at", due_at)
        return due_at

    def _reckoned(self) -> datetime | None:
        # Of a duplicate the clock of its parent counts.
        still = self.past.parent is not None or self.level + 1 >= len(self.terms.ladder)
        return None if still and CLOCKS.get(self.status) in HOLDERS else self.limit_at

    @property
    def limit_at(self) -> datetime | None:
        """When the limit of the clock that runs has passed, at the top of the ladder, too; `None` at an end."""
        clock = CLOCKS.get(self.status)
        if clock is None:
            return None
        limit = self.terms.limit(clock, self.level)
        return self.after(limit) if clock in HOLDERS else self.level_since + limit

    @property
    def remembers(self) -> bool:
        """True when its course so far, or an officer, has to be remembered."""
        return self.assignee is not None or self.past != NOTHING

    def after(self, span: timedelta) -> datetime:
        """When the level has used so much of the time that counts, the clock going on as it runs."""
        left = max(timedelta(0), span - seconds(self.past.spent)) if self.past.spent else span
        return self.terms.after(self.level, self.level_since, left)


def all_of(*agencies: tuple[str, ...]) -> tuple[str, ...]:
    """All of these agencies, each once, in their order."""
    return tuple(dict.fromkeys(chain(*agencies)))


def stepped(state: ReportState, status: Status, **changes: Any) -> ReportState:
    """The state one step on. Who goes over to another clock has been told nothing of that one."""
    past: Past = changes.get("past", state.past)
    # One that stands still is the same one.
    told = state.told if CLOCKS.get(past.resumes or status) == CLOCKS.get(state.past.resumes or state.status) else 0
    return replace(state, **{"status": status, "version": state.version + 1, "told": told, **changes})


Packed = tuple[Any, ...]
"""A state in plain values that any process understands. What is as a rule is left out at the end."""


def pack_state(state: ReportState) -> Packed:
    """Say a state in plain values; `unpack_state` gives the very same one back."""
    terms, since = state.terms, state.level_since - EPOCH
    return (
        state.privacy,
        state.category,
        state.reporter,
        terms.ladder,
        terms.respond_within,
        terms.resolve_within,
        state.status,
        state.level,
        state.version,
        since.days,
        since.seconds,
        since.microseconds,
        *(() if terms.plain and not state.told and not state.remembers else (*terms.more, state.told)),
        *_remembered(state),
    )


def unpack_state(report_id: UUID, packed: Packed) -> ReportState:
    """Make the state of a report from what `pack_state` said of it."""
    privacy, category, reporter, ladder, respond, resolve, status, level, version, *rest = packed
    since, more = EPOCH + timedelta(*rest[:3]), rest[3:]
    terms, more = shared_terms(ladder, respond, resolve, *more[:_MORE]), more[_MORE:]
    told, past = next(iter(more), 0), past_of(*more[1:])
    return ReportState(report_id, privacy, category, reporter, terms, status, level, version, since, told, *past)


_MORE: Final = len(More.__args__)  # type: ignore[attr-defined]


def _remembered(state: ReportState) -> tuple[Any, ...]:
    """The past, nothing where it is nothing, and the officer, in plain values; not even that where there is neither."""
    return (() if state.past == NOTHING else tuple(state.past), state.assignee) if state.remembers else ()


def past_of(past: Sequence[Any] = (), assignee: str | None = None) -> tuple[Past, str | None]:
    """Make a past of its plain values again."""
    return Past(*past) if past else NOTHING, assignee


Folded = tuple[Any, ...]
"""A state for the same process to find again, as short as can be: a million sleeping reports are kept like this."""

_TERMS: list[Terms] = []
_NUMBERS: dict[Terms, int] = {}


def number_of(terms: Terms) -> int:
    """The number these terms have in this process, for as long as it runs."""
    number = _NUMBERS.get(terms)
    if number is None:
        number = _NUMBERS[terms] = len(_TERMS)
        _TERMS.append(terms)
    return number


def fold_state(state: ReportState) -> Folded:
    """Say a state in plain values, its terms by their number; `unfold_state` gives the very same one back."""
    since = (state.level_since - EPOCH) // _MICROSECOND
    return (
        number_of(state.terms), state.status, state.level, state.version, since,
        state.privacy, state.category, state.reporter, state.told,
        *_remembered(state),
    )  # fmt: skip


def unfold_state(report_id: UUID, folded: Folded) -> ReportState:
    """Make the state of a report from what `fold_state` said of it in this process."""
    number, status, level, version, since, privacy, category, reporter, told = folded[:9]
    at = EPOCH + timedelta(microseconds=since)
    past = past_of(*folded[9:])
    return ReportState(report_id, privacy, category, reporter, _TERMS[number], status, level, version, at, told, *past)


class Changed(NamedTuple):
    """What a step changes of a report beside its state; `None` leaves it as it is."""

    content: bytes | None = None
    """Sealed; with it, `area` is where the report is now."""
    area: str | None = None
    satisfaction: int | None = None
    terms: Terms | None = None
    category: str | None = None


class Transition(NamedTuple):
    """One step of a report: the state after it, and what its line of history says."""

    state: ReportState
    event: str
    actor: str
    at: datetime
    note: str | None = None
    changed: Changed = Changed()
    attachments: tuple[str, ...] = ()
    """Handles of the uploads that came with it."""
    proofs: tuple[int, ...] = ()
    """What the photos among them look like (64 bits each), where they prove the report resolved."""


class Together(NamedTuple):
    """Steps of several reports that hold all or none: that of the first takes the others along."""

    first: Transition
    others: tuple[Transition, ...]


def filed(
    report_id: UUID, *, privacy: Privacy, category: str, reporter: str | None, terms: Terms, now: datetime, grain: float
) -> Transition:
    """The first step: received by the foot of the ladder.

    An anonymous report shows its time in grains of `grain` seconds only: filed at the floor of now, and its clock
    runs from the ceiling, so that coarse time never makes a deadline early.
    """
    seen, since = (floor_to(now, grain), ceil_to(now, grain)) if privacy == "anonymous" else (now, now)
    state = ReportState(report_id, privacy, category, reporter, terms, "received", 0, 1, since)
    return Transition(state, "report.received", SYSTEM, seen)


def event_of(step: Transition, event_id: UUID) -> ReportEvent:
    """What the other contexts learn of a step."""
    state = step.state
    ladder, level = state.terms.ladder, state.level
    return ReportEvent(
        event_id=event_id,
        type=step.event,
        report_id=state.report_id,
        version=state.version,
        privacy=state.privacy,
        category=state.category,
        status=state.status,
        agency=ladder[0],
        holder=ladder[level],
        level=level,
        authorities=ladder[: level + 1],
        occurred_at=step.at,
        due_at=state.due_at,
        reporter=None if step.event in INTERNAL else state.reporter,
    )


def floor_to(moment: datetime, grain: float) -> datetime:
    """The last whole grain of `grain` seconds at or before `moment`."""
    if grain <= 0:
        return moment
    return moment - (moment - EPOCH) % seconds(grain)


def ceil_to(moment: datetime, grain: float) -> datetime:
    """The first whole grain of `grain` seconds at or after `moment`."""
    floor = floor_to(moment, grain)
    return floor if floor == moment else floor + seconds(grain)
