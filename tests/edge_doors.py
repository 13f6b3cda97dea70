"""In-memory doors for the tests of the edge: honest enough to be asked, simple enough to be read."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import trio

from jagawarga.calendars.model import WorkingHours
from jagawarga.canned.messages import MOST, CannedAnswer, Step
from jagawarga.catalogue.messages import Agency, Area, Assignment, Category, Clocks, Suggestion
from jagawarga.edge.doors import Doors
from jagawarga.edge.views import shown_in_feed
from jagawarga.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from jagawarga.feed.index import OLDEST, Index
from jagawarga.feed.messages import Found, Support
from jagawarga.identity.messages import Invitation, OwnAccount, PersonalFacts, Principal, Session
from jagawarga.media.messages import Item
from jagawarga.notification.messages import Browser, Inbox, ShownPreferences, StreamEvent
from jagawarga.reports.lifecycle import stale
from jagawarga.reports.messages import FileReport, HistoryEntry, Page, Receipt, ReportView, Sieve, Wish

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence

    from jagawarga.feed.messages import Point, Search
    from jagawarga.identity.messages import (
        AcceptInvitation,
        AddOfficer,
        OpenSession,
        PutAccount,
        RegisterCitizen,
        Registered,
    )
    from jagawarga.notification.messages import AddBrowser, Notification, SetPreferences
    from jagawarga.reports.messages import Status, SubmitReport

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
PEOPLE = {
    "citizen-token": Principal("s1", "p1", "citizen"),
    "other-citizen-token": Principal("s7", "p7", "citizen"),
    "officer-token": Principal("s2", "p2", "officer", "roads"),
    "operator-token": Principal("s3", "p3", "operator"),
    "head-token": Principal("s4", "p4", "agency_head", "roads"),
    "executive-token": Principal("s5", "p5", "executive"),
    "auditor-token": Principal("s6", "p6", "auditor"),
}


class FakeIdentity:
    """Knows a token of each role and one password."""

    def __init__(self) -> None:
        self.registered: list[RegisterCitizen] = []
        self.officers: list[AddOfficer] = []
        self.accounts: list[PutAccount] = []
        self.closed: list[str] = []

    def person(self, principal: Principal) -> str:
        return principal.pseudonym

    async def officer(self, agency: str, username: str) -> str:
        if (agency, username) != ("roads", "dewi"):
            raise NotFound("no such officer")
        return "p-dewi"

    async def register(self, command: RegisterCitizen) -> Registered:
        self.registered.append(command)
        return "registered"

    async def put_account(self, command: PutAccount) -> None:
        self.accounts.append(command)

    async def invite(self, agency: str, username: str | None) -> Invitation:
        return Invitation("CODE", agency, 60)

    async def accept_invitation(self, command: AcceptInvitation) -> str:
        if command.code != "CODE":
            raise NotFound("No such invitation.")
        return "roads"

    async def deactivate_officer(self, agency: str, username: str) -> None:
        if (agency, username) != ("roads", "officer"):
            raise NotFound("No such officer.")

    async def own_account(self, principal: Principal) -> OwnAccount:
        return OwnAccount(principal.role, principal.agency, 0)

    async def change_password(self, principal: Principal, current: str, new: str) -> None:
        if current != "right-password":
            raise Forbidden("The current password is wrong.")

    async def delete_account(self, principal: Principal, password: str) -> None:
        if password != "right-password":
            raise Forbidden("The current password is wrong.")

    async def refresh_session(self, refresh_token: str) -> Session:
        if refresh_token != "refresh-token":
            raise Unauthenticated("The session is over.")
        return Session("citizen-token", 900, "citizen", None, "refresh-token-2", 60)

    async def close_session(self, principal: Principal) -> None:
        self.closed.append(principal.subject)

    async def close_all_sessions(self, principal: Principal) -> None:
        self.closed.append(principal.subject)

    async def add_officer(self, command: AddOfficer) -> None:
        self.officers.append(command)

    async def open_session(self, command: OpenSession) -> Session:
        if command.password != "right-password":
            raise Unauthenticated("User name or password is wrong.")
        return Session("citizen-token", 900, "citizen", None)

    async def authenticate(self, access_token: str) -> Principal:
        try:
            return PEOPLE[access_token]
        except KeyError:
            raise Unauthenticated("The token is not valid.") from None

    async def facts(self, subject: str) -> PersonalFacts:
        return PersonalFacts(subject, "", None, None, None)


class FakeReports:
    """Keeps reports in a dictionary; the agency of each is `roads`. `failure` is raised instead, when set."""

    def __init__(self) -> None:
        self.reports: dict[UUID, ReportView] = {}
        self.codes: dict[str, UUID] = {}
        self.owners: dict[UUID, str | None] = {}
        self.failure: BaseException | None = None
        self.delay = 0.0
        self.waiting = False
        self.wishes: list[Wish] = []
        self.sieves: list[Sieve] = []

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure

    async def file(self, command: FileReport) -> Receipt:
        self._fail()
        await trio.sleep(self.delay)
        report_id, code = uuid4(), f"CODE-{len(self.codes)}"
        line = HistoryEntry(1, "report.received", "received", 1, "roads", "system", NOW, None)
        self.reports[report_id] = ReportView(
            report_id, command.privacy, command.category, AREAS[1].key, command.text, command.place, "received",
            "roads", "roads", 1, 1, NOW, NOW, (line,),
        )  # fmt: skip
        self.codes[code] = report_id
        self.owners[report_id] = command.reporter
        return Receipt(report_id, code, "received", NOW, self.waiting)

    def _open(self, report_id: UUID | None) -> ReportView:
        self._fail()
        if report_id is None or report_id not in self.reports:
            raise NotFound("secret words of the domain")
        return self.reports[report_id]

    async def track(self, tracking_code: str) -> ReportView:
        return self._open(self.codes.get(tracking_code))

    async def list_for_agency(self, agency: str, *, status: Status | None, cursor: str | None, limit: int) -> Page:
        del agency, cursor
        self._fail()
        return Page(tuple(r for r in self.reports.values() if status in (None, r.status))[:limit], None)

    async def open_for_agency(self, agency: str, report_id: UUID) -> ReportView:
        del agency
        return self._open(report_id)

    async def queue(self, agency: str, sieve: Sieve, *, cursor: str | None, limit: int) -> Page:
        self.sieves.append(sieve)
        return await self.list_for_agency(agency, status=sieve.status, cursor=cursor, limit=limit)

    async def act(self, agency: str, report_id: UUID, wish: Wish) -> ReportView:
        del agency
        return self._act(report_id, wish)

    async def act_as_reporter(self, reporter: str, report_id: UUID, wish: Wish) -> ReportView:
        return self._act(report_id if self.owners.get(report_id) == reporter else None, wish)

    async def act_by_code(self, tracking_code: str, wish: Wish) -> ReportView:
        return self._act(self.codes.get(tracking_code), wish)

    def _act(self, report_id: UUID | None, wish: Wish) -> ReportView:
        report = self._open(report_id)
        self.wishes.append(wish)
        if wish.expected is not None and wish.expected != report.version:
            raise stale(report.status, report.level, report.holder, report.version)
        if wish.action == "acknowledge" and report.status != "received":
            raise Conflict("The report is not new.")
        status: Status = "withdrawn" if wish.action == "withdraw" else "acknowledged"
        event = "report.resolved" if wish.action == "resolve" else f"report.{wish.action}"
        line = HistoryEntry(report.version + 1, event, status, 1, "roads", "roads", NOW, wish.note, wish.attachments)
        self.reports[report.report_id] = replace(
            report, status=status, version=report.version + 1, history=(*report.history, line)
        )
        return self.reports[report.report_id]

    async def list_own(self, reporter: str, *, cursor: str | None, limit: int) -> Page:
        del cursor
        return Page(tuple(r for r in self.reports.values() if self.owners[r.report_id] == reporter)[:limit], None)

    async def open_own(self, reporter: str, report_id: UUID) -> ReportView:
        return self._open(report_id if self.owners.get(report_id) == reporter else None)

    async def list_public(self, *, cursor: str | None, limit: int) -> Page:
        del cursor
        self._fail()
        return Page(tuple(r for r in self.reports.values() if r.privacy == "public")[:limit], None)

    async def list_public_of(self, report_ids: Sequence[UUID]) -> tuple[ReportView, ...]:
        return tuple(r for r in self.reports.values() if r.privacy == "public" and r.report_id in report_ids)

    async def open_public(self, report_id: UUID) -> ReportView:
        report = self._open(report_id)
        return self._open(report_id if report.privacy == "public" else None)

    async def counts(self) -> Mapping[str, int]:
        return {"received": len(self.reports)}


class FakeIntake:
    """Cuts the reporter of an anonymous report, and files."""

    def __init__(self, reports: FakeReports) -> None:
        self.reports = reports
        self.keys: list[str | None] = []

    async def submit(self, principal: Principal, command: SubmitReport, key: str | None = None) -> Receipt:
        self.keys.append(key)
        if command.category == "unknown":
            raise Invalid("No such category.", fields={"category": "is not known"})
        reporter = None if command.privacy == "anonymous" else principal.pseudonym
        return await self.reports.file(
            FileReport(command.privacy, command.category, command.text, command.place, reporter)
        )

    async def clean(self, text: str) -> str:
        return text.replace("Budi", "[nama]")


AREAS = (Area("coblong", "Coblong", None), Area("coblong.dago", "Dago", "coblong"))


class FakeCatalogue:
    """One agency and one category to begin with."""

    def __init__(self) -> None:
        self.known_agencies = {"roads": Agency("roads", "Roads", None)}
        self.known_categories = {"pothole": Category("pothole", "Pothole", (3600.0,), (7200.0,))}

    def categories(self, language: str = "id") -> tuple[Category, ...]:
        del language
        return tuple(self.known_categories.values())

    def suggest(
        self, text: str, latitude: float | None, longitude: float | None, language: str = "id"
    ) -> tuple[Suggestion, ...]:
        del latitude, longitude, language
        return (Suggestion(self.known_categories["pothole"], 0.75, "roads"),) if "hole" in text else ()

    def category(self, key: str) -> Category:
        return self.known_categories[key]

    def agencies(self) -> tuple[Agency, ...]:
        return tuple(self.known_agencies.values())

    def ladder(self, agency: str) -> tuple[str, ...]:
        return (agency,)

    def areas(self) -> tuple[Area, ...]:
        return AREAS

    def area(self, key: str) -> Area | None:
        return next((each for each in AREAS if each.key == key), None)

    def area_at(self, latitude: float, longitude: float) -> Area:
        if (round(latitude), round(longitude)) != (-6, 107):
            raise Invalid("off the map", fields={"latitude": "off the map"}, code="off-the-map")
        return AREAS[1]

    def assign(self, category: str, latitude: float | None, longitude: float | None, address: str | None) -> Assignment:
        del latitude, longitude, address
        return Assignment(self.known_categories[category], None, ("roads",))

    def clocks(self, category: str, privacy: str, levels: int) -> Clocks:
        del privacy, levels
        known = self.category(category)
        return Clocks(known.respond_within, known.resolve_within)

    def calendars(self) -> dict[str, WorkingHours]:
        return {}

    async def put_agency(self, agency: Agency) -> None:
        if agency.parent is not None and agency.parent not in self.known_agencies:
            raise Invalid("No such parent.", fields={"parent": "is not known"})
        self.known_agencies[agency.key] = agency

    async def put_category(self, category: Category, agency: str) -> None:
        del agency
        self.known_categories[category.key] = category


class FakeNotification:
    """Remembers events and lets each subscriber read on from where it says; `gone` ends the subscriptions."""

    def __init__(self) -> None:
        self.events: list[StreamEvent] = []
        self.more = trio.Event()
        self.gone = False
        self.subscribers = 0
        self.stopped = 0
        self.notices: dict[str, list[Notification]] = {}
        self.wishes: dict[str, ShownPreferences] = {}
        self.known_browsers: dict[str, dict[UUID, Browser]] = {}

    def publish(self, data: str) -> None:
        self.events.append(StreamEvent(len(self.events) + 1, "report.received", data))
        self._wake()

    def end(self) -> None:
        self.gone = True
        self._wake()

    def _wake(self) -> None:
        self.more.set()
        self.more = trio.Event()

    async def inbox(self, recipient: str, *, cursor: str | None, limit: int, unread: bool) -> Inbox:
        if cursor is not None:
            raise Invalid("wrong cursor", fields={"cursor": "is not one of ours"})
        found = [each for each in self.notices.get(recipient, ()) if not (unread and each.is_read)]
        return Inbox(tuple(found[:limit]), None, sum(not each.is_read for each in found))

    async def mark(self, recipient: str, ids: Sequence[UUID] | None, *, read: bool) -> None:
        self.notices[recipient] = [
            replace(each, is_read=read) if ids is None or each.notification_id in ids else each
            for each in self.notices.get(recipient, ())
        ]

    async def preferences(self, recipient: str) -> ShownPreferences:
        return self.wishes.get(recipient) or ShownPreferences("id", {}, None, "none", None, None, {})

    async def prefer(self, recipient: str, wish: SetPreferences) -> ShownPreferences:
        self.wishes[recipient] = ShownPreferences(
            wish.language, wish.channels, wish.email, "pending" if wish.email else "none", wish.digest_hour,
            wish.quiet, {},
        )  # fmt: skip
        return self.wishes[recipient]

    async def confirm(self, recipient: str, code: str) -> ShownPreferences:
        if code != "12345678":
            raise Invalid("wrong", fields={"code": "is wrong"})
        self.wishes[recipient] = replace(self.wishes[recipient], email_state="confirmed")
        return self.wishes[recipient]

    async def stop_mail(self, token: str) -> None:
        if token != "good-token":
            raise NotFound("no such token")
        self.stopped += 1

    def push_key(self) -> str:
        return "key"

    async def add_browser(self, recipient: str, browser: AddBrowser) -> Browser:
        made = Browser(uuid4(), browser.endpoint.split("/")[2])
        self.known_browsers.setdefault(recipient, {})[made.subscription_id] = made
        return made

    async def browsers(self, recipient: str) -> tuple[Browser, ...]:
        return tuple(self.known_browsers.get(recipient, {}).values())

    async def remove_browser(self, recipient: str, subscription_id: UUID) -> None:
        if self.known_browsers.get(recipient, {}).pop(subscription_id, None) is None:
            raise NotFound("no such subscription")

    def name_of(self, recipient: str, sequence: int) -> str:
        return f"{recipient}-{sequence}"

    def number_of(self, recipient: str, name: str) -> int:
        owner, _, number = name.partition("-")
        if owner != recipient:
            raise Invalid("not an id of this stream", fields={"Last-Event-ID": "is not of this stream"})
        return int(number)

    @asynccontextmanager
    async def subscribe_own(self, recipient: str, *, after: int | None) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        async with self.subscribe(recipient, after=after) as events:
            yield events

    @asynccontextmanager
    async def subscribe(self, agency: str, *, after: int | None) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        del agency
        self.subscribers += 1
        try:
            yield self._read(len(self.events) if after is None else after)
        finally:
            self.subscribers -= 1

    async def _read(self, after: int) -> AsyncIterator[StreamEvent]:
        while not self.gone:
            if after < len(self.events):
                after += 1
                yield self.events[after - 1]
            else:
                await self.more.wait()


class FakeMedia:
    """Takes every file, and remembers how long it was."""

    async def upload(self, body: AsyncIterable[bytes]) -> Item:
        size = sum([len(piece) async for piece in body])
        return Item("m" * 32, "image", "image/jpeg", size, 10)

    async def claim(self, report_id: UUID, media_ids: Sequence[str]) -> None:
        """Everybody may have everything."""

    async def describe(self, media_id: str) -> Item:
        return Item(media_id, "image", "image/jpeg", 100, 10)

    async def read(self, item: Item, begin: int, end: int, *, thumbnail: bool = False) -> AsyncIterator[bytes]:
        yield bytes(end - begin)


class FakeFeed:
    """The real index over what the fake reports hold, and votes in memory."""

    def __init__(self, reports: FakeReports) -> None:
        self.reports = reports
        self.supporters: dict[UUID, set[str]] = {}
        self.followers: dict[UUID, set[str]] = {}
        self.forgotten: list[UUID] = []

    def _index(self) -> Index:
        index = Index(partial(shown_in_feed, catalogue=FakeCatalogue()))
        counts = {each: len(them) for each, them in self.supporters.items()}
        index.fill(self.reports.reports.values(), counts, OLDEST)
        return index

    async def page(self, search: Search) -> Found:
        index = self._index()
        found, cursor = index.page(search)
        return Found(tuple(index.shown(each, away) for each, away in found), cursor, complete=True)

    async def similar(self, near: Point, category: str | None, text: str) -> Found:
        index = self._index()
        found = index.similar(near, category, text)
        return Found(tuple(index.shown(each, away) for each, away in found), None, complete=True)

    async def votes(self, report_id: UUID) -> int:
        return len(self.supporters.get(report_id, ()))

    async def support(
        self, pseudonym: str, report_id: UUID, *, person: str, vote: bool | None, follow: bool | None
    ) -> Support:
        await self.reports.open_public(report_id)
        for sets, on in ((self.supporters, vote), (self.followers, follow)):
            if on is not None:
                them = sets.setdefault(report_id, set())
                (them.add if on else them.discard)(person if sets is self.supporters else pseudonym)
        return Support(len(self.supporters.get(report_id, ())))

    def forget(self, report_id: UUID) -> None:
        self.forgotten.append(report_id)

    async def follows(self, pseudonym: str, cursor: str | None, limit: int) -> Found:
        index = self._index()
        ids = sorted(each for each, them in self.followers.items() if pseudonym in them)
        return Found(tuple(index.shown(each) for each in ids[:limit]), None, complete=True)


class FakeCanned:
    """Keeps answers in a dictionary; held to the door's contract by `test_canned.py`."""

    def __init__(self, catalogue: FakeCatalogue) -> None:
        self.catalogue = catalogue
        self.kept: dict[tuple[str, str], CannedAnswer] = {}

    async def answers(self, agency: str, *, action: Step | None, category: str | None) -> tuple[CannedAnswer, ...]:
        own = (each for (of, _), each in sorted(self.kept.items()) if of == agency)
        fit = (each for each in own if None in {action, each.action} or each.action == action)
        return tuple(each for each in fit if None in {category, each.category} or each.category == category)

    async def answer(self, agency: str, key: str) -> CannedAnswer:
        if (agency, key) not in self.kept:
            raise NotFound("secret words of the domain")
        return self.kept[agency, key]

    async def put(self, agency: str, answer: CannedAnswer) -> None:
        if answer.category not in {None, *self.catalogue.known_categories}:
            raise Invalid("No such category.", fields={"category": "is not known"})
        if sum(of == agency and key != answer.key for of, key in self.kept) >= MOST:
            raise Conflict("Too many.", code="too-many-canned-answers")
        self.kept[agency, answer.key] = answer

    async def delete(self, agency: str, key: str) -> None:
        await self.answer(agency, key)
        del self.kept[agency, key]


@dataclass
class House:
    """All fakes, and the doors made of them."""

    identity: FakeIdentity = field(default_factory=FakeIdentity)
    reports: FakeReports = field(default_factory=FakeReports)
    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)
    notification: FakeNotification = field(default_factory=FakeNotification)
    state: dict[str, str] = field(default_factory=lambda: {"database": "ok"})
    observed: list[tuple[str, str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.intake = FakeIntake(self.reports)
        self.feed = FakeFeed(self.reports)
        self.canned = FakeCanned(self.catalogue)

    def doors(self) -> Doors:
        return Doors(
            identity=self.identity,
            intake=self.intake,
            reports=self.reports,
            catalogue=self.catalogue,
            notification=self.notification,
            media=FakeMedia(),
            feed=self.feed,
            canned=self.canned,
            health=lambda: self.state,
            metrics=lambda: b"# metrics\n",
            observe=lambda route, status, seconds: self.observed.append((route, status, seconds)),
        )
