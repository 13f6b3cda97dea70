"""Whatever happens to reports, the feed shows those that are public, and pages of it neither repeat nor miss one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from jagawarga.edge.views import shown_in_feed
from jagawarga.feed.cursors import micros
from jagawarga.feed.index import ENDED, OLDEST, Index
from jagawarga.feed.messages import Point, Search
from jagawarga.reports.messages import Place, ReportView
from tests.edge_doors import FakeCatalogue

SHOWN = partial(shown_in_feed, catalogue=FakeCatalogue())

START = datetime(2026, 11, 23, tzinfo=UTC)
HERE = Point(-6.2, 106.8)
TEXTS = ("jalan berlubang besar", "lampu jalan padam", "sampah menumpuk")

numbers = st.integers(0, 9)
views = st.builds(
    lambda number, privacy, text, status, step: ReportView(
        report_id=UUID(int=number + 1),
        privacy=privacy,
        category="roads" if number % 2 else "waste",
        area="gambir",
        text=text,
        place=Place(HERE.latitude + step / 1000, HERE.longitude) if number % 3 else Place(address="Jalan Merdeka"),
        status=status,
        agency="roads",
        holder="roads",
        level=0,
        version=1,
        # Some at the same moment: the order has to be one nevertheless.
        created_at=START + timedelta(seconds=number // 2),
        due_at=None,
    ),
    numbers,
    st.sampled_from(["public", "public", "private", "anonymous"]),
    st.sampled_from(TEXTS),
    st.sampled_from(["received", "in_progress", "resolved"]),
    st.integers(0, 9),
)
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("put"), views),
        st.tuples(st.just("remove"), numbers),
        st.tuples(st.just("vote"), st.tuples(numbers, st.integers(0, 3))),
    ),
    max_size=40,
)
SEARCHES = (
    Search(),
    Search("supported"),
    Search("nearest", HERE),
    Search(text="jalan"),
    Search(category="roads", status="received"),
    Search(text="lam jal"),
    Search(text="berl jal"),
    Search("supported", text="lam jal"),
)


def lived(events: list[tuple[str, Any]]) -> tuple[Index, dict[UUID, ReportView], dict[UUID, int]]:
    """The index after it all, and the plainest model of what it must hold."""
    index, model, votes = Index(SHOWN), dict[UUID, ReportView](), dict[UUID, int]()
    index.frontier = OLDEST
    for kind, what in events:
        match kind:
            case "put":
                index.put(what)
                model.pop(what.report_id, None)
                if what.privacy == "public":
                    model[what.report_id] = what
                else:
                    votes.pop(what.report_id, None)
            case "remove":
                index.remove(UUID(int=what + 1))
                model.pop(UUID(int=what + 1), None)
                votes.pop(UUID(int=what + 1), None)
            case _:
                report_id = UUID(int=what[0] + 1)
                index.set_votes(report_id, what[1])
                if report_id in model:
                    votes[report_id] = what[1]
    return index, model, votes


def fits(view: ReportView, search: Search) -> bool:
    told = f"{view.text} {view.place.address or ''}".casefold().split()
    return (
        search.category in {None, view.category}
        and search.status in {None, view.status}
        and all(any(word.startswith(each) for word in told) for each in (search.text or "").split())
        and (search.sort != "nearest" or view.place.latitude is not None)
    )


def pages(index: Index, search: Search, limit: int) -> list[UUID]:
    """All pages of a search, one after the other."""
    found: list[UUID] = []
    cursor = None
    while True:
        page, cursor = index.page(Search(**{**_fields(search), "cursor": cursor, "limit": limit}))
        assert len(page) <= limit
        found += [report_id for report_id, _ in page]
        if cursor is None:
            return found


def _fields(search: Search) -> dict[str, Any]:
    return {name: getattr(search, name) for name in search.__slots__}


@given(happenings, st.sampled_from(SEARCHES), st.integers(1, 5))
def test_all_pages_together_are_the_public_reports(events: list[tuple[str, Any]], search: Search, limit: int) -> None:
    """Each that fits is there once, and no other is."""
    index, model, votes = lived(events)
    wanted = {each for each, view in model.items() if fits(view, search)}
    found = pages(index, search, limit)
    assert set(found) == wanted
    assert len(found) == len(wanted)

    def newest(each: UUID) -> tuple[int, int]:
        return -micros(model[each].created_at), -each.int

    if search.sort == "newest":
        assert found == sorted(wanted, key=newest)
    if search.sort == "supported":
        assert found == sorted(wanted, key=lambda each: (-votes.get(each, 0), *newest(each)))
    assert all(f'"votes":{votes.get(each, 0)}' in index.shown(each).decode() for each in found)


@given(happenings)
def test_similar_reports_are_public_and_open(events: list[tuple[str, Any]]) -> None:
    """Nobody is sent to a report that is over, or hidden."""
    index, model, _ = lived(events)
    found = index.similar(HERE, None, "jalan berlubang")
    assert len(found) <= 5
    assert all(model[each].status not in ENDED and away <= 500 for each, away in found)


@given(happenings, st.integers(1, 6))
def test_a_bounded_memory_holds_the_newest_without_a_gap(events: list[tuple[str, Any]], most: int) -> None:
    """It never holds more than its bound, and nothing newer than what it holds is missing."""
    index, model = Index(SHOWN, most), dict[UUID, ReportView]()
    index.frontier = OLDEST
    for kind, what in events:
        if kind == "put":
            index.put(what)
            model.pop(what.report_id, None)
            if what.privacy == "public":
                model[what.report_id] = what
    held = [each for _, each in reversed(index.order)]
    assert len(held) <= most
    order = sorted(model, key=lambda each: (-micros(model[each].created_at), -each.int))
    inside = [each for each in order if (micros(model[each].created_at), each.int) >= index.frontier]
    assert held == inside


@given(happenings)
def test_nothing_is_left_of_what_went(events: list[tuple[str, Any]]) -> None:
    """Every part of the memory is empty when all reports are gone."""
    index, model, _ = lived(events)
    for each in model:
        index.remove(each)
    left = (index.entries, index.order, index.supported, index.counts, index.grid.cells, index.numbers)
    assert not any(left)


def test_votes_counted_while_a_page_is_read_are_not_lost() -> None:
    """The page's own counts are older."""
    index = Index(SHOWN)
    view = lived([("put", ONE)])[1][ONE.report_id]
    index.late[view.report_id] = 3
    index.fill([view], {view.report_id: 2}, OLDEST)
    assert index.counts == {view.report_id: 3}


ONE = ReportView(
    UUID(int=1), "public", "roads", None, "x", Place(address="y"), "received", "roads", "roads", 0, 1, START, None
)
