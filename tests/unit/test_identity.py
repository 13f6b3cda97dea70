"""Identity without a database: who may register, what a token says, how guessing gets slow."""

from __future__ import annotations

import base64
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import trio

from jagawarga.errors import Invalid, Unauthenticated
from jagawarga.identity.actor import MOST_ENTRIES, MayTry, Throttle, Tried
from jagawarga.identity.messages import RegisterCitizen
from jagawarga.identity.model import check_registration, nik_problem, password_problem
from jagawarga.identity.tokens import Tokens
from jagawarga.plumbing.keys import Keyring
from supervisors import Registry, worker
from supervisors.testing import running

TODAY = date(2026, 11, 23)
THROTTLE = Registry("test").name("throttle")


@pytest.mark.parametrize("nik", ["3273011506850009", "3273015506850009", "3273024708920008"])
def test_valid_niks(nik: str) -> None:
    """Men and women (day of birth plus 40) of a known region."""
    assert nik_problem(nik, TODAY) is None


@pytest.mark.parametrize(
    "nik",
    [
        "", "327301150685000", "32730115068500099", "327301150685000x", "٣٢٧٣٠١١٥٠٦٨٥٠٠٠٩",
        "0073011506850009", "3273013206850009", "3273017306850009", "3273011513850009", "3273011506850000",
    ],
)  # fmt: skip
def test_invalid_niks(nik: str) -> None:
    """Shape, digits, region, day, month and serial are looked at."""
    assert nik_problem(nik, TODAY) is not None


def test_every_wrong_field_is_named_and_no_value() -> None:
    """A registration is refused as a whole, naming what is wrong without repeating it."""
    command = RegisterCitizen("12", "x", "short", phone="12", email="nobody", address="y")
    with pytest.raises(Invalid) as caught:
        check_registration(command, TODAY)
    assert set(caught.value.fields) == {"nik", "name", "password", "phone", "email", "address"}
    assert "nobody" not in repr(caught.value.fields)


def test_facts_are_in_one_spelling() -> None:
    """Names lose their doubled blanks, telephone numbers become international."""
    command = RegisterCitizen("3273011506850009", "  Wira   Contoh ", "panjang-sekali", phone="0812-9876-5432")
    facts = check_registration(command, TODAY)
    assert (facts.name, facts.phone) == ("Wira Contoh", "+6281298765432")


def test_passwords() -> None:
    """Length counts, and not to be one's own number."""
    assert password_problem("123456789") is not None
    assert password_problem("x" * 201) is not None
    assert password_problem("a3273011506850009", "3273011506850009") is not None
    assert password_problem("cukup panjang") is None


def tokens(path: Path, now: float = 1000.0) -> Tokens:
    return Tokens(Keyring.load(path), 900, lambda: now)


def test_a_token_stands_for_its_account_until_it_expires(tmp_path: Path) -> None:
    """Read back it gives the principal; after its life, or under other keys, nothing."""
    token = tokens(tmp_path / "a").issue("subject-1", "pseudonym-1", "officer", "dinas-a").access_token
    principal = tokens(tmp_path / "a", 1899).check(token)
    assert (principal.subject, principal.pseudonym, principal.role, principal.agency) == (
        "subject-1", "pseudonym-1", "officer", "dinas-a",
    )  # fmt: skip
    for other in (tokens(tmp_path / "a", 1901), tokens(tmp_path / "b")):
        with pytest.raises(Unauthenticated):
            other.check(token)


def test_a_token_tells_its_finder_nothing(tmp_path: Path) -> None:
    """Neither subject nor pseudonym nor agency can be read from it."""
    token = tokens(tmp_path).issue("subject-1", "pseudonym-1", "officer", "dinas-a").access_token
    for part in token.split("."):
        plain = base64.urlsafe_b64decode(part + "==")
        for secret in (b"subject-1", b"pseudonym-1", b"dinas-a", b"officer"):
            assert secret not in plain


async def test_guessing_gets_slow(autojump_clock: Any) -> None:
    """Five failures are free, then each doubles the wait; a success forgets; the table is bounded."""
    async with running(worker("throttle", Throttle, name=THROTTLE)):
        for _ in range(5):
            assert await THROTTLE.call(MayTry(b"a")) == 0
            THROTTLE.cast(Tried(b"a", success=False))
        first = await THROTTLE.call(MayTry(b"a"))
        assert first > 1
        assert await THROTTLE.call(MayTry(b"b")) == 0
        await trio.sleep(first)
        assert await THROTTLE.call(MayTry(b"a")) == 0
        THROTTLE.cast(Tried(b"a", success=False))
        assert await THROTTLE.call(MayTry(b"a")) > first
        THROTTLE.cast(Tried(b"a", success=True))
        assert await THROTTLE.call(MayTry(b"a")) == 0
        process = THROTTLE.whereis()
        assert process is not None
        for number in range(MOST_ENTRIES + 50):
            process.actor.handle_cast(Tried(number.to_bytes(4), success=False))
        assert len(process.actor.failures) == MOST_ENTRIES  # type: ignore[attr-defined]
