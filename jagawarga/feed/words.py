"""Words of a text as the search compares them: small letters without accents, and the stems they are found by."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

STEM: Final = 4
"""Letters of a word that the index knows it by; the rest is compared in the text itself."""
MOST_WORDS: Final = 64
"""Of one text that can be found."""
SHORTEST: Final = 2
_WORD: Final = re.compile(rf"[^\W_]{{{SHORTEST},}}")


def words(text: str) -> tuple[str, ...]:
    """The different words of a text in order, up to a bound."""
    plain = text.lower() if text.isascii() else _plain(text)
    return tuple(dict.fromkeys(_WORD.findall(plain)))[:MOST_WORDS]


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return plain if plain.isascii() else "".join(each for each in plain if not unicodedata.combining(each))


def folded(found: tuple[str, ...]) -> str:
    """Words as one string in which ` word` finds one that begins so."""
    return " " + " ".join(found)


def stem(word: str) -> str:
    """What the index knows a word by."""
    return word[:STEM]


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of words two texts have in common (Jaccard), from 0 to 1."""
    return len(one & other) / len(one | other) if one and other else 0.0
