"""Why a process ended, and what a caller learns of it.

An exit reason is one of OTP's: `"normal"`, `"shutdown"`, `Shutdown(detail)` (Erlang's `{shutdown, Term}`),
`"killed"`, or the exception a callback raised. `restart="transient"` tells them apart by `is_abnormal`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

NORMAL: Final = "normal"
SHUTDOWN: Final = "shutdown"
KILL: Final = "kill"
"""The one exit signal nobody traps; who gets it ends with `KILLED`."""
KILLED: Final = "killed"
IGNORED: Final = "ignored"
"""Reason of a process that did not start and minds it not: its init said `IGNORE`, or a task was done at once."""
NOPROC: Final = "noproc"
"""Reason in the message about a process that had ended before it was linked to or monitored."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """An orderly end with something to say: `{shutdown, Detail}` in OTP; never restarts a transient child."""

    detail: Any


Reason: TypeAlias = str | Shutdown | BaseException


def is_abnormal(reason: Reason) -> bool:
    """Tell whether a transient child is restarted after `reason` (OTP `supervisor`, restart types)."""
    return not (reason in (NORMAL, SHUTDOWN) or isinstance(reason, Shutdown))


def describe(reason: Reason | None) -> str | None:
    """Name a reason without its content: an exception gives its type only, since its text may hold private data."""
    if reason is None or isinstance(reason, str):
        return reason
    if isinstance(reason, Shutdown):
        return "shutdown"
    return type(reason).__name__


class SupervisionError(Exception):
    """Root of what this library raises."""


class CallError(SupervisionError):
    """A call got no answer."""


class NoProc(CallError):
    """Nobody is there: the name is free or the process has ended (OTP `noproc`)."""


class Down(CallError):
    """The callee ended before it answered; `reason` is its exit reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"the callee ended: {describe(reason)}")
        self.reason = reason


class CallTimeout(CallError):
    """The deadline of a call passed; the callee may still handle the message, its late reply is dropped."""


class CallingSelf(CallError):
    """A process called itself, which could never be answered (OTP `calling_self`)."""


class MailboxFull(CallError):
    """The callee's mailbox is at its limit; the message was not taken."""


class WrongThread(SupervisionError):
    """A process was used from a thread other than its runtime's; nothing was done.

    From elsewhere go through `trio.from_thread`, or the `TrioToken` of the runtime's thread.
    """


class StartFailed(SupervisionError):
    """A child did not start; `path` names it from the supervisor down, `reason` says why.

    OTP's `{shutdown, {failed_to_start_child, Id, Reason}}`. The children started before it were stopped again.
    """

    def __init__(self, path: str, reason: Reason) -> None:
        super().__init__(f"child {path} failed to start: {describe(reason)}")
        self.path = path
        self.reason = reason

    def root_cause(self) -> Reason:
        """The reason at the bottom of nested failures: what the first failing `init` raised."""
        reason: Reason = self
        while isinstance(reason, StartFailed):
            reason = reason.reason
        return reason


class AlreadyStarted(SupervisionError):
    """The name is taken, or the supervisor has a child of that id (OTP `already_started`)."""


class Stop(Exception):
    """Raised by a callback to end its own process with `reason` (OTP `{stop, Reason, State}`)."""

    def __init__(self, reason: Reason = NORMAL) -> None:
        super().__init__(describe(reason))
        self.reason = reason
