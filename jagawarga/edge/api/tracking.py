"""The holder of a tracking code, who is nobody to us: the code is in a header, never in a URL.

Guessing is slow (a failure takes at least the floor, whatever the cause), narrow (so many at once) and short (so many
from one address). A code of the wrong shape and a wrong code are one answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio

from jagawarga.edge import shapes, views
from jagawarga.edge.bodies import WRONG, NoQuery
from jagawarga.edge.guard import TOO_OFTEN
from jagawarga.edge.routing import Answer, Ask, Route, Says
from jagawarga.errors import Invalid, NotFound, TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HEADER = "Tracking-Code"
MAX_CODE = 128


async def track(ask: Ask[NoQuery, None]) -> Answer:
    """Show how the report behind a tracking code stands."""

    async def look(code: str) -> Answer:
        return Answer(views.progress(await ask.doors.reports.track(code)))

    return await with_code(ask, look)


async def with_code(ask: Ask[Any, Any], do: Callable[[str], Awaitable[Answer]]) -> Answer:
    """Do something with the tracking code of the request, as slowly, narrowly and seldom as guessing has to be."""
    code = ask.header(HEADER)
    if code is None:
        raise Invalid(WRONG, fields={HEADER: "must be given as a header"})
    try:
        with ask.guard.tracking_place():
            return await _known(ask, code.strip(), do)
    except trio.WouldBlock:
        raise TooManyRequests(TOO_OFTEN, retry_after=1.0) from None


async def _known(ask: Ask[Any, Any], code: str, do: Callable[[str], Awaitable[Answer]]) -> Answer:
    try:
        if 0 < len(code) <= MAX_CODE:
            return await do(code)
    except NotFound:
        pass  # one answer with a code of the wrong shape, below
    # Wrong codes alone are counted: whoever shares an address with somebody who guesses still gets an answer to a right
    # one, which nobody finds by guessing. So many places at once, each taken for the floor, bound those in parallel.
    ask.guard.allow("tracking", ask.address)
    await trio.sleep_until(ask.started + ask.limits.tracking_floor_seconds)
    msg = "no such tracking code"
    raise NotFound(msg)


ROUTES = (Route("GET", "/v1/tracking", track, answers=(Says(200, shapes.Progress),), refuses=("not-found",)),)
