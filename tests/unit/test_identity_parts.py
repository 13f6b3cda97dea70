"""Identity's small parts: the breaker, the set of ended families, refresh tokens, invitation codes."""

from __future__ import annotations

from uuid import uuid4

import pytest

from jagawarga.errors import Unauthenticated
from jagawarga.identity.breaker import FAILURES, LONGEST_PAUSE, Breaker
from jagawarga.identity.families import Families
from jagawarga.identity.invitations import code_digest, new_code
from jagawarga.identity.refresh import make, read
from jagawarga.plumbing.keys import Keyring

KEYS = Keyring({1: b"k" * 32})


def test_a_breaker_opens_after_failures_in_a_row() -> None:
    """Not after as many with a success between them; open, it lets one through a pause, and each failure doubles it."""
    breaker = Breaker(lambda: 1.0)
    for _ in range(FAILURES - 1):
        breaker.failed(0.0)
    breaker.succeeded()
    for _ in range(FAILURES - 1):
        breaker.failed(0.0)
    assert breaker.wait(0.0) == 0
    breaker.failed(0.0)
    assert breaker.wait(0.25) == 0.75
    assert breaker.wait(1.0) == 0, "one may try"
    assert breaker.wait(1.0) > 0, "and nobody else, until it is known how that went"
    breaker.failed(1.5)
    assert breaker.wait(1.5) == 2.0
    for _ in range(40):
        breaker.failed(2.0)
    assert breaker.wait(2.0) == LONGEST_PAUSE
    breaker.succeeded()
    assert breaker.wait(2.0) == 0


def test_the_breakers_pause_is_jittered() -> None:
    """Between half of the pause and all of it."""
    for drawn, pause in ((0.0, 0.5), (0.5, 0.75)):
        breaker = Breaker(lambda drawn=drawn: drawn)  # type: ignore[misc]
        for _ in range(FAILURES):
            breaker.failed(0.0)
        assert breaker.wait(0.0) == pause


def test_ended_families_are_remembered_for_a_while() -> None:
    """As long as an access token lives; of too many the oldest go."""
    revoked = Families(10.0, most=2)
    revoked.add(["a"], 0.0)
    revoked.add(["b"], 5.0)
    assert revoked.has("a")
    revoked.add(["c"], 6.0)
    assert [revoked.has(each) for each in "abc"] == [False, True, True]
    revoked.add([], 15.0)
    assert [revoked.has(each) for each in "bc"] == [False, True]


def test_a_refresh_token_is_read_as_it_was_made() -> None:
    """Until it ends, under the same keys; no two are alike."""
    family = uuid4()
    token = make(KEYS, family, 1_000)
    assert read(KEYS, token.text, 999.0) == token
    assert make(KEYS, family, 1_000).digest != token.digest
    with pytest.raises(Unauthenticated):
        read(KEYS, token.text, 1_000.0)
    with pytest.raises(Unauthenticated):
        read(Keyring({1: b"x" * 32}), token.text, 999.0)


def test_codes_are_long_and_can_be_spelt_in_any_way() -> None:
    """Case, blanks and hyphens do not count; another code is another."""
    code = new_code()
    assert len(code.replace("-", "")) == 32
    assert code_digest(KEYS, code.lower().replace("-", " ")) == code_digest(KEYS, code)
    assert code_digest(KEYS, new_code()) != code_digest(KEYS, code)
