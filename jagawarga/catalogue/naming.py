"""Areas by their names in an address in words: "Kel. Batununggal, Kec. Bandung Kidul". Pure.

A kelurahan is found together with its kecamatan where both are named, for names come twice: two kelurahan may share
one, and a kelurahan is often called like a kecamatan. "Lebak Gede" and "Lebakgede" are the same name. A street named
like an area says nothing of where it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jagawarga.catalogue.messages import Area

Level: TypeAlias = Literal["kelurahan", "kecamatan"]
LEVELS: Final[dict[str, Level]] = {
    "kelurahan": "kelurahan",
    "kel": "kelurahan",
    "desa": "kelurahan",
    "kecamatan": "kecamatan",
    "kec": "kecamatan",
}
STREETS: Final = frozenset({"jalan", "jl", "jln", "gang", "gg"})
_WORD: Final = re.compile(r"\w+")
Words: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """A name that stands in an address, without its spaces, and the level that the word before it tells."""

    name: str
    level: Level | None


class Names:
    """The names of all areas, ready to be found in addresses."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self._kecamatan: dict[str, Area] = {}
        self._kelurahan: dict[str, list[Area]] = defaultdict(list)
        self._longest = 0
        for area in areas:
            said = words(area.name)
            # What is one word here may be two to others.
            self._longest = max(self._longest, len(said) + 1)
            if area.parent is None:
                self._kecamatan["".join(said)] = area
            else:
                self._kelurahan["".join(said)].append(area)

    def find(self, address: str) -> Area | None:
        """Return the area the address names: the kelurahan where one is meant, else the kecamatan, else `None`.

        A kelurahan outside of the kecamatan that is named is not meant; the kecamatan is believed. Of several that
        could be meant the one named first is. A name of two areas apart from each other, alone, means neither.
        """
        mentions = tuple(self._mentions(address))
        above = self._mentioned(mentions, "kecamatan")
        below = self._mentioned(mentions, "kelurahan")
        for mention in below:
            for area in self._kelurahan[mention.name]:
                # One mention can not be both: "Batununggal" alone names no kelurahan of the kecamatan Batununggal.
                if any(other is not mention and self._kecamatan[other.name].key == area.parent for other in above):
                    return area
        sure = [each for each in above if each.level is not None or each.name not in self._kelurahan]
        if sure:
            return self._kecamatan[sure[0].name]
        for mention in below:
            within = self._kelurahan[mention.name]
            over = None if mention.level is not None else self._kecamatan.get(mention.name)
            if over is None and len(within) == 1:
                return within[0]
            if over is not None and all(area.parent == over.key for area in within):
                return over
        return None

    def _mentioned(self, mentions: tuple[Mention, ...], level: Level) -> list[Mention]:
        """Those that may be of this level: the ones said to be, else the ones of which nothing is said."""
        known = self._kecamatan if level == "kecamatan" else self._kelurahan
        fitting = [each for each in mentions if each.name in known and each.level in (level, None)]
        return [each for each in fitting if each.level == level] or fitting

    def _mentions(self, address: str) -> Iterator[Mention]:
        said = words(address)
        at = 0
        while at < len(said):
            length = self._length_at(said, at)
            if length and (at == 0 or said[at - 1] not in STREETS):
                yield Mention("".join(said[at : at + length]), LEVELS.get(said[at - 1]) if at else None)
            at += length or 1

    def _length_at(self, said: Words, at: int) -> int:
        """How many words from `at` on are a name; the longest wins: "Cipadung Kidul" is not "Cipadung"."""
        for length in range(min(self._longest, len(said) - at), 0, -1):
            if (name := "".join(said[at : at + length])) in self._kelurahan or name in self._kecamatan:
                return length
        return 0


def words(text: str) -> Words:
    """Split a text into its words, in small letters, without what stands between them."""
    return tuple(_WORD.findall(text.casefold()))
