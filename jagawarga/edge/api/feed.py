"""Other people's public reports: the feed, what is like one's own, and "this is mine too"."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from jagawarga.edge import shapes, views
from jagawarga.edge.bodies import WRONG, Key, Latitude, Line, Longitude, NoQuery, PageQuery, Query
from jagawarga.edge.problems import encode
from jagawarga.edge.routing import Answer, Ask, Route, Says
from jagawarga.errors import Invalid
from jagawarga.feed.messages import Point, Search
from jagawarga.reports.messages import Status

if TYPE_CHECKING:
    from jagawarga.feed.messages import Found

Words = Annotated[Line, Field(min_length=2, max_length=200)]
REVALIDATED = {"Cache-Control": "public, no-cache"}
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


class FeedQuery(PageQuery):
    """A page of the feed: its order, and what the reports must be."""

    sort: Literal["newest", "supported", "nearest"] = "newest"
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    category: Key | None = None
    area: Key | None = None
    status: Status | None = None
    since: AwareDatetime | None = None
    text: Words | None = None

    def search(self) -> Search:
        """Return the search; `Invalid` for half a point, or for `nearest` to nothing."""
        near = None
        if self.latitude is not None and self.longitude is not None:
            near = Point(self.latitude, self.longitude)
        elif self.latitude is not None or self.longitude is not None:
            missing = "longitude" if self.longitude is None else "latitude"
            raise Invalid(WRONG, fields={missing: "must come with the other coordinate"})
        elif self.sort == "nearest":
            needed = "must be given: nearest to where?"
            raise Invalid(WRONG, fields={"latitude": needed, "longitude": needed})
        return Search(
            self.sort, near, self.category, self.area, self.status, self.since, self.text, self.cursor, self.limit
        )


class SimilarQuery(Query):
    """A report that somebody is about to file."""

    latitude: Latitude
    longitude: Longitude
    category: Key | None = None
    text: Annotated[Line, Field(max_length=2000)] = ""


async def feed(ask: Ask[FeedQuery, None]) -> Answer:
    """List public reports, the newest, the most supported or the nearest first."""
    return tagged(ask, await ask.doors.feed.page(ask.query.search()))


async def similar(ask: Ask[SimilarQuery, None]) -> Answer:
    """List up to five open public reports nearby that may be the same."""
    asked = ask.query
    near = Point(asked.latitude, asked.longitude)
    return tagged(ask, await ask.doors.feed.similar(near, asked.category, asked.text))


async def report(ask: Ask[NoQuery, None]) -> Answer:
    """Show one public report."""
    found = await ask.doors.reports.open_public(ask.report_id)
    votes = await ask.doors.feed.votes(ask.report_id)
    return revalidated(ask, encode(views.published(found, ask.doors.catalogue, votes)))


async def vote(ask: Ask[NoQuery, None]) -> Answer:
    """Support a public report; one vote a person, however often it is sent."""
    return await _support(ask, vote=True, follow=None)


async def unvote(ask: Ask[NoQuery, None]) -> Answer:
    """Take one's vote back."""
    return await _support(ask, vote=False, follow=None)


async def follow(ask: Ask[NoQuery, None]) -> Answer:
    """Say "this is mine too": a vote, and news of the report in one's inbox."""
    return await _support(ask, vote=True, follow=True)


async def unfollow(ask: Ask[NoQuery, None]) -> Answer:
    """Follow a report no longer; the vote stays."""
    return await _support(ask, vote=None, follow=False)


async def follows(ask: Ask[PageQuery, None]) -> Answer:
    """List the public reports that the caller follows."""
    found = await ask.doors.feed.follows(ask.principal.pseudonym, ask.query.cursor, ask.query.limit)
    return Answer(_body(found))


async def _support(ask: Ask[Any, Any], *, vote: bool | None, follow: bool | None) -> Answer:
    caller = ask.principal
    person = ask.doors.identity.person(caller)
    support = await ask.doors.feed.support(caller.pseudonym, ask.report_id, person=person, vote=vote, follow=follow)
    shown: shapes.Votes = {"report_id": str(ask.report_id), "votes": support.votes}
    return Answer(shown)


def tagged(ask: Ask[Any, Any], found: Found) -> Answer:
    """Answer with a page, or with 304 to who has it."""
    return revalidated(ask, _body(found))


def revalidated(ask: Ask[Any, Any], body: bytes) -> Answer:
    """Answer with a body and its tag (RFC 9110, 8.8.3), or with 304 and no body to who has it."""
    tag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    headers = REVALIDATED | {"ETag": tag}
    known = {each.strip().removeprefix("W/") for each in (ask.header("If-None-Match") or "").split(",")}
    if tag in known or "*" in known:
        return Answer(b"", 304, headers=headers)
    return Answer(body, headers=headers)


def _body(found: Found) -> bytes:
    """Put the page together from what is ready."""
    end = encode({"cursor": found.cursor, "complete": found.complete})[1:]
    return b'{"items":[%b],%b' % (b",".join(found.items), end)


TAGGED = ("Cache-Control", "ETag")
KNOWN = ("If-None-Match",)
PAGE = (Says(200, shapes.Feed, headers=TAGGED), Says(304, headers=TAGGED))
VOTES = (Says(200, shapes.Votes),)
ROUTES = (
    Route("GET", "/v1/reports", feed, query=FeedQuery, reads=KNOWN, answers=PAGE),
    Route("GET", "/v1/reports/similar", similar, query=SimilarQuery, reads=KNOWN, answers=PAGE),
    Route(
        "GET", "/v1/reports/<report_id>", report, reads=KNOWN,
        answers=(Says(200, shapes.PublishedReport, headers=TAGGED), Says(304, headers=TAGGED)),
    ),
    Route("PUT", "/v1/reports/<report_id>/vote", vote, who="citizen", allowance="vote", answers=VOTES),
    Route("DELETE", "/v1/reports/<report_id>/vote", unvote, who="citizen", allowance="vote", answers=VOTES),
    Route("PUT", "/v1/reports/<report_id>/follow", follow, who="citizen", allowance="vote", answers=VOTES),
    Route("DELETE", "/v1/reports/<report_id>/follow", unfollow, who="citizen", allowance="vote", answers=VOTES),
    Route("GET", "/v1/me/follows", follows, who="citizen", query=PageQuery, answers=(Says(200, shapes.Feed),)),
)  # fmt: skip
