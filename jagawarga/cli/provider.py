"""`jagawarga provider`: the simulated identity provider as a process of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import click
import trio

from jagawarga.cli.exits import Refusal
from jagawarga.errors import StartupError

SECRET = "JAGAWARGA_IDENTITY_PROVIDER_SECRET"  # noqa: S105 - the name of a variable
SHORTEST_SECRET = 16


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8100, show_default=True, help="0 takes a free one.")
@click.option(
    "--population", type=click.Path(path_type=Path, dir_okay=False), help="A file like config/population.toml."
)
@click.option("--latency", type=click.FloatRange(0, 60), default=0.0, help="Seconds before each answer.")
@click.option("--outage", is_flag=True, help="Hang up instead of answering.")
@click.option("--answer", type=click.Choice(["right", "no", "nonsense", "forged"]), default="right", show_default=True)
def provider(
    host: str,
    port: int,
    population: Path | None,
    latency: float,
    *,
    outage: bool,
    answer: Literal["right", "no", "nonsense", "forged"],
) -> None:
    """Confirm invented people over HTTP, for trials of what registration does when its provider is slow, wrong or away.

    The secret it shares with JagaWarga is taken from JAGAWARGA_IDENTITY_PROVIDER_SECRET.
    """
    from jagawarga.provider.population import Population, load_population
    from jagawarga.provider.server import SimulatedProvider, Switches

    secret = os.environ.get(SECRET, "")
    if len(secret) < SHORTEST_SECRET:
        msg = f"{SECRET} must have {SHORTEST_SECRET} characters or more"
        raise Refusal(msg)
    try:
        people = Population() if population is None else load_population(population)
    except StartupError as error:
        raise Refusal(str(error)) from None
    serving = SimulatedProvider(people, secret.encode(), Switches(latency, outage, answer), host, port)
    try:
        trio.run(serving.serve, lambda: click.echo(f"simulated identity provider on http://{host}:{serving.port}"))
    except* OSError as error:
        msg = f"can not serve on {host}:{port} ({type(error.exceptions[0]).__name__})"
        raise Refusal(msg) from None
