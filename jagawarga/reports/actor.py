"""The actor of one open report: it keeps the report's deadline, and everything that is done to it goes through it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

import trio

from jagawarga.errors import Corrupt, NotFound, Rejected, Unavailable
from jagawarga.plumbing.telemetry import ESCALATIONS, LATENESS, NOTICES
from jagawarga.plumbing.writer import commit
from jagawarga.reports.directory import TICK
from jagawarga.reports.duplicates import follow, merge
from jagawarga.reports.lifecycle import ESCALATED, decide, decide_as_reporter, elapse
from jagawarga.reports.model import ENDS, ReportState, Together, Transition, fold_state, unfold_state
from jagawarga.reports.notices import Notice, notice, tick_at
from jagawarga.reports.quarantine import Quarantine
from jagawarga.reports.rows import state_of
from supervisors import HIBERNATE, NO_REPLY, Actor, Name, Sender, Shutdown, Stop, Timer

if TYPE_CHECKING:
    from uuid import UUID

    from jagawarga.plumbing.clock import Clock
    from jagawarga.reports.directory import Directory
    from jagawarga.reports.messages import Wish
    from jagawarga.reports.model import Changed, Terms
    from jagawarga.reports.store import Store

RETRY_FIRST: Final = 0.25
RETRY_LIMIT: Final = 30.0
WRITES_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True)
class Act:
    """Call: take a step; answers the new state, or raises `Conflict`, `Invalid`, `NotFound` or `Unavailable`."""

    wish: Wish
    agency: str | None
    """Who takes it; `None`: the reporter."""
    terms: Terms | None = None
    """Of the agency to transfer to, or of the other category."""
    changed: Changed | None = None
    """What an edit makes of the content."""
    proofs: tuple[int, ...] = ()
    """What the photos of a resolution look like."""
    duplicate: UUID | None = None
    """The report to merge into this one."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Info: the report has this state now; somebody else has written it."""

    state: ReportState


@dataclass(frozen=True, slots=True)
class Crew:
    """What all report actors share."""

    store: Store
    writer: Name
    directory: Directory
    clock: Clock
    grain: float
    """Seconds to which an anonymous reporter's times are told."""
    crier: Name
    """The writer of notices, so that however many there are, they never stand before what people ask for."""
    # When very many deadlines pass at once, their writes leave room in the writer's queue for what people ask for.
    gate: trio.Semaphore = field(default_factory=lambda: trio.Semaphore(WRITES_AT_ONCE))
    quarantine: Quarantine = field(default_factory=Quarantine)
    # Recovery and the watch would else go through the same hundred thousand side by side.
    overdue: trio.Lock = field(default_factory=trio.Lock)


class ReportActor(Actor):
    """State machine of one report. Killed at any moment it starts again from the database and catches up.

    Each step is written with a condition on the version it was decided on: whatever an actor does not know yet, of
    itself in a former life or of another node, it can not do twice.
    """

    __slots__ = ("crew", "failures", "report_id", "state", "timer")
    mailbox_limit: ClassVar[int] = 100
    # Most reports wait for days, and only their clock needs to run.
    hibernate_after: ClassVar[float | None] = 120.0
    # As coarse as the time an anonymous report is given: its actor must not tell an operator the second it came in.
    age_grain: ClassVar[float] = 60.0

    def init(self, crew: Crew, report_id: UUID) -> None:
        """Take the state over from whoever starts us; without one, the first tick loads it."""
        self.crew = crew
        self.report_id = report_id
        self.failures = 0
        self.timer: Timer | None = None
        self.state: ReportState | None = crew.directory.take_over(report_id)
        if self.state is None:
            self.process.info(TICK)
        else:
            self._arm()

    async def handle_call(self, message: Any, sender: Sender) -> Any:
        """Take the step that somebody asks for; a deadline that passed before counts first."""
        if not isinstance(message, Act):
            return super().handle_call(message, sender)
        try:
            while True:
                state = await self._catch_up()
                try:
                    step = await self._decide(state, message)
                except Rejected:
                    # What we know may be old (another node, a write whose answer was lost): look before refusing.
                    if not await self._moved_on(state):
                        raise
                    continue
                if await self._write(step):
                    break
        except Rejected as error:
            sender.error(error)
        except Unavailable as error:
            self._try_later()
            sender.error(error)
        else:
            self._arm()
            sender.reply(self.state)
        self._stop_at_the_end()
        return NO_REPLY

    async def _decide(self, state: ReportState, act: Act) -> Transition | Together:
        now = self.crew.clock()
        if act.agency is None:
            return decide_as_reporter(state, act.wish, now, self.crew.grain, act.changed)
        if act.duplicate is not None:
            known = await self._duplicates(state)
            return merge(state, known, await self._family(act.duplicate), act.wish, act.agency, now)
        return decide(state, act.wish, act.agency, now, act.terms)._replace(proofs=act.proofs)

    async def handle_info(self, message: Any) -> Any:
        """Do what the clock asks for, or find out that it is not yet time; then sleep on."""
        if isinstance(message, Moved):
            return self._follow(message.state)
        if message != TICK:
            return None
        try:
            # Those whose time has come together wait in line here; who is asked by an agency goes past them.
            async with self.crew.gate:
                await self._tell()
        except Unavailable:
            self._try_later()
            return None
        except NotFound:
            raise Stop from None
        self.failures = 0
        self._stop_at_the_end()
        return HIBERNATE

    async def _catch_up(self) -> ReportState:
        """Load the state where it is unknown, do what passed deadlines ask for, and arm the timer for the next."""
        while True:
            if self.state is None:
                self.state = await self._load()
                if self.state is None:
                    msg = "no such report"
                    raise NotFound(msg)
            due_at = self.state.due_at
            step = elapse(self.state, self.crew.clock())
            if step is None or due_at is None:
                self._arm()
                return self.state
            if await self._write(step):
                LATENESS.observe((self.crew.clock() - due_at).total_seconds())
                if step.event == ESCALATED:
                    ESCALATIONS.labels(str(step.state.level)).inc()

    async def _tell(self) -> None:
        """Catch up, and tell the holder what is due; whatever was missed, once."""
        while True:
            state = await self._catch_up()
            told = notice(state, self.crew.clock())
            if told is None:
                return
            if await self._write(told):
                NOTICES.labels(told.event.removeprefix("report.")).inc()

    def _follow(self, state: ReportState) -> Any:
        if self.state is None or state.version > self.state.version:
            self.state = state
            self._arm()
            self._stop_at_the_end()
        return HIBERNATE

    async def _load(self) -> ReportState | None:
        try:
            return await self.crew.store.load(self.report_id)
        except Corrupt as error:
            # To crash would be to crash again and again, at the cost of the partition's intensity and of everybody
            # in it. The watch starts us when the row can be read.
            self.crew.quarantine.add(self.report_id, error)
            raise Stop(Shutdown("corrupt")) from None

    async def _moved_on(self, known: ReportState) -> bool:
        self.state = await self._load()
        return self.state is None or self.state.version != known.version

    async def _family(self, report_id: UUID) -> list[ReportState]:
        """A report, first, and those merged into it; one that can not be read stays behind, and is put aside."""
        family: list[ReportState] = []
        for row in await self.crew.store.family(report_id):
            try:
                family.append(state_of(row))
            except Corrupt as error:
                self.crew.quarantine.add(row["report_id"], error)
        if not family or family[0].report_id != report_id:
            msg = "no such report"
            raise NotFound(msg)
        return family

    async def _duplicates(self, state: ReportState) -> list[ReportState]:
        return (await self._family(self.report_id))[1:] if state.past.leads else []

    async def _write(self, step: Transition | Together | Notice) -> bool:
        """Write a step, and with it what it has the report's duplicates do.

        False when one of them has moved on without us, and then the state is to be loaded.
        """
        if isinstance(step, Transition) and step.state.past.leads:
            others = follow(await self._duplicates(step.state), step)
            step = Together(step, others) if others else step
        try:
            held: bool = await commit(self.crew.crier if isinstance(step, Notice) else self.crew.writer, step)
        except Corrupt as error:
            self.crew.quarantine.add_stuck(self.report_id, error)
            raise Stop(Shutdown("corrupt")) from None
        self.failures = 0
        if self.report_id in self.crew.quarantine:
            self.crew.quarantine.release(self.report_id)
        own, others = step if isinstance(step, Together) else (step, ())
        self.state = own.state if held else None
        for each in others if held else ():
            process = self.crew.directory.reports.whereis(each.state.report_id)
            if process is not None:
                process.info(Moved(each.state))
        return held

    def _arm(self) -> None:
        due_at = None if self.state is None else tick_at(self.state)
        seconds = None if due_at is None else (due_at - self.crew.clock()).total_seconds()
        if seconds is not None and seconds <= 0:
            # At once, without a turn of the wheel.
            self._sleep(None)
            self.process.info(TICK)
        else:
            self._sleep(seconds)

    def _try_later(self) -> None:
        self.failures += 1
        full = min(RETRY_LIMIT, RETRY_FIRST * 2.0 ** min(self.failures, 10))
        self._sleep(full * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret

    def _sleep(self, seconds: float | None) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.timer = None if seconds is None else self.send_after(seconds, TICK)

    def _stop_at_the_end(self) -> None:
        if self.state is not None and self.state.status in ENDS:
            raise Stop

    def pack(self) -> Any:
        """What is kept of a report that sleeps; with an unknown state or a failure behind it, it stays as it is."""
        state = self.state
        return None if state is None or self.failures else fold_state(state)

    def unpack(self, state: Any) -> None:
        """Go on where the report fell asleep."""
        self.crew, self.report_id = self.process.args
        self.failures = 0
        self.timer = next(iter(self.process.timers()), None)
        self.state = unfold_state(self.report_id, state)

    def describe(self) -> dict[str, Any]:
        """Where the report stands."""
        state = self.state
        if state is None:
            return {"status": "unknown", "failures": self.failures}
        due_at = state.due_at
        return {
            "status": state.status,
            "level": state.level,
            "holder": state.holder,
            "version": state.version,
            "due_at": None if due_at is None else due_at.isoformat(),
            "failures": self.failures,
        }
