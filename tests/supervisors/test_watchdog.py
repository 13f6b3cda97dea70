"""The watchdog: it names who blocks the loop and, where asked to, crashes it. These tests block for real, but briefly."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from supervisors import (
    Actor,
    Continue,
    Down,
    Process,
    Registry,
    Runtime,
    Sender,
    SupervisionError,
    open_runtime,
    supervisor,
    task,
    telemetry,
    worker,
)
from supervisors.control import request, serve_control
from supervisors.watchdog import LoopBlocked, Watching, _Watchdog, watch_loop

names = Registry("watchdog")
ACTOR = names.name("actor")
OTHER = names.name("other")
LONG = 0.3


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def spin(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


class Blocker(Actor):
    """Blocks the loop when told to."""

    def handle_call(self, message: Any, sender: Sender) -> Any:
        return message() if callable(message) else message

    def handle_cast(self, message: Any) -> Any:
        return message()

    def handle_info(self, message: Any) -> Any:
        return message()

    def handle_continue(self, message: Any) -> Any:
        return message()


class DirectBlocker(Blocker):
    direct = True


class Told:
    """What telemetry told of the loop."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Process | None, dict[str, Any]]] = []

    def __call__(self, event: str, subject: Any, detail: dict[str, Any]) -> None:
        if event.startswith("loop."):
            self.events.append((event, subject, detail))

    def blocked(self) -> list[Process | None]:
        return [subject for event, subject, _ in self.events if event == "loop.blocked"]

    async def until(self, event: str) -> dict[str, Any]:
        with trio.fail_after(5):
            while True:
                for name, _, detail in self.events:
                    if name == event:
                        return detail
                await trio.sleep(0.005)


@pytest.fixture
def told() -> Iterator[Told]:
    heard = Told()
    detach = telemetry.attach(heard)
    yield heard
    detach()


@asynccontextmanager
async def watched(watching: Watching, *more: Any, actor: type[Actor] = Blocker) -> AsyncIterator[Runtime]:
    made: list[Runtime] = []

    def running() -> Runtime:
        if not made:
            raise SupervisionError
        return made[0]

    children = [
        worker("told", actor, name=ACTOR),
        worker("other", actor, name=OTHER),
        task("watchdog", watch_loop, running, watching),
        *more,
    ]
    async with open_runtime(supervisor("root", children, intensity=20)) as runtime:
        made.append(runtime)
        await trio.sleep(0.02)
        yield runtime


def found() -> Process:
    process = ACTOR.whereis()
    assert process is not None
    return process


# --- naming


async def test_names_a_blocking_actor_with_its_stack(told: Told) -> None:
    """`loop.blocked` names the actor and shows where its code stands; `loop.unblocked` how long it took."""
    async with watched(Watching(limit=0.03)):
        process = found()
        process.cast(lambda: sleep(LONG))
        detail = await told.until("loop.blocked")
        after = await told.until("loop.unblocked")
        assert told.blocked() == [process]
        assert detail["seconds"] >= 0.03
        assert any(line.endswith(" sleep") for line in detail["stack"])
        assert any(line.endswith(" handle_cast") for line in detail["stack"])
        assert after["seconds"] >= 0.2
        assert process.alive


async def blocking_coroutine() -> None:
    await trio.sleep(0)
    sleep(LONG)


async def test_names_a_coroutine_that_blocks(told: Told) -> None:
    """A coroutine callback that blocks between its waits is named as well."""
    async with watched(Watching(limit=0.03)):
        process = found()
        process.cast(blocking_coroutine)
        await told.until("loop.blocked")
        assert told.blocked() == [process]


async def test_names_the_actor_within_the_actor(told: Told) -> None:
    """Where one handler runs in another's step, the inner one is named."""
    async with watched(Watching(limit=0.03), actor=DirectBlocker):
        inner = OTHER.whereis()
        assert inner is not None
        await ACTOR.call(lambda: inner.signal(lambda: sleep(LONG)))
        await told.until("loop.blocked")
        assert told.blocked() == [inner]


async def test_names_a_direct_actor(told: Told) -> None:
    """A direct handler blocks its caller's step, and is the one that is named."""
    async with watched(Watching(limit=0.03), actor=DirectBlocker):
        await ACTOR.call(lambda: sleep(LONG))
        await told.until("loop.blocked")
        assert told.blocked() == [ACTOR.whereis()]


async def test_something_that_is_no_actor(told: Told) -> None:
    """What blocks the loop without being an actor is told without a name."""
    watching = Watching(limit=0.03)
    async with watched(watching):
        sleep(LONG)
        await told.until("loop.unblocked")
        assert told.blocked() == [None]
        assert watching.longest_by == "something that is no actor"


async def test_keeps_figures(told: Told) -> None:
    """What was seen can be read: how often, the longest and by whom; nobody blocks now."""
    watching = Watching(limit=0.03)
    async with watched(watching):
        ACTOR.cast(lambda: sleep(LONG))
        await told.until("loop.unblocked")
        assert watching.blocks == 1
        assert watching.longest >= 0.2
        assert watching.longest_by == "<Blocker actor>"
        assert (watching.blocked_by, watching.blocked_since) == (None, None)


async def test_waiting_is_not_blocking(told: Told) -> None:
    """A callback that waits for long blocks nobody."""
    async with watched(Watching(limit=0.1)):
        await ACTOR.call(lambda: trio.sleep(0.3))
        assert told.events == []


# --- crashing


@pytest.mark.parametrize("block", [sleep, spin])
@pytest.mark.parametrize("actor", [Blocker, DirectBlocker])
@pytest.mark.parametrize("kind", ["call", "cast", "info", "timer", "continue"])
async def test_crashes_the_blocking_actor(block: Any, actor: type[Actor], kind: str, told: Told) -> None:
    """With `crash_after` the callback is cut short: the actor ends with `LoopBlocked` and is restarted."""
    async with watched(Watching(limit=0.02, crash_after=0.04), actor=actor):
        process, other = found(), OTHER.whereis()

        def work() -> None:
            block(10.0)

        began = time.perf_counter()
        match kind:
            case "call":
                with pytest.raises(Down):
                    await process.call(work)
            case "timer":
                process.send_after(0.01, work)
            case "continue":
                process.cast(lambda: Continue(work))
            case _:
                getattr(process, kind)(work)
        reason = await process.wait_ended()
        assert isinstance(reason, LoopBlocked)
        assert time.perf_counter() - began < 5
        assert OTHER.whereis() is other
        with trio.fail_after(5):
            while ACTOR.whereis() in {None, process}:
                await trio.sleep(0.01)
        assert await ACTOR.call("hello") == "hello"


async def test_crashes_a_blocking_coroutine(told: Told) -> None:
    """So does a coroutine callback."""

    async def work() -> None:
        await trio.sleep(0)
        spin(10.0)

    async with watched(Watching(limit=0.02, crash_after=0.04)):
        process = found()
        process.cast(work)
        assert isinstance(await process.wait_ended(), LoopBlocked)


async def test_does_not_crash_without_being_asked(told: Told) -> None:
    """Without `crash_after` a blocking actor is told of and lives."""
    async with watched(Watching(limit=0.02)):
        process = found()
        await process.call(lambda: sleep(LONG))
        assert found() is process


async def test_does_not_hit_the_next_handler(told: Told) -> None:
    """A signal that comes late hits neither another actor nor the same actor's next message."""
    async with watched(Watching(limit=10)) as runtime:
        process, other = found(), OTHER.whereis()
        dog = _Watchdog(lambda: runtime, Watching(limit=1, crash_after=1), trio.lowlevel.current_trio_token())

        def late(victim: Any, handled: int) -> str:
            dog._victim = (victim, handled)
            try:
                dog.interrupt(signal.SIGUSR2, None)
            except LoopBlocked:
                return "hit"
            return "spared"

        at_work = await process.call(lambda: process.handled) + 1
        assert await process.call(lambda: late(process, at_work)) == "hit"
        assert await process.call(lambda: late(process, at_work)) == "spared"
        assert await process.call(lambda: late(other, other.handled)) == "spared"  # type: ignore[union-attr]
        assert late(process, process.handled) == "spared"
        dog.interrupt(signal.SIGUSR2, None)


async def test_two_blocks_in_a_row(told: Told) -> None:
    """Two messages that each stay below the patience are spared, however long they take together."""
    async with watched(Watching(limit=0.02, crash_after=10.0)):
        process = found()
        for _ in range(2):
            process.cast(lambda: sleep(0.1))
        await process.call("hello")
        await told.until("loop.unblocked")
        assert process.alive


async def test_signal_is_given_back(told: Told) -> None:
    """When the watchdog ends, the signal is handled as before."""
    before = signal.getsignal(signal.SIGUSR2)
    async with watched(Watching(limit=0.05, crash_after=1.0)):
        assert signal.getsignal(signal.SIGUSR2) is not before
    assert signal.getsignal(signal.SIGUSR2) is before


async def test_no_thread_is_left() -> None:
    """Its thread ends soon after it."""
    async with watched(Watching(limit=0.02)):
        (thread,) = [each for each in threading.enumerate() if each.name == "watchdog"]
    await trio.to_thread.run_sync(thread.join, 5)
    assert not thread.is_alive()


# --- the control socket beside it


async def test_control_socket_answers_while_blocked(tmp_path: Path, told: Told) -> None:
    """While an actor blocks the loop, the tree can be looked at, and says who it is and for how long."""
    watching = Watching(limit=0.03)
    made: list[Runtime] = []
    path = tmp_path / "control.sock"
    answers: dict[str, Any] = {}

    def look() -> None:
        time.sleep(0.15)
        answers["processes"] = request(path, "processes", 5)
        answers["runtime"] = request(path, "runtime", 5)

    control = task("control", serve_control, path, lambda: made[0], {}, watching)
    async with watched(watching, control) as runtime:
        made.append(runtime)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, look)
            await trio.sleep(0.02)
            ACTOR.cast(lambda: sleep(1.0))
    assert answers["processes"]["total"] == 5
    loop = answers["runtime"]["loop"]
    assert loop["blocked_by"] == "<Blocker actor>"
    assert loop["blocked_for"] > 0.1


# --- options


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"limit": 0}, "limit: expected seconds above 0, got 0"),
        ({"limit": -1.0}, "limit: expected seconds above 0, got -1.0"),
        ({"limit": 0.5, "crash_after": 0.4}, "crash_after: expected at least the limit of 0.5 s, got 0.4"),
    ],
)
def test_options_are_checked(options: dict[str, Any], problem: str) -> None:
    """A wrong option names itself and what was got."""
    with pytest.raises(ValueError, match=problem):
        Watching(**options)


def test_only_the_main_thread_can_be_interrupted() -> None:
    """`crash_after` in a loop outside the main thread is refused at the start."""
    problems: list[BaseException] = []

    async def main() -> None:
        try:
            await watch_loop(lambda: None, lambda: None, Watching(crash_after=1.0))  # type: ignore[arg-type,return-value]
        except ValueError as problem:
            problems.append(problem)

    thread = threading.Thread(target=trio.run, args=(main,))
    thread.start()
    thread.join(5)
    assert "only a loop in the main thread" in str(problems[0])
