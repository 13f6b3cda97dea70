"""The reports context's rows: what is written through the writer, and what is read.

Texts, places and notes are sealed before they leave this process for the database, each bound to its report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import structlog

from jagawarga.errors import Corrupt
from jagawarga.plumbing.database import Connection, Database
from jagawarga.plumbing.keys import Keyring
from jagawarga.plumbing.outbox import OutboxRow
from jagawarga.plumbing.telemetry import UNREADABLE
from jagawarga.plumbing.uuids import random_uuid
from jagawarga.reports.lifecycle import HELD
from jagawarga.reports.messages import HistoryEntry, Place, ReportView, Sieve, encode_event
from jagawarga.reports.model import CLOCKS, NOTHING, Past, ReportState, Terms, Together, Transition, event_of
from jagawarga.reports.notices import Notice, count_by, event_of_notice
from jagawarga.reports.rows import past_from_text, past_to_text, state_of, terms_from_text, terms_to_text
from jagawarga.reports.sealing import Seals, are_alike

TOLD: Final = 1_000
"""So many unreadable reports are named in the log, each once."""
RESOLVING: Final = [status for status, clock in CLOCKS.items() if clock in {"resolve", "answer"}]
SUBJECT: Final = "jagawarga.events."
NEWEST: Final = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))
"""The cursor before the first of a list that goes from new to old."""
OLDEST: Final = (datetime.min.replace(tzinfo=UTC), UUID(int=0))

log = structlog.get_logger()


def _queries() -> dict[str, str]:
    text = (Path(__file__).parent / "sql" / "queries.sql").read_text(encoding="utf-8")
    _, *parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


SQL: Final = _queries()


class Filing(NamedTuple):
    """A new report, ready to be written: `content` is sealed, `tracking` a digest."""

    step: Transition
    area: str | None
    tracking: bytes
    content: bytes


class Listed(NamedTuple):
    """A line of a list: its place in the order (a time and the id), and the report; `None` where it can not be read."""

    at: datetime | None
    report_id: UUID
    view: ReportView | None
    since: datetime | None = None
    """In a queue: when it came to who holds it."""


class Store:
    """Every statement of this context. Raises `Unavailable`, and `Corrupt` for what the database refuses to store."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self.database = database
        self.seals = Seals(keyring)
        self._position: int | None = None
        self._told: set[UUID] = set()

    # --- writing: for the writer alone

    async def write(self, batch: Sequence[Filing | Transition | Together]) -> list[bool]:
        """Write filings and steps in one transaction; for each, whether it held (a step's version may be outdated).

        Steps that belong together hold all or none.
        """
        filings = [each for each in batch if isinstance(each, Filing)]
        if len({each.step.state.report_id for each in filings}) < len(filings):
            # One that was sent twice, or comes out of the waiting room as well.
            filings = list({each.step.state.report_id: each for each in filings}.values())
        steps = [each for each in batch if isinstance(each, Transition)]
        bundles = [(each.first, *each.others) for each in batch if isinstance(each, Together)]
        position = await self._next_position(len(batch) + sum(map(len, bundles)))
        filing_columns = _columns([self._filing_row(each) for each in filings])
        places = count(position + len(filings))
        groups = (steps, *bundles)
        rows = [[self._step_row(each, next(places)) for each in group] for group in groups]
        proofs = {
            row[_EVENT_ID]: step
            for group, of_group in zip(groups, rows, strict=True)
            for step, row in zip(group, of_group, strict=True)
            if step.proofs
        }

        async def work(connection: Connection) -> set[UUID]:
            if filings:
                # Their places are counted from 1.
                await connection.execute(SQL["insert_reports"], *filing_columns, position - 1)
            held = await _apply(connection, rows[0]) if steps else set()
            for bundle in rows[1:]:
                held |= await _apply_all_or_none(connection, bundle)
            if shown := [row for event_id in held & proofs.keys() for row in self._proof_rows(proofs[event_id])]:
                await connection.execute(SQL["insert_proofs"], *_columns(shown))
            return held

        try:
            # A single statement is a transaction by itself.
            several = bool((filings and steps) or bundles or proofs)
            held = await self.database.run("reports", work, transaction=several)
        except asyncpg.PostgresError as error:
            msg = f"the database refused a batch ({type(error).__name__})"
            raise Corrupt(msg) from error
        single, together = iter(rows[0]), iter(rows[1:])
        return [
            isinstance(each, Filing)
            or (next(together)[0] if isinstance(each, Together) else next(single))[_EVENT_ID] in held
            for each in batch
        ]

    async def _next_position(self, taken: int) -> int:
        if self._position is None:
            last = await self._value("last_position")
            self._position = int(last) + 1
        position = self._position
        self._position += taken
        return position

    def _filing_row(self, filing: Filing) -> tuple[Any, ...]:
        step = filing.step
        state = step.state
        event_id = random_uuid()
        return (
            state.report_id, filing.tracking, state.privacy, state.category, filing.area, state.agency, state.reporter,
            filing.content, terms_to_text(state.terms), step.at, state.level_since, state.due_at,
            event_id, encode_event(event_of(step, event_id)),
        )  # fmt: skip

    def _step_row(self, step: Transition, position: int) -> tuple[Any, ...]:
        state = step.state
        note = None if step.note is None else self.seals.note(state.report_id, state.version, step.note)
        changed = step.changed
        return (
            state.report_id, state.version, step.event, state.status, state.level, state.holder, step.actor,
            step.at, state.level_since, state.due_at, note,
            state.told, past_to_text(state.past), state.assignee, state.agency, " ".join(state.authorities),
            None if changed.terms is None else terms_to_text(changed.terms), changed.content, changed.area,
            changed.satisfaction, changed.category,
            None if state.past.parent is None else UUID(state.past.parent),
            self.seals.handles(state.report_id, state.version, step.attachments) if step.attachments else None,
            *_event(step, position),
        )  # fmt: skip

    def _proof_rows(self, step: Transition) -> Iterator[tuple[Any, ...]]:
        """What a photo that proves a report resolved looks like: in parts, by which others like it are found."""
        state = step.state
        for proof in step.proofs:
            sealed = self.seals.proof(state.report_id, proof)
            for band in self.seals.bands(proof):
                yield band, state.report_id, step.at, sealed

    async def tell(self, batch: Sequence[Notice]) -> list[bool]:
        """Write notices in one transaction; for each, whether it held (it was told, or its report has moved on)."""
        position = await self._next_position(len(batch))
        rows = [
            (each.state.report_id, each.state.version, each.state.told, *_notice(each, position + n))
            for n, each in enumerate(batch)
        ]
        return await self._hold("apply_notices", rows)

    async def reschedule(self, batch: Sequence[Transition]) -> list[bool]:
        """Write steps that change the terms of their reports alone, in one transaction; for each, whether it held."""
        position = await self._next_position(len(batch))
        rows = [self._terms_row(each, position + n) for n, each in enumerate(batch)]
        return await self._hold("apply_terms", rows)

    def _terms_row(self, step: Transition, position: int) -> tuple[Any, ...]:
        state = step.state
        return (
            state.report_id, state.version, terms_to_text(state.terms), state.due_at, step.event, state.status,
            state.level, state.holder, step.actor, step.at, count_by(state, step.at),
            *_event(step, position, quiet=True),
        )  # fmt: skip

    async def _hold(self, query: str, rows: list[tuple[Any, ...]]) -> list[bool]:
        try:
            held = {row["event_id"] for row in await self._rows(query, *_columns(rows))}
        except asyncpg.PostgresError as error:
            msg = f"the database refused a batch ({type(error).__name__})"
            raise Corrupt(msg) from error
        return [row[_EVENT_ID] in held for row in rows]

    # --- calendars

    async def shelve(self, definitions: Mapping[str, str]) -> None:
        """Keep calendars for as long as there are reports; those that are kept already stay as they are."""
        if definitions:
            await self._rows("shelve_calendars", list(definitions), list(definitions.values()))

    async def calendars(self) -> dict[str, str]:
        """Every calendar's definition by its reference."""
        return {row["reference"]: row["definition"] for row in await self._rows("calendars")}

    # --- the outbox

    async def oldest(self, limit: int) -> Sequence[OutboxRow]:
        """The first rows of the outbox in order."""
        return [OutboxRow(*row) for row in await self._rows("read_outbox", limit)]

    async def delete(self, rows: Sequence[OutboxRow]) -> None:
        """Forget rows the broker has."""
        positions = [row.position for row in rows]
        await self._rows("delete_outbox", min(positions), max(positions), [row.event_id for row in rows])

    async def count(self) -> int:
        """How many events wait for the bus."""
        return int(await self._value("count_outbox"))

    # --- states, for the actors

    async def load(self, report_id: UUID) -> ReportState | None:
        """The state of one report; `Corrupt` when its row can not be read."""
        rows = await self._rows("load_state", report_id)
        return state_of(rows[0]) if rows else None

    async def due_page(self, after: tuple[datetime, UUID], until: datetime, limit: int) -> list[Any]:
        """Rows of open reports with a deadline up to `until`, the most urgent first, from behind `after`.

        As they are, for `rows.fold_row` to read: one that can not be read must not keep the others from it.
        """
        return await self._rows("open_with_deadline", *after, until, limit)

    async def clockless_page(self, after: UUID, limit: int) -> list[Any]:
        """Rows of open reports without a deadline in theirs, by id, from behind `after`."""
        return await self._rows("open_without_deadline", after, limit)

    async def open_page(self, after: UUID, limit: int) -> list[Any]:
        """Rows of all open reports, by id, from behind `after`."""
        return await self._rows("open_by_id", after, limit)

    async def rows_of(self, report_ids: Sequence[UUID]) -> list[Any]:
        """The rows of these reports, as far as they are there."""
        return await self._rows("states_of", report_ids)

    async def family(self, report_id: UUID) -> list[Any]:
        """The rows of a report, first, and of those merged into it."""
        return await self._rows("family", report_id)

    # --- views

    async def view(self, query: str, *args: Any) -> ReportView | None:
        """One report with its history, by a query that checks who may see it."""
        return await self.database.run("reports", self._view_work(query, args), transaction=False)

    async def view_as_agency(self, agency: str, report_id: UUID) -> ReportView | None:
        """One report with its history and its duplicates, under the policies for `agency`."""
        look = self._view_work("report_for_agency", (report_id, agency))

        async def work(connection: Connection) -> ReportView | None:
            view: ReportView | None = await look(connection)
            if view is None or not any(each.event == "report.joined" for each in view.history):
                return view
            rows = await connection.fetch(SQL["duplicates"], report_id)
            return replace(view, duplicates=tuple(row["report_id"] for row in rows))

        return await self.database.run_as_agency(agency, work)

    async def proofs_like_those_of(self, report_id: UUID) -> list[UUID]:
        """The reports that were proved resolved, earlier, by a photo that looks like one of this report's."""
        rows = await self._rows("earlier_proofs", report_id)
        return [
            row["other"]
            for row in rows
            if are_alike(
                self.seals.open_proof(report_id, row["looks"]), self.seals.open_proof(row["other"], row["other_looks"])
            )
        ]

    async def views(self, query: str, *args: Any) -> list[Listed]:
        """A page of reports without their histories."""
        return [self._listed(row) for row in await self._rows(query, *args)]

    async def views_as_agency(self, agency: str, *args: Any) -> list[Listed]:
        """A page of what `agency` may see, under its policies."""

        async def work(connection: Connection) -> Any:
            return await connection.fetch(SQL["list_for_agency"], agency, *args)

        return [self._listed(row) for row in await self.database.run_as_agency(agency, work)]

    async def queue_as_agency(
        self,
        agency: str,
        after: tuple[datetime, UUID] | None,
        behind: tuple[datetime, UUID],
        sieve: Sieve,
        limit: int,
    ) -> list[Listed]:
        """A page of what `agency` has to act on, under its policies.

        From behind `after` in the order of deadlines, and then, or where that is `None`, what has no deadline from
        `behind` on, in the order in which it came to that level.
        """

        async def work(connection: Connection) -> list[Any]:
            rows: list[Any] = []
            if after is not None:
                rows += await connection.fetch(SQL["queue_with_deadline"], agency, *after, *sieve, limit)
            if len(rows) < limit:
                left = limit - len(rows)
                rows += await connection.fetch(SQL["queue_without_deadline"], agency, *behind, *sieve, left)
            return rows

        rows = await self.database.run_as_agency(agency, work)
        return [self._listed(row)._replace(at=row["due_at"], since=row["level_since"]) for row in rows]

    async def tracked(self, digest: bytes) -> UUID | None:
        """Which report a tracking code's digest stands for."""
        rows = await self._rows("id_of_tracked", digest)
        return rows[0]["report_id"] if rows else None

    async def counts(self) -> dict[str, int]:
        """Number of reports by status."""
        return {row["status"]: row["reports"] for row in await self._rows("count_by_status")}

    async def stored(self, report_id: UUID) -> dict[str, Any] | None:
        """A report's row as it lies in the database, and beside it what its sealed content says, if it can be read."""
        rows = await self._rows("stored_report", report_id)
        if not rows:
            return None
        row = dict(rows[0])
        sealed = row.pop("content")
        text: str | None = None
        place = Place()
        with suppress(Corrupt):  # the operator looks at it for that very reason
            text, place, _ = self.seals.open_content(report_id, sealed)
        shown = {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}
        return {
            **shown,
            "content_sealed": sealed.hex(),
            "text": text,
            "latitude": place.latitude,
            "longitude": place.longitude,
            "address": place.address,
            "landmark": place.landmark,
        }

    def _view_work(self, query: str, args: tuple[Any, ...]) -> Any:
        async def work(connection: Connection) -> ReportView | None:
            row = await connection.fetchrow(SQL[query], *args)
            if row is None:
                return None
            return self._view(row, await connection.fetch(SQL["history"], row["report_id"]))

        return work

    def _listed(self, row: Any) -> Listed:
        view = None
        try:
            view = self._view(row, ())
        except Corrupt as error:
            # The others of the page are not to be missed for it.
            UNREADABLE.inc()
            if len(self._told) < TOLD and row["report_id"] not in self._told:
                self._told.add(row["report_id"])
                log.warning("report.unreadable", report=row["report_id"], wrong=str(error))
        return Listed(row["created_at"], row["report_id"], view)

    def _view(self, row: Any, lines: Sequence[Any]) -> ReportView:
        report_id = row["report_id"]
        terms = terms_from_text(row["terms"])
        if not 0 <= row["level"] < len(terms.ladder):
            msg = "level"
            raise Corrupt(msg)
        past = NOTHING if row["past"] is None else Past(*past_from_text(row["past"]))
        parent = past.parent
        # Who comes with a tracking code sees no content, so that query does not even fetch it.
        content = self.seals.open_content(report_id, row["content"]) if "content" in row else ("", Place(), ())
        return ReportView(
            report_id=report_id,
            privacy=row["privacy"],
            category=row["category"],
            area=row["area"],
            text=content[0],
            place=content[1],
            assignee=row["assignee"],
            satisfaction=row["satisfaction"],
            attachments=content[2],
            status=row["status"],
            agency=row["agency"],
            holder=terms.ladder[row["level"]],
            level=row["level"],
            version=row["version"],
            created_at=row["created_at"],
            due_at=row["due_at"],
            history=tuple(self._entry(report_id, line) for line in lines),
            limit_at=self._limit_at(row, terms, past),
            merged=parent is not None,
            parent=None if parent is None else UUID(parent),
        )

    @staticmethod
    def _limit_at(row: Any, terms: Terms, past: Past) -> datetime | None:
        if row["due_at"] is not None:
            return row["due_at"]  # type: ignore[no-any-return]
        if past.parent is not None and row["status"] in HELD:
            return None
        state = ReportState(
            row["report_id"], row["privacy"], row["category"], None, terms,
            row["status"], row["level"], row["version"], row["level_since"], past=past,
        )  # fmt: skip
        try:
            return state.limit_at
        except (ValueError, OverflowError):
            msg = "limits"  # they end after the last year that anybody knows
            raise Corrupt(msg) from None

    def _entry(self, report_id: UUID, line: Any) -> HistoryEntry:
        version, note, handles = line["version"], line["note"], line["attachments"]
        return HistoryEntry(
            version,
            line["event"],
            line["status"],
            line["level"],
            line["holder"],
            line["actor"],
            line["at"],
            None if note is None else self.seals.open_note(report_id, version, note),
            () if handles is None else self.seals.open_handles(report_id, version, handles),
        )

    # --- crossing

    async def _rows(self, query: str, *args: Any) -> list[Any]:
        async def work(connection: Connection) -> list[Any]:
            rows: list[Any] = await connection.fetch(SQL[query], *args)
            return rows

        return await self.database.run("reports", work, transaction=False)

    async def _value(self, query: str) -> Any:
        return (await self._rows(query))[0][0]


_EVENT_ID = -3


class _Outdated(Exception):
    """One of several steps that belong together does not hold."""


async def _apply(connection: Connection, rows: list[tuple[Any, ...]]) -> set[UUID]:
    """Apply steps, each by itself; the events of those that held."""
    return {row["event_id"] for row in await connection.fetch(SQL["apply_steps"], *_columns(rows), RESOLVING)}


async def _apply_all_or_none(connection: Connection, rows: list[tuple[Any, ...]]) -> set[UUID]:
    """Apply steps that belong together; their events, or none."""
    try:
        async with connection.transaction():
            held = await _apply(connection, rows)
            if len(held) < len(rows):
                raise _Outdated
            return held
    except _Outdated:
        return set()


def _event(step: Transition, position: int, *, quiet: bool = False) -> tuple[int, UUID, str, bytes]:
    # Random, never ordered by time: an id must not tell when an anonymous report was filed.
    event_id = random_uuid()
    event = event_of(step, event_id)
    # A million letters about a million deadlines are no service to a million reporters: they see them when they look.
    return position, event_id, SUBJECT + step.event, encode_event(event._replace(reporter=None) if quiet else event)


def _notice(notice: Notice, position: int) -> tuple[int, UUID, str, bytes]:
    event_id = random_uuid()
    return position, event_id, SUBJECT + notice.event, encode_event(event_of_notice(notice, event_id))


def _columns(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
