"""The HTTP front: one supervised task that accepts connections, and the way to drain it.

`Front.serve` is the body of the task. Cancelled (killed), it closes every connection at once; the listening socket
stays open in `Front`, so that a restarted task goes on where clients already wait in the backlog. An orderly stop
drains first: `Drain`, a sibling started after the task and therefore stopped before it, does that in its `terminate`.
"""

from __future__ import annotations

import errno
from collections import Counter
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING

import structlog
import trio
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext

from jagawarga.edge.binding import open_socket
from jagawarga.edge.connection import AtTheDoor, Connection, goes_in
from jagawarga.edge.descriptors import room_for_connections
from supervisors import Actor

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from hypercorn.typing import ASGIFramework

    from jagawarga.edge.limits import EdgeLimits
    from supervisors.exits import Reason


ACCEPT_AT_ONCE = 64
NO_ROOM_PAUSE = 0.1
TOLD_EVERY = 60.0
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})


log = structlog.get_logger("jagawarga.edge")


class Front:
    """The address of the HTTP server, stable across restarts of its task."""

    def __init__(
        self, app: ASGIFramework, host: str, port: int, limits: EdgeLimits, at_the_door: AtTheDoor = goes_in
    ) -> None:
        self.app = app
        self.at_the_door = at_the_door
        self.host = host
        self.port = port
        self.limits = limits
        self._listening: socket.socket | None = None
        self._run: _Run | None = None

    def bind(self) -> None:
        """Listen on the address, once; port 0 becomes the port that was found. Raises `StartupError`."""
        if self._listening is None:
            self._listening = open_socket(self.host, self.port)
            self.port = self._listening.getsockname()[1]

    def close(self) -> None:
        """Give the port back."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    @property
    def connections(self) -> int:
        """Connections open now."""
        return 0 if self._run is None else len(self._run.connections)

    async def serve(self, started: Callable[[], None]) -> None:
        """Accept and serve connections until drained or cancelled.

        Cancelled, all connections are closed at once. Drained, it returns when the last of them has ended.
        """
        self.bind()
        assert self._listening is not None
        run = self._run = _Run(self.app, self.limits, self.at_the_door)
        try:
            # A duplicate, because closing it with the task must not close the one that outlives it.
            with self._listening.dup() as listening:
                async with trio.open_nursery() as nursery:
                    run.everything = nursery.cancel_scope
                    with run.accepting:
                        started()
                        await _accept(listening, run, nursery)
                    trio.lowlevel.notify_closing(listening)
                    listening.close()
        finally:
            run.ended.set()
            self._run = None

    async def drain(self) -> None:
        """Stop accepting, end streams and idle connections, give the requests in flight their time, close the rest."""
        run = self._run
        if run is None:
            return
        self.close()
        run.accepting.cancel()
        await run.context.terminated.set()
        with trio.move_on_after(self.limits.drain_seconds) as grace:
            while not run.ended.is_set():
                with trio.move_on_after(self.limits.linger_seconds):
                    await run.ended.wait()
                # Who has half a request out, or does not read, waits for nobody but themselves.
                for connection in list(run.connections):
                    if connection.stalled:
                        connection.cut()
        if grace.cancelled_caught:
            run.everything.cancel()
            await run.ended.wait()


class _Run:
    """One life of the task: what a restart makes anew."""

    def __init__(self, app: ASGIFramework, limits: EdgeLimits, at_the_door: AtTheDoor) -> None:
        self.limits = limits
        self.context = WorkerContext(None)
        self.accepting = trio.CancelScope()
        self.everything = trio.CancelScope()
        self.ended = trio.Event()
        self.connections: set[Connection] = set()
        self.by_address: Counter[str] = Counter()
        self.room = min(limits.connections, room_for_connections())
        self.quiet_until = float("-inf")
        self._new = partial(Connection, app, _config(limits), self.context, limits, at_the_door=at_the_door)

    async def connect(self, stream: trio.SocketStream) -> None:
        whose = _whose(stream, self.limits)
        if len(self.connections) >= self.room or (whose and self.by_address[whose] >= self.limits.connections_of_one):
            # Closed at once: a client that is turned away costs less than one that waits.
            self._turned_away()
            await trio.aclose_forcefully(stream)
            return
        connection = self._new(stream)
        self.connections.add(connection)
        self.by_address[whose] += 1
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)
            self.by_address[whose] -= 1
            if not self.by_address[whose]:
                del self.by_address[whose]

    def _turned_away(self) -> None:
        """Tell the operator, at most once a minute and without saying who."""
        if trio.current_time() >= self.quiet_until:
            self.quiet_until = trio.current_time() + TOLD_EVERY
            log.warning("connections.refused", open=len(self.connections), room=self.room)


def _whose(stream: trio.SocketStream, limits: EdgeLimits) -> str:
    """The client's address, where it is one client's; empty for our own machine's and a proxy's."""
    try:
        address = ip_address(stream.socket.getpeername()[0].partition("%")[0])
    except (OSError, ValueError):
        return ""
    if address.is_loopback or any(address in network for network in limits.trusted_proxies):
        return ""
    return str(address)


async def _accept(listening: socket.socket, run: _Run, nursery: trio.Nursery) -> None:
    """Accept until cancelled, all who wait at once.

    One a turn of the loop, as `trio.serve_listeners` has it, is too slow when a surge makes the turns long, and whoever
    waits outside can not even be told to come back later.
    """
    while True:
        await trio.lowlevel.wait_readable(listening)
        for _ in range(ACCEPT_AT_ONCE):
            try:
                accepted, _ = listening.accept()
            except BlockingIOError:
                break
            except OSError as failure:
                if failure.errno in _NO_ROOM:
                    await trio.sleep(NO_ROOM_PAUSE)
                break  # or a client that went away before it was accepted
            accepted.setblocking(False)  # noqa: FBT003 - the standard library's own signature
            nursery.start_soon(run.connect, trio.SocketStream(trio.socket.from_stdlib_socket(accepted)))


def _config(limits: EdgeLimits) -> Config:
    config = Config()
    # No access log: it would tie addresses to requests, and anonymous reports come in here.
    config.accesslog = None
    config.errorlog = None
    config.include_server_header = False
    config.h11_max_incomplete_size = limits.header
    config.keep_alive_timeout = limits.idle_seconds
    config.keep_alive_max_requests = 100_000
    return config


class Drain(Actor):
    """Drains the front in an orderly stop; after a kill or crash of the front there is nothing left to drain."""

    def init(self, front: Front) -> None:
        """Remember whom to drain."""
        self.front = front

    async def terminate(self, reason: Reason) -> None:
        """Drain the front, before the supervisor goes on to stop it."""
        del reason
        await self.front.drain()
