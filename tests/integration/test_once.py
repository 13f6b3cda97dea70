"""A submission that is sent again is one report: with the database up, at the same time, and over the waiting room."""

from __future__ import annotations

import os
from typing import Any

import pytest
import trio

from jagawarga.reports import service
from jagawarga.reports.messages import FileReport, Place
from supervisors.requests import RestartChild, TerminateChild
from tests.integration.edge_server import CITIZEN, edge
from tests.integration.test_edge_routes import REPORT
from tests.integration.test_reports import PLUMBING, House
from tests.integration.test_waiting import drained, house, reports_in, waiting

__all__ = ["house"]
pytestmark = pytest.mark.both_databases


def again(once: bytes | None, privacy: Any = "private") -> FileReport:
    reporter = None if privacy == "anonymous" else "p-1"
    return FileReport(privacy, "jalan", "Jalan berlubang", Place(-6.9, 107.6, None), reporter, (), once)


@pytest.mark.parametrize("privacy", ["public", "anonymous"])
async def test_sent_again_it_is_the_same(house: House, privacy: Any) -> None:
    """The receipt is that of the first time, also when the report has gone on meanwhile; another key is another report."""
    once = os.urandom(32)
    first = await house.reports.file(again(once, privacy))
    assert await house.reports.file(again(once, privacy)) == first
    await house.reports.act("lurah", first.report_id, "acknowledge", None)
    later = await house.reports.file(again(once, privacy))
    assert (later.report_id, later.tracking_code, later.status) == (
        first.report_id,
        first.tracking_code,
        "acknowledged",
    )
    other = await house.reports.file(again(os.urandom(32), privacy))
    assert other.report_id != first.report_id
    assert other.tracking_code != first.tracking_code
    assert await reports_in(house) == 2


async def test_nobody_waits_twice_for_a_database_that_hangs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """To look whether it was sent before takes no more patience than to file; the next ones do not even look."""
    looks: list[Any] = []

    async def hang(report_id: Any) -> None:
        looks.append(report_id)
        await trio.sleep_forever()

    monkeypatch.setattr(house.reports.store, "load", hang)
    monkeypatch.setattr(service, "PATIENCE", 0.1)
    with trio.fail_after(3):
        for _ in range(2):
            assert (await house.reports.file(again(os.urandom(32)))).waiting
    assert len(looks) == 1


async def test_sent_many_times_at_once(house: House) -> None:
    """One row, one line of history, one event; and who filed beside it is not held up."""
    once = os.urandom(32)
    receipts: list[Any] = []

    async def send(key: bytes | None) -> None:
        receipts.append(await house.reports.file(again(key)))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(send, once)
            nursery.start_soon(send, None)
    assert len({each.tracking_code for each in receipts}) == 21
    assert await reports_in(house) == 21
    assert len(await house.query("SELECT * FROM reports.history")) == 21
    await house.until(house.published)


async def test_sent_again_over_the_waiting_room(house: House) -> None:
    """First kept by the broker, then filed in the database, or kept twice: one report with one code."""
    once = os.urandom(32)
    await PLUMBING.call(TerminateChild("database"))
    first = await house.reports.file(again(once))
    second = await house.reports.file(again(once))
    assert first.waiting
    assert (first.report_id, first.tracking_code) == (second.report_id, second.tracking_code)
    await PLUMBING.call(RestartChild("database"), timeout=20)
    third = await house.reports.file(again(once))
    assert third.tracking_code == first.tracking_code
    await drained(house)
    assert await waiting(house) == 0
    assert await reports_in(house) == 1
    assert (await house.reports.track(first.tracking_code)).report_id == first.report_id


@pytest.mark.parametrize(
    ("key", "taken"),
    [
        ("0b5c2f3e-5d5a-4c3c-9a51-3f1c1fd1a6a1", "0b5c2f3e-5d5a-4c3c-9a51-3f1c1fd1a6a1"),
        ('"0b5c2f3e-5d5a-4c3c-9a51-3f1c1fd1a6a1"', "0b5c2f3e-5d5a-4c3c-9a51-3f1c1fd1a6a1"),
        ("1", None),
        ("x" * 129, None),
        ("kunci yang mudah ditebak", None),
    ],
)
async def test_the_header(key: str, taken: str | None) -> None:
    """A key that two clients might both choose is refused, by the name of its header."""
    async with edge() as running:
        answer = await running.client.post("/v1/reports", json=REPORT, headers=CITIZEN | {"Idempotency-Key": key})
        if taken is None:
            assert answer.status_code == 422
            assert "Idempotency-Key" in answer.text
        else:
            assert answer.status_code == 201
            assert running.house.intake.keys == [taken]
