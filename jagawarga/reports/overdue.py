"""Having what is overdue climb, wherever its actor is: awake, asleep, or not there yet."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import trio

from jagawarga.errors import Corrupt, Unavailable
from jagawarga.reports.rows import fold_row, state_of
from jagawarga.reports.store import OLDEST

if TYPE_CHECKING:
    from datetime import datetime

    from jagawarga.reports.actor import Crew

PAGE: Final = 2_000
SLICE: Final = 100
FIRST: Final = UUID(int=0)


async def escalate_due(crew: Crew, until: datetime) -> int:
    """See to every open report with a deadline up to `until`, the most urgent first; returns how many could be read.

    An actor that is there is told to look at the clock, another is started. Whoever was seen to may still be writing
    when this returns, but never many of them: we stand in the same line. Asked for twice at a time, it is done one
    after the other. Raises `Unavailable`, also when an actor could not be started; the others have been seen to then.
    """
    async with crew.overdue:
        return await _escalate_due(crew, until)


async def _escalate_due(crew: Crew, until: datetime) -> int:
    after = OLDEST
    seen = refused = 0
    while page := await crew.store.due_page(after, until, PAGE):
        for begin in range(0, len(page), SLICE):
            results = [_hurry(crew, row) for row in page[begin : begin + SLICE]]
            seen += len(results) - results.count(None)
            refused += results.count(False)
            # Behind all those we have just set going.
            async with crew.gate:
                pass
        after = (page[-1]["due_at"], page[-1]["report_id"])
    if refused:
        msg = "some actors can not be started"
        raise Unavailable(msg)
    return seen


async def remind_due(crew: Crew, now: datetime) -> int:
    """Have every open report look at the clock whose notice is due by `now`, when timers lie; returns how many.

    Their deadlines are found by an index, notices are not: all open reports are gone through, as at a start.
    """
    after, found = FIRST, 0
    until = now.timestamp()
    while page := await crew.store.open_page(after, PAGE):
        for begin in range(0, len(page), SLICE):
            for row in page[begin : begin + SLICE]:
                with suppress(Corrupt):  # in quarantine, or soon
                    tick = fold_row(row)[1]
                    if tick is not None and tick <= until:
                        found += crew.directory.look(row["report_id"])
            async with crew.gate:
                pass
            await trio.lowlevel.checkpoint()
        after = page[-1]["report_id"]
    return found


def _hurry(crew: Crew, row: Any) -> bool | None:
    """True if an actor sees to it, False if there can be none now, `None` for a row that can not be read."""
    report_id = row["report_id"]
    if report_id in crew.quarantine:
        return None  # it is looked at again in its own time
    if crew.directory.look(report_id):
        return True
    try:
        state = state_of(row)
    except Corrupt as error:
        crew.quarantine.add(report_id, error)
        return None
    return crew.directory.start(report_id, state)
