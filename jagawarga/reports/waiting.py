"""The waiting room: filings that the database can not take now lie sealed with the broker until it can.

A filing is found by the digest of its tracking code, which is its subject, so that the code works at once. Written
twice (by a writer that answered too late, and from here) it is one report: both bring the same id.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from jagawarga.errors import Corrupt, Unavailable
from jagawarga.plumbing.packing import Outgoing
from jagawarga.plumbing.streams import BURIED, DEADLETTERS, WAITING, WAITING_ROOM
from jagawarga.reports.messages import HistoryEntry, Place, ReportView
from jagawarga.reports.model import EPOCH, Transition, pack_state, unpack_state
from jagawarga.reports.store import Filing

if TYPE_CHECKING:
    from jagawarga.plumbing.bus import Bus
    from jagawarga.plumbing.keys import Keyring

PURPOSE: Final = "waiting-filing"
PUBLISH_WITHIN: Final = 2.5
"""With the patience for the database before it, less than a stop in order gives a request."""
_RECEIVED: Final = "report.received"


class WaitingRoom:
    """Where filings wait. A handle; `Drain` empties it."""

    def __init__(self, bus: Bus, keyring: Keyring) -> None:
        self.bus = bus
        self.keyring = keyring

    async def admit(self, filing: Filing) -> None:
        """Have the broker store the filing, and return when it has; `Unavailable` when it can not."""
        identity = str(filing.step.state.report_id)
        message = Outgoing(identity, self._subject(filing.tracking), self.seal(filing))
        stored = await self.bus.publish([message], deadline=PUBLISH_WITHIN)
        if identity not in stored:
            msg = "the broker did not take the report"
            raise Unavailable(msg)

    async def look_up(self, tracking: bytes) -> ReportView | None:
        """The report that waits under this digest of a tracking code, as far as its reporter may see it."""
        subject = self._subject(tracking)
        # What the database refuses waits among the dead letters for an operator: it was promised all the same.
        sealed = await self.bus.find(WAITING_ROOM, subject) or await self.bus.find(DEADLETTERS, f"{BURIED}.{subject}")
        return None if sealed is None else _view(self.unseal(sealed))

    def seal(self, filing: Filing) -> bytes:
        """Write a filing down so that only this installation can read it; its content was sealed before."""
        state = filing.step.state
        since = filing.step.at - EPOCH
        plain = {
            "report_id": str(state.report_id),
            "state": pack_state(state),
            "at": (since.days, since.seconds, since.microseconds),
            "event": filing.step.event,
            "actor": filing.step.actor,
            "area": filing.area,
            "tracking": filing.tracking.hex(),
            "content": base64.b64encode(filing.content).decode(),
        }
        return self.keyring.seal(PURPOSE, json.dumps(plain).encode())

    def unseal(self, sealed: bytes) -> Filing:
        """Read what `seal` wrote; `Corrupt` for anything else."""
        try:
            plain = json.loads(self.keyring.unseal(PURPOSE, sealed))
            state = unpack_state(UUID(plain["report_id"]), _tupled(plain["state"]))
            step = Transition(state, plain["event"], plain["actor"], _moment(plain["at"]), None)
            return Filing(
                step, plain["area"], bytes.fromhex(plain["tracking"]), base64.b64decode(plain["content"], validate=True)
            )
        except (ValueError, KeyError, TypeError, IndexError) as error:
            msg = f"a waiting filing can not be read ({type(error).__name__})"
            raise Corrupt(msg) from error

    def _subject(self, tracking: bytes) -> str:
        return f"{WAITING}.{tracking.hex()}"


def _view(filing: Filing) -> ReportView:
    state = filing.step.state
    line = HistoryEntry(
        state.version, _RECEIVED, state.status, state.level, state.holder, filing.step.actor, filing.step.at, None
    )
    return ReportView(
        state.report_id,
        state.privacy,
        state.category,
        filing.area,
        "",
        Place(),
        state.status,
        state.agency,
        state.holder,
        state.level,
        state.version,
        filing.step.at,
        state.due_at,
        (line,),
    )


def _moment(parts: Any) -> datetime:
    return EPOCH + timedelta(*parts)


def _tupled(packed: list[Any]) -> Any:
    """JSON has no tuples, and states are compared with those that have."""
    return tuple(tuple(each) if isinstance(each, list) else each for each in packed)
