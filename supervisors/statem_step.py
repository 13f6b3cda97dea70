"""One step of a state machine: an event, and what its callbacks want done about it, checked and collected.

Pure but for the answers, which go out at once. A step is one callback, and with `state_enter` the callback of the state
entered after it, whose actions count as if they stood behind the first one's.
"""

from __future__ import annotations

from math import isnan
from typing import Any, Final

from supervisors.exits import Stop
from supervisors.messages import Sender
from supervisors.statem_actions import (
    Action,
    BadReturn,
    Call,
    Cancel,
    Cast,
    Event,
    EventTimeout,
    GenericTimeout,
    Hibernate,
    Info,
    Internal,
    Keep,
    Next,
    NextEvent,
    Postpone,
    Repeat,
    ReplyTo,
    StateTimeout,
    StopAndReply,
    Timeout,
    Update,
)

STATE: Final = StateTimeout()
EVENT: Final = EventTimeout()
_TIMEOUTS: Final = (StateTimeout, EventTimeout, GenericTimeout)
_KINDS: Final = (Call, Cast, Info, Internal, *_TIMEOUTS)


class Step:
    """What one event leads to. `entering` says that the callback due next is told of the entry into `state`."""

    __slots__ = (
        "_can_enter",
        "content",
        "entering",
        "event",
        "hibernate",
        "inserted",
        "old",
        "postpone",
        "state",
        "timeouts",
    )

    def __init__(self, event: Event | None, content: Any, state: Any, *, can_enter: bool) -> None:
        self._can_enter = can_enter
        self.event = event
        self.content = content
        self.old = state
        self.state = state
        self.entering = False
        self.postpone = False
        self.hibernate = False
        self.inserted: list[tuple[Event, Any]] = []
        self.timeouts: dict[Timeout, Timeout | Cancel | Update] = {}

    @property
    def changed(self) -> bool:
        """True when the machine goes to another state."""
        return bool(self.state != self.old)

    def read(self, result: Any) -> None:
        """Take in what a callback returned; raises `BadReturn` or `Stop`."""
        repeated = False
        match result:
            case None:
                actions: tuple[Any, ...] = ()
            case Keep():
                actions = result.actions
            case Repeat():
                actions = result.actions
                repeated = True
            case Next():
                state, actions = result.message
                if state != self.state:
                    if self.entering:
                        msg = f"on entering state {self.state!r} the machine can not go on to {state!r}"
                        raise BadReturn(msg)
                    self.state = state
                    repeated = True
            case StopAndReply():
                self._answer_and_stop(result)
            case _:
                msg = f"in state {self.state!r} a callback returned a {_name(result)}, which is no result"
                raise BadReturn(msg)
        for action in actions:
            self._add(action)
        self.entering = repeated and self._can_enter

    def begin(self, actions: tuple[Action, ...]) -> None:
        """Take in the first state's actions; it is entered from itself, and there is no event to postpone."""
        for action in actions:
            self._add(action)
        self.postpone = False
        self.entering = self._can_enter

    def _add(self, action: Action) -> None:
        match action:
            case ReplyTo(Sender() as sender, value):
                sender.reply(value)
            case Hibernate(wanted):
                self.hibernate = wanted
            case Postpone(wanted):
                if wanted and self.entering:
                    raise self._refused("postpone", "the entry is no event to come back to")
                self.postpone = wanted
            case NextEvent(kind, content) if isinstance(kind, _KINDS):
                if self.entering:
                    raise self._refused("insert an event", "the state is not yet entered")
                self.inserted.append((which(kind) if isinstance(kind, _TIMEOUTS) else kind, content))
            case Cancel(timeout) | Update(timeout) if isinstance(timeout, _TIMEOUTS):
                self._set(timeout, action)
            case StateTimeout() | EventTimeout() | GenericTimeout():
                _check_time(action)
                self._set(action, action)
            case _:
                msg = f"in state {self.state!r} a callback wants a {_name(action)} that is no action"
                raise BadReturn(msg)

    def _set(self, timeout: Timeout, action: Timeout | Cancel | Update) -> None:
        kind = which(timeout)
        self.timeouts.pop(kind, None)  # the last one counts, and in its own place
        self.timeouts[kind] = action

    def _refused(self, wish: str, why: str) -> BadReturn:
        return BadReturn(f"on entering state {self.state!r} the machine can not {wish}: {why}")

    def _answer_and_stop(self, result: StopAndReply) -> None:
        for action in result.actions:
            if not isinstance(action, ReplyTo):
                msg = f"StopAndReply takes replies only, not a {_name(action)}"
                raise BadReturn(msg)
            self._add(action)
        raise Stop(result.reason)


def which(timeout: Timeout) -> Timeout:
    """The timeout without its time and content: what it is known by, and the event it becomes."""
    if isinstance(timeout, GenericTimeout):
        return GenericTimeout(timeout.name)
    return STATE if isinstance(timeout, StateTimeout) else EVENT


def _check_time(timeout: Timeout) -> None:
    seconds = timeout.seconds
    if not isinstance(seconds, int | float) or isnan(seconds) or (seconds < 0 and not timeout.absolute):
        msg = f"{_name(timeout)} takes a time in seconds, not below 0 unless absolute, but got {seconds!r}"
        raise BadReturn(msg)


def _name(thing: Any) -> str:
    return type(thing).__name__
