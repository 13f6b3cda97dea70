"""The letters of a text without what stands between them, to find a name however it is spaced, joined or broken."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

LETTERS: Final = re.compile(r"[^\W\d_]+")
# What a plain text has beside letters, made blanks: to split is three times as fast as to search.
_PLAIN_TO_LETTERS: Final = "".join(chr(each) if chr(each).isalpha() else " " for each in range(128))
WIDEST_GAP: Final = 3
SPREAD_LEAST: Final = 7
"""A shorter word is found broken in two only when every letter stands alone ("ban di" is no Bandi)."""
_BREAK: Final = "\0"


class Word(NamedTuple):
    """A run of letters (or of letters and digits) in a folded text."""

    start: int
    end: int
    text: str


class Letters:
    """The words of a folded text, joined; a gap wider than a few characters parts them."""

    def __init__(self, folded: str, pattern: re.Pattern[str], skipped: Collection[str] = ()) -> None:
        if pattern is LETTERS and folded.isascii():
            self.texts: list[str] = folded.translate(_PLAIN_TO_LETTERS).split()
        else:
            self.texts = pattern.findall(folded)
        if skipped:
            self.texts = [word for word in self.texts if word not in skipped]
        self.solid = "".join(self.texts)
        """All letters in a row; what is not in here is nowhere in the text, however it is broken."""
        self._source = (folded, pattern, skipped)
        self._words: list[Word] | None = None
        self._offsets: list[int] = []
        self._joined = ""

    @property
    def words(self) -> list[Word]:
        """The words with their places."""
        if self._words is None:
            self._words = self._read(*self._source)
        return self._words

    def _read(self, folded: str, pattern: re.Pattern[str], skipped: Collection[str]) -> list[Word]:
        words: list[Word] = []
        pieces: list[str] = []
        length = end = 0
        for match in pattern.finditer(folded):
            word = match.group()
            if word in skipped:
                # "siti titik nur": the word is a joint, and none of the gap.
                if match.start() - end <= WIDEST_GAP:
                    end = match.end()
                continue
            if match.start() - end > WIDEST_GAP:
                pieces.append(_BREAK)
                length += 1
            words.append(Word(match.start(), match.end(), word))
            self._offsets.append(length)
            pieces.append(word)
            length += len(word)
            end = match.end()
        self._joined = "".join(pieces)
        return words

    def find(self, target: str, *, whole: bool = True, phrase: bool = False) -> Iterator[tuple[int, int]]:
        """Yield the places of `target`: on the bounds of words when `whole`, over several at will when a `phrase`."""
        if not target or target not in self.solid:
            return
        words = self.words
        at = self._joined.find(target)
        while at >= 0:
            first = bisect_right(self._offsets, at) - 1
            last = bisect_right(self._offsets, at + len(target) - 1) - 1
            head, tail = words[first], words[last]
            skip, over = at - self._offsets[first], at + len(target) - self._offsets[last]
            count = last - first + 1
            fits = not whole or (skip == 0 and over == len(tail.text))
            if fits and (phrase or count in {1, len(target)} or len(target) >= SPREAD_LEAST):
                yield (head.start, tail.end)
            at = self._joined.find(target, at + 1)
