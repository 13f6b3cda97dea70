"""The embedded servers for a while, without the tree above them: nothing but us speaks with them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

from jagawarga.embedded.nats import prepare_nats
from jagawarga.embedded.postgres import prepare_postgres
from jagawarga.embedded.tree import run_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jagawarga.embedded.directory import DataDirectory


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a house's servers are."""

    database: str
    broker: str


@asynccontextmanager
async def serving(directory: DataDirectory, *, durable: bool = True) -> AsyncIterator[Addresses]:
    """Run the directory's servers for the block; they stop in good order behind it.

    Raises `StartupError`, `PortExited` or `PortNotReady` in a group when one does not start.
    """
    postgres = prepare_postgres(directory, durable=durable)
    nats = prepare_nats(directory, durable=durable)
    try:
        async with trio.open_nursery() as nursery:
            for server in (postgres, nats):
                ready = trio.Event()
                nursery.start_soon(run_server, ready.set, server)
                await ready.wait()
            yield Addresses(postgres.url, nats.url)
            nursery.cancel_scope.cancel()
    finally:
        nats.port.release()
