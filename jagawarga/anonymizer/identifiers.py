"""lokal-id's detectors of identifiers, where there are digits enough for one.

Of its detectors those of people and places are wrong in 4 of 10 clean complaints, and are not asked. Its `detect_pii`
would ask them all the same and throw away what they find, which takes two thirds of its time: so the others are asked
here. They take more than linear time, and get the surroundings of digits only, a piece at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import lokal
from lokal.samaran import detectors

from jagawarga.anonymizer.glance import DOTTED, Hint, Searches
from jagawarga.anonymizer.spans import Span

if TYPE_CHECKING:
    from lokal import PiiMatch

LABELS: Final = {
    "NIK": "NIK", "KK": "KK", "NPWP": "NPWP", "PASSPORT": "paspor", "SIM": "SIM", "NIP": "NIP", "BPJS": "BPJS",
    "NISN": "NISN", "AKTA": "akta", "PHONE": "telepon", "EMAIL": "email", "BANK_ACCOUNT": "rekening", "CARD": "kartu",
    "PLATE": "plat", "IP": "IP", "GEO": "koordinat", "BIRTH_DATE": "tanggal lahir",
}  # fmt: skip
"""Its kinds that are precise, and our words for them."""
LEAST_DIGITS: Final = 5
AROUND: Final = 60
LONGEST: Final = 400
_TYPES: Final = list(LABELS)
_OF_OTHER_KINDS: Final = frozenset(
    [
        "_detect_attendance",
        "_detect_bracket_handles",
        "_detect_chat_senders",
        "_detect_colonless_labels",
        "_detect_criminal",
        "_detect_display_names",
        "_detect_financial",
        "_detect_handles",
        "_detect_health",
        "_detect_known_names",
        "_detect_log_users",
        "_detect_lone_given_names",
        "_detect_marital_status",
        "_detect_name_pairs",
        "_detect_names",
        "_detect_names_with_age",
        "_detect_phone_owners",
        "_detect_religion",
        "_detect_sentence_subjects",
        "_detect_signatures",
        "_detect_spoken_phones",
        "_detect_stacked_labels",
        "_detect_street_addresses",
        "_detect_timed_senders",
    ]
)
"""Detectors that are sure of none of `LABELS`; one that a later version adds is asked."""


def _need(digits: int = 0, *words: str) -> Hint:
    return Hint(frozenset(words), digits=digits)


_GLUED_DIGIT: Final = "a9"
"""The word for a letter before a digit."""
_NEEDS: Final = {
    "_detect_digit_runs": _need(8),
    "_detect_npwp_formatted": _need(15),
    "_detect_passports": _need(6, "paspor", "passport"),
    "_detect_phones": _need(9),
    "_detect_emails": _need(0, "@", "%40", "[", "(", "{"),
    "_detect_ips": _need(4, DOTTED),
    "_detect_coordinates": _need(10, DOTTED),
    "_detect_birth_dates": _need(3, "lahir", "lhr", "born", "ttl", "dob", "d.o.b", "birth"),
    "_detect_plates": _need(1, "plat", "nopol", "pol", "tnkb", "kendaraan", "motor", "mobil"),
    "_detect_labeled_fields": _need(0, ":", "="),
    "_detect_hl7": _need(0, "|"),
    "_detect_glued_ids": _need(10, _GLUED_DIGIT),
    "_detect_card_codes": _need(3, "cvv", "cvc", "cid", "kode"),
}
"""What a text must have for a detector to be sure of anything: digits, and one of these in its small letters.

Of those that take time for nothing in most texts; who is not here is always asked.
"""
_WORDS: Final = tuple(frozenset(word for each in _NEEDS.values() for word in each.words) - {DOTTED, _GLUED_DIGIT})
_ASKED: Final = Searches(
    (_NEEDS.get(each.__name__, Hint()), each)
    for each in detectors._DETECTORS  # noqa: SLF001 - a test holds `detected` against the public way
    if each.__name__ not in _OF_OTHER_KINDS
)
_FORMS: Final = ((DOTTED, re.compile(r"\d\.\d")), (_GLUED_DIGIT, re.compile(r"[A-Za-z_]\+?\d")))
_SIGN: Final = re.compile(r"[\d@]")
_DIGITS: Final = re.compile(r"\d")


def identified(text: str) -> Iterator[Span]:
    """Yield what lokal-id is sure of in a normalised text."""
    for start, end in _pieces(text):
        for found in detected(text[start:end]):
            yield Span(start + found.start, start + found.end, LABELS[found.type])


def detected(text: str) -> list[PiiMatch]:
    """Give what `lokal.detect_pii` finds of these kinds with high confidence, in any order."""
    if not text.isascii() and max(text) > "\uffff":
        # Places are counted in another way then, and that is its own affair.
        return lokal.detect_pii(text, types=_TYPES, min_confidence="high")  # type: ignore[arg-type]
    small = text.lower()
    has = [word for word in _WORDS if word in small] + [form for form, pattern in _FORMS if pattern.search(text)]
    found = [
        each
        for detector in _ASKED.fitting(frozenset(has), len(_DIGITS.findall(text)))
        for each in detector(text)
        if each.confidence == "high" and each.type in LABELS and each.end > each.start
    ]
    found.sort(key=lambda each: (each.start - each.end, each.start))
    # The longest are taken first, and none over another.
    taken: list[PiiMatch] = []
    for each in found:
        if all(each.end <= other.start or other.end <= each.start for other in taken):
            taken.append(each)
    return taken


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Stretches around digits that are near each other; a long one in pieces that overlap."""
    first, last, count = -1, -1, 0
    for match in _SIGN.finditer(text):
        if first >= 0 and (match.start() - last > AROUND or match.start() - first > LONGEST):
            if count >= LEAST_DIGITS:
                yield max(0, first - AROUND), min(len(text), last + AROUND)
            first, count = -1, 0
        if first < 0:
            first = match.start()
        last = match.end()
        count += LEAST_DIGITS if match.group() == "@" else 1
    if first >= 0 and count >= LEAST_DIGITS:
        yield max(0, first - AROUND), min(len(text), last + AROUND)
