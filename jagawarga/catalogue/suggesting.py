"""Which of the catalogue's categories a text may be about: asked of the trained model, or of the keywords. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jagawarga.suggestion.keywords import Keywords

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jagawarga.catalogue.messages import Category
    from jagawarga.catalogue.wording import Wording

SHOWN: Final = 3
LEAST: Final = 0.01
"""What is less likely is not worth showing."""


class Suggester:
    """Made for one snapshot: knows the categories that are there, and suggests no others."""

    def __init__(self, categories: Mapping[str, Category], wording: Wording) -> None:
        self._trained = wording.trained
        labels = () if self._trained is None else self._trained.labels
        # A model learns from files, too, where categories go by their names.
        known = {category.name.casefold(): key for key, category in categories.items()} | {
            key: key for key in categories
        }
        self._keys = {label: key for label in labels if (key := known.get(label) or known.get(label.casefold()))}
        learned = set(self._keys.values())
        self._keywords = Keywords(dict(_phrases(categories.values(), wording)))
        self._others = Keywords(
            dict(_phrases((each for each in categories.values() if each.key not in learned), wording))
        )

    def top(self, text: str) -> list[tuple[str, float]]:
        """Give the keys of up to three categories, the likeliest first, with their share of 1."""
        scores = self._learned(text) or self._keywords.scores(text)
        likeliest = sorted(scores.items(), key=lambda each: (-each[1], each[0]))[:SHOWN]
        return [(key, score) for key, score in likeliest if score >= LEAST]

    def _learned(self, text: str) -> dict[str, float]:
        """Ask the model; categories it has not learned have keywords, which count the more the less it is sure."""
        if self._trained is None or not self._keys:
            return {}
        scores = self._trained.scores(text)
        found = {self._keys[label]: score for label, score in scores.items() if label in self._keys}
        if not found:
            return {}
        whole = sum(found.values())
        others = self._others.scores(text)
        doubt = (1 - max(found.values()) / whole) / 2 if others else 0.0
        return {key: score / whole * (1 - doubt) for key, score in found.items()} | {
            key: score * doubt for key, score in others.items()
        }


def _phrases(categories: Iterable[Category], wording: Wording) -> Iterator[tuple[str, tuple[str, ...]]]:
    for category in categories:
        yield category.key, (*category.name.split(), *wording.keywords.get(category.key, ()))
