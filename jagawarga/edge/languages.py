"""Which of our languages a caller would rather read (RFC 9110, section 12.5.4; look-up as in RFC 4647, section 3.4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

LANGUAGES: Final = ("id", "en")
"""The first one is spoken to who says nothing, or names others only."""
LONGEST: Final = 500
_RANGE: Final = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")


def preferred(header: str | None, languages: Sequence[str] = LANGUAGES) -> str:
    """Return the language wanted most; a range we can not read is passed over, as nobody is refused for a language."""
    weights: dict[str, float] = {}
    for part in (header or "")[:LONGEST].split(","):
        if found := _RANGE.fullmatch(part):
            # `en-GB` takes `en`; what was said first of one language stands.
            weights.setdefault(found[1].lower().partition("-")[0], float(found[2] or 1.0))
    rest = weights.get("*", 0.0)
    best = max(languages, key=lambda each: weights.get(each, rest))
    return best if weights.get(best, rest) > 0 else languages[0]
