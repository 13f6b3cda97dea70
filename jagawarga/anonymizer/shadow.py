"""A text as the searching eye sees it: small letters without their marks, each character in its old place."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Letters of other scripts that look like Latin ones: the usual way to write a name past a filter.
_ALIKE: Final = str.maketrans(
    "абвеіјкмнорсѕтухԁԛԝαβεικνορτυχηß",
    "abbeijkmhopcstyxdqwabeiknoptuxns",
)
_OLD: Final = (("oe", "u"), ("dj", "j"), ("tj", "c"), ("ph", "f"), ("v", "f"), ("y", "i"), ("z", "s"))
_DOUBLE: Final = re.compile(r"(.)\1+")


def shadow(text: str) -> str:
    """Fold case, diacritics and look-alike letters, one character for one, so that every place stays the same."""
    if text.isascii():
        return text.lower()
    return "".join(each.lower() if each.isascii() else _base(each) for each in text)


def canonical(word: str) -> str:
    """Give the one form of a folded word that its old and new spellings share (Soekarno, Sukarno; Rahmawaty, -ti)."""
    for old, new in _OLD:
        word = word.replace(old, new)
    return _DOUBLE.sub(r"\1", word).removesuffix("h")


def _base(letter: str) -> str:
    """One character for one, whatever folding would make of it."""
    small = letter.lower()
    plain = unicodedata.normalize("NFD", small if len(small) == 1 else letter)[0].translate(_ALIKE)
    return plain if plain.isalnum() and len(plain) == 1 else letter
