"""The same rows into the same tables by the same statement, without our pipeline: what the database alone allows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from jagawarga.reports.store import SQL
from scripts.bench.pipeline_rows.cpu import used
from scripts.bench.pipeline_rows.stages import BATCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagawarga.app import House
    from jagawarga.reports.store import Filing


async def bare(house: House, filings: Sequence[Filing]) -> dict[str, float]:
    """Insert ready rows batch by batch, each a transaction."""
    store = house.reports.store
    rows = [store._filing_row(each) for each in filings]  # noqa: SLF001 - ready rows
    batches = [
        [list(column) for column in zip(*rows[start : start + BATCH], strict=True)]
        for start in range(0, len(rows), BATCH)
    ]

    async def insert(columns: list[list[Any]], connection: Any) -> None:
        await connection.execute(SQL["insert_reports"], *columns, 0)

    before, begun = used(), trio.current_time()
    for columns in batches:
        await house.database.run("reports", partial(insert, columns), transaction=False)
    seconds, cpu = trio.current_time() - begun, used().since(before)
    return {
        "rows": len(rows),
        "per_second": len(rows) / seconds,
        "ours_us": cpu.ours / len(rows) * 1e6,
        "postgres_us": cpu.postgres / len(rows) * 1e6,
    }
