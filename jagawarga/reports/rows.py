"""Rows of reports made values again, with suspicion: one that can not be is `Corrupt`, and nobody else's matter.

What `Corrupt` says here names the part that is wrong, never what it says.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, get_args

from jagawarga.errors import Corrupt
from jagawarga.reports.messages import Privacy
from jagawarga.reports.model import CLOCKS, ENDS, Folded, ReportState, Terms, number_of, shared_terms, unfold_state

if TYPE_CHECKING:
    from datetime import datetime

_PRIVACIES: Final = frozenset(get_args(Privacy))
_MICROS: Final = 1_000_000
_LATEST: Final = 2.0**33
"""Seconds from 1970 on that a time may be: to the year 2242, with microseconds exact in a float."""


@lru_cache(maxsize=4096)
def terms_to_text(terms: Terms) -> str:
    """Ladder and limits as they lie in the row."""
    return json.dumps([terms.ladder, terms.respond_within, terms.resolve_within])


@lru_cache(maxsize=4096)
def terms_from_text(text: str) -> Terms:
    """Ladder and limits again, as a value shared by all reports of like terms; `Corrupt` for what is none."""
    try:
        ladder, *limits = json.loads(text)
        respond, resolve = limits
        terms = shared_terms(tuple(ladder), tuple(respond), tuple(resolve))
    except (ValueError, TypeError, RecursionError):
        msg = "terms"
        raise Corrupt(msg) from None
    if not ladder or not all(isinstance(each, str) for each in ladder):
        msg = "ladder"
        raise Corrupt(msg)
    for each in limits:
        if not each or not all(isinstance(limit, int | float) and 0 <= limit < _LATEST for limit in each):
            msg = "limits"
            raise Corrupt(msg)
    return terms


@lru_cache(maxsize=4096)
def _known(text: str) -> tuple[Terms, int]:
    terms = terms_from_text(text)
    return terms, number_of(terms)


def fold_row(row: Any) -> tuple[Folded, float | None]:
    """The state in a row of `open_with_deadline` and its like, folded, and its deadline in seconds since 1970.

    The deadline is reckoned from the state, which decides: the row's own is there to be found by. Raises `Corrupt`.
    """
    _, privacy, category, reporter, text, status, level, version, since = row[:9]
    terms, number = _known(text)
    clock = CLOCKS.get(status)
    wrong = (
        "status" if clock is None and status not in ENDS
        else "level" if not 0 <= level < len(terms.ladder)
        else "version" if version < 1
        else "privacy" if privacy not in _PRIVACIES
        else "time" if not -_LATEST < since < _LATEST  # infinite ones are refused by this as well
        else None
    )  # fmt: skip
    if wrong is not None:
        raise Corrupt(wrong)
    folded = (number, status, level, version, round(since * _MICROS), privacy, category, reporter)
    if clock is None or level + 1 >= len(terms.ladder):
        return folded, None
    limits = terms.respond_within if clock == "respond" else terms.resolve_within
    return folded, since + limits[min(level, len(limits) - 1)]


def state_of(row: Any) -> ReportState:
    """The state in such a row. Raises `Corrupt`."""
    return unfold_state(row[0], fold_row(row)[0])


def seconds_until(due_at: float | None, now: datetime) -> float | None:
    """How long a timer for that deadline sleeps; never less than nothing."""
    return None if due_at is None else max(0.0, due_at - now.timestamp())
