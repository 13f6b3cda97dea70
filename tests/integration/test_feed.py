"""The feed over a real database and broker: what is public is shown, and votes are on disk before the answer."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import trio

from jagawarga.edge.views import shown_in_feed
from jagawarga.errors import NotFound, Unavailable
from jagawarga.feed.messages import Search
from jagawarga.feed.service import Feed
from jagawarga.feed.tree import feed_tree
from jagawarga.plumbing.keys import Keyring
from jagawarga.reports.messages import Wish
from supervisors.requests import RestartChild, TerminateChild
from supervisors.testing import running
from tests.integration.test_reports import PLUMBING, House, built

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from jagawarga.reports.messages import ReportEvent

pytestmark = pytest.mark.both_databases


@asynccontextmanager
async def context(url: str, nats_url: str, path: Path) -> AsyncIterator[tuple[House, Feed, list[ReportEvent]]]:
    """Reports, and the feed beside them; what followers are told is gathered in a list."""
    told: list[ReportEvent] = []

    async def tell(events: Sequence[ReportEvent]) -> None:
        told.extend(events)

    async with built(url, nats_url, path) as house:
        keyring = Keyring({1: b"k" * 32})
        feed = Feed(
            house.database,
            house.stream,
            keyring,
            house.reports,
            render=partial(shown_in_feed, catalogue=house.catalogue),
            tell=tell,
        )
        # The broker is shared: what other tests have left there is nobody's here.
        while left := await house.stream.fetch("feed", 500, 0.2):
            await house.stream.ack(left)
        async with running(feed_tree(feed)):
            yield house, feed, told


async def shown(feed: Feed) -> list[dict[str, Any]]:
    return [json.loads(each) for each in (await feed.page(Search("supported"))).items]


async def test_a_feed_shows_what_is_public_and_how_it_stands(
    fresh_database_url: str, nats_url: str, tmp_path: Path
) -> None:
    """A public report is there once its event is, and moves; others never are, and can not be voted for."""
    async with context(fresh_database_url, nats_url, tmp_path) as (house, feed, told):
        hidden = [(await house.file(each)).report_id for each in ("private", "anonymous")]
        report_id = (await house.file("public")).report_id

        async def there() -> bool:
            return report_id in feed.index.entries

        await house.until(there)
        for each in hidden:
            with pytest.raises(NotFound):
                await feed.support("p-2", each, person="p-2", vote=True, follow=None)
        assert (await feed.support("p-2", report_id, person="p-2", vote=True, follow=True)).votes == 1
        # What the authorities note for themselves is nobody's news, whoever follows.
        await house.reports.act("lurah", report_id, Wish("note", "untuk kami"))
        await house.reports.act("lurah", report_id, Wish("assign", officer="o-1"))
        await house.reports.act("lurah", report_id, Wish("acknowledge"))

        async def moved() -> bool:
            return bool(told) and (await shown(feed))[0]["status"] == "acknowledged"

        await house.until(moved)
        assert [UUID(each["report_id"]) for each in await shown(feed)] == [report_id]
        assert {(each.report_id, each.reporter, each.type) for each in told} == {
            (report_id, "p-2", "report.acknowledged")
        }

        # Taken back, it is nobody's any more.
        other = (await house.file("public")).report_id

        async def both() -> bool:
            return len(await shown(feed)) == 2

        await house.until(both)
        await house.reports.act_as_reporter("p-1", other, Wish("withdraw"))

        async def one() -> bool:
            return len(await shown(feed)) == 1

        await house.until(one)


async def test_votes_are_exact_after_kills_at_any_moment(
    fresh_database_url: str, nats_url: str, tmp_path: Path
) -> None:
    """Who was answered is counted, nobody twice; and the row of a vote does not tell whose it is."""
    async with context(fresh_database_url, nats_url, tmp_path) as (house, feed, _):
        report_id = (await house.file("public")).report_id
        answered: set[str] = set()

        async def one(who: str) -> None:
            try:
                await feed.support(who, report_id, person=who, vote=True, follow=None)
            except Unavailable:
                return
            answered.add(who)

        for _ in range(2):
            async with trio.open_nursery() as nursery:
                for number in range(150):
                    nursery.start_soon(one, f"p-{number}")
                    if number % 50 == 49:
                        await trio.sleep(0.005)
                        process = feed.writer.whereis()
                        if process is not None:
                            process.exit("kill")
        stored = (await feed.store.counts([report_id])).get(report_id, 0)
        assert len(answered) <= stored <= 150

        async def counted() -> bool:
            return [each["votes"] for each in await shown(feed)] == [stored]

        await house.until(counted)


async def test_without_the_database_the_feed_is_read_and_no_vote_is_promised(
    fresh_database_url: str, nats_url: str, tmp_path: Path
) -> None:
    """Memory answers; a vote is refused as unavailable, and taken when the database is back."""
    async with context(fresh_database_url, nats_url, tmp_path) as (house, feed, _):
        report_id = (await house.file("public")).report_id

        async def there() -> bool:
            return report_id in feed.index.entries

        await house.until(there)
        await PLUMBING.call(TerminateChild("database"))
        assert len(await shown(feed)) == 1
        with pytest.raises(Unavailable):
            await feed.support("p-2", report_id, person="p-2", vote=True, follow=None)
        assert [each["votes"] for each in await shown(feed)] == [0]
        await PLUMBING.call(RestartChild("database"), timeout=20)
        assert (await feed.support("p-2", report_id, person="p-2", vote=True, follow=None)).votes == 1
