"""Direct callbacks: a plain callback of an idle actor, run in the step of whoever calls, or of the timer.

The semantics are those of the mailbox: the callback runs in the actor's own context; what it leaves to be done (a
coroutine, a continuation, a crash) is handed to the actor's task; and who calls waits for that as ever.
"""

from __future__ import annotations

from time import perf_counter
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

from supervisors import propagation
from supervisors.messages import NO_REPLY, Reply, Sender

if TYPE_CHECKING:
    from supervisors.life import Life

PENDING: Final = object()
"""The answer of a direct call will come through its sender."""


class Begun:
    """A callback that ran in somebody else's step and left something to do."""

    __slots__ = ("answer", "message", "sender")

    def __init__(self, message: Any, sender: Sender | None, answer: Any) -> None:
        self.message = message
        self.sender = sender
        self.answer = answer


class Crashed:
    """A callback that crashed in somebody else's step."""

    __slots__ = ("crash", "message")

    def __init__(self, crash: Exception, message: Any) -> None:
        self.crash = crash
        self.message = message


def call_here(life: Life, sender: Sender) -> Any:
    """Run `handle_call` of the idle actor now; return the answer, or `PENDING` if it comes through `sender`."""
    handle = life.process.actor.handle_call
    if sender.baggage is None:
        answer = _here(life, sender, handle, sender.message, sender)
    else:
        answer = _here(life, sender, propagation.within, sender.baggage, handle, sender.message, sender)
    kind = type(answer)
    if kind is CoroutineType or kind is Reply:
        life.handed = Begun(sender, sender, answer)
        answer = PENDING
    elif answer is NO_REPLY or sender.answered:
        life.defer(sender)
        answer = PENDING
    _rest(life)
    return answer


def info_here(life: Life, message: Any) -> None:
    """Run `handle_info` of the idle actor now."""
    after = _here(life, message, life.process.actor.handle_info, message)
    if after is not None and after is not PENDING:
        life.handed = Begun(message, None, after)
    _rest(life)


def _here(life: Life, message: Any, callback: Any, *args: Any) -> Any:
    process = life.process
    runtime = process.runtime
    before, runtime.running = runtime.running, process
    life.parked = False
    life.taken += 1
    began = perf_counter()
    assert life.task is not None
    try:
        # In the actor's own context, as if it ran in its own task.
        return life.task.context.run(callback, *args)
    except Exception as crash:  # noqa: BLE001 - the crash is the actor's: its own task raises it again
        life.handed = Crashed(crash, message)
        if isinstance(message, Sender):
            life.defer(message)
        return PENDING
    finally:
        runtime.running = before
        life.busy += perf_counter() - began


def _rest(life: Life) -> None:
    if life.inbox is None and life.handed is None and life.leaving is None:
        life.parked = True
    else:
        life.unpark()
