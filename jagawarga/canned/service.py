"""The door of canned answers: they are read and changed so seldom that each time the database is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.canned.messages import MOST
from jagawarga.canned.store import Store
from jagawarga.errors import Conflict, NotFound

if TYPE_CHECKING:
    from jagawarga.canned.messages import CannedAnswer, Step
    from jagawarga.catalogue.messages import CatalogueDoor
    from jagawarga.plumbing.database import Database


class Canned:
    """Implements `CannedDoor`; it has no actor, as nothing of it is in memory. Cancelled, a change is made or not."""

    def __init__(self, database: Database, catalogue: CatalogueDoor) -> None:
        self.store = Store(database)
        self.catalogue = catalogue

    async def answers(self, agency: str, *, action: Step | None, category: str | None) -> tuple[CannedAnswer, ...]:
        """The agency's answers by key, those that go with the step and the category."""
        return await self.store.answers(agency, action, category)

    async def answer(self, agency: str, key: str) -> CannedAnswer:
        """One of the agency's answers, or `NotFound`."""
        found = await self.store.answer(agency, key)
        if found is None:
            raise _none()
        return found

    async def put(self, agency: str, answer: CannedAnswer) -> None:
        """Create or change an answer; `Invalid` for an unknown category, `Conflict` when there are too many."""
        if answer.category is not None:
            self.catalogue.category(answer.category)
        if not await self.store.put(agency, answer, MOST):
            msg = f"The agency has {MOST} canned answers; no more are kept until one is deleted."
            raise Conflict(msg, code="too-many-canned-answers")

    async def delete(self, agency: str, key: str) -> None:
        """Forget one of the agency's answers, or `NotFound`."""
        if not await self.store.delete(agency, key):
            raise _none()


def _none() -> NotFound:
    return NotFound("no such canned answer")
