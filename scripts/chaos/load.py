"""The client under which the system has to hold: citizens file, track, look around and vote, officers act and listen.

Every promise is in the ledger.
"""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

import trio

from jagawarga.client import Client, Draft, Patience, Refused, Session, Unreachable
from scripts.chaos.families import Families
from scripts.chaos.ledger import Act
from scripts.chaos.neighbours import Neighbour

if TYPE_CHECKING:
    from scripts.chaos.ledger import Attempt, Ledger

AT_MOST_ONCE = Patience(tries=20, longest=5.0, unavailable=False, silence=False)
"""Only what was certainly not done is tried again: there is no idempotency key to make a repetition safe."""
ONCE = Patience(tries=1)
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
SHARE_TRACKED = 0.5
SHARE_MERGED = 0.4
LISTENERS = 2
UNAUTHORIZED = 401
NOT_FOUND = 404


class Load:
    """Files `rate` reports a second whatever becomes of them (an open loop), while others track, act and listen."""

    def __init__(
        self, client: Client, accounts: list[dict[str, Any]], ledger: Ledger, rng: Random, rate: float
    ) -> None:
        self.client = client
        self.ledger = ledger
        self.rng = rng
        self.rate = rate
        self.categories: list[str] = []
        self.citizens = [Desk(client, each) for each in accounts if each["role"] == "citizen"]
        self.officers = [Desk(client, each) for each in accounts if each["role"] == "officer"]

    async def run(self, seconds: float) -> None:
        """Go on for so long, then wait for the answers still under way."""
        self.categories = [each["key"] for each in await self.client.categories()]
        places = trio.CapacityLimiter(IN_FLIGHT)
        async with trio.open_nursery() as acting, trio.open_nursery() as filing:
            begun = trio.current_time()
            for officer in self.officers:
                acting.start_soon(self._act, officer, begun + seconds)
            for citizen in self.citizens:
                neighbour = Neighbour(self.client, citizen, self.ledger, Random(self.rng.random()))
                acting.start_soon(neighbour.live, begun + seconds)
            for number in range(int(seconds * self.rate)):
                await trio.sleep_until(begun + number / self.rate)
                attempt = self.ledger.open(PRIVACIES[number % len(PRIVACIES)])
                draft = self._draft(attempt)
                filing.start_soon(self._file, attempt, draft, self.citizens[number % len(self.citizens)], places)

    async def listen(self) -> None:
        """Follow some agencies' live streams for ever, each from where it broke off."""
        async with trio.open_nursery() as nursery:
            for officer in self.officers[:LISTENERS]:
                nursery.start_soon(self._follow, officer)

    def _draft(self, attempt: Attempt) -> Draft:
        category = self.rng.choice(self.categories)
        text = f"Laporan uji ketahanan, tanda {attempt.mark}, mohon ditindaklanjuti."
        return Draft(attempt.privacy, category, text, address="Jalan Raya Darmo, depan taman")

    async def _file(self, attempt: Attempt, draft: Draft, citizen: Desk, places: trio.CapacityLimiter) -> None:
        async with places:
            try:
                session = await citizen.session()
            except (Refused, Unreachable) as failure:
                attempt.outcome, attempt.detail = "unsent", f"sign-in: {failure}"
                return
            try:
                receipt = await self.client.submit(session, draft, patience=AT_MOST_ONCE)
            except Refused as refused:
                attempt.outcome, attempt.detail = ("doubtful" if refused.doubts else "refused"), str(refused)
                attempt.answer = str(refused.status)
                citizen.forget(refused)
            except Unreachable as silence:
                attempt.outcome, attempt.detail = ("doubtful" if silence.doubts else "unsent"), str(silence)
            else:
                attempt.report_id, attempt.tracking_code = receipt.report_id, receipt.tracking_code
                attempt.answer = "202" if receipt.waiting else "201"
                attempt.answered_at, attempt.seconds = datetime.now(UTC), receipt.seconds
                attempt.outcome = "acknowledged"
        if attempt.tracking_code is not None and self.rng.random() < SHARE_TRACKED:
            await self._track(attempt, attempt.tracking_code)

    async def _track(self, attempt: Attempt, code: str) -> None:
        """Look the report up at once: the code was promised to work, or not to be answered at all."""
        try:
            await self.client.track(code, patience=ONCE)
        except Refused as refused:
            self.ledger.tracked[str(refused.status)] += 1
            if refused.status == NOT_FOUND:
                self.ledger.not_found.append(attempt.mark)
        except Unreachable:
            self.ledger.tracked["none"] += 1
        else:
            self.ledger.tracked["200"] += 1

    async def _act(self, officer: Desk, until: float) -> None:
        seen: set[str] = set()
        families = Families(self.client, self.ledger, self.rng)
        while trio.current_time() < until:
            await trio.sleep(OFFICERS_PAUSE * (0.5 + self.rng.random()))
            try:
                session = await officer.session()
                async with aclosing(self.client.agency_reports(session, status="received")) as reports:
                    async for report in reports:
                        if report["report_id"] in seen:
                            break  # newest first: what follows was seen before
                        seen.add(report["report_id"])
                        if self.rng.random() < SHARE_ACTED_ON:
                            await self._steps(session, report["report_id"], report["version"], families)
            except Refused as refused:
                officer.forget(refused)
            except Unreachable:
                continue  # tried again in the next round; only what was acknowledged is in the ledger

    async def _steps(self, session: Session, report_id: str, version: int, families: Families) -> None:
        if families.parent is not None and self.rng.random() < SHARE_MERGED:
            await families.unite(session, report_id, version)
            return
        path = self.rng.choice((("reject",), ("acknowledge",), ("acknowledge", "start"), ("acknowledge", "resolve")))
        for action in path:
            note = "tidak dapat ditindaklanjuti" if action == "reject" else None
            # For that version only: sent again after an answer that was lost, it is not taken a second time.
            version = (await self.client.act(session, report_id, action, note, version=version))["version"]
            self.ledger.acts.append(Act(report_id, EVENTS[action]))
        if path[-1] in {"acknowledge", "start"}:
            families.parent = report_id

    async def _follow(self, officer: Desk) -> None:
        heard = self.ledger.heard[officer.account["agency"]]
        while True:
            try:
                session = await officer.session()
                async with self.client.events(session, after=heard[-1] if heard else 0) as events:
                    async for event in events:
                        if event.sequence is not None:
                            heard.append(event.sequence)
            except Refused as refused:
                officer.forget(refused)
            except Unreachable:
                pass  # cut off: begun again from the last number, as every browser does
            await trio.sleep(OFFICERS_PAUSE * self.rng.random())


class Desk:
    """Somebody with an account, who signs in again when their session is over."""

    def __init__(self, client: Client, account: dict[str, Any]) -> None:
        self.client = client
        self.account = account
        self._session: Session | None = None

    async def session(self) -> Session:
        """Give the session, opened when there is none."""
        if self._session is None:
            self._session = await self.client.sign_in(self.account["username"], self.account["password"])
        return self._session

    def forget(self, refused: Refused) -> None:
        """Sign in again next time, if that is what the refusal was about."""
        if refused.status == UNAUTHORIZED:
            self._session = None
