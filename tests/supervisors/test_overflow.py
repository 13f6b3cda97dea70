"""Full mailboxes: what each policy does with calls and casts; and processes in the wrong hands."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

import pytest
import trio

from supervisors import Actor, CallError, Down, MailboxFull, Process, Registry, WrongThread, system, telemetry, worker
from supervisors.testing import running

names = Registry("overflow")
BOX = names.name("box")


class Box(Actor):
    """Holds three messages while it is held still itself."""

    mailbox_limit: ClassVar[int] = 3

    def init(self) -> None:
        self.seen: list[Any] = []

    def handle_call(self, message: Any, sender: Any) -> Any:
        if message == "seen":
            return self.seen
        self.seen.append(message)
        return message

    def handle_cast(self, message: Any) -> None:
        self.seen.append(message)

    def handle_info(self, message: Any) -> None:
        self.seen.append(message)


class Oldest(Box):
    overflow = "drop_oldest"


class Refusing(Box):
    overflow = "refuse"


class Blocking(Box):
    overflow = "block"


async def still(process: Process | None) -> Process:
    assert process is not None
    await system.suspend(process)
    return process


@pytest.fixture
def dropped() -> Any:
    told: list[str] = []
    detach = telemetry.attach(
        lambda event, _, detail: told.append(detail["policy"]) if event == "mailbox.dropped" else None
    )
    yield told
    detach()


async def test_drop_newest(dropped: list[str], autojump_clock: Any) -> None:
    """Casts beyond the bound are dropped and counted, calls refused at once."""
    async with running(worker("box", Box, name=BOX)):
        process = await still(BOX.whereis())
        for number in range(5):
            process.cast(number)
        with pytest.raises(MailboxFull):
            await process.call("call")
        assert (process.mailbox_length(), process.dropped, dropped) == (3, 3, ["drop_newest"] * 3)
        await system.resume(process)
        assert await process.call("seen") == [0, 1, 2]


async def test_drop_oldest(dropped: list[str], autojump_clock: Any) -> None:
    """The oldest call or cast makes room for the newest, and a caller that loses its place is told."""
    async with running(worker("box", Oldest, name=BOX)), trio.open_nursery() as nursery:
        process = await still(BOX.whereis())

        async def ask() -> None:
            with pytest.raises(MailboxFull):
                await process.call("first", timeout=100)

        nursery.start_soon(ask)
        await trio.sleep(0.1)
        for number in range(5):
            process.cast(number)
        assert (process.mailbox_length(), process.dropped, dropped) == (3, 3, ["drop_oldest"] * 3)
        await system.resume(process)
        assert await process.call("seen") == [2, 3, 4]


async def test_refuse(dropped: list[str], autojump_clock: Any) -> None:
    """The sender of a cast learns of it as well."""
    async with running(worker("box", Refusing, name=BOX)):
        process = await still(BOX.whereis())
        for number in range(3):
            process.cast(number)
        with pytest.raises(MailboxFull):
            process.cast("too much")
        with pytest.raises(MailboxFull):
            await process.call("too much")
        assert dropped == ["refuse"] * 2


async def test_block(dropped: list[str], autojump_clock: Any) -> None:
    """Calls and `cast_within` wait for room, a plain cast can not; nothing is dropped."""
    async with running(worker("box", Blocking, name=BOX)), trio.open_nursery() as nursery:
        process = await still(BOX.whereis())
        for number in range(3):
            process.cast(number)
        with pytest.raises(MailboxFull):
            process.cast("too much")
        start = trio.current_time()
        with pytest.raises(MailboxFull):
            await process.cast_within("too late", timeout=2)
        with pytest.raises(MailboxFull):
            await process.call("too late", timeout=3)
        assert trio.current_time() - start == pytest.approx(5)
        answers: list[Any] = []

        async def ask() -> None:
            answers.append(await process.call("call", timeout=10))

        nursery.start_soon(ask)
        nursery.start_soon(process.cast_within, "cast", 10)
        await trio.sleep(1)
        await system.resume(process)
        await trio.sleep(1)
        assert answers == ["call"]
        assert set(await process.call("seen")) == {0, 1, 2, "call", "cast"}
        assert dropped == []


async def test_whoever_waits_for_room_learns_of_the_end(autojump_clock: Any) -> None:
    """A callee that dies wakes them at once."""
    async with running(worker("box", Blocking, name=BOX, restart="temporary")), trio.open_nursery() as nursery:
        process = await still(BOX.whereis())
        for number in range(3):
            process.cast(number)
        ended: list[str] = []

        async def ask() -> None:
            try:
                await process.call("call", timeout=1000)
            except CallError as error:
                ended.append(type(error).__name__)

        async def tell() -> None:
            try:
                await process.cast_within("cast", timeout=1000)
            except CallError as error:
                ended.append(type(error).__name__)

        nursery.start_soon(ask)
        nursery.start_soon(tell)
        await trio.sleep(1)
        process.exit("kill")
        await trio.sleep(1)
        assert ended == ["NoProc", "NoProc"]


@pytest.mark.parametrize("kind", [Box, Oldest, Refusing, Blocking])
async def test_timers_and_signals_always_come(kind: type[Box], autojump_clock: Any) -> None:
    """Whatever the policy: what nobody could send again is never refused."""
    async with running(worker("box", kind, name=BOX)):
        process = await still(BOX.whereis())
        for number in range(3):
            process.cast(number)
        for number in range(10):
            process.info(f"info {number}")
        process.send_after(1, "timer")
        await trio.sleep(2)
        await system.resume(process)
        seen = await process.call("seen")
        assert seen == [0, 1, 2, *(f"info {number}" for number in range(10)), "timer"]


async def test_others_run_between_slices(autojump_clock: Any) -> None:
    """A mailbox of many thousands is emptied a thousand at a time."""

    class Big(Box):
        mailbox_limit: ClassVar[int] = 100_000

    async with running(worker("box", Big, name=BOX)):
        process = BOX.whereis()
        assert process is not None
        for number in range(5_000):
            process.cast(number)
        turns = 0
        while process.mailbox_length():
            turns += 1
            await trio.lowlevel.checkpoint()
        assert turns >= 4
        assert await process.call("seen") == list(range(5_000))


async def test_an_actor_that_casts_to_itself_starves_nobody(autojump_clock: Any) -> None:
    """Others run after every thousand of its messages, though its mailbox is never longer than one."""

    class Talker(Box):
        def handle_cast(self, message: Any) -> None:
            if message:
                self.process.cast(message - 1)

    async with running(worker("box", Talker, name=BOX)):
        process = BOX.whereis()
        assert process is not None
        process.cast(10_000)
        turns = 0
        while process.mailbox_length() or process.handled < 10_000:
            turns += 1
            await trio.lowlevel.checkpoint()
        assert turns >= 9


async def test_a_deferred_answer_dies_with_its_actor(autojump_clock: Any) -> None:
    """Whoever was promised an answer learns at once that there will be none."""
    from supervisors import NO_REPLY

    class Promiser(Box):
        def handle_call(self, message: Any, sender: Any) -> Any:
            self.seen.append(sender)
            return NO_REPLY

    async with running(worker("box", Promiser, name=BOX)), trio.open_nursery() as nursery:
        process = BOX.whereis()
        assert process is not None

        async def ask() -> None:
            with pytest.raises(Down) as caught:
                await process.call("please", timeout=1000)
            assert caught.value.reason == "killed"

        nursery.start_soon(ask)
        await trio.sleep(1)
        start = trio.current_time()
        process.exit("kill")
        await trio.sleep(0)
    assert trio.current_time() - start < 1


async def test_another_thread_is_refused() -> None:
    """Nothing is touched: a clear error in the other thread, and the process works on."""
    async with running(worker("box", Box, name=BOX)):
        process = BOX.whereis()
        assert process is not None
        errors: list[str] = []

        def misuse() -> None:
            for deed in (
                lambda: process.cast("x"),
                lambda: process.info("x"),
                lambda: process.exit("kill"),
                process.shut_down,
                lambda: process.send_after(1, "x"),
                lambda: process.actor.monitor(process),
                lambda: process.call("x").send(None),
                lambda: process.system_call("x").send(None),
            ):
                try:
                    deed()
                except WrongThread:
                    errors.append("refused")
                except BaseException as other:
                    errors.append(repr(other))

        thread = threading.Thread(target=misuse)
        thread.start()
        await trio.to_thread.run_sync(thread.join)
        assert errors == ["refused"] * 8
        assert await process.call("seen") == []
