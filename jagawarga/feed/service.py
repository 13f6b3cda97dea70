"""What the feed does for others: pages out of memory, and votes that are on disk before anybody is told so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from jagawarga.errors import Unavailable
from jagawarga.feed import cursors
from jagawarga.feed.index import Index, finished
from jagawarga.feed.messages import Found, Support
from jagawarga.feed.store import Change, Store
from jagawarga.plumbing.writer import commit
from supervisors import Registry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from jagawarga.feed.messages import Point, Search
    from jagawarga.plumbing.bus import Bus
    from jagawarga.plumbing.database import Database
    from jagawarga.plumbing.keys import Keyring
    from jagawarga.reports.messages import ReportEvent, ReportsDoor, ReportView

    Tell = Callable[[Sequence[ReportEvent]], Awaitable[None]]

VOTE: Final = "feed-vote"
"""The key's purpose."""


class Feed:
    """The concrete `FeedDoor`; a handle made once, its actors are `tree.feed_tree(self)`.

    The memory is its keeper's: a new keeper begins with an empty one, and while that fills, pages that go beyond it
    come from the database.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        keyring: Keyring,
        reports: ReportsDoor,
        *,
        render: Callable[[ReportView], bytes],
        tell: Tell,
    ) -> None:
        """`render` makes a report's JSON object; `tell` puts events into the inboxes of those they name."""
        self.store = Store(database)
        self.bus = bus
        self.keyring = keyring
        self.reports = reports
        self.render = render
        self.tell = tell
        self.writer = Registry("feed-parts").name("writer")
        self.index = Index(render)

    async def page(self, search: Search) -> Found:
        """A page; from memory alone but for the oldest reports."""
        index = self.index
        found, cursor = index.page(search)
        items = tuple(index.shown(report_id, away) for report_id, away in found)
        filters = (search.category, search.area, search.status, search.since, search.text, search.near)
        if cursor is not None or index.complete or search.sort != "newest" or any(filters):
            return Found(items, cursor, index.complete)
        last = search.cursor
        if found:
            entry = index.entries[found[-1][0]]
            last = cursors.write((entry.key[0],), entry.view.report_id)
        return await self._older(items, last, search.limit)

    async def _older(self, items: tuple[bytes, ...], last: str | None, limit: int) -> Found:
        """Fill a page up with what the memory does not hold; without the database a page ends where memory does."""
        if len(items) >= limit:
            return Found(items, last, complete=False)
        try:
            page = await self.reports.list_public(cursor=last, limit=limit - len(items))
            counts = await self.store.counts([each.report_id for each in page.items]) if page.items else {}
        except Unavailable:
            if not items:
                raise
            return Found(items, last, complete=False)
        shown = (finished(self.render(each)[:-1], counts.get(each.report_id, 0), None) for each in page.items)
        return Found((*items, *shown), page.cursor, complete=False)

    async def similar(self, near: Point, category: str | None, text: str) -> Found:
        """The open public reports nearby that are most like one that somebody is about to file."""
        index = self.index
        found = index.similar(near, category, text)
        return Found(tuple(index.shown(report_id, away) for report_id, away in found), None, index.complete)

    async def votes(self, report_id: UUID) -> int:
        """How many support a report."""
        if report_id in self.index.entries:
            return self.index.counts.get(report_id, 0)
        return (await self.store.counts([report_id])).get(report_id, 0)

    async def support(
        self, pseudonym: str, report_id: UUID, *, person: str, vote: bool | None, follow: bool | None
    ) -> Support:
        """Vote and follow, or no longer; durable before it returns."""
        if report_id not in self.index.entries:
            await self.reports.open_public(report_id)
        voter = self.keyring.digest(VOTE, report_id.bytes + person.encode())
        return Support(await commit(self.writer, Change(report_id, voter, pseudonym, vote, follow)))

    def forget(self, report_id: UUID) -> None:
        """Show a report no more; a keeper that fills later reads the database, which has it withdrawn."""
        self.index.remove(report_id)

    async def write(self, batch: Sequence[Change]) -> list[int]:
        """Write a batch and count it; the writer's, and nobody else's.

        The counts are those of the database, so a writer that is killed before it told the memory leaves it behind
        by what it had written: the keeper behind it starts again as well, and counts anew.
        """
        counts = await self.store.write(batch)
        for report_id, votes in counts.items():
            self.index.late[report_id] = votes
            self.index.set_votes(report_id, votes)
        return [counts[each.report_id] for each in batch]

    async def follows(self, pseudonym: str, cursor: str | None, limit: int) -> Found:
        """The public reports a pseudonym follows, by id."""
        after = UUID(int=0) if cursor is None else cursors.read(cursor, 0)[1]
        ids = await self.store.followed(pseudonym, after, limit + 1)
        shown = {each: self.index.shown(each) for each in ids[:limit] if each in self.index.entries}
        missing = [each for each in ids[:limit] if each not in shown]
        if missing:
            counts = await self.store.counts(missing)
            for view in await self.reports.list_public_of(missing):
                shown[view.report_id] = finished(self.render(view)[:-1], counts.get(view.report_id, 0), None)
        more = cursors.write((), ids[limit - 1]) if len(ids) > limit else None
        return Found(tuple(shown[each] for each in ids[:limit] if each in shown), more, complete=True)
