"""How a Trio task waits here without a frame or an object of its own.

Trio parks a task that yields the message made by `trio.lowlevel.wait_task_rescheduled(abort_fn)`. Awaiting that
function costs a coroutine and a generator for as long as the task waits: 529 bytes an idle actor. A `Parked` object
is its own iterator and its own abort function instead, and yields the very message that the public function would,
so nothing but the object itself lasts. `tests/supervisors/test_parking.py` holds this to Trio's behaviour
(cancellation, wake-up, error).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

import trio
from outcome import Outcome, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import NoReturn


def _message_type() -> Callable[[Any], Any]:
    """The class of the message Trio's runner wants from a task that parks, got from the public function."""
    coroutine = trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.SUCCEEDED)  # noqa: ASYNC105 - by hand
    try:
        return type(coroutine.send(None))
    finally:
        coroutine.close()


_Message = _message_type()
_WOKEN: Outcome[Any] = Value(None)
"""One for all wake-ups that bring nothing: it is only compared, never unwrapped."""


def wake(task: trio.lowlevel.Task) -> None:
    """Let a task that waits on a `Parked` go on."""
    trio.lowlevel.reschedule(task, _WOKEN)


class Parked:
    """A thing one task waits on by `await thing`; who wakes it calls `trio.lowlevel.reschedule`."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, Any]:
        # An iterator with `send` is all that `await` needs; a real generator would be an object a wait.
        return cast("Generator[Any, Any, Any]", self)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return _Message(self)

    def send(self, result: Outcome[Any]) -> Any:
        """Take Trio's outcome: end the wait with its value, or raise its error."""
        if result is _WOKEN:
            raise StopIteration
        try:
            value = result.unwrap()
        finally:
            del result  # else a traceback would keep the outcome in a cycle, and a crash would wait for the collector
        raise StopIteration(value)

    def __call__(self, raise_cancel: Callable[[], NoReturn]) -> trio.lowlevel.Abort:
        """Be the abort function: a cancelled wait simply ends."""
        del raise_cancel
        self.abandoned()
        return trio.lowlevel.Abort.SUCCEEDED

    def abandoned(self) -> None:
        """Hook: the wait was cancelled."""
