"""What is to be cut from a text: places and the word that takes their room."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, NamedTuple

# Zero-width and direction marks, soft hyphens and other format characters: they only hide things.
_TEXT_CONTROLS: Final = frozenset("\n\t")
_BLANKS: Final = re.compile(r"[^\S\n\t]")


class Span(NamedTuple):
    """`text[start:end]` is personal; `label` says of which kind."""

    start: int
    end: int
    label: str


def normalise(text: str) -> str:
    """Write a text in one way: compatibility forms folded (NFKC), invisible characters gone, blanks plain."""
    folded = unicodedata.normalize("NFKC", text)
    visible = "".join(
        each for each in folded if each in _TEXT_CONTROLS or unicodedata.category(each) not in ("Cf", "Cc", "Co", "Cn")
    )
    return _BLANKS.sub(" ", visible)


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
