"""The embedded servers as children of a supervisor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import trio

from supervisors import Backoff, ChildSpec, task
from supervisors.port import OsCommand, PortDoomed, run_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagawarga.embedded.nats import EmbeddedNats
    from jagawarga.embedded.postgres import EmbeddedPostgres

KILL_MARGIN = 10.0
DOOMED_REST = 1.0
# A server that fails at once (a full disk) is tried again for as long as we run, and not in a busy loop.
AGAIN = Backoff(first=0.1, limit=5.0)


class Server(Protocol):
    """A prepared server."""

    @property
    def command(self) -> OsCommand:
        """How to run it."""

    def clear(self) -> None:
        """Clear the ground before a start."""


async def run_server(started: Callable[[], object], server: Server) -> None:
    """Clear the ground, then run the server until it exits (`PortExited`) or we are cancelled, as `run_port` does.

    One that serves no more (`PortDoomed`) is stopped, and this ends a little later.
    """
    await trio.to_thread.run_sync(server.clear)
    try:
        await run_port(started, server.command)
    except PortDoomed:
        # The disk that was full a moment ago is so still: it starts well, and fails with the first write.
        await trio.sleep(DOOMED_REST)
        raise


def embedded_children(postgres: EmbeddedPostgres | None, nats: EmbeddedNats | None) -> list[ChildSpec]:
    """Specs of the servers that are embedded, in the order to start them; None stands for an external one."""
    servers: list[tuple[str, Server | None]] = [("postgres", postgres), ("nats", nats)]
    return [
        task(name, run_server, server, shutdown=server.command.stop_within + KILL_MARGIN, backoff=AGAIN)
        for name, server in servers
        if server is not None
    ]
