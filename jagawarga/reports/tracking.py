"""Tracking codes: 120 random bits to read aloud, with one character that catches a slip.

Five groups of five in Crockford's base 32 (no I, L, O, U). The last character is a check over GF(32): it catches
every single wrong character and every two swapped ones, so that a typing slip is told from an unknown report
before the database is asked. Only a keyed digest of a code is ever stored.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from jagawarga.plumbing.randomness import random_bytes
from jagawarga.plumbing.uuids import uuid_of

if TYPE_CHECKING:
    from uuid import UUID

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PURPOSE: Final = "tracking-code"
_BITS = 120
_LENGTH = _BITS // 5 + 1
_SHIFTS = range(_BITS - 10, -1, -10)
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_TOLERATED = str.maketrans({"O": "0", "I": "1", "L": "1", " ": "", "-": "", "\t": "", "\u2010": "", "\u2013": ""})
_MAX_TYPED = 100
# Multiplication by x modulo x^5 + x^2 + 1, whose powers of x are all of GF(32) but 0.
_TIMES_X = tuple((value << 1) ^ (0b100101 if value & 0b10000 else 0) for value in range(32))
# Two characters at a time: how they are written, what they add to the check, and what the step does to what was before.
_PAIRS = tuple(high + low for high in ALPHABET for low in ALPHABET)
_WEIGHTS = tuple(_TIMES_X[high] ^ low for high in range(32) for low in range(32))
_TIMES_XX = tuple(_TIMES_X[each] for each in _TIMES_X)


def new_code() -> str:
    """Make a code nobody can guess, as it is shown: `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`."""
    return code_of(int.from_bytes(random_bytes(_BITS // 8)))


def drawn_from(digest: bytes) -> tuple[UUID, str]:
    """Make a report's id and code of 32 bytes that nobody can guess, the same ones each time.

    They can not be told from drawn ones.
    """
    return uuid_of(digest[:16]), code_of(int.from_bytes(sha256(b"code" + digest).digest()[: _BITS // 8]))


def code_of(number: int) -> str:
    """Write 120 bits as a code."""
    pairs = [number >> shift & 1023 for shift in _SHIFTS]
    code = "".join([_PAIRS[pair] for pair in pairs])
    total = 0
    for pair in pairs:
        total = _TIMES_XX[total] ^ _WEIGHTS[pair]
    return f"{code[:5]}-{code[5:10]}-{code[10:15]}-{code[15:20]}-{code[20:]}{ALPHABET[_TIMES_X[total]]}"


def canonical(typed: str) -> bytes | None:
    """The bytes to digest, whatever the case, spaces and hyphens, O for 0, I or L for 1; `None` for no code."""
    if len(typed) > _MAX_TYPED:
        return None
    code = typed.upper().translate(_TOLERATED)
    if len(code) != _LENGTH or any(character not in _VALUES for character in code):
        return None
    *digits, last = (_VALUES[character] for character in code)
    return code.encode("ascii") if _check(digits) == last else None


def _check(digits: list[int]) -> int:
    # Horner's scheme over GF(32): each place has its own weight, a power of x.
    total = 0
    for digit in digits:
        total = _TIMES_X[total] ^ digit
    return _TIMES_X[total]
