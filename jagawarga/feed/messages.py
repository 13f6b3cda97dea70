"""Values of the feed context: what may be asked of the public reports, and what others than their reporters do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, Protocol
from uuid import UUID

from jagawarga.reports.messages import Status

Sort = Literal["newest", "supported", "nearest"]


class Point(NamedTuple):
    """A place, WGS 84 degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Search:
    """A page of the feed: the order, where it goes on, and what a report must be; `None` is anything.

    `near` is needed for `nearest`, and only asks for distances in the other orders. `text` are words, or their
    beginnings, that must all be there.
    """

    sort: Sort = "newest"
    near: Point | None = None
    category: str | None = None
    area: str | None = None
    status: Status | None = None
    since: datetime | None = None
    text: str | None = None
    cursor: str | None = None
    limit: int = 50


class Found(NamedTuple):
    """Reports as JSON objects, ready to be sent; `complete` is false while the memory still fills."""

    items: tuple[bytes, ...]
    cursor: str | None
    complete: bool


class Support(NamedTuple):
    """How a report stands with somebody: the votes of all, and whether this one voted or follows."""

    votes: int


class FeedDoor(Protocol):
    """What the edge may ask of the feed. Nothing of it ever shows a report that is not public."""

    async def page(self, search: Search) -> Found:
        """A page; from memory alone but for the oldest reports. `Invalid` for a cursor that is none of ours."""

    async def similar(self, near: Point, category: str | None, text: str) -> Found:
        """The open public reports nearby that are most like one that somebody is about to file, best first."""

    async def votes(self, report_id: UUID) -> int:
        """How many support a report."""

    async def support(
        self, pseudonym: str, report_id: UUID, *, person: str, vote: bool | None, follow: bool | None
    ) -> Support:
        """Vote and follow (true), or no longer (false); durable before it returns, and the same when done twice.

        A vote is one of the `person`, whatever account they have by now.
        `NotFound` for a report that is not public, `Unavailable` while the database is away.
        """

    def forget(self, report_id: UUID) -> None:
        """Show a report no more, at once: its reporter took it back, and the event may be long on its way."""

    async def follows(self, pseudonym: str, cursor: str | None, limit: int) -> Found:
        """The public reports a pseudonym follows, by id."""
