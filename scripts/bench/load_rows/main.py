"""`scripts/bench/load`: a house of its own under a steady load or a surge, through HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import click
import trio

from jagawarga.cli.exits import Refusal, terminate_as_interrupted
from jagawarga.cli.instance import Instance, own_instance
from jagawarga.cli.output import print_json
from jagawarga.cli.replay.rows import Columns, Row, UnusableFile, read_rows
from scripts.bench.load_rows import arrivals
from scripts.bench.load_rows.findings import by_class, by_kind, recovery
from scripts.bench.load_rows.traffic import Traffic, lost, sign_in
from scripts.bench.load_rows.wire import Wire
from scripts.bench.pipeline_rows.submissions import INVENTED, bodies
from scripts.bench.runtime_rows import machine

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE = 60.0
FACTOR = 20.0
ENVIRONMENT = {
    # Few accounts and one address stand for a city here, so their own allowances must not be what is measured.
    "JAGAWARGA_SUBMISSIONS_PER_SECOND": "100000",
    "JAGAWARGA_SUBMISSIONS_BURST": "100000",
    "JAGAWARGA_REQUESTS_PER_SECOND": "100000",
    "JAGAWARGA_REQUESTS_BURST": "100000",
    "JAGAWARGA_SIGN_INS_PER_SECOND": "1000",
    "JAGAWARGA_LOG_FORMAT": "json",
    "JAGAWARGA_LOG_LEVEL": "warning",
}
REACH_P99_MS = 1_000.0
REACH_RECOVERY = 5.0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--profile", type=click.Choice(["steady", "surge"]), default="steady", show_default=True)
@click.option("--seconds", type=click.FloatRange(min=2), default=30.0, show_default=True, help="Of load, or of surge.")
@click.option("--rate", type=click.FloatRange(min=1), default=RATE, show_default=True, help="Submissions a second.")
@click.option("--factor", type=click.FloatRange(min=1), default=FACTOR, show_default=True, help="Of the surge.")
@click.option(
    "--arrivals",
    "old",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A CSV of complaints: their rhythm, texts and mix of categories.",
)
def load(profile: str, seconds: float, rate: float, factor: float, old: Path | None, *, as_json: bool) -> int:
    """Load a house through HTTP from outside, whatever its answers (an open loop), and say how it did.

    Exit code 0: no promised report was lost; 1: one was, or the house fell; 2: it could not be tried.
    """
    try:
        complaints = [] if old is None else [each for each in read_rows(old, Columns()) if isinstance(each, Row)]
    except UnusableFile as error:
        raise Refusal(str(error)) from None
    where = machine.facts()
    course = arrivals.steady(rate, seconds) if profile == "steady" else arrivals.surge(rate, factor, seconds)
    found = trio.run(loaded, course, rate, complaints, profile, seconds)
    found = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": where, "profile": profile, **found}
    if as_json:
        print_json(found)
    else:
        for line in table(found):
            click.echo(line)
    return 0 if found["lost"] == 0 else 1


async def loaded(
    course: arrivals.Course, rate: float, complaints: list[Row], profile: str, seconds: float
) -> dict[str, Any]:
    """Open a house, load it, and ask for every report it has promised."""
    async with own_instance("load", ENVIRONMENT) as instance:
        pid = _pid(instance)
        wire = Wire(int(instance.url.rpartition(":")[2]))
        traffic = await _prepared(instance, wire, complaints)
        memory = [_resident(pid)]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_watch_memory, pid, memory)
            await traffic.run(course, _units(complaints), rate)
            nursery.cancel_scope.cancel()
        after = _resident(pid)
        missing = await lost(wire, traffic.codes)
        await wire.close()
        await traffic.calm.close()
    seen = traffic.seen
    begin, end = arrivals.QUIET_BEFORE, arrivals.QUIET_BEFORE + seconds
    in_surge = [each for each in seen if begin <= each.at < end] if profile == "surge" else seen
    answers, others = by_class(seen), by_kind(in_surge)
    worst = max(answers[name]["p99_ms"] or 0.0 for name in ("201", "202"))
    recovered = recovery(seen, begin, end) if profile == "surge" else None
    return {
        "rate": rate,
        "seconds": course.seconds,
        "sent": sum(each["count"] for each in answers.values()),
        "answers": answers,
        "others": others,
        "memory": {"before": memory[0], "peak": max(memory), "after": after},
        "promised": len(traffic.codes),
        "lost": missing,
        "admitted_p99_ms": {"figure": worst, "reach": REACH_P99_MS, "met": worst < REACH_P99_MS},
        "recovery_seconds": None
        if profile != "surge"
        else {
            "figure": recovered,
            "reach": REACH_RECOVERY,
            "met": recovered is not None and recovered <= REACH_RECOVERY,
        },
    }


async def _prepared(instance: Instance, wire: Wire, complaints: list[Row]) -> Traffic:
    accounts = json.loads((instance.data / "accounts.json").read_text("utf-8"))
    signed = {
        role: [await sign_in(wire, each["username"], each["password"]) for each in accounts if each["role"] == role]
        for role in ("citizen", "officer")
    }
    _, known = await wire.ask("GET", "/v1/categories", "")
    categories = [each["key"] for each in known["items"]]
    if not complaints:
        return Traffic(
            wire,
            Wire(wire.port),
            signed["citizen"],
            signed["officer"],
            bodies(list(INVENTED), categories, 3_000),
            Random(1),
        )
    names = sorted({each.category for each in complaints})
    # The city's categories are not ours: each of theirs becomes one of ours, so that the mix is kept.
    mixed = [categories[names.index(each.category) % len(categories)] for each in complaints]
    made = [bodies([each.text], [kind], 3)[n % 3] for n, (each, kind) in enumerate(zip(complaints, mixed, strict=True))]
    return Traffic(wire, Wire(wire.port), signed["citizen"], signed["officer"], made, Random(1))


def _units(complaints: list[Row]) -> Iterator[float]:
    moments = [each.submitted for each in complaints if each.submitted is not None]
    return arrivals.patterned(moments) if len(moments) > 1 else arrivals.even()


async def _watch_memory(pid: int, memory: list[int]) -> None:
    while True:
        await trio.sleep(0.5)
        memory.append(_resident(pid))


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _pid(instance: Instance) -> int:
    """Find the house's process by the directory it was given."""
    wanted = str(instance.data).encode()
    for directory in Path("/proc").iterdir():
        if directory.name.isdecimal():
            with contextlib.suppress(OSError):
                words = (directory / "cmdline").read_bytes().split(b"\0")
                if b"serve" in words and wanted in words:
                    return int(directory.name)
    msg = "the process of the house is not to be found"
    raise RuntimeError(msg)


def table(found: dict[str, Any]) -> list[str]:
    """Lay the figures out for people."""
    lines = [f"{found['profile']}: {found['sent']:,} submissions in {found['seconds']:.0f} s"]
    for name, each in {**found["answers"], **found["others"]}.items():
        if each["count"]:
            lines.append(
                f"  {name:<6} {each['count']:>7,}   p50 {each['p50_ms']:>8,.1f}   p99 {each['p99_ms']:>8,.1f}   "
                f"p99.9 {each['p999_ms']:>8,.1f} ms"
            )
    memory = {name: each / 2**20 for name, each in found["memory"].items()}
    lines.append(f"  memory {memory['before']:.0f} → {memory['peak']:.0f} → {memory['after']:.0f} MiB")
    if found["recovery_seconds"] is not None:
        lines.append(f"  normal again after {found['recovery_seconds']['figure']} s")
    lines.append(f"  {found['promised']:,} promised, {found['lost']} lost")
    return lines


def main() -> None:
    """Run the command and exit."""
    terminate_as_interrupted()
    try:
        code = load.main(prog_name="load", standalone_mode=False)
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
