"""What identity knows of the very person who writes, found in their text in every spelling we can think of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from jagawarga.anonymizer.spans import Span, normalise

if TYPE_CHECKING:
    from jagawarga.identity.messages import PersonalFacts

SHORTEST_NAME: Final = 3
SHORTEST_SPREAD: Final = 4
SHORTEST_MAILBOX: Final = 3
_BETWEEN_DIGITS: Final = r"[\W_]{0,3}"
_BETWEEN_LETTERS: Final = r"[\W_]{0,2}"
_PROVIDERS: Final = frozenset(
    [
        "gmail",
        "googlemail",
        "yahoo",
        "ymail",
        "outlook",
        "hotmail",
        "live",
        "icloud",
        "proton",
        "protonmail",
        "mail",
        "email",
        "rocketmail",
    ]
)
_GENERIC: Final = frozenset(
    [
        "jalan",
        "jl",
        "jln",
        "gang",
        "gg",
        "no",
        "nomor",
        "rt",
        "rw",
        "blok",
        "kelurahan",
        "kel",
        "desa",
        "ds",
        "dusun",
        "kampung",
        "kp",
        "komplek",
        "kompleks",
        "perumahan",
        "perum",
        "rumah",
        "apartemen",
        "lantai",
        "lt",
        "unit",
        "tower",
        "cluster",
    ]
)
_MAIL_JOINTS: Final = re.compile(r"[._+\-]")
_DISTRICT: Final = re.compile(r"\s*(?:kota|kabupaten|kab|kecamatan|kec|provinsi|prov)\b", re.IGNORECASE)


def patterns_of(facts: PersonalFacts) -> list[tuple[str, re.Pattern[str]]]:
    """The patterns that find one person; made for one text, kept nowhere."""
    made = [("nama", _letters(word)) for word in _words(facts.name) if len(word) >= SHORTEST_NAME]
    made.append(("NIK", _digits(facts.nik)))
    if facts.phone:
        number = re.sub(r"\D", "", facts.phone)
        national = number.removeprefix("62").removeprefix("0")
        if national:
            made.append(("telepon", rf"(?:\+?\(?(?:62|0){_BETWEEN_DIGITS})?{_digits(national)}"))
    if facts.email:
        made += (("email", each) for each in _mail(facts.email))
    if facts.address:
        made += (("alamat", each) for each in _address(facts.address))
    return [(label, re.compile(pattern, re.IGNORECASE)) for label, pattern in made]


def own(text: str, facts: PersonalFacts) -> Iterator[Span]:
    """Yield every place in a normalised text that names this person."""
    # Diacritics are folded letter by letter, so that places stay the same.
    folded = "".join(_fold(each) for each in text)
    for label, pattern in patterns_of(facts):
        for match in pattern.finditer(folded):
            if match.end() > match.start():
                yield Span(*match.span(), label)


def _fold(letter: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isalnum() else letter


def _words(text: str) -> list[str]:
    folded = "".join(_fold(each) for each in normalise(text))
    return re.findall(r"[^\W\d_]+", folded)


def _letters(word: str) -> str:
    """A word, also when its letters are spread (`B u d i`, `b.u.d.i`), but not as a part of another word."""
    joint = _BETWEEN_LETTERS if len(word) >= SHORTEST_SPREAD else ""
    return rf"(?<![^\W\d_]){joint.join(map(re.escape, word))}(?![^\W\d_])"


def _digits(number: str) -> str:
    return _BETWEEN_DIGITS.join(re.escape(each) for each in number if each.isdigit())


def _mail(address: str) -> Iterator[str]:
    mailbox, _, domain = normalise(address).partition("@")
    for part in {mailbox, *_MAIL_JOINTS.split(mailbox)}:
        if len(part) >= SHORTEST_MAILBOX and not part.isdigit():
            yield _joined(part)
    house = domain.split(".", maxsplit=1)[0]
    if house and house.casefold() not in _PROVIDERS:
        yield _joined(house)


def _joined(part: str) -> str:
    joint = _BETWEEN_DIGITS.join(map(re.escape, _MAIL_JOINTS.split(part)))
    return rf"(?<!\w){joint}(?!\w)"


def _address(address: str) -> Iterator[str]:
    """Each part of the address that points to the home: its street with the number behind it, its quarter."""
    for part in re.split(r"[,;\n]", normalise(address)):
        if _DISTRICT.match(part):
            # Many live in a district, and the report must still find its agency.
            continue
        words = [word for word in _words(part) if word.casefold() not in _GENERIC]
        if words and (len(words) > 1 or len(words[0]) >= SHORTEST_SPREAD):
            street = r"[\W_]{1,3}".join(map(re.escape, words))
            yield (
                rf"(?:\b(?:jalan|jln?|gang|gg)\b[.\s]{{0,3}})?(?<![^\W\d_]){street}(?![^\W\d_])"
                r"(?:[\s,.]{0,3}\b(?:no|nomor)\b[\s.:]{0,3}\d{1,4}\s?[a-z]?\b)?"
            )
