"""Run a few children for the length of a block, and wait for restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

from supervisors.runtime import Runtime, open_runtime
from supervisors.specs import supervisor

if TYPE_CHECKING:
    from supervisors.process import Process
    from supervisors.registry import Name
    from supervisors.specs import ChildSpec


@asynccontextmanager
async def running(*children: ChildSpec, intensity: int = 100, period: float = 5.0) -> AsyncIterator[Runtime]:
    """Run `children` under one supervisor for the block (ExUnit's `start_supervised`); see `open_runtime`."""
    async with open_runtime(supervisor("test", children, intensity=intensity, period=period)) as runtime:
        yield runtime


async def restarted(name: Name, old: Process, within: float = 5.0) -> Process:
    """Wait until `name` is held by a running process other than `old`; `trio.TooSlowError` when it takes too long."""
    with trio.fail_after(within):
        await old.wait_ended()
        while True:
            await name.registry.arrival(name.key)
            process = name.whereis()
            if process is not None and process.state == "running":
                return process
            # It is starting, or ended again between its arrival and our turn.
            await trio.sleep(0.001)
