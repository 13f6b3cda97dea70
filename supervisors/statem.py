"""State machines: OTP's `gen_statem` as a class whose instance is the data.

What a machine does with a message depends on the state it is in. Where an actor would ask that in every callback, a
machine has one callback a state, and the runtime keeps what belongs to a state: its timeouts, and the events that
have to wait for another one. A door that is locked with a code, and locks itself after ten seconds:

    class Door(StateMachine):
        def init(self, code: str) -> Next:
            self.code = code
            self.typed = ""
            return Next("locked")

        def locked(self, event: Event, content: Any) -> Result:
            match event, content:
                case Cast(), digit:
                    self.typed = (self.typed + digit)[-len(self.code) :]
                    if self.typed == self.code:
                        return Next("unlocked", StateTimeout(10))
                case Call(sender), "is it open?":
                    return Keep(ReplyTo(sender, False))
            return Keep()

        def unlocked(self, event: Event, content: Any) -> Result:
            match event, content:
                case StateTimeout(), _:
                    self.typed = ""
                    return Next("locked")
                case Call(sender), "is it open?":
                    return Keep(ReplyTo(sender, True))
                case Cast(), _:
                    return Keep(Postpone())  # a digit for when it is locked again
            return Keep()

It is called, cast to, supervised and named like any actor; its words are those of `supervisors.statem_actions`. Events
are handled one at a time, in this order: what `NextEvent` inserted, what was postponed before the last change of state,
timeouts of 0 seconds, the mailbox. Callbacks may be plain or `async def`; later events wait for one that awaits.

A change of state is one to a state that is not equal (`!=`); `Next` to an equal one keeps the state. A change brings
the postponed events back, oldest first, and cancels the state's timeout; with `state_enter` the new state is told by
an `Enter` event, before any other event and as a part of the change: it may start timeouts and answer, but not go
elsewhere, postpone or insert events.

A callback that raises crashes the machine, one that returns what it may not crashes it with `BadReturn`. Whatever its
end, every call it has not answered raises `Down`, the postponed ones too.
"""

from __future__ import annotations

from types import CoroutineType
from typing import Any, ClassVar, Final, Literal

from supervisors import telemetry
from supervisors.actor import Actor
from supervisors.exits import MailboxFull
from supervisors.messages import HIBERNATE, NO_REPLY, Reply, Sender
from supervisors.statem_actions import BadReturn, Call, Cast, Enter, Event, Info
from supervisors.statem_step import EVENT, STATE, Step
from supervisors.statem_timeouts import Running, Timeouts

_CAST: Final = Cast()
_INFO: Final = Info()
_NOWHERE: Final = object()

CallbackMode = Literal["state_functions", "handle_event"]


class StateMachine(Actor):
    """Base of all state machines; write `init` and one method a state, or `handle_event` for all of them.

    A subclass with an `__init__` of its own calls this one. (OTP `gen_statem`.)
    """

    __slots__ = ("_inside", "_postponed", "_sleepy", "_state", "_step", "_timeouts")

    callback_mode: ClassVar[CallbackMode] = "state_functions"
    """`state_functions`: a state is the name of a method, called with event and content. `handle_event`: a state is
    any value that can be compared, and `handle_event` is called with event, content and state."""
    state_enter: ClassVar[bool] = False
    """True: a state that is entered is told so by an `Enter` event."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.callback_mode not in {"state_functions", "handle_event"}:
            msg = f"callback_mode of {cls.__name__} is state_functions or handle_event, not {cls.callback_mode!r}"
            raise ValueError(msg)

    def __init__(self) -> None:
        self._state: Any = _NOWHERE
        self._step: Step | None = None
        self._inside: list[tuple[Event, Any]] = []  # the next event is the last
        self._postponed: list[tuple[Event, Any]] = []
        self._timeouts = Timeouts()
        self._sleepy = False

    # --- for subclasses

    @property
    def state(self) -> Any:
        """The state the machine is in; within an `Enter` event the new one."""
        return self._state

    def init(self, *args: Any) -> Any:
        """Set up the data and return the first state: `Next(state, ...)`, or `IGNORE`.

        Raising is a failed start. The first state is entered when the machine has started; it crashes if that fails.
        """
        del args
        msg = f"{type(self).__name__} has no init that returns Next(state)"
        raise TypeError(msg)

    def handle_event(self, event: Event, content: Any, state: Any) -> Any:
        """Handle every event of a machine whose `callback_mode` is `handle_event`."""
        del content, state
        msg = f"{type(self).__name__} has no handle_event to take a {type(event).__name__}"
        raise TypeError(msg)

    # --- for the process: a message becomes an event

    def handle_call(self, message: Any, sender: Sender) -> Any:
        """Handle a `Call` event."""
        return self._take(Call(sender), message, sender)

    def handle_cast(self, message: Any) -> Any:
        """Handle a `Cast` event."""
        return self._take(_CAST, message)

    def handle_info(self, message: Any) -> Any:
        """Handle a timeout, or an `Info` event."""
        if type(message) is not Running:
            return self._take(_INFO, message)
        if self._timeouts.take(message):
            return self._take(message.kind, message.content)
        return None

    def handle_continue(self, message: Any) -> Any:
        """Enter the first state, which `init` returned."""
        match message:
            case state, tuple(actions):
                self._move_to(state)
            case _:
                msg = f"{type(self).__name__} goes on with NextEvent, not with Continue"
                raise BadReturn(msg)
        self._step = Step(None, None, state, can_enter=self.state_enter)
        self._step.begin(actions)
        if not self._step.entering:
            self._complete(self._step)
        return self._go_on()

    def describe(self) -> dict[str, Any]:
        """The state, if it is the name of a method, and what waits."""
        named = self.callback_mode == "state_functions" and self._state is not _NOWHERE
        return {
            "state": self._state if named else type(self._state).__name__,
            "postponed": len(self._postponed),
            "timeouts": len(self._timeouts),
        }

    def get_state(self) -> dict[str, Any]:
        """The state and the data."""
        data = super().get_state()
        return {"state": self._state} | {name: data[name] for name in data if name not in StateMachine.__slots__}

    # --- one event after the other

    def _take(self, event: Event, content: Any, sender: Sender | None = None) -> Any:
        if self._state is _NOWHERE:
            msg = f"init of {type(self).__name__} did not return Next(state)"
            raise BadReturn(msg)
        self._inside.append((event, content))
        return self._go_on(sender)

    def _go_on(self, sender: Sender | None = None) -> Any:
        """Handle what is inside; return what the process is to do then, or the coroutine that finds out."""
        result = self._advance()
        if type(result) is not CoroutineType:
            return _afterwards(result, sender)
        work: Any = self._await(result, sender)
        work.__qualname__ = result.__qualname__  # an operator is shown whose callback is at work
        return work

    async def _await(self, result: Any, sender: Sender | None) -> Any:
        while type(result) is CoroutineType:
            self._heed(await result)
            result = self._advance()
        return _afterwards(result, sender)

    def _advance(self) -> Any:
        """Call back until nothing is left inside, or a callback is a coroutine; return that, `HIBERNATE` or `None`."""
        while (step := self._step or self._next_step()) is not None:
            result = self._call_back(step)
            if type(result) is CoroutineType:
                return result
            self._heed(result)
        return HIBERNATE if self._sleepy else None

    def _next_step(self) -> Step | None:
        if self._inside:
            event, content = self._inside.pop()
        elif (due := self._timeouts.take_at_once()) is not None:
            event, content = due.kind, due.content
        else:
            return None
        self._step = Step(event, content, self._state, can_enter=self.state_enter)
        return self._step

    def _call_back(self, step: Step) -> Any:
        event, content = (Enter(step.old), None) if step.entering else (step.event, step.content)
        if self.callback_mode == "state_functions":
            return getattr(self, self._state)(event, content)
        assert event is not None
        return self.handle_event(event, content, self._state)

    def _heed(self, result: Any) -> None:
        step = self._step
        assert step is not None
        step.read(result)
        if step.state is not self._state:
            self._move_to(step.state)
        if not step.entering:
            self._complete(step)

    def _move_to(self, state: Any) -> None:
        if self.callback_mode == "state_functions":
            named = isinstance(state, str) and not state.startswith("_") and not hasattr(StateMachine, state)
            if not named or not callable(getattr(self, state, None)):
                msg = f"{type(self).__name__} has no state function {state!r}"
                raise BadReturn(msg)
        self._state = state

    def _complete(self, step: Step) -> None:
        """Do what the step led to, in OTP's order."""
        self._step = None
        if step.postpone:
            self._postpone(step)
        if step.changed:
            self._timeouts.cancel(STATE)
            self._inside.extend(reversed(self._postponed))
            self._postponed.clear()
        self._timeouts.cancel(EVENT)
        for action in step.timeouts.values():
            self._timeouts.do(action, self.process)
        self._inside.extend(reversed(step.inserted))
        self._sleepy = step.hibernate

    def _postpone(self, step: Step) -> None:
        """Put the event aside; a call or cast beyond the mailbox's limit is refused, as the mailbox would."""
        event = step.event
        assert event is not None
        if len(self._postponed) >= self.mailbox_limit and isinstance(event, Call | Cast):
            self.process.dropped += 1
            telemetry.emit("mailbox.dropped", self.process, policy="drop_newest")
            if isinstance(event, Call):
                event.sender.error(MailboxFull(f"{self.process!r} has postponed its limit of {self.mailbox_limit}"))
        else:
            self._postponed.append((event, step.content))


def _afterwards(after: Any, sender: Sender | None) -> Any:
    """What the process is told at the end: for a call, that its answer is none of its business."""
    if sender is None:
        return after
    return Reply(None, HIBERNATE) if after is HIBERNATE and sender.answered else NO_REPLY
