"""The running half of a process: one Trio task, one mailbox, one coroutine frame.

`Life.run` is the whole life of an actor: init, message loop and crash guard in a single frame. No exception ever
reaches the nursery, so one actor's crash can not cancel its siblings; its supervisor is told by `child_exited`. An
idle life is parked on itself (`Parked`) and owns no cancel scope, no channel, no queue.
"""

from __future__ import annotations

from time import perf_counter
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

import trio

from supervisors import propagation, system
from supervisors.actor import Actor, Task
from supervisors.direct import Begun, Crashed
from supervisors.exits import IGNORED, KILLED, NORMAL, Reason, Stop
from supervisors.mailbox import SLICE, Mailbox
from supervisors.messages import (
    HIBERNATE,
    IGNORE,
    NO_REPLY,
    Carried,
    Continue,
    Info,
    Reply,
    Sender,
    SystemCall,
    unwrapped,
)
from supervisors.reports import report_crash

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from supervisors.hibernation import IdleQueue
    from supervisors.process import Process
    from supervisors.system import Debug

_INTERRUPTED: Final = object()
_ENVELOPES: Final = frozenset({Sender, Info, Carried, SystemCall})
_SPECIAL: Final = frozenset({CoroutineType, Reply, type(NO_REPLY)})
CLEANUP_SECONDS: Final = 5.0
"""What cleanup may take where the child spec sets no limit to it, because it allows none on request."""


class Life(Mailbox):
    """Task and mailbox of a process, from its start or awakening until its end or hibernation."""

    __slots__ = (
        "began",
        "busy",
        "current",
        "debug",
        "direct",
        "handed",
        "idle",
        "leaving",
        "scope",
        "sleepy",
    )

    def __init__(self, process: Process) -> None:
        super().__init__(process)
        actor = process.actor
        self.direct = actor.direct
        self.leaving: Reason | None = None
        self.scope: trio.CancelScope | None = None
        self.handed: Any = None
        """Work begun elsewhere for this task to go on with: init's coroutine, a direct callback's."""
        self.sleepy = False
        self.current: str | None = None
        self.debug: Debug | None = None
        self.busy = 0.0
        self.began = 0.0
        self.idle: IdleQueue | None = (
            None if actor.hibernate_after is None else process.runtime.idle_queue(actor.hibernate_after)
        )

    # --- figures

    def busy_seconds(self) -> float:
        """Seconds spent in callbacks, waits of coroutine callbacks included."""
        return self.busy + (0.0 if self.batch is None else perf_counter() - self.began)

    # --- waking and leaving

    def leave(self, reason: Reason, *, force: bool) -> None:
        """End soon; `force` interrupts a callback at its next checkpoint."""
        if self.leaving is not None and reason != KILLED:
            return
        self.leaving = reason
        if self.parked:
            self.unpark()
        elif self.scope is not None and force and (reason == KILLED or self.process.state != "stopping"):
            # Cleanup has begun where the state is "stopping": nothing but a kill cuts that short.
            self.scope.cancel()

    def doze(self) -> None:
        """Hibernate, unless a message comes first."""
        self.sleepy = True
        if self.parked:
            self.unpark()

    # --- the whole of it

    async def run(self) -> None:  # noqa: C901, PLR0912, PLR0915 - one frame: another would cost every idle actor 400 bytes
        """Live. Never raises, but for Trio's own cancellation."""
        process = self.process
        runtime = process.runtime
        actor = process.actor
        reason: Reason = KILLED
        message: Any = None
        after: Any = None
        asleep = False
        self.task = trio.lowlevel.current_task()
        try:
            try:
                while True:
                    if self.handed is not None:
                        message = self.handed
                        await self._go_on()
                        message = runtime.running = None
                    elif process.state == "starting":
                        process.mark_started()
                    while self.inbox is None and self.leaving is None and self.handed is None:
                        if self.sleepy and not self.deferred and self.debug is None and process.parent is not None:
                            asleep = True
                            return
                        if self.idle is not None:
                            self.idle.enter(self)
                        self.parked = True
                        await self
                    if self.handed is not None:
                        continue
                    if self.leaving is not None:
                        reason = self.leaving
                        break
                    if self.inbox is None:
                        continue
                    size = self.next_batch()
                    self.sleepy = False
                    self.began = perf_counter()
                    runtime.running = process
                    for message in self.batch:  # type: ignore[union-attr]  # made by _begin
                        kind = type(message)
                        if kind not in _ENVELOPES and self.debug is None:
                            after = actor.handle_cast(message)
                            if after is not None:
                                await self._settle(after)
                        elif kind is Sender and message.baggage is None and self.debug is None:
                            after = actor.handle_call(message.message, message)
                            if type(after) in _SPECIAL:
                                await self._answer(message, after)
                            else:
                                message.reply(after)
                        elif kind is Info and self.debug is None:
                            after = actor.handle_info(message.message)
                            if after is not None:
                                await self._settle(after)
                        else:
                            await self._open(message)
                        if self.leaving is not None:
                            break
                    # Neither a message nor an answer is kept while the actor waits for the next.
                    message = after = None
                    runtime.running = None
                    self.busy += perf_counter() - self.began
                    if self.leaving is None:
                        self.batch = None
                        if self.taken % SLICE < size:
                            # A slice's worth, in however many batches: let others run before the next one.
                            await trio.lowlevel.cancel_shielded_checkpoint()
            except Stop as stop:
                reason = stop.reason
            except Exception as crash:  # noqa: BLE001 - the crash guard: what a callback raises ends this actor only
                reason = crash
            if self.leaving == KILLED:
                reason = KILLED  # whatever the callback raised while it was unwound
            if runtime.running is process:
                runtime.running = None
            self._keep_unanswered(message)
            report_crash(process, reason, _content(message))
            message = None
            if reason != KILLED and process.state != "starting" and type(actor).terminate is not Actor.terminate:
                reason = await self._terminate(reason)
        except trio.Cancelled:
            # The nursery above was cancelled: as good as a kill, and Trio wants its exception back.
            reason = KILLED
            raise
        except BaseExceptionGroup as group:
            # A callback's own nursery mixed its errors with a cancellation or an interruption: these are not ours.
            reason = KILLED
            foreign = group.subgroup(lambda error: not isinstance(error, Exception))
            if foreign is not None:
                raise foreign from None
        finally:
            if asleep:
                process.fall_asleep()
                runtime.packer.add(process)
            else:
                self._keep_unanswered(message)
                self.over(reason)

    def over(self, reason: Reason) -> None:
        """Hook: the life has ended with `reason`."""
        process = self.process
        if process.state == "zombie":
            process.runtime.zombies.discard(process)
        else:
            process.end(reason)

    # --- callbacks

    async def _open(self, message: Any) -> None:
        debug = self.debug
        if debug is None or type(message) is SystemCall:
            await self._dispatch(message)
            return
        began = perf_counter()
        what = "crash"
        try:
            await self._dispatch(message)
            what = _WHAT.get(type(message), "cast")
        finally:
            debug.note(self.process, what, message, perf_counter() - began)

    async def _dispatch(self, message: Any) -> None:
        actor = self.process.actor
        kind = type(message)
        if kind is Sender:
            await self._serve(message)
        elif kind is Info:
            after = actor.handle_info(message.message)
            if after is not None:
                await self._settle(after)
        elif kind is SystemCall:
            system.obey(self, message)
            if self.process.state == "suspended":
                await self._stay_suspended()
        elif kind is Carried:
            attached = propagation.unpack(message.baggage)
            try:
                await self._settle(actor.handle_cast(message.message))
            finally:
                propagation.restore(attached)
        else:
            await self._settle(actor.handle_cast(message))

    async def _serve(self, sender: Sender) -> None:
        attached = None if sender.baggage is None else propagation.unpack(sender.baggage)
        try:
            await self._answer(sender, self.process.actor.handle_call(sender.message, sender))
        finally:
            if attached is not None:
                propagation.restore(attached)

    async def _answer(self, sender: Sender, answer: Any) -> None:
        if type(answer) is CoroutineType:
            # Whatever becomes of the work, also if it outlives us: the caller learns of our end.
            self.defer(sender)
            answer = await self._wait(answer)
            if answer is _INTERRUPTED:
                return
        if type(answer) is Reply:
            sender.reply(answer.value)
            await self._settle(answer.then)
        elif answer is NO_REPLY:
            self.defer(sender)
        else:
            sender.reply(answer)

    async def _settle(self, after: Any) -> None:
        """Do what a callback returned: wait for it, continue, hibernate."""
        while after is not None and after is not _INTERRUPTED:
            if isinstance(after, Continue):
                after = self.process.actor.handle_continue(after.message)
            elif after is HIBERNATE:
                self.sleepy = True
                return
            elif hasattr(after, "__await__"):
                after = await self._wait(after)
            else:
                raise self._meaningless(after)

    def _meaningless(self, returned: Any) -> TypeError:
        return TypeError(f"a callback of {self.process!r} returned a {type(returned).__name__}, which means nothing")

    async def _wait(self, work: Awaitable[Any]) -> Any:
        """Await a callback so that `leave` can cut it short."""
        process = self.process
        runtime = process.runtime
        runtime.running = None
        self.current = getattr(work, "__qualname__", None)
        with trio.CancelScope() as scope:
            self.scope = scope
            if self.leaving is not None and (self.leaving == KILLED or not process.actor.trap_exit):
                scope.cancel()
            try:
                return await work
            finally:
                self.scope = self.current = None
                runtime.running = process
        return _INTERRUPTED

    async def _go_on(self) -> None:
        """Go on with what was begun elsewhere."""
        process = self.process
        handed, self.handed = self.handed, None
        if type(handed) is Crashed:
            raise handed.crash
        if type(handed) is Begun:
            await self._finish(handed)
            return
        if isinstance(process.actor, Task):
            await self._wait(process.actor.body(process.mark_started, *process.actor.args))
            if self.leaving is None:
                raise Stop(IGNORED if process.state == "starting" else NORMAL)
            return
        if hasattr(handed, "__await__"):
            handed = await self._wait(handed)
        if handed is IGNORE:
            raise Stop(IGNORED)
        if handed is not _INTERRUPTED:
            if handed is not None and handed is not HIBERNATE and not isinstance(handed, Continue):
                raise self._meaningless(handed)
            process.mark_started()
            await self._settle(handed)

    async def _finish(self, begun: Begun) -> None:
        sender, answer = begun.sender, begun.answer
        if sender is None:
            await self._settle(answer)
            return
        attached = None if sender.baggage is None else propagation.unpack(sender.baggage)
        try:
            await self._answer(sender, answer)
        finally:
            if attached is not None:
                propagation.restore(attached)

    async def _terminate(self, reason: Reason) -> Reason:
        process = self.process
        process.state = "stopping"
        try:
            work = process.actor.terminate(reason)
            if work is not None:
                # Shielded on purpose: cleanup runs although the world is being cancelled, but within the limit
                # of its child spec, and a kill still cuts it short.
                self.current = "terminate"
                # (One that is to be killed brutally, and stops by itself, has no limit of its own.)
                limit = process.spec.shutdown_seconds() or CLEANUP_SECONDS
                with trio.move_on_after(limit, shield=True) as scope:
                    self.scope = scope
                    await work
                self.scope = None
                return KILLED if scope.cancelled_caught else reason
        except Exception as crash:  # noqa: BLE001 - a crash in cleanup is the exit reason, as in OTP
            if self.leaving == KILLED:
                return KILLED
            report_crash(process, crash, None)
            return crash
        return reason

    async def _stay_suspended(self) -> None:
        """Serve system calls only; the rest of the mail waits, within its bound."""
        rest = list(self.batch or ())
        self.taken -= len(rest)
        self.batch = None
        self.inbox = [*rest, *(self.inbox or ())]
        self.room = self.process.actor.mailbox_limit
        self.direct = False
        self.busy += perf_counter() - self.began
        self.process.runtime.running = None
        while self.process.state == "suspended" and self.leaving is None:
            calls = [message for message in self.inbox or () if type(message) is SystemCall]
            if calls:
                self.inbox = [message for message in self.inbox or () if type(message) is not SystemCall]
                for call in calls:
                    system.obey(self, call)
            else:
                self.parked = True
                await self
        self.began = perf_counter()
        self.direct = self.process.actor.direct and self.debug is None
        self.inbox = self.inbox or None

    def _keep_unanswered(self, message: Any) -> None:
        """Put back a call at work when we end: its caller learns of it when all is over, cleanup included."""
        sender = message.sender if type(message) is Begun else message
        if type(sender) is Sender and not sender.answered:
            self.defer(sender)


def _content(message: Any) -> Any:
    """What was being handled: the message without what it came in, `None` where there was none."""
    if type(message) is Begun or type(message) is Crashed:
        message = message.message
    if type(message) is CoroutineType or isinstance(message, Task):
        return None
    return message.message if type(message) is Continue else unwrapped(message)


_WHAT: Final = {Sender: "call", Info: "info"}
