"""Dead letters on a real broker: kept with their reason, sent again, dropped; none stands for another."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio

from jagawarga.errors import NotFound
from jagawarga.plumbing.aio import AioActor, AioDoor
from jagawarga.plumbing.bus import Bus, BusActor, Delivery
from jagawarga.plumbing.deadletters import DeadLetters
from jagawarga.plumbing.packing import Outgoing
from jagawarga.plumbing.streams import BURIED, DEADLETTERS, STREAMS, SUBJECTS, WAITING, WAITING_ROOM
from supervisors import worker
from supervisors.testing import running


@pytest.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    """Give a bus whose waiting room and dead letters are empty."""
    door = AioDoor()
    made = Bus(door, nats_url)
    async with running(worker("aio", AioActor, door), worker("bus", BusActor, made)):

        async def purge() -> None:
            for stream in (WAITING_ROOM, DEADLETTERS):
                await made._js.purge_stream(stream)

        await door.run(purge)
        yield made


async def fetched(bus: Bus) -> list[Delivery]:
    with trio.fail_after(5):
        while not (deliveries := await bus.fetch("drain", 10, 0.5)):
            pass
    return deliveries


async def bury(bus: Bus, number: int, payload: bytes = b"{}") -> None:
    """Put a message into the waiting room and park it."""
    await bus.publish([Outgoing(f"bury-{number}-{trio.current_time()}", f"{WAITING}.{number}", payload)])
    for delivery in await fetched(bus):
        await bus.park(delivery, f"reason {number}")


async def test_each_is_kept_with_its_reason(bus: Bus) -> None:
    """Listed in order, the oldest first, with the subject it came under."""
    letters = DeadLetters(bus)
    assert await letters.oldest() == []
    for number in (1, 2, 3):
        await bury(bus, number)
    found = await letters.oldest()
    assert [(each.subject, each.reason) for each in found] == [
        (f"{WAITING}.{number}", f"reason {number}") for number in (1, 2, 3)
    ]
    assert len(await letters.oldest(limit=2)) == 2


async def test_there_never_was_one(bus: Bus) -> None:
    """A stream that has stored nothing yet has nothing to list, and is no trouble of the broker's."""

    async def anew() -> None:
        await bus._js.delete_stream(DEADLETTERS)
        await bus._js.add_stream(next(each for each in STREAMS if each.name == DEADLETTERS))

    await bus.door.run(anew)
    assert await DeadLetters(bus).oldest() == []


async def test_one_written_by_hand_breaks_nothing(bus: Bus) -> None:
    """Neither a header that is no number, nor JSON deeper than anybody reads."""

    async def write() -> None:
        headers = {"Sequence": "abc", "Reason": "by hand"}
        await bus._js.publish(f"{BURIED}.x", b"[" * 60_000, headers=headers)

    await bus.door.run(write)
    letters = DeadLetters(bus)
    (letter,) = await letters.oldest()
    assert (letter.sequence, letter.reason) == (0, "by hand")
    assert await letters.show(letter.number) == (letter, None)
    await letters.drop(letter.number)
    assert await letters.oldest() == []


async def test_what_one_says(bus: Bus) -> None:
    """JSON is shown, anything else only by its length."""
    letters = DeadLetters(bus)
    await bury(bus, 1, b'{"type": "report.received"}')
    await bury(bus, 2, b"\x01sealed")
    first, second = await letters.oldest()
    assert (await letters.show(first.number))[1] == {"type": "report.received"}
    letter, said = await letters.show(second.number)
    assert (letter.bytes, said) == (7, None)
    with pytest.raises(NotFound):
        await letters.show(second.number + 1)


async def test_one_is_sent_again(bus: Bus) -> None:
    """It comes out where it came in, and is no dead letter any more; parked again, it is one again."""
    letters = DeadLetters(bus)
    await bury(bus, 1, b"again")
    (letter,) = await letters.oldest()
    await letters.retry(letter.number)
    assert await letters.oldest() == []
    deliveries = await fetched(bus)
    assert [each.payload for each in deliveries] == [b"again"]
    await bus.park(deliveries[0], "still wrong")
    assert [each.reason for each in await letters.oldest()] == ["still wrong"]


async def test_one_is_dropped(bus: Bus) -> None:
    """And only that one."""
    letters = DeadLetters(bus)
    for number in (1, 2):
        await bury(bus, number)
    first, second = await letters.oldest()
    await letters.drop(first.number)
    assert await letters.oldest() == [second]
    with pytest.raises(NotFound):
        await letters.drop(first.number)


async def test_two_streams_may_have_a_message_of_the_same_place(bus: Bus) -> None:
    """Both are kept: neither is taken for a repetition of the other."""
    for subject in (f"{SUBJECTS}.x", f"{WAITING}.x"):
        await bus.park(Delivery(7, subject, b"{}", "", 1), "poison")
    assert {each.subject for each in await DeadLetters(bus).oldest()} == {f"{SUBJECTS}.x", f"{WAITING}.x"}
