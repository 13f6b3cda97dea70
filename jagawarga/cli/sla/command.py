"""`jagawarga sla reload` and `jagawarga sla simulate FILE.csv`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from jagawarga.cli.control import ask
from jagawarga.cli.exits import Refusal
from jagawarga.cli.options import data_directory, json_option, settings_or_refusal, shared
from jagawarga.cli.output import print_json
from jagawarga.cli.replay.command import hours_option
from jagawarga.cli.replay.rows import UnusableFile
from jagawarga.cli.sla.history import read_history
from jagawarga.cli.sla.tables import report
from jagawarga.errors import StartupError

if TYPE_CHECKING:
    from datetime import tzinfo

    from jagawarga.simulation.policy import Policy

COLUMNS = ("category", "agency", "submitted", "answered")
HOUR = 3600.0


@click.group()
def sla() -> None:
    """How fast reports must be seen to: put a changed policy into force, or try one on the past."""


@sla.command()
@click.option("--running-clocks", is_flag=True, help="Put the reports that are open under it as well.")
@shared
def reload(data: Path | None, *, running_clocks: bool, as_json: bool) -> None:
    """Have the running process read its configuration again; when anything in it is wrong, nothing changes.

    Reports that are there keep the clocks they were filed under. With --running-clocks those that are open get the
    new ones; a deadline that would have passed already stays as it is. Broken off, it can be given again.
    """
    directory = data_directory(data)
    told: dict[str, Any] = dict(ask(directory, "sla_reload"))
    if running_clocks:
        told["running_clocks"] = _reschedule(directory)
    if as_json:
        print_json(told)
        return
    for kind, changes in told["changed"].items():
        for what, keys in changes.items():
            click.echo(f"{kind} {what}: {', '.join(keys)}")
    if not told["changed"]:
        click.echo("nothing has changed")
    if running_clocks:
        clocks = told["running_clocks"]
        again = f", {clocks['moved']:,} moved meanwhile (give the command again)" if clocks["moved"] else ""
        click.echo(
            f"{clocks['looked']:,} open reports: {clocks['rescheduled']:,} rescheduled,"
            f" {clocks['kept']:,} keep a deadline that would have passed{again}"
        )


def _reschedule(directory: Path) -> dict[str, int]:
    counts: Counter[str] = Counter({"looked": 0, "rescheduled": 0, "kept": 0, "moved": 0})
    after: str | None = None
    while True:
        batch = ask(directory, "sla_reschedule", after=after)
        after = batch.pop("after")
        counts.update(batch)
        if after is None:
            return dict(counts)


def _zone(_context: click.Context, _option: click.Parameter, value: str) -> tzinfo:
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = f"{value!r} is no time zone"
        raise click.BadParameter(msg) from None


@sla.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.csv")
@click.option("--policy", type=click.Path(path_type=Path), metavar="DIR", help="Compare with the files in DIR.")
@click.option("--config", type=click.Path(path_type=Path), metavar="DIR", help="Configuration (default: as set).")
@click.option("--category-column", default="category", show_default=True, metavar="NAME")
@click.option("--agency-column", default="agency", show_default=True, metavar="NAME")
@click.option("--submitted-column", default="submitted", show_default=True, metavar="NAME")
@click.option("--answered-column", default="answered", show_default=True, metavar="NAME")
@click.option("--zone", default="UTC", show_default=True, callback=_zone, help="Of times that name none.")
@click.option("--privacy", type=click.Choice(["public", "private", "anonymous"]), default="public", show_default=True)
@click.option("--parent", metavar="KEY", help="Authority above unknown agencies (default: the one most have).")
@hours_option("--respond-hours", "24,48")
@hours_option("--resolve-hours", "72,120")
@click.option("--rows", type=click.IntRange(1), default=12, show_default=True, help="Lines of each table.")
@json_option
def simulate(
    file: Path,
    policy: Path | None,
    config: Path | None,
    zone: tzinfo,
    privacy: str,
    parent: str | None,
    respond_hours: tuple[float, ...],
    resolve_hours: tuple[float, ...],
    rows: int,
    *,
    as_json: bool,
    **columns: str,
) -> None:
    """Tell what the policy in force would have done to a city's old complaints, and beside it what another would.

    DIR may hold any of the configuration's files; those it lacks are taken from the configuration. Nothing is sent
    anywhere, and no server is needed.
    """
    from jagawarga.cli.sla.simulating import ASSUMED, gather
    from jagawarga.simulation.policy import load_policy

    began = monotonic()
    settings = settings_or_refusal(config_dir=config)
    limits = {
        "respond_within": tuple(hours * HOUR for hours in respond_hours),
        "resolve_within": tuple(hours * HOUR for hours in resolve_hours),
    }
    try:
        policies: dict[str, Policy] = {"now": load_policy(settings.config_dir, None, above=parent, **limits)}
        if policy is not None:
            policies["then"] = load_policy(settings.config_dir, policy, above=parent, **limits)
        history = read_history(file, {each: columns[f"{each}_column"] for each in COLUMNS}, zone)
    except (StartupError, UnusableFile) as wrong:
        raise Refusal(str(wrong)) from None
    figures = {name: gather(each, history.complaints, privacy) for name, each in policies.items()}
    told = {
        "file": file.name,
        "complaints": len(history.complaints),
        "unused": dict(history.unused),
        "assumed": [*ASSUMED, f"every complaint is {privacy}", f"times that name no zone are of {zone}"],
        "seconds": round(monotonic() - began, 3),
        "policies": figures,
    }
    if as_json:
        print_json(told)
    else:
        report(told, rows)
