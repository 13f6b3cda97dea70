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
        self._labels: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for label, given in phrases.items():
            for phrase in given:
                if said := tuple(words(phrase)):
                    self._labels[said].add(label)

    def scores(self, text: str) -> dict[str, float]:
        """Give the labels some phrase of which is in the text, with their share of what was found; empty for none."""
        said = words(text)
        found: dict[str, float] = defaultdict(float)
        for phrase, labels in self._labels.items():
            if _stands_in(phrase, said):
                for label in labels:
                    found[label] += len(phrase) / len(labels)
        whole = sum(found.values())
        return {label: count / whole for label, count in found.items()}


def _stands_in(phrase: tuple[str, ...], said: list[str]) -> bool:
    length = len(phrase)
    return any(
        all(
            word == other or (len(word) >= WITHIN and word in other)
            for word, other in zip(phrase, said[at:], strict=False)
        )
        for at in range(len(said) - length + 1)
    )
