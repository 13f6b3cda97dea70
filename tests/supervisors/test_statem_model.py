"""State machines against a model of a page: the same programs, event by event and second by second."""

from __future__ import annotations

import math
from collections import Counter
from itertools import accumulate
from typing import Any

import trio
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from supervisors.registry import Registry
from supervisors.specs import worker
from supervisors.statem import StateMachine
from supervisors.statem_actions import (
    Cancel,
    Cast,
    Enter,
    Event,
    EventTimeout,
    GenericTimeout,
    Internal,
    Keep,
    Next,
    NextEvent,
    Postpone,
    Repeat,
    Result,
    StateTimeout,
    Update,
)
from supervisors.testing import running
from tests.supervisors.machines import Told, word

IT = Registry("statem model").name("machine")

Seen = list[tuple[float, str, str, Any]]
"""What happens to a machine: when, in which state, what and with which content."""
Program = tuple[list[tuple[int, Told]], dict[str, Result], dict[str, Result]]
"""Casts with the pause before each; what states do when entered; what they do with a timeout's content."""

END = 1000.0
TIRED = 3
"""How often a content is obeyed: after that it changes nothing, so that no program runs for ever."""


class Obedient(StateMachine):
    """Runs a program and writes down what happens to it."""

    state_enter = True

    def init(self, entries: dict[str, Result], timeouts: dict[str, Result], seen: Seen) -> Next:
        self.entries = entries
        self.timeouts = timeouts
        self.seen = seen
        self.times: Counter[Any] = Counter()
        return Next("a")

    def a(self, event: Event, content: Any) -> Result:
        state = self.state
        if isinstance(event, Enter):
            self.seen.append((trio.current_time(), state, "enter", event.old_state))
            return self.entries[state]
        self.seen.append((trio.current_time(), state, word(event), label(content)))
        return obeyed(content, state, self.timeouts, self.times)

    b = c = a


def label(content: Any) -> Any:
    return getattr(content, "label", content)


def obeyed(content: Any, state: str, timeouts: dict[str, Result], times: Counter[Any]) -> Result:
    times[label(content)] += 1
    if times[label(content)] > TIRED:
        return None
    return content.plan[state] if isinstance(content, Told) else timeouts[state]


class Model:
    """What OTP's documentation says of a machine, without any regard to speed."""

    def __init__(self, program: Program) -> None:
        casts, self.entries, self.timeouts = program
        moments = accumulate(pause for pause, _ in casts)
        self.mail = list(zip(moments, [content for _, content in casts], strict=True))
        self.now = 0.0
        self.state = "a"
        self.inside: list[tuple[str, Any]] = []
        self.postponed: list[tuple[str, Any]] = []
        self.timers: dict[str, tuple[float, Any]] = {}
        self.zeros: dict[str, Any] = {}
        self.times: Counter[Any] = Counter()
        self.seen: Seen = []

    def run(self) -> Seen:
        self.finish([], old="a", event=None, entering=True)
        while True:
            if self.inside:
                event, content = self.inside.pop(0)
            elif self.zeros:
                event = next(iter(self.zeros))
                content = self.zeros.pop(event)
            else:
                due = sorted((at, key) for key, (at, _) in self.timers.items())
                following = min([at for at, _ in [*due[:1], *self.mail[:1]]], default=END)
                assume([at for at, _ in due].count(following) + any(at == following for at, _ in self.mail) < 2)
                if following >= END:
                    return self.seen
                self.now = following
                if due and due[0][0] == following:
                    event = due[0][1]
                    content = self.timers.pop(event)[1]
                else:
                    event, content = "cast", self.mail.pop(0)[1]
            self.seen.append((self.now, self.state, event, label(content)))
            result = obeyed(content, self.state, self.timeouts, self.times)
            old = self.state
            actions, entering = self.went(result)
            self.finish(actions, old, (event, content), entering=entering)

    def went(self, result: Result) -> tuple[list[Any], bool]:
        if isinstance(result, Next):
            state, actions = result.message
            changed = state != self.state
            self.state = state
            return list(actions), changed
        if result is None:
            return [], False
        assert isinstance(result, Keep | Repeat)
        return list(result.actions), isinstance(result, Repeat)

    def finish(self, actions: list[Any], old: str, event: tuple[str, Any] | None, *, entering: bool) -> None:
        if entering:
            self.seen.append((self.now, self.state, "enter", old))
            entry = self.entries[self.state]
            assert isinstance(entry, Keep)
            actions += entry.actions
        if event is not None and any(isinstance(action, Postpone) for action in actions):
            self.postponed.append(event)
        if self.state != old:
            self.inside = self.postponed + self.inside
            self.postponed = []
            self.cancel("statetimeout")
        self.cancel("eventtimeout")
        last = {key_of(action): place for place, action in enumerate(actions)}
        for place, action in enumerate(actions):
            key = key_of(action)
            if key and last[key] == place:
                self.start(key, action)
        self.inside = [(word(each.kind), each.content) for each in actions if isinstance(each, NextEvent)] + self.inside

    def start(self, key: str, action: Any) -> None:
        match action:
            case Cancel():
                self.cancel(key)
            case Update(_, content) if key in self.timers:
                self.timers[key] = (self.timers[key][0], content)
            case Update(_, content):
                self.zeros[key] = content
            case _:
                self.cancel(key)
                if action.seconds == 0:
                    self.zeros[key] = action.content
                elif action.seconds != math.inf:
                    self.timers[key] = (self.now + action.seconds, action.content)

    def cancel(self, key: str) -> None:
        self.timers.pop(key, None)
        self.zeros.pop(key, None)


def key_of(action: Any) -> str:
    """Which timeout an action is about, if any."""
    if isinstance(action, Cancel | Update):
        action = action.timeout
    return word(action) if isinstance(action, StateTimeout | EventTimeout | GenericTimeout) else ""


SECONDS = (0, math.inf)
TIMEOUTS = (
    st.builds(StateTimeout, st.sampled_from((3, *SECONDS)), st.just("s")),
    st.builds(EventTimeout, st.sampled_from((4.25, *SECONDS)), st.just("e")),
    st.builds(GenericTimeout, st.just("x"), st.sampled_from((7.5, *SECONDS)), st.just("x")),
    st.builds(GenericTimeout, st.just("y"), st.sampled_from((13.125, *SECONDS)), st.just("y")),
)
"""Of different lengths: which of two timeouts due in one instant comes first, nobody promises."""
ABOUT = st.sampled_from((StateTimeout(), EventTimeout(), GenericTimeout("x"), GenericTimeout("y")))
TIMINGS = (*TIMEOUTS, st.builds(Cancel, ABOUT), st.builds(Update, ABOUT, st.just("u")))


def plans(*more: Any) -> st.SearchStrategy[dict[str, Result]]:
    """A result for each state."""
    actions = st.lists(st.one_of(st.just(Postpone()), *more, *TIMINGS), max_size=4)
    states = st.sampled_from("abc")
    results = st.one_of(
        st.builds(lambda state, actions: Next(state, *actions), states, actions),
        st.builds(lambda actions: Keep(*actions), actions),
        st.builds(lambda actions: Repeat(*actions), actions),
    )
    return st.fixed_dictionaries(dict.fromkeys("abc", results))


INSERTED = st.builds(NextEvent, st.sampled_from((Internal(), Cast())), st.builds(Told, st.sampled_from("ijk"), plans()))
CASTS = st.tuples(st.sampled_from((0, 0, 10)), st.builds(Told, st.sampled_from("123456"), plans(INSERTED)))
ENTRIES = st.builds(lambda actions: Keep(*actions), st.lists(st.one_of(*TIMINGS), max_size=2))
PROGRAMS = st.tuples(
    st.lists(CASTS, min_size=1, max_size=8),
    st.fixed_dictionaries(dict.fromkeys("abc", ENTRIES)),
    plans(INSERTED),
)


@settings(deadline=None)
@given(program=PROGRAMS)
def test_same_as_the_model(program: Program) -> None:
    """Whatever its callbacks return, a machine sees the events the model sees, at the same moments."""
    expected = Model(program).run()
    assert _rounded(trio.run(_play, program, clock=MockClock(autojump_threshold=0))) == _rounded(expected)


async def _play(program: Program) -> Seen:
    casts, entries, timeouts = program
    seen: Seen = []
    async with running(worker("machine", Obedient, entries, timeouts, seen, name=IT)):
        for pause, content in casts:
            if pause:
                await trio.sleep(pause)
            IT.cast(content)
        await trio.sleep_until(END)
        assert IT.whereis() is not None
    return seen


def _rounded(seen: Seen) -> Seen:
    return [(round(at, 6), *what) for at, *what in seen]
