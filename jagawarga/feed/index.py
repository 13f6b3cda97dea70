"""The public reports in memory: in order of time, of support and of place, and found by their words. No await here.

It holds the newest reports without a gap, down to a frontier that goes back in time while it is filled and comes
forward when it is full; older reports are not its matter. What is not public is refused, whoever brings it.

The newest stand last: a report that is filed goes to the end of a long list, and moves no other.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from itertools import chain, dropwhile, islice
from typing import TYPE_CHECKING, Final

from jagawarga.feed import cursors
from jagawarga.feed.places import Grid, metres_of, square
from jagawarga.feed.words import STEM, folded, likeness, stem, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from uuid import UUID

    from jagawarga.feed.cursors import Key
    from jagawarga.feed.messages import Point, Search, Sort
    from jagawarga.reports.messages import ReportView

    Place = tuple[Key, UUID]

MOST: Final = 200_000
"""Reports held."""
LOOKED: Final = 5_000
"""Reports looked at in order for one page; a page that ends here is short, and its cursor goes on."""
SCANNED: Final = 20_000
"""Reports sorted for one page, of a place or with a word."""
RADIUS: Final = 5_000
"""Metres that the nearest may be away."""
SIMILAR_RADIUS: Final = 500
SIMILAR: Final = 5
ENDED: Final = frozenset({"resolved", "closed", "rejected", "withdrawn"})
OLDEST: Final[Key] = (-1,)
"""Before every key."""
NEWEST: Final[Key] = (1 << 200,)
VOTED: Final = 3
"""Numbers in the key of a report that somebody supports; another's is of its time and its id."""
SPARE: Final = 20
"""One in so many is let go when it is full, at once: that takes as long as letting one go."""


class Entry:
    """One report; `shown` is its JSON without the closing brace, made when it is first asked for."""

    __slots__ = ("folded", "key", "number", "shown", "view")

    def __init__(self, view: ReportView, number: int) -> None:
        self.view = view
        self.number = number
        self.key: Key = (cursors.micros(view.created_at), view.report_id.int)
        self.folded = folded(words(f"{view.text} {view.place.address or ''} {view.place.landmark or ''}"))
        self.shown: bytes | None = None

    @property
    def point(self) -> tuple[float, float] | None:
        """Where it is, if it says so in degrees."""
        latitude, longitude = self.view.place[:2]
        return None if latitude is None or longitude is None else (latitude, longitude)


class Index:
    """All of it. `render` makes the JSON object of a report."""

    def __init__(self, render: Callable[[ReportView], bytes], most: int = MOST) -> None:
        self.render = render
        self.most = most
        self.entries: dict[UUID, Entry] = {}
        self.order: list[tuple[Key, UUID]] = []
        self.counts: dict[UUID, int] = {}
        self.supported: list[tuple[Key, UUID]] = []
        self.grid = Grid()
        self.postings: dict[str, array[int]] = {}
        self.numbers: dict[int, UUID] = {}
        self.next_number = 0
        self.dead = 0
        self.frontier: Key = NEWEST
        self.late: dict[UUID, int] = {}

    @property
    def complete(self) -> bool:
        """Whether every public report is here."""
        return self.frontier == OLDEST

    # --- changing

    def put(self, view: ReportView) -> None:
        """Take a report as it is now; one that is not public goes, one behind the frontier is left out."""
        if view.privacy != "public":
            self.remove(view.report_id)
            return
        held = self.entries.get(view.report_id)
        if held is not None and _lies_alike(held.view, view):
            held.view, held.shown = view, None
            return
        self.remove(view.report_id, keep_votes=True)
        entry = Entry(view, self.next_number)
        if entry.key < self.frontier:
            self.counts.pop(view.report_id, None)
            return
        self.next_number += 1
        self.entries[view.report_id] = entry
        self.numbers[entry.number] = view.report_id
        insort(self.order, (entry.key, view.report_id))
        if self.counts.get(view.report_id):
            insort(self.supported, (self._support_key(entry), view.report_id))
        if entry.point is not None:
            self.grid.add(view.report_id, *entry.point)
        for each in {stem(word) for word in entry.folded.split() if len(word) >= STEM}:
            numbers = self.postings.get(each)
            if numbers is None:
                self.postings[each] = array("Q", (entry.number,))
            else:
                numbers.append(entry.number)
        if len(self.order) > self.most:
            self._let_go(1 + self.most // SPARE)

    def remove(self, report_id: UUID, *, keep_votes: bool = False) -> None:
        """Forget a report; at once, for everybody."""
        entry = self.entries.get(report_id)
        if entry is not None:
            _drop(self.order, (entry.key, report_id))
            self._forget(entry, keep_votes=keep_votes)

    def _let_go(self, number: int) -> None:
        """Forget the oldest."""
        oldest = self.order[:number]
        del self.order[:number]
        for _, report_id in oldest:
            self._forget(self.entries[report_id], keep_votes=False)
        self.frontier = self.order[0][0] if self.order else NEWEST

    def _forget(self, entry: Entry, *, keep_votes: bool) -> None:
        """Take what is no longer in order out of all the rest."""
        report_id = entry.view.report_id
        del self.entries[report_id]
        if self.counts.get(report_id):
            _drop(self.supported, (self._support_key(entry), report_id))
        if not keep_votes:
            self.counts.pop(report_id, None)
        if entry.point is not None:
            self.grid.remove(report_id, *entry.point)
        del self.numbers[entry.number]
        self.dead += 1
        if self.dead > len(self.entries) + 10_000:
            self._compact()

    def fill(self, views: Iterable[ReportView], counts: Mapping[UUID, int], frontier: Key) -> None:
        """Take a page of the reports behind the frontier, which goes on to there.

        `counts` may be older than what was voted meanwhile: those are in `late`, and count.
        """
        self.frontier = frontier
        for view in views:
            self.put(view)
            self.set_votes(view.report_id, self.late.get(view.report_id, counts.get(view.report_id, 0)))
        if len(self.order) >= self.most:
            self.frontier = max(frontier, self.order[0][0])

    def set_votes(self, report_id: UUID, votes: int) -> None:
        """Say how many support a report."""
        entry = self.entries.get(report_id)
        if entry is None or self.counts.get(report_id, 0) == votes:
            return
        if self.counts.get(report_id):
            _drop(self.supported, (self._support_key(entry), report_id))
        if votes:
            self.counts[report_id] = votes
            insort(self.supported, (self._support_key(entry), report_id))
        else:
            self.counts.pop(report_id, None)

    # --- asking

    def page(self, search: Search) -> tuple[list[tuple[UUID, int | None]], str | None]:
        """Ids and distances of a page, and the cursor of the next; nothing for a text without a word."""
        if search.text and not words(search.text):
            return [], None
        match search.sort:
            case "nearest" if search.near is not None:
                listed = self._nearest(search, search.near)
            case "supported":
                listed = self._supported(search)
            case _:
                listed = self._newest(search)
        found: list[tuple[UUID, int | None]] = []
        last: Place | None = None
        fits = filter_of(search)
        for looked, place in enumerate(listed):
            if looked >= LOOKED or len(found) >= search.limit:
                assert last is not None
                key, report_id = last
                return found, cursors.write(_numbers(search.sort, key), report_id)
            last = key, report_id = place
            if fits is None or fits(self.entries[report_id]):
                found.append((report_id, None if search.near is None else self._asked(place, search.near, search.sort)))
        return found, None

    def similar(self, near: Point, category: str | None, text: str) -> list[tuple[UUID, int]]:
        """Open reports nearby, the most alike first: half is how near they are, half the words they share."""
        told = frozenset(words(text))
        ranked: list[tuple[float, int, int, UUID]] = []
        for squared, report_id in islice(self.grid.around(near, SIMILAR_RADIUS), SCANNED):
            entry = self.entries[report_id]
            view = entry.view
            # Of duplicates the one that all of them go along with is enough, if it is to be seen.
            if view.parent is not None or view.status in ENDED or (category is not None and view.category != category):
                continue
            away = metres_of(squared)
            score = 1.0 - away / SIMILAR_RADIUS + likeness(told, frozenset(entry.folded.split()))
            ranked.append((-score, away, entry.number, report_id))
        return [(report_id, away) for _, away, _, report_id in sorted(ranked)[:SIMILAR]]

    def shown(self, report_id: UUID, away: int | None = None) -> bytes:
        """The JSON of a report, with its votes."""
        entry = self.entries[report_id]
        if entry.shown is None:
            entry.shown = self.render(entry.view)[:-1]
        return finished(entry.shown, self.counts.get(report_id, 0), away)

    # --- inside

    def _newest(self, search: Search) -> Iterator[Place]:
        order = self._with_words(words(search.text or ""))
        end = len(order)
        if search.cursor is not None:
            (at,), after = cursors.read(search.cursor, 1)
            end = bisect_left(order, ((at, after.int), after))
        return _backwards(order, end)

    def _supported(self, search: Search) -> Iterator[Place]:
        """Those with votes, most first; then the others, newest first."""
        first, end = 0, len(self.order)
        if search.cursor is not None:
            (votes, at), after = cursors.read(search.cursor, 2)
            if votes:
                first = bisect_right(self.supported, ((-votes, -at, -after.int), after))
            else:
                first = len(self.supported)
                end = bisect_left(self.order, ((at, after.int), after))
        others = (place for place in _backwards(self.order, end) if not self.counts.get(place[1]))
        return chain(islice(self.supported, first, None), others)

    def _nearest(self, search: Search, near: Point) -> Iterator[Place]:
        """All within the radius, in order."""
        listed: Iterator[Place] = (((each,), report_id) for each, report_id in self.grid.around(near, RADIUS))
        listed = islice(listed, SCANNED)
        if search.cursor is None:
            return listed
        (squared,), after = cursors.read(search.cursor, 1)
        return dropwhile(lambda place: (place[0][0], place[1].int) <= (squared, after.int), listed)

    def _with_words(self, wanted: tuple[str, ...]) -> list[tuple[Key, UUID]]:
        """The reports that may hold all words, newest last: all, where the words are too short or too common."""
        lists = [self.postings.get(stem(each), array("Q")) for each in wanted if len(each) >= STEM]
        rarest = min(lists, key=len, default=None)
        if rarest is None or len(rarest) > SCANNED:
            return self.order
        ids = (self.numbers.get(number) for number in rarest)
        return sorted((self.entries[each].key, each) for each in ids if each is not None)

    def _asked(self, place: Place, near: Point, sort: Sort) -> int | None:
        """How far away it is."""
        key, report_id = place
        if sort == "nearest":
            return metres_of(key[0])
        point = self.entries[report_id].point
        return None if point is None else metres_of(square(near, *point))

    def _support_key(self, entry: Entry) -> Key:
        at, number = entry.key
        return (-self.counts[entry.view.report_id], -at, -number)

    def _compact(self) -> None:
        """Forget the numbers of those that went; as much work as there are words, and as rare as that is long."""
        self.dead = 0
        for each, numbers in list(self.postings.items()):
            kept = array("Q", (number for number in numbers if number in self.numbers))
            if kept:
                self.postings[each] = kept
            else:
                del self.postings[each]


def filter_of(search: Search) -> Callable[[Entry], bool] | None:
    """Tell what a report must be, by no more than what is asked for; `None` where that is nothing."""
    category, area, status, since = search.category, search.area, search.status, search.since
    begun = [f" {each}" for each in words(search.text or "")]
    if not begun and (category, area, status, since) == (None, None, None, None):
        return None

    def fits(entry: Entry) -> bool:
        view = entry.view
        return (
            (category is None or view.category == category)
            and (status is None or view.status == status)
            and (area is None or _within(view.area, area))
            and (since is None or view.created_at >= since)
            and (not begun or all(each in entry.folded for each in begun))
        )

    return fits


def finished(shown: bytes, votes: int, away: int | None) -> bytes:
    """The JSON of a report, closed with what changes more often than the rest."""
    return (
        b'%b,"votes":%d}' % (shown, votes) if away is None else b'%b,"votes":%d,"distance":%d}' % (shown, votes, away)
    )


def _lies_alike(one: ReportView, other: ReportView) -> bool:
    """Tell whether a report stays where it is: most changes are of its status."""
    return one.created_at == other.created_at and one.text == other.text and one.place == other.place


def _backwards(ordered: list[tuple[Key, UUID]], end: int) -> Iterator[tuple[Key, UUID]]:
    """Those before `end`, the last first."""
    return map(ordered.__getitem__, range(end - 1, -1, -1))


def _numbers(sort: Sort, key: Key) -> tuple[int, ...]:
    """What a cursor says of a place in this order, beside the id; none of it is below nothing."""
    match sort:
        case "supported":
            return (-key[0], -key[1]) if len(key) == VOTED else (0, key[0])
        case _:
            return key[:1]


def _drop(ordered: list[tuple[Key, UUID]], item: tuple[Key, UUID]) -> None:
    place = bisect_left(ordered, item)
    if place < len(ordered) and ordered[place] == item:
        del ordered[place]


def _within(area: str | None, wanted: str) -> bool:
    """Tell whether the area is the wanted one, or a kelurahan of it."""
    return area is not None and (area == wanted or area.startswith(f"{wanted}."))
