"""The bus: at least once, in order, refused rather than lost."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
import trio

from jagawarga.errors import Unavailable
from jagawarga.plumbing.aio import AioActor, AioDoor
from jagawarga.plumbing.bus import Bus, BusActor, Delivery
from jagawarga.plumbing.packing import Outgoing, sequence_of
from supervisors import StartFailed, worker
from supervisors.testing import running


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Bus]:
    """A connected bus."""
    door = AioDoor()
    bus = Bus(door, url)
    async with running(worker("aio", AioActor, door), worker("bus", BusActor, bus)):
        yield bus


def events(count: int, kind: str = "report.received") -> list[Outgoing]:
    """Messages with ids of their own."""
    return [
        Outgoing(str(uuid.uuid4()), f"jagawarga.events.{kind}", f'{{"n":{number}}}'.encode()) for number in range(count)
    ]


async def drain(bus: Bus, wait: float = 0.3) -> list[Delivery]:
    """Take and acknowledge all that is there."""
    taken: list[Delivery] = []
    while batch := await bus.fetch("notification", 100, wait):
        await bus.ack(batch)
        taken += batch
    return taken


async def test_published_is_stored_and_delivered_in_order(nats_url: str) -> None:
    """What the broker acknowledged is delivered once, in the order it was published."""
    async with connected(nats_url) as bus:
        await drain(bus)
        sent = events(300)
        assert await bus.publish(sent) == {each.message_id for each in sent}
        assert await bus.publish(sent) == {each.message_id for each in sent}, "the second time is a duplicate"
        assert [each.message_id for each in await drain(bus)] == [each.message_id for each in sent]
        assert await bus.fetch("notification", 10, 0.2) == []


async def test_unacknowledged_comes_again(nats_url: str) -> None:
    """A message handed back is delivered again, and says how often it was."""
    async with connected(nats_url) as bus:
        await drain(bus)
        await bus.publish(events(1))
        (first,) = await bus.fetch("notification", 10, 1)
        await bus.retry(first, 0.05)
        (second,) = await bus.fetch("notification", 10, 2)
        assert (second.message_id, second.deliveries) == (first.message_id, 2)
        await bus.ack([second])


async def test_parked_is_kept_aside(nats_url: str) -> None:
    """A poison message leaves its consumer and lies among the dead letters with its reason."""
    async with connected(nats_url) as bus:
        await drain(bus)
        await bus.publish(events(1))
        (poison,) = await bus.fetch("notification", 10, 1)
        await bus.park(poison, "undecodable")
        assert await bus.fetch("notification", 10, 0.3) == []

        async def look() -> str:
            message = await bus._js.get_last_msg("DEADLETTERS", f"jagawarga.dlq.{poison.subject}")
            return str(message.headers["Reason"])

        assert await bus.door.run(look) == "undecodable"


async def test_nothing_is_lost_behind_a_cancelled_fetch(nats_url: str) -> None:
    """What the broker still sends to one that was given up comes with the next, and not after half of eternity."""
    async with connected(nats_url) as bus:
        await drain(bus)
        with trio.move_on_after(0.1):
            await bus.fetch("notification", 10, 8)
        sent = events(3)
        await bus.publish(sent)
        with trio.fail_after(5):
            assert [each.message_id for each in await drain(bus)] == [each.message_id for each in sent]


async def test_a_client_that_gives_up_is_replaced(nats_url: str) -> None:
    """What the server says to end a connection for good ends it for a second, not until somebody restarts the bus."""
    async with connected(nats_url) as bus:
        await drain(bus)
        first = bus._client

        async def offend() -> None:
            await bus._client.publish("x" * 10_000, b"")
            await bus._client.flush(1)

        with contextlib.suppress(Exception):
            await bus.door.run(offend)
        with trio.fail_after(10):
            while bus._client is first or not bus.is_open:
                await trio.sleep(0.05)
        sent = events(1)
        assert await bus.publish(sent) == {sent[0].message_id}


async def test_a_broker_that_comes_back_empty_is_told_again_what_it_has(nats_url: str) -> None:
    """Streams and consumers are declared at every connect, also at those that the client makes by itself."""
    async with connected(nats_url) as bus:
        await drain(bus)

        async def wipe() -> None:
            for name in ("EVENTS", "WAITING", "DEADLETTERS"):
                await bus._js.delete_stream(name)
            bus._client._transport.close()

        await bus.door.run(wipe)
        sent = events(1)
        with trio.fail_after(15):
            while True:
                with contextlib.suppress(Unavailable):
                    if await bus.publish(sent):
                        break
                await trio.sleep(0.1)
            while not (fetched := await bus.fetch("notification", 10, 0.5)):
                await trio.sleep(0.1)
        assert [each.message_id for each in fetched] == [sent[0].message_id]


async def test_a_fetch_ends_with_its_connection(nats_url: str) -> None:
    """Nobody will answer a request that went out by a connection that broke: it is not waited for."""
    async with connected(nats_url) as bus:
        await drain(bus)

        async def cut() -> None:
            bus._client._transport.close()

        with trio.fail_after(4):
            async with trio.open_nursery() as nursery:

                async def fetch() -> None:
                    with pytest.raises(Unavailable):
                        await bus.fetch("notification", 10, 20)

                nursery.start_soon(fetch)
                await trio.sleep(0.2)
                await bus.door.run(cut)
        with trio.fail_after(5):
            while not bus.is_open:
                await trio.sleep(0.02)
        sent = events(1)
        await bus.publish(sent)
        assert [each.message_id for each in await drain(bus)] == [sent[0].message_id]


async def test_no_such_consumer(nats_url: str) -> None:
    """A consumer that is gone is told at once, not taken for silence."""
    async with connected(nats_url) as bus:
        bus._streams["nobody"] = "EVENTS"
        with trio.fail_after(5), pytest.raises(Unavailable):
            await bus.fetch("nobody", 10, 60)


async def test_reading_back(nats_url: str) -> None:
    """Stored events can be read from any place on, without a consumer."""
    async with connected(nats_url) as bus:
        last = await bus.last_sequence()
        sent = events(25)
        await bus.publish(sent)
        assert sequence_of(await bus.last_sequence()) == sequence_of(last) + 25
        found = await bus.read_from(last + 1, 10)
        assert [each.message_id for each in found] == [each.message_id for each in sent[:10]]
        places = [each.sequence for each in found]
        assert places == sorted(set(places))
        assert places[0] > last
        (next_one,) = await bus.read_from(places[-1] + 1, 1)
        assert next_one.message_id == sent[10].message_id
        assert await bus.read_from(await bus.last_sequence() + 1, 10) == []


async def test_events_that_travel_together(nats_url: str) -> None:
    """Neighbours of one subject are one message, and come out of every door as they went in, each in its own place."""
    async with connected(nats_url) as bus:
        await drain(bus)
        last = await bus.last_sequence()
        sent = [*events(100), *events(3, "report.escalated"), *events(1)]
        ids = [each.message_id for each in sent]
        assert await bus.publish_packed(sent) == set(ids)
        assert sequence_of(await bus.last_sequence()) == sequence_of(last) + 4, "64, 36, 3 and a lone one"
        found = await bus.read_from(last + 1, 10)
        assert [each.message_id for each in found] == ids
        assert [each.payload for each in found] == [each.payload for each in sent]
        assert [each.subject for each in found] == [each.subject for each in sent]
        # From the middle of a message on.
        assert [each.message_id for each in await bus.read_from(found[70].sequence, 10)] == ids[70:]
        assert set(ids[-30:]) <= await bus.recent(30)
        taken = await drain(bus)
        assert [(each.message_id, each.sequence) for each in taken] == [
            (each.message_id, each.sequence) for each in found
        ]
        assert await bus.fetch("notification", 10, 0.2) == []


async def test_what_a_killed_publisher_left_on_its_way_is_recent(nats_url: str) -> None:
    """Whoever looks after it sees all that will ever be stored: none of its events comes up later."""
    random = Random(7)
    async with connected(nats_url) as bus:
        late = 0
        for _ in range(40):
            sent = [*events(300), *events(300, "report.escalated")]
            last = await bus.last_sequence()
            with trio.move_on_after(random.uniform(0.0, 0.02)):
                await bus.publish(sent)
            seen = await bus.recent(600)
            await trio.sleep(0.05)
            stored = {each.message_id for each in await bus.read_from(last + 1, 1000)}
            assert stored <= seen, len(stored - seen)
            late += 0 < len(stored) < len(sent)
        assert late, "cut in the middle at least once"


async def test_a_message_is_done_when_all_its_events_are(nats_url: str) -> None:
    """One handed back brings its companions again; one that is poison is buried alone."""
    async with connected(nats_url) as bus:
        await drain(bus)
        await bus.publish_packed(events(3))
        first = await bus.fetch("notification", 10, 1)
        await bus.ack(first[:2])
        await bus.retry(first[2], 0.05)
        again = await bus.fetch("notification", 10, 2)
        assert [each.message_id for each in again] == [each.message_id for each in first]
        assert {each.deliveries for each in again} == {2}
        await bus.park(again[1], "undecodable")
        await bus.ack([again[0], again[2]])
        assert await bus.fetch("notification", 10, 0.3) == []

        async def buried() -> bytes:
            message = await bus._js.get_last_msg("DEADLETTERS", f"jagawarga.dlq.{again[1].subject}")
            return bytes(message.data)

        assert await bus.door.run(buried) == again[1].payload


async def test_unreachable() -> None:
    """A broker that is not there fails the start of its actor, as Unavailable, within seconds."""
    with trio.fail_after(20), pytest.raises(StartFailed) as caught:
        async with connected("nats://127.0.0.1:9"):
            pass
    assert isinstance(caught.value.root_cause(), Unavailable)
