"""What the database says of it afterwards, asked by a connection of one's own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from datetime import datetime

LEFT = """SELECT count(*) FROM reports.report
    WHERE status NOT IN ('closed', 'rejected', 'withdrawn') AND due_at <= $1"""
OUTBOX = "SELECT count(*) FROM reports.outbox WHERE $1::timestamptz IS NOT NULL"
CHECKS = {
    "escalated": "SELECT count(*) FROM reports.history WHERE event = 'report.escalated'",
    "escalated_reports": "SELECT count(DISTINCT report_id) FROM reports.history WHERE event = 'report.escalated'",
    "open": "SELECT count(*) FROM reports.report WHERE status NOT IN ('closed', 'rejected', 'withdrawn')",
    # Each report's version is the number of its lines, and its last line says what its row says.
    "inconsistent": """
        SELECT count(*) FROM (
            SELECT report_id, count(*) AS lines, max(version) AS last, max(level) AS level
            FROM reports.history GROUP BY report_id
        ) AS h FULL JOIN reports.report AS r ON r.report_id = h.report_id
        WHERE r.version IS DISTINCT FROM h.last OR h.lines IS DISTINCT FROM h.last OR r.level IS DISTINCT FROM h.level
    """,
    "not_shown": """
        SELECT count(*) FROM reports.history AS h
        WHERE h.event = 'report.escalated' AND NOT EXISTS (
            SELECT 1 FROM reports.access AS a WHERE a.report_id = h.report_id AND a.agency = h.holder
        )
    """,
}


def left(url: str, until: datetime) -> tuple[int, int]:
    """Reports still overdue by that time, and events that wait for the broker."""
    return asyncio.run(_left(url, until))


async def _left(url: str, until: datetime) -> tuple[int, int]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(LEFT, until), await connection.fetchval(OUTBOX, until)
    finally:
        await connection.close()


def audit(url: str) -> dict[str, Any]:
    """All checks, each a number."""
    return asyncio.run(_audit(url))


async def _audit(url: str) -> dict[str, Any]:
    connection = await asyncpg.connect(url)
    try:
        return {name: await connection.fetchval(sql, timeout=600) for name, sql in CHECKS.items()}
    finally:
        await connection.close()
