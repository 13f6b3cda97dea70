"""Values of the notification context: inboxes, preferences, browsers that are pushed to, live streams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from jagawarga.reports.messages import Status

Language = Literal["id", "en"]
Channel = Literal["email", "push"]
Kind = Literal["progress", "escalation", "outcome"]
EmailState = Literal["not_configured", "none", "pending", "confirmed"]


@dataclass(frozen=True, slots=True)
class Notification:
    """One line of an inbox: report `report_id` of the recipient became `status`."""

    notification_id: UUID
    report_id: UUID
    type: str
    status: Status
    holder: str
    at: datetime
    is_read: bool = False


@dataclass(frozen=True, slots=True)
class Inbox:
    """A page of an inbox, newest first; `cursor` continues it. `unread` counts all of it, up to a thousand."""

    items: tuple[Notification, ...]
    cursor: str | None
    unread: int


@dataclass(frozen=True, slots=True)
class SetPreferences:
    """What somebody wishes: channels by kind of news, and the rhythm in hours and minutes of Jakarta's day.

    `digest_hour` gathers e-mail into one a day; within `quiet` (from, until) nothing is sent.
    """

    language: Language
    channels: Mapping[Kind, Sequence[Channel]]
    email: str | None
    digest_hour: int | None
    quiet: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class ShownPreferences:
    """The preferences as they stand; `failed` counts what could not be delivered within a month, by channel."""

    language: Language
    channels: Mapping[Kind, Sequence[Channel]]
    email: str | None
    email_state: EmailState
    digest_hour: int | None
    quiet: tuple[int, int] | None
    failed: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AddBrowser:
    """A browser's push subscription (RFC 8030): where to post, and the keys of RFC 8291."""

    endpoint: str
    p256dh: bytes
    auth: bytes


@dataclass(frozen=True, slots=True)
class Browser:
    """A subscription as its owner sees it: the push service, not the secret address."""

    subscription_id: UUID
    service: str


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One server-sent event: `sequence` (the bus's own) is its id and orders the stream; `data` is JSON text."""

    sequence: int
    type: str
    data: str


Stream = AbstractAsyncContextManager[AsyncIterator[StreamEvent]]


class NotificationDoor(Protocol):
    """What the edge may ask of the notification context."""

    async def inbox(self, recipient: str, *, cursor: str | None, limit: int, unread: bool) -> Inbox:
        """A page of the notifications of a pseudonym, newest first; `Invalid` for a cursor that is none of ours."""

    async def mark(self, recipient: str, ids: Sequence[UUID] | None, *, read: bool) -> None:
        """Mark some notifications of a pseudonym, or all there are now, as read or not."""

    async def preferences(self, recipient: str) -> ShownPreferences:
        """What a pseudonym wants; the defaults where it never said."""

    async def prefer(self, recipient: str, wish: SetPreferences) -> ShownPreferences:
        """Change that. A new address is used only after its code came back; `Invalid` where no e-mail can be sent."""

    async def confirm(self, recipient: str, code: str) -> ShownPreferences:
        """Take the code that was mailed; `Invalid` for a wrong one, `Conflict` when none is waited for."""

    async def stop_mail(self, token: str) -> None:
        """Send no more e-mail to whom the token of a mail stands for; `NotFound` for a token that is none."""

    def push_key(self) -> str:
        """The public key that browsers subscribe with (RFC 8292), in base64url."""

    async def add_browser(self, recipient: str, browser: AddBrowser) -> Browser:
        """Push to a browser from now on; `Invalid` for an address we do not post to, `Conflict` for one too many."""

    async def browsers(self, recipient: str) -> tuple[Browser, ...]:
        """The browsers that are pushed to."""

    async def remove_browser(self, recipient: str, subscription_id: UUID) -> None:
        """Push to that browser no more; `NotFound` when there is none."""

    def subscribe(self, agency: str, *, after: int | None) -> Stream:
        """The live events of one agency, from behind `after` on; ends when the reader falls too far behind."""

    def name_of(self, recipient: str, sequence: int) -> str:
        """The id of an event in a pseudonym's stream: its number sealed, for numbers tell when others file reports."""

    def number_of(self, recipient: str, name: str) -> int:
        """The number again; `Invalid` for an id that was not given to this pseudonym."""

    def subscribe_own(self, recipient: str, *, after: int | None) -> Stream:
        """The live events of a pseudonym's own reports, likewise.

        Where `after` is too long ago, the first event is `inbox.changed`: the inbox has what was missed.
        """
