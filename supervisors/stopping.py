"""Stopping children: ask, wait within the limit, kill, and say who would not go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import trio

from supervisors import telemetry
from supervisors.exits import KILLED, SHUTDOWN, Reason

if TYPE_CHECKING:
    from supervisors.process import Process

KILL_GRACE = 2.0
"""Seconds a killed process gets to unwind; one that shields itself longer is reported and left behind."""
CHUNK = 500


async def stop(process: Process, reason: Reason = SHUTDOWN) -> None:
    """Stop one child within its own shutdown limit (OTP `supervisor:shutdown/1`)."""
    await stop_all([process], reason)


async def stop_all(processes: Sequence[Process], reason: Reason = SHUTDOWN) -> None:
    """Stop many children at once, each within its own limit, asking in chunks so that the loop stays alive."""
    waiting = [process for process in processes if process.alive]
    for index, process in enumerate(waiting):
        brutal = process.spec.shutdown == "brutal_kill"
        process.exit(KILLED if brutal else reason)
        if index % CHUNK == CHUNK - 1:
            await trio.lowlevel.checkpoint()
    if not waiting:
        return
    limit = max(process.spec.shutdown_seconds() for process in waiting)
    with trio.move_on_after(limit):
        for process in waiting:
            await process.wait_ended()
    late = [process for process in waiting if process.alive]
    for process in late:
        process.exit(KILLED)
    with trio.move_on_after(KILL_GRACE):
        for process in late:
            await process.wait_ended()
    for process in late:
        if process.alive:
            telemetry.emit("shutdown.late", process, limit=limit)
