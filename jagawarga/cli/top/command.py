"""`jagawarga top`: the command."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from jagawarga.cli.exits import Refusal, terminate_as_interrupted
from jagawarga.cli.options import data_directory, shared
from jagawarga.cli.top.feed import SORTS
from jagawarga.cli.top.link import Link
from jagawarga.cli.top.look import View
from jagawarga.cli.top.plain import print_once
from supervisors.control import ControlError, NotRunning

SHORTEST, LONGEST = 0.2, 60.0


def _seconds(_context: click.Context, _option: click.Parameter, value: float) -> float:
    # Not click's FloatRange, which asks the other way round and lets "nan" through.
    if not SHORTEST <= value <= LONGEST:
        msg = f"expected {SHORTEST:g} to {LONGEST:g} seconds, got {value:g}"
        raise click.BadParameter(msg)
    return value


@click.command()
@click.option("--interval", type=float, default=2.0, show_default=True, callback=_seconds, metavar="SECONDS")
@click.option("--sort", type=click.Choice(SORTS), default="mailbox", show_default=True, help="What to order by.")
@click.option("--filter", "matching", default="", metavar="TEXT", help="Only actors with this in their path.")
@click.option("--once", is_flag=True, help="Print one picture as text and exit, as where the output is no terminal.")
@shared
def top(interval: float, sort: str, matching: str, data: Path | None, *, once: bool, as_json: bool) -> None:
    """Watch the running actors live, and steer them; `q` quits.

    Messages handled per second and busy % are those of the last interval. It is a process of its own: it looks on while
    the loop is blocked, and waits while no JagaWarga runs. The screen needs textual (pip install "jagawarga[top]").
    """
    directory = data_directory(data)
    if directory.exists() and not directory.is_dir():
        msg = f"--data: {directory} is no directory"
        raise Refusal(msg)
    link, view = Link(directory), View(sort, matching)
    # Textual reads keys from standard input and draws on standard error.
    if once or as_json or not all(each.isatty() for each in (sys.stdin, sys.stdout, sys.stderr)):
        try:
            print_once(link, view, interval, as_json=as_json)
        except (NotRunning, ControlError) as error:
            raise Refusal(str(error)) from None
        return
    try:
        from jagawarga.cli.top.screen import Top
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "textual":
            raise
        msg = 'the live screen needs textual, which is missing (pip install "jagawarga[top]"; --once does without)'
        raise Refusal(msg) from None
    terminate_as_interrupted()  # or the terminal would be left as the screen had it
    Top(link, interval, view).run()
