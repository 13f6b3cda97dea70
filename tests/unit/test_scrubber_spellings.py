"""The writer's own facts go in every spelling; words that only look like them stay."""

from __future__ import annotations

import re
import time

import pytest

from jagawarga.anonymizer.scrubber import scrub
from jagawarga.anonymizer.shadow import canonical, shadow
from jagawarga.anonymizer.spans import MASK, normalise
from jagawarga.identity.messages import PersonalFacts
from jagawarga.identity.service import nobody

SITI = PersonalFacts(
    name="Siti Nurhaliza Rahmawati",
    nik="3273014501900007",
    phone="+6281298765432",
    email="siti.nur@warung-kita.co.id",
    address="Jl. Melati Raya No. 12 RT 03 RW 05, Sukamaju, Kota Bandung",
)


@pytest.mark.parametrize(
    "spelling",
    [
        "S.i.t.i",
        "s i t i",
        "Sïtí",
        "Ѕіtі",  # Cyrillic letters
        "Sıtı",  # Turkish ones, which a pattern takes for ours
        "Nurhaliza, Siti",
        "sitinurhaliza",
        "SitiNurhaliza99",
        "siti_85",
        "S. N. Rahmawati",
        "Rahmawati S. N.",
        "Rahmawaty",
        "Rachmawati alias Rahmawatinya",
        "Siti's",
    ],
)
def test_name(spelling: str) -> None:
    """Joined, spread, abbreviated, in old spelling, with what hangs on it."""
    clean = shadow(scrub(f"kata orang {spelling} tahu", SITI))
    assert not re.search(r"s\W?i\W?t\W?i|nurhaliza|rahmawat", clean.replace("[nama]", ""))
    assert not re.search(r"\b[sn]\.|85|99", clean)
    assert clean.endswith("tahu")


@pytest.mark.parametrize(
    "spelling",
    [
        "081298765432",
        "+62 812-9876-5432",
        "(0812) 9876.5432",
        "0 8 1 2 9 8 7 6 5 4 3 2",
        "0812, 9876, 5432",
        "O812 9876 5432",
        "08I2 9876 5432",
        "nol delapan satu dua sembilan delapan tujuh enam lima empat tiga dua",
        "kosong lapan satu dua 9876 5432",
        "0812 sembilan delapan 76 5432",
        "٠٨١٢٩٨٧٦٥٤٣٢",
        "98765432",
        "0812\n9876\n5432",
    ],
)
def test_phone(spelling: str) -> None:
    """Digits however spaced, in words, in other scripts, without their first ones."""
    clean = scrub(f"kontak {spelling} saja", SITI)
    assert clean == "kontak [telepon] saja"


@pytest.mark.parametrize(
    "spelling",
    [
        "3273014501900007",
        "3273-01-450190-0007",
        "3.2.7.3.0.1.4.5.0.1.9.0.0.0.0.7",
        "3273\u200b0145\u200b0190\u200b0007",
        "３２７３０１４５０１９００００７",
        "3273, 0145, 0190, 0007",
        "45019000",
    ],
)
def test_nik(spelling: str) -> None:
    """The number in groups, in wide digits, or half of it."""
    clean = scrub(f"nomornya {spelling} itu", SITI)
    assert not re.search(r"\d", clean)


@pytest.mark.parametrize(
    "spelling",
    [
        "siti.nur@warung-kita.co.id",
        "siti titik nur at warung-kita titik co titik id",
        "siti.nur [at] warung-kita [dot] co [dot] id",
        "siti nur di warung-kita.co.id",
        "SITI.NUR @ WARUNG-KITA.CO.ID",
        "warung kita dot co dot id",
        "sitinur",
    ],
)
def test_email(spelling: str) -> None:
    """With signs, in words, in halves."""
    assert not re.search(r"sitinur|warungkita", re.sub(r"\W", "", scrub(f"tulis {spelling} ya", SITI).casefold()))


@pytest.mark.parametrize(
    "spelling",
    [
        "Jl Melati Raya 12",
        "jalan melati raya nomer 12",
        "Jln. Melati-Raya, 12",
        "melati raya",
        "MelatiRaya",
        "jalan melati",
        "Melati 12",
        "Perumahan Sukamaju",
        "RT03/RW05",
        "erte 3 erwe 5",
    ],
)
def test_home(spelling: str) -> None:
    """Street, number, quarter, neighbourhood: whole and in parts."""
    clean = scrub(f"dekat {spelling} itu", SITI).casefold()
    assert "[alamat]" in clean
    assert not re.search(r"melati|sukamaju|\d", clean)


@pytest.mark.parametrize(
    "text",
    [
        "situasi di sana sitaan polisi",
        "bunga melati di taman kota Bandung layu",
        "harga naik 12 persen sejak tahun 2019",
        "di jalan raya Soekarno Hatta macet",
        "nurani pejabat hilang",
    ],
)
def test_what_only_looks_alike_stays(text: str) -> None:
    """Parts of other words, a city, a flower and a street everybody has are not hers."""
    assert scrub(text, SITI) == text


def test_an_everyday_word_as_a_name() -> None:
    """Cut where it is a name; everywhere else its place would tell the name."""
    hari = SITI._replace(name="Hari Bagus", email=None)
    assert scrub("sudah tiga hari tidak bagus", hari) == "sudah tiga hari tidak bagus"
    assert scrub("kata Pak Hari kemarin", hari) == "kata Pak [nama] kemarin"
    assert scrub("oleh Hari Bagus kemarin", hari) == "oleh [nama] kemarin"


@pytest.mark.parametrize("name", ["Li", "Ng Wei", "Al", "Ö", "O'Brien", "김민준", "Ａｄｉ"])
def test_short_and_foreign_names(name: str) -> None:
    """A name of two letters or in another script is one too."""
    assert normalise(name) not in scrub(f"kata {name} kemarin", SITI._replace(name=name))


def test_no_facts_cut_nothing() -> None:
    """An account that is nobody's, and facts that are empty, find nothing."""
    text = "lampu di simpang lima mati, mohon bantuan petugas"
    assert scrub(text, nobody()) == text
    assert scrub(text, PersonalFacts("-", "", "+62", "@", ",,")) == text


def test_python_remembers_nobody() -> None:
    """`re` keeps the patterns it compiled: none of them is made of a person."""
    other = PersonalFacts(
        "Wulandhari",
        "3273011506850009",
        "+6281311223344",
        "merpati.putih@kandang.co.id",
        "Jl. Cendrawasih No. 8, Cibeber",
    )
    re.purge()
    assert scrub("Wulandhari 081311223344 di Jl. Cendrawasih 8 Cibeber", other) == "[nama] [telepon] di [alamat]"
    cache = repr(list(re._cache)).casefold()  # type: ignore[attr-defined]
    assert not any(
        word in cache for word in ("wulandhari", "11223344", "3273011506", "kandang", "cendrawasih", "cibeber")
    )


@pytest.mark.parametrize("text", ["Straße", "İstanbul ıi", "ﬃ ĳ ŉ", "Ǆ é e\u0301 ß ς", "김민준 私", "ԱՒ և"])
def test_the_shadow_keeps_places(text: str) -> None:
    """Every character of a normalised text has exactly one in its shadow."""
    assert len(shadow(normalise(text))) == len(normalise(text))


@pytest.mark.parametrize(
    ("old", "new"), [("soekarno", "sukarno"), ("djoko", "joko"), ("tjokro", "cokro"), ("rahmawaty", "rahmawati")]
)
def test_old_spelling(old: str, new: str) -> None:
    """A name is the same name in the spelling of 1947 and of 1972."""
    assert canonical(old) == canonical(new)


def test_invisible_and_endless_characters() -> None:
    """What can not be seen is dropped, what unfolds into a sentence is not unfolded, and nobody brings a mask."""
    assert normalise("a\u200bb\u00adc\x07d" + MASK) == "abcd"
    assert len(normalise("ﷺ" * 10_000)) == 10_000
    assert normalise("ﬃ") == "ffi"


@pytest.mark.parametrize(
    "unit",
    ["bapak ", " ", "ﷺ", "@1.2.", "0-", "rt 1 ", "@no 1 ", "no 1 A 1", "s i t i ", "siti ", "sitinur ", "3 2 7 3 ", "a at b dot ",
     "melati ", "melati raya 12 ", "saya tinggal di ", "rumah saya jl ", "terima kasih ", "ibu selaku pelapor ", "satu 1 ",
     "1:2:", "a.b.com/", "lahir 1 ", "0812 [nama] ", "\n", "İ", "é"],
)  # fmt: skip
def test_hostile_texts(unit: str) -> None:
    """The longest texts made to hurt: done in a moment, twice as long doubles the time, and hardly longer than before."""
    times = []
    for length in (5_000, 10_000):
        text = (unit * length)[:length]
        tries = []
        for _ in range(3):
            began = time.process_time()
            clean = scrub(text, SITI)
            tries.append(time.process_time() - began)
            assert len(clean) <= 2 * length
        # The least: a pause of the garbage collector is not the scrubber's.
        times.append(min(tries))
    # A bound some ten times what was measured; a quadratic pattern would take minutes.
    assert times[1] < 3
    assert times[1] < 6 * times[0] + 0.1
