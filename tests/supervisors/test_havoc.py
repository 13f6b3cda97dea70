"""Havoc: hundreds of random deeds on a tree of every kind of actor, and what must hold whatever was done.

Seeded and under the mock clock: a seed that fails, fails again. For a long search: `HAVOC_SEEDS=2000`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any, ClassVar

import pytest
import trio

from supervisors import (
    HIBERNATE,
    KILL,
    NO_REPLY,
    Actor,
    CallError,
    Continue,
    DynamicSupervisor,
    Registry,
    Reply,
    Sender,
    Stop,
    SupervisionError,
    dynamic_supervisor,
    open_runtime,
    supervisor,
    system,
    worker,
)
from supervisors.testing import assert_whole

SEEDS = range(int(os.environ.get("HAVOC_SEEDS", "25")))
DEEDS = 400
SETTLE = 8.0
MESSAGES = ("count", "count", "count", "crash", "stop", "later", "hang", "slow", "hibernate", "continue")


class Weather:
    """Whether inits fail, which they do not while the tree is being built."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.stormy = False

    def strikes(self) -> bool:
        return self.stormy and self.dice.random() < 0.15


class Plain(Actor):
    """Does everything an actor can do; sleeps when nobody wants anything."""

    __slots__ = ("count", "owed")
    hibernate_after: ClassVar[float | None] = 0.5
    mailbox_limit: ClassVar[int] = 20

    def init(self, weather: Weather) -> None:
        self.count = 0
        self.owed: list[Sender] = []
        if weather.strikes():
            msg = "struck"
            raise RuntimeError(msg)
        self.send_after(3.0, "tick")

    def pack(self) -> Any:
        return None if self.owed else self.count

    def unpack(self, state: Any) -> None:
        self.count, self.owed = state, []

    def handle_call(self, message: Any, sender: Sender) -> Any:
        self.count += 1
        match message:
            case "crash":
                raise ValueError
            case "stop":
                raise Stop
            case "later":
                self.owed.append(sender)
                return NO_REPLY
            case "hang":
                return trio.sleep_forever()
            case "slow":
                return trio.sleep(0.3)
            case "hibernate":
                return Reply(self.count, HIBERNATE)
            case "continue":
                return Reply(self.count, Continue("more"))
        return self.count

    def handle_cast(self, message: Any) -> None:
        if message == "crash":
            raise ValueError
        for sender in self.owed:
            sender.reply("at last")
        self.owed.clear()

    def handle_continue(self, message: Any) -> None:
        self.count += 1

    def handle_info(self, message: Any) -> None:
        if message == "tick":
            self.send_after(3.0, "tick")


class Direct(Plain):
    __slots__ = ()
    direct: ClassVar[bool] = True


class Trapping(Plain):
    __slots__ = ()
    trap_exit: ClassVar[bool] = True


KINDS = (Plain, Direct, Trapping)


class Havoc:
    """The tree, the dice, and a book of the calls under way."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.weather = Weather(seed)
        self.actors: Registry = Registry("actors")
        self.supervisors: Registry = Registry("supervisors")
        self.under_way = 0
        self.overdue: list[Any] = []

    def tree(self) -> Any:
        return supervisor("root", [*map(self.pool, range(3)), *map(self.group, range(2))], intensity=1000)

    def pool(self, number: int) -> Any:
        restart: Any = self.dice.choice(["permanent", "transient", "temporary"])
        template = worker("child", KINDS[number], self.weather, restart=restart)
        return dynamic_supervisor(f"pool-{number}", template, intensity=50, name=self.supervisors.name(number))

    def group(self, number: int) -> Any:
        restart: Any = self.dice.choice(["permanent", "transient"])
        children = [
            worker(str(each), KINDS[each], self.weather, name=self.actors.name((number, each)), restart=restart)
            for each in range(3)
        ]
        strategy: Any = self.dice.choice(["one_for_one", "one_for_all", "rest_for_one"])
        name = self.supervisors.name(f"group-{number}")
        return supervisor(f"group-{number}", children, strategy=strategy, intensity=8, name=name)

    def someone(self) -> Any:
        return self.actors.name(self.dice.choice(list(self.actors))) if len(self.actors) else None

    async def deed(self, nursery: trio.Nursery) -> None:
        deeds: list[tuple[Callable[..., Any], int]] = [
            (self.start, 15), (self.call, 50), (self.cast, 10), (self.signal, 10), (self.tie, 5), (self.strike_above, 2),
        ]  # fmt: skip
        deed = self.dice.choices([each for each, _ in deeds], [weight for _, weight in deeds])[0]
        target = self.someone()
        if deed in {self.start, self.strike_above}:
            deed()
        elif target is not None:
            deed(target, nursery)
        if self.dice.random() < 0.04 and target is not None:
            await self.hold(target)
        if self.dice.random() < 0.3:
            await trio.sleep(self.dice.choice([0, 0, 0, 0.01, 0.4, 1.2]))

    def start(self) -> None:
        process = self.supervisors.whereis(self.dice.randrange(3))
        if process is not None and process.state == "running" and isinstance(process.actor, DynamicSupervisor):
            with suppress(SupervisionError, RuntimeError):
                process.actor.start_child_nowait(name=self.actors.name(self.dice.randrange(30)))

    def call(self, target: Any, nursery: trio.Nursery) -> None:
        nursery.start_soon(self._call, target, self.dice.choice(MESSAGES), self.dice.choice([0.1, 1.0, 5.0]))

    async def _call(self, target: Any, message: str, timeout: float) -> None:
        self.under_way += 1
        began = trio.current_time()
        with suppress(CallError):
            await target.call(message, timeout)
        self.under_way -= 1
        if trio.current_time() - began > timeout + 1e-6:
            self.overdue.append(message)

    def cast(self, target: Any, nursery: trio.Nursery) -> None:
        target.cast(self.dice.choice(["pay", "pay", "crash"]))

    def signal(self, target: Any, nursery: trio.Nursery) -> None:
        process = target.whereis()
        if process is not None:
            process.exit(self.dice.choice([KILL, "boom", "normal", "shutdown"]))

    def tie(self, target: Any, nursery: trio.Nursery) -> None:
        one, other = target.whereis(), self.someone().whereis()
        if one is not None and other is not None and one.alive:
            (one.actor.link if self.dice.random() < 0.5 else one.actor.monitor)(other)

    def strike_above(self) -> None:
        process = self.supervisors.whereis(self.dice.choice([0, 1, 2, "group-0", "group-1"]))
        if process is not None:
            process.exit(self.dice.choice([KILL, "boom"]))

    async def hold(self, target: Any) -> None:
        process = target.whereis()
        if process is not None:
            with suppress(CallError):
                await (system.resume if process.state == "suspended" else system.suspend)(process, 1.0)

    def check_names(self) -> None:
        """Whoever holds a name is alive."""
        for key in list(self.actors):
            if not self.actors.is_dormant(key):
                process = self.actors.whereis(key)
                assert process is not None
                assert process.alive


@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_is_orphaned_hung_or_left_behind(seed: int, autojump_clock: Any) -> None:
    """After any deeds: no orphan, no caller beyond its deadline, every name held by a living child, and a clean end."""
    havoc = Havoc(seed)
    async with trio.open_nursery() as nursery, open_runtime(havoc.tree()) as runtime:
        havoc.weather.stormy = True
        for _ in range(DEEDS):
            await havoc.deed(nursery)
        havoc.weather.stormy = False
        await trio.sleep(SETTLE)
        assert_whole(runtime)
        havoc.check_names()
    assert havoc.under_way == 0
    assert havoc.overdue == []
    assert len(havoc.actors) == len(havoc.supervisors) == 0


async def test_no_child_slips_in_while_its_supervisor_is_being_killed(autojump_clock: Any) -> None:
    """A child started and put to sleep in the instant between its supervisor's kill and end would be nobody's."""
    havoc = Havoc(0)
    pool = Registry("pool").name("pool")
    template = worker("child", Plain, havoc.weather)
    async with open_runtime(supervisor("root", [dynamic_supervisor("pool", template, name=pool)])):
        holder = pool.whereis()
        assert holder is not None
        actor = holder.actor
        assert isinstance(actor, DynamicSupervisor)
        actor.start_child_nowait()
        holder.exit(KILL)
        started = []
        while holder.alive:
            with suppress(SupervisionError):
                started.append(actor.start_child_nowait())
            await trio.lowlevel.checkpoint()
        assert not [process for process in started if process is not None and process.alive]
