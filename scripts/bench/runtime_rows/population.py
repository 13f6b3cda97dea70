"""The population the rows are measured on: like children with everything an actor may have.

A ticket is the child of a dynamic supervisor, registered by name, monitored by another process, keeps its state in
slots, and has an SLA timer an hour away. It sees to all of that in its own start, so its replacement has it, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio

from supervisors import (
    Actor,
    DownMessage,
    DynamicSupervisor,
    Name,
    Process,
    Registry,
    Runtime,
    Sender,
    dynamic_supervisor,
    open_runtime,
    supervisor,
    worker,
)
from supervisors.monitors import monitor
from supervisors.specs import Restart

SLA = 3600.0
SLA_DUE = "sla due"
WAVE = 1_000
UNLIMITED = 10**9


class Ticket(Actor):
    """One of very many."""

    __slots__ = ("number", "touched")

    def init(self, watcher: Name, number: int) -> None:
        """Arm the deadline and let the watcher watch."""
        self.number = number
        self.touched = 0
        self.send_after(SLA, SLA_DUE)
        watching = watcher.whereis()
        assert watching is not None
        monitor(watching, self.process)

    def handle_call(self, message: Any, sender: Sender) -> int:
        """Count, and tell how many so far."""
        del message, sender
        self.touched += 1
        return self.touched

    def handle_cast(self, message: Any) -> None:
        """Count."""
        del message
        self.touched += 1


class Watcher(Actor):
    """Monitors all tickets and hears of the end of each."""

    def init(self) -> None:
        """Start with nobody lost."""
        self.lost = 0

    def handle_info(self, message: Any) -> None:
        """Count the lost."""
        if isinstance(message, DownMessage):
            self.lost += 1


class Population:
    """A running tree of one watcher and any number of tickets."""

    def __init__(self, runtime: Runtime, names: Registry, watcher: Process, holder: DynamicSupervisor) -> None:
        self.runtime = runtime
        self.names = names
        self.watcher = watcher
        self.holder = holder

    def start(self, number: int) -> Process:
        """Start one ticket; its init has run when this returns."""
        process = self.holder.start_child_nowait(number, name=self.names.name(number))
        assert process is not None
        return process

    async def spawn(self, count: int, start: int = 0) -> None:
        """Start tickets `start` to `count` in waves; each has parked when this returns."""
        for first in range(start, count, WAVE):
            for number in range(first, min(first + WAVE, count)):
                self.start(number)
            await trio.lowlevel.checkpoint()
        await everyone_has_run()

    async def lay_down(self, count: int, seconds: float) -> None:
        """Have tickets that begin asleep, each with a deadline within the day after `seconds`."""
        for first in range(0, count, WAVE):
            for number in range(first, min(first + WAVE, count)):
                due = seconds + number * 7.3 % 86_400
                self.holder.start_asleep(
                    number, name=self.names.name(number), state=(number, 0), timers=((due, "sla"),)
                )
            await trio.lowlevel.checkpoint()

    def find(self, number: int) -> Process:
        """Find a live ticket by its name."""
        process = self.names.whereis(number)
        assert process is not None
        return process


@asynccontextmanager
async def populated(
    kind: type[Ticket] = Ticket, *args: Any, restart: Restart = "permanent"
) -> AsyncIterator[Population]:
    """Run a tree whose tickets are of that kind, with `args` before a ticket's number; there are none yet."""
    names = Registry("bench")
    watcher, holder = names.name("watcher"), names.name("holder")
    template = worker("ticket", kind, watcher, *args, restart=restart)
    tree = supervisor(
        "bench",
        [
            worker("watcher", Watcher, name=watcher),
            dynamic_supervisor("tickets", template, intensity=UNLIMITED, period=1.0, name=holder),
        ],
    )
    async with open_runtime(tree) as runtime:
        watching, holding = watcher.whereis(), holder.whereis()
        assert watching is not None
        assert holding is not None
        assert isinstance(holding.actor, DynamicSupervisor)
        yield Population(runtime, names, watching, holding.actor)


async def everyone_has_run() -> None:
    """Let each task that is to run take its step: after one turn all of them or we are first, so it takes two."""
    await trio.lowlevel.checkpoint()
    await trio.lowlevel.checkpoint()
