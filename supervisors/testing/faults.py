"""Faults on demand: make an actor misbehave without changing it.

A worker whose first two starts fail, and which crashes over its fifth message:

    faults = Faults(failing_starts=2, crash_at=5)
    supervisor("root", [faulty(worker("writer", Writer), faults)])
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import trio

from supervisors.actor import Actor
from supervisors.specs import SpecError

if TYPE_CHECKING:
    from supervisors.specs import ChildSpec


class InjectedFault(Exception):
    """What a faulty actor raises."""


@dataclass(slots=True)
class Faults:
    """What is to go wrong, for all lives of the child together; change it while it runs, too."""

    failing_starts: int = 0
    """So many inits fail before one does not; counted down."""
    crash_at: int | None = None
    """The message of that number, from 1, crashes the actor; calls, casts and infos count."""
    hang_at: int | None = None
    """The message of that number is never finished."""
    failing_cleanup: bool = False
    """Cleanup raises."""
    starts: int = field(default=0, init=False)
    """How many inits have run, failed ones included."""
    messages: int = field(default=0, init=False)
    """How many messages have come."""

    def on_start(self) -> None:
        """Count an init, and fail it if that is due."""
        self.starts += 1
        if self.failing_starts > 0:
            self.failing_starts -= 1
            msg = "a start was to fail"
            raise InjectedFault(msg)

    def on_message(self) -> bool:
        """Count a message, and crash if that is due; True to hang."""
        self.messages += 1
        if self.messages == self.crash_at:
            msg = f"message {self.messages} was to crash"
            raise InjectedFault(msg)
        return self.messages == self.hang_at


async def _hang() -> None:
    await trio.sleep_forever()


def faulty(spec: ChildSpec, faults: Faults) -> ChildSpec:
    """The spec of the same child, with faults. For actors; a task or a supervisor raises `SpecError`."""
    kind = spec.actor
    if kind.process_type != "worker" or not issubclass(kind, Actor) or hasattr(kind, "body"):
        msg = f"actor of {spec.id!r}: expected an actor to make faulty, got {kind.__name__}"
        raise SpecError(msg)

    class Faulty(kind):  # type: ignore[misc,valid-type]  # a class known only now
        def init(self, *args: Any) -> Any:
            faults.on_start()
            return super().init(*args)

        def handle_call(self, message: Any, sender: Any) -> Any:
            return _hang() if faults.on_message() else super().handle_call(message, sender)

        def handle_cast(self, message: Any) -> Any:
            return _hang() if faults.on_message() else super().handle_cast(message)

        def handle_info(self, message: Any) -> Any:
            return _hang() if faults.on_message() else super().handle_info(message)

        def terminate(self, reason: Any) -> Any:
            if faults.failing_cleanup:
                msg = "cleanup was to fail"
                raise InjectedFault(msg)
            return super().terminate(reason)

    Faulty.__name__ = f"Faulty{kind.__name__}"
    return replace(spec, actor=Faulty)
