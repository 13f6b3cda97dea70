"""`scripts/chaos/kill_actors`: kill actors of any kind while a client files reports, then look for broken promises."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jagawarga.cli.exits import Refusal
from jagawarga.cli.output import print_json
from scripts.chaos.stage import Stage
from scripts.chaos.strikes import Actors
from scripts.chaos.telling import carry_out, end_with, summary
from scripts.chaos.trial import Plan, Trial
from scripts.chaos.verdict import GRACE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class ActorsThere(Actors):
    """The same, in a house that runs already."""

    def __init__(self, rate: float, only: str | None, url: str, data: Path) -> None:
        super().__init__(rate, only)
        self._stage = Stage(url, data)

    @asynccontextmanager
    async def setting(self) -> AsyncIterator[Stage]:
        """Give the house that runs; it is left running."""
        await self._stage.ready()
        yield self._stage


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seconds", type=click.FloatRange(min=1), default=30.0, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--rate", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="Kills a second.")
@click.option("--load", type=click.FloatRange(min=0.1), default=20.0, show_default=True, help="Reports a second.")
@click.option("--only", metavar="PATTERN", help="Kill only actors whose path, name or kind fits, e.g. 'report*'.")
@click.option("--url", metavar="URL", help="A server that runs already; its --data is needed, too.")
@click.option("--data", type=click.Path(path_type=Path), metavar="DIR", help="Data directory of that server.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def kill_actors(
    seconds: float,
    seed: int,
    rate: float,
    load: float,
    only: str | None,
    url: str | None,
    data: Path | None,
    *,
    as_json: bool,
) -> int:
    """Kill actors at random while reports are filed, then compare what was promised with what is there.

    Without --url it starts a JagaWarga of its own in a temporary directory. Exit code 0: every promise kept; 1: one
    was broken; 2: it could not be tried.
    """
    if url is not None and data is not None:
        scenario: Actors = ActorsThere(rate, only, url, data)
    elif url is None and data is None:
        scenario = Actors(rate, only)
    else:
        msg = "--url and --data belong together"
        raise Refusal(msg)
    found = carry_out(Trial(scenario, Plan(seconds, seed, load, GRACE)))
    if as_json:
        print_json(found)
    else:
        for line in summary(found):
            click.echo(line)
    return 0 if found["good"] else 1


if __name__ == "__main__":
    end_with(kill_actors, "kill_actors")
