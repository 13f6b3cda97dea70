"""What a model sees of a text: its words, pairs of words and pieces of words, each as a number.

Only letters are read: no digits, hence no NIK, no telephone, no house. The numbers are hashes. What protects a rare
word is not that they can not be turned back (they can be tried), but that a model keeps none which few texts have.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import Final
from zlib import crc32

BUCKETS: Final = 1 << 20
LONGEST: Final = 1_000
"""Characters that are read; what a text is about is said by then."""
PIECE: Final = 4
"""Letters of a piece: words differ by prefixes, suffixes and slips of the pen, pieces do not."""
_WORD: Final = re.compile("[a-z]+")
_REPEATED: Final = re.compile(r"(.)\1{2,}")
STOP_WORDS: Final = frozenset(
    """
    ada agar akan assalamualaikum atau bapak bisa bu dalam dan dapat dari dengan di ibu ini itu juga
    kami karena kasih ke kita lagi malam masih mohon nya oleh pada pagi pak saja sangat saya sekali
    selamat siang sore sudah supaya telah terima terimakasih tolong untuk yang
    """.split()  # noqa: SIM905 - a list of fifty words in quotes is not easier to read
)
"""Words that every report may have. "Tidak" and "belum" are none: that something is not there is what many say."""
SPELLINGS: Final = {
    "blm": "belum",
    "dgn": "dengan",
    "dlm": "dalam",
    "dpn": "depan",
    "ga": "tidak",
    "gak": "tidak",
    "gg": "gang",
    "jg": "juga",
    "jl": "jalan",
    "jln": "jalan",
    "krn": "karena",
    "nggak": "tidak",
    "pd": "pada",
    "pju": "lampu jalan",
    "pkl": "pedagang kaki lima",
    "rmh": "rumah",
    "sdh": "sudah",
    "sy": "saya",
    "tdk": "tidak",
    "tlg": "tolong",
    "utk": "untuk",
    "yg": "yang",
}


def words(text: str) -> list[str]:
    """Split a text into words of plain small letters, common abbreviations written out, stop words left out."""
    plain = unicodedata.normalize("NFKD", text[:LONGEST]).encode("ascii", "ignore").decode().lower()
    found = _WORD.findall(_REPEATED.sub(r"\1", plain))
    written_out = " ".join([SPELLINGS.get(word, word) for word in found]).split()
    return [word for word in written_out if word not in STOP_WORDS]


def features(text: str) -> set[int]:
    """Give the features of a text, each once."""
    said = words(text)
    found = {*said, *(f"{one} {other}" for one, other in pairwise(said))}
    for word in set(said):
        whole = f"<{word}>"
        found.update([f"#{whole[at : at + PIECE]}" for at in range(len(whole) - PIECE + 1)])
    return {crc32(each.encode()) % BUCKETS for each in found}
