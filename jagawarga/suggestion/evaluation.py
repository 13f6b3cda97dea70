"""How good suggestions are: learned from the earlier texts, asked about the later ones, as in life."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jagawarga.suggestion.training import LEAST, Example, TooLittle, train

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagawarga.suggestion.linear import LinearModel

EARLIER: Final = 0.8
SHOWN: Final = 3
COMMON: Final = 20
"""Texts to learn from that make a category a common one."""


@dataclass(frozen=True, slots=True)
class Score:
    """How many of `texts` had their category suggested first, and among the first three, of 1."""

    texts: int
    first: float
    three: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured; `baseline` always suggests the three most frequent categories."""

    learned: int
    asked: int
    categories: int
    learned_categories: int
    common_categories: int
    everything: Score
    common: Score
    baseline: Score
    microseconds: float
    """For one text."""


def evaluate(examples: Sequence[Example], *, least: int = LEAST) -> Evaluation:
    """Measure with the earlier four fifths of `examples`, which come in the order of time. Raises `TooLittle`.

    A text of a category that was not learned counts as missed.
    """
    cut = int(len(examples) * EARLIER)
    earlier, later = examples[:cut], examples[cut:]
    if not later:
        msg = f"expected two or more texts with a category and a time, got {len(examples)}"
        raise TooLittle(msg)
    model = train(earlier, least=least)
    begun = time.perf_counter()
    suggested = [_top(model, each.text) for each in later]
    seconds = time.perf_counter() - begun
    sizes = Counter(each.label for each in earlier)
    common = {label for label, size in sizes.items() if size >= COMMON}
    answers = list(zip(suggested, (each.label for each in later), strict=True))
    frequent = [label for label, _ in sizes.most_common(SHOWN)]
    return Evaluation(
        learned=len(earlier),
        asked=len(later),
        categories=len({each.label for each in examples}),
        learned_categories=len(model.labels),
        common_categories=len(common),
        everything=_score(answers),
        common=_score([(top, label) for top, label in answers if label in common]),
        baseline=_score([(frequent, label) for _, label in answers]),
        microseconds=seconds / len(later) * 1e6,
    )


def _top(model: LinearModel, text: str) -> list[str]:
    scores = model.scores(text)
    return sorted(scores, key=lambda label: -scores[label])[:SHOWN]


def _score(answers: Sequence[tuple[list[str], str]]) -> Score:
    if not answers:
        return Score(0, 0.0, 0.0)
    first = sum(top[:1] == [label] for top, label in answers)
    three = sum(label in top for top, label in answers)
    return Score(len(answers), first / len(answers), three / len(answers))
