"""Runs of digits, however they are spaced or spelt: what may be a telephone, an identity or an account number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from jagawarga.anonymizer.spans import Span

NIK_DIGITS: Final = 16
NIP_DIGITS: Final = 18
PHONE_MOST: Final = 15
PHONE_LEAST: Final = 8
SPOKEN_LEAST: Final = 7
ACCOUNT_LEAST: Final = 10
NUMBER_LEAST: Final = 4
"""Fewer digits than this are nobody's number, and words among them only words."""
OWN_RUN: Final = 8
"""So many digits in a row of somebody's own number are no accident."""

_VALUES: Final = {
    "nol": "0", "kosong": "0", "zero": "0", "satu": "1", "one": "1", "dua": "2", "two": "2", "tiga": "3", "three": "3",
    "empat": "4", "four": "4", "lima": "5", "five": "5", "enam": "6", "six": "6", "tujuh": "7", "seven": "7",
    "delapan": "8", "lapan": "8", "eight": "8", "sembilan": "9", "nine": "9", "o": "0", "i": "1", "l": "1",
    **{str(each): str(each) for each in range(10)},
}  # fmt: skip
_SPOKEN: Final = frozenset(word for word in _VALUES if len(word) > 1)
# A letter between digits, or an O before them, is a digit in disguise. The one character comes first and is then
# looked back at: so the search runs from one candidate to the next.
_WRITTEN: Final = r"[\doil](?:(?<=\d)|(?<=\d[oil])(?=\d)|(?<=\bo)(?=\d\d))"
_FIGURE: Final = re.compile(_WRITTEN)
_DIGIT: Final = re.compile(_WRITTEN + r"|\b(?:" + "|".join(sorted(_SPOKEN)) + r")\b")
_PLAIN: Final = re.compile(r"\d")
_DISGUISED: Final = re.compile(r"\d[oil]|o\d")
_JOINT: Final = re.compile(r"[ .\-/()_:+|~*]{0,3}")
_LIST: Final = re.compile(r" ?, ?")
_OWN_JOINT: Final = re.compile(r"[^\w\x1a]{0,5}|_{1,3}")
_MONEY: Final = re.compile(r"(?:\brp|\bidr|\brupiah|\bsenilai|\bsebesar)[\s.:]{0,3}$")
_SUM: Final = re.compile(r"[\s,.\-]{0,3}(?:rupiah|ribu|rb|juta|jt|mil[iy]ar|triliun|persen|%)")
_DAY: Final = r"(?:\d{4} ?[-/.] ?\d{1,2} ?[-/.] ?\d{1,2}|\d{1,2} ?[-/.] ?\d{1,2} ?[-/.] ?\d{2,4})"
_HOUR: Final = r"(?:[01]?\d|2[0-4])[:.][0-5]\d(?:[:.][0-5]\d)?"
_YEAR: Final = r"(?:19|20)\d\d"
_TIME: Final = re.compile(rf"(?:{_DAY}|{_HOUR}|{_YEAR})(?:(?: {{1,2}}| ?[-/] ?)(?:{_DAY}|{_HOUR}|{_YEAR})){{0,5}}")


class Digit(NamedTuple):
    """One digit of a text: its value, its place, and how much of what stands before it parts it from the last."""

    value: str
    start: int
    end: int


def digits(folded: str, texts: Iterable[str], words: frozenset[str]) -> list[Digit]:
    """Every digit of a folded text with these words, also those written as words where they can be a number."""
    plain = [match.start() for match in _PLAIN.finditer(folded)]
    spoken = 0 if words.isdisjoint(_SPOKEN) else sum([word in _SPOKEN for word in texts])
    if spoken and spoken + len(plain) >= NUMBER_LEAST:
        found = _DIGIT.finditer(folded)
    elif plain and _DISGUISED.search(folded, max(0, plain[0] - 1), plain[-1] + 1) is None and folded.isascii():
        return [Digit(folded[at], at, at + 1) for at in plain]
    elif plain:
        # An O before the first digit may be one, too; behind the last there is none.
        found = _FIGURE.finditer(folded, max(0, plain[0] - 1), plain[-1] + 1)
    else:
        return []
    return [Digit(_VALUES.get(match[0]) or str(int(match[0])), match.start(), match.end()) for match in found]


def runs(folded: str, found: list[Digit]) -> Iterator[list[Digit]]:
    """Digits that stand together, at most a short joint between them."""
    run: list[Digit] = []
    group = 0
    for each in found:
        start, end = (run[-1].end if run else -1), each.start
        if start == end:
            group += 1
            run.append(each)
            continue
        if run and not (
            _JOINT.fullmatch(folded, start, end)
            # "4, 6, 8" is a list of houses, "0812, 9876" a number read out in groups.
            or (group >= 3 and _LIST.fullmatch(folded, start, end))  # noqa: PLR2004
        ):
            yield run
            run = []
        group = 1
        run.append(each)
    if run:
        yield run


def numbers(folded: str, found: list[Digit]) -> Iterator[Span]:
    """Long numbers by their length; sums of money, dates and hours are left alone."""
    for run in runs(folded, found):
        spoken = any(len(each.value) < each.end - each.start for each in run)
        if len(run) < (SPOKEN_LEAST if spoken else PHONE_LEAST):
            continue
        start, end = run[0].start, run[-1].end
        if _MONEY.search(folded, max(0, start - 12), start) or _SUM.match(folded, end):
            continue
        if _TIME.fullmatch(folded, start, end):
            continue
        label = _label("".join(each.value for each in run), spoken=spoken)
        if label is not None:
            while start and folded[start - 1] in "+(":
                start -= 1
            yield Span(start, end, label)


def own_numbers(folded: str, found: list[Digit], own: list[tuple[str, str]]) -> Iterator[Span]:
    """Where `own` numbers (label, digits) or eight digits in a row of one stand, whatever parts the digits."""
    for run in _loose_runs(folded, found):
        text = "".join(each.value for each in run)
        for label, number in own:
            length = min(OWN_RUN, len(number))
            if len(text) < length:
                continue
            parts = {number[at : at + length] for at in range(len(number) - length + 1)}
            at = 0
            while length and at + length <= len(text):
                if text[at : at + length] not in parts:
                    at += 1
                    continue
                last = at
                while text[last + 1 : last + 1 + length] in parts:
                    last += 1
                # The country's or the trunk prefix in front belongs to it.
                ahead = 2 if text[max(0, at - 2) : at] == "62" else int(text[max(0, at - 1) : at] == "0")
                yield Span(run[at - ahead].start, run[last + length - 1].end, label)
                at = last + length


def _loose_runs(folded: str, found: list[Digit]) -> Iterator[list[Digit]]:
    run: list[Digit] = []
    for each in found:
        if run and run[-1].end != each.start and not _OWN_JOINT.fullmatch(folded, run[-1].end, each.start):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _label(plain: str, *, spoken: bool) -> str | None:
    if len(plain) == NIK_DIGITS:
        return "NIK"
    if len(plain) == NIP_DIGITS:
        return "NIP"
    if len(plain) <= PHONE_MOST and (spoken or plain.startswith(("0", "62", "8"))):
        return "telepon"
    return "nomor" if len(plain) >= ACCOUNT_LEAST else None
