"""`jagawarga replay FILE.csv`: the command around the replay."""

from __future__ import annotations

import math
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import httpx
import trio
from rich import progress as bars

from jagawarga.cli.exits import Refusal, first_cause
from jagawarga.cli.options import data_option, json_option, load_accounts, settings_or_refusal
from jagawarga.cli.output import console, print_json
from jagawarga.cli.replay.clock import HistoryClock
from jagawarga.cli.replay.plan import UnknownParent
from jagawarga.cli.replay.rows import Columns, Row, UnusableFile, read_rows
from jagawarga.cli.replay.run import NoOperator, Options, Progress, Replay
from jagawarga.cli.replay.summary import Summary
from jagawarga.client import Client, Patience, Refused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jagawarga.settings import Settings

REPORTS_PER_CITIZEN = 100
MOST_CITIZENS = 50


def _columns(command: Callable[..., Any]) -> Callable[..., Any]:
    for name in ("answered", "submitted", "subarea", "area", "agency", "category", "text"):
        default = getattr(Columns(), name)
        option = click.option(f"--{name}-column", default=default, show_default=True, metavar="NAME")
        command = option(command)
    return command


def _hours(_context: click.Context, _option: click.Parameter, value: str) -> tuple[float, ...]:
    try:
        hours = tuple(float(each) for each in value.split(","))
    except ValueError:
        hours = ()
    if not hours or any(not 0 < each < math.inf for each in hours):
        msg = "hours as numbers, one for each level, with commas between them"
        raise click.BadParameter(msg)
    return hours


def hours_option(name: str, default: str) -> Callable[..., Any]:
    """An option of limits: hours, one for each level."""
    return click.option(name, default=default, callback=_hours, show_default=True, help="Of new categories.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.csv")
@_columns
@click.option("--url", metavar="URL", help="The server (default: host and port of the settings).")
@click.option("--accounts", type=click.Path(path_type=Path), metavar="FILE", help="Default: accounts.json in --data.")
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), help="Seconds of history in one second.")
@click.option("--limit", type=click.IntRange(min=1), help="Stop behind so many rows with text.")
@click.option("--concurrency", type=click.IntRange(1, 512), default=32, show_default=True)
@click.option("--citizens", type=click.IntRange(0, 1000), help="Invented citizens to register (default: by the rows).")
@click.option(
    "--privacy",
    type=click.Choice(["public", "private", "anonymous", "mixed"]),
    default="public",
    show_default=True,
    help="mixed: one after the other, by row number.",
)
@click.option("--honour-answers", is_flag=True, help="Agencies acknowledge and resolve when the file says so.")
@click.option("--parent", metavar="KEY", help="Authority above new agencies (default: the highest).")
@hours_option("--respond-hours", "24,48")
@hours_option("--resolve-hours", "72,120")
@click.option("--verify/--no-verify", default=True, show_default=True, help="Open every tracking code at the end.")
@data_option
@json_option
def replay(
    file: Path,
    url: str | None,
    accounts: Path | None,
    speed: float | None,
    limit: int | None,
    concurrency: int,
    citizens: int | None,
    privacy: str,
    parent: str | None,
    respond_hours: tuple[float, ...],
    resolve_hours: tuple[float, ...],
    data: Path | None,
    *,
    honour_answers: bool,
    verify: bool,
    as_json: bool,
    **columns: str,
) -> int:
    """File a city's old complaints, from a CSV file, through the public API of a running server.

    Agencies and categories the server does not know are created. Every row that can not be used is listed with its
    number and the reason; no row's text is ever shown. Exit code 0: all that was accepted is there; 1: it is not.
    """
    settings = settings_or_refusal(data_dir=data)
    names = Columns(**{name.removesuffix("_column"): value for name, value in columns.items()})
    summary = Summary()
    rows = _read(file, names, limit, summary)
    known = load_accounts(accounts or settings.data_dir / "accounts.json")
    options = Options(
        clock=_clock(rows, speed, settings, honour_answers=honour_answers),
        privacy=privacy,
        concurrency=concurrency,
        citizens=_citizens(citizens, known, rows),
        honour_answers=honour_answers,
        verify=verify,
        parent=parent,
        respond_hours=respond_hours,
        resolve_hours=resolve_hours,
    )
    if speed is not None:
        rows.sort(key=lambda row: (row.submitted is not None, row.submitted and row.submitted.timestamp()))
    _run(url or f"http://{settings.host}:{settings.port}", known, options, summary, rows)
    if as_json:
        print_json({"file": file.name} | summary.as_json())
    else:
        for line in summary.lines():
            click.echo(line)
    return 0 if summary.good else 1


def _read(file: Path, columns: Columns, limit: int | None, summary: Summary) -> list[Row]:
    rows: list[Row] = []
    try:
        for found in read_rows(file, columns):
            summary.rows += 1
            if isinstance(found, Row):
                rows.append(found)
                if len(rows) == limit:
                    break
            else:
                summary.rejected[found.reason].append(found.number)
    except UnusableFile as error:
        raise Refusal(str(error)) from None
    summary.with_text = len(rows) + len(summary.rejected.get("no place", ()))
    return rows


def _clock(rows: list[Row], speed: float | None, settings: Settings, *, honour_answers: bool) -> HistoryClock:
    answer_speed = speed or settings.sla_time_scale
    if honour_answers and speed is None and answer_speed == 1:
        msg = "--honour-answers would take as long as the city took: give --speed (86400: a day passes in a second)"
        raise Refusal(msg)
    first = min((row.submitted for row in rows if row.submitted is not None), default=None)
    return HistoryClock(first, speed, answer_speed)


def _citizens(asked: int | None, known: list[dict[str, Any]], rows: list[Row]) -> int:
    there = sum(account.get("role") == "citizen" for account in known)
    if asked is None:
        return max(0 if there else 1, min(MOST_CITIZENS, len(rows) // REPORTS_PER_CITIZEN))
    if asked + there == 0:
        msg = "nobody to file the reports: no citizen among the accounts, and --citizens 0"
        raise Refusal(msg)
    return asked


def _run(url: str, known: list[dict[str, Any]], options: Options, summary: Summary, rows: list[Row]) -> None:
    async def run() -> None:
        patience = Patience(tries=100, longest=60.0)
        async with Client(url, patience=patience, connections=options.concurrency + 16) as client:
            if not await client.is_up():
                raise Refusal(f"no JagaWarga answers at {url} (start one: jagawarga serve)")
            with _progress() as progress:
                await Replay(client, known, options, summary, progress).run(rows)

    try:
        trio.run(run)
    except (Exception, BaseExceptionGroup) as error:
        cause = first_cause(error)
        line = _explain(cause, url)
        if line is None:
            raise cause from None
        raise Refusal(line) from None


def _explain(cause: BaseException, url: str) -> str | None:
    if isinstance(cause, NoOperator):
        return "agencies or categories have to be created, and the accounts hold no operator"
    if isinstance(cause, UnknownParent):
        return f"--parent: the server knows no agency {cause}"
    if isinstance(cause, Refused | Unreachable):
        return f"the server at {url} does not let us begin: {cause}"
    if isinstance(cause, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return f"--url {url!r} is not an address"
    return None


@contextmanager
def _progress() -> Iterator[Progress]:
    if not sys.stderr.isatty():
        yield Progress()
        return
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.MofNCompleteColumn())
    with bars.Progress(*columns, bars.TimeElapsedColumn(), console=console(stderr=True)) as bar:
        current: list[bars.TaskID] = []

        def begin(what: str, total: int) -> None:
            current[:] = [bar.add_task(what, total=total)]

        yield Progress(begin, lambda: bar.advance(current[0]))
