"""The calendars of reports: kept beside them for good, and on the process's shelf before any report is read."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

import structlog
import trio

from jagawarga.calendars.shelf import calendar_from, definition_of, key_of, known, shelve
from jagawarga.errors import Unavailable
from supervisors import Actor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jagawarga.calendars.model import WorkingHours
    from jagawarga.reports.store import Store

RETRY_LIMIT: Final = 10.0
_FILL: Final = "fill"

log = structlog.get_logger()


async def keep(store: Store, calendars: Mapping[str, WorkingHours]) -> None:
    """Make calendars fit to file reports under: durably, then for this process. Raises `Unavailable`."""
    await store.shelve({reference: definition_of(each) for reference, each in calendars.items()})
    for reference, each in calendars.items():
        await _warm(each)
        shelve(reference, each)


async def _warm(hours: WorkingHours) -> None:
    # A century of working days takes a tenth of a second: not on the loop.
    await trio.to_thread.run_sync(hours.warm)


class Shelf(Actor):
    """Fills the shelf at the start, from what the catalogue has and what was ever kept; then it has nothing to do.

    While the database is away it tries again, and holds nobody up: a report under a calendar that is not there yet
    waits in quarantine until it is.
    """

    async def init(self, store: Store, calendars: Callable[[], Mapping[str, WorkingHours]]) -> None:
        """Fill it before the reports behind us are read, if that can be done now."""
        self.store = store
        self.calendars = calendars
        self.kept: int | None = None
        self.unreadable = 0
        self.failures = 0
        await self._fill()

    async def handle_info(self, message: Any) -> None:
        """Try once more."""
        if message == _FILL:
            await self._fill()

    async def _fill(self) -> None:
        try:
            await keep(self.store, self.calendars())
            kept = await self.store.calendars()
        except Unavailable:
            self.failures += 1
            pause = min(RETRY_LIMIT, 0.25 * 2.0 ** min(self.failures, 10))
            self.send_after(pause * random.uniform(0.5, 1.0), _FILL)  # noqa: S311 - jitter, not a secret
            return
        self.unreadable = 0
        for reference, definition in kept.items():
            if known(reference):
                continue
            try:
                hours = calendar_from(definition)
                shelve(reference, hours)
            except ValueError:
                self.unreadable += 1
                log.warning("calendar.unreadable", calendar=key_of(reference))
                continue
            await _warm(hours)
        self.kept = len(kept)

    def describe(self) -> dict[str, Any]:
        """How many there are."""
        return {"kept": self.kept, "unreadable": self.unreadable, "failures": self.failures}
