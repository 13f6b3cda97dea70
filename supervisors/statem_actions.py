"""The words of a state machine: what happens to it, what it answers, what it wants done.

**Events** come to a state function as `(event, content)`, to be told apart with `match`:

| event | content | in OTP |
|---|---|---|
| `Call(sender)` | what was asked | `{call, From}` |
| `Cast()`, `Info()` | the message | `cast`, `info` |
| `Internal()` | what `NextEvent` was given | `internal` |
| `Enter(old_state)` | `None` | `enter`, with the old state as content |
| `StateTimeout()` | that of the timeout | `state_timeout` |
| `EventTimeout()` | that of the timeout | `timeout` |
| `GenericTimeout(name)` | that of the timeout | `{timeout, Name}` |

**Results**: `Next(state, ...)`, `Keep(...)` or `None`, `Repeat(...)`, `StopAndReply(reason, ...)`. A machine that is to
stop without more words raises `Stop`.

**Actions** follow in the result and are done in the order given; of several about the same timeout the last one counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from supervisors.exits import NORMAL, Reason, SupervisionError
from supervisors.messages import Continue, Sender


class BadReturn(SupervisionError):
    """A callback of a state machine returned what it may not; the machine crashes with this reason."""


# --- events, also as the kind of a `NextEvent`


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody waits for an answer; give it with `ReplyTo(sender, answer)`, now or later."""

    sender: Sender


@dataclass(frozen=True, slots=True)
class Cast:
    """A message nobody waits for."""


@dataclass(frozen=True, slots=True)
class Info:
    """A message that is neither call nor cast: a signal, a `send_after`."""


@dataclass(frozen=True, slots=True)
class Internal:
    """An event the machine sent itself; nobody outside can."""


@dataclass(frozen=True, slots=True)
class Enter:
    """The state was entered from `old_state`, which is the state itself at the start and after `Repeat`."""

    old_state: Any


# --- timeouts: with `seconds` an action, without it the event, or which one is meant


@dataclass(frozen=True, slots=True)
class StateTimeout:
    """Start the timeout of the state, which any change of state cancels (OTP `state_timeout`).

    0 comes at once: after the events already inside the machine, before any from outside. `math.inf` cancels. A
    timeout that runs is started anew. `absolute` makes `seconds` a moment on Trio's clock, not a duration; one that
    has passed comes as soon as a timer can. So it is with all three.
    """

    seconds: float | None = None
    content: Any = None
    absolute: bool = False


@dataclass(frozen=True, slots=True)
class EventTimeout:
    """Start a timeout that any event cancels (OTP `timeout`)."""

    seconds: float | None = None
    content: Any = None
    absolute: bool = False


@dataclass(frozen=True, slots=True)
class GenericTimeout:
    """Start the timeout `name`, of which there may be many and which only `Cancel` cancels (OTP `{timeout, Name}`)."""

    name: Any
    seconds: float | None = None
    content: Any = None
    absolute: bool = False


Timeout: TypeAlias = StateTimeout | EventTimeout | GenericTimeout


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel a timeout, such as `Cancel(StateTimeout())`; harmless when it does not run (OTP `cancel`)."""

    timeout: Timeout


@dataclass(frozen=True, slots=True)
class Update:
    """Give a running timeout another content; one that does not run comes at once (OTP `update`)."""

    timeout: Timeout
    content: Any


# --- other actions


@dataclass(frozen=True, slots=True)
class Postpone:
    """Have this event again after the next change of state, before all that came later; `Postpone(False)` revokes."""

    wanted: bool = True


@dataclass(frozen=True, slots=True)
class NextEvent:
    """Handle this event next, before those that wait; several in the order given (OTP `next_event`)."""

    kind: Event
    content: Any = None


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Answer a call; harmless when its caller has given up (OTP `{reply, From, Reply}`)."""

    sender: Sender
    value: Any = None


@dataclass(frozen=True, slots=True)
class Hibernate:
    """Hibernate if nothing waits inside the machine or in its mailbox; `Hibernate(False)` revokes."""

    wanted: bool = True


Event: TypeAlias = Call | Cast | Info | Internal | Enter | Timeout
Action: TypeAlias = Timeout | Cancel | Update | Postpone | NextEvent | ReplyTo | Hibernate


# --- results


class Next(Continue):
    """Go to `state`; the state the machine is in already makes it a `Keep` (OTP `next_state`).

    From `init` it is the first state, and a `Continue`: the machine enters it before anything that waits.
    """

    __slots__ = ()

    def __init__(self, state: Any, *actions: Action) -> None:
        super().__init__((state, actions))


class Keep:
    """Stay in the state, as `None` does (OTP `keep_state`)."""

    __slots__ = ("actions",)

    def __init__(self, *actions: Action) -> None:
        self.actions = actions


class Repeat:
    """Stay in the state and enter it again: a `Keep` that is followed by an `Enter` event (OTP `repeat_state`)."""

    __slots__ = ("actions",)

    def __init__(self, *actions: Action) -> None:
        self.actions = actions


class StopAndReply:
    """End with `reason` when these calls are answered (OTP `stop_and_reply`)."""

    __slots__ = ("actions", "reason")

    def __init__(self, reason: Reason = NORMAL, *actions: ReplyTo) -> None:
        self.reason = reason
        self.actions = actions


Result: TypeAlias = Next | Keep | Repeat | StopAndReply | None
