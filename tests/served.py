"""A small real runtime that serves its control socket in a thread of the tests' process."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import trio

from jagawarga.cli.control import control_path
from supervisors import Actor, Runtime, open_runtime, supervisor, worker
from supervisors.control import serve_control

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Idle(Actor):
    """Does nothing."""

    def init(self) -> None:
        """Begin with nothing."""


async def count_reports() -> dict[str, int]:
    return {"received": 1234, "resolved": 5}


async def serve(data: Path, ready: threading.Event, stop: trio.Event) -> None:
    (data / "run").mkdir(mode=0o700, exist_ok=True)
    tree = supervisor("jagawarga", [supervisor("plumbing", [worker("writer", Idle), worker("bus", Idle)], intensity=9)])
    async with open_runtime(tree) as runtime, trio.open_nursery() as nursery:
        operations: dict[str, Any] = {"reports": count_reports}

        def current() -> Runtime:
            return runtime

        nursery.start_soon(serve_control, ready.set, control_path(data), current, operations)
        await stop.wait()
        nursery.cancel_scope.cancel()


@contextmanager
def served(data: Path) -> Iterator[None]:
    """Run it for the block."""
    ready, stops = threading.Event(), []

    async def run() -> None:
        stop = trio.Event()
        stops.append((trio.lowlevel.current_trio_token(), stop))
        await serve(data, ready, stop)

    thread = threading.Thread(target=trio.run, args=(run,))
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        token, stop = stops[0]
        token.run_sync_soon(stop.set)
        thread.join(10)
