"""Commands and events of the reports context: all that other contexts may know of it.

Values are frozen. Times are aware datetimes in UTC, durations are seconds. Events are versioned
by `ReportEvent.schema`; a consumer ignores fields it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from pydantic_core import from_json, to_json

Privacy = Literal["public", "private", "anonymous"]
Status = Literal[
    "received",
    "acknowledged",
    "in_progress",
    "escalated",
    "resolved",
    "rejected",
]
Action = Literal["acknowledge", "start", "resolve", "reject"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the problem is: WGS 84 degrees (both or none) and/or an address in words."""

    latitude: float | None = None
    longitude: float | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class SubmitReport:
    """What a citizen typed, not yet cleaned: it lives in memory between edge and anonymizer only."""

    privacy: Privacy
    category: str
    text: str
    place: Place
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileReport:
    """A report past the anonymizer: `reporter` is a pseudonym, and `None` for an anonymous report."""

    privacy: Privacy
    category: str
    text: str
    place: Place
    reporter: str | None
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The promise that a report is on disk. `tracking_code` is shown here once and never again.

    `waiting`: it lies with the broker, sealed, until the database takes it; its clock runs already.
    """

    report_id: UUID
    tracking_code: str
    status: Status
    due_at: datetime | None
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of a report's append-only history; `actor` is an agency key or `system`, never a person."""

    version: int
    event: str
    status: Status
    level: int
    holder: str
    actor: str
    at: datetime
    note: str | None


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


@dataclass(frozen=True, slots=True)
class Page:
    """Reports in order, newest first; `cursor` continues after the last, `None` at the end."""

    items: tuple[ReportView, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class ReportEvent:
    """A report changed. Carries no text, no place, and for an anonymous report no reporter.

    `type` is `report.received`, `report.acknowledged`, `report.started`, `report.escalated`,
    `report.resolved` or `report.rejected`; `authorities` are the agencies that may see the report.
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
    schema: int = field(default=1)


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

    async def act(self, agency: str, report_id: UUID, action: Action, note: str | None) -> ReportView:
        """Move the report along its life-cycle as `agency`; `Conflict` where the table has no such step."""

    async def list_own(self, reporter: str, *, cursor: str | None, limit: int) -> Page:
        """What `reporter` filed under their name, newest first."""

    async def open_own(self, reporter: str, report_id: UUID) -> ReportView:
        """One report as the one who filed it sees it."""

    async def list_public(self, *, cursor: str | None, limit: int) -> Page:
        """The public reports, newest first."""

    async def open_public(self, report_id: UUID) -> ReportView:
        """One public report."""

    async def counts(self) -> Mapping[str, int]:
        """Number of reports by status."""


def encode_event(event: ReportEvent) -> bytes:
    """Write an event as it goes over the bus: one JSON object, its absent fields left out."""
    due_at = event.due_at
    values: dict[str, object] = {
        "event_id": str(event.event_id),
        "type": event.type,
        "report_id": str(event.report_id),
        "version": event.version,
        "privacy": event.privacy,
        "category": event.category,
        "status": event.status,
        "agency": event.agency,
        "holder": event.holder,
        "level": event.level,
        "authorities": event.authorities,
        "occurred_at": event.occurred_at.isoformat(),
    }
    if due_at is not None:
        values["due_at"] = due_at.isoformat()
    if event.reporter is not None:
        values["reporter"] = event.reporter
    values["schema"] = event.schema
    return to_json(values)


def decode_event(payload: bytes) -> ReportEvent:
    """Read an event; fields it does not know are ignored. `ValueError` for anything that is not an event."""
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
            event_id=UUID(read["event_id"]),
            type=str(read["type"]),
            report_id=UUID(read["report_id"]),
            version=int(read["version"]),
            privacy=read["privacy"],
            category=str(read["category"]),
            status=read["status"],
            agency=str(read["agency"]),
            holder=str(read["holder"]),
            level=int(read["level"]),
            authorities=tuple(map(str, read["authorities"])),
            occurred_at=datetime.fromisoformat(read["occurred_at"]),
            due_at=None if due_at is None else datetime.fromisoformat(due_at),
            reporter=read.get("reporter"),
            schema=int(read["schema"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        msg = f"not a report event ({type(error).__name__})"
        raise ValueError(msg) from None
