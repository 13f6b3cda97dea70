"""Tracking codes: unguessable, forgiving to type, strict about slips."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jagawarga.reports.tracking import ALPHABET, canonical, code_of, new_code

codes = st.integers(0, 2**120 - 1).map(code_of)


def test_shape() -> None:
    """Five groups of five without the letters that look like digits."""
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}", new_code())


def test_no_two_alike() -> None:
    """A thousand codes are a thousand."""
    assert len({new_code() for _ in range(1000)}) == 1000


@given(codes, st.data())
def test_forgives_how_it_is_typed(code: str, data: st.DataObject) -> None:
    """Case, spaces, hyphens, O for 0 and I or L for 1 make no difference."""
    spellings = {"0": ["0", "o", "O"], "1": ["1", "i", "I", "l", "L"], "-": ["-", " ", "", "--"]}
    typed = "".join(data.draw(st.sampled_from(spellings.get(each, [each, each.lower()]))) for each in code)
    assert canonical(f" {typed} ") == canonical(code) == code.replace("-", "").encode()


@given(codes, st.integers(0, 24), st.sampled_from(ALPHABET))
def test_catches_a_wrong_character(code: str, place: int, character: str) -> None:
    """One wrong character is no code."""
    bare = code.replace("-", "")
    wrong = bare[:place] + character + bare[place + 1 :]
    assert (canonical(wrong) is None) == (wrong != bare)


@given(codes, st.integers(0, 24), st.integers(0, 24))
def test_catches_a_swap(code: str, one: int, other: int) -> None:
    """Any two characters swapped are no code."""
    bare = list(code.replace("-", ""))
    swapped = bare.copy()
    swapped[one], swapped[other] = bare[other], bare[one]
    assert (canonical("".join(swapped)) is None) == (swapped != bare)


@pytest.mark.parametrize("typed", ["", "ABC", "U" * 25, "0" * 24, "é" * 25, "0" * 26, "-" * 5000])
def test_no_codes(typed: str) -> None:
    """What is no code at all is told at once."""
    assert canonical(typed) is None
