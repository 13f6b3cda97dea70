"""What one would have without the runtime: plain Trio tasks, nobody's child, without name, watcher or deadline."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio

from scripts.bench.runtime_rows.population import WAVE, everyone_has_run


async def parked() -> None:
    """Do nothing until cancelled, in the least memory that Trio's public functions allow."""
    await trio.lowlevel.wait_task_rescheduled(succeed)


def succeed(raise_cancel: Any) -> trio.lowlevel.Abort:
    """Be an abort function: the wait simply ends."""
    del raise_cancel
    return trio.lowlevel.Abort.SUCCEEDED


async def spawn(nursery: trio.Nursery, count: int, body: Callable[..., Awaitable[Any]], *args: Any) -> None:
    """Start tasks in the waves of the population; each has run once when this returns."""
    for first in range(0, count, WAVE):
        for _ in range(first, min(first + WAVE, count)):
            nursery.start_soon(body, *args)
        await trio.lowlevel.checkpoint()
    await everyone_has_run()


@asynccontextmanager
async def block() -> AsyncIterator[trio.Nursery]:
    """Give a nursery that is cancelled at the end of the block."""
    async with trio.open_nursery() as nursery:
        yield nursery
        nursery.cancel_scope.cancel()


class Box:
    """The least a mailbox can be: a list, and a task parked until there is something in it."""

    __slots__ = ("_inbox", "_task", "handled")

    def __init__(self) -> None:
        self.handled = 0
        self._inbox: list[Any] = []
        self._task: trio.lowlevel.Task | None = None

    def put(self, message: Any) -> None:
        """Put a message in."""
        self._inbox.append(message)
        if self._task is not None:
            task, self._task = self._task, None
            trio.lowlevel.reschedule(task)

    def handle(self, message: Any) -> None:
        """Count."""
        del message
        self.handled += 1

    async def serve(self) -> None:
        """Handle what comes, all that is there at a time."""
        while True:
            if not self._inbox:
                self._task = trio.lowlevel.current_task()
                await trio.lowlevel.wait_task_rescheduled(succeed)
            batch, self._inbox = self._inbox, []
            for message in batch:
                self.handle(message)


class Channels:
    """A server over two memory channels: the usual way to ask another task."""

    def __init__(self) -> None:
        self._ask, self._asked = trio.open_memory_channel[Any](1)
        self._answer, self._answered = trio.open_memory_channel[int](1)

    async def call(self) -> int:
        """Ask and wait for the answer."""
        await self._ask.send("question")
        return await self._answered.receive()

    async def serve(self) -> None:
        """Answer each question with how many there were."""
        touched = 0
        async for _ in self._asked:
            touched += 1
            await self._answer.send(touched)
