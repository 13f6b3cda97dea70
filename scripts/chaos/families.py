"""Merged reports under chaos: officers merge, and afterwards each duplicate stands where its parent stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.chaos.ledger import Act

if TYPE_CHECKING:
    from random import Random

    from jagawarga.client import Client, Session
    from scripts.chaos.ledger import Ledger
    from scripts.chaos.truth import Truth

HELD = frozenset({"received", "acknowledged", "in_progress", "escalated", "reopened"})
SHARE_RESOLVED = 0.3


class Families:
    """The reports of one officer that others may be merged into."""

    def __init__(self, client: Client, ledger: Ledger, rng: Random) -> None:
        self.client = client
        self.ledger = ledger
        self.rng = rng
        self.parent: str | None = None

    async def unite(self, session: Session, report_id: str, version: int) -> None:
        """Merge a report into the one at work, and now and then resolve that, for all. Raises as the client does."""
        if self.parent is None:
            return
        await self.client.merge(session, report_id, self.parent, version=version)
        self.ledger.acts.append(Act(report_id, "report.merged"))
        if self.rng.random() < SHARE_RESOLVED:
            parent, self.parent = self.parent, None
            version = (await self.client.agency_report(session, parent))["version"]
            await self.client.act(session, parent, "resolve", version=version)
            self.ledger.acts.append(Act(parent, "report.resolved"))


def taken_along(truth: Truth) -> set[tuple[str, int]]:
    """The lines of duplicates that they have because their parent has the like, of the same moment."""
    parents = {each.report_id: each.parent for each in truth.reports if each.parent is not None}
    led = {(line.report_id, line.event, line.level, line.at) for line in truth.history}
    return {
        (line.report_id, line.version)
        for line in truth.history
        if line.report_id in parents and (parents[line.report_id], line.event, line.level, line.at) in led
    }


def judge_families(faults: dict[str, list[str]], truth: Truth) -> None:
    """A parent is there, is no duplicate itself, and its duplicates stand where it stands."""
    reports = {each.report_id: each for each in truth.reports}
    for each in truth.reports:
        if each.parent is None:
            continue
        parent = reports.get(each.parent)
        if parent is None or parent.parent is not None:
            faults["duplicate of nothing, or of a duplicate"].append(each.report_id)
        elif parent.status in HELD and (each.status, each.level) != (parent.status, parent.level):
            faults["duplicate parted from its parent"].append(each.report_id)
