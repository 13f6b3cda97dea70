"""Suggesting without a trained model: by the words that the categories' names and keywords have."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from jagawarga.suggestion.features import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WITHIN: Final = 5
"""From so many letters on a keyword is found within a word, too: "lubang" in "berlubang"."""


class Keywords:
    """Phrases for each label; one that stands for several labels counts less for each of them."""

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        labels: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for label, given in phrases.items():
            for phrase in given:
                if said := tuple(words(phrase)):
                    labels[said].add(label)
        self._phrases = [(_needle(phrase), len(phrase) / len(of), tuple(of)) for phrase, of in labels.items()]

    def scores(self, text: str) -> dict[str, float]:
        """Give the labels some phrase of which is in the text, with their share of what was found; empty for none."""
        said = f" {' '.join(words(text))} "
        found: dict[str, float] = defaultdict(float)
        for needle, weight, labels in self._phrases:
            if needle in said:
                for label in labels:
                    found[label] += weight
        whole = sum(found.values())
        return {label: weight / whole for label, weight in found.items()}


def _needle(phrase: tuple[str, ...]) -> str:
    """Make what is looked for between words that have one space around them."""
    before = "" if len(phrase[0]) >= WITHIN else " "
    after = "" if len(phrase[-1]) >= WITHIN else " "
    return f"{before}{' '.join(phrase)}{after}"
