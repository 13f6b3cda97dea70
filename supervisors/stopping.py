"""Stopping children: ask, wait within the limit, kill, and say who would not go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

import trio

from supervisors import telemetry
from supervisors.exits import KILL, KILLED, NORMAL, SHUTDOWN, Reason, Shutdown

if TYPE_CHECKING:
    from supervisors.process import Process

KILL_GRACE = 2.0
"""Seconds a killed process gets to unwind; one that shields itself longer is declared a zombie and left behind."""
CHUNK = 500


async def stop(process: Process, reason: Reason = SHUTDOWN) -> None:
    """Stop one child within its own shutdown limit (OTP `supervisor:shutdown/1`)."""
    await stop_all([process], reason)


async def stop_all(processes: Iterable[Process], reason: Reason = SHUTDOWN) -> None:
    """Stop many children at once, each within its own limit, asking in chunks so that the loop stays alive."""
    by_limit: dict[float, list[Process]] = defaultdict(list)
    for index, process in enumerate(processes):
        if process.alive:
            if process.spec.shutdown == "brutal_kill":
                process.exit(KILL)
            else:
                process.shut_down(reason)
            by_limit[process.spec.shutdown_seconds()].append(process)
        if index % CHUNK == CHUNK - 1:
            await trio.lowlevel.cancel_shielded_checkpoint()
    began = trio.current_time()
    for limit, waiting in sorted(by_limit.items()):
        with trio.move_on_at(began + limit):
            for process in waiting:
                if process.exit_reason is None:
                    await process.wait_ended()
        await kill_all([process for process in waiting if process.alive])
        if telemetry.attached():
            for process in waiting:
                _report(process, reason)


async def kill_all(processes: Iterable[Process]) -> None:
    """Kill many at once; whoever has not unwound within `KILL_GRACE` is declared a zombie."""
    waiting = [process for process in processes if process.alive]
    for index, process in enumerate(waiting):
        process.exit(KILL)
        if index % CHUNK == CHUNK - 1:
            await trio.lowlevel.cancel_shielded_checkpoint()
    with trio.move_on_after(KILL_GRACE):
        for process in waiting:
            await process.wait_ended()
    for process in waiting:
        if process.alive:
            process.runtime.zombies.add(process)
            telemetry.emit("shutdown.late", process, limit=process.spec.shutdown_seconds())
            # From here on nobody finds it, waits for it or hears of it; its code may run on, fenced off.
            process.end(KILLED, zombie=True)


def _report(process: Process, asked: Reason) -> None:
    """Say so when a child ended otherwise than asked (OTP `shutdown_error`)."""
    reason = process.exit_reason
    expected = reason == KILLED if process.spec.shutdown == "brutal_kill" else reason in (asked, NORMAL, SHUTDOWN)
    if reason is not None and not expected and not isinstance(reason, Shutdown):
        telemetry.emit("child.shutdown_error", process, reason=reason)
