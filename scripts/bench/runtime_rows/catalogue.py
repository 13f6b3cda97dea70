"""All rows, in the order in which they are measured."""

from __future__ import annotations

from scripts.bench.runtime_rows import calls, casts, churn, kills, memory, spawning, stopping, timers
from scripts.bench.runtime_rows.row import Row

THEMES = (memory, spawning, calls, casts, kills, timers, stopping, churn)
ROWS: dict[str, Row] = {row.name: row for theme in THEMES for row in theme.ROWS}
