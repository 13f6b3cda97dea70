"""`scripts/tour`: a process of its own, walked through as everybody who uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import trio

from jagawarga.cli.demo.running import run, told
from jagawarga.cli.instance import own_instance
from jagawarga.cli.options import load_accounts
from jagawarga.cli.tour.caller import Caller
from jagawarga.cli.tour.walk import Walk

if TYPE_CHECKING:
    from jagawarga.cli.demo.telling import Telling

ENVIRONMENT = {
    # An hour passes in a second: a flood must be answered within two.
    "JAGAWARGA_SLA_TIME_SCALE": "3600",
    "JAGAWARGA_SLA_CONFIRM_DAYS": "0.25",
    "JAGAWARGA_SIGN_INS_BURST": "200",
    "JAGAWARGA_LOG_FORMAT": "json",
}
LIMIT = 180.0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON instead of the story.")
def tour(*, as_json: bool) -> int:
    """Walk through the API as everybody who uses it, citizen to mayor; 0 only if every step held."""
    return told(_walk, as_json=as_json)


async def _walk(telling: Telling) -> None:
    telling.step("JagaWarga starts in a temporary directory")
    with trio.fail_after(LIMIT):
        async with own_instance("tour", ENVIRONMENT) as instance, Caller(instance.url) as caller:
            telling.check("it is ready", held=True, address=instance.url)
            await Walk(telling, caller, load_accounts(instance.data / "accounts.json")).walk()


def main() -> None:
    """Run the command and exit."""
    run(tour, "tour")
