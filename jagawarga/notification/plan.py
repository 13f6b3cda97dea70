"""When a delivery is sent, and what becomes of one that was not taken: pure, time is passed in.

At most once: a delivery is marked before it is sent and sent again only when the other side said, or the connection
shows, that it was not taken. Where nobody can know, it is given up, visibly, and the inbox has it all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, Literal
from uuid import UUID

from jagawarga.notification.messages import Channel, Kind

Fate = Literal["sent", "again", "failed", "unknown"]

CHANNELS: Final[tuple[Channel, ...]] = ("email", "push")
KINDS: Final[tuple[Kind, ...]] = ("progress", "escalation", "outcome")
_KINDS: Final[dict[str, Kind]] = {
    "report.escalated": "escalation",
    "report.resolved": "outcome",
    "report.rejected": "outcome",
    "report.closed": "outcome",
    "report.reopened": "outcome",
}
CONFIRM: Final = "email.confirm"
"""The type of the one delivery that tells of no report: the code that confirms an address."""

WIB: Final = timezone(timedelta(hours=7), "WIB")
"""Asia/Jakarta, which has had no other offset since 1964."""
DAY: Final = timedelta(days=1)

TRIES: Final = 10
RETRY_FIRST: Final = 30.0
RETRY_LIMIT: Final = 3_600.0
EXPIRES: Final = timedelta(days=3)
"""A digest and a night wait less; what is older than this is no news."""
KEPT: Final = timedelta(days=30)
NOBODYS: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Until when a delivery is leased that nobody has claimed."""


@dataclass(frozen=True, slots=True)
class Due:
    """One claimed delivery: an event for a recipient; `private` says that the report is not for everybody."""

    recipient: str
    event_id: UUID
    report_id: UUID | None
    type: str
    status: str
    holder: str
    private: bool
    at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a channel says of one message; `reason` is one of ours or a number, never the other side's words."""

    fate: Fate
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a delivery is left: `queued` comes up again at `due_at`, which says nothing for the others."""

    state: Literal["queued", "sent", "failed"]
    reason: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When somebody wants to hear: a digest at an hour, and minutes of the day in which it is quiet."""

    digest_hour: int | None = None
    quiet: tuple[int, int] | None = None


def kind_of(event: str) -> Kind:
    """The kind that an event's type belongs to; what is new to us is progress."""
    return _KINDS.get(event, "progress")


def send_at(rhythm: Rhythm, channel: str, news: datetime, now: datetime) -> datetime:
    """When to send `news` that is there since then: `now`, or later for a digest (of e-mail) or for the quiet."""
    at = now
    if channel == "email" and rhythm.digest_hour is not None:
        at = max(at, _after(news, rhythm.digest_hour * 60))
    if rhythm.quiet is not None:
        since, until = rhythm.quiet
        minute = _minute(at)
        quiet = since <= minute < until if since < until else minute >= since or minute < until
        if quiet and since != until:
            at = _after(at, until)
    return at


def settled(outcome: Outcome, attempts: int, now: datetime, dice: float) -> Settlement:
    """What becomes of a delivery after its `attempts`-th sending; `dice` in [0, 1) is the jitter."""
    if outcome.fate == "sent":
        return Settlement("sent", "", NOBODYS)
    if outcome.fate == "again" and attempts < TRIES:
        full = min(RETRY_LIMIT, RETRY_FIRST * 2.0 ** (attempts - 1))
        return Settlement("queued", outcome.reason, now + timedelta(seconds=full * (0.5 + dice / 2)))
    return Settlement("failed", outcome.reason, NOBODYS)


def _minute(at: datetime) -> int:
    local = at.astimezone(WIB)
    return local.hour * 60 + local.minute


def _after(at: datetime, minute: int) -> datetime:
    """The next moment after `at` at which it is that minute of the day in Jakarta."""
    local = at.astimezone(WIB)
    then = local.replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0)
    return (then if then > local else then + DAY).astimezone(UTC)
