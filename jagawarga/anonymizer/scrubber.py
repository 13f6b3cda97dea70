"""The scrubber: a text without what identifies a person. Pure; knows the person only for the length of one call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from jagawarga.anonymizer.facts import own
from jagawarga.anonymizer.patterns import LABELS, personal
from jagawarga.anonymizer.spans import Span, cut, normalise

if TYPE_CHECKING:
    from jagawarga.identity.messages import PersonalFacts

PASSES: Final = 4
"""A cut may bring two halves together; after this many rounds a text is as clean as it gets."""
PLACES: Final = 3
"""Decimals kept of an anonymous report's coordinates: about 110 metres, a street and not a door."""
_PLACEHOLDER: Final = re.compile(rf"\[(?:{'|'.join(map(re.escape, sorted(LABELS)))})\]")


def scrub(text: str, facts: PersonalFacts | None = None) -> str:
    """Replace all personal data in `text` by bracketed words such as `[nama]`.

    `facts` are the writer's own, cut wherever they stand and however they are spelt. The result is normalised
    (NFKC, no invisible characters); scrubbing it again changes nothing.
    """
    clean = normalise(text)
    for _ in range(PASSES):
        spans = list(personal(clean))
        if facts is not None:
            spans.extend(own(clean, facts))
        before, clean = clean, cut(clean, _outside_placeholders(clean, spans))
        if clean == before:
            break
    return clean


def blur(degrees: float | None) -> float | None:
    """Round a coordinate so that it shows the street, not the door it was sent from."""
    return None if degrees is None else round(degrees, PLACES)


def _outside_placeholders(text: str, spans: list[Span]) -> list[Span]:
    """Leave out what touches a placeholder made before; the rest of such a span is cut around it."""
    taken = [match.span() for match in _PLACEHOLDER.finditer(text)]
    kept = []
    for span in spans:
        pieces = [span]
        for start, end in taken:
            pieces = [
                part
                for piece in pieces
                for part in (
                    (
                        Span(piece.start, min(piece.end, start), piece.label),
                        Span(max(piece.start, end), piece.end, piece.label),
                    )
                    if piece.start < end and start < piece.end
                    else (piece,)
                )
                if part.start < part.end and text[part.start : part.end].strip(" ,.;:-")
            ]
        kept.extend(pieces)
    return kept
