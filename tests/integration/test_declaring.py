"""Declared streams and consumers against a real broker that already has others, with messages in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import nats
import pytest
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    ReplayPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)

from jagawarga.errors import StartupError
from jagawarga.plumbing import bus as bus_module
from jagawarga.plumbing.aio import AioActor, AioDoor
from jagawarga.plumbing.bus import Bus, BusActor
from jagawarga.plumbing.declaring import changes, declare
from jagawarga.plumbing.streams import CONSUMERS, STREAMS, stream_of
from supervisors import StartFailed, worker
from supervisors.testing import running

STREAM: Final = StreamConfig(
    name="PROBE",
    subjects=["probe.a.>", "probe.b.>"],
    storage=StorageType.FILE,
    retention=RetentionPolicy.LIMITS,
    discard=DiscardPolicy.NEW,
    max_age=3600,
    max_bytes=100_000,
    max_msgs=100,
    max_msg_size=1000,
    max_msgs_per_subject=50,
    duplicate_window=60,
    allow_direct=True,
)
NEIGHBOUR: Final = StreamConfig(name="PROBE2", subjects=["probe.c.>"], storage=StorageType.FILE, max_msgs=10)
QUEUE: Final = replace(STREAM, retention=RetentionPolicy.WORK_QUEUE)
CONSUMER: Final = ConsumerConfig(
    durable_name="reader",
    filter_subject="probe.>",
    ack_policy=AckPolicy.EXPLICIT,
    ack_wait=0.2,
    max_ack_pending=100,
    max_deliver=-1,
)
ALL: Final = [f"{number}".encode() for number in range(10)]


@asynccontextmanager
async def broker(url: str) -> AsyncIterator[Any]:
    """A JetStream context; the probes' streams are gone afterwards."""
    client = await nats.connect(url)
    js = client.jetstream()
    try:
        yield js
    finally:
        for each in await js.streams_info():
            if (name := each.config.name or "").startswith("PROBE"):
                await js.delete_stream(name)
        await client.close()


def run(url: str, work: Callable[[Any], Awaitable[None]]) -> None:
    """Run the test in asyncio, where the code under test lives."""

    async def inside() -> None:
        async with broker(url) as js:
            await work(js)

    asyncio.run(inside())


async def filled(js: Any, stream: StreamConfig) -> None:
    """The stream and its consumer, ten messages, and of six that were fetched the first three and the fifth done."""
    await declare(js, [stream], [("PROBE", CONSUMER)])
    for number, payload in enumerate(ALL):
        await js.publish(f"probe.{'ab'[number % 2]}.x", payload)
    subscription = await js.pull_subscribe_bind(durable="reader", stream="PROBE")
    taken: dict[int, Any] = {}
    while len(taken) < 6:
        taken |= {int(each.data): each for each in await subscription.fetch(6 - len(taken), timeout=2)}
    for number in (0, 1, 2, 4):
        await taken[number].ack_sync()


async def rest(js: Any) -> set[bytes]:
    """All that still comes, until the broker says that nothing is left and nobody has anything in hand."""
    subscription = await js.pull_subscribe_bind(durable="reader", stream="PROBE")
    seen = set()
    while (info := await subscription.consumer_info()).num_pending or info.num_ack_pending:
        for each in await subscription.fetch(20, timeout=2):
            seen.add(each.data)
            await each.ack_sync()
    return seen


@pytest.mark.parametrize("stream", [STREAM, QUEUE], ids=["limits", "work queue"])
@pytest.mark.parametrize(
    "change",
    [
        {"max_bytes": 200_000},
        {"max_bytes": 1000},
        {"max_bytes": None},
        {"max_msgs": 10},
        {"max_age": 7200.0},
        {"max_age": 600.0},
        {"max_age": None},
        {"max_msg_size": 10},
        {"max_msgs_per_subject": -1},
        {"subjects": ["probe.>"]},
        {"subjects": ["probe.a.x", "probe.b.*", "probe.d"]},
        {"duplicate_window": 30.0},
        {"allow_direct": False},
        {"discard": DiscardPolicy.OLD},
    ],
    ids=str,
)
def test_changed_in_place(nats_url: str, stream: StreamConfig, change: dict[str, Any]) -> None:
    """A setting that costs nothing is changed, once, with all messages where they were."""

    async def work(js: Any) -> None:
        await filled(js, stream)
        before = (await js.stream_info("PROBE")).state
        wanted = replace(stream, **change)
        await declare(js, [wanted], [("PROBE", CONSUMER)])
        info = await js.stream_info("PROBE")
        assert changes(wanted, info.config) == {}
        assert (info.state.messages, info.state.first_seq) == (before.messages, before.first_seq)
        assert await rest(js) == {ALL[number] for number in (3, 5, 6, 7, 8, 9)}

    run(nats_url, work)


@pytest.mark.parametrize("stream", [STREAM, QUEUE], ids=["limits", "work queue"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"max_bytes": 100}, "max_bytes can not go from 100000 to 100: "),
        ({"max_msgs": 5}, "max_msgs can not go from 100 to 5: "),
        ({"max_age": 0.2, "duplicate_window": 0.1}, "max_age can not go from 3600.0 to 0.2: "),
        ({"max_msgs_per_subject": 2}, "max_msgs_per_subject can not go from 50 to 2: "),
        ({"subjects": ["probe.a.>"]}, "subjects can not go from probe.a.>, probe.b.> to probe.a.>: "),
        ({"storage": StorageType.MEMORY}, "storage can not go from file to memory: "),
        ({"retention": RetentionPolicy.INTEREST}, "to interest: "),
    ],
    ids=str,
)
def test_refused_rather_than_lost(nats_url: str, stream: StreamConfig, change: dict[str, Any], words: str) -> None:
    """What would cost messages is refused in one line that names stream, setting and values; nothing is changed."""

    async def work(js: Any) -> None:
        await declare(js, [NEIGHBOUR], [])
        await filled(js, stream)
        if "max_age" in change:
            await asyncio.sleep(0.3)  # by the broker's clock, which nobody can turn
        before = [await js.stream_info(each) for each in ("PROBE", "PROBE2")]
        with pytest.raises(StartupError) as caught:
            await declare(js, [replace(NEIGHBOUR, max_msgs=20), replace(stream, **change)], [("PROBE", CONSUMER)])
        line = str(caught.value)
        assert line.startswith("stream PROBE: ")
        assert words in line
        assert line.endswith("; nothing was changed")
        assert "\n" not in line
        after = [await js.stream_info(each) for each in ("PROBE", "PROBE2")]
        assert [(each.config, each.state) for each in after] == [(each.config, each.state) for each in before]
        assert await rest(js) == {ALL[number] for number in (3, 5, 6, 7, 8, 9)}

    run(nats_url, work)


def test_an_empty_stream_loses_nothing(nats_url: str) -> None:
    """Limits and subjects of a stream without messages can be narrowed."""

    async def work(js: Any) -> None:
        await declare(js, [STREAM], [])
        narrow = replace(STREAM, max_bytes=10, max_msgs=1, max_age=1, duplicate_window=1, subjects=["probe.b.>"])
        await declare(js, [narrow], [])
        assert changes(narrow, (await js.stream_info("PROBE")).config) == {}

    run(nats_url, work)


@pytest.mark.parametrize("stream", [STREAM, QUEUE], ids=["limits", "work queue"])
@pytest.mark.parametrize(
    ("change", "anew"),
    [
        ({"ack_wait": 0.3}, False),
        ({"max_ack_pending": 7}, False),
        ({"max_deliver": 90}, False),
        ({"filter_subject": "probe.*.x"}, False),
        ({"replay_policy": ReplayPolicy.ORIGINAL}, True),
        ({"max_waiting": 9}, True),
        ({"mem_storage": True}, True),
        ({"max_waiting": 9, "ack_wait": 0.3}, True),
    ],
    ids=str,
)
def test_a_changed_consumer_skips_nothing(
    nats_url: str, stream: StreamConfig, change: dict[str, Any], anew: bool
) -> None:
    """All that was not acknowledged comes after the change, and nothing from before the floor; once is enough."""

    async def work(js: Any) -> None:
        await filled(js, stream)
        made = (await js.consumer_info("PROBE", "reader")).created
        wanted = replace(CONSUMER, **change)
        await declare(js, [stream], [("PROBE", wanted)])
        changed = await js.consumer_info("PROBE", "reader")
        assert (changed.created != made) is anew
        assert {name: getattr(changed.config, name) for name in change} == change
        await declare(js, [stream], [("PROBE", wanted)])
        assert (await js.consumer_info("PROBE", "reader")).created == changed.created, (
            "the second time there is nothing to do"
        )
        came = await rest(js)
        assert came >= {ALL[number] for number in (3, 5, 6, 7, 8, 9)}
        assert not came & {ALL[number] for number in (0, 1, 2)}

    run(nats_url, work)


def test_made_anew_twice_goes_on(nats_url: str) -> None:
    """A consumer that began in the middle keeps its place also when it has done nothing since."""

    async def work(js: Any) -> None:
        await filled(js, STREAM)
        for waiting in (9, 10, 11):
            await declare(js, [STREAM], [("PROBE", replace(CONSUMER, max_waiting=waiting))])
        assert (await js.consumer_info("PROBE", "reader")).config.opt_start_seq == 4
        assert await rest(js) == set(ALL[3:])

    run(nats_url, work)


@pytest.mark.parametrize("stream", [STREAM, QUEUE], ids=["limits", "work queue"])
def test_a_consumer_the_broker_refuses_leaves_the_old_one(nats_url: str, stream: StreamConfig) -> None:
    """A declaration the broker takes in no way is a line for the operator, and the former consumer goes on."""
    wrong = replace(CONSUMER, max_waiting=9, max_deliver=1, backoff=[1.0, 2.0, 3.0])

    async def work(js: Any) -> None:
        await filled(js, stream)
        with pytest.raises(StartupError, match="consumer reader of stream PROBE: the broker refuses"):
            await declare(js, [stream], [("PROBE", wrong)])
        await declare(js, [stream], [("PROBE", CONSUMER)])
        came = await rest(js)
        assert came >= {ALL[number] for number in (3, 5, 6, 7, 8, 9)}
        assert not came & {ALL[number] for number in (0, 1, 2)}

    run(nats_url, work)


def test_a_consumer_that_is_gone_begins_anew(nats_url: str) -> None:
    """Killed between taking a consumer away and making it: everything comes again, rather than something not."""

    async def work(js: Any) -> None:
        await filled(js, STREAM)
        await js.delete_consumer("PROBE", "reader")
        await declare(js, [STREAM], [("PROBE", CONSUMER)])
        assert await rest(js) == set(ALL)

    run(nats_url, work)


def test_a_stream_the_broker_refuses(nats_url: str) -> None:
    """Another stream's subject is refused by the broker, which says why in our line."""

    async def work(js: Any) -> None:
        await declare(js, [STREAM, NEIGHBOUR], [])
        with pytest.raises(StartupError, match=r"stream PROBE2: the broker refuses subjects .*: subjects overlap"):
            await declare(js, [replace(NEIGHBOUR, subjects=["probe.>"])], [])

    run(nats_url, work)


async def test_the_actor_does_not_start(nats_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A declaration that would lose messages ends the start with its line, and not as an outage that is waited for."""
    door = AioDoor()
    broker_bus = Bus(door, nats_url, durables=())
    children = worker("aio", AioActor, door), worker("bus", BusActor, broker_bus)
    monkeypatch.setattr(bus_module, "STREAMS", (NEIGHBOUR,))
    async with running(*children):
        await broker_bus.with_streams(lambda js: js.publish("probe.c.x", b"kept"))
    monkeypatch.setattr(bus_module, "STREAMS", (replace(NEIGHBOUR, storage=StorageType.MEMORY),))
    with pytest.raises(StartFailed) as caught:
        async with running(*children):
            pass
    cause = caught.value.root_cause()
    assert isinstance(cause, StartupError)
    assert "storage can not go from file to memory" in str(cause)
    monkeypatch.setattr(bus_module, "STREAMS", (NEIGHBOUR,))
    async with running(*children):
        assert (await broker_bus.with_streams(lambda js: js.stream_info("PROBE2"))).state.messages == 1
        await broker_bus.with_streams(lambda js: js.delete_stream("PROBE2"))


def test_what_is_declared_is_what_is_there(nats_url: str) -> None:
    """The application's own streams and consumers are made as declared, so a second connect changes nothing."""

    async def work(js: Any) -> None:
        consumers = [(stream_of(each), each) for each in CONSUMERS]
        await declare(js, STREAMS, consumers)
        for stream in STREAMS:
            assert changes(stream, (await js.stream_info(stream.name)).config) == {}
        for name, consumer in consumers:
            assert changes(consumer, (await js.consumer_info(name, consumer.durable_name)).config) == {}

    run(nats_url, work)
