"""Looking into a running process and holding it still: OTP's `sys`.

Requests are served by the process itself between two messages, also while it is suspended. They take a process or a
name and raise what `call` raises. For operators: see `supervisors.control`, which shows types and counts only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import trio

from supervisors.exits import NoProc, SupervisionError, describe
from supervisors.messages import unwrapped

if TYPE_CHECKING:
    from supervisors.actor import Actor
    from supervisors.life import Life
    from supervisors.messages import SystemCall
    from supervisors.process import Process
    from supervisors.registry import Name

TIMEOUT = 5.0
_logger = logging.getLogger("supervisors.trace")


class NotATrace(SupervisionError):
    """Nothing is installed under that name."""


@dataclass(frozen=True, slots=True)
class Event:
    """One message handled: what a debug function gets (OTP `sys:system_event()`)."""

    process: Process
    what: str
    """`call`, `cast`, `info`, or `crash`."""
    message: Any
    seconds: float
    """How long the callback took, waits included."""


Hook = Callable[[Event], None]


class Debug:
    """The debug functions installed in one process. One that raises is taken out again."""

    __slots__ = ("hooks",)

    def __init__(self) -> None:
        self.hooks: dict[Hashable, Hook] = {}

    def note(self, process: Process, what: str, message: Any, seconds: float) -> None:
        """Tell every function of one message."""
        event = Event(process, what, unwrapped(message), seconds)
        for key, hook in list(self.hooks.items()):
            try:
                hook(event)
            except Exception:
                self.hooks.pop(key, None)
                _logger.exception("debug function %r raised and was removed", key)


async def get_state(process: Process | Name, timeout: float = TIMEOUT) -> dict[str, Any]:
    """Return the actor's state as `Actor.get_state` gives it (OTP `sys:get_state/2`)."""
    state: dict[str, Any] = await _ask(process, _get_state, timeout)
    return state


async def replace_state(
    process: Process | Name, change: Callable[[Actor], None], timeout: float = TIMEOUT
) -> dict[str, Any]:
    """Let `change` alter the actor between two messages, and return the state (OTP `sys:replace_state/3`).

    What `change` raises is raised here; the actor goes on with whatever was altered by then.
    """

    def replace(life: Life) -> dict[str, Any]:
        change(life.process.actor)
        return life.process.actor.get_state()

    state: dict[str, Any] = await _ask(process, replace, timeout)
    return state


async def suspend(process: Process | Name, timeout: float = TIMEOUT) -> None:
    """Hold the process still: it serves nothing but requests of this module (OTP `sys:suspend/2`)."""
    await _ask(process, _suspend, timeout)


async def resume(process: Process | Name, timeout: float = TIMEOUT) -> None:
    """Let a suspended process go on with its mail (OTP `sys:resume/2`)."""
    await _ask(process, _resume, timeout)


async def get_status(process: Process | Name, timeout: float = TIMEOUT) -> dict[str, Any]:
    """Return kind, state, parent, figures and `Actor.describe` (OTP `sys:get_status/2`)."""
    status: dict[str, Any] = await _ask(process, _status, timeout)
    return status


async def statistics(process: Process | Name, timeout: float = TIMEOUT) -> dict[str, Any]:
    """Return what is counted of every process (OTP `sys:statistics/3`, where counting is on all the time)."""
    figures: dict[str, Any] = await _ask(process, _figures, timeout)
    return figures


async def install(process: Process | Name, key: Hashable, hook: Hook, timeout: float = TIMEOUT) -> None:
    """Call `hook(event)` after every message from now on; `key` is for `remove` (OTP `sys:install/3`)."""

    def put(life: Life) -> None:
        if life.debug is None:
            life.debug = Debug()
        life.debug.hooks[key] = hook
        life.direct = False

    await _ask(process, put, timeout)


async def remove(process: Process | Name, key: Hashable, timeout: float = TIMEOUT) -> None:
    """Take a debug function out; raises `NotATrace` when there is none of that key (OTP `sys:remove/3`)."""

    def take(life: Life) -> None:
        debug = life.debug
        if debug is None or key not in debug.hooks:
            msg = f"nothing is installed as {key!r}"
            raise NotATrace(msg)
        del debug.hooks[key]
        if not debug.hooks:
            life.debug = None
            # A suspended one takes nothing directly; it sees to that itself when it goes on.
            life.direct = life.process.actor.direct and life.process.state != "suspended"

    await _ask(process, take, timeout)


async def trace(process: Process | Name, *, on: bool, content: bool = False, timeout: float = TIMEOUT) -> None:
    """Log every message to the logger `supervisors.trace`, by type or with its content (OTP `sys:trace/3`)."""
    if not on:
        await remove(process, "trace", timeout)
        return

    def log(event: Event) -> None:
        message = repr(event.message) if content else type(event.message).__name__
        _logger.info("%r %s %s %.6f s", event.process, event.what, message, event.seconds)

    await install(process, "trace", log, timeout)


async def terminate(process: Process | Name, reason: Any, timeout: float = TIMEOUT) -> None:
    """End a process in good order, suspended or not (OTP `sys:terminate/3`)."""
    await _find(process).stop(reason, timeout)


def obey(life: Life, call: SystemCall) -> None:
    """Serve one request in its process; what it raises goes to who asked."""
    try:
        call.reply(call.message(life))
    except Exception as error:  # noqa: BLE001 - the asker's mistake must not crash the process
        call.error(error)


async def _ask(process: Process | Name, request: Callable[[Life], Any], timeout: float) -> Any:
    return await _find(process).system_call(request, timeout)


def _find(process: Process | Name) -> Process:
    found = process.whereis()
    if found is None:
        msg = f"nobody is registered as {process!r}"
        raise NoProc(msg)
    return found


def _get_state(life: Life) -> dict[str, Any]:
    return life.process.actor.get_state()


def _suspend(life: Life) -> None:
    life.process.state = "suspended"


def _resume(life: Life) -> None:
    if life.process.state == "suspended":
        life.process.state = "running"


def _figures(life: Life) -> dict[str, Any]:
    process = life.process
    return {
        "age": process.age(trio.current_time()),
        "handled": process.handled,
        "busy_seconds": process.busy_seconds,
        "mailbox": process.mailbox_length(),
        "dropped": process.dropped,
        "restarts": process.restarts,
    }


def _status(life: Life) -> dict[str, Any]:
    process = life.process
    return {
        "kind": process.spec.kind,
        "state": process.state,
        "parent": process.parent.spec.id if process.parent else None,
        "exit_reason": describe(process.exit_reason),
        "trap_exit": process.actor.trap_exit,
        **_figures(life),
        **process.actor.describe(),
    }
