"""Commands that look at the running tree and steer single actors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from jagawarga.cli.control import ask
from jagawarga.cli.details import aligned
from jagawarga.cli.options import data_directory, shared
from jagawarga.cli.output import console, print_json
from jagawarga.cli.treeview import draw

if TYPE_CHECKING:
    from pathlib import Path

ACTOR = click.argument("actor", metavar="ACTOR")


@click.command()
@shared
def tree(data: Path | None, *, as_json: bool) -> None:
    """Show every actor: state, restarts, mailbox, age.

    Supervisors of many children show them as counts.
    """
    found = ask(data_directory(data), "tree")
    if as_json:
        print_json(found)
    else:
        console().print(draw(found))


@click.command()
@ACTOR
@shared
def inspect(actor: str, data: Path | None, *, as_json: bool) -> None:
    """Show one actor in detail; ACTOR is its path or the end of it that only it has."""
    _show(ask(data_directory(data), "inspect", actor=actor), as_json=as_json)


@click.command()
@ACTOR
@shared
def kill(actor: str, data: Path | None, *, as_json: bool) -> None:
    """Kill an actor at once; its supervisor does what its rules say."""
    _steer("kill", "killed", actor, data, as_json=as_json)


@click.command()
@ACTOR
@shared
def restart(actor: str, data: Path | None, *, as_json: bool) -> None:
    """Stop an actor in order and start it again."""
    _steer("restart", "restarted", actor, data, as_json=as_json)


def _steer(op: str, done: str, actor: str, data: Path | None, *, as_json: bool) -> None:
    answer = ask(data_directory(data), op, actor=actor)
    if as_json:
        print_json(answer)
    else:
        click.echo(f"{done} {answer.get('path', actor) if isinstance(answer, dict) else actor}")


def _show(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    for line in aligned(answer):
        click.echo(line)
