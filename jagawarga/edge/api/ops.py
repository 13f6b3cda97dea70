"""What watches the process: is it alive, is it ready, how does it do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.edge.routing import Answer, Ask, Route

if TYPE_CHECKING:
    from jagawarga.edge.bodies import NoQuery

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
OK = "ok"


async def healthz(ask: Ask[NoQuery, None]) -> Answer:
    """Answer while the process lives."""
    del ask
    return Answer({"status": OK})


async def readyz(ask: Ask[NoQuery, None]) -> Answer:
    """Answer 200 when every component is ready, 503 with the state of each when one is not."""
    components = dict(ask.doors.health())
    ready = all(state == OK for state in components.values())
    headers = {} if ready else {"Retry-After": "1"}
    content = {"status": OK if ready else "unavailable", "components": components}
    return Answer(content, 200 if ready else 503, headers=headers)


async def metrics(ask: Ask[NoQuery, None]) -> Answer:
    """Show the metrics in Prometheus's text format."""
    return Answer(ask.doors.metrics(), content_type=PROMETHEUS)


ROUTES = (
    Route("GET", "/healthz", healthz, exempt=True),
    Route("GET", "/readyz", readyz, exempt=True),
    Route("GET", "/metrics", metrics, exempt=True, produces="text/plain"),
)
