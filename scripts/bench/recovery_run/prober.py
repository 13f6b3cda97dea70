"""Somebody who asks all the while: looks up, files and lists, each at a steady pace whatever the answers do."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import trio

if TYPE_CHECKING:
    from collections.abc import Sequence

PACE = 10.0
"""Requests a second of each kind."""
TIMEOUT = 20.0
REPORT = {
    "privacy": "private",
    "category": "lampu-jalan",
    "text": "Lampu jalan padam di depan pos ronda sejak kemarin malam.",
    "address": "Jalan Raya Darmo",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One request: when it was sent, for how long it waited, what came; 0 for nothing at all."""

    kind: str
    at: float
    seconds: float
    status: int


@dataclass(slots=True)
class Prober:
    """Asks from its start on; what happens before the first answer is a server that is not there yet."""

    url: str
    codes: Sequence[str]
    citizen: dict[str, str]
    officer: dict[str, str]
    category: str
    first: float | None = None
    answers: list[Answer] = field(default_factory=list)

    async def run(self) -> None:
        """Ask until cancelled."""
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
        async with (
            httpx.AsyncClient(base_url=self.url, timeout=TIMEOUT, limits=limits, trust_env=False) as client,
            trio.open_nursery() as nursery,
        ):
            for kind in ("track", "file", "list"):
                nursery.start_soon(self._keep_asking, client, kind)

    async def _keep_asking(self, client: httpx.AsyncClient, kind: str) -> None:
        async with trio.open_nursery() as nursery:
            next_at = trio.current_time()
            while True:
                nursery.start_soon(self._ask, client, kind)
                next_at += 1 / PACE
                await trio.sleep_until(next_at)

    async def _ask(self, client: httpx.AsyncClient, kind: str) -> None:
        began = trio.current_time()
        try:
            answer = await self._send(client, kind)
            status = answer.status_code
        except httpx.TransportError:
            status = 0
        now = trio.current_time()
        if self.first is None:
            if status == 0:
                return
            self.first = now
        if began >= self.first:
            self.answers.append(Answer(kind, began, now - began, status))

    async def _send(self, client: httpx.AsyncClient, kind: str) -> httpx.Response:
        match kind:
            case "track":
                return await client.get("/v1/tracking", headers={"Tracking-Code": random.choice(self.codes)})
            case "file":
                return await client.post("/v1/reports", json=REPORT | {"category": self.category}, headers=self.citizen)
        return await client.get("/v1/agency/reports", params={"limit": 20}, headers=self.officer)

    def summary(self, until: float) -> dict[str, Any]:
        """Latencies and failures of what was asked up to a moment."""
        asked = [each for each in self.answers if each.at <= until]
        kinds = {kind: [each for each in asked if each.kind == kind] for kind in ("track", "file", "list")}
        return {"all": _figures(asked)} | {kind: _figures(of_kind) for kind, of_kind in kinds.items()}


def _figures(answers: Sequence[Answer]) -> dict[str, Any]:
    seconds = sorted(each.seconds for each in answers)
    good = sum(each.status in {200, 201} for each in answers)
    waiting = sum(each.status == httpx.codes.ACCEPTED for each in answers)
    return {
        "requests": len(answers),
        "waiting_202": waiting,
        "failed": len(answers) - good - waiting,
        "p50_ms": _quantile(seconds, 0.5),
        "p99_ms": _quantile(seconds, 0.99),
        "max_ms": _quantile(seconds, 1.0),
    }


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 1)
