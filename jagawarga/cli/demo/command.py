"""`scripts/demo`: a process of its own, the story told on it, and everything cleaned up."""

from __future__ import annotations

import os
import sys
from typing import Any

import click
import trio

from jagawarga.cli.demo.story import Story
from jagawarga.cli.demo.telling import Telling
from jagawarga.cli.exits import Refusal, first_cause, terminate_as_interrupted
from jagawarga.cli.instance import own_instance
from jagawarga.cli.options import load_accounts
from jagawarga.cli.output import console, print_json
from jagawarga.client import Client, Patience, Refused, Unreachable
from supervisors.control import NotRunning
from supervisors.port import PortExited, PortNotReady

SCALE = 21_600.0
"""Six hours pass in a second: a day's limit is four."""
ENVIRONMENT = {
    "JAGAWARGA_SLA_TIME_SCALE": str(SCALE),
    "JAGAWARGA_ANONYMOUS_TIME_GRANULARITY": "1",
    "JAGAWARGA_SIGN_INS_BURST": "200",
    "JAGAWARGA_LOG_FORMAT": "json",
}
LIMIT = 150.0
EXPECTED = (PortExited, PortNotReady, Refused, Unreachable, NotRunning, trio.TooSlowError, OSError)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON instead of the story.")
def demo(*, as_json: bool) -> int:
    """Tell JagaWarga's proof of concept on a real process of its own; 0 only if every step held."""
    telling = Telling(None if as_json else console())
    failure: str | None = None
    try:
        trio.run(_tell, telling)
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


async def _tell(telling: Telling) -> None:
    telling.step("JagaWarga starts: one process, with its own PostgreSQL and NATS, in a temporary directory")
    with trio.fail_after(LIMIT):
        async with own_instance("demo", ENVIRONMENT) as instance:
            telling.check("it is ready", held=True, address=instance.url)
            accounts = load_accounts(instance.data / "accounts.json")
            async with Client(instance.url, patience=Patience(tries=40, longest=5.0)) as client:
                await Story(telling, instance, client, accounts, SCALE).tell()


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


def main() -> None:
    """Run the command and exit."""
    terminate_as_interrupted()
    try:
        code = demo.main(prog_name="demo", standalone_mode=False)
    except click.ClickException as refused:
        Refusal(refused.format_message()).show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("demo: interrupted; everything is cleaned up", err=True)
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code if isinstance(code, int) else 0)
