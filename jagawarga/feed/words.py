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
_WORD: Final = re.compile(r"[^\W_]+")


def words(text: str) -> tuple[str, ...]:
    """The different words of a text in order, up to a bound."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in plain if not unicodedata.combining(each)) if not plain.isascii() else plain
    found = dict.fromkeys(each for each in _WORD.findall(plain) if len(each) >= SHORTEST)
    return tuple(found)[:MOST_WORDS]


def folded(found: tuple[str, ...]) -> str:
    """Words as one string in which ` word` finds one that begins so."""
    return " " + " ".join(found)


def stem(word: str) -> str:
    """What the index knows a word by."""
    return word[:STEM]


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of words two texts have in common (Jaccard), from 0 to 1."""
    return len(one & other) / len(one | other) if one and other else 0.0
