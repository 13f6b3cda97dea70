"""The runtime: one tree and its timer wheel; what OTP calls a node."""

from __future__ import annotations

from _thread import get_ident
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import trio

from supervisors.actor import Actor
from supervisors.exits import NORMAL, SHUTDOWN, Reason, StartFailed, SupervisionError, describe
from supervisors.hibernation import IdleQueue
from supervisors.launching import launch
from supervisors.packer import Packer
from supervisors.process import Process
from supervisors.specs import ChildSpec
from supervisors.stopping import stop
from supervisors.timers import Wheel
from supervisors.waiting import wait_started

if TYPE_CHECKING:
    from supervisors.reports import CrashReport

Redact: TypeAlias = "Callable[[CrashReport], CrashReport]"


class RootEnded(SupervisionError):
    """The root of the tree ended by itself: its supervisor gave up."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"the root of the supervision tree ended: {describe(reason)}")
        self.reason = reason


class Runtime:
    """A running tree. `running` is the process whose plain callback is at work at this very moment."""

    def __init__(self, redact: Redact) -> None:
        clock = trio.lowlevel.current_clock()
        self.now = clock.current_time
        """The present time of the runtime's clock, in seconds; also from other threads."""
        self.wheel = Wheel(clock)
        self.thread = get_ident()
        self.redact = redact
        self.running: Process | None = None
        self.zombies: set[Process] = set()
        """Declared ended, yet their code still runs."""
        self.started_at = trio.current_time()
        self.nobody = Process(Actor(), ChildSpec("nobody", Actor), (), None, None, self)
        """Stands in an ended actor for its process."""
        self.nobody.exit_reason = NORMAL
        self.nobody.fall_asleep()
        self.nobody.state = "ended"
        self.root: Process = None  # type: ignore[assignment]  # set before anyone gets to see the runtime
        self._root_ended = trio.Event()
        self.packer = Packer(self)
        self._idle: dict[float, IdleQueue] = {}

    def idle_queue(self, seconds: float) -> IdleQueue:
        """The line of those that hibernate after `seconds`."""
        queue = self._idle.get(seconds)
        if queue is None:
            queue = self._idle[seconds] = IdleQueue(seconds, self.wheel)
        return queue

    def root_exited(self, reason: Reason) -> None:
        """Called by the root process as its last act."""
        del reason
        self._root_ended.set()

    async def wait_ended(self) -> Reason:
        """Wait until the root has ended by itself or was stopped; return its exit reason."""
        await self._root_ended.wait()
        return self.root.exit_reason or SHUTDOWN


@asynccontextmanager
async def open_runtime(
    root: ChildSpec,
    *,
    redact: Redact = lambda report: report,
    on_zombies: Callable[[list[Process]], None] | None = None,
) -> AsyncIterator[Runtime]:
    """Run the tree under `root` for as long as the block runs.

    Entering returns once every child is up, or raises `StartFailed` with everything stopped again. Leaving, also by an
    exception or cancellation, stops the tree in reverse order within the limits of its specs. If the root ends by
    itself the block is cancelled and `RootEnded` is raised.

    `redact` sees each crash report before anybody else. `on_zombies` is called with the processes whose code still
    runs after the orderly stop and the kill: Trio can not leave the block before they return, the program may not
    want to wait for that.
    """
    runtime = Runtime(redact)
    phase = trio.CancelScope()
    try:
        async with trio.open_nursery() as outside:
            outside.start_soon(_pass_on_cancellation, phase)
            # Shielded, so that a cancelled block still gets its orderly shutdown, bounded by the limits of the
            # specs. What happens before the shutdown is cancelled through `phase` instead.
            with trio.CancelScope(shield=True):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(runtime.wheel.run)
                    try:
                        with phase:
                            await _start_root(runtime, root, nursery)
                            async with trio.open_nursery() as block:
                                block.start_soon(_end_with_root, runtime, block.cancel_scope)
                                yield runtime
                                block.cancel_scope.cancel()
                            if not runtime.root.alive:
                                raise RootEnded(runtime.root.exit_reason or SHUTDOWN)
                    finally:
                        if runtime.root is not None:
                            await stop(runtime.root)
                        if runtime.zombies and on_zombies is not None:
                            on_zombies(list(runtime.zombies))
                        nursery.cancel_scope.cancel()
            outside.cancel_scope.cancel()
            if phase.cancelled_caught:
                # Give Trio its cancellation back, in the scope it belongs to.
                await trio.lowlevel.checkpoint()
    except BaseExceptionGroup as group:
        # The nurseries are an inner matter: one error leaves as itself, also where a cancellation came along.
        _, errors = group.split(trio.Cancelled)
        raise _only(errors or group) from None


async def _pass_on_cancellation(phase: trio.CancelScope) -> None:
    try:
        await trio.sleep_forever()
    finally:
        phase.cancel()


async def _start_root(runtime: Runtime, root: ChildSpec, nursery: trio.Nursery) -> None:
    try:
        process = launch(root, root.args, root.name, None, runtime, nursery)
        if process is None:
            raise StartFailed(root.id, NORMAL)
        runtime.root = process
        await wait_started(process)
    except StartFailed:
        raise
    except Exception as reason:
        raise StartFailed(root.id, reason) from reason


def _only(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


async def _end_with_root(runtime: Runtime, block: trio.CancelScope) -> None:
    await runtime.wait_ended()
    block.cancel()
