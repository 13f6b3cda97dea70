"""Pages of reports, and the cursors between them: a time and an id, so that a page holds whatever changes meanwhile."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from jagawarga.errors import Invalid
from jagawarga.reports.messages import Page
from jagawarga.reports.store import NEWEST, OLDEST

if TYPE_CHECKING:
    from jagawarga.reports.store import Listed

MOST: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_DEADLINE: Final = _EPOCH + timedelta(days=365 * 7500)
"""The place in a queue of what has none: behind every deadline there can be."""


def within(limit: int) -> int:
    """A length that a page may have."""
    return max(1, min(limit, MOST))


def page_of(lines: list[Listed], limit: int) -> Page:
    """What can be read of the lines; what can not leaves a page shorter, and the next one where it begins."""
    items = tuple(line.view for line in lines[:limit] if line.view is not None)
    return Page(items, _cursor(lines[limit - 1]) if len(lines) > limit else None)


def _cursor(last: Listed) -> str:
    assert last.at is not None
    return _written(last.at, last.report_id)


def after(cursor: str | None) -> tuple[Any, ...]:
    """Behind which report to go on, from new to old; `Invalid` for a cursor that is none of ours."""
    return NEWEST if cursor is None else _read_cursor(cursor)


def queue_cursor(last: Listed) -> str:
    """The cursor behind a line of a queue."""
    if last.at is None:
        assert last.since is not None
        return _written(_NO_DEADLINE + (last.since - _EPOCH), last.report_id)
    return _written(last.at, last.report_id)


def queue_after(cursor: str | None) -> tuple[tuple[datetime, UUID] | None, tuple[datetime, UUID]]:
    """Behind which deadline to go on, and behind which report without one."""
    if cursor is None:
        return OLDEST, OLDEST
    at, report_id = _read_cursor(cursor)
    return (None, (_EPOCH + (at - _NO_DEADLINE), report_id)) if at >= _NO_DEADLINE else ((at, report_id), OLDEST)


def _written(at: datetime, report_id: UUID) -> str:
    micros = (at - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(micros.to_bytes(8) + report_id.bytes).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        micros, report_id = int.from_bytes(raw[:8]), UUID(bytes=raw[8:])
        return _EPOCH + timedelta(microseconds=micros), report_id
    except (ValueError, OverflowError, binascii.Error):
        msg = "not a cursor of ours"
        raise Invalid(msg, fields={"cursor": msg}) from None
