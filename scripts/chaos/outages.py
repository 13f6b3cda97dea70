"""When a part was away: what nobody can act through, and so what lateness is measured beyond. Pure but for `watch`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import trio

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.chaos.stage import Stage

LOOK_EVERY = 0.1
HOUSE = "house"


def wall_clock() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


class Outages:
    """Intervals by component, in the time of the house's own clock."""

    def __init__(self, clock: Callable[[], datetime] = wall_clock) -> None:
        self.clock = clock
        self.over: list[tuple[str, datetime, datetime]] = []
        self._open: dict[str, datetime] = {}

    def begin(self, component: str, since: datetime | None = None) -> None:
        """Note that the component is away, from now or from `since` on."""
        self._open.setdefault(component, since or self.clock())

    def end(self, component: str) -> None:
        """Note that it serves."""
        since = self._open.pop(component, None)
        if since is not None:
            self.over.append((component, since, self.clock()))

    def away(self, component: str) -> bool:
        """Tell whether it is away now."""
        return component in self._open

    def close(self) -> None:
        """End what is still open: nobody will tell."""
        for component in list(self._open):
            self.end(component)

    def within(self, begin: datetime, end: datetime) -> timedelta:
        """Sum up how long anything was away between two moments; times when several were count once."""
        found, reached = timedelta(0), begin
        for since, until in sorted((since, until) for _, since, until in self.over):
            first, last = max(since, reached), min(until, end)
            if last > first:
                found += last - first
                reached = last
        return found

    def seconds(self) -> dict[str, float]:
        """Sum up by component."""
        sums: dict[str, float] = {}
        for component, since, until in self.over:
            sums[component] = sums.get(component, 0.0) + (until - since).total_seconds()
        return {component: round(seconds, 2) for component, seconds in sums.items()}


async def watch(stage: Stage, outages: Outages) -> None:
    """Look at the house and its servers for ever, and note when they are away. A strike may have noted it before."""
    good: dict[str, datetime] = {}
    async with httpx.AsyncClient(base_url=stage.url, timeout=2.0, trust_env=False) as http:

        async def house() -> bool:
            return (await http.get("/healthz")).is_success

        while True:
            for component, probe in {HOUSE: house, **stage.probes()}.items():
                now = outages.clock()
                try:
                    serves = await probe()
                except (OSError, httpx.TransportError):
                    serves = False
                if serves:
                    good[component] = now
                    outages.end(component)
                else:
                    outages.begin(component, good.get(component, now))
            await trio.sleep(LOOK_EVERY)
