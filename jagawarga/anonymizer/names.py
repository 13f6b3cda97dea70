"""Names that say whose they are: "nama saya …", "hormat saya, …", "Ibu … selaku pelapor"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jagawarga.anonymizer.glance import Glance, hint
from jagawarga.anonymizer.spans import Span
from jagawarga.anonymizer.vocabulary import NO_NAME

MOST_WORDS: Final = 5
INITIAL: Final = 2
"""An initial and its stop."""

# Behind these comes a name, whatever its letters' case.
_LABEL: Final = re.compile(
    r"\b(?:nama\s+(?:lengkap\s+|panggilan\s+)?(?:saya|pelapor|kami|ibu\s+saya|ayah\s+saya|istri\s+saya|suami\s+saya)(?:\s+adalah)?|"
    r"nama(?:\s+lengkap)?\s?[:=]|(?:saya|kami|pelapor|anak\s+saya)\s+bernama|"
    r"perkenalkan,?\s+(?:nama\s+)?(?:saya\s+)?|atas\s+nama|a\.\s?n\.|a/n\b|my\s+name\s+is|panggil\s+saya|"
    r"pelapor\s?[:=])[\s,.:=\-]{0,4}",
    re.IGNORECASE,
)
_SENDER: Final = re.compile(r"\bdari\s?[:=][\s,.:=\-]{0,4}", re.IGNORECASE)
# Behind these only a word with a capital letter is one.
_SIGNED: Final = re.compile(
    r"\b(?:hormat\s+(?:saya|kami)|salam(?:\s+hormat)?|tertanda|ttd|an\.|regards|sincerely|bernama|"
    r"(?:istri|suami|anak|adik|kakak|ibu|ayah)\s+saya)(?!\w)"
    r"[\s,.:=\-]{0,4}",
    re.IGNORECASE,
)
_I_AM: Final = re.compile(
    r"\b(?:[Ss]aya|SAYA)(?:\s+adalah)?,?\s+(?=(?:(?:[Pp]ak|[Bb]u|[Bb]apak|[Ii]bu)\s+)?[A-Z][a-z])|"
    r"\bI am\s+(?=[A-Z])|\bI'm\s+(?=[A-Z])"
)
_ROLE: Final = re.compile(r"\s?,?\s?(?:selaku|sebagai)\s+pelapor\b", re.IGNORECASE)
_TITLE: Final = re.compile(r"\b(?:bapak|ibu|pak|bu|sdr|saudara|saudari)\.?\s+", re.IGNORECASE)
_TITLE_HERE: Final = re.compile(r"(?:pak|bu|bapak|ibu|sdr|saudara|saudari)\.?\s+", re.IGNORECASE)
_THANKS: Final = re.compile(r"\bterima\s?kasih\b[\s,.!\-]{1,4}", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W\d_](?:[^\W\d_]|['’.\-](?=[^\W\d_]))*\.?")
_GAP: Final = re.compile(r" {0,2}")
_END: Final = re.compile(r"[\s.!]*\Z")


# Each search with whether only a capital letter makes a name behind it, and what it needs to find anything.
_SEARCHES: Final = (
    (_LABEL, False, hint("nama bernama perkenalkan a name panggil pelapor", glued=True)),
    (_SENDER, False, hint("dari", signs=": =", glued=True)),
    (_SIGNED, True,
     hint("hormat salam tertanda ttd an regards sincerely bernama istri suami anak adik kakak ibu ayah")),
    (_I_AM, True, hint("saya i")),
)  # fmt: skip
_ROLE_NEEDS: Final = hint("pelapor", glued=True)
_THANKS_NEED: Final = hint("kasih terimakasih", glued=True)


def named(glance: Glance) -> Iterator[Span]:
    """Yield the names in a text that a label or a signature marks as the writer's."""
    text = glance.text
    for pattern, capitals, needed in _SEARCHES:
        if needed.seen(glance):
            for match in pattern.finditer(text):
                yield from _name(text, match.end(), capitals=capitals)
    for match in _ROLE.finditer(text) if _ROLE_NEEDS.seen(glance) else ():
        # "Ibu Rina Marlina selaku pelapor": the nearest title in front.
        titles = list(_TITLE.finditer(text, max(0, match.start() - 60), match.start()))
        if titles:
            yield from _name(text, titles[-1].end(), capitals=False)
    for match in _THANKS.finditer(text) if _THANKS_NEED.seen(glance) else ():
        for span in _name(text, match.end(), capitals=True):
            if _END.match(text, span.end):
                yield span


def _name(text: str, start: int, *, capitals: bool) -> Iterator[Span]:
    """The words from `start` on that can be a name, up to the first that can not."""
    title = _TITLE_HERE.match(text, start)
    begin = end = at = title.end() if title else start
    for _ in range(MOST_WORDS):
        word = _WORD.match(text, at)
        if word is None or word.group().rstrip(".").casefold() in NO_NAME:
            break
        if capitals and not _titled(word.group(), first=end == begin):
            break
        end = word.end()
        gap = _GAP.match(text, end)
        at = gap.end() if gap else end
        # "Budi. Jalan…": the sentence ends, unless the stop belongs to an initial.
        if word.group().endswith(".") and len(word.group()) > INITIAL:
            break
    if end > begin:
        yield Span(begin, end, "nama")


def _titled(word: str, *, first: bool) -> bool:
    """`Budi` and `W.` look like a name, `MBR` and `PKL` do not; behind a first name `SANTOSO` does."""
    return word[0].isupper() and (not first or len(word.rstrip(".")) == 1 or not word.isupper())
