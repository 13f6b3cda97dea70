"""`scripts/demo`: a process of its own, the story told on it, and everything cleaned up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import trio

from jagawarga.cli.demo.running import run, told
from jagawarga.cli.demo.story import Story
from jagawarga.cli.instance import own_instance
from jagawarga.cli.options import load_accounts
from jagawarga.client import Client, Patience

if TYPE_CHECKING:
    from jagawarga.cli.demo.telling import Telling

SCALE = 21_600.0
"""Six hours pass in a second: a day's limit is four."""
ENVIRONMENT = {
    "JAGAWARGA_SLA_TIME_SCALE": str(SCALE),
    "JAGAWARGA_ANONYMOUS_TIME_GRANULARITY": "1",
    "JAGAWARGA_SIGN_INS_BURST": "200",
    "JAGAWARGA_LOG_FORMAT": "json",
}
LIMIT = 150.0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON instead of the story.")
def demo(*, as_json: bool) -> int:
    """Tell JagaWarga's proof of concept on a real process of its own; 0 only if every step held."""
    return told(_tell, as_json=as_json)


async def _tell(telling: Telling) -> None:
    telling.step("JagaWarga starts: one process, with its own PostgreSQL and NATS, in a temporary directory")
    with trio.fail_after(LIMIT):
        async with own_instance("demo", ENVIRONMENT) as instance:
            telling.check("it is ready", held=True, address=instance.url)
            accounts = load_accounts(instance.data / "accounts.json")
            async with Client(instance.url, patience=Patience(tries=40, longest=5.0)) as client:
                await Story(telling, instance, client, accounts, SCALE).tell()


def main() -> None:
    """Run the command and exit."""
    run(demo, "demo")
