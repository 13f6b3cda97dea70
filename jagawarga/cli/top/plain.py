"""One picture as plain text, for a pipe, a file or a screen reader."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from jagawarga.cli.output import console, print_json
from jagawarga.cli.top.feed import Row, compare, ordered
from jagawarga.cli.top.link import Ask
from jagawarga.cli.top.look import Look, View, look
from jagawarga.cli.top.words import NUMBERS_FROM, PROCESSES, headlines, process_rows

Pause = Callable[[float], None]


def print_once(ask: Ask, view: View, interval: float, *, as_json: bool = False, pause: Pause = time.sleep) -> None:
    """Look twice, `interval` seconds apart, and print what happened between; raises what `look` raises."""
    before = look(ask, view)
    pause(interval)
    now = look(ask, view)
    rows = ordered(compare(before.sample, now.sample), view.sort)
    if as_json:
        print_json(_values(now, rows))
        return
    out = console()
    for line in headlines(now.overview):
        out.print(line)
    out.print(_table(rows))


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(PROCESSES):
        is_number = NUMBERS_FROM <= number < len(PROCESSES) - 1
        table.add_column(column.head, no_wrap=True, justify="right" if is_number else "left")
    for cells in process_rows(rows):
        table.add_row(*map(Text, cells))
    return table


def _values(now: Look, rows: list[Row]) -> dict[str, Any]:
    return {
        "runtime": now.overview,
        "total": now.sample.total,
        "processes": [asdict(row.seen) | {"handled_per_second": row.rate, "busy_share": row.share} for row in rows],
    }
