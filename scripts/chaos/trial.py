"""One trial: load on a house, something that breaks it, healing, verdict."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any, Protocol, get_args

import asyncpg
import nats.errors
import trio

from jagawarga.cli.options import load_accounts
from jagawarga.client import Client, Patience, Refused, Unreachable
from jagawarga.plumbing.keys import Keyring
from jagawarga.reports import tracking
from scripts.chaos.havoc import Toll, restarts, restarts_by
from scripts.chaos.ledger import Ledger, Outcome
from scripts.chaos.load import Load
from scripts.chaos.neighbours import read_feed
from scripts.chaos.outages import Outages, wall_clock, watch
from scripts.chaos.truth import Truth, read_truth
from scripts.chaos.verdict import Verdict, judge, spread, unpromised
from supervisors.control import ControlError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from pathlib import Path

    from scripts.chaos.stage import Stage

ENVIRONMENT = {
    "JAGAWARGA_SLA_TIME_SCALE": "43200",
    "JAGAWARGA_SLA_CONFIRM_DAYS": "1",
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
CAUGHT_UP_WITHIN = 10.0
UNREADABLE = (nats.errors.Error, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how hard, and from which seed."""

    seconds: float
    seed: int
    load: float
    grace: float


@dataclass(slots=True)
class Run:
    """What a scenario works with."""

    stage: Stage
    rng: Random
    outages: Outages
    toll: Toll = field(default_factory=Toll)
    faults: dict[str, list[str]] = field(default_factory=dict)
    """What a scenario itself found broken, by kind."""


class Scenario(Protocol):
    """A way of breaking a house."""

    name: str
    breaks: str
    """One line: what it does to whom."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """The clock the house goes by."""

    def setting(self) -> AbstractAsyncContextManager[Stage]:
        """Give a running house that can be broken in this way."""

    async def strike(self, run: Run, seconds: float) -> None:
        """Break it for so long, and leave nothing broken that does not mend itself."""


class Trial:
    """One run. What it knows when it is broken off is still reported."""

    def __init__(self, scenario: Scenario, plan: Plan) -> None:
        self.scenario = scenario
        self.plan = plan
        self.ledger = Ledger()
        self.outages = Outages(scenario.clock)
        self.run_of: Run | None = None
        self.verdict: Verdict | None = None
        self.tree: dict[str, Any] = {}
        self.healed: float | None = None
        self.quiet: float | None = None
        self.ended: str | None = None

    @property
    def begun(self) -> bool:
        """Tell whether the house was up, so that what it does now is a finding."""
        return self.run_of is not None

    async def run(self) -> None:
        """Try it."""
        async with self.scenario.setting() as stage:
            await self._try(stage)

    async def _try(self, stage: Stage) -> None:
        seeds = Random(self.plan.seed)
        run = self.run_of = Run(stage, Random(seeds.random()), self.outages)
        accounts = load_accounts(stage.data / "accounts.json")
        patience = Patience(tries=50, longest=5.0)
        async with Client(stage.url, patience=patience, connections=256, timeout=40.0) as client:
            load = Load(client, accounts, self.ledger, Random(seeds.random()), self.plan.load)
            async with trio.open_nursery() as listening:
                listening.start_soon(load.listen)
                listening.start_soon(watch, stage, self.outages)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(load.run, self.plan.seconds + MARGIN)
                    await trio.sleep(MARGIN / 2)
                    await self.scenario.strike(run, self.plan.seconds)
                self.healed = await healed(client)
                truth, self.quiet = await quiet(stage, self.scenario.clock)
                await self._caught_up(truth)
                listening.cancel_scope.cancel()
            self.outages.close()
            verdict = await verdict_of(stage, self.ledger, truth, self.outages, self.plan.grace)
            await open_codes(client, self.ledger, verdict)
            await read_feed(client, truth, verdict)
            for kind, found in run.faults.items():
                verdict.faults[kind] += found
            self.verdict = verdict
        self.tree = await stage.ask("tree")

    async def _caught_up(self, truth: Truth) -> None:
        """Give the live streams a little to bring what they were told of last."""
        last = {
            agency: max((each.sequence for each in truth.stream if agency in each.authorities), default=0)
            for agency in self.ledger.heard
        }
        with trio.move_on_after(CAUGHT_UP_WITHIN):
            while any(max(heard, default=0) < last[agency] for agency, heard in self.ledger.heard.items()):  # noqa: ASYNC110 - nobody here sets an event for it
                await trio.sleep(0.1)

    def findings(self) -> dict[str, Any]:
        """Return all that is known."""
        verdict, run = self.verdict, self.run_of
        good = verdict is not None and verdict.good and self.healed is not None and self.ended is None
        faults = {} if verdict is None else {kind: len(found) for kind, found in verdict.faults.items() if found}
        return {
            "scenario": self.scenario.name,
            "good": good,
            "seconds": self.plan.seconds,
            "seed": self.plan.seed,
            "survived": self.ended is None,
            "ended": self.ended,
            "requests": {
                "submissions": self.ledger.answers(),
                "tracking": dict(self.ledger.tracked),
                "feed": dict(self.ledger.looked),
            },
            "submissions": {outcome: self.ledger.count(outcome) for outcome in get_args(Outcome)},
            "lost": faults.get("acknowledged report lost", 0),
            "doubled": faults.get("report doubled", 0),
            "early": faults.get("escalated early", 0),
            "late": faults.get("escalated too late", 0) + faults.get("deadline missed", 0),
            "steps_acknowledged": len(self.ledger.acts),
            "in_doubt_but_present": None if verdict is None else verdict.in_doubt_present,
            "outage_seconds": self.outages.seconds(),
            "recovery_seconds": spread(self._recoveries()),
            "healed_within": self.healed,
            "quiet_within": self.quiet,
            "restarts": restarts(self.tree) if self.tree else None,
            "restarts_by_actor": restarts_by(self.tree) if self.tree else {},
            "kills": 0 if run is None else len(run.toll.kills),
            "kills_by_kind": {} if run is None else run.toll.by_kind(),
            "kills_missed": {} if run is None else dict(run.toll.missed),
            "kills_spared": 0 if run is None else run.toll.spared,
            "audit": None if verdict is None else verdict.as_json(),
            "kill_list": [] if run is None else run.toll.kills,
        }

    def _recoveries(self) -> list[float]:
        """From the end of each outage to the first report that went into the database as ever."""
        filed = sorted(
            attempt.answered_at
            for attempt in self.ledger.attempts
            if attempt.answered_at is not None and attempt.answer == "201"
        )
        if self.scenario.clock is not wall_clock:
            return []  # two clocks can not be compared
        found = []
        for _, _, until in self.outages.over:
            after = next((at for at in filed if at >= until), None)
            if after is not None:
                found.append(round((after - until).total_seconds(), 3))
        return found


async def healed(client: Client) -> float | None:
    """Wait until every part says that it is well; return after how many seconds, None if never."""
    begun = trio.current_time()
    with trio.move_on_after(HEALED_WITHIN):
        while not await client.is_ready():  # noqa: ASYNC110 - nobody here sets an event for it
            await trio.sleep(0.1)
        return round(trio.current_time() - begun, 2)
    return None


async def quiet(stage: Stage, clock: Callable[[], datetime] = wall_clock) -> tuple[Truth, float]:
    """Look at the truth until nothing moves any more or the patience is over; return the last look."""
    begun = trio.current_time()
    still = 0
    while True:
        stage.check()
        dsn, nats_url = await stage.addresses()
        try:
            truth = await trio.to_thread.run_sync(read_truth, dsn, nats_url)
        except UNREADABLE:
            # A server that was up a moment ago is started again: that is one more move.
            if trio.current_time() - begun > QUIET_WITHIN:
                raise
            still = 0
            await trio.sleep(LOOK_EVERY)
            continue
        # The database goes by the machine's clock, and deadlines by the house's.
        truth = replace(truth, at=truth.at + (clock() - wall_clock()))
        still = 0 if truth.still_moving else still + 1
        waited = trio.current_time() - begun
        if still >= STILL_LOOKS or waited > QUIET_WITHIN:
            return truth, round(waited, 2)
        await trio.sleep(LOOK_EVERY)


async def verdict_of(
    stage: Stage, ledger: Ledger, truth: Truth, outages: Outages | None = None, grace: float = 0.0
) -> Verdict:
    """Compare the ledger with the truth, by the house's own keys."""
    digest = _digester(stage.data / "keys")
    marks: dict[str, str | None] = {}
    for report in unpromised(ledger, truth, digest):
        marks[report.report_id] = await _mark(stage, ledger, report.report_id)
    return judge(ledger, truth, digest, marks, outages, grace)


async def _mark(stage: Stage, ledger: Ledger, report_id: str) -> str | None:
    """Find out from its text which attempt a report came from that nobody was promised."""
    try:
        stored = str(await stage.ask("stored", report_id=report_id))
    except ControlError:
        return None
    return next((attempt.mark for attempt in ledger.attempts if attempt.mark in stored), None)


def _digester(keys: Path) -> Callable[[str], bytes | None]:
    ring = Keyring.load(keys)

    def digest(code: str) -> bytes | None:
        plain = tracking.canonical(code)
        return None if plain is None else ring.digest(tracking.PURPOSE, plain)

    return digest


async def open_codes(client: Client, ledger: Ledger, verdict: Verdict) -> None:
    """Open every acknowledged report through the front door as well."""
    for attempt in ledger.attempts:
        if attempt.outcome == "acknowledged" and attempt.tracking_code is not None:
            try:
                await client.track(attempt.tracking_code)
            except (Refused, Unreachable) as failure:
                verdict.faults["tracking code does not open"].append(f"{attempt.mark}: {failure}")
