"""`scripts/chaos/kill_actors`: kill actors of any kind while a client files reports, then look for broken promises."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, get_args

import click
import trio

from jagawarga.cli.exits import Refusal, first_cause, terminate_as_interrupted
from jagawarga.cli.instance import Instance, own_instance
from jagawarga.cli.options import load_accounts
from jagawarga.cli.output import print_json
from jagawarga.client import Client, Patience, Refused, Unreachable
from jagawarga.plumbing.keys import Keyring
from jagawarga.reports import tracking
from scripts.chaos.havoc import Havoc, Toll, restarts
from scripts.chaos.ledger import Ledger, Outcome
from scripts.chaos.load import Load
from scripts.chaos.truth import Truth, read_truth
from scripts.chaos.verdict import Verdict, judge, unpromised
from supervisors.control import ControlError, NotRunning
from supervisors.port import PortExited, PortNotReady

if TYPE_CHECKING:
    from collections.abc import Callable

ENVIRONMENT = {
    "JAGAWARGA_SLA_TIME_SCALE": "43200",
    "JAGAWARGA_ANONYMOUS_TIME_GRANULARITY": "1",
    "JAGAWARGA_SUBMISSIONS_PER_SECOND": "1000",
    "JAGAWARGA_SUBMISSIONS_BURST": "1000",
    "JAGAWARGA_REQUESTS_PER_SECOND": "10000",
    "JAGAWARGA_REQUESTS_BURST": "10000",
    "JAGAWARGA_SIGN_INS_PER_SECOND": "100",
    "JAGAWARGA_LOG_FORMAT": "json",
}
HEALED_WITHIN = 60.0
QUIET_WITHIN = 120.0
LOOK_EVERY = 1.0
STILL_LOOKS = 2
MARGIN = 2.0
COULD_NOT_TRY = (PortNotReady, Refused, Unreachable, ControlError, OSError)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do to whom."""

    seconds: float
    seed: int
    rate: float
    load: float
    only: str | None


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
    if (url is None) != (data is None):
        msg = "--url and --data belong together"
        raise Refusal(msg)
    trial = Trial(Plan(seconds, seed, rate, load, only))
    try:
        trio.run(trial.run, url, data)
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - what is not known is raised again
        cause = first_cause(error)
        if isinstance(cause, COULD_NOT_TRY):
            raise Refusal(f"it could not be tried: {cause}") from None
        if not isinstance(cause, PortExited | NotRunning):
            raise cause from None
        trial.ended = str(cause)  # the worst that can be found out, and a finding like the others
    found = trial.findings()
    if as_json:
        print_json(found)
    else:
        for line in summary(found):
            click.echo(line)
    return 0 if found["good"] else 1


def summary(found: dict[str, Any]) -> list[str]:
    """Say the findings in words."""
    audit = found["audit"]
    kills = ", ".join(f"{kind} {count}" for kind, count in found["kills_by_kind"].items())
    lines = [
        f"{found['kills']} kills in {found['seconds']:g} s (seed {found['seed']}): {kills or 'none'}",
        f"restarts seen: {found['restarts']}",
        "the process survived" if found["survived"] else f"THE PROCESS ENDED: {found['ended']}",
        "submissions: " + ", ".join(f"{count} {name}" for name, count in found["submissions"].items()),
    ]
    if audit is not None:
        late = audit["lateness_seconds"]
        lines += [
            f"present: {audit['reports_present']} reports, {audit['events_published']} events",
            f"{audit['escalations']} escalations, late p99 {late['p99']} s, max {late['max']} s",
            *(
                f"BROKEN: {kind}: {each['count']} ({', '.join(each['first'])})"
                for kind, each in audit["faults"].items()
            ),
        ]
    lines.append("every promise was kept" if found["good"] else "promises were broken")
    return lines


class Trial:
    """One run: load, havoc, healing, verdict. What it knows when it is broken off is still reported."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.ledger = Ledger()
        self.toll = Toll()
        self.verdict: Verdict | None = None
        self.tree: dict[str, Any] = {}
        self.healed: float | None = None
        self.quiet: float | None = None
        self.ended: str | None = None

    async def run(self, url: str | None, data: Path | None) -> None:
        """Try it on the server at `url`, or on one of our own."""
        if url is not None and data is not None:
            await self._try(Instance(url, data))
        else:
            async with own_instance("chaos", ENVIRONMENT) as instance:
                await self._try(instance)

    async def _try(self, instance: Instance) -> None:
        seeds = Random(self.plan.seed)
        havoc = Havoc(instance.ask, Random(seeds.random()), self.plan.rate, self.toll, self.plan.only)
        accounts = load_accounts(instance.data / "accounts.json")
        patience = Patience(tries=50, longest=5.0)
        async with Client(instance.url, patience=patience, connections=256, timeout=40.0) as client:
            load = Load(client, accounts, self.ledger, Random(seeds.random()), self.plan.load)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(load.run, self.plan.seconds + MARGIN)
                await trio.sleep(MARGIN / 2)
                await havoc.run(self.plan.seconds)
            self.healed = await _healed(client)
            truth, self.quiet = await _quiet(instance)
            verdict = await _judge(instance, self.ledger, truth)
            await _open_codes(client, self.ledger, verdict)
            self.verdict = verdict
        self.tree = await instance.ask("tree")

    def findings(self) -> dict[str, Any]:
        """Return all that is known."""
        verdict = self.verdict
        return {
            "good": verdict is not None and verdict.good and self.healed is not None and self.ended is None,
            "seconds": self.plan.seconds,
            "seed": self.plan.seed,
            "rate": self.plan.rate,
            "survived": self.ended is None,
            "ended": self.ended,
            "kills": len(self.toll.kills),
            "kills_by_kind": self.toll.by_kind(),
            "kills_missed": dict(self.toll.missed),
            "kills_spared": self.toll.spared,
            "restarts": restarts(self.tree) if self.tree else None,
            "submissions": {outcome: self.ledger.count(outcome) for outcome in get_args(Outcome)},
            "in_doubt_but_present": None if verdict is None else verdict.in_doubt_present,
            "steps_acknowledged": len(self.ledger.acts),
            "healed_within": self.healed,
            "quiet_within": self.quiet,
            "audit": None if verdict is None else verdict.as_json(),
            "kill_list": self.toll.kills,
        }


async def _healed(client: Client) -> float | None:
    """Wait until every part says that it is well; return after how many seconds, None if never."""
    begun = trio.current_time()
    with trio.move_on_after(HEALED_WITHIN):
        while not await client.is_ready():  # noqa: ASYNC110 - nobody here sets an event for it
            await trio.sleep(0.1)
        return round(trio.current_time() - begun, 2)
    return None


async def _quiet(instance: Instance) -> tuple[Truth, float]:
    """Look at the truth until nothing moves any more or the patience is over; return the last look."""
    begun = trio.current_time()
    still = 0
    while True:
        dsn, nats_url = await instance.ask("dsn"), await instance.ask("nats_url")
        truth = await trio.to_thread.run_sync(read_truth, dsn, nats_url)
        still = 0 if truth.still_moving else still + 1
        waited = trio.current_time() - begun
        if still >= STILL_LOOKS or waited > QUIET_WITHIN:
            return truth, round(waited, 2)
        await trio.sleep(LOOK_EVERY)


async def _judge(instance: Instance, ledger: Ledger, truth: Truth) -> Verdict:
    digest = _digester(instance.data / "keys")
    marks: dict[str, str | None] = {}
    for report in unpromised(ledger, truth, digest):
        marks[report.report_id] = await _mark(instance, ledger, report.report_id)
    return judge(ledger, truth, digest, marks)


async def _mark(instance: Instance, ledger: Ledger, report_id: str) -> str | None:
    """Find out from its text which attempt a report came from that nobody was promised."""
    try:
        stored = str(await instance.ask("stored", report_id=report_id))
    except ControlError:
        return None
    return next((attempt.mark for attempt in ledger.attempts if attempt.mark in stored), None)


def _digester(keys: Path) -> Callable[[str], bytes | None]:
    ring = Keyring.load(keys)

    def digest(code: str) -> bytes | None:
        plain = tracking.canonical(code)
        return None if plain is None else ring.digest(tracking.PURPOSE, plain)

    return digest


async def _open_codes(client: Client, ledger: Ledger, verdict: Verdict) -> None:
    """Open every acknowledged report through the front door as well."""
    for attempt in ledger.attempts:
        if attempt.outcome == "acknowledged" and attempt.tracking_code is not None:
            try:
                await client.track(attempt.tracking_code)
            except (Refused, Unreachable) as failure:
                verdict.faults["tracking code does not open"].append(f"{attempt.mark}: {failure}")


def main() -> None:
    """Run the command and exit."""
    terminate_as_interrupted()
    try:
        code = kill_actors.main(prog_name="kill_actors", standalone_mode=False)
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
