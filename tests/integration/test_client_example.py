"""The example client on a real edge: it waits as long as it is told, does nothing twice, and misses nothing."""

from __future__ import annotations

import time
from contextlib import closing
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import trio

from jagawarga.errors import Unavailable
from scripts.client_example_rows.client import Account, House, Problem
from tests.integration.edge_server import Edge, edge, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.client_example_rows.answers import NewReport

REPORT: NewReport = {"privacy": "private", "category": "pothole", "text": "Lubang.", "address": "Jalan Tirtasari 3"}


def as_one_with(token: str, house: House, *, expires_in: int = 900) -> Account:
    return Account(
        house,
        {
            "access_token": token, "expires_in": expires_in, "refresh_token": "refresh-token", "role": "", "agency": None,
        },
    )  # fmt: skip


def at_once(seconds: float) -> None:
    pytest.fail(f"it waits for {seconds} s")


async def used(running: Edge, use: Callable[[House], Any], sleep: Callable[[float], None] = at_once) -> Any:
    """Use the client, which blocks, in a thread."""

    def work() -> Any:
        with House(f"http://127.0.0.1:{running.front.port}", sleep=sleep) as house:
            return use(house)

    return await trio.to_thread.run_sync(work, abandon_on_cancel=True)


async def test_it_waits_as_long_as_it_is_told_and_files_once() -> None:
    """No sooner, with up to a quarter on top; the report has the same key both times."""
    async with edge() as running:
        reports, waits = running.house.reports, list[float]()
        reports.failure = Unavailable("away", retry_after=7)

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            reports.failure = None

        receipt = await used(running, lambda house: as_one_with("citizen-token", house).submit(REPORT), sleep)
        assert [7 <= each <= 7 * 1.25 for each in waits] == [True]
        first, second = running.house.intake.keys
        assert first == second is not None
        assert UUID(receipt["report_id"]) in reports.reports


async def test_what_would_be_done_twice_is_not_sent_again() -> None:
    """Where nobody knows whether it was done: words have neither key nor version."""
    async with edge() as running:
        file: Callable[[House], Any] = lambda house: as_one_with("citizen-token", house).submit(REPORT)  # noqa: E731
        receipt = await used(running, file)
        running.house.reports.failure = Unavailable("away")
        write = partial(Account.write, report_id=receipt["report_id"], text="Masih.")
        with pytest.raises(Problem, match="503 unavailable"):
            await used(running, lambda house: write(as_one_with("citizen-token", house)))


async def test_a_problem_tells_what_is_wrong() -> None:
    """By its code, and by field."""
    async with edge() as running:
        report = REPORT | {"category": "unknown"}
        with pytest.raises(Problem) as refused:
            await used(running, lambda house: as_one_with("citizen-token", house).submit(report))
        assert (refused.value.status, refused.value.code) == (422, "invalid-request")
        assert refused.value.fields == {"category": "is not known"}


async def test_a_stale_step_tells_where_the_report_is() -> None:
    """In `current`, so that the officer can look again."""
    async with edge() as running:
        receipt = await used(running, lambda house: as_one_with("citizen-token", house).submit(REPORT))
        step = partial(Account.step, report_id=receipt["report_id"], action="acknowledge", version=7)
        with pytest.raises(Problem) as refused:
            await used(running, lambda house: step(as_one_with("officer-token", house)))
        assert refused.value.code == "stale-version"
        assert refused.value.current == {"status": "received", "level": 1, "holder": "roads", "version": 1}


async def test_a_stream_that_ends_goes_on_behind_the_last_event() -> None:
    """What happens in between comes first, and nothing comes twice."""
    async with edge() as running:
        events = running.house.notification
        heard, waits = list[Any](), list[float]()

        def back() -> None:
            events.gone = False
            events.publish('{"n": 2}')

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            trio.from_thread.run_sync(back)

        def listen(house: House) -> None:
            with closing(as_one_with("officer-token", house).listen(until=time.monotonic() + 30)) as stream:
                for each in islice(stream, 3):
                    heard.append(each)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(used, running, listen, sleep)
            await until(lambda: heard == [None])
            events.publish('{"n": 1}')
            await until(lambda: len(heard) == 2)
            events.end()
        assert [(each.number, each.data) for each in heard[1:]] == [("1", {"n": 1}), ("2", {"n": 2})]
        assert [1 <= each <= 2.5 for each in waits] == [True]


async def test_the_access_token_is_renewed_in_time() -> None:
    """With the refresh token, once."""
    async with edge() as running:
        receipt = await used(
            running, lambda house: as_one_with("a token that is over", house, expires_in=0).submit(REPORT)
        )
        assert receipt["status"] == "received"
