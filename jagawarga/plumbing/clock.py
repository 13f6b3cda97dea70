"""What time it is: one wall clock for a whole process, given from outside so that a test can set it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Tells the present moment, with its time zone. It may jump, as a machine's clock does; measure durations otherwise."""


def utc_now() -> datetime:
    """The machine's wall clock."""
    return datetime.now(UTC)
