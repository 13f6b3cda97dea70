"""Telling something on a process of one's own, from its start to the exit code; everything is cleaned up behind it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click
import trio

from jagawarga.cli.demo.telling import Telling
from jagawarga.cli.exits import Refusal, first_cause, terminate_as_interrupted
from jagawarga.cli.output import console, print_json
from jagawarga.client import Refused, Unreachable
from supervisors.control import NotRunning
from supervisors.port import PortExited, PortNotReady

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

EXPECTED = (PortExited, PortNotReady, Refused, Unreachable, NotRunning, trio.TooSlowError, OSError)


def told(tell: Callable[[Telling], Awaitable[None]], *, as_json: bool) -> int:
    """Tell it, print the facts or a conclusion, and return 0 only if every claim held."""
    telling = Telling(None if as_json else console())
    try:
        trio.run(tell, telling)
    except (Exception, BaseExceptionGroup) as error:
        cause = first_cause(error)
        if not isinstance(cause, EXPECTED):
            raise cause from None
        failure = f"{type(cause).__name__}: {cause}".removesuffix(": ")
        telling.check("the story could be told to its end", held=False, why=failure)
    if as_json:
        print_json(telling.as_json())
    else:
        _conclude(telling)
    return 0 if telling.held else 1


def _conclude(telling: Telling) -> None:
    facts: dict[str, Any] = telling.as_json()
    broken = [check for check in telling.checks if not check.held]
    click.echo("")
    if telling.held:
        click.echo(f"All {len(telling.checks)} claims held, in {facts['seconds']:.0f} s.")
    else:
        click.echo(f"{len(broken)} of {len(telling.checks)} claims did not hold:")
        for check in broken:
            click.echo(f"  {check.claim}")


def run(command: click.Command, name: str) -> None:
    """Run the command and exit."""
    terminate_as_interrupted()
    try:
        code = command.main(prog_name=name, standalone_mode=False)
    except click.ClickException as refused:
        Refusal(refused.format_message()).show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"{name}: interrupted; everything is cleaned up", err=True)
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code if isinstance(code, int) else 0)
