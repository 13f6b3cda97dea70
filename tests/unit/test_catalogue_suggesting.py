"""Suggestions of the catalogue: for its own categories, in the language asked for, with who would get the report."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from jagawarga.catalogue.config import load_config, parse_config
from jagawarga.catalogue.messages import Category
from jagawarga.catalogue.wording import Wording
from jagawarga.errors import Invalid, StartupError
from jagawarga.suggestion.training import Example, train
from tests.unit.test_catalogue import CONFIG, EVERYWHERE, GOOD

CITY = load_config(CONFIG)
TRAINED = train(
    [Example("lampu padam gelap", "lampu-jalan"), Example("bau busuk", "SAMPAH menumpuk"), Example("hantu", "hantu")]
    * 5
)


def keys(text: str, city: object = CITY) -> list[str]:
    assert isinstance(city, type(CITY))
    return [each.category.key for each in city.suggest(text, None, None, "id")]


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Jalan di depan pasar berlubang besar", "jalan-rusak"),
        ("PJU di gang kami mati, gelap sekali", "lampu-jalan"),
        ("Tumpukan sampah sudah seminggu, bau busuk", "sampah"),
        ("Selokan mampet", "drainase"),
        ("Air meluap, rumah tergenang banjir", "banjir"),
        ("Tukang parkir liar minta uang", "parkir-liar"),
        ("Pohon besar mau tumbang", "pohon-tumbang"),
        ("Pabrik buang limbah ke sungai", "pencemaran"),
        ("Petugas kelurahan minta pungutan liar", "pungli"),
        ("Antrian puskesmas lama sekali", "kesehatan"),
        ("Lampu merah di perempatan mati", "lampu-lalu-lintas"),
    ],
)
def test_the_sample_city_knows_plain_complaints(text: str, category: str) -> None:
    """Without a model the keywords of the sample city put the right category first."""
    assert keys(text)[0] == category


def test_at_most_three_and_nothing_for_nothing() -> None:
    """Never more than three; a text that says nothing known gets none."""
    assert len(keys("jalan lampu sampah banjir pohon parkir got limbah")) == 3
    assert keys("xyzzy") == []


def test_the_agency_depends_on_the_place() -> None:
    """With coordinates a suggestion says who would get the report; off the map it is refused like a report."""
    north, south = (CITY.suggest("jalan berlubang", at, 107.55, "id")[0].agency for at in (-6.82, -6.98))
    assert (north, south) == ("pekerjaan-umum-utara", "pekerjaan-umum-selatan")
    with pytest.raises(Invalid) as caught:
        CITY.suggest("jalan berlubang", 0.0, 0.0, "id")
    assert caught.value.code == "off-the-map"


def test_names_come_in_the_language_asked_for() -> None:
    """A category has its English name where it has one, else its own."""
    assert CITY.suggest("jalan berlubang", None, None, "en")[0].category.name == "Damaged road or potholes"
    assert CITY.suggest("jalan berlubang", None, None, "id")[0].category.name == "Jalan rusak atau berlubang"
    assert parse_config(GOOD).suggest("hole", 0.5, 0.5, "en")[0].category.name == "Hole"


def test_an_operators_category_is_suggested_by_its_name() -> None:
    """A category put while the house runs is known at once; one that got another name loses its translations."""
    city = CITY.with_category(Category("hewan", "Hewan peliharaan lepas", (1.0,), (1.0,)), "sosial")
    assert keys("Ada hewan buas", city) == ["hewan"]
    renamed = CITY.with_category(Category("sampah", "Limbah rumah tangga", (1.0,), (1.0,)), "sosial")
    assert renamed.suggest("buang sampah", None, None, "en")[0].category.name == "Limbah rumah tangga"


def test_a_trained_model_decides_before_keywords() -> None:
    """It names categories by key or by name; what is not in the catalogue is not suggested; else keywords are asked."""
    city = replace(CITY, wording=replace(CITY.wording, trained=TRAINED))
    assert keys("gelap", city)[0] == "lampu-jalan"
    assert keys("bau busuk", city)[0] == "sampah"
    assert sum(each.score for each in city.suggest("hantu", None, None, "id")) == pytest.approx(1)
    assert "hantu" not in keys("hantu", city)
    assert keys("pungli", city) == ["pungli"]


def test_what_was_not_learned_is_still_suggested() -> None:
    """Of a category too rare for the model its keywords are asked, and count where the model is in doubt."""
    topics = {"lampu-jalan": "gelap", "sampah": "busuk", "banjir": "genangan", "parkir-liar": "jukir"}
    trained = train([Example(text, label) for label, text in topics.items()] * 5)
    city = replace(CITY, wording=replace(CITY.wording, trained=trained))
    assert keys("gelap, pungli", city)[0] == "lampu-jalan"
    assert keys("gelap busuk genangan jukir, pungli", city)[0] == "pungli"
    assert "pungli" not in keys("gelap busuk genangan jukir", city)


def test_a_model_of_another_city_leaves_it_to_the_keywords() -> None:
    """When no label is a category here, it is as if there were no model."""
    strange = train([Example("lampu padam", "x"), Example("bau busuk", "y")] * 5)
    assert keys("lampu jalan padam", replace(CITY, wording=replace(CITY.wording, trained=strange))) == keys(
        "lampu jalan padam"
    )


def test_a_model_is_read_at_the_start(tmp_path: Path) -> None:
    """`suggestions.json` beside the other files is used; a broken one stops the start with one line."""
    shutil.copytree(CONFIG, tmp_path, dirs_exist_ok=True)
    (tmp_path / "suggestions.json").write_text(TRAINED.dumps(), encoding="utf-8")
    assert load_config(tmp_path).wording.trained == TRAINED
    (tmp_path / "suggestions.json").write_text("{}", encoding="utf-8")
    with pytest.raises(StartupError, match=r"^suggestions\.json: it is not a model for suggestions$"):
        load_config(tmp_path)


def test_wording_without_anything() -> None:
    """A catalogue without keywords still knows its categories by their names."""
    bare = replace(CITY, wording=Wording()).with_category(EVERYWHERE, "sosial")
    assert keys("Tree", bare) == ["tree"]
