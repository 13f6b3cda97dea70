"""The events of a state machine that wait inside it: postponed and inserted ones."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from supervisors import MailboxFull
from supervisors.statem_actions import (
    Cast,
    Event,
    EventTimeout,
    GenericTimeout,
    Info,
    Internal,
    Keep,
    Next,
    NextEvent,
    Postpone,
    Repeat,
    StateTimeout,
)
from supervisors.testing import running
from tests.supervisors.machines import IT, Script, ask_in_vain, here, history, machine, seconds, told


async def test_postponed_events_come_back_in_order(autojump_clock: Any) -> None:
    """A change of state brings postponed events back in order of arrival, before those that came after."""
    later = {"a": Keep(Postpone())}
    log = await history(told("1", **later), told("2", **later), told("go", a=Next("b")), "new")
    assert log[2:] == ["a: cast go", "b: cast 1", "b: cast 2", "b: cast new"]


async def test_postponed_again(autojump_clock: Any) -> None:
    """A postponed event that is postponed once more keeps its place."""
    both = {"a": Keep(Postpone()), "b": Keep(Postpone())}
    log = await history(
        told("1", **both), told("2", a=Keep(Postpone()), b=Next("c")), told("3", **both), told("go", a=Next("b"))
    )
    assert log[3:] == ["a: cast go", "b: cast 1", "b: cast 2", "c: cast 1", "c: cast 3"]


async def test_only_a_change_brings_them_back(autojump_clock: Any) -> None:
    """Postponed events stay so while the state is kept, repeated or replaced by an equal one."""
    log = await history(
        told("later", a=Keep(Postpone())), told("k", a=Keep()), told("r", a=Repeat()), told("n", a=Next("a"))
    )
    assert log == ["a: cast later", "a: cast k", "a: cast r", "a: cast n"]


async def test_the_event_that_changes_the_state_may_be_postponed(autojump_clock: Any) -> None:
    """An event that is postponed by the very change comes again in the new state, behind those postponed before."""
    log = await history(told("1", a=Keep(Postpone())), told("2", a=Next("b", Postpone())))
    assert log == ["a: cast 1", "a: cast 2", "b: cast 1", "b: cast 2"]


async def test_postponing_revoked(autojump_clock: Any) -> None:
    """Of several wishes to postpone the last one counts."""
    log = await history(told("1", a=Keep(Postpone(), Postpone(wanted=False))), told("go", a=Next("b")))
    assert log == ["a: cast 1", "a: cast go"]


async def test_anything_can_be_postponed(autojump_clock: Any) -> None:
    """Calls, infos, inserted events and timeouts come back as what they were."""
    log: list[str] = []
    later = {"a": Keep(Postpone())}
    async with running(machine(Script, log)), trio.open_nursery() as nursery:
        nursery.start_soon(ask_in_vain, told("call", **later))
        await seconds()
        here().info(told("info", **later))
        IT.cast(told("x", a=Keep(NextEvent(Internal(), told("in", **later)), StateTimeout(1, told("due", **later)))))
        await seconds(2)
        IT.cast(told("go", a=Next("b")))
        await seconds()
        here().exit("enough")
    assert log[6:] == ["b: call call", "b: info info", "b: internal in", "b: statetimeout due"]


async def test_inserted_events_come_first(autojump_clock: Any) -> None:
    """`NextEvent`s come before postponed events and the mailbox, in the order given, and those of one before others."""
    log = await history(
        told("later", a=Keep(Postpone())),
        told(
            "go",
            a=Next("b", NextEvent(Internal(), told("1", b=Keep(NextEvent(Cast(), "3")))), NextEvent(Internal(), "2")),
        ),
        "new",
    )
    assert log[2:] == ["b: internal 1", "b: cast 3", "b: internal 2", "b: cast later", "b: cast new"]


async def test_inserted_events_may_be_of_any_kind(autojump_clock: Any) -> None:
    """An inserted event may look like a message or a timeout, and then starts none."""
    kinds: list[Event] = [Cast(), Info(), Internal(), StateTimeout(), EventTimeout(5, "not this"), GenericTimeout("x")]
    log = await history(told("go", a=Keep(*[NextEvent(kind, "x") for kind in kinds])), after=10)
    assert log[1:] == [
        "a: cast x",
        "a: info x",
        "a: internal x",
        "a: statetimeout x",
        "a: eventtimeout x",
        "a: timeout x x",
    ]


async def test_postponed_events_count_for_the_bound(autojump_clock: Any) -> None:
    """Beyond `mailbox_limit` postponed events calls raise MailboxFull and casts are dropped; signals are kept."""

    class Small(Script):
        mailbox_limit = 2

    log: list[str] = []
    later = {"a": Keep(Postpone())}
    async with running(machine(Small, log)):
        for label in "123":
            IT.cast(told(label, **later))
            await seconds()
        with pytest.raises(MailboxFull):
            await IT.call(told("call", **later))
        here().info(told("info", **later))
        assert here().dropped == 2
        IT.cast(told("go", a=Next("b")))
        await seconds()
    assert log[6:] == ["b: cast 1", "b: cast 2", "b: info info"]
