"""What lies in a mailbox: a bare object is a cast; everything else wears one of these envelopes.

`ExitMessage`, `DownMessage` and `TIMEOUT` arrive in `handle_info`, as their counterparts do in OTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import trio
from outcome import Error, Outcome, Value

from supervisors.exits import CallTimeout, Down, MailboxFull, Reason
from supervisors.parking import Parked

if TYPE_CHECKING:
    from supervisors.mailbox import Mailbox
    from supervisors.monitors import Monitor
    from supervisors.process import Process
    from supervisors.timers import Timer


class _Mark:
    """A value that only means itself."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


NO_REPLY: Final = _Mark("NO_REPLY")
"""Returned by `handle_call` to answer later, through the sender (OTP `{noreply, State}`)."""
HIBERNATE: Final = _Mark("HIBERNATE")
"""Returned by a callback to hibernate once the mailbox is empty (OTP `hibernate`)."""
IGNORE: Final = _Mark("IGNORE")
"""Returned by `init`: do not start, and that is no failure (OTP `ignore`)."""
TIMEOUT: Final = _Mark("TIMEOUT")
"""Arrives in `handle_info` when nothing else did for as long as `Actor.set_timeout` said (OTP `timeout`)."""


class Continue:
    """Returned by a callback: call `handle_continue(message)` before anything that waits (OTP `{continue, Term}`)."""

    __slots__ = ("message",)

    def __init__(self, message: Any) -> None:
        self.message = message


class Reply:
    """Returned by `handle_call`: answer `value`, and `then` what the other callbacks return instead of `None`."""

    __slots__ = ("then", "value")

    def __init__(self, value: Any, then: Any) -> None:
        self.value = value
        self.then = then


class ExitMessage(NamedTuple):
    """A trapped exit signal: `process`, linked to us or `None` when unknown, ended or sent it (OTP `'EXIT'`)."""

    process: Process | None
    reason: Reason


class DownMessage(NamedTuple):
    """A monitored process ended; comes once a monitor (OTP `'DOWN'`). `process` is `None` if the name was free."""

    monitor: Monitor
    process: Process | None
    reason: Reason


class Info:
    """A message that is neither call nor cast: a timer, a signal (OTP `handle_info`)."""

    __slots__ = ("message",)

    def __init__(self, message: Any) -> None:
        self.message = message


class Carried:
    """A cast that brings its sender's context along; see `supervisors.propagation`."""

    __slots__ = ("baggage", "message")

    def __init__(self, message: Any, baggage: tuple[Any, ...]) -> None:
        self.message = message
        self.baggage = baggage


class Sender(Parked):
    """Where the answer to one call goes (OTP's `From`). Only the first answer counts; late ones are dropped."""

    __slots__ = ("_outcome", "_task", "baggage", "callee", "deadline", "message")

    def __init__(self, message: Any, deadline: float) -> None:
        self.message = message
        self.deadline = deadline
        self.baggage: tuple[Any, ...] | None = None
        self.callee: Mailbox | None = None
        """Who has put the answer off, and must tell us if it ends before."""
        self._task: trio.lowlevel.Task | None = None
        self._outcome: Outcome[Any] | None = None

    def remaining(self) -> float:
        """Seconds for which the caller still waits, never below 0: what work on its behalf may take."""
        return max(0.0, self.deadline - trio.current_time())

    @property
    def answered(self) -> bool:
        """True once the call was answered, has failed or was given up: an answer now would be dropped."""
        return self._outcome is not None

    def unwrap(self) -> Any:
        """Return the answer that has come, or raise the error."""
        assert self._outcome is not None
        return self._outcome.unwrap()

    def reply(self, value: Any) -> None:
        """Answer the call; harmless when the caller has given up or was answered (OTP `gen_server:reply/2`)."""
        self._settle(Value(value))

    def error(self, error: BaseException) -> None:
        """Raise `error` in the caller, while the actor goes on unharmed."""
        self._settle(Error(error))

    def down(self, reason: Reason) -> None:
        """Tell the caller that the callee ended with the call unanswered."""
        error = Down(reason)
        if isinstance(reason, BaseException):
            error.__cause__ = reason
        self._settle(Error(error))

    def due(self, timer: Timer) -> None:
        """End the wait: its deadline has passed."""
        del timer
        self._settle(Error(CallTimeout("no answer within the deadline")))

    async def wait(self) -> Any:
        """Wait for the answer; a cancelled wait abandons it."""
        if self._outcome is None:
            self._task = trio.lowlevel.current_task()
            return await self
        await trio.lowlevel.checkpoint()
        return self._outcome.unwrap()

    def abandoned(self) -> None:
        """The caller was cancelled."""
        self._task = None
        self._outcome = _ABANDONED
        if self.callee is not None:
            self.callee.deferred.discard(self)

    def _settle(self, outcome: Outcome[Any]) -> None:
        if self._outcome is not None:
            return
        self._outcome = outcome
        if self.callee is not None:
            self.callee.deferred.discard(self)
        task, self._task = self._task, None
        if task is not None:
            trio.lowlevel.reschedule(task, outcome)


_ABANDONED: Final[Outcome[Any]] = Value(None)


class SystemCall(Sender):
    """A call of `supervisors.system`: served by the process itself, also while it is suspended (OTP `system_msg`)."""

    __slots__ = ()


def unwrapped(message: Any) -> Any:
    """What its envelope holds; a bare cast is its own content, whatever attributes it has."""
    return message.message if type(message) in _ENVELOPES else message


_ENVELOPES: Final = frozenset({Sender, Info, Carried})


def refuse(message: Any, why: str) -> bool:
    """Tell the caller in a dropped message that it was; False when it was no call."""
    if isinstance(message, Sender):
        message.error(MailboxFull(why))
        return True
    return False
