"""Rows of reports made values again, with suspicion: one that can not be is `Corrupt`, and nobody else's matter.

What `Corrupt` says here names the part that is wrong, never what it says.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, get_args
from uuid import UUID

from jagawarga.calendars.shelf import known as known_calendar
from jagawarga.errors import Corrupt
from jagawarga.reports.messages import Privacy
from jagawarga.reports.model import (
    CLOCKS,
    ENDS,
    HOLDERS,
    NOTHING,
    Folded,
    Past,
    ReportState,
    Terms,
    number_of,
    shared_terms,
    unfold_state,
)
from jagawarga.reports.notices import tick_at

if TYPE_CHECKING:
    from datetime import datetime

_PRIVACIES: Final = frozenset(get_args(Privacy))
_MICROS: Final = 1_000_000
_MORE: Final = ("calendars", "warn_respond", "warn_resolve", "remind", "answer", "confirm")
_PAST: Final = ("resumes", "spent", "asked", "disputed", "had")
_LATEST: Final = 2.0**33
"""Seconds from 1970 on that a time may be: to the year 2242, with microseconds exact in a float."""


@lru_cache(maxsize=4096)
def terms_to_text(terms: Terms) -> str:
    """Ladder and limits as they lie in the row, and behind them what goes beyond those, if anything does."""
    said: list[Any] = [terms.ladder, terms.respond_within, terms.resolve_within]
    more = {name: value for name, value in zip(_MORE, terms.more, strict=True) if value}
    return json.dumps([*said, more] if more else said)


@lru_cache(maxsize=4096)
def terms_from_text(text: str) -> Terms:
    """Ladder and limits again, as a value shared by all reports of like terms; `Corrupt` for what is none."""
    try:
        ladder, respond, resolve, *rest = json.loads(text)
        more = _more(*rest) if rest else ()
        terms = shared_terms(tuple(ladder), tuple(respond), tuple(resolve), *more)
    except (ValueError, TypeError, AttributeError, RecursionError):
        msg = "terms"
        raise Corrupt(msg) from None
    if not ladder or not all(isinstance(each, str) for each in ladder):
        msg = "ladder"
        raise Corrupt(msg)
    warnings = (*terms.warn_respond, *terms.warn_resolve)
    single = (terms.remind_every, terms.answer_within, terms.confirm_within)
    if not respond or not resolve or not all(map(_is_limit, (*respond, *resolve, *warnings, *single))):
        msg = "limits"
        raise Corrupt(msg)
    # To go on around the clock would be to guess. It is looked at again until somebody has shelved it.
    if not all(isinstance(each, str) and known_calendar(each) for each in terms.calendars):
        msg = "calendar"
        raise Corrupt(msg)
    return terms


def _more(said: dict[str, Any]) -> tuple[Any, ...]:
    return *(tuple(said.get(name, ())) for name in _MORE[:3]), *(said.get(name, 0.0) for name in _MORE[3:])


def past_to_text(past: Past) -> str | None:
    """What of its course still counts, as it lies in the row."""
    if past == NOTHING:
        return None
    return json.dumps({name: value for name, value in past._asdict().items() if value})


@lru_cache(maxsize=4096)
def past_from_text(text: str) -> tuple[Any, ...]:
    """The plain values of a past again; `Corrupt` for what is none."""
    try:
        said = json.loads(text)
        past = Past(**{**said, "had": tuple(said.get("had", ()))})
    except (ValueError, TypeError, AttributeError, RecursionError):
        past = Past(asked=-1)
    good = (
        (past.resumes is None or CLOCKS.get(past.resumes) in HOLDERS)
        and _is_limit(past.spent)
        and isinstance(past.asked, int)
        and past.asked >= 0
        and all(isinstance(each, str) for each in past.had)
        and (past.parent is None or _is_id(past.parent))
    )
    if not good:
        msg = "past"
        raise Corrupt(msg)
    return tuple(past)


def _is_id(value: Any) -> bool:
    try:
        return bool(str(UUID(value)) == value)
    except (ValueError, TypeError, AttributeError):
        return False


def _is_limit(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value < _LATEST


@lru_cache(maxsize=4096)
def _known(text: str) -> tuple[Terms, int]:
    terms = terms_from_text(text)
    return terms, number_of(terms)


def _micros(since: float) -> int:
    # The product would be rounded where it falls between two floats, half a microsecond apart from the year 2100 on.
    whole = int(since)
    return whole * _MICROS + round((since - whole) * _MICROS)


def fold_row(row: Any) -> tuple[Folded, float | None]:
    """The state in a row of `open_with_deadline` and its like, folded, and its next tick in seconds since 1970.

    That is its deadline, or an earlier moment when its holder is to be told something. It is reckoned from the state,
    which decides: the row's own deadline is there to be found by. Raises `Corrupt`.
    """
    report_id, privacy, category, reporter, text, status, level, version, since, told, past, assignee = row[:12]
    terms, number = _known(text)
    clock = CLOCKS.get(status)
    wrong = (
        "status" if clock is None and status not in ENDS
        else "level" if not 0 <= level < len(terms.ladder)
        else "version" if version < 1
        else "told" if told < 0
        else "privacy" if privacy not in _PRIVACIES
        else "time" if not -_LATEST < since < _LATEST  # infinite ones are refused by this as well
        else None
    )  # fmt: skip
    if wrong is not None:
        raise Corrupt(wrong)
    folded: Folded = (number, status, level, version, _micros(since), privacy, category, reporter, told)
    if past is not None or assignee is not None:
        folded = (*folded, () if past is None else past_from_text(past), assignee)
    if (clock == "answer") != (past is not None and folded[9][0] is not None):
        msg = "past"
        raise Corrupt(msg)
    if past is not None or not terms.plain or clock not in HOLDERS:
        return folded, _tick(unfold_state(report_id, folded))
    if level + 1 >= len(terms.ladder):
        return folded, None
    limits = terms.respond_within if clock == "respond" else terms.resolve_within
    return folded, since + limits[min(level, len(limits) - 1)]


def _tick(state: ReportState) -> float | None:
    try:
        tick = tick_at(state)
    except ValueError:
        msg = "limits"  # they end after the last year that the calendar knows
        raise Corrupt(msg) from None
    return None if tick is None else tick.timestamp()


def state_of(row: Any) -> ReportState:
    """The state in such a row. Raises `Corrupt`."""
    return unfold_state(row[0], fold_row(row)[0])


def seconds_until(due_at: float | None, now: datetime) -> float | None:
    """How long a timer for that deadline sleeps; never less than nothing."""
    return None if due_at is None else max(0.0, due_at - now.timestamp())
