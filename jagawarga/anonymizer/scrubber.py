"""The scrubber: a text without what identifies a person. Pure; knows the person only for the length of one call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from jagawarga.anonymizer import identifiers, patterns
from jagawarga.anonymizer.facts import own
from jagawarga.anonymizer.glance import Glance
from jagawarga.anonymizer.homes import lived_in
from jagawarga.anonymizer.names import named
from jagawarga.anonymizer.numbers import numbers
from jagawarga.anonymizer.spans import MASK, Span, cut, normalise

if TYPE_CHECKING:
    from jagawarga.identity.messages import PersonalFacts

PASSES: Final = 6
"""A cut may bring two halves together; after this many rounds a text is as clean as it gets."""
PLACES: Final = 3
"""Decimals kept of an anonymous report's coordinates: about 110 metres, a street and not a door."""
LABELS: Final = (
    patterns.LABELS | set(identifiers.LABELS.values()) | {"nama", "nomor", "alamat", "telepon", "NIK", "NIP"}
)
"""Every word that may stand in brackets for what was cut."""
_LABEL: Final = rf"\[(?:{'|'.join(map(re.escape, sorted(LABELS)))})\]"
_PLACEHOLDER: Final = re.compile(_LABEL)
_REPEATED: Final = re.compile(rf"({_LABEL})(?:[\s,./&+\-]{{0,3}}\1)+")


def scrub(text: str, facts: PersonalFacts | None = None) -> str:
    """Replace all personal data in `text` by bracketed words such as `[nama]`.

    `facts` are the writer's own, cut wherever they stand and however they are spelt. The result is normalised
    (NFKC, no invisible characters); scrubbing it again changes nothing.
    """
    clean = normalise(text)
    for _ in range(PASSES):
        masked = _PLACEHOLDER.sub(_mask, clean) if "[" in clean else clean
        spans = list(_personal(masked, facts))
        if not spans:
            break
        clean = cut(clean, spans)
    return _REPEATED.sub(r"\1", clean) if "[" in clean else clean


def blur(degrees: float | None) -> float | None:
    """Round a coordinate so that it shows the street, not the door it was sent from."""
    return None if degrees is None else round(degrees, PLACES)


def _personal(text: str, facts: PersonalFacts | None) -> Iterator[Span]:
    glance = Glance(text)
    if facts is not None:
        yield from own(glance, facts)
    yield from numbers(glance.folded, glance.digits)
    yield from patterns.patterned(glance)
    yield from identifiers.identified(text)
    yield from named(glance)
    yield from lived_in(glance)


def _mask(match: re.Match[str]) -> str:
    return MASK * len(match.group())
