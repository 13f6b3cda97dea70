"""The client against a real edge: what it sends, what it makes of the answers, how patient it is."""

from __future__ import annotations

import json
import random

import pytest
import trio

from jagawarga.client import Client, Draft, Patience, Refused, Session, Unreachable
from jagawarga.client.patience import parse_retry_after
from jagawarga.client.sse import EventReader
from jagawarga.edge.limits import Rate
from jagawarga.errors import Unavailable
from tests.integration.edge_server import Edge, edge, until

CITIZEN = Session("citizen-token", "citizen", None)
OFFICER = Session("officer-token", "officer", "roads")
OPERATOR = Session("operator-token", "operator", None)
DRAFT = Draft("public", "pothole", "Ada lubang", address="Jalan Merdeka")
IMPATIENT = Patience(tries=1)


def client_of(running: Edge, patience: Patience | None = None) -> Client:
    return Client(f"http://127.0.0.1:{running.front.port}", patience=patience, rng=random.Random(1))


async def test_a_report_is_filed_tracked_and_acted_on() -> None:
    """The main way: citizen, tracking code, officer."""
    async with edge() as running, client_of(running) as client:
        receipt = await client.submit(CITIZEN, DRAFT)
        assert (await client.track(receipt.tracking_code))["status"] == "received"
        assert [each["report_id"] async for each in client.agency_reports(OFFICER)] == [receipt.report_id]
        assert (await client.act(OFFICER, str(receipt.report_id), "acknowledge"))["status"] == "acknowledged"
        assert receipt.doubts == 0


async def test_a_step_for_a_version_is_taken_once() -> None:
    """Whoever sends it again, because the answer was lost, is told that the report has moved on."""
    async with edge() as running, client_of(running) as client:
        receipt = await client.submit(CITIZEN, DRAFT)
        taken = await client.act(OFFICER, str(receipt.report_id), "acknowledge", version=1)
        assert taken["version"] == 2
        with pytest.raises(Refused) as refused:
            await client.act(OFFICER, str(receipt.report_id), "start", version=1)
        assert refused.value.status == 409


async def test_an_anonymous_receipt_has_no_number() -> None:
    """The server gives none, and the client invents none."""
    async with edge() as running, client_of(running) as client:
        receipt = await client.submit(CITIZEN, Draft("anonymous", "pothole", "Ada lubang", address="Jalan"))
        assert receipt.report_id is None


async def test_a_refusal_names_code_and_fields() -> None:
    """RFC 9457 becomes an exception; what was sent is not in it."""
    async with edge() as running, client_of(running) as client:
        with pytest.raises(Refused) as refused:
            await client.submit(CITIZEN, Draft("public", "unknown", "rahasia", address="Jalan"))
    assert (refused.value.status, refused.value.code, refused.value.fields) == (422, "invalid-request", ("category",))
    assert "rahasia" not in str(refused.value)


async def test_too_often_is_waited_out() -> None:
    """429 with Retry-After is honoured and the request repeated: nothing was done before, so nothing is in doubt."""
    async with edge(rate_submit=Rate(2.0, 1)) as running, client_of(running) as client:
        await client.submit(CITIZEN, DRAFT)
        begun = trio.current_time()
        receipt = await client.submit(CITIZEN, DRAFT)
        assert trio.current_time() - begun >= 1.0
        assert (receipt.doubts, client.throttled, len(running.house.reports.reports)) == (0, 1, 2)


async def test_unavailable_is_doubtful_and_repeated_only_if_wanted() -> None:
    """After 503 nobody knows whether it was done: who must not do it twice says so."""
    async with edge() as running, client_of(running) as client:
        running.house.reports.failure = Unavailable("down")
        with pytest.raises(Refused) as refused:
            await client.submit(CITIZEN, DRAFT, patience=Patience(unavailable=False))
        assert (refused.value.status, refused.value.doubts) == (503, 1)


async def test_nobody_listening_is_no_doubt() -> None:
    """A connection that was refused has carried nothing."""
    async with Client("http://127.0.0.1:9", patience=IMPATIENT) as client:
        with pytest.raises(Unreachable) as silence:
            await client.submit(CITIZEN, DRAFT)
        assert silence.value.doubts == 0
        assert not await client.is_up()
        assert not await client.is_ready()


async def test_an_operator_creates_what_is_missing() -> None:
    """Agencies, categories and officers are put by key."""
    async with edge() as running, client_of(running) as client:
        await client.put_agency(OPERATOR, "water", "Water", "roads")
        await client.put_category(OPERATOR, "leak", "Leak", "water", respond=[1.0], resolve=[2.0])
        await client.put_officer(OPERATOR, "wati", "a-long-password", "water")
        assert {each["key"] for each in await client.agencies()} == {"roads", "water"}
        assert {each["key"] for each in await client.categories()} == {"pothole", "leak"}
        assert running.house.identity.officers[0].agency == "water"


async def test_a_citizen_registers_and_signs_in() -> None:
    """The session knows its role; its token is not shown."""
    async with edge() as running, client_of(running) as client:
        await client.register("3578014101900001", "Sari", "right-password", phone="081234567890")
        session = await client.sign_in("3578014101900001", "right-password")
        assert session.role == "citizen"
        assert "token" not in repr(session)


async def test_an_agencys_events_arrive_as_they_happen() -> None:
    """The stream is read event by event and ends when the server ends it."""
    async with edge() as running, client_of(running) as client, client.events(OFFICER) as events:
        await until(lambda: running.house.notification.subscribers == 1)
        running.house.notification.publish(json.dumps({"report_id": "r1"}))
        event = await anext(aiter(events))
        assert (event.sequence, event.type, event.data) == (1, "report.received", {"report_id": "r1"})
        running.house.notification.end()
        assert [each async for each in events] == []


async def test_a_stream_that_is_refused_says_why() -> None:
    """No officer, no stream."""
    async with edge() as running, client_of(running) as client:
        with pytest.raises(Refused) as refused:
            async with client.events(CITIZEN):
                pass
        assert refused.value.status == 403


def test_comments_and_unknown_fields_of_a_stream_are_passed_over() -> None:
    """Only a blank line after data makes an event; the last id lasts."""
    reader = EventReader()
    lines = [": beat", "", "retry: 1000", "id: 7", "event: e", 'data: {"a":', "data: 1}", ""]
    assert next(event for line in lines if (event := reader.feed(line))).data == {"a": 1}
    assert reader.feed("data: no json") is None
    later = reader.feed("")
    assert later is not None
    assert (later.sequence, later.type, later.data) == (7, "message", {})


def test_retry_after_is_a_floor_with_jitter_and_a_limit() -> None:
    """Never earlier than asked, never much later, and not at all when it would take too long."""
    patience = Patience(tries=5, longest=10.0)
    assert patience.wait(1, 2.0, 0.0) == 2.0
    assert patience.wait(1, 2.0, 0.999) == pytest.approx(2.5, abs=0.01)
    assert patience.wait(1, 11.0, 0.0) is None
    assert patience.wait(5, 1.0, 0.0) is None


def test_without_retry_after_the_wait_doubles() -> None:
    """Up to the longest."""
    patience = Patience(tries=100, longest=10.0, first=0.2)
    waits = [patience.wait(tried, None, 1.0) for tried in range(1, 90)]
    assert waits[:3] == pytest.approx([0.2, 0.4, 0.8])
    assert max(wait for wait in waits if wait is not None) == 10.0


@pytest.mark.parametrize(("value", "seconds"), [(None, None), ("3", 3.0), ("Mon, 23 Nov 2026", None), ("-1", None)])
def test_only_seconds_are_read_from_retry_after(value: str | None, seconds: float | None) -> None:
    """A date counts as no header."""
    assert parse_retry_after(value) == seconds
