"""What a text has at all, seen at one glance: so that no search is made that can find nothing.

Nine of ten searches of the scrubber look for something behind a word, a sign or a number of digits. Whether these are
there costs a fraction of the search itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from jagawarga.anonymizer.letters import Letters
from jagawarga.anonymizer.numbers import Digit, digits
from jagawarga.anonymizer.shadow import shadow

GLUED_LEAST: Final = 4
LETTERS: Final = re.compile(r"[^\W\d_]+")


class Glance:
    """A normalised text, its shadow, the letters and words of that, and its digits."""

    __slots__ = ("digits", "folded", "forms", "has", "letters", "text", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self.folded = folded = shadow(text)
        # The shadow has lost the marks that a sign may have.
        self.forms = (folded,) if text.isascii() else (folded, text.lower())
        self.letters = Letters(folded, LETTERS)
        self.words = frozenset(self.letters.texts)
        self.has = self.words.union([word for word in _GLUED if word in folded])
        """The words, and of those that are asked for the long ones that stand anywhere."""
        self.digits: list[Digit] = digits(folded, self.words)


_GLUED: Final[set[str]] = set()
"""Every long word that a hint asks for."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What a text must have for a search to be worth its time: one of the words, one of the signs, so many digits.

    `words` are whole runs of letters, but for long ones, which may be glued to a name ("bernamaBudi"); `signs` any part
    of the text. An empty one asks for nothing.
    """

    words: frozenset[str] = frozenset()
    signs: tuple[str, ...] = ()
    digits: int = 0

    def __post_init__(self) -> None:
        """Have the long words looked for in every text."""
        _GLUED.update(word for word in self.words if len(word) >= GLUED_LEAST)

    def seen(self, glance: Glance) -> bool:
        """Tell whether the search may find something."""
        # In this order, for most fail by their words.
        if self.words and self.words.isdisjoint(glance.has):
            return False
        if self.signs and not any([sign in form for form in glance.forms for sign in self.signs]):
            return False
        return len(glance.digits) >= self.digits


def hint(words: str = "", signs: str = "", digits: int = 0) -> Hint:
    """Make a hint of words and signs parted by blanks."""
    return Hint(frozenset(words.split()), tuple(signs.split()), digits)
