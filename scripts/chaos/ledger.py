"""What the client was promised: every attempt to file a report or to act on one, and how it ended."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

Outcome = Literal["pending", "acknowledged", "refused", "doubtful", "unsent"]
Vote = Literal["given", "taken", "doubtful"]
NO_ANSWER = "none"


@dataclass(slots=True)
class Attempt:
    """One submission; `mark` is a word in its text that no other has."""

    number: int
    mark: str
    privacy: str
    outcome: Outcome = "pending"
    answer: str = NO_ANSWER
    """The status of the last answer."""
    answered_at: datetime | None = None
    seconds: float = 0.0
    report_id: str | None = None
    tracking_code: str | None = field(default=None, repr=False)
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """A step of an agency that the server acknowledged."""

    report_id: str
    event: str


@dataclass(slots=True)
class Ledger:
    """Grows while the client works; the verdict is spoken over it."""

    attempts: list[Attempt] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    tracked: Counter[str] = field(default_factory=Counter)
    """Look-ups of tracking codes just acknowledged, by answer."""
    not_found: list[str] = field(default_factory=list)
    """Marks of acknowledged attempts whose code was answered with "there is no such report"."""
    heard: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Agency to the numbers of the events its live stream brought, in the order they came."""
    votes: dict[tuple[str, str], Vote] = field(default_factory=dict)
    """Citizen and report to how their vote stands."""
    polls: Counter[tuple[str, str]] = field(default_factory=Counter)
    """The same pairs to how often a vote was given or taken back, or may have been."""
    looked: Counter[str] = field(default_factory=Counter)
    """Looks at the feed, by answer."""
    exposed: list[str] = field(default_factory=list)
    """Reports that the feed showed and that say they are not public."""

    def open(self, privacy: str) -> Attempt:
        """Note that a submission is about to be made."""
        number = len(self.attempts)
        attempt = Attempt(number, make_mark(number), privacy)
        self.attempts.append(attempt)
        return attempt

    def count(self, outcome: Outcome) -> int:
        """Return how many attempts ended so."""
        return sum(attempt.outcome == outcome for attempt in self.attempts)

    def voted(self, vote: Vote) -> Counter[str]:
        """Count the votes that stand so by report."""
        return Counter(report_id for (_, report_id), stands in self.votes.items() if stands == vote)

    def answers(self) -> dict[str, int]:
        """Count the attempts by the status they were answered with."""
        return dict(sorted(Counter(attempt.answer for attempt in self.attempts).items()))

    @property
    def uncertain(self) -> list[Attempt]:
        """Attempts that may or may not have been filed: no answer, or none to rely on."""
        return [attempt for attempt in self.attempts if attempt.outcome in {"doubtful", "pending"}]


CONSONANTS, VOWELS = "bdgjklmnprst", "aiueo"
SYLLABLES = [consonant + vowel for consonant in CONSONANTS for vowel in VOWELS]


def make_mark(number: int) -> str:
    """Return a word for the number, in lower case and without digits, so that no redaction takes it for data."""
    word = ""
    for _ in range(4):
        number, rest = divmod(number, len(SYLLABLES))
        word = SYLLABLES[rest] + word
    return f"uji{word}"
