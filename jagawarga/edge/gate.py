"""The gate: asked about each submission before its body is read and before the framework has seen it.

Everything else passes: reading, tracking and the agencies' work keep their share while submissions surge.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import trio

from jagawarga.edge.problems import PROBLEM_JSON, Problem, encode
from jagawarga.plumbing.telemetry import ADMISSION_LIMIT, ADMISSION_WAIT, ADMISSIONS
from supervisors import Actor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jagawarga.edge.admission import Admission

PATH: Final = "/v1/reports"
FULL: Final = "More reports arrive than can be stored now; come back after the seconds in `Retry-After`."
LOOK_EVERY: Final = 0.1
_LOOK: Final = "look"
_PACE: Final = 201
"""The one answer that tells how fast reports are stored: 202 comes from the broker, the others from before."""


class Gate:
    """An ASGI application in front of another."""

    def __init__(self, app: Any, admission: Admission) -> None:
        self.app = app
        self.admission = admission

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """Pass a request on, or answer it with 503 when it is a submission too many; then nothing was done."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != PATH:
            await self.app(scope, receive, send)
            return
        place = self.admission.enter(trio.current_time())
        if place is None:
            ADMISSIONS.labels("shed").inc()
            await self._turn_away(send)
            return
        ADMISSIONS.labels("admitted").inc()
        status = 0

        async def watched(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            self.admission.leave(place, trio.current_time(), counts=status == _PACE)

    async def _turn_away(self, send: Callable[[Any], Awaitable[None]]) -> None:
        wait = self.admission.retry_after(random.random())  # noqa: S311 - jitter, not a secret
        body = encode(Problem(503, "overloaded", FULL).body(f"urn:uuid:{uuid4()}"))
        headers = [
            (b"content-type", PROBLEM_JSON.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"retry-after", str(wait).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


class Lookout(Actor):
    """Tells the admission how late the loop is, and the operator how the admission stands."""

    def init(self, admission: Admission) -> None:
        """Begin to look."""
        self.admission = admission
        self._expect()

    def handle_info(self, message: Any) -> None:
        """Compare the time with what it should be."""
        if message != _LOOK:
            return
        now = trio.current_time()
        self.admission.lagged(now, max(0.0, now - self.due))
        ADMISSION_LIMIT.set(self.admission.limit)
        ADMISSION_WAIT.set(self.admission.estimated_wait)
        self._expect()

    def describe(self) -> dict[str, Any]:
        """How many are let in."""
        return self.admission.facts()

    def _expect(self) -> None:
        self.due = trio.current_time() + LOOK_EVERY
        self.send_after(LOOK_EVERY, _LOOK)
