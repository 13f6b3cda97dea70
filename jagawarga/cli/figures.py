"""Commands that print values: the settings in force, and reports by state."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from jagawarga.cli.control import ask
from jagawarga.cli.details import aligned
from jagawarga.cli.options import data_directory, data_option, json_option, settings_or_refusal, shared
from jagawarga.cli.output import console, print_json

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@data_option
@json_option
def config(data: Path | None, *, as_json: bool) -> None:
    """Show every setting and its value; secrets are masked."""
    settings = settings_or_refusal(data_dir=data)
    from jagawarga.settings import describe

    rows = describe(settings)
    if as_json:
        print_json({row.name: asdict(row) for row in rows})
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("setting", "value", "default", "environment", "what it is"):
        table.add_column(head, overflow="fold")
    for row in rows:
        shown = Text(row.value or "-", "" if row.value == row.default else "bold")
        table.add_row(row.name, shown, row.default or "-", row.environment, row.description)
    console().print(table)


@click.command()
@shared
def reports(data: Path | None, *, as_json: bool) -> None:
    """Count the reports by state."""
    counts = ask(data_directory(data), "reports")
    if as_json:
        print_json(counts)
        return
    for line in aligned(counts):
        click.echo(line)
