"""Any person in any template and spelling: nothing of the facts is left, the complaint is."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from jagawarga.anonymizer.scrubber import scrub
from jagawarga.identity.messages import PersonalFacts

WORDS = ("kosong", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan")
SPOKEN = dict(zip("0123456789", WORDS, strict=True))
CONFUSABLE = str.maketrans("aeopc", "аеорс")
SYLLABLES = st.sampled_from(["wir", "kus", "dan", "tro", "gun", "lest", "brom", "hast", "purn", "sek", "jant", "wul"])
ENDINGS = st.sampled_from(["anto", "ingrum", "awati", "oseno", "omoro", "andari", "ojoyo", "astuti"])
TEMPLATES = (
    "Lampu jalan mati. Nama saya {name}, NIK {nik}, hp {phone}, surel {email}, rumah saya di {address}. Gelap sekali.",
    "Lampu jalan mati sejak lama kata {name} ({phone}/{email}) dari {address}; {nik}. Gelap sekali.",
    "{name} {nik} {phone} {email} {address} Lampu jalan mati! Gelap sekali.",
    "perkenalkan saya {name}\n{address}\nLampu jalan mati\nktp: {nik}\nWA {phone}\n{email}\nGelap sekali",
    "Lampu jalan mati, hubungi {phone} a.n. {name} atau {email}, ktp {nik}, alamat: {address}\nGelap sekali",
)


@st.composite
def people(draw: st.DrawFn) -> PersonalFacts:
    names = draw(st.lists(st.builds(str.__add__, SYLLABLES, ENDINGS), min_size=1, max_size=3, unique=True))
    day = draw(st.integers(1, 28)) + draw(st.sampled_from([0, 40]))
    number = draw(st.integers(10_000_000, 999_999_999))
    street = draw(st.builds(str.__add__, st.sampled_from(["Kembang", "Sawo", "Rawa", "Tegal"]), ENDINGS))
    return PersonalFacts(
        name=" ".join(each.capitalize() for each in names),
        nik=f"3273{draw(st.integers(1, 30)):02}{day:02}{draw(st.integers(1, 12)):02}85{draw(st.integers(1, 9999)):04}",
        phone=f"+628{number}",
        email=f"{names[0]}{draw(st.sampled_from(['', '.', '_']))}{draw(st.integers(10, 99))}@kios-{names[-1]}.co.id",
        address=f"Jl. {street} {draw(st.sampled_from(['Raya', 'Dalam', 'Indah']))} No. {draw(st.integers(1, 300))}",
    )


def letters(draw: st.DrawFn, text: str) -> str:
    """A name or an address in some spelling."""
    how = draw(st.integers(0, 8))
    words = text.split()
    return {  # type: ignore[no-untyped-call]
        1: text.upper,
        2: text.lower,
        3: lambda: "\u200d".join(text),
        4: lambda: ".".join(words),
        5: lambda: " ".join(reversed(words)) if "No." not in words else text,
        6: lambda: text.lower().translate(CONFUSABLE),
        7: lambda: unicodedata.normalize("NFD", text.replace("a", "á")),
        8: lambda: "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text),
    }.get(how, lambda: text)()


def digits(draw: st.DrawFn, number: str) -> str:
    """A number in some spelling."""
    how = draw(st.integers(0, 5))
    joint = draw(st.sampled_from([" ", "-", ".", "/", ", ", " - "]))
    step = draw(st.integers(3, 5))
    groups = [number[at : at + step] for at in range(0, len(number), step)]
    return {
        1: lambda: joint.join(groups),
        2: lambda: " ".join(number),
        3: lambda: " ".join(SPOKEN[each] for each in number),
        4: lambda: " ".join(SPOKEN[each] for each in groups[0]) + " " + " ".join(groups[1:]),
        5: lambda: "".join(chr(ord(each) - ord("0") + 0x0660) for each in number),
    }.get(how, lambda: number)()


def mail(draw: st.DrawFn, address: str) -> str:
    """An e-mail address in some spelling."""
    box, _, house = address.partition("@")
    at = draw(st.sampled_from(["@", " @ ", " at ", " [at] ", "(at)"]))
    dot = draw(st.sampled_from([".", " dot ", " titik ", " . "]))
    return f"{box}{at}{house.replace('.', dot)}"


@st.composite
def reports(draw: st.DrawFn) -> tuple[PersonalFacts, str]:
    person = draw(people())
    assert person.phone
    assert person.email
    assert person.address
    prefix = draw(st.sampled_from(["0", "62"]))
    return person, draw(st.sampled_from(TEMPLATES)).format(
        name=letters(draw, person.name),
        nik=digits(draw, person.nik),
        phone=digits(draw, prefix + person.phone[3:]),
        email=mail(draw, person.email),
        address=letters(draw, person.address),
    )


def bare(text: str) -> str:
    """Letters and digits as plain as they get, spoken digits as digits."""
    back = str.maketrans("аеорс", "aeopc")
    flat = unicodedata.normalize("NFKD", text).casefold().translate(back)
    for digit, word in SPOKEN.items():
        flat = flat.replace(word, digit)
    flat = "".join(str(int(each)) if each.isdecimal() else each for each in flat)
    return re.sub(r"[\W_]", "", flat)


@given(reports())
@settings(deadline=None, max_examples=400)
def test_nothing_of_the_facts_is_left(report: tuple[PersonalFacts, str]) -> None:
    """No part of name, number, telephone, e-mail or street, and still what is broken."""
    person, text = report
    assert person.phone
    assert person.email
    assert person.address
    clean = bare(scrub(text, person))
    street = person.address.split()[1]
    for secret in (*person.name.split(), person.nik, person.phone[3:], person.email.split("@")[0], street):
        assert bare(secret) not in clean
    for number in (person.nik, person.phone[3:]):
        assert not any(number[at : at + 8] in clean for at in range(len(number) - 7))
    assert "kios" + bare(person.name.split()[-1]) not in clean
    assert "lampujalanmati" in clean
    assert "gelapsekali" in clean


@given(reports())
@settings(deadline=None, max_examples=200)
def test_scrubbed_is_scrubbed(report: tuple[PersonalFacts, str]) -> None:
    """With the facts or without: a second time changes nothing, and nothing gets much longer."""
    person, text = report
    once = scrub(text, person)
    assert scrub(once, person) == once
    assert scrub(once) == once
    assert len(once) <= 2 * len(text) + 10


@given(st.text(alphabet=st.sampled_from("0189 .-,@:/[]anmtrwoblisjy\n\u200bé०ﷺ"), max_size=120))
@settings(deadline=None, max_examples=400)
def test_any_soup_settles(text: str) -> None:
    """Also what is no language at all is the same after a second time."""
    once = scrub(text)
    assert scrub(once) == once
