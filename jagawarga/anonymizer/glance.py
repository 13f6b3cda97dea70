"""What a text has at all, seen at one glance: so that no search is made that can find nothing.

Nine of ten searches of the scrubber look for something behind a word, a sign or a number of digits. Whether these are
there costs a fraction of the search itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Generic, TypeVar

from jagawarga.anonymizer.letters import LETTERS, Letters
from jagawarga.anonymizer.numbers import Digit, digits
from jagawarga.anonymizer.shadow import shadow

GLUED_LEAST: Final = 4
GLUED: Final = "~"
"""Before a word that may be part of another."""
DOTTED: Final = "9.9"
"""The sign for a point or comma between two digits."""
_DOTTED: Final = re.compile(r"\d[.,]\d")


class Glance:
    """A normalised text, its shadow, the letters and words of that, its digits, and what hints ask for of it."""

    __slots__ = ("digits", "folded", "has", "letters", "text", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self.folded = folded = shadow(text)
        self.letters = Letters(folded, LETTERS)
        self.words = frozenset(self.letters.texts)
        self.digits: list[Digit] = digits(folded, self.letters.texts, self.words)
        # The shadow has lost the marks that a sign may have.
        marked = folded if text.isascii() else f"{folded}\0{text.lower()}"
        self.has = (self.words & _asked.words).union(
            [sign for sign in _asked.signs if sign in marked],
            [GLUED + word for word in _asked.glued if word in folded],
            (DOTTED,) if _DOTTED.search(text) else (),
        )


class _Asked:
    """All that hints ask for."""

    def __init__(self) -> None:
        self.words: set[str] = set()
        self.glued: set[str] = set()
        self.signs: set[str] = set()


_asked = _Asked()


@dataclass(frozen=True, slots=True)
class Hint:
    """What a text must have for a search to be worth its time: one of the words, one of the signs, so many digits.

    `words` are whole runs of letters, and with `GLUED` before them any part of the text ("bernamaBudi"), as are
    `signs`; `DOTTED` is a sign between two digits. An empty one asks for nothing.
    """

    words: frozenset[str] = frozenset()
    signs: frozenset[str] = frozenset()
    digits: int = 0

    def seen(self, glance: Glance) -> bool:
        """Tell whether the search may find something."""
        return self.fits(glance.has, len(glance.digits))

    def fits(self, has: Collection[str], digits: int) -> bool:
        """Tell whether this is enough."""
        if self.words and self.words.isdisjoint(has):
            return False
        if self.signs and self.signs.isdisjoint(has):
            return False
        return digits >= self.digits


T = TypeVar("T")


class Searches(Generic[T]):
    """Searches with their hints; most texts are alike in what they have, and so are the searches they are worth."""

    def __init__(self, searches: Iterable[tuple[Hint, T]]) -> None:
        self.searches = tuple(searches)
        self._most = max(needed.digits for needed, _ in self.searches)
        # Keeps words and signs of the hints, and none of a text.
        self._worth = lru_cache(maxsize=1024)(self._chosen)

    def worth(self, glance: Glance) -> tuple[T, ...]:
        """Give those that may find something, in their order."""
        return self.fitting(glance.has, len(glance.digits))

    def fitting(self, has: frozenset[str], digits: int) -> tuple[T, ...]:
        """Give those for which this is enough."""
        return self._worth(has, min(digits, self._most))

    def _chosen(self, has: frozenset[str], digits: int) -> tuple[T, ...]:
        return tuple(search for needed, search in self.searches if needed.fits(has, digits))


def hint(words: str = "", signs: str = "", digits: int = 0, *, glued: bool = False) -> Hint:
    """Make a hint of words and signs parted by blanks, which every glance looks for from now on.

    `glued`: of the words the long ones may be part of another.
    """
    whole, parts = set(words.split()), set[str]()
    if glued:
        parts = {word for word in whole if len(word) >= GLUED_LEAST}
    found = set(signs.split())
    _asked.words |= whole
    _asked.glued |= parts
    _asked.signs |= found - {DOTTED}
    return Hint(frozenset(whole.union(GLUED + word for word in parts)), frozenset(found), digits)
