"""What is really there: the database and the bus, read by the auditor's own connections and not through the product."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import nats
import nats.js.errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STREAM = "EVENTS"
MESSAGE_ID = "Nats-Msg-Id"
PACKED = "Packed"
MOST = 64
"""Events in a message, at most; their places are counted in it."""
WINDOW = 256

REPORTS = "SELECT report_id, tracking, privacy, status, level, version, due_at, parent FROM reports.report"
HISTORY = "SELECT report_id, version, event, level, at FROM reports.history ORDER BY report_id, version"
OUTBOX = "SELECT count(*) FROM reports.outbox"
WAITING = "WAITING"
PROCESSED = "SELECT event_id FROM notification.processed_event"
NOTICES = "SELECT event_id FROM notification.notice"
VOTES = "SELECT report_id, count(*) AS votes FROM feed.vote GROUP BY report_id"
NOW = "SELECT clock_timestamp()"


@dataclass(frozen=True, slots=True)
class Report:
    """A row of reports.report."""

    report_id: str
    tracking: bytes
    privacy: str
    status: str
    level: int
    version: int
    due_at: datetime | None
    parent: str | None = None
    """The report that it was merged into."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of reports.history."""

    report_id: str
    version: int
    event: str
    level: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """An event of the stream."""

    sequence: int
    message_id: str
    event_id: str
    report_id: str
    version: int
    due_at: datetime | None
    named: bool = False
    """Whether it names a reporter, by pseudonym."""
    authorities: tuple[str, ...] = ()
    type: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """One look at everything, taken in this order: database in one snapshot, stream, processed events."""

    at: datetime
    reports: Sequence[Report]
    history: Sequence[Line]
    outbox: int
    stream: Sequence[Published]
    processed: Mapping[str, int] = field(default_factory=dict)
    """Event id to how often it is noted as processed."""
    notices: Mapping[str, int] = field(default_factory=dict)
    """Event id to how many lines it has in inboxes."""
    waiting: int = 0
    """Filings in the waiting room."""
    votes: Mapping[str, int] = field(default_factory=dict)
    """Report id to how many votes it has."""

    @property
    def still_moving(self) -> int:
        """Things that have yet to happen by themselves: deadlines, events not published, events not processed."""
        open_deadlines = sum(report.due_at is not None for report in self.reports)
        unprocessed = len({each.event_id for each in self.stream} - set(self.processed))
        return open_deadlines + self.outbox + unprocessed + self.waiting


def read_truth(dsn: str, nats_url: str) -> Truth:
    """Read it all; blocks, and raises what the drivers raise. Wants its own thread."""
    return asyncio.run(_read(dsn, nats_url))


async def _read(dsn: str, nats_url: str) -> Truth:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            at = await connection.fetchval(NOW)
            reports = [_report(row) for row in await connection.fetch(REPORTS)]
            history = [_line(row) for row in await connection.fetch(HISTORY)]
            outbox = int(await connection.fetchval(OUTBOX))
        waiting, stream = await _broker(nats_url)
        processed = Counter(str(row["event_id"]) for row in await connection.fetch(PROCESSED))
        notices = Counter(str(row["event_id"]) for row in await connection.fetch(NOTICES))
        votes = {str(row["report_id"]): int(row["votes"]) for row in await connection.fetch(VOTES)}
    finally:
        await connection.close()
    return Truth(at, reports, history, outbox, stream, processed, notices, waiting, votes)


async def _broker(nats_url: str) -> tuple[int, list[Published]]:
    """How many filings wait, and every event."""
    client = await nats.connect(nats_url, connect_timeout=5, allow_reconnect=False)
    try:
        js = client.jetstream(timeout=10)
        waiting = (await js.stream_info(WAITING)).state.messages
        state = (await js.stream_info(STREAM)).state
        found: list[Published] = []
        for start in range(max(1, state.first_seq), state.last_seq + 1, WINDOW):
            wanted = range(start, min(start + WINDOW, state.last_seq + 1))
            messages = await asyncio.gather(*(js.get_msg(STREAM, seq=each, direct=True) for each in wanted))
            found += [each for message in messages for each in _published(message)]
        return waiting, found
    finally:
        await client.close()


def _report(row: Any) -> Report:
    return Report(
        str(row["report_id"]),
        bytes(row["tracking"]),
        row["privacy"],
        row["status"],
        row["level"],
        row["version"],
        row["due_at"],
        None if row["parent"] is None else str(row["parent"]),
    )


def _line(row: Any) -> Line:
    return Line(str(row["report_id"]), row["version"], row["event"], row["level"], row["at"])


def _published(message: Any) -> list[Published]:
    """The events of a message: one, or several in lines, each an id, a blank and the event."""
    headers = message.headers or {}
    if PACKED not in headers:
        return [_event(int(message.seq) * MOST, headers.get(MESSAGE_ID, ""), message.data)]
    lines = [line.partition(b" ") for line in message.data.split(b"\n")]
    return [_event(int(message.seq) * MOST + at, name.decode(), event) for at, (name, _, event) in enumerate(lines)]


def _event(place: int, message_id: str, data: bytes) -> Published:
    event = json.loads(data)
    return Published(
        place,
        message_id,
        str(event["event_id"]),
        str(event["report_id"]),
        int(event["version"]),
        _moment(event.get("due_at")),
        event.get("reporter") is not None,
        tuple(event.get("authorities", ())),
        str(event.get("type", "")),
        _moment(event.get("occurred_at")),
    )


def _moment(value: str | float | None) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    return datetime.fromisoformat(value)
