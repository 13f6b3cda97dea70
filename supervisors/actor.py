"""Actors: OTP's `gen_server` as a class whose instance is the state.

An actor handles one message at a time, so its state needs no lock. A fresh instance is made for every start and
restart; what must survive a crash belongs in a database or in the arguments of the child spec.

    class Counter(Actor):
        def init(self, start: int) -> None:
            self.n = start

        def handle_call(self, message: object, sender: Sender) -> int:
            self.n += 1
            return self.n

Callbacks may be plain functions or coroutine functions. While a coroutine callback waits, later messages queue; a
plain one can not be interrupted at all. A callback that raises crashes the actor: its supervisor decides what then.
A callback that awaits must let `trio.Cancelled` pass: that is how it is killed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from supervisors.exits import Reason
    from supervisors.messages import Sender
    from supervisors.process import Process
    from supervisors.timers import Timer


class Actor:
    """Base of all actors; override the callbacks you need."""

    mailbox_limit: ClassVar[int] = 10_000
    """Messages that may wait; beyond it calls raise `MailboxFull` and casts are dropped and counted."""
    trap_exit: ClassVar[bool] = False
    """False: an orderly stop interrupts the callback at work. True: it waits for it, within the shutdown limit."""
    process_type: ClassVar[str] = "worker"

    process: Process
    """The actor's own process, OTP's `self()`; set before `init`."""

    def init(self, *args: Any) -> Awaitable[None] | None:
        """Set up the state. Raising is a failed start, and reaches whoever started the actor."""
        del args
        return None

    def handle_call(self, message: Any, sender: Sender) -> Any:
        """Return the answer, or `NO_REPLY` to answer later through `sender`."""
        del sender
        msg = f"{type(self).__name__} takes no call of type {type(message).__name__}"
        raise TypeError(msg)

    def handle_cast(self, message: Any) -> Awaitable[None] | None:
        """Handle a message nobody waits for."""
        msg = f"{type(self).__name__} takes no cast of type {type(message).__name__}"
        raise TypeError(msg)

    def handle_info(self, message: Any) -> Awaitable[None] | None:
        """Handle a timer or another message that is neither call nor cast; unexpected ones are ignored."""
        del message
        return None

    def terminate(self, reason: Reason) -> Awaitable[None] | None:
        """Clean up after an orderly stop or a crash, shielded within the shutdown limit; never runs after a kill."""
        del reason
        return None

    def send_after(self, seconds: float, message: Any) -> Timer:
        """Deliver `message` to `handle_info` after `seconds`; dies with the process (OTP `send_after/3`)."""
        return self.process.send_after(seconds, message)

    def describe(self) -> dict[str, Any]:
        """Facts for `inspect`, safe to show an operator: never content, never a person (OTP `format_status`)."""
        return {}


class Task(Actor):
    """A supervised coroutine: Elixir's `Task`. Ends `"normal"` when it returns; takes no messages.

    The body is called as `await body(started, *args)` and counts as started when it calls `started()`.
    """

    def init(self, body: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Keep the body; the process runs it in place of a message loop."""
        self.body = body
        self.args = args
