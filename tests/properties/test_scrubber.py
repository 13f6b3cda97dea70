"""Whoever writes whatever in whichever spelling: nothing of the person survives, and scrubbing again changes nothing."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from jagawarga.anonymizer.scrubber import scrub
from jagawarga.identity.messages import PersonalFacts

WORDS = st.sampled_from(
    [
        "Wirayudha",
        "Kembangsari",
        "Tjokro",
        "Purnawijaya",
        "Sekarningrum",
        "Danurwenda",
        "Hastomoro",
        "Mangunjaya",
        "Lestarini",
        "Brotoseno",
    ]
)
STREETS = st.sampled_from(["Sangkar Emas", "Kembang Setaman", "Rawa Pening Dalam", "Haji Mukminin", "Tegal Arum Baru"])


@st.composite
def people(draw: st.DrawFn) -> PersonalFacts:
    first, last = draw(st.lists(WORDS, min_size=2, max_size=2, unique=True))
    number = draw(st.integers(10_000_000, 9_999_999_999))
    return PersonalFacts(
        name=f"{first} {last}",
        nik=f"3273{draw(st.integers(1, 31)):02}{draw(st.integers(1, 28)):02}{draw(st.integers(1, 12)):02}90{draw(st.integers(1, 9999)):04}",
        phone=f"+628{number}",
        email=f"{first.lower()}.{last.lower()}{draw(st.integers(1, 99))}@surat-{last.lower()}.example",
        address=f"Jalan {draw(STREETS)} No. {draw(st.integers(1, 300))} RT 0{draw(st.integers(1, 9))} RW 1{draw(st.integers(0, 9))}",
    )


def _spell(draw: st.DrawFn, word: str) -> str:
    how = draw(st.integers(0, 6))
    if how == 0:
        return word.upper()
    if how == 1:
        return word.lower()
    if how == 2:
        return " ".join(word)
    if how == 3:
        return "\u200b".join(word)
    if how == 4:
        return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in word)
    return word


def _number(draw: st.DrawFn, digits: str) -> str:
    joint = draw(st.sampled_from(["", "", " ", "-", "."]))
    step = draw(st.integers(2, 5))
    return joint.join(digits[at : at + step] for at in range(0, len(digits), step))


@st.composite
def texts(draw: st.DrawFn) -> tuple[PersonalFacts, str]:
    person = draw(people())
    first, last = person.name.split()
    national = (person.phone or "")[3:]
    pieces = [
        "Lampu jalan mati sejak dua minggu.",
        f"Nama saya {_spell(draw, first)} {_spell(draw, last)}.",
        f"NIK {_number(draw, person.nik)},",
        f"telepon {draw(st.sampled_from(['0', '+62', '62']))}{_number(draw, national)};",
        f"surel {_spell(draw, person.email or '') if draw(st.booleans()) else person.email}",
        f"rumah di {person.address}.",
        f"Salam, {_spell(draw, last)}",
        "Mohon segera diperbaiki, gelap sekali.",
    ]
    return person, " ".join(draw(st.permutations(pieces)))


def bare(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


@given(texts())
@settings(deadline=None, max_examples=150)
def test_nothing_of_the_person_survives(given_text: tuple[PersonalFacts, str]) -> None:
    """Compared without blanks, punctuation and case, no part of the facts is left."""
    person, text = given_text
    clean = bare(scrub(text, person))
    for word in person.name.split():
        assert bare(word) not in clean
    assert person.nik not in clean
    assert (person.phone or "")[3:] not in clean
    street = re.sub(r"^Jalan | No\..*$", "", person.address or "")
    assert bare(street) not in clean
    assert "lampujalanmati" in clean


@given(st.one_of(st.text(max_size=300), texts().map(lambda pair: pair[1])))
@settings(deadline=None, max_examples=200)
def test_scrubbing_again_changes_nothing(text: str) -> None:
    """A scrubbed text is already scrubbed."""
    once = scrub(text)
    assert scrub(once) == once
