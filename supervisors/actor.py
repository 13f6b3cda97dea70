"""Actors: OTP's `gen_server` as a class whose instance is the state.

An actor handles one message at a time, so its state needs no lock. A fresh instance is made for every start and
restart; what must survive a crash belongs in a database or in the arguments of the child spec.

    class Counter(Actor):
        def init(self, start: int) -> None:
            self.n = start

        def handle_call(self, message: object, sender: Sender) -> int:
            self.n += 1
            return self.n

`init`, `handle_cast`, `handle_info` and `handle_continue` return nothing, or what is to be done next:
`Continue(message)` or `HIBERNATE`. `handle_call` returns the answer, `NO_REPLY`, or `Reply(answer, then)`.

Callbacks may be plain functions or coroutine functions. While a coroutine callback waits, later messages queue; a
plain one can not be interrupted at all. A callback that raises crashes the actor: its supervisor decides what then.
A callback that awaits must let `trio.Cancelled` pass: that is how it is killed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from supervisors import monitors
from supervisors.messages import TIMEOUT, Info

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from supervisors.exits import Reason
    from supervisors.messages import Sender
    from supervisors.process import Process
    from supervisors.registry import Name
    from supervisors.timers import Timer


Overflow = Literal["drop_newest", "drop_oldest", "refuse", "block"]


class Actor:
    """Base of all actors; override the callbacks you need. Subclasses may declare `__slots__` to be small."""

    __slots__ = ("process",)

    mailbox_limit: ClassVar[int] = 10_000
    """Calls and casts that may wait. Timers and signals are never refused."""
    overflow: ClassVar[Overflow] = "drop_newest"
    """What a full mailbox does. Every way is counted in `dropped` and told as `mailbox.dropped`, but for waiting.

    `drop_newest`: a cast is dropped, a call raises `MailboxFull`. `drop_oldest`: the oldest call or cast makes room,
    and its caller gets `MailboxFull`. `refuse`: casts raise `MailboxFull` as well. `block`: calls and `cast_within`
    wait for room within their deadline; a plain cast, which can not wait, raises.
    """
    trap_exit: ClassVar[bool] = False
    """True: exit signals arrive as `ExitMessage`, and an orderly stop lets the callback at work finish."""
    direct: ClassVar[bool] = False
    """True: while the actor is idle its plain callbacks run in the step of the caller, or of the timer: the same
    semantics for a sixth of the time. For callbacks that are quick: whoever sends waits for them."""
    hibernate_after: ClassVar[float | None] = None
    """Seconds of idleness after which task and mailbox are given back, until the next message."""
    process_type: ClassVar[str] = "worker"
    age_grain: ClassVar[float] = 0.0
    """Seconds to whose multiple the age is cut wherever it is told; 0 tells it as it is."""

    process: Process
    """The actor's own process, OTP's `self()`; set before `init`."""

    def init(self, *args: Any) -> Any:
        """Set up the state. Raising is a failed start, and reaches whoever started the actor."""
        del args

    def handle_call(self, message: Any, sender: Sender) -> Any:
        """Return the answer, or `NO_REPLY` to answer later through `sender`."""
        del sender
        msg = f"{type(self).__name__} takes no call of type {type(message).__name__}"
        raise TypeError(msg)

    def handle_cast(self, message: Any) -> Any:
        """Handle a message nobody waits for."""
        msg = f"{type(self).__name__} takes no cast of type {type(message).__name__}"
        raise TypeError(msg)

    def handle_info(self, message: Any) -> Any:
        """Handle a timer, a signal or another message that is neither call nor cast; unexpected ones are ignored."""
        del message

    def handle_continue(self, message: Any) -> Any:
        """Go on after a callback that returned `Continue(message)`, before anything that waits in the mailbox."""
        msg = f"{type(self).__name__} has no continuation for type {type(message).__name__}"
        raise TypeError(msg)

    def terminate(self, reason: Reason) -> Awaitable[None] | None:
        """Clean up after an orderly stop or a crash, shielded within the shutdown limit; never runs after a kill."""
        del reason
        return None

    def send_after(self, seconds: float, message: Any) -> Timer:
        """Deliver `message` to `handle_info` after `seconds`; dies with the process (OTP `send_after/3`)."""
        return self.process.send_after(seconds, message)

    def set_timeout(self, seconds: float) -> None:
        """Deliver `TIMEOUT` to `handle_info`, unless a message of any kind arrives within `seconds`."""
        process = self.process
        _IdleTimeout(process, seconds).arm()

    def link(self, other: Process | Name) -> None:
        """Tie our fate to `other`'s, both ways (OTP `link/1`); see `supervisors.monitors`."""
        monitors.link(self.process, other)

    def unlink(self, other: Process | Name) -> None:
        """Untie it (OTP `unlink/1`)."""
        monitors.unlink(self.process, other)

    def monitor(self, other: Process | Name) -> monitors.Monitor:
        """Get one `DownMessage` when `other` ends, at once if it has (OTP `monitor/2`)."""
        return monitors.monitor(self.process, other)

    def demonitor(self, monitor: monitors.Monitor) -> bool:
        """Take the monitor off; False when its message was sent before (OTP `demonitor/2` with `info`)."""
        return monitors.demonitor(monitor)

    def pack(self) -> Any:
        """Say what the state comes to, in numbers, texts, bytes, tuples, lists and dicts (what `marshal` takes).

        For an actor that hibernates by the hundred thousand: it is then kept as bytes; see `supervisors.dormancy`.
        `None`, as here: keep the instance. `unpack` gets this back, instead of `init`, in a new instance.
        """

    def unpack(self, state: Any) -> None:
        """Be what `pack` described; `process` is set, with its arguments in `process.args`."""
        msg = f"{type(self).__name__} packs its state, but does not unpack it"
        raise NotImplementedError(msg)

    def describe(self) -> dict[str, Any]:
        """Facts for `inspect`, safe to show an operator: never content, never a person (OTP `format_status`)."""
        return {}

    def get_state(self) -> dict[str, Any]:
        """Everything the actor knows, for `system.get_state` and crash reports."""
        state = {
            name: getattr(self, name)
            for owner in type(self).__mro__
            for name in getattr(owner, "__slots__", ())
            if name != "process" and hasattr(self, name)
        }
        return state | getattr(self, "__dict__", {})


class _IdleTimeout:
    """Tells a process of its idleness, unless it has been busy meanwhile."""

    __slots__ = ("_handled", "_process", "_seconds")

    def __init__(self, process: Process, seconds: float) -> None:
        self._process = process
        self._handled = process.handled
        self._seconds = seconds

    def arm(self) -> None:
        """Look in so many seconds."""
        process = self._process
        process.hold(process.runtime.wheel.add(process.runtime.now() + self._seconds, self, None))

    def due(self, timer: Timer) -> None:
        """Tell it, if nothing has come; while the callback that asked is still at work, idleness has not begun."""
        del timer
        process = self._process
        if process.busy and process.handled == self._handled:
            self.arm()
            return
        if process.handled == self._handled and not process.mailbox_length():
            life = process.life
            if life is None:
                process.info(TIMEOUT)
            else:
                life.put(Info(TIMEOUT))


class Task(Actor):
    """A supervised coroutine: Elixir's `Task`. Ends `"normal"` when it returns; takes no messages.

    The body is called as `await body(started, *args)` and counts as started when it calls `started()`.
    """

    __slots__ = ("args", "body")

    def init(self, body: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Keep the body; the process runs it in place of a message loop."""
        self.body = body
        self.args = args
