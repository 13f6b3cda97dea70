"""Recovery: every open report has its actor, after a start, after the loss of a partition, and in the long run."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import structlog

from jagawarga.errors import Unavailable
from jagawarga.reports.store import NEWEST, OLDEST
from supervisors import Actor

if TYPE_CHECKING:
    from datetime import datetime

    from jagawarga.reports.actor import Crew
    from supervisors import Process

PAGE: Final = 1_000
WATCH_EVERY: Final = 1.0
SWEEP_EVERY: Final = 30.0
RETRY_LIMIT: Final = 10.0
_RECOVER: Final = "recover"
_WATCH: Final = "watch"
_SWEEP: Final = "sweep"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Missing:
    """Cast: this report was filed, and its actor could not be started."""

    report_id: UUID


class Recovery(Actor):
    """Starts what is not there. Everything it does may be done twice: an actor that runs is left alone."""

    def init(self, crew: Crew) -> None:
        """Begin at once, without holding up those who start after us."""
        self.crew = crew
        self.generation: tuple[Process | None, ...] = ()
        self.missing: set[UUID] = set()
        self.started = 0
        self.failures = 0
        self.complete = False
        self.process.info(_RECOVER)
        self.send_after(WATCH_EVERY, _WATCH)
        self.send_after(SWEEP_EVERY, _SWEEP)

    def handle_cast(self, message: Any) -> None:
        """Remember an actor to start."""
        if isinstance(message, Missing):
            self.missing.add(message.report_id)

    async def handle_info(self, message: Any) -> None:
        """Recover, watch and sweep, each in its own rhythm."""
        match message:
            case "recover":
                await self._recover()
            case "watch":
                self.send_after(WATCH_EVERY, _WATCH)
                self.missing = {each for each in self.missing if not self.crew.directory.start(each)}
                # A partition that was lost took its actors along; which ones, only the database can tell.
                if self.complete and self.generation != self.crew.directory.generation():
                    await self._recover()
            case "sweep":
                self.send_after(SWEEP_EVERY, _SWEEP)
                await self._sweep()

    async def _recover(self) -> None:
        generation = self.crew.directory.generation()
        self.complete = False
        before = self.started
        try:
            await self._start_due(NEWEST[0])
            await self._start_clockless()
        except Unavailable:
            self.failures += 1
            pause = min(RETRY_LIMIT, 0.25 * 2.0 ** min(self.failures, 10))
            self.send_after(pause * random.uniform(0.5, 1.0), _RECOVER)  # noqa: S311 - jitter, not a secret
            return
        self.failures = 0
        self.generation = generation
        self.complete = True
        log.info("reports.recovered", started=self.started - before)

    async def _sweep(self) -> None:
        """Start actors of reports whose deadline has passed with nobody to see it."""
        try:
            await self._start_due(self.crew.clock())
        except Unavailable:
            # The next sweep comes by itself.
            return

    async def _start_due(self, until: datetime) -> None:
        after = OLDEST
        while page := await self.crew.store.due_page(after, until, PAGE):
            for due_at, state in page:
                after = (due_at, state.report_id)
                self._start(state.report_id, state)

    async def _start_clockless(self) -> None:
        after = UUID(int=0)
        while page := await self.crew.store.clockless_page(after, PAGE):
            for state in page:
                after = state.report_id
                self._start(after, state)

    def _start(self, report_id: UUID, state: Any) -> None:
        directory = self.crew.directory
        if report_id in directory.reports:
            return
        if directory.start(report_id, state):
            self.started += 1
        else:
            self.missing.add(report_id)

    def describe(self) -> dict[str, Any]:
        """How far it is."""
        return {"complete": self.complete, "started": self.started, "missing": len(self.missing)}
