"""Dynamic supervisors: very many like children, started on demand.

OTP's `simple_one_for_one`, Elixir's `DynamicSupervisor`.

The children share one template; each has its own extra arguments, appended to the template's, and possibly a name.
There is no order among them: they are restarted one by one and stopped all at once. What a supervisor must know of a
child lies in the child's process, so a child costs no record of its own here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import trio

from supervisors import telemetry
from supervisors.actor import Actor
from supervisors.backoff import delay
from supervisors.dormancy import lay_down, packs
from supervisors.exits import (
    IGNORED,
    KILLED,
    SHUTDOWN,
    AlreadyStarted,
    NoProc,
    Reason,
    Stop,
    SupervisionError,
    is_abnormal,
)
from supervisors.intensity import RestartWindow
from supervisors.launching import launch
from supervisors.messages import NO_REPLY, Sender
from supervisors.process import Process
from supervisors.registry import Name, Registry
from supervisors.requests import (
    ChildCount,
    ChildInfo,
    ChildNotFound,
    CountChildren,
    DeleteChild,
    Exited,
    GetChildSpec,
    NotForDynamic,
    RestartChild,
    TerminateChild,
    WhichChildren,
)
from supervisors.specs import ChildSpec, Flags
from supervisors.stopping import stop, stop_all
from supervisors.timers import SLICE_CHECK, SLICE_SECONDS
from supervisors.waiting import wait_started


@dataclass(frozen=True, slots=True)
class StartChild:
    """Call: start a child with these arguments after the template's, and answer its process once it runs.

    Answers `None` if its init says `IGNORE`. Raises what its init raised, `MaxChildren` or `AlreadyStarted`.
    """

    args: tuple[Any, ...] = ()
    name: Name | None = None


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Info: the restart of the child that was `process` is due: it failed, or was put off and has been counted."""

    process: Process
    counted: bool


class MaxChildren(SupervisionError):
    """The supervisor has as many children as it may (Elixir `:max_children`)."""


class DynamicSupervisor(Actor):
    """A supervisor of like children; make its spec with `supervisors.dynamic_supervisor(...)`."""

    process_type: ClassVar[str] = "supervisor"
    trap_exit: ClassVar[bool] = True
    # An idle supervisor restarts a child in the step in which it ended: nobody finds it missing for longer than that.
    direct: ClassVar[bool] = True
    nursery: trio.Nursery

    async def init(self, flags: Flags, template: ChildSpec, max_children: int | None) -> None:
        """Start with no children."""
        self.flags = flags
        self.template = template
        self.max_children = max_children
        self.window = RestartWindow(flags.intensity, flags.period)
        self.processes: set[Process] = set()
        self.restarting: set[Process] = set()
        self.tries: WeakKeyDictionary[Process, int] = WeakKeyDictionary()
        """Restarts in a row, of children with a back-off."""
        self.terminated: set[Process] = set()
        """Being stopped on request: their end is not to be repaired."""
        self.dormant: Counter[Registry] = Counter()
        """How many children are folded up, by the registry that holds them; see `supervisors.dormancy`."""
        self.last_reason: Reason | None = None

    def start_child_nowait(self, *args: Any, name: Name | None = None) -> Process | None:
        """Start a child in the caller's own step and return its process, `None` if its init says `IGNORE`.

        A plain `init` has run by then, and what it raised is raised here, as are `MaxChildren`, `AlreadyStarted`, and
        `NoProc` when the supervisor is stopping.
        With a coroutine `init` the child is still starting: await `wait_started(process)` where it matters. For
        callers in the same runtime; from elsewhere call with `StartChild`.
        """
        self._admit()
        return self._launch(args, name)

    def start_asleep(self, *args: Any, name: Name, state: Any, timers: Iterable[tuple[float, Any]] = ()) -> None:
        """Have a child that sleeps from its start, for a few µs and a few hundred bytes, and is as good as started.

        Its `init` is not run: a message to it, or the first of its `timers` (seconds from now, message), finds it as
        if it had hibernated with the `state` that its `pack` would have given. A crash restarts it with its `init`.
        Raises as `start_child_nowait` does, and `ValueError` when the state is not of plain values or its class does
        not pack.
        """
        self._admit()
        if not packs(self.template.actor):
            msg = f"start_asleep: expected a class that packs its state, got {self.template.actor.__name__}"
            raise ValueError(msg)
        lay_down(self.process, args, name, state, timers)

    def _admit(self) -> None:
        if self.process.state == "stopping":
            msg = f"{self.process.spec.id!r} is stopping"
            raise NoProc(msg)
        if self.max_children is not None and self.size() >= self.max_children:
            msg = f"{self.process.spec.id!r} has its {self.max_children} children"
            raise MaxChildren(msg)

    async def handle_call(self, message: Any, sender: Sender) -> Any:  # noqa: PLR0911 - one return a kind of call
        """Serve what a supervisor may be asked; errors are raised in the caller only."""
        match message:
            case StartChild(args, name):
                self._start_child(args, name, sender)
                return NO_REPLY
            case TerminateChild(process) if isinstance(process, Process):
                if process in self.restarting:
                    self.restarting.discard(process)
                    return None
                if process in self.processes:
                    # Beside the mailbox: a child that takes its time must not hold up the start of others.
                    self.terminated.add(process)
                    self.nursery.start_soon(self._terminate_child, process, sender)
                else:
                    sender.error(ChildNotFound(f"{process!r} is no child of {self.process.spec.id!r}"))
                return NO_REPLY
            case WhichChildren():
                return self._which_children()
            case CountChildren():
                return self._count()
            case TerminateChild() | RestartChild() | DeleteChild() | GetChildSpec():
                sender.error(NotForDynamic(f"{self.process.spec.id!r} has like children: they are known by process"))
                return NO_REPLY
        sender.error(TypeError(f"a supervisor takes no call of type {type(message).__name__}"))
        return NO_REPLY

    def handle_cast(self, message: Any) -> None:
        """Ignore casts: none is meant for a supervisor, and a stray one must not end its children."""

    def handle_info(self, message: Any) -> None:
        """React to ended children and to restarts that are due."""
        match message:
            case Exited(process, reason):
                self._react(process, reason)
            case TryAgain(process, counted):
                if process in self.restarting:
                    (self._relaunch if counted else self._restart)(process)

    async def terminate(self, reason: Reason) -> None:
        """Stop all children at once."""
        del reason
        self.restarting.clear()
        await self.end_dormant(SHUTDOWN)
        await stop_all(list(self.processes))

    def living(self) -> Iterator[Process]:
        """The children that have a process."""
        return iter(list(getattr(self, "processes", ())))

    def size(self) -> int:
        """How many children there are, running, restarting or dormant."""
        return len(self.processes) + len(self.restarting) + self.dormant.total()

    def folded(self, registry: Registry, process: Process) -> None:
        """A child's process has been folded up."""
        self.processes.discard(process)
        self.dormant[registry] += 1

    def woken(self, registry: Registry, process: Process) -> None:
        """A child is a process again."""
        self.processes.add(process)
        self.dormant[registry] -= 1

    async def end_dormant(self, reason: Reason = KILLED) -> None:
        """End the dormant children, waking none but those who must clean up, in slices: they may be a million."""
        if not hasattr(self, "dormant"):  # init did not come far
            return
        cleans_up = self.template.actor.terminate is not Actor.terminate and reason != KILLED
        slice_end = perf_counter() + SLICE_SECONDS
        for registry in [each for each, count in self.dormant.items() if count]:
            for number, key in enumerate(list(registry)):
                child = registry.sleeper(key)
                if child is not None and child.parent is self.process:
                    if cleans_up:
                        child.wake(registry, key)
                    else:
                        child.end(registry, key, reason)
                if number % SLICE_CHECK == 0 and perf_counter() > slice_end:
                    # Nobody is started or folded up meanwhile, for we are stopping; who wakes is one of `processes`.
                    await trio.lowlevel.cancel_shielded_checkpoint()
                    slice_end = perf_counter() + SLICE_SECONDS

    def child_exited(self, process: Process, reason: Reason, *, never_started: bool) -> None:
        """Called by a child's process as its last act."""
        telemetry.emit("child.ended", process, reason=reason)
        self.processes.discard(process)
        if process in self.terminated:
            self.terminated.discard(process)
        elif self.process.state == "stopping":
            return
        elif not never_started:
            self.process.signal(Exited(process, reason))
        elif process.restarts and reason != IGNORED:
            # A failed restart is ours; a first start that failed is its starter's business.
            self._failed(process, reason)

    def _start_child(self, args: tuple[Any, ...], name: Name | None, sender: Sender) -> None:
        try:
            process = self.start_child_nowait(*args, name=name)
        except Exception as error:  # noqa: BLE001 - an init's failure belongs to the caller
            sender.error(error)
            return
        if process is not None and process.state == "starting":
            self.nursery.start_soon(_answer_when_started, process, sender)
        else:
            sender.reply(process)

    async def _terminate_child(self, process: Process, sender: Sender) -> None:
        await stop(process)
        sender.reply(None)

    def _which_children(self) -> list[ChildInfo]:
        kind, actor = self.template.actor.process_type, self.template.actor
        living = [ChildInfo(None, process, kind, actor) for process in self.processes]
        living += [ChildInfo(None, "hibernated", kind, actor) for _ in range(self.dormant.total())]
        return living + [ChildInfo(None, "restarting", kind, actor) for _ in self.restarting]

    def _count(self) -> ChildCount:
        specs = self.size()
        active = specs - len(self.restarting)
        supervisors = specs if self.template.actor.process_type == "supervisor" else 0
        return ChildCount(specs, active, supervisors, specs - supervisors)

    # --- restarting

    def _react(self, process: Process, reason: Reason) -> None:
        restart = self.template.restart
        if restart == "permanent" or (restart == "transient" and is_abnormal(reason)):
            self.last_reason = reason
            self.restarting.add(process)
            backoff = self.template.backoff
            if backoff is not None and trio.current_time() - process.started_at > backoff.limit:
                self.tries.pop(process, None)
            self._restart(process)

    def _restart(self, process: Process) -> None:
        now = trio.current_time()
        if not self.window.allow(now):
            telemetry.emit(
                "supervisor.gave_up",
                self.process,
                used=self.window.used(now),
                limit=self.flags.intensity,
                period=self.flags.period,
            )
            raise Stop(SHUTDOWN)
        wait = 0.0
        if self.template.backoff is not None:
            tries = self.tries[process] = self.tries.get(process, 0) + 1
            wait = delay(self.template.backoff, tries)
        if wait > 0:
            self.send_after(wait, TryAgain(process, counted=True))
        else:
            self._relaunch(process)

    def _relaunch(self, old: Process) -> None:
        self.restarting.discard(old)
        tries = self.tries.pop(old, 0)
        try:
            new = self._launch(old.args[len(self.template.args) :], old.name, old.restarts + 1)
        except AlreadyStarted:
            # Somebody has started another under this name meanwhile: this one is no longer needed.
            return
        except Exception as reason:  # noqa: BLE001 - whatever an init raises is a failed restart
            old.restarts += 1
            new = old
            self._failed(old, reason)
        if new is not None and tries:
            self.tries[new] = tries

    def _failed(self, process: Process, reason: Reason) -> None:
        """A restart has failed: try again through the mailbox, as OTP does, so that calls get in between."""
        telemetry.emit("child.start_failed", self.template.id, reason=reason, path=self.template.id)
        self.last_reason = reason
        self.restarting.add(process)
        self.nursery.start_soon(self._try_soon, process)

    async def _try_soon(self, process: Process) -> None:
        self.process.info(TryAgain(process, counted=False))

    def _launch(self, args: tuple[Any, ...], name: Name | None, restarts: int = 0) -> Process | None:
        template = self.template
        process = launch(template, (*template.args, *args), name, self.process, self.process.runtime, self.nursery)
        if process is None:
            return None
        process.restarts = restarts
        self.processes.add(process)
        if restarts:
            telemetry.emit("child.started", process, restarts=restarts)
        return process


async def _answer_when_started(process: Process, sender: Sender) -> None:
    try:
        await wait_started(process)
    except Exception as error:  # noqa: BLE001 - an init's failure belongs to the caller
        sender.error(error)
    else:
        sender.reply(process if process.state != "failed" else None)
