"""Filling a database with open reports as the process itself would have written them, only faster."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from jagawarga.catalogue.config import load_config
from jagawarga.catalogue.service import CatalogueService
from jagawarga.plumbing.keys import Keyring
from jagawarga.reports.model import Terms, ceil_to, floor_to
from jagawarga.reports.rows import terms_to_text
from jagawarga.reports.tracking import PURPOSE, code_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMNS = (
    "report_id", "tracking", "privacy", "category", "area", "agency", "reporter", "content", "terms", "status",
    "level", "version", "authorities", "created_at", "level_since", "due_at",
)  # fmt: skip
PRIVACIES = ("public", "private", "private", "anonymous", "private")
CODES = 1_000
SOON, LATEST = timedelta(minutes=20), timedelta(days=7)
"""Nothing falls due while it is measured but what was overdue before."""
OLDEST = timedelta(hours=6)
TEXT = "Lampu jalan di depan balai warga mati sejak tiga malam yang lalu, mohon diperbaiki."

REST = (
    """INSERT INTO reports.history (report_id, version, event, status, level, holder, actor, at, note)
    SELECT report_id, 1, 'report.received', 'received', 0, agency, 'system', created_at, NULL FROM reports.report""",
    """INSERT INTO reports.access (agency, created_at, report_id)
    SELECT agency, created_at, report_id FROM reports.report""",
    # As after a while of quiet, not as in the moment after a million inserts.
    "VACUUM ANALYZE reports.report, reports.history, reports.access",
    "CHECKPOINT",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What reports of one category and area have in common."""

    category: str
    area: str | None
    terms: Terms


def kinds(config: Path) -> list[Kind]:
    """One for each category of the catalogue, routed as a report without a place is."""
    catalogue = CatalogueService(load_config(config))
    found = []
    for category in catalogue.categories():
        routed = catalogue.assign(category.key, None, None, None)
        limits = routed.category
        found.append(
            Kind(category.key, routed.area, Terms(routed.ladder, limits.respond_within, limits.resolve_within))
        )
    return [kind for kind in found if len(kind.terms.ladder) > 1]


def fill(url: str, keys: Path, config: Path, reports: int, overdue: int, rng: random.Random) -> list[str]:
    """Write the reports with their history and access; returns some tracking codes."""
    codes: list[str] = []
    asyncio.run(_fill(url, _rows(Keyring.load(keys), kinds(config), reports, overdue, rng, codes)))
    return codes


async def _fill(url: str, rows: Iterator[tuple[Any, ...]]) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET synchronous_commit = off")
        await connection.copy_records_to_table(
            "report", schema_name="reports", columns=COLUMNS, records=rows, timeout=3600
        )
        for statement in REST:
            await connection.execute(statement, timeout=3600)
    finally:
        await connection.close()


def _rows(
    keyring: Keyring, known: list[Kind], reports: int, overdue: int, rng: random.Random, codes: list[str]
) -> Iterator[tuple[Any, ...]]:
    now = datetime.now(UTC)
    for number in range(reports):
        kind = known[number % len(known)]
        terms = kind.terms
        if number < overdue:
            due_at = now - timedelta(seconds=rng.uniform(1, OLDEST.total_seconds()))
        else:
            due_at = now + timedelta(seconds=rng.uniform(SOON.total_seconds(), LATEST.total_seconds()))
        privacy = PRIVACIES[number % len(PRIVACIES)]
        since = due_at - terms.limit("respond", 0)
        created_at = since
        if privacy == "anonymous":
            created_at, since = floor_to(since, 60), ceil_to(since, 60)
            due_at = since + terms.limit("respond", 0)
        report_id = UUID(int=rng.getrandbits(128))
        code = code_of(rng.getrandbits(120))
        if len(codes) < CODES:
            codes.append(code)
        agency = terms.ladder[0]
        yield (
            report_id, keyring.digest(PURPOSE, code.replace("-", "").encode()), privacy, kind.category, kind.area,
            agency, None if privacy == "anonymous" else f"{number % 500_000:032x}",
            keyring.seal("report-content", f'["{TEXT}", -6.9, 107.6, null]'.encode(), report_id.bytes),
            terms_to_text(terms), "received", 0, 1, [agency], created_at, since, due_at,
        )  # fmt: skip
