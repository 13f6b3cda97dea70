"""The traffic: submissions as the course has them; beside them, always alike, look-ups and the agencies' work.

Every latency counts from the moment the request was meant to be sent, so that a server (or a generator) that is late
can not hide it (no coordinated omission).
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import trio

from scripts.bench.load_rows.wire import NoAnswer, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from scripts.bench.load_rows.arrivals import Course

READS = {"track": 0.25, "list": 0.15, "step": 0.1}
"""Look-ups, lists and steps for each submission of the steady rate."""
NAMED = {201: "201", 202: "202", 429: "429", 503: "503"}
REMEMBERED = 2_000


@dataclass(frozen=True, slots=True)
class Seen:
    """One request: when it was meant to go, how long it took, and the class of its answer."""

    kind: str
    at: float
    seconds: float
    answer: str


@dataclass(slots=True)
class Traffic:
    """What is sent, and what is known of it."""

    wire: Wire
    """For submissions; the others have connections of their own, as the people behind them have."""
    calm: Wire
    citizens: list[str]
    officers: list[str]
    bodies: list[bytes]
    rng: Random
    seen: list[Seen] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    later_unsaid: int = 0
    """Answers that said "later" but not when."""
    _recent: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    async def run(self, course: Course, units: Iterator[float], rate: float) -> None:
        """Send everything at its time, and wait for the last answers."""
        begun = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._submissions, begun, course, units, nursery)
            for kind, share in READS.items():
                nursery.start_soon(self._others, begun, kind, rate * share, course.seconds, nursery)

    async def _submissions(self, begun: float, course: Course, units: Iterator[float], nursery: trio.Nursery) -> None:
        for number, at in enumerate(course.times(units)):
            await trio.sleep_until(begun + at)
            nursery.start_soon(self._submit, begun, at, number)

    async def _others(self, begun: float, kind: str, rate: float, seconds: float, nursery: trio.Nursery) -> None:
        for number in range(int(rate * seconds)):
            at = number / rate
            await trio.sleep_until(begun + at)
            nursery.start_soon(self._read, begun, at, kind)

    async def _submit(self, begun: float, at: float, number: int) -> None:
        headers = self.citizens[number % len(self.citizens)]
        said = await self._ask(
            begun, at, "submit", "POST", "/v1/reports", headers, self.bodies[number % len(self.bodies)]
        )
        if said is not None and "tracking_code" in said:
            self.codes.append(said["tracking_code"])

    async def _read(self, begun: float, at: float, kind: str) -> None:
        officer = self.rng.choice(self.officers)
        if kind == "track" and self.codes:
            code = self.codes[-1 - self.rng.randrange(min(len(self.codes), REMEMBERED))]
            await self._ask(begun, at, kind, "GET", "/v1/tracking", f"Tracking-Code: {code}\r\n")
        elif kind == "list":
            path = "/v1/agency/reports?status=received&limit=20"
            said = await self._ask(begun, at, kind, "GET", path, officer)
            for item in (said or {}).get("items", ()):
                self._recent.append((officer, item["report_id"]))
        elif kind == "step" and self._recent:
            who, report_id = self._recent.pop()
            await self._ask(begun, at, kind, "POST", f"/v1/agency/reports/{report_id}/acknowledge", who, b"{}")

    async def _ask(
        self, begun: float, at: float, kind: str, method: str, path: str, headers: str, body: bytes = b""
    ) -> dict[str, Any] | None:
        said = None
        try:
            wire = self.wire if kind == "submit" else self.calm
            status, said = await wire.ask(method, path, headers, body)
            answer = NAMED.get(status, f"{status // 100}xx")
        except NoAnswer:
            answer = "none"
        self.seen.append(Seen(kind, at, trio.current_time() - begun - at, answer))
        return said


async def sign_in(wire: Wire, username: str, password: str) -> str:
    """Open a session; return the header that shows it."""
    body = json.dumps({"username": username, "password": password}).encode()
    status, said = await wire.ask("POST", "/v1/sessions", "", body)
    if status != 201:
        msg = f"signing in was answered with {status}"
        raise RuntimeError(msg)
    return f"Authorization: Bearer {said['access_token']}\r\n"


async def lost(wire: Wire, codes: list[str]) -> int:
    """Look every code up; return how many find no report although one was promised."""
    missing = 0
    left = iter(codes)

    async def look() -> None:
        nonlocal missing
        for code in left:
            missing += not await _found(wire, code)

    async with trio.open_nursery() as nursery:
        for _ in range(16):
            nursery.start_soon(look)
    return missing


async def _found(wire: Wire, code: str) -> bool:
    for _ in range(20):
        try:
            status, _ = await wire.ask("GET", "/v1/tracking", f"Tracking-Code: {code}\r\n")
        except NoAnswer:
            status = 0
        if status in {200, 404}:
            return status == 200
        await trio.sleep(0.5)
    return False
