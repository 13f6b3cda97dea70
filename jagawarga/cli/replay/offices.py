"""The agencies' side: officers who answer reports when the file says they were answered."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import trio

from jagawarga.cli.replay.plan import make_key
from jagawarga.client import Refused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jagawarga.client import Client, Receipt, Session

OPEN = {"received", "escalated", "acknowledged", "in_progress"}
TRIES = 5


class Offices:
    """One officer for each agency that has to answer, created when first needed."""

    def __init__(self, client: Client, operator: Callable[[], Awaitable[Session]]) -> None:
        self.client = client
        self._operator = operator
        self._passwords: dict[str, str] = {}
        self._sessions: dict[str, Session] = {}
        self._locks: dict[str, trio.Lock] = {}
        self._taken: set[str] = set()

    async def answer(self, receipt: Receipt, category: str, agency: str | None) -> None:
        """Acknowledge and resolve the report, as its agency.

        An anonymous report's id is not known to who filed it, by design. Its agency then answers one anonymous report
        of that category that is still open, so that the numbers are right though nobody can tell which is whose.
        Raises `Refused`, or `Unreachable`.
        """
        if agency is None:
            agency = str((await self.client.track(receipt.tracking_code))["agency"])
        for tried in range(TRIES):
            session = await self._session(agency)
            try:
                report_id = receipt.report_id or await self._somebodys(session, category)
                await self._resolve(session, report_id)
            except Refused as refused:
                if refused.status == 401 and tried < TRIES - 1:
                    self._sessions.pop(agency, None)
                    continue
                raise
            return

    async def _resolve(self, session: Session, report_id: str) -> None:
        for action in ("acknowledge", "start", "resolve"):
            try:
                await self.client.act(session, report_id, action)
            except Refused as refused:
                # A step taken before, by a try that got no answer, is no failure; the last one must be taken.
                if refused.status != 409 or action == "resolve":
                    raise

    async def _somebodys(self, session: Session, category: str) -> str:
        async for report in self.client.agency_reports(session):
            found = str(report["report_id"])
            if report["privacy"] == "anonymous" and report["category"] == category and report["status"] in OPEN:
                if found in self._taken:
                    continue
                self._taken.add(found)
                return found
        msg = "no open anonymous report found"
        raise Unreachable(msg)

    async def _session(self, agency: str) -> Session:
        async with self._locks.setdefault(agency, trio.Lock()):
            if agency not in self._sessions:
                username = make_key(f"replay {agency}")
                if agency not in self._passwords:
                    password = secrets.token_urlsafe(18)
                    await self.client.put_officer(await self._operator(), username, password, agency)
                    self._passwords[agency] = password
                self._sessions[agency] = await self.client.sign_in(username, self._passwords[agency])
            return self._sessions[agency]
