"""The holder of a tracking code, who is nobody to us: the code is in a header, never in a URL.

Guessing is slow (a failure takes at least the floor, whatever the cause), narrow (so many at once) and short (so many
from one address). A code of the wrong shape and a wrong code are one answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from jagawarga.edge import views
from jagawarga.edge.bodies import WRONG, NoQuery
from jagawarga.edge.guard import TOO_OFTEN
from jagawarga.edge.routing import Answer, Ask, Route
from jagawarga.errors import Invalid, NotFound, TooManyRequests, Unavailable
from supervisors import CallError

if TYPE_CHECKING:
    from jagawarga.reports.messages import ReportView

HEADER = "Tracking-Code"
MAX_CODE = 128


async def track(ask: Ask[NoQuery, None]) -> Answer:
    """Show how the report behind a tracking code stands."""
    code = ask.header(HEADER)
    if code is None:
        raise Invalid(WRONG, fields={HEADER: "must be given as a header"})
    # Charged before the look-up and given back after a success, so that guesses in parallel can not slip through.
    ask.guard.allow("tracking", ask.address)
    try:
        with ask.guard.tracking_place():
            report = await _look_up(ask, code.strip())
    except trio.WouldBlock:
        raise TooManyRequests(TOO_OFTEN, retry_after=1.0) from None
    except (Unavailable, CallError):
        # Our failure and not a guess. A client that hangs up gets nothing back: it may have learned by waiting.
        ask.guard.forgive("tracking", ask.address)
        raise
    ask.guard.forgive("tracking", ask.address)
    return Answer(views.progress(report))


async def _look_up(ask: Ask[NoQuery, None], code: str) -> ReportView:
    try:
        if 0 < len(code) <= MAX_CODE:
            return await ask.doors.reports.track(code)
    except (NotFound, Invalid):
        pass  # one answer for both, below
    await trio.sleep_until(ask.started + ask.limits.tracking_floor_seconds)
    msg = "no such tracking code"
    raise NotFound(msg)


ROUTES = (Route("GET", "/v1/tracking", track),)
