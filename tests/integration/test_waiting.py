"""Intake under every weather: what becomes of a submission when the database or the broker is away or slow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import trio

from jagawarga.errors import Corrupt, NotFound, Unavailable
from jagawarga.plumbing.packing import Outgoing
from jagawarga.plumbing.streams import WAITING, WAITING_ROOM
from jagawarga.reports import drain, service
from jagawarga.reports.messages import Wish
from jagawarga.reports.store import Filing
from jagawarga.reports.tracking import PURPOSE, new_code
from supervisors.requests import RestartChild, TerminateChild
from supervisors.testing import restarted
from tests.integration.test_reports import PLUMBING, House, built

pytestmark = pytest.mark.both_databases


@pytest.fixture
async def house(fresh_database_url: str, nats_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """Give the reports context with a waiting room that is empty."""
    async with built(fresh_database_url, nats_url, tmp_path, waiting=True) as each:
        await empty(each)
        yield each


async def empty(house: House) -> None:
    """Throw out what a test before this one has left with the broker."""

    async def purge() -> None:
        await house.stream._js.purge_stream(WAITING_ROOM)

    await house.stream.door.run(purge)


async def waiting(house: House) -> int:
    async def count() -> int:
        return int((await house.stream._js.stream_info(WAITING_ROOM)).state.messages)

    return int(await house.stream.door.run(count))


async def reports_in(house: House) -> int:
    return int((await house.query("SELECT count(*) FROM reports.report"))[0][0])


async def drained(house: House) -> None:
    async def nobody_waits() -> bool:
        return await waiting(house) == 0

    await house.until(nobody_waits)


@asynccontextmanager
async def locked(url: str) -> AsyncIterator[None]:
    """Let every write of reports wait, as a database that can not keep up does."""
    # In a loop of its own thread: the test's connection must not share a fate with the house's.
    import asyncio

    loop = asyncio.new_event_loop()
    connection = await trio.to_thread.run_sync(lambda: loop.run_until_complete(asyncpg.connect(url)))
    try:
        await trio.to_thread.run_sync(
            lambda: loop.run_until_complete(connection.execute("BEGIN; LOCK TABLE reports.report IN EXCLUSIVE MODE"))
        )
        yield
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(lambda: loop.run_until_complete(connection.close()))
            loop.close()


async def test_fair_weather_waits_for_nothing(house: House) -> None:
    """With the database up a report is in it when the receipt is given."""
    receipt = await house.file()
    assert not receipt.waiting
    assert await waiting(house) == 0
    assert await reports_in(house) == 1


@pytest.mark.parametrize("privacy", ["public", "private", "anonymous"])
async def test_the_database_is_away(privacy: Any, house: House) -> None:
    """The broker keeps the report, its tracking code works at once, and the database has it once it is back."""
    await PLUMBING.call(TerminateChild("database"))
    receipts = [await house.file(privacy) for _ in range(20)]
    assert all(receipt.waiting for receipt in receipts)
    assert await waiting(house) == 20
    seen = await house.reports.track(receipts[0].tracking_code)
    assert (seen.report_id, seen.status, seen.due_at) == (receipts[0].report_id, "received", receipts[0].due_at)
    assert [line.event for line in seen.history] == ["report.received"]
    with pytest.raises(Unavailable):
        await house.reports.track(new_code())
    await PLUMBING.call(RestartChild("database"), timeout=20)
    await drained(house)
    for receipt in receipts:
        now = await house.reports.track(receipt.tracking_code)
        assert (now.report_id, now.created_at, now.due_at) == (receipt.report_id, seen_at(now), receipt.due_at)
        assert house.reports.directory.address(receipt.report_id).whereis() is not None
    assert await reports_in(house) == 20
    assert len(await house.query("SELECT * FROM reports.history")) == 20


def seen_at(view: Any) -> Any:
    return view.history[0].at


async def test_nothing_readable_waits(house: House) -> None:
    """What the broker keeps tells neither text nor place nor the tracking code, whatever the privacy."""
    await PLUMBING.call(TerminateChild("database"))
    receipt = await house.file("public", text="Lampu mati di depan balai")
    digest = house.reports.keyring.digest(PURPOSE, receipt.tracking_code.replace("-", "").encode())
    sealed = await house.stream.find(WAITING_ROOM, f"{WAITING}.{digest.hex()}")
    lying = str(sealed).lower()
    for secret in ("lampu", "dago", "jalan", receipt.tracking_code.replace("-", "").lower()):
        assert secret not in lying


async def test_the_database_is_too_slow(house: House, fresh_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a citizen's patience the broker keeps the report; what the database writes late is the same report."""
    monkeypatch.setattr(service, "PATIENCE", 0.2)
    async with locked(fresh_database_url):
        receipts = [await house.file() for _ in range(5)]
        assert all(receipt.waiting for receipt in receipts)
    await drained(house)

    async def all_there() -> bool:
        return await reports_in(house) == 5

    await house.until(all_there)
    await trio.sleep(0.3)
    assert {row[0] for row in await house.query("SELECT report_id FROM reports.report")} == {
        receipt.report_id for receipt in receipts
    }
    assert len(await house.query("SELECT * FROM reports.history")) == 5
    assert len(await house.query("SELECT * FROM reports.access")) == 5


async def test_only_the_first_loses_time_on_a_slow_database(
    house: House, fresh_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is known to be too slow, the others take the detour at once; when it works again, so does the way."""
    monkeypatch.setattr(service, "PATIENCE", 0.5)
    async with locked(fresh_database_url):
        await house.file()
        began = trio.current_time()
        for _ in range(10):
            assert (await house.file()).waiting
        assert trio.current_time() - began < 2 * 0.5

    async def straight() -> bool:
        return not (await house.file()).waiting

    await house.until(straight)
    assert not (await house.file()).waiting


async def test_any_write_that_works_opens_the_way_again(house: House) -> None:
    """The drain's own, for one: nobody waits for the end of a rest once the database is back."""
    await PLUMBING.call(TerminateChild("database"))
    for _ in range(3):
        house.reports.detour.failed(trio.current_time() + 3600)
    assert (await house.file()).waiting
    await PLUMBING.call(RestartChild("database"), timeout=20)
    await drained(house)
    assert not (await house.file()).waiting


async def test_the_broker_is_away(house: House) -> None:
    """Reports go into the database as ever."""
    await PLUMBING.call(TerminateChild("bus"))
    receipt = await house.file()
    assert not receipt.waiting
    assert (await house.reports.track(receipt.tracking_code)).report_id == receipt.report_id


async def test_nobody_is_told_that_there_is_no_report_while_one_may_wait(house: House) -> None:
    """A code the database does not know may be that of a filing in the waiting room, and nobody can look there now."""
    with pytest.raises(NotFound):
        await house.reports.track(new_code())
    await PLUMBING.call(TerminateChild("bus"))
    with pytest.raises(Unavailable):
        await house.reports.track(new_code())


async def test_a_code_works_while_its_report_moves(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked for in the database just before it came there, and in the waiting room just after it left."""
    receipt = await house.file()
    real = house.reports.store.view
    looks = 0

    async def one_too_early(query: str, *args: Any) -> Any:
        nonlocal looks
        looks += 1
        return None if looks == 1 else await real(query, *args)

    monkeypatch.setattr(house.reports.store, "view", one_too_early)
    assert (await house.reports.track(receipt.tracking_code)).report_id == receipt.report_id


async def test_both_are_away(house: House) -> None:
    """Nothing is promised, and nothing half done: when both are back there is no report."""
    await PLUMBING.call(TerminateChild("database"))
    await PLUMBING.call(TerminateChild("bus"))
    with pytest.raises(Unavailable) as refused:
        await house.file()
    assert refused.value.retry_after is not None
    await PLUMBING.call(RestartChild("bus"), timeout=20)
    await PLUMBING.call(RestartChild("database"), timeout=20)
    assert await waiting(house) == 0
    assert await reports_in(house) == 0


async def test_delivered_twice_is_one_report(house: House) -> None:
    """However often a filing comes out of the waiting room, also long after its report has moved on."""
    await PLUMBING.call(TerminateChild("database"))
    receipt = await house.file()
    digest = house.reports.keyring.digest(PURPOSE, receipt.tracking_code.replace("-", "").encode())
    subject = f"{WAITING}.{digest.hex()}"
    sealed = await house.stream.find(WAITING_ROOM, subject)
    assert sealed is not None
    await PLUMBING.call(RestartChild("database"), timeout=20)
    await drained(house)
    await house.reports.act("lurah", receipt.report_id, Wish("acknowledge"))
    for number in range(3):
        await house.stream.publish([Outgoing(f"again-{number}", subject, sealed)])
    await drained(house)
    seen = await house.reports.open_for_agency("lurah", receipt.report_id)
    assert [line.event for line in seen.history] == ["report.received", "report.acknowledged"]
    assert await reports_in(house) == 1


async def test_a_killed_drain_loses_nothing(house: House) -> None:
    """Killed again and again in the middle of its work, it writes every filing once in the end."""
    await PLUMBING.call(TerminateChild("database"))
    ids = {(await house.file()).report_id for _ in range(60)}
    await PLUMBING.call(RestartChild("database"), timeout=20)
    for _ in range(5):
        process = house.reports.drain.whereis()
        if process is not None:
            process.exit("kill")
            await restarted(house.reports.drain, process)
        await trio.sleep(0.01)

    async def all_there() -> bool:
        return await reports_in(house) == 60

    with trio.fail_after(60):
        while not await all_there():
            await trio.sleep(0.1)
    assert {row[0] for row in await house.query("SELECT report_id FROM reports.report")} == ids
    await drained(house)


async def test_poison_blocks_nobody(house: House) -> None:
    """What can not be read is parked with its reason; the filings behind it go through."""
    await PLUMBING.call(TerminateChild("database"))
    await house.stream.publish([Outgoing("poison", f"{WAITING}.00", b"not one of ours")])
    receipt = await house.file()
    await PLUMBING.call(RestartChild("database"), timeout=20)
    await drained(house)
    assert (await house.reports.open_for_agency("lurah", receipt.report_id)).status == "received"
    process = house.reports.drain.whereis()
    assert process is not None
    assert process.actor.describe()["parked"] == 1


async def test_a_refused_filing_is_parked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filing that the database will never take is tried a few times, then not again; its code works all the same."""
    monkeypatch.setattr(drain, "REFUSED_FIRST", 0.01)
    waits = house.reports.waiting
    assert waits is not None
    await PLUMBING.call(TerminateChild("database"))
    good = await house.file()
    digest = house.reports.keyring.digest(PURPOSE, good.tracking_code.replace("-", "").encode())
    sealed = await house.stream.find(WAITING_ROOM, f"{WAITING}.{digest.hex()}")
    assert sealed is not None
    filing = waits.unseal(sealed)
    assert isinstance(filing, Filing)
    unheard_of: Any = "public\0"
    state = replace(filing.step.state, privacy=unheard_of, report_id=UUID(int=1))
    code = new_code()
    other = house.reports.keyring.digest(PURPOSE, code.replace("-", "").encode())
    await waits.admit(filing._replace(step=filing.step._replace(state=state), tracking=other))
    await PLUMBING.call(RestartChild("database"), timeout=20)
    await drained(house)
    assert await reports_in(house) == 1
    assert (await house.reports.track(code)).status == "received"


async def test_what_is_refused_for_a_while_is_not_parked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal that passes costs nobody anything: the filing is written when it has passed, others meanwhile."""
    monkeypatch.setattr(drain, "REFUSED_FIRST", 0.01)
    real, refused = house.reports.store.write, 0
    await PLUMBING.call(TerminateChild("database"))
    first, second = await house.file(), await house.file()

    async def write(batch: Any) -> Any:
        nonlocal refused
        if any(each.step.state.report_id == first.report_id for each in batch) and refused < 3:
            refused += len(batch) == 1
            msg = "not now"
            raise Corrupt(msg)
        return await real(batch)

    monkeypatch.setattr(house.reports.store, "write", write)
    await PLUMBING.call(RestartChild("database"), timeout=20)
    await drained(house)
    for receipt in (first, second):
        assert (await house.reports.open_for_agency("lurah", receipt.report_id)).status == "received"
    process = house.reports.drain.whereis()
    assert process is not None
    assert process.actor.describe()["parked"] == 0
