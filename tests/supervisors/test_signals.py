"""Exit signals, links and monitors, by OTP's rules of propagation."""

from __future__ import annotations

import itertools
from typing import Any, ClassVar

import pytest
import trio

from supervisors import (
    KILL,
    Actor,
    DownMessage,
    ExitMessage,
    Process,
    Registry,
    Shutdown,
    Stop,
    worker,
)
from supervisors.testing import running

names = Registry("signals")


class Listener(Actor):
    """Keeps what it hears, and does as it is told."""

    def init(self) -> None:
        self.heard: list[Any] = []

    def handle_cast(self, message: Any) -> None:
        match message:
            case "crash":
                msg = "told to"
                raise ValueError(msg)
            case ("stop", reason):
                raise Stop(reason)
            case ("link", other):
                self.link(other)
            case ("unlink", other):
                self.unlink(other)
            case ("monitor", other):
                self.monitor(other)

    def handle_info(self, message: Any) -> None:
        self.heard.append(message)


class Trapper(Listener):
    trap_exit: ClassVar[bool] = True


def spec(label: str, kind: type[Listener] = Listener) -> Any:
    return worker(label, kind, name=names.name(label), restart="temporary")


def at(label: str) -> Process:
    process = names.whereis(label)
    assert process is not None
    return process


def heard(label: str) -> list[Any]:
    actor = at(label).actor
    assert isinstance(actor, Listener)
    return actor.heard


REASONS: tuple[Any, ...] = ("normal", "shutdown", Shutdown("done"), "boom", "killed", KILL)


@pytest.mark.parametrize(("reason", "trapping"), list(itertools.product(REASONS, (False, True))))
async def test_a_signal_that_was_sent(reason: Any, trapping: bool, autojump_clock: Any) -> None:
    """`exit/2`: kill always kills; a trapper gets a message; `normal` is ignored; anything else ends the receiver."""
    async with running(spec("a", Trapper if trapping else Listener)):
        process = at("a")
        process.exit(reason)
        await trio.sleep(1)
        if reason == KILL:
            assert process.exit_reason == "killed"
        elif trapping:
            assert heard("a") == [ExitMessage(None, reason)]
        elif reason == "normal":
            assert process.alive
        else:
            assert process.exit_reason == reason


@pytest.mark.parametrize(("reason", "trapping"), list(itertools.product(REASONS, (False, True))))
async def test_a_signal_through_a_link(reason: Any, trapping: bool, autojump_clock: Any) -> None:
    """The end of one reaches the other: not `normal`, a kill as `killed`, and a trapper as a message."""
    async with running(spec("a"), spec("b", Trapper if trapping else Listener)):
        a, b = at("a"), at("b")
        a.cast(("link", b))
        await trio.sleep(0.1)
        if reason == KILL:
            a.exit(KILL)
        else:
            a.cast(("stop", reason))
        await trio.sleep(1)
        passed_on = "killed" if reason == KILL else reason
        assert a.exit_reason == passed_on
        if trapping:
            assert heard("b") == [ExitMessage(a, passed_on)]
        elif passed_on == "normal":
            assert b.alive
        else:
            assert b.exit_reason == passed_on


async def test_a_crash_passes_its_error_on(autojump_clock: Any) -> None:
    """The reason that travels through links is the exception itself."""
    async with running(spec("a"), spec("b")):
        a, b = at("a"), at("b")
        b.cast(("link", a))
        await trio.sleep(0.1)
        a.cast("crash")
        await trio.sleep(0.1)
        assert isinstance(a.exit_reason, ValueError)
        assert b.exit_reason is a.exit_reason


async def test_a_chain_and_a_ring_fall_together(autojump_clock: Any) -> None:
    """Links pass the reason on from one to the next, once around."""
    labels = [str(number) for number in range(50)]
    async with running(*(spec(label) for label in labels)):
        processes = [at(label) for label in labels]
        for one, other in itertools.pairwise([*processes, processes[0]]):
            one.cast(("link", other))
        await trio.sleep(0.1)
        assert all(len(list(process.links())) == 2 for process in processes)
        processes[7].exit("boom")
        await trio.sleep(1)
        assert {process.exit_reason for process in processes} == {"boom"}


async def test_linking_twice_is_linking_once(autojump_clock: Any) -> None:
    """And unlinking once unties; a process is never linked to itself."""
    async with running(spec("a"), spec("b")):
        a, b = at("a"), at("b")
        for message in (("link", b), ("link", b), ("link", a)):
            a.cast(message)
        b.cast(("link", a))
        await trio.sleep(0.1)
        assert list(a.links()) == [b]
        a.cast(("unlink", b))
        await trio.sleep(0.1)
        assert list(a.links()) == list(b.links()) == []
        b.exit("boom")
        await trio.sleep(0.1)
        assert a.alive


async def test_linking_to_nobody(autojump_clock: Any) -> None:
    """A link to an ended process or a free name is a signal `noproc`: a message to a trapper, the end of others."""
    async with running(spec("a"), spec("t", Trapper), spec("gone")):
        gone = at("gone")
        gone.exit("boom")
        await trio.sleep(0.1)
        at("t").cast(("link", gone))
        at("t").cast(("link", names.name("free")))
        a = at("a")
        a.cast(("link", gone))
        await trio.sleep(0.1)
        assert heard("t") == [ExitMessage(gone, "noproc"), ExitMessage(None, "noproc")]
        assert a.exit_reason == "noproc"


async def test_a_monitor_tells_once_whatever_the_reason(autojump_clock: Any) -> None:
    """One message a monitor, also several of one process, and nothing ends."""
    async with running(spec("w"), spec("a")):
        watcher, a = at("w"), at("a")
        one, other = watcher.actor.monitor(a), watcher.actor.monitor(a)
        assert list(watcher.monitors()) == [a, a]
        assert list(a.monitored_by()) == [watcher, watcher]
        a.cast(("stop", "normal"))
        await trio.sleep(0.1)
        assert heard("w") == [DownMessage(one, a, "normal"), DownMessage(other, a, "normal")]
        assert not one.active
        assert list(watcher.monitors()) == []


async def test_no_message_after_demonitor(autojump_clock: Any) -> None:
    """Taken off in time, a monitor says nothing; taken off too late, it says that it has spoken."""
    async with running(spec("w"), spec("a")):
        watcher, a = at("w"), at("a")
        early, late = watcher.actor.monitor(a), watcher.actor.monitor(a)
        assert watcher.actor.demonitor(early)
        assert not watcher.actor.demonitor(early)
        a.exit("boom")
        await trio.sleep(0.1)
        assert heard("w") == [DownMessage(late, a, "boom")]
        assert not watcher.actor.demonitor(late)


async def test_monitoring_nobody(autojump_clock: Any) -> None:
    """For an ended process or a free name the message comes at once, with `noproc`."""
    async with running(spec("w"), spec("a")):
        watcher, a = at("w"), at("a")
        a.exit("boom")
        await trio.sleep(0.1)
        monitors = [watcher.actor.monitor(a), watcher.actor.monitor(names.name("free"))]
        await trio.sleep(0.1)
        assert heard("w") == [DownMessage(monitors[0], a, "noproc"), DownMessage(monitors[1], None, "noproc")]


async def test_a_watcher_that_ends_leaves_nothing_behind(autojump_clock: Any) -> None:
    """Its monitors are off its targets, and their later end tells nobody."""
    async with running(spec("w"), spec("a")):
        watcher, a = at("w"), at("a")
        watcher.actor.monitor(a)
        watcher.exit(KILL)
        await trio.sleep(0.1)
        assert list(a.monitored_by()) == []
        assert list(a.bonds()) == []


async def test_a_monitor_is_of_one_life(autojump_clock: Any) -> None:
    """What is restarted under the same name is somebody else."""
    async with running(spec("w"), worker("a", Listener, name=names.name("a"))):
        watcher, a = at("w"), at("a")
        watcher.actor.monitor(names.name("a"))
        a.exit("boom")
        await trio.sleep(0.1)
        at("a").exit("boom")
        await trio.sleep(0.1)
        assert [message.process for message in heard("w")] == [a]


async def test_whoever_is_told_finds_the_name_free(autojump_clock: Any) -> None:
    """An entry is gone before anyone can learn of the end."""
    found: list[Any] = []

    class Looker(Listener):
        def handle_info(self, message: Any) -> None:
            found.append(names.whereis("a"))

    async with running(worker("w", Looker, name=names.name("w")), spec("a")):
        at("w").actor.monitor(at("a"))
        at("a").exit("boom")
        await trio.sleep(0.1)
    assert found == [None]
