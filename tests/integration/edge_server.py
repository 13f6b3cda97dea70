"""A real edge on a free port for the tests: the front, the fakes behind it, and a raw client.

Whatever is answered is held against the document of the API.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import trio

from jagawarga.edge.gate import Gate
from jagawarga.edge.limits import EdgeLimits
from jagawarga.edge.server import Front
from jagawarga.edge.site import build_site
from tests.conformance import held
from tests.edge_doors import House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jagawarga.edge.admission import Admission

CITIZEN = {"Authorization": "Bearer citizen-token"}
OTHER_CITIZEN = {"Authorization": "Bearer other-citizen-token"}
OFFICER = {"Authorization": "Bearer officer-token"}
OPERATOR = {"Authorization": "Bearer operator-token"}
HEAD = {"Authorization": "Bearer head-token"}
EXECUTIVE = {"Authorization": "Bearer executive-token"}
AUDITOR = {"Authorization": "Bearer auditor-token"}


@dataclass
class Edge:
    """The running edge; `kill` cancels its task as a supervisor's kill does."""

    house: House
    front: Front
    scope: trio.CancelScope
    client: httpx.AsyncClient
    streams: list[trio.SocketStream] = field(default_factory=list)

    async def connect(self) -> trio.SocketStream:
        """Open a raw connection, closed after the test."""
        self.streams.append(await trio.open_tcp_stream("127.0.0.1", self.front.port))
        return self.streams[-1]

    def kill(self) -> None:
        self.scope.cancel()


@asynccontextmanager
async def edge(*, admission: Admission | None = None, **limits: Any) -> AsyncIterator[Edge]:
    """Run an edge for the block."""
    house = House()
    bounds = EdgeLimits(**({"tracking_floor_seconds": 0.05} | limits))
    site = build_site(house.doors(), bounds)
    if admission is None:
        front = Front(site, "127.0.0.1", 0, bounds)
    else:
        gate = Gate(site, admission)
        front = Front(gate, "127.0.0.1", 0, bounds, gate.at_the_door)
    async with trio.open_nursery() as nursery:
        scope = trio.CancelScope()
        await nursery.start(serve, front, scope)
        url, hooks = f"http://127.0.0.1:{front.port}", {"response": [held]}
        async with httpx.AsyncClient(base_url=url, timeout=10, event_hooks=hooks) as client:
            running = Edge(house, front, scope, client)
            try:
                yield running
            finally:
                for stream in running.streams:
                    await trio.aclose_forcefully(stream)
                front.close()
                nursery.cancel_scope.cancel()


async def serve(front: Front, scope: trio.CancelScope, task_status: trio.TaskStatus[None]) -> None:
    with scope:
        await front.serve(task_status.started)


async def read_all(stream: trio.SocketStream, within: float = 5.0) -> bytes:
    """Read until the server ends the connection."""
    parts = []
    with trio.fail_after(within):
        try:
            while part := await stream.receive_some():
                parts.append(part)
        except trio.BrokenResourceError:
            parts.append(b"<reset>")
    return b"".join(parts)


async def read_until(stream: trio.SocketStream, mark: bytes, within: float = 5.0) -> bytes:
    """Read until `mark` has come."""
    data = b""
    with trio.fail_after(within):
        while mark not in data:
            part = await stream.receive_some()
            assert part, f"ended before {mark!r}: {data!r}"
            data += part
    return data


async def until(condition: Any, within: float = 5.0) -> None:
    """Wait until `condition()` holds."""
    with trio.fail_after(within):
        while not condition():
            await trio.sleep(0.005)
