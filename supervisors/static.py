"""Supervisors: OTP's `supervisor` with its three strategies.

A supervisor is an actor that owns a Trio nursery with its children's tasks. It starts them in order, each one running
before the next begins; a failing start stops the earlier ones in reverse and is raised to whoever started the
supervisor. A child that ends is restarted or not by its restart type and its exit reason; the strategy says who goes
with it. A restart that fails is tried again through the supervisor's own mailbox, so that calls get in between. More
than `intensity` restarts within `period` seconds, failed ones included, and the supervisor stops its children in
reverse order and ends with `"shutdown"`: the next level decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import trio

from supervisors import telemetry
from supervisors.actor import Actor
from supervisors.backoff import delay
from supervisors.exits import SHUTDOWN, AlreadyStarted, Reason, StartFailed, Stop, SupervisionError, is_abnormal
from supervisors.intensity import RestartWindow
from supervisors.launching import launch
from supervisors.messages import NO_REPLY, Sender
from supervisors.process import Process
from supervisors.requests import (
    ChildBusy,
    ChildCount,
    ChildInfo,
    ChildNotFound,
    CountChildren,
    DeleteChild,
    Exited,
    GetChildSpec,
    RestartChild,
    StartChild,
    TerminateChild,
    WhichChildren,
)
from supervisors.specs import ChildSpec, Flags, check_children
from supervisors.stopping import stop
from supervisors.waiting import wait_started

if TYPE_CHECKING:
    from supervisors.timers import Timer


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Info: a restart that failed, or was put off and has been counted, is due."""

    child: Child
    counted: bool


class Child:
    """What a supervisor knows of one child."""

    __slots__ = ("last_reason", "pending", "process", "restarting", "restarts", "spec", "started_at", "tries")

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.process: Process | None = None
        self.restarts = 0
        self.restarting = False
        self.tries = 0
        self.started_at = 0.0
        self.last_reason: Reason | None = None
        self.pending: Timer | None = None


class Supervisor(Actor):
    """A supervisor over static children; make its spec with `supervisors.supervisor(...)`."""

    process_type: ClassVar[str] = "supervisor"
    trap_exit: ClassVar[bool] = True
    nursery: trio.Nursery

    async def init(self, flags: Flags, specs: Sequence[ChildSpec]) -> None:
        """Start all children in order, or none."""
        self.flags = flags
        self.window = RestartWindow(flags.intensity, flags.period)
        self.children: dict[str, Child] = {spec.id: Child(spec) for spec in specs}
        for child in list(self.children.values()):
            try:
                await self._start(child)
            except Exception as reason:
                await self._stop_in_reverse(list(self.children.values()))
                telemetry.emit("child.start_failed", child.spec.id, reason=reason, path=_path(child, reason))
                raise StartFailed(_path(child, reason), reason) from reason
            if child.process is None and child.spec.restart == "temporary":
                del self.children[child.spec.id]

    async def handle_call(self, message: Any, sender: Sender) -> Any:  # noqa: PLR0911 - one return a kind of call
        """Serve the calls named above; their errors are raised in the caller only."""
        try:
            match message:
                case StartChild(spec):
                    return await self._add(spec)
                case TerminateChild(id):
                    return await self._terminate_child(self._find(id))
                case RestartChild(id):
                    return await self._restart_child(self._find(id))
                case DeleteChild(id):
                    return self._delete_child(self._find(id))
                case GetChildSpec(id):
                    return self._find(id).spec
                case WhichChildren():
                    return [self._info(child) for child in self.children.values()]
                case CountChildren():
                    return self._count()
        except SupervisionError as error:
            sender.error(error)
            return NO_REPLY
        sender.error(TypeError(f"a supervisor takes no call of type {type(message).__name__}"))
        return NO_REPLY

    def handle_cast(self, message: Any) -> None:
        """Ignore casts: none is meant for a supervisor, and a stray one must not end its children."""

    async def handle_info(self, message: Any) -> None:
        """React to ended children and to restarts that are due."""
        match message:
            case Exited(process, reason):
                child = self.children.get(process.spec.id)
                if child is not None and child.process is process:
                    child.process = None
                    child.last_reason = reason
                    await self._react(child, reason)
            case TryAgain(child, counted):
                if child.restarting and self.children.get(child.spec.id) is child:
                    child.pending = None
                    await (self._restart_late(child) if counted else self._restart(child))

    async def terminate(self, reason: Reason) -> None:
        """Stop the children one at a time in reverse start order."""
        del reason
        await self._stop_in_reverse(list(self.children.values()))

    def living(self) -> Iterator[Process]:
        """The children that have a process, the last started first."""
        children = list(getattr(self, "children", {}).values())  # none when init did not come far
        return (child.process for child in reversed(children) if child.process is not None)

    def child_exited(self, process: Process, reason: Reason, *, never_started: bool) -> None:
        """Called by a child's process as its last act; a failed start is its starter's business instead."""
        telemetry.emit("child.ended", process, reason=reason)
        if not never_started:
            self.process.info(Exited(process, reason))

    # --- restarting

    async def _react(self, child: Child, reason: Reason) -> None:
        spec = child.spec
        if spec.restart == "permanent" or (spec.restart == "transient" and is_abnormal(reason)):
            patience = spec.backoff.limit if spec.backoff else 0.0
            if trio.current_time() - child.started_at > patience:
                child.tries = 0
            await self._restart(child)
            return
        if spec.restart == "temporary":
            del self.children[spec.id]
        if spec.significant:
            self._consider_auto_shutdown()

    def _consider_auto_shutdown(self) -> None:
        """End, if the end of a significant child calls for it."""
        alive = any(
            child.spec.significant and (child.process is not None or child.restarting)
            for child in self.children.values()
        )
        if self.flags.auto_shutdown == "any_significant" or not alive:
            telemetry.emit("supervisor.auto_shutdown", self.process, rule=self.flags.auto_shutdown)
            raise Stop(SHUTDOWN)

    async def _restart(self, child: Child) -> None:
        """Count the attempt, stop who goes with the child, and start them now or when the back-off ends."""
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
        child.tries += 1
        await self._stop_in_reverse(self._group(child))
        child.restarting = True
        wait = delay(child.spec.backoff, child.tries)
        if wait > 0:
            child.pending = self.send_after(wait, TryAgain(child, counted=True))
        else:
            await self._start_group(child)

    async def _restart_late(self, child: Child) -> None:
        """Start the child and who goes with it after a back-off; who was started on request meanwhile goes along."""
        await self._stop_in_reverse(self._group(child))
        child.restarting = True
        await self._start_group(child)

    async def _start_group(self, child: Child) -> None:
        """Start the child and who goes with it; a failure is counted and tried again through the mailbox."""
        for each in self._group(child):
            each.restarts += 1
            try:
                await self._start(each)
            except Exception as reason:  # noqa: BLE001 - whatever an init raises is a failed restart
                telemetry.emit("child.start_failed", each.spec.id, reason=reason, path=_path(each, reason))
                each.last_reason = reason
                each.restarts -= 1
                # From here on it is this one that restarts, with its own group: in one_for_all everybody, in
                # rest_for_one those after it.
                child.restarting = False
                each.restarting = True
                # Others first, so that their calls get in between.
                await trio.lowlevel.cancel_shielded_checkpoint()
                self.process.info(TryAgain(each, counted=False))
                return
            each.restarting = False
        child.restarting = False

    def _group(self, child: Child) -> list[Child]:
        """Who restarts with `child`, in start order."""
        children = list(self.children.values())
        if self.flags.strategy == "one_for_one":
            return [child]
        if self.flags.strategy == "one_for_all":
            return children
        return children[children.index(child) :]

    # --- starting and stopping

    async def _start(self, child: Child) -> None:
        spec = child.spec
        child.started_at = trio.current_time()
        process = launch(spec, spec.args, spec.name, self.process, self.process.runtime, self.nursery)
        child.process = process
        if process is None:
            return
        process.restarts = child.restarts
        try:
            await wait_started(process)
        except Exception:
            child.process = None
            raise
        if process.state == "failed":
            # It ended normally before it was ready: OTP's `ignore`, the spec stays without a process.
            child.process = None
            return
        telemetry.emit("child.started", process, restarts=child.restarts)

    async def _stop_in_reverse(self, children: Sequence[Child]) -> None:
        for child in reversed(children):
            if child.pending is not None:
                child.pending.cancel()
                child.pending = None
            child.restarting = False
            if child.process is not None:
                # It is ours until it has gone: killed meanwhile, we must find it among the living.
                await stop(child.process)
                child.process = None
                if child.spec.restart == "temporary":
                    self.children.pop(child.spec.id, None)

    # --- calls

    def _info(self, child: Child) -> ChildInfo:
        process: Process | Literal["restarting"] | None = "restarting" if child.restarting else child.process
        return ChildInfo(child.spec.id, process, child.spec.actor.process_type, child.spec.actor)

    def _count(self) -> ChildCount:
        kinds = [child.spec.actor.process_type for child in self.children.values()]
        supervisors = kinds.count("supervisor")
        active = sum(1 for child in self.children.values() if child.process is not None and not child.restarting)
        return ChildCount(len(kinds), active, supervisors, len(kinds) - supervisors)

    def _find(self, child_id: str | Process) -> Child:
        child = self.children.get(child_id) if isinstance(child_id, str) else None
        if child is None:
            msg = f"no child {child_id!r}"
            raise ChildNotFound(msg)
        return child

    async def _add(self, spec: ChildSpec) -> Process | None:
        check_children(self.process.spec.id, [spec], self.flags)
        if spec.id in self.children:
            msg = f"there is a child {spec.id!r} already"
            raise AlreadyStarted(msg)
        child = self.children[spec.id] = Child(spec)
        try:
            await self._start(child)
        except Exception as reason:
            del self.children[spec.id]
            raise StartFailed(_path(child, reason), reason) from reason
        if child.process is None and spec.restart == "temporary":
            del self.children[spec.id]
        return child.process

    async def _terminate_child(self, child: Child) -> None:
        await self._stop_in_reverse([child])
        if child.spec.restart == "temporary":
            self.children.pop(child.spec.id, None)

    async def _restart_child(self, child: Child) -> Process | None:
        if child.process is not None or child.restarting:
            msg = f"child {child.spec.id!r} is {'running' if child.process else 'restarting'}"
            raise ChildBusy(msg)
        try:
            await self._start(child)
        except Exception as reason:
            raise StartFailed(_path(child, reason), reason) from reason
        return child.process

    def _delete_child(self, child: Child) -> None:
        if child.process is not None or child.restarting:
            msg = f"child {child.spec.id!r} is {'running' if child.process else 'restarting'}"
            raise ChildBusy(msg)
        del self.children[child.spec.id]


def _path(child: Child, reason: BaseException) -> str:
    return f"{child.spec.id}/{reason.path}" if isinstance(reason, StartFailed) else child.spec.id
