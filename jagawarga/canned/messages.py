"""Values of canned answers: texts of an agency's own that its officers say again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol

Step = Literal["acknowledge", "ask", "reply", "resolve", "reject"]
"""The steps that say something to the reporter, and so may say it in canned words."""
Language = Literal["id", "en"]
MOST: Final = 200
"""Answers of one agency."""


@dataclass(frozen=True, slots=True)
class CannedAnswer:
    """A text under a key; `None` for a step, a category or a language means that it goes with any."""

    key: str
    title: str
    text: str
    action: Step | None = None
    category: str | None = None
    language: Language | None = None


class CannedDoor(Protocol):
    """What the edge may ask of canned answers.

    Every method knows the answers of the one agency it is given, and raises `Unavailable` while the database is away.
    """

    async def answers(self, agency: str, *, action: Step | None, category: str | None) -> tuple[CannedAnswer, ...]:
        """The agency's answers by key, at most `MOST`: those that go with the step and the category, if one is said."""

    async def answer(self, agency: str, key: str) -> CannedAnswer:
        """One of the agency's answers; `NotFound` alike for none and for another agency's."""

    async def put(self, agency: str, answer: CannedAnswer) -> None:
        """Create or change an answer, durably.

        `Invalid` for a category nobody declared, `Conflict` for one answer more than `MOST`.
        """

    async def delete(self, agency: str, key: str) -> None:
        """Forget one of the agency's answers, durably; `NotFound` as of `answer`. What was said with it stays said."""
