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


@click.command()
@ACTOR
@shared
def suspend(actor: str, data: Path | None, *, as_json: bool) -> None:
    """Hold an actor still: its mail waits, within its bound, until `resume`."""
    _steer("suspend", "suspended", actor, data, as_json=as_json)


@click.command()
@ACTOR
@shared
def resume(actor: str, data: Path | None, *, as_json: bool) -> None:
    """Let a suspended actor go on with its mail."""
    _steer("resume", "resumed", actor, data, as_json=as_json)


@click.command()
@ACTOR
@click.option("--seconds", type=click.FloatRange(0, 25, min_open=True), default=5.0, show_default=True)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Events at most.")
@shared
def trace(actor: str, seconds: float, limit: int, data: Path | None, *, as_json: bool) -> None:
    """Show what an actor handles from now on: kinds, types and times of messages, never what they say."""
    answer = ask(data_directory(data), "trace", actor=actor, seconds=seconds, limit=limit)
    if as_json:
        print_json(answer)
        return
    for event in answer["events"]:
        click.echo(f"{event['at']:10.6f} s  {event['what']:5}  {event['type']:24} {event['seconds'] * 1e3:9.3f} ms")
    click.echo(f"{len(answer['events'])} events of {answer['path']}{', cut short' if answer['cut'] else ''}", err=True)


@click.command()
@shared
def runtime(data: Path | None, *, as_json: bool) -> None:
    """Show the runtime as a whole: actors by state, timers, who blocks the loop, the collector's pauses, zombies."""
    answer = ask(data_directory(data), "runtime")
    if as_json:
        print_json(answer)
    else:
        _show({"actors": answer.pop("actors"), **_flat(answer)}, as_json=False)


def _flat(facts: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, dict):
            flat |= {f"{name} {inner}": each for inner, each in value.items()}
        else:
            flat[name] = value
    return flat


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
