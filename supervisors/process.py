"""A process: one Trio task, one mailbox, one actor; what OTP calls a pid.

The whole life of an actor is the single coroutine `_run`: init, message loop and crash guard. No exception ever
reaches the nursery, so one actor's crash can not cancel its siblings; the supervisor is told by `child_exited`.
An idle process is parked on itself (`Parked`) and owns no cancel scope, no channel, no queue.

A process stays addressable after its end: calls raise `NoProc`, casts vanish. A restart makes a new process; use a
registry's `Name` for an address that outlives it.
"""

from __future__ import annotations

import inspect
from operator import length_hint
from typing import TYPE_CHECKING, Any

import trio

from supervisors import telemetry
from supervisors.actor import Actor, Task
from supervisors.exits import KILLED, NORMAL, SHUTDOWN, CallError, CallingSelf, MailboxFull, NoProc, Reason, Stop
from supervisors.messages import NO_REPLY, Info, Sender
from supervisors.parking import Parked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from supervisors.registry import Name
    from supervisors.runtime import Runtime
    from supervisors.specs import ChildSpec
    from supervisors.timers import Timer

DEFAULT_TIMEOUT = 5.0


class Process(Parked):
    """The address and the running half of one actor. Made by supervisors only."""

    __slots__ = (
        "_batch",
        "_ended",
        "_exit",
        "_inbox",
        "_init",
        "_parked",
        "_scope",
        "_timers",
        "actor",
        "args",
        "dropped",
        "exit_reason",
        "handled",
        "name",
        "parent",
        "restarts",
        "runtime",
        "spec",
        "started_at",
        "state",
        "task",
    )

    def __init__(  # noqa: PLR0917 - made by `launch` alone
        self,
        actor: Actor,
        spec: ChildSpec,
        args: tuple[Any, ...],
        name: Name | None,
        parent: Process | None,
        runtime: Runtime,
    ) -> None:
        self.actor = actor
        self.spec = spec
        self.args = args
        self.restarts = 0
        self.name = name
        self.parent = parent
        self.runtime = runtime
        self.task: trio.lowlevel.Task | None = None
        self.state = "starting"
        self.exit_reason: Reason | None = None
        self.handled = 0
        self.dropped = 0
        self.started_at = trio.current_time()
        self._inbox: list[Any] | None = None
        self._batch: Iterator[Any] | None = None
        self._exit: Reason | None = None
        self._parked = False
        self._scope: trio.CancelScope | None = None
        self._timers: Timer | list[Timer] | None = None
        self._ended: trio.Event | None = None
        self._init: Awaitable[None] | None = None

    # --- what others may do with a process

    @property
    def alive(self) -> bool:
        """True until the process has ended, its last cleanup included."""
        return self.exit_reason is None

    async def call(self, message: Any, timeout: float = DEFAULT_TIMEOUT) -> Any:
        """Send `message` and return the answer, within `timeout` seconds.

        Raises `NoProc` when the process has ended, `Down` at once when it ends with the call unanswered,
        `CallTimeout`, `MailboxFull`, `CallingSelf`, or what the callee passed to `Sender.error`. Cancelled, the
        message may still be handled; its answer is dropped. (OTP `gen_server:call/3`.)
        """
        if self.exit_reason is not None:
            msg = f"{self!r} has ended"
            raise NoProc(msg)
        if self.task is not None and trio.lowlevel.current_task() is self.task:
            msg = f"{self!r} called itself"
            raise CallingSelf(msg)
        if self.mailbox_length() >= self.actor.mailbox_limit:
            self.dropped += 1
            msg = f"the mailbox of {self!r} is at its limit of {self.actor.mailbox_limit}"
            raise MailboxFull(msg)
        sender = Sender(message)
        self._deliver(sender)
        timer = self.runtime.wheel.add(trio.current_time() + timeout, sender, None)
        try:
            return await sender.wait()
        finally:
            timer.cancel()

    def cast(self, message: Any) -> None:
        """Send `message` without waiting; silently nothing when nobody is there, dropped and counted when full."""
        if self.exit_reason is None:
            if self.mailbox_length() >= self.actor.mailbox_limit:
                self.dropped += 1
                telemetry.emit("mailbox.dropped", self)
            else:
                self._deliver(message)

    def info(self, message: Any) -> None:
        """Send `message` to `handle_info`; never refused, since timers and signals must not be lost."""
        if self.exit_reason is None:
            self._deliver(Info(message))

    def exit(self, reason: Reason) -> None:
        """Ask the process to end with `reason`; `"killed"` can not be trapped and skips `terminate`.

        Returns at once. A callback at work is interrupted at its next checkpoint, unless the actor traps exits.
        """
        if self.exit_reason is not None or (self._exit is not None and reason != KILLED):
            return
        self._exit = reason
        if self._parked:
            self._wake()
        elif self._scope is not None and (reason == KILLED or not self.actor.trap_exit):
            self._scope.cancel()

    async def wait_ended(self) -> Reason:
        """Wait until the process has ended and return its exit reason."""
        while self.exit_reason is None:
            if self._ended is None:
                self._ended = trio.Event()
            await self._ended.wait()
        return self.exit_reason

    def send_after(self, seconds: float, message: Any) -> Timer:
        """Deliver `message` as info after `seconds`, unless the process ends or the timer is cancelled first."""
        timer = self.runtime.wheel.add(trio.current_time() + seconds, self, message)
        held = self._timers
        if held is None:
            self._timers = timer
        elif isinstance(held, list):
            held[:] = [each for each in held if each.target is not None]
            held.append(timer)
        else:
            self._timers = timer if held.target is None else [held, timer]
        return timer

    def due(self, timer: Timer) -> None:
        """Take a timer from the wheel."""
        message, timer.message = timer.message, None
        self.info(message)

    def mailbox_length(self) -> int:
        """Count the messages that wait, those of the batch at work included."""
        waiting = 0 if self._inbox is None else len(self._inbox)
        return waiting if self._batch is None else waiting + length_hint(self._batch)

    def timer_count(self) -> int:
        """Count the timers armed for this process."""
        held = self._timers
        each = held if isinstance(held, list) else [held] if held is not None else []
        return sum(timer.target is not None for timer in each)

    @property
    def busy(self) -> bool:
        """True while a callback is at work or waits for something."""
        return self.exit_reason is None and not self._parked

    def __repr__(self) -> str:
        return f"<{self.spec.kind} {self.name.key if self.name else self.spec.id}>"

    # --- its life

    async def _run(self) -> None:
        self.task = trio.lowlevel.current_task()
        reason: Reason = NORMAL
        try:
            if type(self.actor).process_type == "supervisor":
                reason = await self._live_with_children()
            else:
                reason = await self._live()
        except trio.Cancelled:
            # The nursery above was cancelled: as good as a kill, and Trio wants its exception back.
            reason = KILLED
            raise
        except BaseExceptionGroup as group:
            # Cancelled mixed with errors of a callback's own nursery: only the cancellation is Trio's.
            reason = KILLED
            cancelled, _ = group.split(trio.Cancelled)
            if cancelled is not None:
                raise cancelled from None
        finally:
            self._end(reason)

    async def _live_with_children(self) -> Reason:
        async with trio.open_nursery() as nursery:
            self.actor.nursery = nursery  # type: ignore[attr-defined]  # only a supervisor comes here
            try:
                return await self._live()
            finally:
                # Orderly ends have stopped every child by now; after a kill or a crash none may outlive us.
                nursery.cancel_scope.cancel()

    async def _live(self) -> Reason:
        reason: Reason
        try:
            reason = await self._serve()
        except Stop as stop:
            reason = stop.reason
        except Exception as crash:  # noqa: BLE001 - the crash guard: whatever a callback raises ends this actor only
            reason = crash
        if reason != KILLED and self.state == "running":
            reason = await self._terminate(reason)
        return reason

    async def _serve(self) -> Reason:
        if self._init is not None:
            init, self._init = self._init, None
            if await self._interruptible(init) is _INTERRUPTED:
                return self._exit or KILLED
        if isinstance(self.actor, Task):
            await self._interruptible(self.actor.body(self._mark_running, *self.actor.args))
            return self._exit or NORMAL
        self._mark_running()
        while True:
            while self._inbox is None and self._exit is None:
                self._parked = True
                await self
            if self._exit is not None:
                return self._exit
            inbox, self._inbox = self._inbox, None
            assert inbox is not None
            self._batch = iter(inbox)
            for message in self._batch:
                await self._handle(message)
                if self._exit is not None:
                    return self._exit
            self._batch = None

    async def _handle(self, message: Any) -> None:
        actor = self.actor
        self.handled += 1
        self.runtime.running = self
        if type(message) is Sender:
            try:
                answer = actor.handle_call(message.message, message)
                if inspect.iscoroutine(answer):
                    answer = await self._interruptible(answer)
                    if answer is _INTERRUPTED:
                        message.down(self._exit or KILLED)
                        return
                if answer is not NO_REPLY:
                    message.reply(answer)
            except Stop as stop:
                message.down(stop.reason)
                raise
            except Exception as crash:
                message.down(crash)
                raise
            except trio.Cancelled:
                message.down(KILLED)
                raise
        else:
            answer = actor.handle_info(message.message) if type(message) is Info else actor.handle_cast(message)
            if answer is not None:
                await self._interruptible(answer)
        self.runtime.running = None

    async def _interruptible(self, work: Awaitable[Any]) -> Any:
        """Await a callback so that `exit` can cut it short."""
        self.runtime.running = None
        scope = self._scope = trio.CancelScope()
        with scope:
            if self._exit is not None and (self._exit == KILLED or not self.actor.trap_exit):
                scope.cancel()
            answer = await work
            self._scope = None
            return answer
        self._scope = None
        return _INTERRUPTED

    async def _terminate(self, reason: Reason) -> Reason:
        self.state = "stopping"
        limit = self.spec.shutdown_seconds()
        try:
            work = self.actor.terminate(reason)
            if work is not None:
                # Shielded on purpose: cleanup runs although the world is being cancelled, but within the limit
                # of its child spec, and a kill still cuts it short.
                scope = self._scope = trio.move_on_after(limit, shield=True)
                with scope:
                    await work
                self._scope = None
                return KILLED if scope.cancelled_caught else reason
        except Exception as crash:  # noqa: BLE001 - a crash in cleanup is the exit reason, as in OTP
            return crash
        return reason

    def _end(self, reason: Reason) -> None:
        never_started = self.state == "starting"
        self.state = "failed" if never_started else "ended"
        self.exit_reason = reason
        self.task = None
        if self._init is not None:
            self._init.close()  # type: ignore[attr-defined]  # a coroutine never awaited
        if self.name is not None:
            self.name.release(self)
        self._drop_timers()
        for waiting in (self._batch, self._inbox):
            for message in waiting or ():
                if type(message) is Sender:
                    message.down(reason)
        self._batch = self._inbox = None
        if self._ended is not None:
            self._ended.set()
        if self.parent is not None:
            self.parent.actor.child_exited(self, reason, never_started=never_started)  # type: ignore[attr-defined]
        else:
            self.runtime.root_exited(reason)

    def _drop_timers(self) -> None:
        held, self._timers = self._timers, None
        if isinstance(held, list):
            for timer in held:
                timer.cancel()
        elif held is not None:
            held.cancel()

    # --- mailbox and parking

    def _deliver(self, message: Any) -> None:
        if self._inbox is None:
            self._inbox = [message]
            if self._parked:
                self._wake()
        else:
            self._inbox.append(message)

    def _wake(self) -> None:
        self._parked = False
        assert self.task is not None
        trio.lowlevel.reschedule(self.task)

    def abandoned(self) -> None:
        """The task was cancelled while parked, and Trio reschedules it."""
        self._parked = False

    def _mark_running(self, value: object = None) -> None:
        del value
        if self.state == "starting":
            self.state = "running"
            if self._ended is not None:
                # A starter waits on the same event; whoever waits for the end makes a new one.
                self._ended.set()
                self._ended = None


_INTERRUPTED = object()


async def wait_started(process: Process) -> None:
    """Wait until `process` has started; raise its exit reason (or `CallError`) when it failed to."""
    while process.state == "starting":
        if process._ended is None:  # noqa: SLF001 - the other half of this module
            process._ended = trio.Event()  # noqa: SLF001
        await process._ended.wait()  # noqa: SLF001
    if process.state == "failed":
        reason = process.exit_reason
        if isinstance(reason, BaseException):
            raise reason
        if reason not in (NORMAL, SHUTDOWN):
            msg = f"ended while starting: {reason}"
            raise CallError(msg)
