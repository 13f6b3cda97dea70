"""The replay itself: create what is missing, file the rows, answer them as the file says, verify every one of them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import trio

from jagawarga.cli.replay.crowd import Crowd
from jagawarga.cli.replay.offices import Offices
from jagawarga.cli.replay.plan import Pair, Plan, make_plan
from jagawarga.cli.replay.rows import Row
from jagawarga.client import Client, Draft, Receipt, Refused, Session, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from jagawarga.cli.replay.clock import HistoryClock
    from jagawarga.cli.replay.summary import Summary

MIXED = ("public", "private", "anonymous")
OPERATOR_RENEWAL = 600.0
REJECTIONS = {400, 413, 422}
"""What the server says of a report that is at fault itself."""


class NoOperator(Exception):
    """Something has to be created and nobody is known who may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to replay."""

    clock: HistoryClock
    privacy: str = "public"
    concurrency: int = 32
    citizens: int = 0
    honour_answers: bool = False
    verify: bool = True
    parent: str | None = None
    respond_hours: tuple[float, ...] = (24.0, 48.0)
    resolve_hours: tuple[float, ...] = (72.0, 120.0)


@dataclass(slots=True)
class Filed:
    """A row the server promised to keep."""

    row: int
    receipt: Receipt = field(repr=False)


@dataclass(slots=True)
class Progress:
    """Told what has been done, step by step; the command line shows it."""

    begin: Callable[[str, int], None] = lambda _what, _total: None
    advance: Callable[[], None] = lambda: None


class Replay:
    """One replay of `rows` through `client`, with the server's `accounts`."""

    def __init__(
        self,
        client: Client,
        accounts: Sequence[dict[str, Any]],
        options: Options,
        summary: Summary,
        progress: Progress | None = None,
    ) -> None:
        self.client = client
        self.accounts = accounts
        self.options = options
        self.summary = summary
        self.progress = progress or Progress()
        self.filed: list[Filed] = []
        self.crowd = Crowd(client, Random(secrets.randbits(64)))
        self.offices = Offices(client, self._operator)
        self._operators_session: tuple[Session, float] | None = None

    async def run(self, rows: Sequence[Row]) -> None:
        """Replay the rows and fill the summary; cancellation leaves the server with what was filed so far."""
        begun = trio.current_time()
        try:
            plan = await self._prepare({(row.category, row.agency) for row in rows})
            await self._file_all(rows, plan)
            if self.options.verify:
                await self._verify_all()
        finally:
            self.summary.seconds = trio.current_time() - begun
            self.summary.throttled = self.client.throttled
            self.summary.citizens = len(self.crowd.citizens)

    # --- what must be there first

    async def _prepare(self, pairs: set[Pair]) -> Plan:
        agencies = {each["key"]: each["parent"] for each in await self.client.agencies()}
        categories = [each["key"] for each in await self.client.categories()]
        plan = make_plan(pairs, agencies, categories, self.options.parent)
        self.progress.begin("agencies and categories", len(plan.agencies) + len(plan.categories))
        for agency in plan.agencies:
            await self.client.put_agency(await self._operator(), agency.key, agency.name, agency.parent)
            self.summary.agencies_created += 1
            self.progress.advance()
        limits = {"respond": list(self.options.respond_hours), "resolve": list(self.options.resolve_hours)}
        for category in plan.categories:
            await self.client.put_category(
                await self._operator(), category.key, category.name, category.agency, **limits
            )
            self.summary.categories_created += 1
            self.progress.advance()
        return plan

    async def _operator(self) -> Session:
        if self._operators_session is not None and trio.current_time() < self._operators_session[1]:
            return self._operators_session[0]
        for account in self.accounts:
            if account.get("role") == "operator":
                session = await self.client.sign_in(account["username"], account["password"])
                self._operators_session = (session, trio.current_time() + OPERATOR_RENEWAL)
                return session
        raise NoOperator

    # --- filing

    async def _file_all(self, rows: Sequence[Row], plan: Plan) -> None:
        self.progress.begin("reports", len(rows))
        async with trio.open_nursery() as answering:
            async with trio.open_nursery() as recruiting:
                recruiting.start_soon(self._recruit)
                await self._file_rows(rows, plan, answering)
                recruiting.cancel_scope.cancel()  # whoever is not registered yet is not needed any more
            self.progress.begin("agencies' answers", self.summary.answers_due)

    async def _file_rows(self, rows: Sequence[Row], plan: Plan, answering: trio.Nursery) -> None:
        begun = trio.current_time()
        put, take = trio.open_memory_channel[Row](0)
        async with trio.open_nursery() as workers, put:
            with take:
                for _ in range(self.options.concurrency):
                    workers.start_soon(self._file_from, take.clone(), plan, answering)
            for row in rows:
                await trio.sleep_until(begun + self.options.clock.filing_delay(row))
                await put.send(row)

    async def _recruit(self) -> None:
        try:
            for account in self.accounts:
                if account.get("role") == "citizen":
                    await self.crowd.sign_in(account["username"], account["password"])
            await self.crowd.register(self.options.citizens)
        except (Refused, Unreachable):
            if not self.crowd.citizens:
                raise  # with some there, it only takes longer

    async def _file_from(self, queue: trio.MemoryReceiveChannel[Row], plan: Plan, answering: trio.Nursery) -> None:
        async with queue:
            async for row in queue:
                receipt = await self._file(row, plan)
                self.progress.advance()
                if receipt is not None and self.options.honour_answers:
                    delay = self.options.clock.answer_delay(row)
                    if delay is not None:
                        self.summary.answers_due += 1
                        due = trio.current_time() + delay
                        answering.start_soon(self._answer, due, receipt, plan.keys[row.category, row.agency], plan)

    async def _file(self, row: Row, plan: Plan) -> Receipt | None:
        privacy = MIXED[row.number % len(MIXED)] if self.options.privacy == "mixed" else self.options.privacy
        draft = Draft(privacy, plan.keys[row.category, row.agency], row.text, address=row.address)
        try:
            receipt = await self.crowd.submit(draft)
        except Refused as refused:
            self.summary.doubtful += refused.doubts
            kind = self.summary.rejected if refused.status in REJECTIONS else self.summary.failed
            kind[str(refused)].append(row.number)
            return None
        except Unreachable as silence:
            self.summary.doubtful += silence.doubts
            self.summary.failed[f"no answer ({silence})"].append(row.number)
            return None
        self.summary.accepted += 1
        self.summary.doubtful += receipt.doubts
        self.summary.latencies.append(receipt.seconds)
        self.filed.append(Filed(row.number, receipt))
        return receipt

    async def _answer(self, due: float, receipt: Receipt, category: str, plan: Plan) -> None:
        await trio.sleep_until(due)
        try:
            await self.offices.answer(receipt, category, plan.agency_of(category))
        except (Refused, Unreachable) as failure:
            self.summary.answers_failed[str(failure)] += 1
        else:
            self.summary.answers_given += 1
        self.progress.advance()

    # --- looking back

    async def _verify_all(self) -> None:
        self.summary.lost = self.summary.escalated = 0
        self.progress.begin("tracking codes", len(self.filed))
        limit = trio.CapacityLimiter(self.options.concurrency)
        async with trio.open_nursery() as nursery:
            for filed in self.filed:
                nursery.start_soon(self._verify, filed, limit)

    async def _verify(self, filed: Filed, limit: trio.CapacityLimiter) -> None:
        try:
            async with limit:
                found = await self.client.track(filed.receipt.tracking_code)
        except (Refused, Unreachable) as failure:
            self.summary.lost = (self.summary.lost or 0) + 1
            self.summary.failed[f"accepted, but its tracking code does not open ({failure})"].append(filed.row)
        else:
            self.summary.escalated = (self.summary.escalated or 0) + has_escalated(found)
        self.summary.verified += 1
        self.progress.advance()


def has_escalated(tracked: dict[str, Any]) -> bool:
    """Tell from what a tracking code shows whether the report has climbed."""
    return any(entry["event"].endswith("escalated") for entry in tracked["history"])
