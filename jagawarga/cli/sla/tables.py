"""Showing what policies would have done: one policy in full, or two side by side."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table
from rich.text import Text

from jagawarga.cli.output import console

SHOWN = (
    ("n", "n"),
    ("answered", "answered"),
    ("in time", "within_limit"),
    ("warned", "warned"),
    ("escalated", "escalated"),
    ("twice", "escalated_twice"),
    ("to the top", "to_the_top"),
    ("limit h", "limit_hours"),
    ("median h", "response_hours_median"),
    ("p90 h", "response_hours_p90"),
    ("late h", "late_hours_total"),
)
COMPARED = (
    ("in time", "within_limit"),
    ("escalated", "escalated"),
    ("to the top", "to_the_top"),
    ("limit h", "limit_hours"),
    ("median h", "response_hours_median"),
    ("late h", "late_hours_total"),
)


def report(told: dict[str, Any], rows: int) -> None:
    """Print the tables, and under them what was assumed."""
    policies = told["policies"]
    for kind in ("categories", "agencies"):
        console().print(_table(kind, policies, rows))
    unused = ", ".join(f"{count:,} × {reason}" for reason, count in told["unused"].items())
    click.echo(
        f"{told['complaints']:,} complaints in {told['seconds']:.1f} s" + (f"; not used: {unused}" if unused else "")
    )
    for line in told["assumed"]:
        click.echo(f"  assumed: {line}")


def _table(kind: str, policies: dict[str, Any], rows: int) -> Table:
    compared = len(policies) > 1
    now = policies["now"]
    table = Table(box=None, pad_edge=False, title=None)
    table.add_column(kind)
    if compared:
        table.add_column("n", justify="right")
        for name, _ in COMPARED:
            table.add_column(f"{name} now → then", justify="right")
    else:
        for name, _ in SHOWN:
            table.add_column(name, justify="right")
    names = list(now[kind])[:rows]
    for name in [*names, None]:
        before = now["all"] if name is None else now[kind][name]
        cells = [_cell(before[key]) for _, key in SHOWN]
        if compared:
            after = policies["then"]["all"] if name is None else policies["then"][kind][name]
            cells = [_cell(before["n"])]
            cells += [f"{_cell(before[key])} → {_cell(after[key])}" for _, key in COMPARED]
        table.add_row(Text("all" if name is None else name), *cells)
    return table


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
