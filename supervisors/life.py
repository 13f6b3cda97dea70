"""The running half of a process: one Trio task, one mailbox, one coroutine frame.

`Life.run` is the whole life of an actor: init, message loop and crash guard in a single frame. No exception ever
reaches the nursery, so one actor's crash can not cancel its siblings; its supervisor is told by `child_exited`. An
idle life is parked on itself (`Parked`) and owns no cancel scope, no channel, no queue.
"""

from __future__ import annotations

from operator import length_hint
from time import perf_counter
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

import trio

from supervisors import propagation, system, telemetry
from supervisors.actor import Actor, Task
from supervisors.exits import IGNORED, KILLED, NORMAL, Reason, Stop
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
    refuse,
    unwrapped,
)
from supervisors.parking import Parked, wake
from supervisors.reports import report_crash

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from supervisors.hibernation import IdleQueue
    from supervisors.process import Process
    from supervisors.system import Debug

PENDING: Final = object()
"""The answer of a direct call will come through its sender."""
_INTERRUPTED: Final = object()
_ENVELOPES: Final = frozenset({Sender, Info, Carried, SystemCall})
_SPECIAL: Final = frozenset({CoroutineType, Reply, type(NO_REPLY)})
_NONE: Final[Any] = frozenset()
CLEANUP_SECONDS: Final = 5.0
"""What cleanup may take where the child spec sets no limit to it, because it allows none on request."""
SLICE: Final = 1_000
"""Messages handled in a row before others run: what `reductions` are to the BEAM."""


class Life(Parked):
    """Task and mailbox of a process, from its start or awakening until its end or hibernation."""

    __slots__ = (
        "batch",
        "began",
        "busy",
        "current",
        "debug",
        "deferred",
        "direct",
        "handed",
        "idle",
        "inbox",
        "leaving",
        "parked",
        "process",
        "room",
        "roomier",
        "scope",
        "sleepy",
        "taken",
        "task",
        "thread",
        "turns",
    )

    def __init__(self, process: Process) -> None:
        actor = process.actor
        runtime = process.runtime
        self.process = process
        self.thread = runtime.thread
        self.task: trio.lowlevel.Task | None = None
        self.inbox: list[Any] | None = None
        self.batch: Iterator[Any] | None = None
        self.room = actor.mailbox_limit
        """How long the inbox may get; less than the limit while a batch is at work."""
        self.parked = False
        self.direct = actor.direct
        self.leaving: Reason | None = None
        self.scope: trio.CancelScope | None = None
        self.handed: Any = None
        """Work begun elsewhere for this task to go on with: init's coroutine, a direct callback's."""
        self.sleepy = False
        self.roomier: trio.Event | None = None
        self.current: str | None = None
        self.debug: Debug | None = None
        self.deferred: set[Sender] = _NONE
        """Calls whose answer was put off."""
        self.turns = 0
        self.taken = 0
        self.busy = 0.0
        self.began = 0.0
        self.idle: IdleQueue | None = (
            None if actor.hibernate_after is None else runtime.idle_queue(actor.hibernate_after)
        )

    # --- the mailbox

    def take(self, message: Any) -> bool:
        """Put a call or cast in, within the bound; False when the overflow policy kept it out."""
        inbox = self.inbox
        if inbox is None:
            self.put(message)
            return True
        if len(inbox) < self.room or self.has_room():
            inbox.append(message)
            return True
        process = self.process
        policy = process.actor.overflow
        if policy != "block":
            process.dropped += 1
            telemetry.emit("mailbox.dropped", process, policy=policy)
        if policy != "drop_oldest":
            return False
        for index, old in enumerate(inbox):
            if type(old) is not Info and type(old) is not SystemCall:
                del inbox[index]
                refuse(old, f"the mailbox of {process!r} is full, and drops its oldest messages")
                inbox.append(message)
                return True
        return False

    def put(self, message: Any) -> None:
        """Put a message in, whatever the bound."""
        if self.inbox is None:
            self.inbox = [message]
            if self.parked:
                self.unpark()
        else:
            self.inbox.append(message)

    def waiting(self) -> int:
        """Count the messages in mailbox and batch."""
        inbox, batch = self.inbox, self.batch
        return (0 if inbox is None else len(inbox)) + (0 if batch is None else length_hint(batch))

    def has_room(self) -> bool:
        """Tell whether one more call or cast fits."""
        if self.waiting() >= self.process.actor.mailbox_limit:
            return False
        self.room = self.process.actor.mailbox_limit - (0 if self.batch is None else length_hint(self.batch))
        return True

    async def space(self) -> None:
        """Wait until the mailbox has been emptied into a batch, or the process has ended."""
        if self.roomier is None:
            self.roomier = trio.Event()
        await self.roomier.wait()

    def undelivered(self) -> Iterator[Sender]:
        """The calls that nobody will answer now."""
        for waiting in (self.batch, self.inbox):
            for message in waiting or ():
                if isinstance(message, Sender):
                    yield message
        self.batch = self.inbox = None
        yield from list(self.deferred)
        if self.roomier is not None:
            self.roomier.set()

    # --- figures

    def handled(self) -> int:
        """Count the messages handled in this life, the one at work included."""
        return self.taken - (0 if self.batch is None else length_hint(self.batch))

    def busy_seconds(self) -> float:
        """Seconds spent in callbacks, waits of coroutine callbacks included."""
        return self.busy + (0.0 if self.batch is None else perf_counter() - self.began)

    # --- waking and leaving

    def unpark(self) -> None:
        """Have the task look at its mailbox."""
        self.parked = False
        assert self.task is not None
        wake(self.task)

    def abandoned(self) -> None:
        """The task was cancelled while parked, and Trio reschedules it."""
        self.parked = False

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
                    size = self._begin()
                    runtime.running = process
                    for message in self.batch:  # type: ignore[union-attr]  # made by _begin
                        kind = type(message)
                        if kind not in _ENVELOPES and self.debug is None:
                            after = actor.handle_cast(message)
                            if after is not None:
                                await self._settle(after)
                        elif kind is Sender and message.baggage is None and self.debug is None:
                            answer = actor.handle_call(message.message, message)
                            if type(answer) in _SPECIAL:
                                await self._answer(message, answer)
                            else:
                                message.reply(answer)
                        elif kind is Info and self.debug is None:
                            after = actor.handle_info(message.message)
                            if after is not None:
                                await self._settle(after)
                        else:
                            await self._open(message)
                        if self.leaving is not None:
                            break
                    message = None
                    runtime.running = None
                    self.busy += perf_counter() - self.began
                    if self.leaving is None:
                        self.batch = None
                        if size == SLICE:
                            # A full slice: let others run before the next one.
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
                before, reason = reason, await self._terminate(reason)
                if reason is not before:
                    report_crash(process, reason, None)
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

    def _begin(self) -> int:
        """Take the next slice of the mailbox as the batch at work; return its size."""
        inbox = self.inbox or []
        limit = self.process.actor.mailbox_limit
        if len(inbox) > SLICE:
            self.inbox = inbox[SLICE:]
            del inbox[SLICE:]
        else:
            # With more than fits at work, a list that is there makes the next sender look at the bound.
            self.inbox = [] if len(inbox) > limit else None
            if self.roomier is not None:
                self.roomier.set()
                self.roomier = None
        size = len(inbox)
        self.room = limit - size + 1
        self.batch = iter(inbox)
        self.taken += size
        self.sleepy = False
        self.began = perf_counter()
        return size

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
            self._defer(sender)
            answer = await self._wait(answer)
            if answer is _INTERRUPTED:
                return
        if type(answer) is Reply:
            sender.reply(answer.value)
            await self._settle(answer.then)
        elif answer is NO_REPLY:
            self._defer(sender)
        else:
            sender.reply(answer)

    def _defer(self, sender: Sender) -> None:
        """Remember a call whose answer was put off: its caller must learn of our end."""
        if not sender.answered:
            if self.deferred is _NONE:
                self.deferred = set()
            self.deferred.add(sender)
            sender.callee = self

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
        if type(handed) is _Crashed:
            raise handed.crash
        if type(handed) is _Begun:
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

    async def _finish(self, begun: _Begun) -> None:
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
            return KILLED if self.leaving == KILLED else crash
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
        sender = message.sender if type(message) is _Begun else message
        if type(sender) is Sender and not sender.answered:
            self._defer(sender)

    # --- callbacks in somebody else's step

    def call_here(self, sender: Sender) -> Any:
        """Run `handle_call` of the idle actor now; return the answer, or `PENDING` if it comes through `sender`."""
        handle = self.process.actor.handle_call
        if sender.baggage is None:
            answer = self._here(sender, handle, sender.message, sender)
        else:
            answer = self._here(sender, propagation.within, sender.baggage, handle, sender.message, sender)
        kind = type(answer)
        if kind is CoroutineType or kind is Reply:
            self.handed = _Begun(sender, sender, answer)
            answer = PENDING
        elif answer is NO_REPLY or sender.answered:
            self._defer(sender)
            answer = PENDING
        self._rest()
        return answer

    def info_here(self, message: Any) -> None:
        """Run `handle_info` of the idle actor now."""
        after = self._here(message, self.process.actor.handle_info, message)
        if after is not None and after is not PENDING:
            self.handed = _Begun(message, None, after)
        self._rest()

    def _here(self, message: Any, callback: Any, *args: Any) -> Any:
        process = self.process
        runtime = process.runtime
        before, runtime.running = runtime.running, process
        self.parked = False
        self.taken += 1
        began = perf_counter()
        assert self.task is not None
        try:
            # In the actor's own context, as if it ran in its own task.
            return self.task.context.run(callback, *args)
        except Exception as crash:  # noqa: BLE001 - the crash is the actor's: its own task raises it again
            self.handed = _Crashed(crash, message)
            if isinstance(message, Sender):
                self._defer(message)
            return PENDING
        finally:
            runtime.running = before
            self.busy += perf_counter() - began

    def _rest(self) -> None:
        if self.inbox is None and self.handed is None and self.leaving is None:
            self.parked = True
        else:
            self.unpark()


class _Begun:
    """A callback that ran in somebody else's step and left something to do."""

    __slots__ = ("answer", "message", "sender")

    def __init__(self, message: Any, sender: Sender | None, answer: Any) -> None:
        self.message = message
        self.sender = sender
        self.answer = answer


class _Crashed:
    """A callback that crashed in somebody else's step."""

    __slots__ = ("crash", "message")

    def __init__(self, crash: Exception, message: Any) -> None:
        self.crash = crash
        self.message = message


def _content(message: Any) -> Any:
    """What was being handled: the message without what it came in, `None` where there was none."""
    if type(message) is _Begun or type(message) is _Crashed:
        message = message.message
    if type(message) is CoroutineType or isinstance(message, Task):
        return None
    return message.message if type(message) is Continue else unwrapped(message)


_WHAT: Final = {Sender: "call", Info: "info"}
