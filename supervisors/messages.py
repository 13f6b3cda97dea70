"""What lies in a mailbox: a bare object is a cast; everything else wears one of these envelopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import trio
from outcome import Error, Outcome, Value

from supervisors.exits import CallTimeout, Down, Reason
from supervisors.parking import Parked

if TYPE_CHECKING:
    from supervisors.timers import Timer


class NoReply:
    """Type of `NO_REPLY`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NO_REPLY"


NO_REPLY: Final = NoReply()
"""Returned by `handle_call` to answer later, through the sender (OTP `{noreply, State}`)."""


class Info:
    """A message that is neither call nor cast: a timer, a signal (OTP `handle_info`)."""

    __slots__ = ("message",)

    def __init__(self, message: Any) -> None:
        self.message = message


class Sender(Parked):
    """Where the answer to one call goes (OTP's `From`). Only the first answer counts; late ones are dropped."""

    __slots__ = ("_outcome", "_task", "message")

    def __init__(self, message: Any) -> None:
        self.message = message
        self._task: trio.lowlevel.Task | None = None
        self._outcome: Outcome[Any] | None = None

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

    def _settle(self, outcome: Outcome[Any]) -> None:
        if self._outcome is not None:
            return
        self._outcome = outcome
        task, self._task = self._task, None
        if task is not None:
            trio.lowlevel.reschedule(task, outcome)
