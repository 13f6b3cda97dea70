"""Commands and events of the reports context: all that other contexts may know of it.

Values are frozen; those that every report's way needs several of are tuples with names, which are made in a third of
the time. Times are aware datetimes in UTC, durations are seconds. Events are versioned
by `ReportEvent.schema`; a consumer ignores fields it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, Literal, NamedTuple, Protocol
from uuid import UUID

from pydantic_core import from_json, to_json

from jagawarga.plumbing.uuids import read_uuid

Privacy = Literal["public", "private", "anonymous"]
Status = Literal[
    "received",
    "acknowledged",
    "in_progress",
    "waiting_for_reporter",
    "escalated",
    "resolved",
    "reopened",
    "closed",
    "rejected",
    "withdrawn",
]
Action = Literal[
    "acknowledge", "start", "ask", "reply", "note", "assign", "reclassify", "transfer", "merge", "split", "resolve",
    "reject",
]  # fmt: skip
"""What an authority may do."""
ReporterAction = Literal["message", "edit", "withdraw", "confirm", "dispute"]
"""What the reporter may do, signed in or by the tracking code."""
TALK: Final = frozenset({"reply", "note", "message"})
"""Steps that decide nothing: several at the same moment are several."""
INTERNAL: Final = frozenset({"report.noted", "report.assigned", "report.joined"})
"""Events that are the authorities' own affair: neither the reporter nor the public learns of them."""
BY_REPORTER: Final = frozenset(
    {"report.edited", "report.withdrawn", "report.commented", "report.answered", "report.confirmed"}
)
"""Events of which the reporter need not be told: they did it."""


class Place(NamedTuple):
    """Where the problem is: WGS 84 degrees (both or none) and/or an address in words; what it is near to."""

    latitude: float | None = None
    longitude: float | None = None
    address: str | None = None
    landmark: str | None = None


class SubmitReport(NamedTuple):
    """What a citizen typed, not yet cleaned: it lives in memory between edge and anonymizer only."""

    privacy: Privacy
    category: str
    text: str
    place: Place
    attachments: tuple[str, ...] = ()


class FileReport(NamedTuple):
    """A report past the anonymizer: `reporter` is a pseudonym, and `None` for an anonymous report."""

    privacy: Privacy
    category: str
    text: str
    place: Place
    reporter: str | None
    attachments: tuple[str, ...] = ()
    once: bytes | None = None
    """32 bytes that are the same when the same report is filed again, and otherwise nobody else's."""


class Receipt(NamedTuple):
    """The promise that a report is on disk. `tracking_code` is shown here once and never again.

    `waiting`: it lies with the broker, sealed, until the database takes it; its clock runs already.
    """

    report_id: UUID
    tracking_code: str
    status: Status
    due_at: datetime | None
    waiting: bool = False


class Wish(NamedTuple):
    """A step somebody wants to take, with what belongs to it: `note` is the words that go with it.

    `expected`: only if the report still has this version. `officer`: whom to assign (a pseudonym), nobody if `None`.
    `agency`: to whom to transfer. `satisfaction`: 1 to 5, with `confirm`. `place`: with `edit`, where not as before.
    `category`: with `reclassify`, and with `edit` where not as before. `attachments`: handles of uploads that go with
    the words. `into`: the report to merge this one into.
    """

    action: Action | ReporterAction
    note: str | None = None
    expected: int | None = None
    officer: str | None = None
    agency: str | None = None
    satisfaction: int | None = None
    place: Place | None = None
    category: str | None = None
    attachments: tuple[str, ...] = ()
    into: UUID | None = None


class Sieve(NamedTuple):
    """Which of an agency's reports to list; `None` takes them all. `assignee`: a pseudonym, or "" for nobody."""

    status: Status | None = None
    category: str | None = None
    area: str | None = None
    assignee: str | None = None
    level: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of a report's append-only history.

    `actor` is an agency's key, `system` or `reporter`, never a person.
    """

    version: int
    event: str
    status: Status
    level: int
    holder: str
    actor: str
    at: datetime
    note: str | None
    attachments: tuple[str, ...] = ()
    """Handles of the uploads that came with it, in order."""


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report as someone entitled to it sees it."""

    report_id: UUID
    privacy: Privacy
    category: str
    area: str | None
    text: str
    place: Place
    status: Status
    agency: str
    holder: str
    level: int
    version: int
    created_at: datetime
    due_at: datetime | None
    history: tuple[HistoryEntry, ...] = ()
    attachments: tuple[str, ...] = ()
    """Handles of its uploads, in order."""
    assignee: str | None = None
    """The pseudonym of the officer who has it."""
    satisfaction: int | None = None
    limit_at: datetime | None = None
    """When the limit that runs is over, also at the top of the ladder, where nothing climbs; `None`: none runs."""
    merged: bool = False
    """It was merged into another report, and goes along with that one."""
    parent: UUID | None = None
    """That one, where the asker may know of it."""
    duplicates: tuple[UUID, ...] = ()
    """The reports merged into this one; for authorities alone."""
    proof_used_before: bool = False
    """A photo that proves it resolved is much like one that proved another report resolved; for authorities alone."""


@dataclass(frozen=True, slots=True)
class Page:
    """Reports in order, newest first; `cursor` continues after the last, `None` at the end."""

    items: tuple[ReportView, ...]
    cursor: str | None


class ReportEvent(NamedTuple):
    """A report changed. Carries no text, no place, and for an anonymous report no reporter.

    `type` is `report.` and what happened, see `lifecycle`, or, without a reporter, `report.due_soon`, `report.reminded`
    (which are no steps: the version is that of the last one) or `report.rescheduled`; a consumer takes one that it does
    not know as any other. `authorities` are the agencies that may see the report.
    """

    event_id: UUID
    type: str
    report_id: UUID
    version: int
    privacy: Privacy
    category: str
    status: Status
    agency: str
    holder: str
    level: int
    authorities: tuple[str, ...]
    occurred_at: datetime
    due_at: datetime | None
    reporter: str | None
    schema: int = 1


class ReportsDoor(Protocol):
    """What the edge and the anonymizer may ask of the reports context.

    All methods raise `Unavailable` while the database is out of reach, and `NotFound` alike for a report
    that does not exist and for one the asker may not see.
    """

    async def file(self, command: FileReport) -> Receipt:
        """Commit the report, its history and its event durably, start its actor, then answer."""

    async def track(self, tracking_code: str) -> ReportView:
        """Status and history for the holder of a tracking code, without content."""

    async def list_for_agency(self, agency: str, *, status: Status | None, cursor: str | None, limit: int) -> Page:
        """What `agency` may see, newest first."""

    async def open_for_agency(self, agency: str, report_id: UUID) -> ReportView:
        """One report with its history, as `agency` sees it."""

    async def queue(self, agency: str, sieve: Sieve, *, cursor: str | None, limit: int) -> Page:
        """What `agency` has to act on, the nearest deadline first, those without one last."""

    async def act(self, agency: str, report_id: UUID, wish: Wish) -> ReportView:
        """Move the report along its life-cycle as `agency`; `Conflict` where the table has no such step.

        `Conflict` also where the report has another version than expected, `Invalid` for an agency nobody knows.
        """

    async def act_as_reporter(self, reporter: str, report_id: UUID, wish: Wish) -> ReportView:
        """Take a step as the one who filed the report under their name; errors as of `act`."""

    async def act_by_code(self, tracking_code: str, wish: Wish) -> ReportView:
        """Take a step as the holder of the tracking code, who sees no content; errors as of `act`."""

    async def list_own(self, reporter: str, *, cursor: str | None, limit: int) -> Page:
        """What `reporter` filed under their name, newest first."""

    async def open_own(self, reporter: str, report_id: UUID) -> ReportView:
        """One report as the one who filed it sees it."""

    async def list_public(self, *, cursor: str | None, limit: int) -> Page:
        """The public reports, newest first."""

    async def list_public_of(self, report_ids: Sequence[UUID]) -> tuple[ReportView, ...]:
        """Those of these reports that are public, in no order, without their histories."""

    async def open_public(self, report_id: UUID) -> ReportView:
        """One public report."""

    async def counts(self) -> Mapping[str, int]:
        """Number of reports by status."""


def encode_event(event: ReportEvent) -> bytes:
    """Write an event as it goes over the bus: one JSON object, its absent fields left out."""
    due_at, reporter = event.due_at, event.reporter
    own = {
        "event_id": str(event.event_id),
        "report_id": str(event.report_id),
        "occurred_at": event.occurred_at.isoformat(),
    }
    if due_at is not None:
        own["due_at"] = due_at.isoformat()
    if reporter is not None:
        own["reporter"] = reporter
    shared = _encoded(
        event.type, event.version, event.privacy, event.category, event.status, event.agency, event.holder,
        event.level, event.authorities, event.schema,
    )  # fmt: skip
    return b"%b,%b" % (to_json(own)[:-1], shared)


@lru_cache(maxsize=4096)
def _encoded(  # noqa: PLR0917 - the fields that very many events have in common
    kind: str, version: int, privacy: str, category: str, status: str, agency: str, holder: str, level: int,
    authorities: tuple[str, ...], schema: int,
) -> bytes:  # fmt: skip
    return to_json(
        {
            "type": kind,
            "version": version,
            "privacy": privacy,
            "category": category,
            "status": status,
            "agency": agency,
            "holder": holder,
            "level": level,
            "authorities": authorities,
            "schema": schema,
        }
    )[1:]


@lru_cache(maxsize=2048)
def decode_event(payload: bytes) -> ReportEvent:
    """Read an event; fields it does not know are ignored. `ValueError` for anything that is not an event.

    Several consumers read each event, shortly after each other: only the first has to.
    """
    try:
        read = from_json(payload)
    except ValueError:
        msg = "not a report event (no JSON)"
        raise ValueError(msg) from None
    try:
        if read["schema"] < 1:
            msg = "an event of no known schema"
            raise ValueError(msg)
        due_at = read.get("due_at")
        return ReportEvent(
            read_uuid(read["event_id"]),
            str(read["type"]),
            read_uuid(read["report_id"]),
            int(read["version"]),
            read["privacy"],
            str(read["category"]),
            read["status"],
            str(read["agency"]),
            str(read["holder"]),
            int(read["level"]),
            tuple(map(str, read["authorities"])),
            datetime.fromisoformat(read["occurred_at"]),
            None if due_at is None else datetime.fromisoformat(due_at),
            read.get("reporter"),
            int(read["schema"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        msg = f"not a report event ({type(error).__name__})"
        raise ValueError(msg) from None
