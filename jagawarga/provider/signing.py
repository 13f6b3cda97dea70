"""How question and answer are signed: HMAC-SHA-256 under a shared secret, bound to the time and to each other."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final

TIME: Final = "Jaga-Time"
SIGNATURE: Final = "Jaga-Signature"
PATH: Final = "/v1/confirmations"
TOLERANCE: Final = 60
"""Seconds by which two clocks may differ; older questions are refused, so that none is good for ever."""


def sign_question(secret: bytes, at: int, body: bytes) -> str:
    """Sign a question asked at `at`, in seconds since the epoch."""
    return hmac.new(secret, b"question\n%d\n%b" % (at, body), sha256).hexdigest()


def sign_answer(secret: bytes, question: str, body: bytes) -> str:
    """Sign the answer to the question with that signature: it is an answer to no other."""
    return hmac.new(secret, b"answer\n%b\n%b" % (question.encode("ascii"), body), sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare signatures without telling by the time where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
