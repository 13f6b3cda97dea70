"""What is to be cut from a text: places and the word that takes their room."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, NamedTuple

MASK: Final = "\x1a"
"""Stands for every character of an earlier cut while a text is searched; `normalise` lets none of it in."""
MOST_LETTERS: Final = 4
"""A character that unfolds into more letters than this (U+FDFA: eighteen) only makes texts long."""
_TEXT_CONTROLS: Final = frozenset("\n\t")
# Zero-width and direction marks, soft hyphens and other format characters: they only hide things.
_INVISIBLE: Final = frozenset({"Cf", "Cc", "Co", "Cn", "Cs"})
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BLANKS: Final = re.compile(r"[^\S\n\t]")


class Span(NamedTuple):
    """`text[start:end]` is personal; `label` says of which kind."""

    start: int
    end: int
    label: str


def normalise(text: str) -> str:
    """Write a text in one way: compatibility forms folded (NFKC), invisible characters gone, blanks plain."""
    if text.isascii():
        if text.isprintable():
            return text
        return _BLANKS.sub(" ", _CONTROLS.sub("", text))
    short = "".join(
        each if each.isascii() or len(unicodedata.normalize("NFKC", each)) <= MOST_LETTERS else " " for each in text
    )
    folded = _visible(short)
    # What stood between two characters may have kept them from composing: fold once more without it.
    return _BLANKS.sub(" ", _visible(folded))


def _visible(text: str) -> str:
    return "".join(
        each
        for each in unicodedata.normalize("NFKC", text)
        if each in _TEXT_CONTROLS or unicodedata.category(each) not in _INVISIBLE
    )


def cut(text: str, spans: Iterable[Span]) -> str:
    """Replace the spans by their labels in brackets; overlapping ones become one, under the first label."""
    pieces = []
    position = 0
    end, label = -1, ""
    for span in sorted(spans):
        if span.start < end:
            end = max(end, span.end)
            continue
        if end >= 0:
            pieces.append(f"[{label}]")
            position = end
        pieces.append(text[position : span.start])
        position = span.start
        end, label = span.end, span.label
    if end >= 0:
        pieces.append(f"[{label}]")
        position = end
    pieces.append(text[position:])
    return "".join(pieces)
