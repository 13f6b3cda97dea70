"""The only door between Trio and asyncio: one thread with one uvloop loop, and one function that crosses.

asyncpg and nats-py are asyncio libraries. `AioDoor.run` runs one call of a coroutine function on the loop and brings
its result or error back to Trio. Rules, each found by breaking it: one crossing is one whole unit of work;
cancellation and deadlines travel into the loop, and the crossing waits until the coroutine has unwound; a loop that
does not answer is a crash of the actor that owns it, and the supervisor makes a new one behind the same door.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any, TypeVar

import outcome
import structlog
import trio
import uvloop

from jagawarga.errors import Unavailable
from jagawarga.plumbing.telemetry import DOOR_SECONDS, LOOP_ERRORS
from supervisors import Actor

T = TypeVar("T")
Work = Callable[..., Coroutine[Any, Any, T]]

DEADLINE = 10.0
UNWIND_SECONDS = 1.0
"""How long a cancelled coroutine may take to unwind before the crossing leaves it behind."""
WIND_UP_SECONDS = 1.0
"""What the work of a closing loop gets to unwind."""
HEARTBEAT_EVERY = 2.0
HEARTBEAT_LIMIT = 10.0
"""A loop that has not answered for this long is hung."""

log = structlog.get_logger()


class LoopHung(Exception):
    """The asyncio loop does not answer: its actor crashes with this and gets a new loop."""


class _Crossing:
    """One coroutine on its way through the loop; settled exactly once, from whichever side comes first."""

    __slots__ = ("done", "result", "task", "token")

    def __init__(self, token: trio.lowlevel.TrioToken) -> None:
        self.token = token
        self.done = trio.Event()
        self.result: outcome.Outcome[Any] | None = None
        self.task: asyncio.Task[Any] | None = None

    def settle(self, result: outcome.Outcome[Any]) -> None:
        """Take the result; called in Trio's thread."""
        if self.result is None:
            self.result = result
            self.done.set()

    def settle_soon(self, result: outcome.Outcome[Any]) -> None:
        """Take the result from another thread."""
        try:
            self.token.run_sync_soon(self.settle, result)
        except trio.RunFinishedError:
            # Trio is gone, and with it whoever waited.
            return


_loops: dict[int, _Loop] = {}
"""The loops that run, by the identity of their asyncio loop."""


def at_close(close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Have `close()` awaited in the running loop before it ends; called from within that loop.

    What belongs to a loop must be closed in its own thread: a transport touched from another is a segmentation fault.
    """
    _loops[id(asyncio.get_running_loop())].closers.append(close)


class _Loop:
    """One asyncio loop in its thread, and the crossings under way in it."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()
        self.closers: list[Callable[[], Coroutine[Any, Any, None]]] = []
        _loops[id(self.loop)] = self
        self.loop.set_exception_handler(_unretrieved)
        self.crossings: set[_Crossing] = set()
        self.thread = threading.Thread(target=self._serve, name="asyncio", daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        del _loops[id(self.loop)]
        self.loop.close()

    def begin(self, crossing: _Crossing, work: Work[T], args: tuple[Any, ...]) -> None:
        """Start the coroutine; called in the loop's thread."""

        async def run() -> None:
            try:
                result: outcome.Outcome[Any] = outcome.Value(await work(*args))
            except asyncio.CancelledError:
                result = outcome.Error(Unavailable("the work was cancelled in its loop"))
            except BaseException as error:  # noqa: BLE001 - every error belongs to the Trio side, none to the loop
                result = outcome.Error(error)
            crossing.settle_soon(result)

        def done(task: asyncio.Task[Any]) -> None:
            # A task cancelled before its first step never comes to `run`'s own handlers.
            if task.cancelled():
                crossing.settle_soon(outcome.Error(Unavailable("the work was cancelled in its loop")))

        crossing.task = self.loop.create_task(run())
        crossing.task.add_done_callback(done)

    def stop(self) -> None:
        """Cancel what runs and end the thread soon; never waits."""
        self.loop.call_soon_threadsafe(lambda: self.loop.create_task(self._wind_up()))

    async def _wind_up(self) -> None:
        tasks = asyncio.all_tasks(self.loop) - {asyncio.current_task()}
        for each in tasks:
            each.cancel()
        closing = [asyncio.ensure_future(close()) for close in self.closers]
        if tasks or closing:
            await asyncio.wait({*tasks, *closing}, timeout=WIND_UP_SECONDS)
        # Closed transports get their last callbacks before the loop that owns them goes.
        await asyncio.sleep(0.05)
        self.loop.stop()


class AioDoor:
    """A handle that outlives its loops; open while an `AioActor` holds it open."""

    def __init__(self) -> None:
        self._current: _Loop | None = None

    @property
    def is_open(self) -> bool:
        """True while crossings are possible."""
        return self._current is not None

    async def run(self, work: Work[T], *args: Any, deadline: float = DEADLINE) -> T:
        """Run `work(*args)` in the asyncio loop and return its result, within `deadline` seconds.

        Raises what the coroutine raised, or `Unavailable` when the door is closed, closes meanwhile, or the deadline
        passes. Cancelled or too late, the coroutine is cancelled too, and the crossing ends when it has unwound.
        """
        current = self._current
        if current is None:
            msg = "the door to asyncio is closed"
            raise Unavailable(msg)
        crossing = _Crossing(trio.lowlevel.current_trio_token())
        current.crossings.add(crossing)
        began = perf_counter()
        current.loop.call_soon_threadsafe(current.begin, crossing, work, args)
        try:
            with trio.move_on_after(deadline):
                await crossing.done.wait()
            if crossing.result is None:
                await self._unwind(current, crossing)
                msg = "no answer within the deadline"
                raise Unavailable(msg)
        except trio.Cancelled:
            # Shielded and bounded: a coroutine abandoned in mid-air would keep its connection.
            with trio.CancelScope(shield=True):
                await self._unwind(current, crossing)
            raise
        finally:
            current.crossings.discard(crossing)
            DOOR_SECONDS.observe(perf_counter() - began)
        result: T = crossing.result.unwrap()
        return result

    @staticmethod
    async def _unwind(current: _Loop, crossing: _Crossing) -> None:
        def cancel() -> None:
            if crossing.task is not None:
                crossing.task.cancel()

        if not current.loop.is_closed():
            current.loop.call_soon_threadsafe(cancel)
        with trio.move_on_after(UNWIND_SECONDS):
            await crossing.done.wait()

    def _open(self) -> None:
        self._close()
        self._current = _Loop()

    def _close(self) -> None:
        current, self._current = self._current, None
        if current is not None:
            for crossing in list(current.crossings):
                crossing.settle(outcome.Error(Unavailable("the door to asyncio closed")))
            current.stop()


@asynccontextmanager
async def own_door() -> AsyncIterator[AioDoor]:
    """Give an open door for the block, to a program without a tree: nobody watches that its loop answers."""
    door = AioDoor()
    door._open()  # noqa: SLF001 - the door's other half
    try:
        yield door
    finally:
        door._close()  # noqa: SLF001 - the door's other half


class AioActor(Actor):
    """Owns the loop behind a door: opens it, watches that it answers, closes it."""

    def init(self, door: AioDoor) -> None:
        """Open the door with a new loop."""
        self.door = door
        door._open()  # noqa: SLF001 - the door's other half
        self.send_after(HEARTBEAT_EVERY, "beat")

    async def handle_info(self, message: Any) -> None:
        """Crash when the loop does not answer."""
        del message
        try:
            await self.door.run(asyncio.sleep, 0, deadline=HEARTBEAT_LIMIT)
        except Unavailable as error:
            raise LoopHung from error
        self.send_after(HEARTBEAT_EVERY, "beat")

    def terminate(self, reason: Any) -> None:
        """Close the door; after a kill the next start does."""
        del reason
        self.door._close()  # noqa: SLF001 - the door's other half

    def describe(self) -> dict[str, Any]:
        """Crossings under way."""
        current = self.door._current  # noqa: SLF001 - the door's other half
        return {"crossings": len(current.crossings) if current else 0}


def _unretrieved(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Count and name an error nobody awaited; its text may hold data, so only its type is told."""
    del loop
    LOOP_ERRORS.inc()
    error = context.get("exception")
    log.warning("asyncio.unretrieved", error=type(error).__name__ if error else "none")
