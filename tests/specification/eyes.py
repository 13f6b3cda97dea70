"""Everybody looks: each way of seeing a report, held against what the model says that one sees."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from tests.specification import views
from tests.specification.story import refusal
from tests.specification.tables import OPEN
from tests.specification.world import CITIZENS, EAST, HEADS, OFFICERS, WEST, Actor

if TYPE_CHECKING:
    from tests.specification.story import Known, Story
    from tests.specification.town import Answer

NOTICE: Final = ("report_id", "type", "status", "holder", "at")


class Eyes:
    """Those of all who are in a story."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.ask = story.town.ask

    # --- one report

    def look_at(self, known: Known) -> None:
        """As everybody."""
        seen, report_id = self.story.seen(known), known.report_id
        for officer in (*OFFICERS.values(), HEADS[known.report.holder]):
            self.see(officer, f"/v1/agency/reports/{report_id}", views.for_authority(seen, officer))
        for citizen in CITIZENS:
            self.see(citizen, f"/v1/me/reports/{report_id}", views.for_citizen(seen, citizen))
        self.see(None, f"/v1/reports/{report_id}", views.for_anyone(seen))
        self._track(known)

    def glance_at(self, known: Known) -> None:
        """From inside, and from outside: all that others see is made of these."""
        holder, path = OFFICERS[known.report.holder], f"/v1/agency/reports/{known.report_id}"
        self.see(holder, path, views.for_authority(self.story.seen(known), holder))
        self._track(known)

    def _track(self, known: Known) -> None:
        answer = self.ask(None, "GET", "/v1/tracking", None, {"Tracking-Code": known.code})
        assert answer.content == views.progress(known.report)

    def see(self, who: Actor | None, path: str, expected: dict[str, Any] | None) -> None:
        """Who may not see it is answered as if it did not exist."""
        answer = self.ask(who, "GET", path)
        if expected is None:
            assert refusal(answer) == self.story.nothing
        else:
            assert answer.status == 200, answer
            assert views.plainly(answer.content) == expected
        self._names_nobody(answer)

    # --- lists

    def look_at_lists(self) -> None:
        """Of everybody."""
        for officer in OFFICERS.values():
            self._look_at_desk(officer)
        for citizen in CITIZENS:
            self._look_at_own(citizen)
        self._look_at_feed()

    def _look_at_desk(self, officer: Actor) -> None:
        begun, agency = str(views.moment(self.story.begun)), officer.name
        theirs = [self.story.seen(each) for each in self.story.known if agency in each.report.authorities]
        items = [each for each in self.all(officer, "/v1/agency/reports") if each["created_at"] >= begun]
        assert by_id(items) == {each.report_id: views.inside(each) for each in theirs}
        assert newest_first(items)
        queue = self.all(officer, "/v1/agency/queue")
        # Who has a duplicate on the desk would do the work twice.
        held = [it for it in theirs if it.report.holder == agency and it.report.status in OPEN and not it.report.parent]
        assert by_id(queue) == {each.report_id: views.desk(each, officer) for each in held}
        dues = [each["due_at"] or "never" for each in queue]
        assert dues == sorted(dues), "the nearest deadline is not the first"

    def _look_at_own(self, citizen: Actor) -> None:
        known = self.story.known
        items = self.all(citizen, "/v1/me/reports")
        own = [self.story.seen(each) for each in known if each.report.owner == citizen]
        assert by_id(items) == {each.report_id: views.outside(each) for each in own}
        assert newest_first(items)
        followed = {each.report_id for each in known if citizen in each.followers and views.is_public(each.report)}
        assert by_id(self.all(citizen, "/v1/me/follows")).keys() == followed

    def _look_at_feed(self) -> None:
        """What is withdrawn is gone at once; what is new or has moved may take a moment."""
        public = [self.story.seen(each) for each in self.story.known if views.is_public(each.report)]
        expected = {each.report_id: views.in_the_feed(each) for each in public}

        def look() -> bool:
            items = self.all(None, "/v1/reports", since=str(views.moment(self.story.begun)))
            assert by_id(items).keys() <= expected.keys(), "there is something in the feed that is not public"
            return by_id(items) == expected and newest_first(items)

        self.story.town.until(look, f"a feed with {expected}")

    # --- what takes its time

    def look_at_what_has_arrived(self) -> None:
        """Inboxes have what was to be told, once each; search and likeness find what is public, and nothing else."""
        self.story.town.settle()
        for citizen, expected in self.story.told.items():
            items = self.all(citizen, "/v1/me/notifications")
            assert Counter(tuple(each[name] for name in NOTICE) for each in items) == expected
        for known in self.story.known:
            self.look_at(known)
            found = [each["report_id"] for each in self.all(None, "/v1/reports", text=known.mark)]
            assert found == ([known.report_id] if views.is_public(known.report) else [])
        for spot in (WEST, EAST):
            place = {"latitude": str(spot.latitude), "longitude": str(spot.longitude)}
            alike = self.ask(None, "GET", "/v1/reports/similar", None, None, **place).content["items"]
            here = [each for each in self.story.known if each.report.spot == spot and views.is_public(each.report)]
            # Of duplicates the one that all go along with is enough, where it is to be seen.
            fresh = {each.report_id for each in here if each.report.status in OPEN and not self.story.seen(each).parent}
            assert by_id(alike).keys() == fresh

    def look_into_the_database(self) -> None:
        """An anonymous report is nobody's there, either."""
        for known in self.story.known:
            if known.report.privacy == "anonymous":
                assert self.story.town.house.control("stored", report_id=known.report_id)["reporter"] is None

    # --- seeing

    def all(self, who: Actor | None, path: str, **query: str) -> list[dict[str, Any]]:
        """The first page of a list: a story fills no more of it."""
        answer = self.ask(who, "GET", path, None, None, limit="100", **query)
        assert answer.status == 200, answer
        self._names_nobody(answer)
        return [views.plainly(each) for each in answer.content["items"]]

    def _names_nobody(self, answer: Answer) -> None:
        """No view of a report tells who filed it."""
        people = self.story.town.people.values()
        assert not any(person.nik in answer.text or person.name in answer.text for person in people)


def by_id(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """A list's reports, none of which is there twice."""
    found = {each["report_id"]: each for each in items}
    assert len(found) == len(items), "something is there twice"
    return found


def newest_first(items: list[dict[str, Any]]) -> bool:
    """Tell whether they are in order."""
    times = [each["created_at"] for each in items]
    return times == sorted(times, reverse=True)
