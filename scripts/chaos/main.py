"""`scripts/chaos/run`: break a house in one way after another, each under load, and look for broken promises."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import click

from jagawarga.cli.exits import Refusal
from jagawarga.cli.output import print_json
from scripts.chaos.disk import DISK, enclosed
from scripts.chaos.scenarios import SCENARIOS
from scripts.chaos.telling import carry_out, end_with, summary
from scripts.chaos.trial import Plan, Trial
from scripts.chaos.verdict import GRACE

EXIT_REFUSED = 2


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[SCENARIO]...")
@click.option("--all", "everything", is_flag=True, help="Every scenario.")
@click.option("--seconds", type=click.FloatRange(min=1), default=20.0, show_default=True, help="Of breaking, each.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--load", type=click.FloatRange(min=0.1), default=20.0, show_default=True, help="Reports a second.")
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=GRACE,
    show_default=True,
    help="Seconds an escalation may be late beyond the time something was away.",
)
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Scenarios at the same time.")
@click.option("--list", "listing", is_flag=True, help="Name the scenarios and break nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--alone", is_flag=True, hidden=True, help="This process is the one scenario's own.")
def run(
    names: tuple[str, ...],
    seconds: float,
    seed: int,
    load: float,
    grace: float,
    jobs: int,
    *,
    everything: bool,
    listing: bool,
    as_json: bool,
    alone: bool,
) -> int:
    """Break a house of its own under load, let it heal, and compare what was promised with what is there.

    Exit code 0: every promise kept; 1: one was broken; 2: some scenario could not be tried, or there is no such.
    """
    if listing:
        for name, make in SCENARIOS.items():
            click.echo(f"{name:10} {make().breaks}")
        return 0
    wanted = list(SCENARIOS) if everything else list(names)
    _check(wanted)
    plan = Plan(seconds, seed, load, grace)
    if alone:
        print_json(carry_out(Trial(SCENARIOS[wanted[0]](), plan)))
        return 0
    with ThreadPoolExecutor(jobs) as pool:
        found = dict(zip(wanted, pool.map(lambda name: _in_its_own_process(name, plan), wanted), strict=True))
    if as_json:
        print_json({"good": all(each["good"] for each in found.values()), "seed": seed, "scenarios": found})
    else:
        for each in found.values():
            click.echo("\n".join(summary(each) if "audit" in each else [f"{each['scenario']}: {each['refused']}"]))
    if any("refused" in each for each in found.values()):
        return EXIT_REFUSED
    return 0 if all(each["good"] for each in found.values()) else 1


def _check(wanted: list[str]) -> None:
    unknown = [name for name in wanted if name not in SCENARIOS]
    if unknown:
        msg = f"there is no scenario {unknown[0]!r}; there are {', '.join(SCENARIOS)}"
        raise Refusal(msg)
    if not wanted:
        msg = "name a scenario, or --all (--list names them)"
        raise Refusal(msg)


def _in_its_own_process(name: str, plan: Plan) -> dict[str, Any]:
    """Carry a scenario out in a process of its own, so that none inherits anything from the one before it."""
    argv = [
        *(sys.executable, "-m", "scripts.chaos.main", name, "--alone"),
        *(f"--seconds={plan.seconds}", f"--seed={plan.seed}", f"--load={plan.load}", f"--grace={plan.grace}"),
    ]
    with enclosed(argv) if name == DISK else nullcontext(argv) as command:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        return {"scenario": name, "good": False, "refused": said[0]}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    end_with(run, "run")
