"""A process: the address of one actor, what OTP calls a pid.

Others hold it to call, cast, link, monitor and stop; the running half (task, mailbox) is its `Life`, which comes and
goes with hibernation. A process stays addressable after its end: calls raise `NoProc`, casts vanish. A restart makes a
new process; use a registry's `Name` for an address that outlives it.
"""

from __future__ import annotations

import math
from _thread import get_ident
from typing import TYPE_CHECKING, Any

import trio

from supervisors import propagation
from supervisors.actor import Actor
from supervisors.bonds import Bond, Bonds, each, loosed, tied
from supervisors.direct import PENDING, call_here, info_here
from supervisors.exits import (
    KILL,
    KILLED,
    NORMAL,
    SHUTDOWN,
    CallingSelf,
    CallTimeout,
    Down,
    MailboxFull,
    NoProc,
    Reason,
    WrongThread,
)
from supervisors.life import Life
from supervisors.messages import ExitMessage, Info, Sender, SystemCall
from supervisors.monitors import Link, Monitor
from supervisors.waiting import Waiter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from supervisors.registry import Name
    from supervisors.runtime import Runtime
    from supervisors.specs import ChildSpec
    from supervisors.timers import Timer

DEFAULT_TIMEOUT = 5.0
DIRECT_CALLS_A_TURN = 64
"""Direct calls in a row before the caller lets others run."""


class Process:
    """The address of one actor. Made by supervisors only.

    `state` is one of `starting`, `running`, `suspended`, `hibernated`, `stopping`, and at the end `failed` (never
    started), `ended`, or `zombie`: declared ended although its code still runs and ignores every cancellation.
    """

    __slots__ = (
        "__weakref__",
        "_bonds",
        "_life",
        "_timers",
        "actor",
        "args",
        "dropped",
        "exit_reason",
        "handled_before",
        "name",
        "parent",
        "restarts",
        "runtime",
        "spec",
        "started_at",
        "state",
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
        self.state = "starting"
        self.exit_reason: Reason | None = None
        self.handled_before = 0
        self.dropped = 0
        self.started_at = runtime.now()
        self._timers: Timer | list[Timer] | None = None
        self._bonds: Bonds = None
        self._life: Life | None = Life(self)

    # --- sending

    async def call(self, message: Any, timeout: float = DEFAULT_TIMEOUT) -> Any:
        """Send `message` and return the answer, within `timeout` seconds.

        Raises `NoProc` when the process has ended, `Down` at once when it ends with the call unanswered,
        `CallTimeout`, `MailboxFull`, `CallingSelf`, or what the callee passed to `Sender.error`. Cancelled, the
        message may still be handled; its answer is dropped. (OTP `gen_server:call/3`.)
        """
        life = self._life or self._roused()
        if life.thread != get_ident():
            raise _wrong_thread(self)
        sender = Sender(message, self.runtime.now() + timeout)
        if propagation.carriers:
            sender.baggage = propagation.capture()
        if life.parked and life.direct:
            await trio.lowlevel.checkpoint_if_cancelled()
            answer = call_here(life, sender)
            if answer is PENDING and not sender.answered:
                return await self._answer(sender)
            if life.taken % DIRECT_CALLS_A_TURN == 0:
                await trio.lowlevel.cancel_shielded_checkpoint()
            return sender.unwrap() if answer is PENDING else answer
        if trio.lowlevel.current_task() is life.task:
            msg = f"{self!r} called itself"
            raise CallingSelf(msg)
        if not life.take(sender):
            await self._wait_for_room(life, sender)
        return await self._answer(sender)

    def cast(self, message: Any) -> None:
        """Send `message` without waiting; silently nothing when nobody is there.

        A full mailbox does what the actor's `overflow` says: the message is dropped and counted, or `MailboxFull` is
        raised. (OTP `gen_server:cast/2`.)
        """
        life = self._life
        if life is None:
            if self.exit_reason is not None:
                return
            life = self._roused()
        if life.thread != get_ident():
            raise _wrong_thread(self)
        if propagation.carriers:
            message = propagation.packed(message)
        inbox = life.inbox
        if inbox is None:
            life.inbox = [message]
            if life.parked:
                life.unpark()
        elif len(inbox) < life.room:
            inbox.append(message)
        elif not life.take(message) and self.actor.overflow in {"refuse", "block"}:
            raise _full(self)

    async def cast_within(self, message: Any, timeout: float = DEFAULT_TIMEOUT) -> None:
        """Send `message` once the mailbox has room, waiting up to `timeout` seconds; then `MailboxFull` is raised.

        Raises `NoProc` when nobody is there. Cancelled, the message was not sent.
        """
        life = self._life or self._roused()
        if life.thread != get_ident():
            raise _wrong_thread(self)
        await trio.lowlevel.checkpoint_if_cancelled()
        message = propagation.packed(message)
        deadline = trio.current_time() + timeout
        with trio.move_on_at(deadline):
            while not life.has_room():
                await life.space()
                life = self._life or self._roused()
        if not life.has_room():
            raise _full(self)
        life.take(message)

    def info(self, message: Any) -> None:
        """Send `message` to `handle_info`; never refused, since timers and signals must not be lost."""
        life = self._life
        if life is None:
            if self.exit_reason is not None:
                return
            life = self._roused()
        if life.thread != get_ident():
            raise _wrong_thread(self)
        life.put(Info(message))

    async def system_call(self, request: Any, timeout: float = DEFAULT_TIMEOUT) -> Any:
        """Send a request of `supervisors.system`; it passes the mailbox's bound, and a suspended process serves it."""
        life = self._life or self._roused()
        if life.thread != get_ident():
            raise _wrong_thread(self)
        if trio.lowlevel.current_task() is life.task:
            msg = f"{self!r} asked itself"
            raise CallingSelf(msg)
        sender = SystemCall(request, trio.current_time() + timeout)
        life.put(sender)
        if life.parked:
            life.unpark()  # a suspended one lets other mail lie
        return await self._answer(sender)

    # --- ending

    @property
    def alive(self) -> bool:
        """True until the process has ended, its last cleanup included."""
        return self.exit_reason is None

    def exit(self, reason: Reason, *, source: Process | None = None, linked: bool = False) -> None:
        """Send an exit signal, as OTP's `exit/2`; returns at once.

        `KILL` ends any process with `"killed"`, without its `terminate`. An actor that traps exits gets an
        `ExitMessage` of any other reason. Else `"normal"` does nothing, and any other reason ends the process: a
        callback at work is interrupted at its next checkpoint.
        """
        if self.exit_reason is not None:
            return
        if self.runtime.thread != get_ident():
            raise _wrong_thread(self)
        if reason == KILL and not linked:
            self._leave(KILLED, force=True)
        elif self.actor.trap_exit:
            self.info(ExitMessage(source, reason))
        elif reason != NORMAL or source is self:
            self._leave(reason, force=True)

    def shut_down(self, reason: Reason = SHUTDOWN) -> None:
        """Ask for an orderly end, as a supervisor does; returns at once, trapping exits does not help.

        A callback at work is interrupted at its next checkpoint, unless the actor traps exits: then it may finish.
        """
        if self.runtime.thread != get_ident():
            raise _wrong_thread(self)
        if self.exit_reason is None:
            self._leave(reason, force=not self.actor.trap_exit or self.actor.process_type == "supervisor")

    async def stop(self, reason: Reason = NORMAL, timeout: float = math.inf) -> None:
        """End the process in good order and wait for it (OTP `gen_server:stop/3`).

        Raises `NoProc` when it had ended, `CallTimeout` when it has not after `timeout` seconds, and `Down` when it
        ended for another reason. A supervisor may restart it, by its restart type.
        """
        if self.exit_reason is not None:
            raise _gone(self)
        self.shut_down(reason)
        with trio.move_on_after(timeout):
            ended = await self.wait_ended()
            if ended != reason:
                raise Down(ended)
            return
        msg = f"{self!r} has not ended within {timeout:g} s"
        raise CallTimeout(msg)

    async def wait_ended(self) -> Reason:
        """Wait until the process has ended and return its exit reason."""
        while self.exit_reason is None:
            await Waiter(self).wait()
        return self.exit_reason

    def _leave(self, reason: Reason, *, force: bool) -> None:
        if self._life is None:
            if self._bonds is None and (reason == KILLED or type(self.actor).terminate is Actor.terminate):
                # Asleep, with nothing to clean up and nobody to tell: no need to wake it for its own end.
                self.end(reason)
                return
            self._roused()
        assert self._life is not None
        self._life.leave(reason, force=force)

    # --- timers and bonds

    def send_after(self, seconds: float, message: Any) -> Timer:
        """Deliver `message` as info after `seconds`, unless the process ends or the timer is cancelled first."""
        if self.runtime.thread != get_ident():
            raise _wrong_thread(self)
        timer = self.runtime.wheel.add(self.runtime.now() + seconds, self, message)
        self.hold(timer)
        return timer

    def hold(self, timer: Timer) -> None:
        """Cancel `timer` when the process ends."""
        held = self._timers
        if held is None:
            self._timers = timer
        elif isinstance(held, list):
            held[:] = [each for each in held if each.target is not None]
            held.append(timer)
        else:
            self._timers = timer if held.target is None else [held, timer]

    def due(self, timer: Timer) -> None:
        """Take a timer from the wheel."""
        message, timer.message = timer.message, None
        self.signal(message)

    def signal(self, message: Any) -> None:
        """Send `message` to `handle_info`, and have it handled in this step if the actor is idle and `direct`."""
        life = self._life
        if life is not None and life.parked and life.direct and life.thread == get_ident():
            info_here(life, message)
        else:
            self.info(message)

    def tie(self, bond: Bond) -> None:
        """Have `bond` told of this process's end."""
        if self.runtime.thread != get_ident():
            raise _wrong_thread(self)
        self._bonds = tied(self._bonds, bond)

    def loose(self, bond: Bond) -> None:
        """Forget `bond`."""
        self._bonds = loosed(self._bonds, bond)

    def bonds(self) -> Iterator[Bond]:
        """Everything that is to be told of this process's end."""
        return each(self._bonds)

    # --- looking

    def whereis(self) -> Process | None:
        """Itself: a process may stand wherever a `Name` does."""
        return self

    def links(self) -> Iterator[Process]:
        """The processes whose fate is tied to ours."""
        return (bond.other(self) for bond in self.bonds() if isinstance(bond, Link))

    def monitors(self) -> Iterator[Process]:
        """The processes we watch."""
        for bond in self.bonds():
            if isinstance(bond, Monitor) and bond.watcher is self and bond.target is not None:
                yield bond.target

    def monitored_by(self) -> Iterator[Process]:
        """The processes that watch us."""
        for bond in self.bonds():
            if isinstance(bond, Monitor) and bond.target is self and bond.watcher is not None:
                yield bond.watcher

    def age(self, now: float) -> float:
        """Seconds since it was started, as its actor lets it be told (`Actor.age_grain`); of use in any thread."""
        seconds = max(0.0, now - self.started_at)
        grain = self.actor.age_grain
        return seconds - seconds % grain if grain else seconds

    def mailbox_length(self) -> int:
        """Count the messages that wait, those of the batch at work included."""
        return 0 if self._life is None else self._life.waiting()

    def timers(self) -> list[Timer]:
        """The timers armed for this process."""
        held = self._timers
        armed = held if isinstance(held, list) else [held] if held is not None else []
        return [timer for timer in armed if timer.target is not None]

    def timer_count(self) -> int:
        """Count the timers armed for this process."""
        return len(self.timers())

    @property
    def handled(self) -> int:
        """Messages handled so far, the one at work included."""
        return self.handled_before + (0 if self._life is None else self._life.handled())

    @property
    def busy_seconds(self) -> float:
        """Seconds for which a callback was at work or waited, since the start or the last hibernation."""
        return 0.0 if self._life is None else self._life.busy_seconds()

    @property
    def busy(self) -> bool:
        """True while a callback is at work or waits for something."""
        return self._life is not None and not self._life.parked

    @property
    def life(self) -> Life | None:
        """The running half; `None` while hibernated and after the end."""
        return self._life

    def __repr__(self) -> str:
        return f"<{self.spec.kind} {self.name.key if self.name else self.spec.id}>"

    # --- between the two halves

    def fall_asleep(self) -> None:
        """Give task and mailbox back; called by the life as its last act."""
        assert self._life is not None
        self.handled_before += self._life.handled()
        self._life = None
        self.state = "hibernated"

    def hand_over(self) -> Bonds:
        """Give up what hangs on us, to a `Dormant` that takes our place."""
        handed, self._bonds = self._bonds, None
        return handed

    def live_as(self, life: Life) -> Life:
        """Live another life than a worker's."""
        self._life = life
        return life

    def discard(self) -> None:
        """Undo a start that came to nothing, before anybody got to know of it."""
        self.state = "failed"
        self.exit_reason = NORMAL
        self._life = None
        if self.name is not None:
            self.name.release(self)
        held, self._timers = self._timers, None
        for timer in held if isinstance(held, list) else () if held is None else (held,):
            timer.cancel()
        for bond in each(self._bonds):
            bond.severed(self, NORMAL)
        self.actor.process = self.runtime.nobody

    def mark_started(self, value: object = None) -> None:
        """Count as running from now on, and tell who waits for that."""
        del value
        if self.state == "starting":
            self.state = "running"
            for bond in self.bonds():
                if isinstance(bond, Waiter) and bond.starting:
                    bond.event.set()

    def end(self, reason: Reason, *, zombie: bool = False) -> None:
        """Be over: nothing of the process is found, due or bound any more, and who must know is told."""
        if self.exit_reason is not None:
            return
        life, self._life = self._life, None
        never_started = self.state == "starting"
        self.state = "zombie" if zombie else "failed" if never_started else "ended"
        self.exit_reason = reason
        if life is not None:
            self.handled_before += life.handled()
        if self.name is not None:
            self.name.release(self)
        held, self._timers = self._timers, None
        for timer in held if isinstance(held, list) else () if held is None else (held,):
            timer.cancel()
        hanging, self._bonds = self._bonds, None
        if life is not None:
            for sender in life.undelivered():
                sender.down(reason)
        for bond in each(hanging):
            bond.severed(self, reason)
        if self.parent is not None:
            self.parent.actor.child_exited(self, reason, never_started=never_started)  # type: ignore[attr-defined]
        else:
            self.runtime.root_exited(reason)
        if not zombie:
            # Unties actor and process, so that both are freed at once instead of by the collector.
            self.actor.process = self.runtime.nobody

    def _roused(self) -> Life:
        """Wake a hibernated process under its supervisor; raises `NoProc` for an ended one."""
        if self.exit_reason is not None or self.parent is None:
            raise _gone(self)
        if self.runtime.thread != get_ident():
            raise _wrong_thread(self)
        life = self._life = Life(self)
        self.state = "running"
        self.parent.actor.nursery.start_soon(life.run, name=self.spec.id)  # type: ignore[attr-defined]
        return life

    async def _answer(self, sender: Sender) -> Any:
        timer = self.runtime.wheel.add(sender.deadline, sender, None)
        try:
            return await sender.wait()
        finally:
            timer.cancel()

    async def _wait_for_room(self, life: Life, sender: Sender) -> None:
        """Wait for room until the call's deadline, if the actor's overflow policy is to block."""
        if self.actor.overflow == "block":
            with trio.move_on_at(sender.deadline):
                while not life.has_room():
                    await life.space()
                    life = self._life or self._roused()
            if life.has_room():
                life.take(sender)
                return
        raise _full(self)


def _gone(process: Process) -> NoProc:
    return NoProc(f"{process!r} has ended")


def _full(process: Process) -> MailboxFull:
    return MailboxFull(f"the mailbox of {process!r} is at its limit of {process.actor.mailbox_limit}")


def _wrong_thread(process: Process) -> WrongThread:
    return WrongThread(f"{process!r} was used from another thread than its runtime's")
