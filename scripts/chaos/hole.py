"""A network that swallows everything: loopback proxies before servers of the trial's own."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import trio

from jagawarga.backup.servers import serving
from jagawarga.embedded.directory import DataDirectory
from jagawarga.embedded.sockets import SOCKET_NAME
from scripts.chaos.outages import wall_clock
from scripts.chaos.stage import own_stage
from scripts.chaos.trial import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from scripts.chaos.stage import Stage
    from scripts.chaos.trial import Run

LOOPBACK = "127.0.0.1"
CHUNK = 65_536


class Proxy:
    """Passes connections on; while it is a hole it takes everything and passes on nothing, new connections included."""

    def __init__(self, target: Callable[[], Awaitable[trio.SocketStream]]) -> None:
        self.target = target
        self.port = 0
        self._open = trio.Event()
        self._open.set()
        self._connections: set[trio.CancelScope] = set()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            listeners = await trio.open_tcp_listeners(0, host=LOOPBACK)
            self.port = listeners[0].socket.getsockname()[1]
            task_status.started()
            await trio.serve_listeners(self._connect, listeners, handler_nursery=nursery)

    def swallow(self) -> None:
        """Become a hole."""
        if self._open.is_set():
            self._open = trio.Event()

    def pass_on(self, *, cut: bool) -> None:
        """Be a proxy again; what was under way goes on, or is cut off."""
        if cut:
            for scope in list(self._connections):
                scope.cancel()
        self._open.set()

    async def _connect(self, client: trio.SocketStream) -> None:
        with trio.CancelScope() as scope:
            self._connections.add(scope)
            try:
                async with client:
                    await self._open.wait()
                    with suppress(OSError, trio.BrokenResourceError, trio.ClosedResourceError):
                        async with await self.target() as server, trio.open_nursery() as nursery:
                            nursery.start_soon(self._pump, client, server, nursery.cancel_scope)
                            nursery.start_soon(self._pump, server, client, nursery.cancel_scope)
            finally:
                self._connections.discard(scope)

    async def _pump(self, source: trio.SocketStream, sink: trio.SocketStream, both: trio.CancelScope) -> None:
        with suppress(OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            while chunk := await source.receive_some(CHUNK):
                await self._open.wait()
                await sink.send_all(chunk)
        both.cancel()


class Hole:
    """The way to the database, to the broker or to both becomes a hole for seconds at a time."""

    name = "hole"
    breaks = "lets the network to database, broker or both swallow everything without a word"
    clock = staticmethod(wall_clock)

    def __init__(self) -> None:
        self.ways: dict[str, Proxy] = {}

    @asynccontextmanager
    async def setting(self) -> AsyncIterator[Stage]:
        """Servers, proxies before them, and a house that knows the proxies only."""
        place = Path(tempfile.mkdtemp(prefix="jagawarga-chaos-servers-"))
        directory = DataDirectory.open(place / "var")
        try:
            async with serving(directory) as addresses, trio.open_nursery() as nursery:
                database, broker = urlsplit(addresses.database), urlsplit(addresses.broker)
                path = Path(parse_qs(database.query)["host"][0]) / SOCKET_NAME
                self.ways = {
                    "database": Proxy(partial(trio.open_unix_socket, str(path))),
                    "broker": Proxy(partial(trio.open_tcp_stream, LOOPBACK, broker.port or 0)),
                }
                for way in self.ways.values():
                    await nursery.start(way.run)
                ports = {name: way.port for name, way in self.ways.items()}
                environment = {
                    **ENVIRONMENT,
                    "JAGAWARGA_DATABASE_URL": (
                        f"postgresql://{database.username}:{database.password}@{LOOPBACK}:{ports['database']}"
                        f"{database.path}"
                    ),
                    "JAGAWARGA_NATS_URL": f"nats://{broker.username}:{broker.password}@{LOOPBACK}:{ports['broker']}",
                }
                async with own_stage("chaos-hole", environment) as stage:
                    yield stage
                nursery.cancel_scope.cancel()
        finally:
            directory.close()
            shutil.rmtree(place, ignore_errors=True)

    async def strike(self, run: Run, seconds: float) -> None:
        """Open holes one after another."""
        end = trio.current_time() + seconds
        while trio.current_time() < end:
            await trio.sleep(run.rng.uniform(0.5, 2.5))
            chosen = run.rng.choice((("database",), ("broker",), ("database", "broker")))
            cut = run.rng.random() < 0.5
            run.toll.note("hole, then cut" if cut else "hole, then on", ", ".join(chosen))
            for name in chosen:
                run.outages.begin(name)
                self.ways[name].swallow()
            try:
                await trio.sleep(run.rng.uniform(0.5, 6.0))
            finally:
                for name in chosen:
                    self.ways[name].pass_on(cut=cut)
                    run.outages.end(name)
