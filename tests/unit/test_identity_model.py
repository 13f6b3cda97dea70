"""What makes an account valid: numbers, names and passwords, each by its rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jagawarga.errors import Invalid, StartupError
from jagawarga.identity.messages import PersonalFacts, RegisterCitizen
from jagawarga.identity.model import (
    check_registration,
    check_username,
    facts_from_bytes,
    facts_to_bytes,
    nik_problem,
    password_problem,
)
from jagawarga.identity.seeding import plan

TODAY = date(2026, 11, 23)
GOOD = RegisterCitizen(
    "3273014501900007", "Kenari  Wulandhari", "burung-kuning", "0812 9876 5432", "kenari@surat.example", "Jl. Emas 4"
)
CONFIG = Path(__file__).resolve().parents[2] / "config" / "accounts.toml"


@pytest.mark.parametrize(
    ("nik", "valid"),
    [
        ("3273011506850009", True),
        ("3273024708920008", True),  # a woman's day has forty added
        ("3273012902880001", True),  # a leap day
        ("3273012902890001", False),  # no leap day
        ("3273013002850001", False),
        ("3273017206850009", False),  # day 72
        ("3273011513850009", False),  # month 13
        ("3273011506850000", False),  # serial 0000
        ("9999991506850009", False),  # no such province
        ("3273012512260001", False),  # born next month
        ("327301150685000", False),
        ("32730115068500091", False),
        ("327301150685000a", False),
        ("３２７３０１１５０６８５０００９", False),
        ("", False),
    ],
)
def test_nik(nik: str, *, valid: bool) -> None:
    """A population number has a region, a date of birth and a serial; each is checked."""
    assert (nik_problem(nik, TODAY) is None) is valid


@given(st.text(max_size=40))
def test_any_nik_is_answered(nik: str) -> None:
    """Whatever stands in the field, the answer is a sentence that does not repeat it."""
    problem = nik_problem(nik, TODAY)
    assert problem is None or (problem.isascii() and (len(nik) < 6 or nik not in problem))


def test_registration_in_one_spelling() -> None:
    """Blanks in a name are single, a telephone number is in E.164."""
    assert check_registration(GOOD, TODAY) == PersonalFacts(
        "Kenari Wulandhari", "3273014501900007", "+6281298765432", "kenari@surat.example", "Jl. Emas 4"
    )


def test_every_wrong_field_is_named_and_no_value() -> None:
    """All problems come at once, and no problem tells what was typed."""
    wrong = RegisterCitizen("1234", "7", "kurz", "0000", "kein-klammeraffe", "x")
    with pytest.raises(Invalid) as caught:
        check_registration(wrong, TODAY)
    assert set(caught.value.fields) == {"nik", "name", "password", "phone", "email", "address"}
    told = str(caught.value.fields) + caught.value.detail
    assert not any(each in told for each in ("1234", "kurz", "0000", "klammer"))


@pytest.mark.parametrize("name", ["", " ", "x", "1234", "Ken\u200bari", "Ken\x00ari", "a" * 201])
def test_names_that_are_none(name: str) -> None:
    """A name has letters, none of them invisible, and an end."""
    with pytest.raises(Invalid):
        check_registration(replace(GOOD, name=name), TODAY)


@pytest.mark.parametrize(
    ("password", "good"),
    [("123456789", False), ("1234567890", True), ("x" * 200, True), ("x" * 201, False), ("my3273014501900007", False)],
)
def test_password(password: str, *, good: bool) -> None:
    """Length counts; the account's own number does not make a password."""
    assert (password_problem(password, GOOD.nik) is None) is good


@pytest.mark.parametrize("username", ["3273011506850009", "AB", "a b c", "-abc", "x" * 65, "kenari@x"])
def test_officers_names(username: str) -> None:
    """An officer's name can be typed and is never taken for a NIK."""
    with pytest.raises(Invalid):
        check_username(username)
    check_username("petugas-kebersihan")


def test_facts_survive_writing() -> None:
    """Facts read back are the facts written."""
    facts = check_registration(GOOD, TODAY)
    assert facts_from_bytes(facts_to_bytes(facts)) == facts


def test_shipped_accounts_are_valid() -> None:
    """The invented citizens have numbers a citizen could have; each agency has its officer; no two passwords agree."""
    seeds = plan(CONFIG, ["kebersihan", "jalan"])
    citizens = [each for each in seeds if each.role == "citizen"]
    assert len(citizens) == 2
    assert all(nik_problem(each.username, TODAY) is None for each in citizens)
    assert [(each.username, each.agency) for each in seeds if each.role == "officer"] == [
        ("petugas-kebersihan", "kebersihan"),
        ("petugas-jalan", "jalan"),
    ]
    assert [each.role for each in seeds].count("operator") == 1
    assert len({each.password for each in seeds}) == len(seeds)
    assert all(password_problem(each.password, each.username) is None for each in seeds)


@pytest.mark.parametrize("text", ["[[citizen]]\nname = 'x'", "citizen = 3", "= broken"])
def test_wrong_accounts_file(tmp_path: Path, text: str) -> None:
    """A wrong file of accounts is one clear line at the start."""
    path = tmp_path / "accounts.toml"
    path.write_text(text)
    with pytest.raises(StartupError, match=r"accounts\.toml"):
        plan(path, [])
