"""What the reports context does for others: files reports, shows them, and passes steps on to their actors."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final
from uuid import UUID

import trio

from jagawarga.errors import Conflict, Invalid, NotFound, Unavailable
from jagawarga.plumbing.clock import utc_now
from jagawarga.plumbing.outbox import KICK
from jagawarga.plumbing.telemetry import REPORTS
from jagawarga.plumbing.uuids import random_uuid
from jagawarga.plumbing.writer import commit
from jagawarga.reports.actor import Act, Crew
from jagawarga.reports.detour import Detour
from jagawarga.reports.directory import Directory
from jagawarga.reports.lifecycle import REPORTER_STEPS, no_step, refused, stale
from jagawarga.reports.messages import (
    INTERNAL,
    TALK,
    FileReport,
    Page,
    Privacy,
    Receipt,
    ReportView,
    Sieve,
    Status,
    Wish,
)
from jagawarga.reports.model import ANSWER_WITHIN, CONFIRM_WITHIN, ENDS, Changed, filed, fold_state, shared_terms
from jagawarga.reports.notices import Notice, tick_at
from jagawarga.reports.paging import after, page_of, queue_after, queue_cursor, within
from jagawarga.reports.recovery import Missing
from jagawarga.reports.rescheduling import FIRST, Batch, reschedule
from jagawarga.reports.shelving import keep
from jagawarga.reports.store import Filing, Store
from jagawarga.reports.tracking import PURPOSE, canonical, drawn_from, new_code
from jagawarga.reports.waiting import WaitingRoom
from supervisors import NORMAL, Down, NoProc, Registry
from supervisors.exits import CallError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from prometheus_client import Counter

    from jagawarga.calendars.model import WorkingHours
    from jagawarga.catalogue.messages import Assignment, CatalogueDoor, Clocks
    from jagawarga.media.messages import MediaDoor
    from jagawarga.plumbing.bus import Bus
    from jagawarga.plumbing.clock import Clock
    from jagawarga.plumbing.database import Database
    from jagawarga.plumbing.keys import Keyring
    from jagawarga.reports.model import ReportState, Terms, Together, Transition

ACT_WITHIN: Final = 25.0
ASK_TIMES: Final = 3
LEAST_INTERVAL: Final = 5.0
"""Seconds between two reminders, however fast the clocks run."""
PATIENCE: Final = 2.0
"""Seconds a citizen waits for the database before the report goes to the waiting room."""


class Reports:
    """The concrete `ReportsDoor`. A handle made once; the actors behind it are `tree.reports_tree(self, bus)`."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        catalogue: CatalogueDoor,
        *,
        grain: float = 60.0,
        time_scale: float = 1.0,
        answer_within: float = ANSWER_WITHIN,
        confirm_within: float = CONFIRM_WITHIN,
        clock: Clock = utc_now,
        bus: Bus | None = None,
        media: MediaDoor | None = None,
    ) -> None:
        """`grain` is the seconds an anonymous report's time is told in; limits are divided by `time_scale`.

        `answer_within` and `confirm_within` are the seconds the reporter has to answer, and to say that it is not so.

        Without a `bus` there is no waiting room: what the database does not take is refused.
        """
        names = Registry("reports-parts")
        self.writer = names.name("writer")
        self.relay = names.name("relay")
        self.recovery = names.name("recovery")
        self.drain = names.name("drain")
        self.crier = names.name("crier")
        self.waiting = None if bus is None else WaitingRoom(bus, keyring)
        self.detour = Detour()
        self.media = media
        self.store = Store(database, keyring)
        self.directory = Directory()
        self.crew = Crew(self.store, self.writer, self.directory, clock, grain, self.crier)
        self.keyring = keyring
        self.catalogue = catalogue
        self.grain = grain
        self.time_scale = time_scale
        # Said in the terms of a report only where they are not what they are as a rule.
        self.reporters = tuple(
            0.0 if wanted / time_scale == usual else wanted / time_scale
            for wanted, usual in ((answer_within, ANSWER_WITHIN), (confirm_within, CONFIRM_WITHIN))
        )
        self.clock = clock

    # --- filing

    async def file(self, command: FileReport) -> Receipt:
        """Commit the report durably with its history and its event, then answer.

        While the database is away or too slow the report is stored by the broker instead, and the receipt says that
        it waits. Cancelled, the report may be filed or not. Raises `Invalid` for what the catalogue does not know,
        and `Unavailable` while it can be made durable nowhere.
        """
        try:
            receipt = await self._file(command)
        except Exception as error:
            _counter(command.privacy, "unavailable" if isinstance(error, Unavailable) else "rejected").inc()
            raise
        _counter(command.privacy, "waiting" if receipt.waiting else "accepted").inc()
        return receipt

    async def _file(self, command: FileReport) -> Receipt:
        if command.privacy == "anonymous" and command.reporter is not None:
            msg = "an anonymous report has no reporter"
            raise Invalid(msg, fields={"reporter": msg})
        place = command.place
        assigned = self.catalogue.assign(command.category, place.latitude, place.longitude, place.address)
        if command.once is None:
            report_id, code = random_uuid(), new_code()
        else:
            report_id, code = drawn_from(command.once)
            known = await self._known(report_id)
            if known is not None:
                return Receipt(report_id, code, known.status, known.due_at)
        step = filed(
            report_id,
            privacy=command.privacy,
            category=assigned.category.key,
            reporter=command.reporter,
            terms=self._terms(assigned, command.privacy),
            now=self.clock(),
            grain=self.grain,
        )
        content = self.store.seals.content(step.state.report_id, command.text, place, command.attachments)
        if command.attachments and self.media is not None:
            await self.media.claim(step.state.report_id, command.attachments)
        digest = self.keyring.digest(PURPOSE, code.replace("-", "").encode())
        waits = await self._keep(Filing(step, assigned.area, digest, content))
        return Receipt(step.state.report_id, code, step.state.status, step.state.due_at, waits)

    async def _known(self, report_id: UUID) -> ReportState | None:
        """The report as it was filed before; `None` also while nobody can look: filed again it is one all the same."""
        if self.detour.is_open:
            return None
        try:
            with trio.fail_after(PATIENCE):
                return await self.store.load(report_id)
        except (Unavailable, trio.TooSlowError):
            self.detour.failed(trio.current_time())
            return None

    async def _keep(self, filing: Filing) -> bool:
        """Make a filing durable, in the database or else in the waiting room; True if it waits there."""
        if self.waiting is None:
            await commit(self.writer, filing)
            return False
        if not self.detour.taken(trio.current_time()):
            try:
                await commit(self.writer, filing, PATIENCE)
            except Unavailable:
                # It may have been written all the same, or be yet: by its id it will be one report.
                self.detour.failed(trio.current_time())
            else:
                return False
        await self.waiting.admit(filing)
        return True

    async def write(self, batch: Sequence[Filing | Transition | Together]) -> list[bool]:
        """Write a batch, and set going what follows from it; the writer's half of filing.

        Actors start here and not in the caller's task, so that a caller who gave up leaves no report without one.
        """
        began = trio.current_time()
        held = await self.store.write(batch)
        if trio.current_time() - began < PATIENCE:
            # Whoever's write it was, the drain's or an escalation's: citizens need not wait for their own to find out.
            self.detour.worked()
        self.relay.cast(KICK)
        now = self.clock()
        for each in batch:
            if isinstance(each, Filing):
                state = each.step.state
                due_at = tick_at(state)
                sleeps = None if due_at is None else max(0.0, (due_at - now).total_seconds())
                # Asleep: of a report that was just filed the next thing to hear is as a rule its clock.
                if not self.directory.start_asleep(state.report_id, fold_state(state), sleeps):
                    self.recovery.cast(Missing(state.report_id))
        return held

    async def tell(self, batch: Sequence[Notice]) -> list[bool]:
        """Write a batch of notices, and have them published; the crier's half of a warning."""
        held = await self.store.tell(batch)
        self.relay.cast(KICK)
        return held

    def _terms(self, assigned: Assignment, privacy: Privacy) -> Terms:
        """What a report is filed under: the clocks of a rule, if one fits it, or else its category's."""
        clocks = assigned.clocks.get(privacy)
        if clocks is None:
            category = assigned.category
            limits = self._scaled(category.respond_within), self._scaled(category.resolve_within)
            return shared_terms(assigned.ladder, *limits, (), (), (), 0.0, *self.reporters)
        return self._terms_by(clocks, assigned.ladder)

    def _terms_by(self, clocks: Clocks, ladder: tuple[str, ...]) -> Terms:
        scaled = self._scaled
        return shared_terms(
            ladder,
            scaled(clocks.respond_within),
            scaled(clocks.resolve_within),
            # A clock that runs faster than time knows no nights.
            clocks.calendars if self.time_scale == 1.0 else (),
            scaled(clocks.warn_respond),
            scaled(clocks.warn_resolve),
            clocks.remind_every and max(LEAST_INTERVAL, clocks.remind_every / self.time_scale),
            *self.reporters,
        )

    def _scaled(self, limits: tuple[float, ...]) -> tuple[float, ...]:
        return limits if self.time_scale == 1.0 else tuple(seconds / self.time_scale for seconds in limits)

    # --- clocks that run

    async def keep_calendars(self, calendars: Mapping[str, WorkingHours]) -> None:
        """Make these calendars fit to file reports under; after `Unavailable` they are not."""
        await keep(self.store, calendars)

    async def reschedule(self, after: UUID | None = None) -> Batch:
        """Put a batch of clocks that run under the terms of today; see `rescheduling`. Raises `Unavailable`."""
        return await reschedule(self.crew, self._terms_today, after or FIRST)

    def _terms_today(self, state: ReportState) -> Terms:
        ladder = state.terms.ladder
        return self._terms_by(self.catalogue.clocks(state.category, state.privacy, len(ladder)), ladder)

    # --- steps

    async def act(self, agency: str, report_id: UUID, wish: Wish) -> ReportView:
        """Take a step as `agency`; after `Unavailable` it may have been taken."""
        seen = await self.open_for_agency(agency, report_id)
        if wish.expected is not None or wish.action in TALK:
            return await self._act_on(seen, agency, wish)
        # Of two who decide at the same moment the second one is told, and decides again.
        for _ in range(ASK_TIMES - 1):
            try:
                return await self._act_on(seen, agency, wish._replace(expected=seen.version))
            except Conflict:
                now = await self.open_for_agency(agency, report_id)
                if now.version == seen.version or _standing(now) != _standing(seen):
                    raise
                # Somebody wrote, or its clock was put: nothing was decided meanwhile.
                seen = now
        return await self._act_on(seen, agency, wish._replace(expected=seen.version))

    async def _act_on(self, seen: ReportView, agency: str, wish: Wish) -> ReportView:
        report_id, terms = seen.report_id, None

        async def look() -> ReportView:
            return await self.open_for_agency(agency, report_id)

        if wish.action == "merge":
            return await self._merge(seen, agency, wish)
        if wish.action == "transfer":
            terms = self._terms_of_transfer(wish, seen)
        elif wish.action == "reclassify":
            terms = await self._terms_of_category(wish, seen)
        proofs = await self._attach(seen, wish)
        return await self._act(report_id, Act(wish, agency, terms, proofs=proofs), look, seen)

    async def _merge(self, seen: ReportView, agency: str, wish: Wish) -> ReportView:
        """Have the parent take the report in: it is the parent's actor that writes for all."""
        assert wish.into is not None
        try:
            parent = await self.open_for_agency(agency, wish.into)
        except NotFound:
            msg = "must be a report of yours"
            raise Invalid(msg, fields={"into": msg}) from None
        for each in (seen, parent):
            if each.status in ENDS:
                raise no_step(each.status, each.level, each.holder, each.version, wish.action)

        async def look() -> ReportView:
            return await self.open_for_agency(agency, parent.report_id)

        await self._act(parent.report_id, Act(wish, agency, duplicate=seen.report_id), look, parent)
        return await self.open_for_agency(agency, seen.report_id)

    async def _attach(self, seen: ReportView, wish: Wish) -> tuple[int, ...]:
        """Make the uploads of a step the report's; what the photos of a resolution look like.

        Of a step that is refused after that they stay the report's, for when it is tried again.
        """
        if not wish.attachments or self.media is None or seen.status in ENDS:
            return ()
        await self.media.claim(seen.report_id, wish.attachments)
        if wish.action != "resolve":
            return ()
        items = [await self.media.describe(each) for each in wish.attachments]
        return tuple(each.looks for each in items if each.looks is not None)

    async def act_as_reporter(self, reporter: str, report_id: UUID, wish: Wish) -> ReportView:
        """Take a step as the one who filed the report under their name."""
        seen, changed = await self.open_own(reporter, report_id), None
        if wish.action == "edit":
            changed = self._edited(wish, seen)
            # Made of what was there, and for nothing else: of two edits at once neither undoes the other.
            wish = wish._replace(note=None, expected=seen.version if wish.expected is None else wish.expected)
        await self._attach(seen, wish)
        return await self._act(
            report_id, Act(wish, None, None, changed), lambda: self.open_own(reporter, report_id), seen
        )

    async def act_by_code(self, tracking_code: str, wish: Wish) -> ReportView:
        """Take a step as the holder of a tracking code.

        `Unavailable` also for a report in the waiting room: nothing can be done with it before it is in the database.
        """
        if wish.action == "edit":
            msg = "a report can be edited by who is signed in only: withdraw it, and send another"
            raise Conflict(msg)
        digest = self._digest(tracking_code)
        report_id = None if digest is None else await self.store.tracked(digest)
        if report_id is None:
            if digest is not None and await self._waiting(digest) is not None:
                msg = "the report waits for the database: try again soon"
                raise Unavailable(msg)
            return _there(None)
        seen = await self.track(tracking_code)
        await self._attach(seen, wish)
        return await self._act(report_id, Act(wish, None), lambda: self.track(tracking_code), seen)

    async def _act(
        self, report_id: UUID, act: Act, look: Callable[[], Awaitable[ReportView]], seen: ReportView
    ) -> ReportView:
        for again in range(ASK_TIMES):
            if again:
                seen = await look()
            expected = act.wish.expected
            if seen.status in ENDS and expected is not None and seen.version != expected:
                raise stale(seen.status, seen.level, seen.holder, seen.version)
            if seen.status in ENDS and not (act.agency is None and (seen.status, act.wish.action) in REPORTER_STEPS):
                raise no_step(seen.status, seen.level, seen.holder, seen.version, act.wish.action)
            # Given its state it waits for our call; to look for it, it would find an end, and go.
            self.directory.start(report_id, await self.store.load(report_id) if seen.status in ENDS else None)
            try:
                state: ReportState = await self.directory.address(report_id).call(act, ACT_WITHIN)
            except NoProc:
                continue
            except Down as down:
                # It came to its normal end before it saw our call: somebody else's step has ended the report.
                if down.reason == NORMAL:
                    continue
                msg = "the report's actor ended while it was asked"
                raise Unavailable(msg) from down
            except CallError as error:
                msg = f"the report's actor gave no answer ({type(error).__name__})"
                raise Unavailable(msg) from error
            if act.agency is not None and act.agency not in state.authorities:
                # Passed on, it is the others': this once the first one is told where it went.
                return await self.open_for_agency(state.agency, report_id)
            return await look()
        msg = "the report's actor is not there"
        raise Unavailable(msg)

    def _terms_of_transfer(self, wish: Wish, report: ReportView) -> Terms:
        assert wish.agency is not None
        ladder = self.catalogue.ladder(wish.agency)
        return self._terms_by(self.catalogue.clocks(report.category, report.privacy, len(ladder)), ladder)

    async def _terms_of_category(self, wish: Wish, report: ReportView) -> Terms:
        """The limits of another category, for whoever has the report: it goes to nobody else for that."""
        assert wish.category is not None
        state = _known(await self.store.load(report.report_id))
        ladder = state.terms.ladder
        return self._terms_by(self.catalogue.clocks(wish.category, report.privacy, len(ladder)), ladder)

    def _edited(self, wish: Wish, report: ReportView) -> Changed:
        """What an edit makes of the content; `Conflict` when it would be another authority's report."""
        place = report.place if wish.place is None else wish.place
        text = report.text if wish.note is None else wish.note
        category = report.category if wish.category is None else wish.category
        assigned = self.catalogue.assign(category, place.latitude, place.longitude, place.address)
        if assigned.ladder[0] != report.agency:
            msg = f"of that {assigned.ladder[0]} is in charge: withdraw the report, and file another"
            raise refused(msg, report)
        content = self.store.seals.content(report.report_id, text, place, report.attachments)
        if category == report.category:
            return Changed(content, assigned.area)
        terms = self._terms(assigned, report.privacy)
        return Changed(content, assigned.area, terms=terms, category=category)

    # --- views

    async def track(self, tracking_code: str) -> ReportView:
        """Status and history for the holder of a tracking code; text and place are left out."""
        digest = self._digest(tracking_code)
        if digest is None:
            return _there(None)
        try:
            found = await self.store.view("tracked_report", digest)
        except Unavailable:
            found = await self._waiting(digest)
            if found is None:
                raise
            return found
        # Between the two looks it may have left the waiting room for the database.
        found = found or await self._waiting(digest) or await self.store.view("tracked_report", digest)
        return _outside(_there(found))

    def _digest(self, tracking_code: str) -> bytes | None:
        plain = canonical(tracking_code)
        # What is compared is a keyed digest, so the time a look-up takes tells nothing about other codes.
        return None if plain is None else self.keyring.digest(PURPOSE, plain)

    async def _waiting(self, digest: bytes) -> ReportView | None:
        """The report as it lies in the waiting room; `Unavailable`, and never "not there", while nobody can look."""
        return None if self.waiting is None else await self.waiting.look_up(digest)

    async def open_for_agency(self, agency: str, report_id: UUID) -> ReportView:
        """One report as an agency sees it."""
        view = _there(await self.store.view_as_agency(agency, report_id))
        if any(each.event == "report.resolved" and each.attachments for each in view.history):
            return replace(view, proof_used_before=bool(await self.store.proofs_like_those_of(report_id)))
        return view

    async def open_own(self, reporter: str, report_id: UUID) -> ReportView:
        """One report as the citizen who filed it under their name sees it."""
        return await self._from_outside(_there(await self.store.view("own_report", report_id, reporter)))

    async def open_public(self, report_id: UUID) -> ReportView:
        """One report of the public feed."""
        return await self._from_outside(_there(await self.store.view("public_report", report_id)))

    async def _from_outside(self, view: ReportView) -> ReportView:
        (shown,) = await self._all_from_outside((view,))
        return shown

    async def _all_from_outside(self, views: tuple[ReportView, ...]) -> tuple[ReportView, ...]:
        """Reports as they are seen from outside; which one each was merged into is told when that is public."""
        parents = {each.parent for each in views if each.parent is not None}
        told = {each.report_id for each in await self._public_of(tuple(parents))} if parents else set()
        shown = zip(views, map(_outside, views), strict=True)
        return tuple(replace(seen, parent=each.parent) if each.parent in told else seen for each, seen in shown)

    async def list_for_agency(self, agency: str, *, status: Status | None, cursor: str | None, limit: int) -> Page:
        """What an agency may see, newest first."""
        limit = within(limit)
        return page_of(await self.store.views_as_agency(agency, *after(cursor), status, limit + 1), limit)

    async def queue(self, agency: str, sieve: Sieve, *, cursor: str | None, limit: int) -> Page:
        """What an agency has to act on, the nearest deadline first, those without one last."""
        limit = within(limit)
        first, behind = queue_after(cursor)
        lines = await self.store.queue_as_agency(agency, first, behind, sieve, limit + 1)
        items = tuple(line.view for line in lines[:limit] if line.view is not None)
        return Page(items, queue_cursor(lines[limit - 1]) if len(lines) > limit else None)

    async def list_own(self, reporter: str, *, cursor: str | None, limit: int) -> Page:
        """What a citizen filed under their name, newest first."""
        limit = within(limit)
        page = page_of(await self.store.views("list_own", reporter, *after(cursor), limit + 1), limit)
        return replace(page, items=await self._all_from_outside(page.items))

    async def list_public(self, *, cursor: str | None, limit: int) -> Page:
        """The public feed, newest first."""
        limit = within(limit)
        page = page_of(await self.store.views("list_public", *after(cursor), limit + 1), limit)
        return replace(page, items=await self._all_from_outside(page.items))

    async def list_public_of(self, report_ids: Sequence[UUID]) -> tuple[ReportView, ...]:
        """Those of these reports that are public."""
        return await self._all_from_outside(await self._public_of(report_ids))

    async def _public_of(self, report_ids: Sequence[UUID]) -> tuple[ReportView, ...]:
        lines = await self.store.views("public_reports", report_ids)
        return tuple(line.view for line in lines if line.view is not None)

    async def counts(self) -> Mapping[str, int]:
        """Number of reports by status, and of those that can not be read, if there are any (`corrupt`)."""
        corrupt = len(self.crew.quarantine)
        return await self.store.counts() | ({"corrupt": corrupt} if corrupt else {})


@cache
def _counter(privacy: Privacy, outcome: str) -> Counter:
    return REPORTS.labels(privacy, outcome)


def _standing(view: ReportView) -> tuple[str | None, ...]:
    """What an authority goes by when it decides."""
    return view.status, view.holder, view.category, view.assignee


def _known(state: ReportState | None) -> ReportState:
    if state is None:
        msg = "no such report"
        raise NotFound(msg)
    return state


def _there(view: ReportView | None) -> ReportView:
    if view is None:
        msg = "no such report"
        raise NotFound(msg)
    return view


def _outside(view: ReportView) -> ReportView:
    """A report as it is seen from outside the authorities: without what is their own affair."""
    if not view.history and view.assignee is None and view.parent is None:
        return view  # most of a list
    told = [each for each in view.history if each.event not in INTERNAL]
    # Counted anew: a gap would tell when there was something to note.
    history = tuple(replace(each, version=number) for number, each in enumerate(told, start=1))
    return replace(view, history=history, assignee=None, parent=None)
