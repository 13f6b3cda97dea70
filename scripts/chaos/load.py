"""The client under which the system has to hold: citizens who file, officers who act, every promise in the ledger."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import trio

from jagawarga.client import Client, Draft, Patience, Refused, Session, Unreachable
from scripts.chaos.ledger import Act

if TYPE_CHECKING:
    from random import Random

    from scripts.chaos.ledger import Attempt, Ledger

AT_MOST_ONCE = Patience(tries=20, longest=5.0, unavailable=False, silence=False)
"""Only what was certainly not done is tried again: there is no idempotency key to make a repetition safe."""
IN_FLIGHT = 200
PRIVACIES = ("public", "private", "anonymous")
EVENTS = {
    "acknowledge": "report.acknowledged",
    "start": "report.started",
    "resolve": "report.resolved",
    "reject": "report.rejected",
}
OFFICERS_PAUSE = 0.5
SHARE_ACTED_ON = 0.3


class Load:
    """Files `rate` reports a second whatever becomes of them (an open loop), while officers act on some."""

    def __init__(
        self, client: Client, accounts: list[dict[str, Any]], ledger: Ledger, rng: Random, rate: float
    ) -> None:
        self.client = client
        self.accounts = accounts
        self.ledger = ledger
        self.rng = rng
        self.rate = rate
        self.categories: list[str] = []

    async def run(self, seconds: float) -> None:
        """Go on for so long, then wait for the answers still under way."""
        self.categories = [each["key"] for each in await self.client.categories()]
        citizens = [await self._sign_in(each) for each in self.accounts if each["role"] == "citizen"]
        places = trio.CapacityLimiter(IN_FLIGHT)
        async with trio.open_nursery() as acting, trio.open_nursery() as filing:
            for account in self.accounts:
                if account["role"] == "officer":
                    acting.start_soon(self._act, account, trio.current_time() + seconds)
            begun = trio.current_time()
            for number in range(int(seconds * self.rate)):
                await trio.sleep_until(begun + number / self.rate)
                attempt = self.ledger.open(PRIVACIES[number % len(PRIVACIES)])
                draft = self._draft(attempt)
                filing.start_soon(self._file, attempt, draft, citizens[number % len(citizens)], places)

    def _draft(self, attempt: Attempt) -> Draft:
        category = self.rng.choice(self.categories)
        text = f"Laporan uji ketahanan, tanda {attempt.mark}, mohon ditindaklanjuti."
        return Draft(attempt.privacy, category, text, address="Jalan Raya Darmo, depan taman")

    async def _file(self, attempt: Attempt, draft: Draft, session: Session, places: trio.CapacityLimiter) -> None:
        async with places:
            try:
                receipt = await self.client.submit(session, draft, patience=AT_MOST_ONCE)
            except Refused as refused:
                attempt.outcome, attempt.detail = ("doubtful" if refused.doubts else "refused"), str(refused)
            except Unreachable as silence:
                attempt.outcome, attempt.detail = ("doubtful" if silence.doubts else "unsent"), str(silence)
            else:
                attempt.report_id, attempt.tracking_code = receipt.report_id, receipt.tracking_code
                attempt.outcome = "acknowledged"

    async def _sign_in(self, account: dict[str, Any]) -> Session:
        return await self.client.sign_in(account["username"], account["password"])

    async def _act(self, account: dict[str, Any], until: float) -> None:
        session: Session | None = None
        seen: set[str] = set()
        while trio.current_time() < until:
            await trio.sleep(OFFICERS_PAUSE * (0.5 + self.rng.random()))
            try:
                session = session or await self._sign_in(account)
                async with aclosing(self.client.agency_reports(session, status="received")) as reports:
                    async for report in reports:
                        if report["report_id"] in seen:
                            break  # newest first: what follows was seen before
                        seen.add(report["report_id"])
                        if self.rng.random() < SHARE_ACTED_ON:
                            await self._steps(session, report["report_id"])
            except Refused as refused:
                if refused.status == 401:
                    session = None
            except Unreachable:
                continue  # tried again in the next round; only what was acknowledged is in the ledger

    async def _steps(self, session: Session, report_id: str) -> None:
        path = self.rng.choice((("reject",), ("acknowledge",), ("acknowledge", "start"), ("acknowledge", "resolve")))
        for action in path:
            note = "tidak dapat ditindaklanjuti" if action == "reject" else None
            await self.client.act(session, report_id, action, note)
            self.ledger.acts.append(Act(report_id, EVENTS[action]))
