"""What the notification context does for others: inboxes, preferences, live streams, and the channels behind them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from jagawarga.errors import Conflict, Corrupt, Invalid, NotFound
from jagawarga.notification import endpoints, vapid
from jagawarga.notification.desk import Desk
from jagawarga.notification.mailer import Mailer, Server
from jagawarga.notification.messages import Browser, Inbox, ShownPreferences
from jagawarga.notification.plan import KEPT
from jagawarga.notification.preferences import Preferences, changed, confirmed, without_mail, wrong_code
from jagawarga.notification.pusher import BROWSER, Keys, Pusher
from jagawarga.notification.store import Store
from jagawarga.notification.stream import LiveStream, of_agency, of_reporter
from jagawarga.plumbing.clock import utc_now
from jagawarga.plumbing.uuids import random_uuid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jagawarga.notification.channel import Channel
    from jagawarga.notification.messages import AddBrowser, EmailState, SetPreferences, Stream
    from jagawarga.plumbing.bus import Bus
    from jagawarga.plumbing.clock import Clock
    from jagawarga.plumbing.database import Database
    from jagawarga.plumbing.keys import Keyring
    from jagawarga.reports.messages import ReportEvent

NEWEST: Final = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
_AT, _ID = 8, 16
"""Bytes of a cursor."""


def _key(agency: str) -> str:
    return agency


@dataclass(frozen=True, slots=True)
class Ways:
    """How people are reached: no `server`, no e-mail. `name` gives an authority's name by its key."""

    server: Server | None = None
    public_url: str = "http://localhost:8000"
    private_push: bool = False
    name: Callable[[str], str] = _key


STREAM_ID: Final = "stream-id"
"""The key's purpose."""


class Notifications:
    """The concrete `NotificationDoor`; a handle made once, its actors are `tree.notification_tree(self)`."""

    def __init__(
        self, database: Database, bus: Bus, keyring: Keyring, ways: Ways = Ways(), clock: Clock = utc_now
    ) -> None:
        self.bus = bus
        self.keyring = keyring
        self.store = Store(database)
        self.stream = LiveStream(bus)
        self.clock = clock
        self.desk = Desk(keyring, ways.public_url, ways.name, clock)
        self.mailer = None if ways.server is None else Mailer(ways.server, self.desk)
        self.pusher = Pusher(self.store, self.desk, private=ways.private_push)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Those that are configured; for others nothing is ever queued."""
        return (self.pusher,) if self.mailer is None else (self.mailer, self.pusher)

    async def inbox(self, recipient: str, *, cursor: str | None, limit: int, unread: bool) -> Inbox:
        """A page of the notifications of a pseudonym, newest first."""
        place = NEWEST if cursor is None else _place(cursor)
        items = await self.store.inbox(recipient, place, limit + 1, unread=unread)
        page = items[:limit]
        more = None if len(items) <= limit else _cursor(page[-1].at, page[-1].notification_id)
        return Inbox(page, more, await self.store.unread(recipient))

    async def mark(self, recipient: str, ids: Sequence[UUID] | None, *, read: bool) -> None:
        """Mark some notifications of a pseudonym, or all there are now."""
        await self.store.mark(recipient, ids or (), NEWEST[0] if ids is None else None, read=read)

    async def preferences(self, recipient: str) -> ShownPreferences:
        """What a pseudonym wants."""
        _, current = await self._load(recipient)
        return await self._shown(recipient, current)

    async def prefer(self, recipient: str, wish: SetPreferences) -> ShownPreferences:
        """Change what a pseudonym wants; a new address gets a code."""
        if wish.email is not None and self.mailer is None:
            msg = "no e-mail can be sent from here"
            raise Invalid(msg, fields={"email": msg})
        version, before = await self._load(recipient)
        after = changed(before, wish, random_uuid(), self.clock())
        await self._save(recipient, version, before, after)
        return await self._shown(recipient, after)

    async def confirm(self, recipient: str, code: str) -> ShownPreferences:
        """Take the code that was mailed."""
        version, before = await self._load(recipient)
        right = self.desk.code_fits(recipient, before, code)
        after = confirmed(before, right=right, now=self.clock())
        # A wrong one is written down before it is refused; of many at once one counts, and the others are conflicts.
        await self._save(recipient, version, before, after)
        if not right:
            raise wrong_code()
        return await self._shown(recipient, after)

    async def stop_mail(self, token: str) -> None:
        """Send no more e-mail to whom the token of a mail stands for."""
        recipient = self.desk.stopped(token)
        version, before = await self._load(recipient)
        if version:
            await self._save(recipient, version, before, without_mail(before))

    async def tell(self, events: Sequence[ReportEvent]) -> None:
        """Put events into the inboxes of those they name as reporters; one that was told before changes nothing."""
        await self.store.record(events, [each.name for each in self.channels])

    def push_key(self) -> str:
        """The public key that browsers subscribe with."""
        return self.pusher.public_key

    async def add_browser(self, recipient: str, browser: AddBrowser) -> Browser:
        """Push to a browser from now on."""
        try:
            where = endpoints.target(browser.endpoint, private=self.pusher.private)
        except endpoints.Refused:
            raise Invalid("wrong address", fields={"endpoint": "must be the https address of a push service"}) from None
        try:
            vapid.check_point(browser.p256dh)
        except ValueError:
            raise Invalid("wrong key", fields={"keys.p256dh": "must be a point of P-256"}) from None
        digest = self.desk.keyring.digest(BROWSER, browser.endpoint.encode())
        sealed = self.desk.keyring.seal(
            BROWSER, Keys(browser.endpoint, browser.p256dh, browser.auth).to_bytes(), digest
        )
        version, current = await self._load(recipient)
        if not version:
            # Who never said what they want is pushed everything: that is what they have just asked for.
            await self._save(recipient, version, current, current)
        number = await self.store.subscribe(recipient, digest, sealed)
        if number is None:
            msg = "too many browsers; remove one first"
            raise Conflict(msg)
        return Browser(number, where.host)

    async def browsers(self, recipient: str) -> tuple[Browser, ...]:
        """The browsers that are pushed to."""
        rows = await self.store.subscriptions(recipient)
        opened = [
            (each, Keys.from_bytes(self.desk.keyring.unseal(BROWSER, sealed, digest))) for each, digest, sealed in rows
        ]
        return tuple(Browser(each, endpoints.target(keys.endpoint, private=True).host) for each, keys in opened)

    async def remove_browser(self, recipient: str, subscription_id: UUID) -> None:
        """Push to that browser no more."""
        if not await self.store.unsubscribe(recipient, [subscription_id]):
            msg = "no such subscription"
            raise NotFound(msg)

    def subscribe(self, agency: str, *, after: int | None) -> Stream:
        """The live events of one agency, from behind `after` on; ends when the reader falls too far behind."""
        return self.stream.subscribe(of_agency(agency), after)

    def name_of(self, recipient: str, sequence: int) -> str:
        """The id of an event in a pseudonym's stream."""
        sealed = self.keyring.seal(STREAM_ID, sequence.to_bytes(8), recipient.encode())
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def number_of(self, recipient: str, name: str) -> int:
        """The number again; `Invalid` for an id that was not given to this pseudonym."""
        try:
            sealed = base64.b64decode(name + "=" * (-len(name) % 4), altchars=b"-_", validate=True)
            return int.from_bytes(self.keyring.unseal(STREAM_ID, sealed, recipient.encode()))
        except (ValueError, Corrupt):
            msg = "must be the id of an event of this stream"
            raise Invalid(msg, fields={"Last-Event-ID": msg}) from None

    def subscribe_own(self, recipient: str, *, after: int | None) -> Stream:
        """The live events of a pseudonym's own reports, likewise."""
        return self.stream.subscribe_briefly(of_reporter(recipient), after)

    async def _load(self, recipient: str) -> tuple[int, Preferences]:
        found = (await self.store.preferences([recipient])).get(recipient)
        return (0, Preferences()) if found is None else (found[0], self.desk.unseal(recipient, found[1]))

    async def _save(self, recipient: str, version: int, before: Preferences, after: Preferences) -> None:
        """Save; a confirmation that was not open before is mailed. `Conflict` when another change came first."""
        saved = await self.store.save(
            recipient,
            version,
            after.wanted,
            self.desk.seal(recipient, after),
            reachable=after.address is not None,
            confirmation=None if after.confirmation == before.confirmation else after.confirmation,
            # The day is enough: when somebody changed their preferences to the second is nobody's to know.
            now=self.clock().replace(hour=0, minute=0, second=0, microsecond=0),
        )
        if not saved:
            msg = "the preferences were changed meanwhile"
            raise Conflict(msg)

    async def _shown(self, recipient: str, value: Preferences) -> ShownPreferences:
        channels = {kind: tuple(sorted(each)) for kind, each in value.channels.items()}
        failed = await self.store.failures(recipient, self.clock() - KEPT)
        return ShownPreferences(
            value.language,
            channels,
            value.pending or value.address,
            self._email_state(value),
            value.rhythm.digest_hour,
            value.rhythm.quiet,
            failed,
        )

    def _email_state(self, value: Preferences) -> EmailState:
        if self.mailer is None:
            return "not_configured"
        return "pending" if value.pending else "confirmed" if value.address else "none"


def _cursor(at: datetime, notification_id: UUID) -> str:
    place = ((at - EPOCH) // MICROSECOND).to_bytes(_AT) + notification_id.bytes
    return base64.urlsafe_b64encode(place).decode()


def _place(cursor: str) -> tuple[datetime, UUID]:
    try:
        place = base64.b64decode(cursor, altchars=b"-_", validate=True)
        if len(place) != _AT + _ID:
            msg = "another length"
            raise ValueError(msg)
        at = EPOCH + int.from_bytes(place[:_AT]) * MICROSECOND
        return at, UUID(bytes=place[_AT:])
    except (ValueError, OverflowError):
        raise Invalid("wrong cursor", fields={"cursor": "is not one of ours"}) from None
