"""Homes that say whose they are: "alamat saya …", "saya tinggal di …", "rumah saya jl …"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jagawarga.anonymizer.glance import Glance, hint
from jagawarga.anonymizer.spans import Span
from jagawarga.anonymizer.vocabulary import ADDRESS_ENDS

LONGEST: Final = 120
_NEEDED: Final = hint(
    "alamat rumah tinggal berdomisili domisili beralamat kos kost ngekos ngontrak bermukim menetap live my",
    glued=True,
)
"""Every label of a home has one of these words."""
_DWELL: Final = (
    r"(?:tinggal|bertempat\s+tinggal|berdomisili|domisili|beralamat|kos|kost|ngekos|ngontrak|bermukim|menetap)"
)
_PLACE: Final = (
    r"(?:jl|jln|jalan|gg|gang|blok|perum\w*|komp\w*|kampung|kp|dusun|desa|rt|rw|no|nomor|apart\w*|rusun\w*|kos|kost|\d)"
)

# Behind these comes a home, however it is written.
_CERTAIN: Final = re.compile(
    r"\b(?:alamat\s+(?:rumah\s+|lengkap\s+|tinggal\s+)?(?:saya|kami|pelapor|domisili|ktp)(?:\s+(?:adalah|di|yaitu))?\b|alamat\s?[:=]|"
    r"(?:rumah|tempat\s+tinggal)\s+(?:saya|kami|pelapor|orang\s?tua\s+saya)\s+(?:(?:ada|berada|beralamat|terletak)\s+)?di\b|"
    rf"(?:saya|kami|aku)\b[^.;:!?\n\x1a\[\]]{{0,30}}?\b{_DWELL}\s+di\b|"
    r"i\s+live\s+(?:at|in|on)\b|my\s+(?:home\s+)?address(?:\s+is)?\b|my\s+(?:home|house)\s+is\s+(?:at|in|on)\b)[\s:=,.]{0,3}",
    re.IGNORECASE,
)
# Behind these only what begins like an address.
_LIKELY: Final = re.compile(
    rf"\b(?:rumah\s+(?:saya|kami|pelapor)|tempat\s+tinggal(?:\s+(?:saya|kami))?|{_DWELL}(?:\s+(?:saya|kami))?|alamat(?:\s+rumah)?)"
    rf"[\s:=,.]{{1,3}}(?:di\s+)?(?={_PLACE}\b)",
    re.IGNORECASE,
)
_BARE: Final = re.compile(r"[a-z]{1,12}\.?", re.IGNORECASE)
_STOP: Final = re.compile(
    r"[;!?\n\[\]()\x1a]|\.(?=\s|$)|(?<=[\s,])(?:" + "|".join(sorted(ADDRESS_ENDS)) + r")\b", re.IGNORECASE
)
_ABBREVIATED: Final = re.compile(
    r"\b(?:jl|jln|jal|gg|gang|no|nmr|kel|kec|kab|kp|ds|dsn|blok|blk|perum|rt|rw|lt|st)$", re.IGNORECASE
)


def lived_in(glance: Glance) -> Iterator[Span]:
    """Yield the homes in a text that a label marks as the writer's."""
    if not _NEEDED.seen(glance):
        return
    text = glance.text
    for pattern in (_CERTAIN, _LIKELY):
        for match in pattern.finditer(text):
            end = _end(text, match.end())
            # "depan rumah saya, jalan rusak": a street without a name is no address.
            if end > match.end() and not _BARE.fullmatch(text, match.end(), end):
                yield Span(match.end(), end, "alamat")


def _end(text: str, start: int) -> int:
    limit = min(len(text), start + LONGEST)
    for stop in _STOP.finditer(text, start, limit):
        if stop.group() == "." and _ABBREVIATED.search(text, max(0, stop.start() - 8), stop.start()):
            continue
        return start + len(text[start : stop.start()].rstrip(" ,"))
    # Not in the middle of a word.
    while start < limit < len(text) and not text[limit - 1].isspace():
        limit -= 1
    return start + len(text[start:limit].rstrip(" ,"))
