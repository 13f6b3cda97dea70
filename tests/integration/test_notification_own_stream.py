"""A citizen's live stream over the real broker: their own reports' events, and nobody else's."""

from __future__ import annotations

import json
import uuid

import pytest
import trio

from jagawarga.errors import Invalid
from jagawarga.notification.stream import LiveStream
from jagawarga.plumbing.packing import PACK
from tests.integration.test_notification import _feed, context, event, outgoing, take


async def test_a_citizen_sees_their_own_reports_alone(fresh_database_url: str, nats_url: str) -> None:
    """Neither another's, nor an anonymous one; not who else may see it, and no deadline of the agency's."""
    mine = uuid.uuid4().hex
    async with (
        context(fresh_database_url, nats_url) as notifications,
        notifications.subscribe_own(mine, after=None) as stream,
    ):
        await trio.sleep(0.3)
        events = [event(who) for who in (mine, "other", None, mine, None, mine)]
        await notifications.bus.publish(outgoing(*events))
        seen = await take(stream, 3)
    assert [json.loads(each.data)["report_id"] for each in seen] == [str(events[n].report_id) for n in (0, 3, 5)]
    assert all(json.loads(each.data).keys() == {"report_id", "status", "holder", "at"} for each in seen)
    assert not any(mine in each.data for each in seen)


@pytest.mark.parametrize("behind", [10, 40])
async def test_it_resumes_as_far_as_the_ring_reaches(fresh_database_url: str, nats_url: str, behind: int) -> None:
    """What was missed of late comes, each once; what is too long ago is in the inbox, and one event says so."""
    mine = uuid.uuid4().hex
    async with context(fresh_database_url, nats_url) as notifications:
        stream = notifications.stream = LiveStream(notifications.bus, ring=20)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_feed, stream)
            await notifications.bus.publish(outgoing(*(event(mine) for _ in range(40))))
            end = await notifications.bus.last_sequence()
            after = end - behind * PACK
            async with notifications.subscribe_own(mine, after=after) as live:
                await notifications.bus.publish(outgoing(event(mine)))
                seen = await take(live, behind + 1 if behind < 20 else 2)
            nursery.cancel_scope.cancel()
    if behind < 20:
        assert [each.sequence for each in seen] == list(range(after + 1, end + 2, PACK))
    else:
        assert [(each.type, each.sequence) for each in seen] == [("inbox.changed", end), ("report.received", end + 1)]


async def test_ids_tell_neither_number_nor_time(fresh_database_url: str, nats_url: str) -> None:
    """A number that goes up when others file reports would tell when; sealed, it opens for its own reader alone."""
    async with context(fresh_database_url, nats_url) as notifications:
        names = {notifications.name_of("mine", 128) for _ in range(3)}
        assert len(names) == 3
        assert {notifications.number_of("mine", each) for each in names} == {128}
        for wrong in (*names, "", "128", "x" * 49, "é"):
            with pytest.raises(Invalid):
                notifications.number_of("other", wrong)
