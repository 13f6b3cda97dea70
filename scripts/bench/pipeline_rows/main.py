"""`scripts/bench/pipeline`: how many reports a second become durable, and what one costs."""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import click
import trio

from jagawarga.cli.exits import Refusal, terminate_as_interrupted
from jagawarga.cli.output import print_json
from jagawarga.cli.replay.rows import UnusableFile
from scripts.bench.pipeline_rows.bare import bare
from scripts.bench.pipeline_rows.house import real_house, tokens
from scripts.bench.pipeline_rows.readers import still
from scripts.bench.pipeline_rows.stages import filings_of, stages
from scripts.bench.pipeline_rows.submissions import bodies, texts_of
from scripts.bench.pipeline_rows.whole import Round, round_of
from scripts.bench.runtime_rows import machine

REACH_PER_SECOND = 6_000.0
REACH_US = 150.0
STAGED = 1_024


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--number", type=click.IntRange(min=64), default=6_000, show_default=True, help="Submissions a round.")
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="Medians are of so many.")
@click.option(
    "--in-flight",
    type=click.IntRange(min=1),
    default=1_024,
    show_default=True,
    help="At once; with fewer than four batches' worth the database waits for us.",
)
@click.option(
    "--texts", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A CSV of complaints to file."
)
def pipeline(number: int, rounds: int, in_flight: int, texts: Path | None, *, as_json: bool) -> int:
    """Measure the intake behind the HTTP server in a real house on this machine, and each of its stages.

    Goals are told and judged, but a missed one is no failure. Exit code 0: all was filed; 1: something was not.
    """
    where = machine.facts()  # before: the load is that of others
    try:
        read = texts_of(texts)
    except UnusableFile as error:
        raise Refusal(str(error)) from None
    found = trio.run(measured, read, number, rounds, in_flight)
    found = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": where, **found}
    if as_json:
        print_json(found)
    else:
        for line in table(found):
            click.echo(line)
    return 0 if found["answers"].keys() <= {"201", "202"} else 1


async def measured(texts: list[str], number: int, rounds: int, in_flight: int) -> dict[str, Any]:
    """Run a house and measure in it: rounds with all of it running, and each followed by one with the readers still."""
    async with real_house() as house:
        categories = [each.key for each in house.catalogue.categories()]
        citizens = await tokens(house)
        wanted = bodies(texts, categories, max(number, STAGED))
        await round_of(house, citizens, wanted[:number], in_flight)  # to warm up
        whole: list[Round] = []
        path: list[Round] = []
        for _ in range(rounds):
            whole.append(await round_of(house, citizens, wanted[:number], in_flight))
            async with still(house, number):
                path.append(await round_of(house, citizens, wanted[:number], in_flight))
        parts = await stages(house, citizens[0], wanted[:STAGED])
        alone = await bare(house, filings_of(house, wanted[:STAGED]))
    ours, taken = (median(each.cpu.ours / each.durable * 1e6 for each in found) for found in (whole, path))
    per_second, beside = (median(each.durable / each.seconds for each in found) for found in (path, whole))
    total = sum(each.weighted for each in parts)
    return {
        "number": number,
        "rounds": rounds,
        "in_flight": in_flight,
        "answers": {name: sum(each.answers[name] for each in whole) for each in whole for name in each.answers},
        "per_second": _goal(per_second, REACH_PER_SECOND, met=per_second >= REACH_PER_SECOND),
        "path_us": _goal(taken, REACH_US, met=taken <= REACH_US),
        "with_readers": {"per_second": beside, "us": ours},
        "postgres_us": median(each.cpu.postgres / each.durable * 1e6 for each in whole),
        "nats_us": median(each.cpu.nats / each.durable * 1e6 for each in whole),
        "batch": median(each.durable / max(1, each.batches) for each in whole),
        "relayed_per_second": median(each.durable / each.relayed for each in whole),
        "p50_ms": median(_quantile(each, 50) for each in whole),
        "p99_ms": median(_quantile(each, 99) for each in whole),
        "each": [_one(each) for each in whole],
        "stages": [{"name": each.name, "us": each.microseconds, "share": each.share} for each in parts],
        "stages_us": total,
        "between_stages_us": ours - total,
        "bare": alone,
    }


def _one(found: Round) -> dict[str, float]:
    return {
        "per_second": found.durable / found.seconds,
        "ours_us": found.cpu.ours / found.durable * 1e6,
        "batch": found.durable / max(1, found.batches),
        "p99_ms": _quantile(found, 99),
    }


def _goal(figure: float, reach: float, *, met: bool) -> dict[str, Any]:
    return {"figure": figure, "reach": reach, "met": met}


def _quantile(found: Round, percent: int) -> float:
    return quantiles(found.latencies, n=100)[percent - 1] * 1e3


def table(found: dict[str, Any]) -> list[str]:
    """Lay the figures out for people."""
    speed, path, beside = found["per_second"], found["path_us"], found["with_readers"]
    lines = [
        f"durable submissions  {speed['figure']:>8,.0f} /s   reach {speed['reach']:,.0f}  {_verdict(speed)}",
        f"  processor time     {path['figure']:>8,.0f} µs   reach {path['reach']:,.0f}    {_verdict(path)}",
        f"with the readers     {beside['per_second']:>8,.0f} /s   feed and notifier, who read at once what is told",
        f"  processor time     {beside['us']:>8,.0f} µs",
        f"PostgreSQL           {found['postgres_us']:>8,.0f} µs",
        f"NATS                 {found['nats_us']:>8,.0f} µs",
        f"batch                {found['batch']:>8,.0f} rows",
        f"latency              {found['p50_ms']:>8,.0f} ms p50, {found['p99_ms']:,.0f} ms p99",
        f"bare insert          {found['bare']['per_second']:>8,.0f} /s, {found['bare']['ours_us']:,.0f} µs of ours",
        "where they go:",
    ]
    lines += [f"  {each['name']:<18} {each['us'] * each['share']:>8.1f} µs" for each in found["stages"]]
    lines.append(f"  {'between them':<18} {found['between_stages_us']:>8.1f} µs")
    return lines


def _verdict(goal: dict[str, Any]) -> str:
    return "met" if goal["met"] else "MISSED"


def main() -> None:
    """Run the command and exit."""
    terminate_as_interrupted()
    try:
        code = pipeline.main(prog_name="pipeline", standalone_mode=False)
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
