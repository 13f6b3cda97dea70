"""`scripts/bench/runtime`: measure what the runtime costs, beside its goals and bare Trio."""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC, datetime

import click

from jagawarga.cli.exits import Refusal, terminate_as_interrupted
from jagawarga.cli.output import print_json
from scripts.bench.runtime_rows import machine
from scripts.bench.runtime_rows.catalogue import ROWS
from scripts.bench.runtime_rows.row import Row
from scripts.bench.runtime_rows.table import heading, table
from scripts.bench.runtime_rows.trial import Trial


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--rows", "wanted", metavar="NAME,...", help="Only these rows.")
@click.option("--quick", is_flag=True, help="Each once, and the rows of a million at 100,000.")
@click.option("--million", is_flag=True, help="Keep the rows of a million at their size although --quick.")
@click.option(
    "--repetitions", type=click.IntRange(min=1), metavar="N", help="Each so often; else 3 times, a million once."
)
@click.option(
    "--size", type=click.IntRange(min=1), metavar="N", help="Another size for all rows; no goal is judged then."
)
@click.option("--list", "listing", is_flag=True, help="Name the rows and measure nothing.")
def runtime(
    wanted: str | None,
    repetitions: int | None,
    size: int | None,
    *,
    as_json: bool,
    quick: bool,
    million: bool,
    listing: bool,
) -> int:
    """Measure the runtime on this machine, each figure in fresh processes, with bare Trio doing the same.

    Goals are told and judged, but a missed one is no failure. Exit code 0: all was measured; 1: some row could not be;
    2: it could not be tried.
    """
    rows = chosen(wanted)
    if listing:
        for row in rows:
            click.echo(f"{row.name}: {row.about}")
        return 0
    trials = []
    for row in rows:
        full = not quick or (million and row.is_million)
        often = repetitions or (row.repetitions if not quick else 1)
        trials.append(Trial(row, size or (row.size if full else row.quick), often, judged=size is None))
    where = machine.facts()  # before: the load is that of others
    for trial in trials:
        if not as_json:
            click.echo(f"measuring {trial.row.name} ({trial.size:,}, {trial.repetitions} times) …", err=True)
        trial.run()
    entries = [entry for trial in trials for entry in trial.as_json()]
    if as_json:
        print_json({"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": where, "rows": entries})
    else:
        click.echo(heading(where))
        for line in table(entries):
            click.echo(line)
    return 1 if any(trial.error for trial in trials) else 0


def chosen(wanted: str | None) -> list[Row]:
    """Find the rows asked for, all by default."""
    if wanted is None:
        return list(ROWS.values())
    names = [name.strip() for name in wanted.split(",")]
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        msg = f"there is no row {unknown[0]!r}; there are {', '.join(ROWS)}"
        raise Refusal(msg)
    return [ROWS[name] for name in names]


def main() -> None:
    """Run the command and exit."""
    terminate_as_interrupted()
    try:
        code = runtime.main(prog_name="runtime", standalone_mode=False)
    except click.ClickException as refused:
        Refusal(refused.format_message()).show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        code = 130
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
