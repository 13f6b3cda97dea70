"""One question on its way at a time, and only the answer to the last one asked counts."""

from __future__ import annotations

from typing import Generic, TypeVar

Question = TypeVar("Question")


class Inquiry(Generic[Question]):
    """Keeps what is asked and what is wanted apart.

    Whoever holds down an arrow key wants to know about the last actor only: questions that come while one is on its way
    replace each other, and the answer to a question that is no longer the wanted one is dropped.
    """

    def __init__(self) -> None:
        self.asked: Question | None = None
        self.wanted: Question | None = None

    def want(self, question: Question) -> Question | None:
        """Return the question if it is to be sent now; otherwise its turn comes in `answered`."""
        self.wanted = question
        return self._next()

    def forget(self) -> None:
        """Want nothing; the answer to what is on its way will be dropped."""
        self.wanted = None

    def answered(self, question: Question) -> tuple[bool, Question | None]:
        """Return whether the answer to `question` is still wanted, and the question to be sent next."""
        self.asked = None
        if question == self.wanted:
            self.wanted = None
            return True, None
        return False, self._next()

    def _next(self) -> Question | None:
        if self.asked is not None or self.wanted is None:
            return None
        self.asked = self.wanted
        return self.asked
