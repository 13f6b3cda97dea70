"""Codes that make somebody an officer once: long enough to be guessed by nobody, short enough to be read out."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from jagawarga.plumbing.randomness import random_bytes

if TYPE_CHECKING:
    from jagawarga.plumbing.keys import Keyring

INVITED_SECONDS: Final = 7 * 86_400
CODE_BYTES: Final = 20
GROUP: Final = 4


def new_code() -> str:
    """Give a code of 160 bits in groups of four letters and digits (base 32, RFC 4648)."""
    text = base64.b32encode(random_bytes(CODE_BYTES)).decode()
    return "-".join(text[begin : begin + GROUP] for begin in range(0, len(text), GROUP))


def code_digest(keyring: Keyring, code: str) -> bytes:
    """What is kept of a code; blanks, hyphens and case do not count."""
    plain = "".join(each for each in code.upper() if each.isalnum())
    return keyring.digest("invitation", plain.encode())
