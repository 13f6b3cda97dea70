"""Notification on the real database and broker: each event's effect once, whatever happens in between."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import trio

from jagawarga.notification.actor import Notifier
from jagawarga.notification.hub import Hub
from jagawarga.notification.service import NEWEST, Notifications
from jagawarga.notification.stream import LiveStream, of_agency
from jagawarga.plumbing.aio import AioActor, AioDoor
from jagawarga.plumbing.bus import Bus, BusActor
from jagawarga.plumbing.database import Database, DatabaseActor
from jagawarga.plumbing.keys import Keyring
from jagawarga.plumbing.packing import Outgoing
from jagawarga.reports.messages import ReportEvent, decode_event, encode_event
from supervisors import Registry, worker
from supervisors.testing import running

pytestmark = pytest.mark.both_databases

names = Registry("test")
KEYRING = Keyring({1: b"k" * 32})
NOTIFIER, HUB = names.name("notifier"), names.name("hub")


def event(reporter: str | None = "aaaa", agency: str = "dinas-a", **changes: Any) -> ReportEvent:
    made = ReportEvent(
        event_id=uuid.uuid4(),
        type="report.received",
        report_id=uuid.uuid4(),
        version=1,
        privacy="private" if reporter else "anonymous",
        category="sampah",
        status="received",
        agency=agency,
        holder=agency,
        level=0,
        authorities=(agency,),
        occurred_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        due_at=None,
        reporter=reporter,
    )
    return made._replace(**changes)


def outgoing(*events: ReportEvent) -> list[Outgoing]:
    return [Outgoing(str(each.event_id), f"jagawarga.events.{each.type}", encode_event(each)) for each in events]


@asynccontextmanager
async def context(database_url: str, nats_url: str) -> AsyncIterator[Notifications]:
    """The notification context with its actors, the consumer emptied of what earlier tests left."""
    door = AioDoor()
    database, bus = Database(door, database_url, {"notification": 3}), Bus(door, nats_url)
    made = Notifications(database, bus, KEYRING)
    plumbing = (worker("aio", AioActor, door), worker("db", DatabaseActor, database), worker("bus", BusActor, bus))
    notifier = worker("notifier", Notifier, made.bus, made.store, name=NOTIFIER)
    async with running(*plumbing, notifier, worker("hub", Hub, made.stream, name=HUB)):
        yield made


async def inbox(notifications: Notifications, recipient: str, count: int) -> list[Any]:
    """The inbox, once it holds `count`; and a moment later, so that one too many would be seen."""
    with trio.fail_after(30):
        while len(await notifications.store.inbox(recipient, NEWEST, 100)) < count:
            await trio.sleep(0.02)
    await trio.sleep(0.2)
    return list(await notifications.store.inbox(recipient, NEWEST, 100))


def test_events_survive_the_wire() -> None:
    """An event is read as it was written; what it does not know is ignored, what is none is refused."""
    one = event(due_at=datetime(2026, 5, 6, tzinfo=UTC))
    assert decode_event(encode_event(one)) == one
    assert b"reporter" not in encode_event(event(reporter=None))
    assert decode_event(encode_event(one)[:-1] + b',"future":1}') == one
    for rubbish in (b"", b"{}", b"[]", b"\xff", b'{"schema":1}', b'"x"'):
        with pytest.raises(ValueError, match="event"):
            decode_event(rubbish)


async def test_once_each_whatever_happens(fresh_database_url: str, nats_url: str) -> None:
    """Events published twice, a notifier killed again and again: each named reporter gets each notice once."""
    recipient = uuid.uuid4().hex
    async with context(fresh_database_url, nats_url) as notifications:
        events = [event(recipient) for _ in range(60)] + [event(None) for _ in range(5)]
        for start in range(0, len(events), 13):
            await notifications.bus.publish(outgoing(*events[start : start + 13]))
            process = NOTIFIER.whereis()
            if process is not None:
                process.exit("kill")
        again = [each._replace(occurred_at=datetime(2026, 1, 3, tzinfo=UTC)) for each in events[:7]]
        await notifications.bus.publish(
            [
                Outgoing(f"again-{each.event_id}", "jagawarga.events.report.received", encode_event(each))
                for each in again
            ]
        )
        found = await inbox(notifications, recipient, 60)
    assert sorted(each.report_id for each in found) == sorted(each.report_id for each in events[:60])


async def test_poison_is_parked_and_harms_nobody(fresh_database_url: str, nats_url: str) -> None:
    """What can not be read, and what the database refuses, is put aside; those around it arrive."""
    recipient = uuid.uuid4().hex
    async with context(fresh_database_url, nats_url) as notifications:
        good = [event(recipient) for _ in range(4)]
        refused = event(recipient, holder="a\x00b")
        rubbish = Outgoing(str(uuid.uuid4()), "jagawarga.events.report.received", b"no event")
        sent = [*outgoing(*good[:2]), rubbish, *outgoing(refused), *outgoing(*good[2:])]
        await notifications.bus.publish(sent)
        found = await inbox(notifications, recipient, 4)
        process = NOTIFIER.whereis()
        assert process is not None
        assert process.actor.parked >= 2  # type: ignore[attr-defined]
    assert {each.report_id for each in found} == {each.report_id for each in good}


async def take(stream: Any, count: int) -> list[Any]:
    taken: list[Any] = []
    with trio.fail_after(10):
        async for each in stream:
            taken.append(each)
            if len(taken) == count:
                break
    return taken


async def test_a_follower_sees_its_own_agency_alone(fresh_database_url: str, nats_url: str) -> None:
    """Live events come in order, only those of the agency, and never say who reported."""
    mine, other = f"dinas-{uuid.uuid4().hex[:6]}", f"dinas-{uuid.uuid4().hex[:6]}"
    async with context(fresh_database_url, nats_url) as notifications:
        async with notifications.subscribe(mine, after=None) as stream:
            await trio.sleep(0.3)
            events = [event("whoever", mine if number % 2 else other) for number in range(20)]
            await notifications.bus.publish(outgoing(*events))
            seen = await take(stream, 10)
        assert [each.sequence for each in seen] == sorted(each.sequence for each in seen)
        assert all(mine in each.data and other not in each.data for each in seen)
        assert not any("whoever" in each.data or "reporter" in each.data for each in seen)


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("ring", [5, 10_000])
async def test_a_stream_resumes_where_it_broke_off(
    fresh_database_url: str, nats_url: str, ring: int, *, together: bool
) -> None:
    """Behind any event already seen come the missed ones and the live ones, each once, also beyond the ring."""
    agency = f"dinas-{uuid.uuid4().hex[:6]}"
    async with context(fresh_database_url, nats_url) as notifications:
        stream = notifications.stream = LiveStream(notifications.bus, ring=ring)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_feed, stream)
            bus = notifications.bus
            publish = bus.publish_packed if together else bus.publish
            start = await bus.last_sequence()
            await publish(outgoing(*(event("x", agency) for _ in range(30))))
            tenth = (await bus.read_from(start + 1, 30))[9]
            await trio.sleep(0.3)
            async with stream.subscribe(of_agency(agency), after=tenth.sequence) as live:
                await publish(outgoing(*(event("x", agency) for _ in range(10))))
                seen = [each.sequence for each in await take(live, 30)]
            all_there_are = await bus.read_from(start + 1, 100)
            nursery.cancel_scope.cancel()
    assert seen == [each.sequence for each in all_there_are[10:]]
    assert len(all_there_are) == 40


async def test_a_stream_shorter_than_what_a_client_has_seen(fresh_database_url: str, nats_url: str) -> None:
    """After a restore places begin anew: a client with a later one gets what happens from now on, not silence."""
    agency = f"dinas-{uuid.uuid4().hex[:6]}"
    async with context(fresh_database_url, nats_url) as notifications:
        stream = notifications.stream
        after = await notifications.bus.last_sequence() + 10_000_000
        async with stream.subscribe(of_agency(agency), after=after) as live:
            await notifications.bus.publish(outgoing(event("x", agency)))
            (seen,) = await take(live, 1)
    assert seen.sequence < after


async def _feed(stream: LiveStream) -> None:
    """A hub of the test's own stream."""
    async with running(worker("hub", Hub, stream)):
        await trio.sleep_forever()


async def test_a_follower_that_does_not_read_is_ended(fresh_database_url: str, nats_url: str) -> None:
    """Who falls too far behind loses the stream, not the others their events; a killed hub nobody notices."""
    agency = f"dinas-{uuid.uuid4().hex[:6]}"
    async with context(fresh_database_url, nats_url) as notifications:
        stream = notifications.stream
        stream._behind = 3
        async with stream.subscribe(of_agency(agency), after=None) as slow:
            stream._behind = 1000
            async with stream.subscribe(of_agency(agency), after=None) as quick:
                await trio.sleep(0.3)
                await notifications.bus.publish(outgoing(*(event("x", agency) for _ in range(10))))
                assert len(await take(quick, 10)) == 10
                process = HUB.whereis()
                assert process is not None
                process.exit("kill")
                await notifications.bus.publish(outgoing(*(event("x", agency) for _ in range(5))))
            assert len([each async for each in slow]) == 3
