"""Recovery: every open report has its actor, after a start, after the loss of a partition, and in the long run."""

from __future__ import annotations

import random
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import structlog
import trio

from jagawarga.errors import Corrupt, Unavailable
from jagawarga.reports.overdue import escalate_due
from jagawarga.reports.rows import fold_row, seconds_until
from jagawarga.reports.store import NEWEST
from supervisors import Actor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from jagawarga.reports.actor import Crew
    from supervisors import Process

    Read = Callable[[tuple[datetime, UUID]], Awaitable[list[Any]]]

PAGE: Final = 4_000
SLICE_SECONDS: Final = 0.002
"""For how long at a time nobody else has the loop: requests are answered all the while."""
WATCH_EVERY: Final = 1.0
RETRY_LIMIT: Final = 10.0
SHOWN: Final = 5
_RECOVER: Final = "recover"
_WATCH: Final = "watch"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Missing:
    """Cast: this report was filed, and its actor could not be started."""

    report_id: UUID


class Recovery(Actor):
    """Starts what is not there. Everything it does may be done twice: an actor that is there is left alone.

    Who is overdue climbs at once; everybody else begins asleep, as a record with a deadline, and costs a few µs.
    """

    def init(self, crew: Crew) -> None:
        """Begin at once, without holding up those who start after us."""
        self.crew = crew
        self.generation: tuple[Process | None, ...] = ()
        self.missing: set[UUID] = set()
        self.started = 0
        self.failures = 0
        self.refused = False
        self.rounds = 0
        self.complete = False
        self.seconds = 0.0
        self.process.info(_RECOVER)
        self.send_after(WATCH_EVERY, _WATCH)

    def handle_cast(self, message: Any) -> None:
        """Remember an actor to start."""
        if isinstance(message, Missing):
            self.missing.add(message.report_id)

    async def handle_info(self, message: Any) -> None:
        """Recover, and watch for what is lost."""
        match message:
            case "recover":
                await self._recover()
            case "watch":
                self.send_after(WATCH_EVERY, _WATCH)
                self.missing = {each for each in self.missing if not self.crew.directory.start(each)}
                # A partition that was lost took its actors along; which ones, only the database can tell.
                if self.complete and self.generation != self.crew.directory.generation():
                    await self._recover()

    async def _recover(self) -> None:
        generation = self.crew.directory.generation()
        self.complete = False
        before, began = self.started, trio.current_time()
        now = self.crew.clock()
        store = self.crew.store
        reached = True
        self.refused = False
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._escalate, now)
                nursery.start_soon(
                    self._lay_down, lambda after: store.due_page(after, NEWEST[0], PAGE), (now, NEWEST[1])
                )
                nursery.start_soon(
                    self._lay_down, lambda after: store.clockless_page(after[1], PAGE), (now, UUID(int=0))
                )
        except* Unavailable:
            reached = False
        if self.refused or not reached:
            self.failures += 1
            pause = min(RETRY_LIMIT, 0.25 * 2.0 ** min(self.failures, 10))
            self.send_after(pause * random.uniform(0.5, 1.0), _RECOVER)  # noqa: S311 - jitter, not a secret
            return
        self.failures = 0
        self.generation = generation
        self.rounds += 1
        self.complete = True
        self.seconds = trio.current_time() - began
        log.info(
            "reports.recovered",
            started=self.started - before,
            seconds=round(self.seconds, 3),
            corrupt=len(self.crew.quarantine),
        )

    async def _escalate(self, until: datetime) -> None:
        started = await escalate_due(self.crew, until)
        self.started += started

    async def _lay_down(self, read: Read, after: tuple[datetime, UUID]) -> None:
        """Give everybody behind `after` an actor that sleeps; the next page is read while one is gone through."""
        pages, read_pages = trio.open_memory_channel[list[Any]](1)
        async with trio.open_nursery() as nursery, read_pages:
            nursery.start_soon(_read_on, read, after, pages)
            async for page in read_pages:
                await self._start(page)

    async def _start(self, page: list[Any]) -> None:
        crew, known = self.crew, self.crew.directory.reports
        now, slice_end = crew.clock(), perf_counter() + SLICE_SECONDS
        for row in page:
            report_id = row[0]
            if report_id in known:
                continue
            try:
                folded, tick = fold_row(row)
            except Corrupt as error:
                crew.quarantine.add(report_id, error)
                continue
            if crew.directory.start_asleep(report_id, folded, seconds_until(tick, now)):
                self.started += 1
            else:
                # Its partition is on its way down or up: once more, when all have been gone through.
                self.refused = True
            if perf_counter() > slice_end:
                await trio.lowlevel.checkpoint()
                now, slice_end = crew.clock(), perf_counter() + SLICE_SECONDS

    def describe(self) -> dict[str, Any]:
        """How far it is."""
        return {
            "complete": self.complete,
            "rounds": self.rounds,
            "started": self.started,
            "seconds": round(self.seconds, 3),
            "missing": len(self.missing),
            "corrupt": len(self.crew.quarantine),
            "corrupt_reports": self.crew.quarantine.some(SHOWN),
        }


async def _read_on(read: Read, after: tuple[datetime, UUID], pages: trio.MemorySendChannel[list[Any]]) -> None:
    async with pages:
        while page := await read(after):
            await pages.send(page)
            after = (page[-1]["due_at"], page[-1]["report_id"])
