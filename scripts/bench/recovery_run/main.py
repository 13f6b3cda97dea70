"""`scripts/bench/recovery`: start a real process on a database full of open reports, and see who waits for what."""

from __future__ import annotations

import contextlib
import random
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import httpx
import trio

from jagawarga.cli.exits import Refusal, terminate_as_interrupted
from jagawarga.cli.options import load_accounts
from jagawarga.cli.output import print_json
from scripts.bench.recovery_run.audit import audit
from scripts.bench.recovery_run.fill import fill, kinds
from scripts.bench.recovery_run.house import ROOT, House
from scripts.bench.recovery_run.measure import Seen, measure
from scripts.bench.recovery_run.prober import Prober
from scripts.bench.runtime_rows import machine
from scripts.bench.runtime_rows.table import heading

ENVIRONMENT = {
    "JAGAWARGA_SUBMISSIONS_PER_SECOND": "1000",
    "JAGAWARGA_SUBMISSIONS_BURST": "1000",
    "JAGAWARGA_REQUESTS_PER_SECOND": "10000",
    "JAGAWARGA_REQUESTS_BURST": "10000",
    "JAGAWARGA_SESSION_SECONDS": "86400",
    "JAGAWARGA_LOG_FORMAT": "json",
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--reports", type=click.IntRange(min=1), default=1_000_000, show_default=True, help="Open reports.")
@click.option("--overdue", type=click.IntRange(min=0), default=100_000, show_default=True, help="Overdue among them.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--limit", type=click.FloatRange(min=1), default=300.0, show_default=True, help="Seconds to watch.")
@click.option("--rest", type=click.FloatRange(min=0), default=10.0, show_default=True, help="Seconds to calm down.")
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep the filled house here, or use it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def recovery(
    reports: int, overdue: int, seed: int, limit: float, rest: float, keep: Path | None, *, as_json: bool
) -> int:
    """Measure a start with much history: until all reports are guarded, until all overdue ones have climbed.

    Look-ups, submissions and agency lists go on all the while. Exit code 0: every overdue report climbed once and
    the history is consistent; 1: not so; 2: it could not be tried.
    """
    if overdue > reports:
        msg = "--overdue: more than there are reports"
        raise Refusal(msg)
    where = machine.facts()
    directory = Path(tempfile.mkdtemp(prefix="jw-recovery-"))
    try:
        found = run(directory, reports, overdue, seed, limit, rest, keep)
    except RuntimeError as error:
        raise Refusal(str(error)) from None
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if as_json:
        print_json({"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": where} | found)
    else:
        click.echo(heading(where))
        for line in table(found):
            click.echo(line)
    return 0 if found["good"] else 1


def run(
    directory: Path, reports: int, overdue: int, seed: int, limit: float, rest: float, keep: Path | None
) -> dict[str, Any]:
    """Make a house, fill it, start it again, watch."""
    rng = random.Random(seed)
    kept = keep is not None and keep.exists()
    if kept:
        shutil.copytree(keep, directory, dirs_exist_ok=True)  # type: ignore[arg-type]
    house = House(directory / "var", ENVIRONMENT)
    try:
        house.start()
        house.wait_ready()
        url = house.ask("dsn")
        accounts = load_accounts(house.data / "accounts.json")
        categories = [kind.category for kind in kinds(ROOT / "config")]
        prober = Prober(
            house.url, [], _sign_in(house, accounts, "citizen"), _sign_in(house, accounts, "officer"), categories[0]
        )
        began = time.monotonic()
        if kept:
            prober.codes = (directory / "codes.txt").read_text("ascii").split()
        else:
            prober.codes = fill(url, house.data / "keys", ROOT / "config", reports, overdue, rng)
        filling = time.monotonic() - began
        stopping = house.stop()
        if keep is not None and not kept:
            (directory / "codes.txt").write_text("\n".join(prober.codes), "ascii")
            shutil.copytree(directory, keep)
        seen = trio.run(measure, house, prober, url, limit, rest)
        checks = audit(url)
        ended = house.stop()
    finally:
        house.stop()
    return _findings(reports, overdue, seen, prober, checks) | {
        "fill_seconds": round(filling, 1),
        "empty_stop_seconds": round(stopping, 2),
        "full_stop_seconds": round(ended, 2),
    }


def _sign_in(house: House, accounts: list[dict[str, Any]], role: str) -> dict[str, str]:
    account = next(each for each in accounts if each["role"] == role)
    sent = {"username": account["username"], "password": account["password"]}
    answer = httpx.post(f"{house.url}/v1/sessions", json=sent, timeout=20, trust_env=False)
    answer.raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def _findings(reports: int, overdue: int, seen: Seen, prober: Prober, checks: dict[str, Any]) -> dict[str, Any]:
    first = None if prober.first is None else prober.first - seen.began
    busy = seen.began + max(seen.armed or 0.0, seen.escalated or 0.0)
    good = (
        seen.armed is not None
        and seen.escalated is not None
        and checks["escalated"] == checks["escalated_reports"] == overdue
        and checks["inconsistent"] == checks["not_shown"] == 0
    )
    return {
        "good": good,
        "reports": reports,
        "overdue": overdue,
        "seconds": {
            "first_answer": _rounded(first),
            "all_guarded": _rounded(seen.armed),
            "recovery_itself": seen.recovery_seconds,
            "all_escalated": _rounded(seen.escalated),
            "all_published": _rounded(seen.published),
            "partition_filled_again": _rounded(seen.lost_partition),
        },
        "started": seen.started,
        "requests_meanwhile": prober.summary(busy),
        "requests_in_all": prober.summary(float("inf")),
        "memory": {"peak_bytes": seen.peak_bytes, "later_bytes": seen.later_bytes},
        "cpu_seconds": round(seen.cpu_seconds, 1),
        "gc": seen.loop.get("gc"),
        "states": seen.loop.get("states"),
        "checks": checks,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


def table(found: dict[str, Any]) -> list[str]:
    """Say the findings in words."""
    seconds, memory, asked = found["seconds"], found["memory"], found["requests_meanwhile"]["all"]
    unknown = "not in time"

    def said(name: str) -> str:
        value = seconds[name]
        return unknown if value is None else f"{value:,.1f} s"

    return [
        f"{found['reports']:,} open reports, {found['overdue']:,} of them overdue",
        f"first answer         {said('first_answer')} after the process began",
        f"all guarded          {said('all_guarded')}",
        f"all overdue climbed  {said('all_escalated')}",
        f"all events published {said('all_published')}",
        f"lost partition full  {said('partition_filled_again')} after it was killed",
        f"requests meanwhile   {asked['requests']:,}, {asked['failed']} failed, {asked['waiting_202']} answered 202",
        f"  their latency      p50 {asked['p50_ms']} ms, p99 {asked['p99_ms']} ms, worst {asked['max_ms']} ms",
        f"memory               {memory['peak_bytes'] >> 20:,} MiB at most, {memory['later_bytes'] >> 20:,} later",
        f"processor            {found['cpu_seconds']:,.1f} s",
        "each climbed once, and the history is consistent" if found["good"] else f"NOT GOOD: {found['checks']}",
    ]


def main() -> None:
    """Run the command and exit."""
    terminate_as_interrupted()
    try:
        code = recovery.main(prog_name="recovery", standalone_mode=False)
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
