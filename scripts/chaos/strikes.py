"""Killing: actors by the control socket, servers and the house by signals."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

import trio

from jagawarga.embedded import leftovers
from scripts.chaos.havoc import Havoc
from scripts.chaos.outages import HOUSE, wall_clock
from scripts.chaos.stage import own_stage
from scripts.chaos.trial import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager

    from scripts.chaos.stage import Stage
    from scripts.chaos.trial import Run

BREATH = 0.5
"""Between an outage seen to be over and the next strike: else the last one could not be told to have mended."""
STOPPED_WITHIN = 15.0
"""The setting `drain_seconds`, and what the servers need to stop."""


class OnOwnHouse:
    """Scenarios that need nothing but a house."""

    name = ""
    clock = staticmethod(wall_clock)

    def setting(self) -> AbstractAsyncContextManager[Stage]:
        """Give a house with its embedded servers."""
        return own_stage(f"chaos-{self.name}", ENVIRONMENT)


class Actors(OnOwnHouse):
    """Actors of every kind die at `rate` a second; `only` narrows the choice to a pattern."""

    name = "actors"
    breaks = "kills actors of every kind, several a second"

    def __init__(self, rate: float = 5.0, only: str | None = None) -> None:
        self.rate = rate
        self.only = only

    async def strike(self, run: Run, seconds: float) -> None:
        """Kill at random."""
        await Havoc(run.stage.ask, run.rng, self.rate, run.toll, self.only).run(seconds)


class Ports(Actors):
    """The actors that own operating system processes die."""

    name = "ports"
    breaks = "kills the actors behind PostgreSQL and the broker"

    def __init__(self) -> None:
        super().__init__(rate=0.5, only="jagawarga/embedded/*")


class Servers(OnOwnHouse):
    """The servers themselves are killed, or hang for a while and then are killed or go on, all of them at once."""

    def __init__(self, name: str, breaks: str, servers: Sequence[str]) -> None:
        self.name = name
        self.breaks = breaks
        self.servers = servers

    async def strike(self, run: Run, seconds: float) -> None:
        """Strike again whenever what was struck last has come back."""
        with trio.move_on_after(seconds):
            while True:
                await self._once(run)
                while any(run.outages.away(server) for server in self.servers):  # noqa: ASYNC110 - nobody sets an event
                    await trio.sleep(0.1)
                await trio.sleep(BREATH + run.rng.random() * 2)

    async def _once(self, run: Run) -> None:
        way = run.rng.choice(("kill", "hang and kill", "hang"))
        hung = run.rng.uniform(0.3, 4.0)
        pids = [pid for server in self.servers for pid in pids_of(run.stage, server)]
        for server in self.servers:
            run.outages.begin(server)
        run.toll.note(way, ", ".join(self.servers))
        try:
            if way != "kill":
                send(pids, signal.SIGSTOP)
                await trio.sleep(hung)
        finally:
            # Whatever ends us, nothing is left hanging.
            send(pids, signal.SIGCONT if way == "hang" else signal.SIGKILL)


class House(OnOwnHouse):
    """The whole process is killed, sometimes while it is still starting."""

    name = "process"
    breaks = "kills the process with SIGKILL, its servers with it, and starts it again"

    async def strike(self, run: Run, seconds: float) -> None:
        """Kill, wait a little, start again."""
        end = trio.current_time() + seconds
        while trio.current_time() < end:
            await trio.sleep(run.rng.uniform(1.0, 4.0))
            run.outages.begin(HOUSE)
            run.toll.note("SIGKILL", HOUSE)
            await run.stage.kill()
            await trio.sleep(run.rng.uniform(0.0, 2.0))
            run.stage.start()
            if run.rng.random() < 0.3:
                await trio.sleep(run.rng.uniform(0.1, 2.0))  # and once more before it is ready
                run.toll.note("SIGKILL while it starts", HOUSE)
                await run.stage.kill()
                run.stage.start()
            await run.stage.ready()


class Restart(OnOwnHouse):
    """A rolling restart: stopped in good order under load, while rude clients hold on; started again."""

    name = "restart"
    breaks = "stops the process in good order and starts it again, with clients that hold half a request or never read"

    async def strike(self, run: Run, seconds: float) -> None:
        """Stop and start."""
        end = trio.current_time() + seconds
        while trio.current_time() < end:
            async with trio.open_nursery() as rude:
                rude.start_soon(_half_a_request, run.stage.url)
                rude.start_soon(_never_reads, run.stage.url)
                await trio.sleep(run.rng.uniform(1.0, 4.0))
                run.outages.begin(HOUSE)
                run.toll.note("SIGTERM", HOUSE)
                begun = trio.current_time()
                code = await run.stage.stop()
                took = trio.current_time() - begun
                rude.cancel_scope.cancel()
            if code != 0 or took > STOPPED_WITHIN:
                run.faults.setdefault("did not stop in good order", []).append(f"exit code {code} after {took:.1f} s")
            run.stage.start()
            await run.stage.ready()


async def _half_a_request(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    with suppress(OSError, trio.BrokenResourceError):
        async with await trio.open_tcp_stream(host, int(port)) as stream:
            await stream.send_all(b"POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
            await trio.sleep_forever()


async def _never_reads(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    with suppress(OSError, trio.BrokenResourceError):
        async with await trio.open_tcp_stream(host, int(port)) as stream:
            while True:
                await stream.send_all(b"GET /v1/categories HTTP/1.1\r\nHost: x\r\n\r\n" * 100)


def pids_of(stage: Stage, server: str) -> list[int]:
    """Processes of an embedded server."""
    if server == "database":
        return leftovers.working_in("postgres", stage.data / "postgres")
    return leftovers.told("nats-server", stage.data / "run" / "nats.conf")


def send(pids: Sequence[int], number: signal.Signals) -> None:
    """Send a signal to those that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
