"""How a plain task waits for a process to start, or to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from supervisors.exits import IGNORED, Down

if TYPE_CHECKING:
    from supervisors.exits import Reason
    from supervisors.process import Process


class Waiter:
    """A task waiting for a process to start or to end."""

    __slots__ = ("event", "process", "starting")

    def __init__(self, process: Process, *, starting: bool = False) -> None:
        self.event = trio.Event()
        self.starting = starting
        self.process = process
        process.tie(self)

    async def wait(self) -> None:
        """Wait; cancelled, it is forgotten."""
        try:
            await self.event.wait()
        finally:
            self.process.loose(self)

    def severed(self, process: Process, reason: Reason) -> None:
        """The process has ended."""
        del process, reason
        self.event.set()


async def wait_started(process: Process) -> None:
    """Wait until `process` has started; raise what its init raised, or `Down` when it ended otherwise before that.

    One that is `IGNORED` has not started, and raises nothing.
    """
    while process.state == "starting":
        await Waiter(process, starting=True).wait()
    if process.state == "failed":
        reason = process.exit_reason
        if isinstance(reason, BaseException):
            raise reason
        if reason is not None and reason != IGNORED:
            raise Down(reason)
