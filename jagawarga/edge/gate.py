"""The gate: asked about each submission before its body is read and before the framework has seen it.

Everything else passes: reading, tracking and the agencies' work keep their share while submissions surge.
"""

from __future__ import annotations

import random
import re
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
_SUBMISSION: Final = f"POST {PATH} HTTP/1.1\r\n".encode()
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d{1,9}) *(?=\r|$)", re.IGNORECASE)
_UNUSUAL: Final = re.compile(rb"\r\n(?:connection|transfer-encoding|expect|upgrade) *:", re.IGNORECASE)
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

    def at_the_door(self, data: bytes) -> bytes | None:
        """Give the answer to what a connection has just received, when that is one whole submission too many.

        Parsing it and making a task for it would cost ten times the refusal: under a surge all others waited for that.
        Whatever is not plainly such a request goes the usual way, and `None` says so.
        """
        if not data.startswith(_SUBMISSION):
            return None
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = _LENGTH.findall(head)
        if len(lengths) != 1 or int(lengths[0]) != len(body) or _UNUSUAL.search(head):
            return None
        if not self.admission.turns_away(trio.current_time()):
            return None
        ADMISSIONS.labels("shed").inc()
        headers, body = self._refusal()
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        return b"HTTP/1.1 503 \r\n" + lines + b"\r\n" + body

    def _refusal(self) -> tuple[list[tuple[bytes, bytes]], bytes]:
        wait = self.admission.retry_after(random.random())  # noqa: S311 - jitter, not a secret
        body = encode(Problem(503, "overloaded", FULL).body(f"urn:uuid:{uuid4()}"))
        headers = [
            (b"content-type", PROBLEM_JSON.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"retry-after", str(wait).encode()),
            (b"cache-control", b"no-store"),
        ]
        return headers, body

    async def _turn_away(self, send: Callable[[Any], Awaitable[None]]) -> None:
        headers, body = self._refusal()
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
