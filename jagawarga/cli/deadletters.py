"""Commands for messages that a consumer could not take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from jagawarga.cli.control import ask
from jagawarga.cli.details import aligned
from jagawarga.cli.options import data_directory, shared
from jagawarga.cli.output import print_json

if TYPE_CHECKING:
    from pathlib import Path

MOST = 1_000
NUMBER = click.argument("number", type=click.IntRange(1))


@click.group()
def deadletters() -> None:
    """Look at the messages a consumer could not take; send them again, or drop them."""


@deadletters.command("list")
@click.option("--limit", type=click.IntRange(1, MOST), default=100, show_default=True)
@shared
def listed(limit: int, data: Path | None, *, as_json: bool) -> None:
    """List them with their reasons, the oldest first."""
    found = ask(data_directory(data), "deadletters", limit=limit)
    if as_json:
        print_json(found)
        return
    for each in found:
        click.echo(f"{each['number']:>6}  {each['bytes']:>6} B  {each['subject']}  {each['reason']}")
    more = f", the oldest; more may be behind them (--limit, at most {MOST:,})" if len(found) == limit else ""
    click.echo(f"{len(found)} dead letters{more}", err=True)


@deadletters.command()
@NUMBER
@shared
def show(number: int, data: Path | None, *, as_json: bool) -> None:
    """Show one with what it says; a sealed one stays sealed."""
    _print(ask(data_directory(data), "deadletter", number=number), as_json=as_json)


@deadletters.command()
@NUMBER
@shared
def retry(number: int, data: Path | None, *, as_json: bool) -> None:
    """Send one the way it came once more."""
    _print(ask(data_directory(data), "retry_deadletter", number=number), as_json=as_json)


@deadletters.command()
@NUMBER
@shared
def drop(number: int, data: Path | None, *, as_json: bool) -> None:
    """Forget one for good."""
    _print(ask(data_directory(data), "drop_deadletter", number=number), as_json=as_json)


def _print(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    for line in aligned(answer):
        click.echo(line)
