"""One story in the house: its reports, what is done to them, and what the model makes of it."""

from __future__ import annotations

import string
import uuid
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from tests.specification import views
from tests.specification.families import followed, merged
from tests.specification.pictures import picture
from tests.specification.steps import (
    NO_SUCH_REPORT,
    NOT_NOW,
    Outcome,
    Refused,
    Report,
    Wish,
    by_authority,
    by_reporter,
    filed,
    lapses,
)
from tests.specification.tables import INTERNAL, OWN_DOING
from tests.specification.views import Seen
from tests.specification.wishes import said
from tests.specification.world import CITIZENS, EAST, OFFICERS, WEST, Actor, floor

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.specification.town import Answer, Town

MARGIN: Final = timedelta(seconds=1)
"""What is overdue by less than half a second may still be on its way."""
STALE: Final = {"If-Match": '"999"'}
_marks = count(1)


@dataclass(slots=True)
class Known:
    """A report: how the house calls it, its word that no other has, what the model holds it for, and who supports it."""

    report_id: str
    code: str
    mark: str
    report: Report
    votes: set[Actor] = field(default_factory=set)
    followers: set[Actor] = field(default_factory=set)


class Story:
    """What has happened so far. What moved since somebody looked is in `touched`, what would not in `refused`."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.known: list[Known] = []
        self.touched: list[Known] = []
        self.refused: list[Known] = []
        self.told: dict[Actor, Counter[tuple[Any, ...]]] = {each: Counter() for each in CITIZENS}
        self.begun = floor(town.now) + timedelta(minutes=5)
        town.move_to(self.begun + timedelta(seconds=17))
        town.newcomers()
        self.nothing = refusal(town.ask(None, "GET", f"/v1/reports/{uuid.uuid4()}"))
        """What is said of a report that does not exist."""

    # --- what people do

    def file(self, who: Actor, privacy: str, category: str, *, east: bool, attachments: tuple[str, ...] = ()) -> Known:
        """Somebody reports something; sent twice it is one."""
        spot = EAST if east else WEST
        mark = "tanda" + "".join(string.ascii_lowercase[int(each)] for each in str(next(_marks)))
        report = filed(privacy, category, f"Rusak sekali {mark}", spot, who, now=self.town.now)
        report = replace(report, attachments=len(attachments))
        place = {"latitude": spot.latitude, "longitude": spot.longitude}
        body = {"privacy": privacy, "category": category, "text": report.text, "attachments": attachments, **place}
        key = {"Idempotency-Key": uuid.uuid4().hex}
        answer, again = (self.town.ask(who, "POST", "/v1/reports", body, key) for _ in range(2))
        assert {answer.status, again.status} <= {201, 202}, (answer, again)
        made = answer.content
        assert made == again.content
        assert (made["status"], made["due_at"]) == ("received", views.moment(report.due))
        # Of an anonymous report nobody is told the id but who is in charge.
        assert ("report_id" in made) == (privacy != "anonymous")
        known = Known(made.get("report_id") or self._found(report), made["tracking_code"], mark, report)
        self.known.append(known)
        self._came(known, 0)
        return known

    def _found(self, report: Report) -> str:
        def look() -> str | None:
            page = self.town.ask(OFFICERS[report.holder], "GET", "/v1/agency/reports", limit="100").content
            return next((each["report_id"] for each in page["items"] if each["text"] == report.text), None)

        return str(self.town.until(look, "the anonymous report at its agency"))

    def as_authority(self, known: Known, who: Actor, wish: Wish) -> None:
        """An officer or a head takes a step, or tries to."""
        wish = self._with_uploads(known, who, wish)
        path = f"/v1/agency/reports/{known.report_id}"
        outcome = by_authority(known.report, who.name, wish, self.town.now)

        def shown() -> dict[str, Any]:
            # Passed on, it is the others': this once the first one is told where it went.
            fields = ("status", "agency", "holder", "version")
            gone = {name: views.inside(self.seen(known))[name] for name in fields}
            return views.for_authority(self.seen(known), who) or gone

        answer = self._said(who, path, wish)
        if not self._refused(known, outcome, answer):
            self._took(known, outcome, answer, shown)

    def as_reporter(self, known: Known, who: Actor | None, wish: Wish) -> None:
        """A citizen takes a step, or tries to, whosever the report is; nobody is the holder of its code."""
        wish = self._with_uploads(known, who, wish)
        mine = who is None or known.report.owner == who
        outcome = by_reporter(known.report, wish, self.town.now) if mine else NO_SUCH_REPORT
        if who is None:
            answer = self._said(None, "/v1/tracking", wish, {"Tracking-Code": known.code})
        else:
            answer = self._said(who, f"/v1/me/reports/{known.report_id}", wish)

        def shown() -> dict[str, Any] | None:
            return views.progress(known.report) if who is None else views.for_citizen(self.seen(known), who)

        if not self._refused(known, outcome, answer):
            self._took(known, outcome, answer, shown)

    def merge(self, known: Known, into: Known, who: Actor, wish: Wish) -> None:
        """An officer or a head merges a report, and the duplicates it has, into another one, or tries to."""
        wish = wish._replace(into=into.report_id)
        family = [known, *self.duplicates(known)]
        reports = [each.report for each in family]
        outcome = merged(into.report, reports, who.name, wish, self.town.now)
        answer = self._said(who, f"/v1/agency/reports/{known.report_id}", wish)
        if isinstance(outcome, Refused):
            self._refused(known, outcome, answer, into)
            return
        parent, children = outcome
        for each, child in zip(family, children, strict=True):
            self._becomes(each, child)
        self._took(into, parent, answer, lambda: views.for_authority(self.seen(known), who))

    def _said(self, who: Actor | None, path: str, wish: Wish, code: dict[str, str] | None = None) -> Answer:
        officer = wish.officer
        username = "" if officer is None or officer == who else self.town.username(officer)
        method, step, body, headers = said(wish, username)
        return self.town.ask(who, method, path + step, body, headers | (code or {}))

    def _with_uploads(self, known: Known, who: Actor | None, wish: Wish) -> Wish:
        """The wish with handles of uploads; with none where somebody has used up what they may upload."""
        if not wish.attachments:
            return wish
        path, code = ("/v1/media", {}) if who else ("/v1/tracking/media", {"Tracking-Code": known.code})
        answer = self.town.ask(who, "POST", path, picture(), {"Content-Type": "image/png"} | code)
        assert answer.status in {201, 429}, answer
        return wish._replace(attachments=(answer.content["media_id"],) if answer.status == 201 else ())

    def _refused(self, known: Known, outcome: Outcome, answer: Answer, other: Known | None = None) -> bool:
        """Check a refusal, where the model has one; of two reports it may tell of either."""
        if not isinstance(outcome, Refused):
            return False
        assert answer.status == outcome.status, (answer, known.report)
        if outcome == NO_SUCH_REPORT:
            assert refusal(answer) == self.nothing
        elif outcome == NOT_NOW:
            assert answer.content["current"] in [current(each.report) for each in (known, other) if each], answer
        self.refused.append(known)
        return True

    def _took(self, known: Known, outcome: Outcome, answer: Answer, shown: Callable[[], dict[str, Any] | None]) -> None:
        """Take a step, and what it makes overdue; the answer may tell of before or after that."""
        assert isinstance(outcome, Report)
        assert answer.status == 200, (answer, known.report)
        self._becomes(known, outcome)
        possible = [shown()]
        for report in lapses(outcome, self.town.now):
            self._becomes(known, report)
            possible.append(shown())
        assert views.plainly(answer.content) in possible
        if len(possible) > 1:
            self._wait_for(known)

    # --- what belongs together

    def duplicates(self, known: Known) -> list[Known]:
        """Those that go along with it."""
        return [each for each in self.known if each.report.parent == known.report_id]

    def seen(self, known: Known) -> Seen:
        """The report with what is around it."""
        public = {each.report_id for each in self.known if views.is_public(each.report)}
        parent = known.report.parent if known.report.parent in public else None
        duplicates = tuple((each.report_id, each.report) for each in self.duplicates(known))
        return Seen(known.report, known.report_id, len(known.votes), parent, duplicates)

    def support(self, known: Known, who: Actor, what: str, *, on: bool) -> None:
        """A citizen votes or follows, or does no longer."""
        if what == "follow":
            # Who follows is told of what comes after; of what is still under way they would be told as well.
            self.town.settle()
        answer = self.town.ask(who, "PUT" if on else "DELETE", f"/v1/reports/{known.report_id}/{what}")
        if not views.is_public(known.report):
            assert refusal(answer) == self.nothing
            return
        if what == "follow":
            (known.followers.add if on else known.followers.discard)(who)
        if what == "vote" or on:
            (known.votes.add if on else known.votes.discard)(who)
        assert answer.content == {"report_id": known.report_id, "votes": len(known.votes)}, answer
        self.touched.append(known)

    # --- what time does

    def wait_until(self, moment: datetime, *, patiently: bool) -> None:
        """It is later: what is overdue happens by itself or, without patience, since somebody asks for something."""
        while any(timedelta(0) <= moment - due < MARGIN for each in self.known if (due := each.report.due)):
            moment += MARGIN
        self.town.move_to(moment)
        overdue = [each for each in self.known if any(lapses(each.report, moment))]
        for known in overdue:
            for report in lapses(known.report, moment):
                self._becomes(known, report)
        for known in overdue:
            if not patiently:
                # What is overdue comes before any step, even before one that is refused.
                code = {"Tracking-Code": known.code}
                answer = self.town.ask(None, "POST", "/v1/tracking/withdraw", None, code | STALE)
                assert answer.content["current"] == current(known.report), answer
            self._wait_for(known)

    def _wait_for(self, known: Known) -> None:
        holder, path = OFFICERS[known.report.holder], f"/v1/agency/reports/{known.report_id}"

        def is_there() -> bool:
            answer = self.town.ask(holder, "GET", path)
            return answer.status == 200 and answer.content["version"] >= known.report.version

        self.town.until(is_there, f"{known.report}")

    # --- what comes of it

    def _becomes(self, known: Known, report: Report) -> None:
        before = len(known.report.history)
        known.report = report
        self._came(known, before)
        for each in self.duplicates(known):
            after = followed(each.report, report)
            if after != each.report:
                self._becomes(each, after)

    def _came(self, known: Known, before: int) -> None:
        """Lines have come: who is told of them?"""
        self.touched.append(known)
        report = known.report
        for number, line in enumerate(report.history[before:], before + 1):
            if line.event.removeprefix("report.") in INTERNAL | OWN_DOING:
                continue
            followers = known.followers if report.privacy == "public" and number > 1 else set()
            notice = known.report_id, line.event, line.status, line.holder, views.moment(line.at)
            for each in followers | ({report.owner} if report.owner else set()):
                self.told[each][notice] += 1

    def end(self) -> None:
        """Clear the desks for the next story."""
        for officer in OFFICERS.values():
            for each in self.town.ask(officer, "GET", "/v1/agency/queue", limit="100").content["items"]:
                path = f"/v1/agency/reports/{each['report_id']}/reject"
                self.town.ask(officer, "POST", path, {"note": "selesai"})


def refusal(answer: Answer) -> dict[str, Any]:
    """A problem, but for the number that its request has in the log."""
    return {name: value for name, value in answer.content.items() if name != "instance"} | {"status": answer.status}


def current(report: Report) -> dict[str, Any]:
    """What who is refused a step is told."""
    return {"status": report.status, "level": report.level, "holder": report.holder, "version": report.version}
