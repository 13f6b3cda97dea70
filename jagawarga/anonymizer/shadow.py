"""A text as the searching eye sees it: small letters without their marks, each character in its old place."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

# Letters of other scripts that look like Latin ones: the usual way to write a name past a filter.
_ALIKE: Final = str.maketrans(
    "абвеіјкмнорсѕтухԁԛԝαβεικνορτυχηßı",
    "abbeijkmhopcstyxdqwabeiknoptuxnsi",
)
_OLD: Final = (("oe", "u"), ("dj", "j"), ("tj", "c"), ("ph", "f"), ("v", "f"), ("y", "i"), ("z", "s"))
_AGAIN: Final = re.compile(r"(.)(?=\1)")
"""A character before its like: without these, a double letter is one."""
_TO_FOLD: Final = re.compile(r"[A-Z]+|[^\x00-\x7f]+")


def shadow(text: str) -> str:
    """Fold case, diacritics and look-alike letters, one character for one, so that every place stays the same."""
    if text.isascii():
        return text.lower()
    return _TO_FOLD.sub(_folded, text)


def canonical(word: str) -> str:
    """Give the one form of a folded word that its old and new spellings share (Soekarno, Sukarno; Rahmawaty, -ti)."""
    return respelt(word).removesuffix("h")


def respelt(folded: str) -> str:
    """Write a folded text in the new spelling: it has in it the canonical form of each of its words."""
    for old, new in _OLD:
        folded = folded.replace(old, new)
    return _AGAIN.sub("", folded)


def _folded(match: re.Match[str]) -> str:
    found = match.group()
    return found.lower() if found.isascii() else "".join(map(_base, found))


@lru_cache(maxsize=1024)
def _base(letter: str) -> str:
    """One character for one, whatever folding would make of it."""
    small = letter.lower()
    plain = unicodedata.normalize("NFD", small)[0].translate(_ALIKE)
    return plain if plain.isalnum() and len(plain) == 1 else letter
