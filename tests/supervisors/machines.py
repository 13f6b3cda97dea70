"""State machines, and what can be done with one, for the tests of `supervisors.statem`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from supervisors import Actor, Down, Process, Registry, telemetry, worker
from supervisors.statem import StateMachine
from supervisors.statem_actions import (
    Call,
    Cast,
    Enter,
    Event,
    GenericTimeout,
    Keep,
    Next,
    Postpone,
    ReplyTo,
    Result,
    StateTimeout,
)
from supervisors.testing import running


class Door(StateMachine):
    """OTP's example: locked with a code, open for ten seconds; digits typed meanwhile are for the next time."""

    def init(self, code: str) -> Next:
        self.code = code
        self.typed = ""
        return Next("locked")

    def locked(self, event: Event, content: Any) -> Result:
        match event, content:
            case Cast(), str(digit):
                self.typed = (self.typed + digit)[-len(self.code) :]
                if self.typed == self.code:
                    return Next("unlocked", StateTimeout(10))
            case Call(sender), "is it open?":
                return Keep(ReplyTo(sender, value=False))
        return Keep()

    def unlocked(self, event: Event, content: Any) -> Result:
        match event, content:
            case StateTimeout(), _:
                self.typed = ""
                return Next("locked")
            case Call(sender), "is it open?":
                return Keep(ReplyTo(sender, value=True))
            case Cast(), _:
                return Keep(Postpone())
        return Keep()


class DoorOfValues(StateMachine):
    """The same door with one callback, and what was typed as a part of the state."""

    callback_mode = "handle_event"

    def init(self, code: str) -> Next:
        self.code = code
        return Next(("locked", ""))

    def handle_event(self, event: Event, content: Any, state: Any) -> Result:
        match event, content, state:
            case Cast(), str(digit), ("locked", typed):
                typed = (typed + digit)[-len(self.code) :]
                return Next("unlocked", StateTimeout(10)) if typed == self.code else Next(("locked", typed))
            case Cast(), _, "unlocked":
                return Keep(Postpone())
            case StateTimeout(), _, "unlocked":
                return Next(("locked", ""))
            case Call(sender), "is it open?", _:
                return Keep(ReplyTo(sender, state == "unlocked"))
        return Keep()


@dataclass(frozen=True)
class Told:
    """A content that says what to return for it in which state; `Keep()` where it says nothing."""

    label: str
    plan: Mapping[str, Result] = field(default_factory=dict)
    wait: float = 0


def told(label: str, **plan: Result) -> Told:
    return Told(label, plan)


class Script(StateMachine):
    """Does as it is told, in the states `a`, `b` and `c`, and writes down everything that happens to it."""

    entries: ClassVar[Mapping[str, Result]] = {}
    """What to return on entering a state."""

    def init(self, log: list[str], *actions: Any) -> Any:
        self.log = log
        return Next("a", *actions)

    def a(self, event: Event, content: Any) -> Any:
        return self.obey(event, content)

    b = c = a

    def obey(self, event: Event, content: Any) -> Any:
        if isinstance(event, Enter):
            self.log.append(f"{self.state}: enter from {event.old_state}")
            return self.entries.get(self.state)
        self.log.append(f"{self.state}: {word(event)} {getattr(content, 'label', content)}")
        if not isinstance(content, Told):
            return None
        return self._slowly(content) if content.wait else content.plan.get(self.state)

    async def _slowly(self, content: Told) -> Result:
        await trio.sleep(content.wait)
        self.log.append(f"{self.state}: {content.label} done")
        return content.plan.get(self.state)


class Entering(Script):
    """The same with state enter calls."""

    state_enter = True


def word(event: Event) -> str:
    return f"timeout {event.name}" if isinstance(event, GenericTimeout) else type(event).__name__.lower()


names = Registry("statem")
IT = names.name("machine")


def here() -> Process:
    process = IT.whereis()
    assert process is not None
    return process


def machine(actor: type[Actor], *args: Any, **options: Any) -> Any:
    return worker("machine", actor, *args, name=IT, restart="temporary", **options)


async def seconds(amount: float = 1) -> None:
    """Let that much time pass, and all that is due in it."""
    await trio.sleep(amount)
    await wait_all_tasks_blocked()


async def history(*casts: Any, actor: type[Actor] = Script, first: tuple[Any, ...] = (), after: float = 1) -> list[str]:
    """What happens to a machine told all that at once, within `after` seconds."""
    log: list[str] = []
    async with running(machine(actor, log, *first)):
        for message in casts:
            IT.cast(message)
        await seconds(after)
        assert IT.whereis() is not None, "the machine crashed"
    return log


async def crash(actor: type[Actor], *args: Any, message: Any = None) -> BaseException:
    """The exception a machine ends with, at its start or when told `message`."""
    crashes: list[BaseException] = []

    def note(event: str, subject: Any, detail: Any) -> None:
        if event == "child.ended" and isinstance(detail["reason"], BaseException):
            crashes.append(detail["reason"])

    detach = telemetry.attach(note)
    try:
        async with running(machine(actor, *args)):
            if message is not None:
                IT.cast(message)
            await seconds()
    finally:
        detach()
    return crashes[0]


async def ask_in_vain(message: Any, downs: list[Any] | None = None) -> None:
    with pytest.raises(Down) as caught:
        await IT.call(message, timeout=1000)
    if downs is not None:
        downs.append(caught.value.reason)


async def state_of(process: Process) -> Any:
    await wait_all_tasks_blocked()
    assert isinstance(process.actor, StateMachine)
    return process.actor.state
