"""The neighbours: citizens who look at the feed and support what they see, and what must come of it.

The feed shows public reports alone, at any time; a vote that was acknowledged is there, once, whatever died meanwhile.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

import trio

from jagawarga.client import Patience, Refused, Unreachable

if TYPE_CHECKING:
    from random import Random

    from jagawarga.client import Client
    from scripts.chaos.ledger import Ledger
    from scripts.chaos.load import Desk
    from scripts.chaos.truth import Truth
    from scripts.chaos.verdict import Verdict

ONCE = Patience(tries=1)
PAUSE = 0.3
LOOKED_AT = 20
SHARE_TAKEN_BACK = 0.2
CAUGHT_UP_WITHIN = 15.0
HIDDEN = "withdrawn"


class Neighbour:
    """One citizen."""

    def __init__(self, client: Client, desk: Desk, ledger: Ledger, rng: Random) -> None:
        self.client = client
        self.desk = desk
        self.ledger = ledger
        self.rng = rng

    async def live(self, until: float) -> None:
        """Look, vote, think again; for so long."""
        while trio.current_time() < until:
            await trio.sleep(PAUSE * (0.5 + self.rng.random()))
            try:
                seen = await self._look()
                if seen:
                    await self._support(self.rng.choice(seen))
            except Refused as refused:
                self.ledger.looked[str(refused.status)] += 1
                self.desk.forget(refused)
            except Unreachable:
                self.ledger.looked["none"] += 1

    async def _look(self) -> list[str]:
        found: list[str] = []
        async with aclosing(self.client.public_reports(limit=LOOKED_AT)) as reports:
            async for report in reports:
                if report["privacy"] != "public":
                    self.ledger.exposed.append(report["report_id"])
                found.append(report["report_id"])
                if len(found) == LOOKED_AT:
                    break
        self.ledger.looked["200"] += 1
        return found

    async def _support(self, report_id: str) -> None:
        session = await self.desk.session()
        key = self.desk.account["username"], report_id
        on = not (self.ledger.votes.get(key) == "given" and self.rng.random() < SHARE_TAKEN_BACK)
        before = self.ledger.votes.get(key, "taken")
        # Until it is answered nobody knows, not even when we are cut off in the middle.
        self.ledger.votes[key] = "doubtful"
        self.ledger.polls[key] += 1
        try:
            await self.client.vote(session, report_id, on=on, patience=ONCE)
        except Refused as refused:
            if not refused.doubts:
                self.ledger.votes[key] = before
            raise
        except Unreachable as silence:
            if not silence.doubts:
                self.ledger.votes[key] = before
            raise
        self.ledger.votes[key] = "given" if on else "taken"


def judge_votes(verdict: Verdict, ledger: Ledger, truth: Truth) -> None:
    """Each report has the votes that were acknowledged, and beyond them at most those in doubt."""
    given, doubtful = ledger.voted("given"), ledger.voted("doubtful")
    verdict.votes = sum(truth.votes.values())
    for report_id in given.keys() | truth.votes.keys():
        sure, there = given[report_id], truth.votes.get(report_id, 0)
        if not sure <= there <= sure + doubtful[report_id]:
            verdict.faults["votes lost or doubled"].append(f"{report_id}: {sure} given, {there} there")
    verdict.faults["the feed showed what is not public"] += ledger.exposed


async def read_feed(client: Client, truth: Truth, verdict: Verdict) -> None:
    """Go through the feed: it shows each public report once, with its votes, and nothing else."""
    wanted = {
        each.report_id: truth.votes.get(each.report_id, 0)
        for each in truth.reports
        if each.privacy == "public" and each.status != HIDDEN
    }
    shown: list[tuple[str, int]] = []
    with trio.move_on_after(CAUGHT_UP_WITHIN):
        while True:
            async with aclosing(client.public_reports()) as reports:
                shown = [(report["report_id"], report["votes"]) async for report in reports]
            if sorted(shown) == sorted(wanted.items()):
                return
            await trio.sleep(0.2)
    ids = [report_id for report_id, _ in shown]
    verdict.faults["public report not in the feed"] += sorted(wanted.keys() - set(ids))
    verdict.faults["in the feed, and should not be"] += sorted(set(ids) - wanted.keys())
    verdict.faults["twice in the feed"] += sorted({each for each in ids if ids.count(each) > 1})
    verdict.faults["other votes in the feed than there are"] += [
        f"{report_id}: {votes} for {wanted[report_id]}"
        for report_id, votes in shown
        if report_id in wanted and votes != wanted[report_id]
    ]
