"""What watches the process: is it alive, is it ready, how does it do."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from jagawarga.edge import shapes
from jagawarga.edge.routing import Answer, Ask, Route, Says
from jagawarga.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network, IPv6Network

    from jagawarga.edge.bodies import NoQuery

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
OK = "ok"
FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")
"""What proxies say of whom they ask for."""


async def healthz(ask: Ask[NoQuery, None]) -> Answer:
    """Answer while the process lives."""
    del ask
    shown: shapes.Health = {"status": "ok"}
    return Answer(shown)


async def readyz(ask: Ask[NoQuery, None]) -> Answer:
    """Answer 200 when every component is ready, 503 with the state of each when one is not."""
    components = dict(ask.doors.health())
    ready = all(state == OK for state in components.values())
    headers = {} if ready else {"Retry-After": "1"}
    shown: shapes.Readiness = {"status": "ok" if ready else "unavailable", "components": components}
    return Answer(shown, 200 if ready else 503, headers=headers)


async def metrics(ask: Ask[NoQuery, None]) -> Answer:
    """Show the metrics in Prometheus's text format, to the networks that may know.

    Whoever sees a counter move and sees a network as well can tell who filed: so it is not for everybody, and a proxy
    does not pass it on.
    """
    if any(ask.header(name) is not None for name in FORWARDED) or not _is_of(ask.address, ask.limits.metrics_networks):
        msg = "there is nothing here that you may see"
        raise NotFound(msg)
    return Answer(ask.doors.metrics(), content_type=PROMETHEUS)


def _is_of(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    try:
        # Of IPv6 it is a network itself, and a loopback address becomes one.
        known = ip_network(address, strict=False)
    except ValueError:
        return False
    return any(known.version == each.version and known.overlaps(each) for each in networks)


ROUTES = (
    Route("GET", "/healthz", healthz, exempt=True, answers=(Says(200, shapes.Health),)),
    Route(
        "GET", "/readyz", readyz, exempt=True,
        answers=(
            Says(200, shapes.Readiness), Says(503, shapes.Readiness, "A component is not ready.", ("Retry-After",)),
        ),
    ),
    Route(
        "GET", "/metrics", metrics, exempt=True,
        answers=(Says(200, str, produces=("text/plain",)),), refuses=("not-found",),
    ),
)  # fmt: skip
