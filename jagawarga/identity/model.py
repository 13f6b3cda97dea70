"""What makes an account a valid one. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import date
from typing import Final

import lokal

from jagawarga.errors import Invalid
from jagawarga.identity.messages import PersonalFacts, RegisterCitizen

NIK_LENGTH: Final = 16
PASSWORD_SHORTEST: Final = 10
PASSWORD_LONGEST: Final = 200
LONGEST: Final = 200
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[\w\-]+(\.[\w\-]+)+")
_USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._\-]{2,63}")


def check_registration(command: RegisterCitizen, today: date) -> PersonalFacts:
    """Give the facts of a valid registration in one spelling; `Invalid` names every wrong field, no value."""
    wrong = {
        name: problem
        for name, problem in (
            ("nik", nik_problem(command.nik, today)),
            ("name", _name_problem(command.name)),
            ("password", password_problem(command.password, command.nik)),
            ("phone", None if command.phone is None else _phone_problem(command.phone)),
            ("email", None if command.email is None else _email_problem(command.email)),
            ("address", None if command.address is None else _address_problem(command.address)),
        )
        if problem is not None
    }
    if wrong:
        msg = "the registration has wrong fields"
        raise Invalid(msg, fields=wrong)
    phone = None if command.phone is None else lokal.parse_phone(command.phone).e164
    return PersonalFacts(" ".join(command.name.split()), command.nik, phone, command.email, command.address)


def nik_problem(nik: str, today: date) -> str | None:
    """Say what is wrong with a population number: its shape, region, date of birth or serial."""
    if len(nik) != NIK_LENGTH or not (nik.isascii() and nik.isdigit()):
        return "must be 16 digits"
    info = lokal.parse_nik(nik)
    if not info.valid:
        return "is not a valid NIK: " + ", ".join(sorted({issue.code for issue in info.errors}))
    if nik.endswith("0000"):
        return "is not a valid NIK: serial"
    if info.birth_date is not None and date.fromisoformat(info.birth_date) > today:
        return "is not a valid NIK: birth_date"
    return None


def birth_date(nik: str) -> str | None:
    """The date of birth a population number tells, `YYYY-MM-DD`; whose century it leaves open, nobody knows."""
    return lokal.parse_nik(nik).birth_date


def password_problem(password: str, *forbidden: str) -> str | None:
    """Say what is wrong with a password (NIST SP 800-63B: length counts, composition rules do not)."""
    if not PASSWORD_SHORTEST <= len(password) <= PASSWORD_LONGEST:
        return f"must have {PASSWORD_SHORTEST} to {PASSWORD_LONGEST} characters"
    if any(each and each.casefold() in password.casefold() for each in forbidden):
        return "must not contain the account's own name or number"
    return None


def check_username(username: str) -> None:
    """Refuse a user name of an officer or operator that could be taken for a NIK or can not be typed."""
    if not _USERNAME.fullmatch(username) or username.isdigit():
        msg = "the user name is wrong"
        raise Invalid(msg, fields={"username": "must be 3 to 64 of a-z 0-9 . _ - and not digits alone"})


def facts_to_bytes(facts: PersonalFacts) -> bytes:
    """Write facts down, to be sealed."""
    return json.dumps(facts._asdict(), ensure_ascii=False).encode()


def facts_from_bytes(plain: bytes) -> PersonalFacts:
    """Read facts again."""
    return PersonalFacts(**json.loads(plain))


def _name_problem(name: str) -> str | None:
    stripped = " ".join(name.split())
    if not 2 <= len(stripped) <= LONGEST or not any(each.isalpha() for each in stripped):  # noqa: PLR2004
        return "must be a name of 2 to 200 characters"
    if any(unicodedata.category(each) in ("Cc", "Cf") for each in stripped):
        return "must not contain invisible characters"
    return None


def _phone_problem(phone: str) -> str | None:
    return None if lokal.parse_phone(phone).valid else "must be an Indonesian telephone number"


def _email_problem(email: str) -> str | None:
    return None if len(email) <= LONGEST and _EMAIL.fullmatch(email) else "must be an e-mail address"


def _address_problem(address: str) -> str | None:
    return None if 3 <= len(address.strip()) <= LONGEST else "must have 3 to 200 characters"  # noqa: PLR2004
