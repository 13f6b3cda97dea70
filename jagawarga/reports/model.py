"""A report's life-cycle, decided without waiting: a table of steps, two clocks a level, a ladder of authorities.

Everything here takes values and the time, and returns values. Whoever holds a level has two limits, both counted
from the moment the report came to that level: one to respond, one to resolve. A limit that passes moves the report
one level up, and the clocks begin anew there. At an end no clock runs, and at the top of the ladder a limit that
passes moves nothing: what a clock has its holder told before and after that is in `notices`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from jagawarga.calendars.shelf import ALWAYS, calendar
from jagawarga.errors import Conflict, NotFound
from jagawarga.reports.messages import Action, Privacy, ReportEvent, Status

Clock = Literal["respond", "resolve"]

STEPS: Final[Mapping[tuple[Status, Action], tuple[Status, str]]] = {
    ("received", "acknowledge"): ("acknowledged", "report.acknowledged"),
    ("escalated", "acknowledge"): ("acknowledged", "report.acknowledged"),
    ("acknowledged", "start"): ("in_progress", "report.started"),
    # A small thing may be mended on the spot, without a phase of work to announce.
    ("acknowledged", "resolve"): ("resolved", "report.resolved"),
    ("in_progress", "resolve"): ("resolved", "report.resolved"),
    ("received", "reject"): ("rejected", "report.rejected"),
    ("escalated", "reject"): ("rejected", "report.rejected"),
    ("acknowledged", "reject"): ("rejected", "report.rejected"),
    ("in_progress", "reject"): ("rejected", "report.rejected"),
}
"""What an authority may do: (status, action) → (new status, event). What is not here is a `Conflict`."""

CLOCKS: Final[Mapping[Status, Clock]] = {
    "received": "respond",
    "escalated": "respond",
    "acknowledged": "resolve",
    "in_progress": "resolve",
}
"""Which limit runs in which status; a status that is not here is an end."""

ENDS: Final[frozenset[Status]] = frozenset({"resolved", "rejected"})
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_UNASKED: Final[Any] = object()
SYSTEM: Final = "system"
"""The actor of what happens by itself."""


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
        """How long the holder of `level` has."""
        limits = self.respond_within if clock == "respond" else self.resolve_within
        return seconds(limits[min(level, len(limits) - 1)])

    def after(self, level: int, since: datetime, span: timedelta) -> datetime:
        """The moment when `span` of the time that counts at `level` has passed since then."""
        calendars = self.calendars
        if not calendars or (reference := calendars[min(level, len(calendars) - 1)]) == ALWAYS:
            return since + span
        return calendar(reference).due(since, span)

    @property
    def more(self) -> More:
        """What goes beyond ladder and limits, in order."""
        return self.calendars, self.warn_respond, self.warn_resolve, self.remind_every


More = tuple[tuple[str, ...], tuple[float, ...], tuple[float, ...], float]


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
        """When the report climbs if nobody acts; `None` at the top of the ladder and at an end."""
        due_at: datetime | None = self._due_at
        if due_at is _UNASKED:
            # Its row, its event, its receipt and its timer all ask.
            due_at = self._reckoned()
            object.__setattr__(self, "_due_at", due_at)
        return due_at

    def _reckoned(self) -> datetime | None:
        return None if self.level + 1 >= len(self.terms.ladder) else self.limit_at

    @property
    def limit_at(self) -> datetime | None:
        """When the limit of the clock that runs has passed, at the top of the ladder, too; `None` at an end."""
        clock = CLOCKS.get(self.status)
        if clock is None:
            return None
        return self.terms.after(self.level, self.level_since, self.terms.limit(clock, self.level))


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
        *(() if terms.plain and not state.told else (*terms.more, state.told)),
    )


def unpack_state(report_id: UUID, packed: Packed) -> ReportState:
    """Make the state of a report from what `pack_state` said of it."""
    privacy, category, reporter, ladder, respond, resolve, status, level, version, *rest = packed
    since, more = EPOCH + timedelta(*rest[:3]), rest[3:]
    terms = shared_terms(ladder, respond, resolve, *more[:4])
    return ReportState(report_id, privacy, category, reporter, terms, status, level, version, since, *more[4:])


Folded = tuple[int, str, int, int, int, str, str, str | None, int]
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
    )  # fmt: skip


def unfold_state(report_id: UUID, folded: Folded) -> ReportState:
    """Make the state of a report from what `fold_state` said of it in this process."""
    number, status, level, version, since, privacy, category, reporter, told = folded
    at = EPOCH + timedelta(microseconds=since)
    return ReportState(report_id, privacy, category, reporter, _TERMS[number], status, level, version, at, told)  # type: ignore[arg-type]


class Transition(NamedTuple):
    """One step of a report: the state after it, and what its line of history says."""

    state: ReportState
    event: str
    actor: str
    at: datetime
    note: str | None = None


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


def decide(
    state: ReportState,
    action: Action,
    agency: str,
    now: datetime,
    note: str | None = None,
    *,
    expected: int | None = None,
) -> Transition:
    """The step `agency` takes. Raises `Conflict` where the table has none, `NotFound` for who may not see it.

    With `expected` the step is for that version of the report only, and `Conflict` tells where the report is now.
    """
    if agency not in state.authorities:
        msg = "no such report"
        raise NotFound(msg)
    if expected is not None and expected != state.version:
        raise stale(state.status, state.level, state.holder, state.version)
    step = STEPS.get((state.status, action))
    if step is None:
        msg = f"a report that is {state.status} has no step {action!r}"
        raise Conflict(msg)
    status, event = step
    # Who goes over to the other clock of the level has been told nothing of that one.
    told = state.told if CLOCKS.get(status) == CLOCKS.get(state.status) else 0
    return Transition(replace(state, status=status, version=state.version + 1, told=told), event, agency, now, note)


def stale(status: Status, level: int, holder: str, version: int) -> Conflict:
    """The refusal of a step that was decided on another version than the report has now."""
    current: dict[str, str | int] = {"status": status, "level": level, "holder": holder, "version": version}
    return Conflict("the report has moved on since it was read", code="stale-version", current=current)


def escalate(state: ReportState, now: datetime) -> Transition | None:
    """The step up when the deadline has passed, else `None`; one level at a time, each with its full limits."""
    due_at = state.due_at
    if due_at is None or now < due_at:
        return None
    up = replace(state, status="escalated", level=state.level + 1, version=state.version + 1, level_since=now, told=0)
    return Transition(up, "report.escalated", SYSTEM, now)


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
        reporter=state.reporter,
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
