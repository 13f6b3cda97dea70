"""A citizen's notifications: inbox, live stream, preferences, browsers to push to, the way out of e-mail."""

from __future__ import annotations

import base64
import binascii
import re
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from jagawarga.edge import shapes, views
from jagawarga.edge.api.agency import LAST_EVENT_ID, events
from jagawarga.edge.bodies import WRONG, Body, Line, NoQuery, PageQuery
from jagawarga.edge.routing import Answer, Ask, Route, Says, Streaming
from jagawarga.edge.stream import EventStream
from jagawarga.errors import Invalid, NotFound
from jagawarga.notification.messages import AddBrowser, Channel, Kind, SetPreferences

if TYPE_CHECKING:
    from jagawarga.notification.messages import Browser, Inbox, ShownPreferences

HTML = "text/html; charset=utf-8"
POINT, AUTH = 65, 16
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
# Without quoted local parts and without SMTPUTF8, which mail servers may refuse.
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])")
_FORM = """<!doctype html><html lang="id"><head><meta charset="utf-8"><title>JagaWarga</title></head><body>
<form method="post"><p>Berhenti menerima surel dari JagaWarga? / Receive no more e-mail from JagaWarga?</p>
<button>Berhenti / Stop</button></form></body></html>
"""
_DONE = """<!doctype html><html lang="id"><head><meta charset="utf-8"><title>JagaWarga</title></head><body>
<p>Anda tidak akan menerima surel lagi. / You will receive no more e-mail.</p></body></html>
"""


def _clock(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        msg = "must be a time of day, as 21:30"
        raise ValueError(msg)
    return text


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text) or ".." in text or text.startswith(".") or ".@" in text:
        msg = "must be an e-mail address"
        raise ValueError(msg)
    return text


Channels = Annotated[list[Channel], Field(max_length=2)]
Clock = Annotated[Line, AfterValidator(_clock)]
Everything: Any = ["email", "push"]


class InboxQuery(PageQuery):
    """A page of the inbox, of all lines or those not read."""

    unread: bool = False


class MarkBody(Body):
    """Which notifications are read, or not; all there are now where none is named."""

    notification_ids: (
        Annotated[list[Annotated[UUID, Field(strict=False)]], Field(min_length=1, max_length=100)] | None
    ) = None
    read: bool = True


class ChannelsBody(Body):
    """Channels by kind of news; a kind that is left out comes on all channels."""

    progress: Channels = Everything
    escalation: Channels = Everything
    outcome: Channels = Everything


class PreferencesBody(Body):
    """All preferences; what is left out is as at the beginning. Times are those of Jakarta."""

    language: Literal["id", "en"] = "id"
    channels: ChannelsBody = ChannelsBody()
    email: Annotated[Line, Field(max_length=254), AfterValidator(_address)] | None = None
    digest: Literal["immediately", "daily"] = "immediately"
    digest_hour: Annotated[int, Field(ge=0, le=23)] = 7
    quiet_from: Clock | None = None
    quiet_until: Clock | None = None

    def wish(self) -> SetPreferences:
        """Return the command; `Invalid` for half of a quiet time."""
        if (self.quiet_from is None) != (self.quiet_until is None):
            name = "quiet_from" if self.quiet_from is None else "quiet_until"
            raise Invalid(WRONG, fields={name: "must come with the other time"})
        quiet = None
        if self.quiet_from is not None and self.quiet_until is not None:
            quiet = _minutes(self.quiet_from), _minutes(self.quiet_until)
        hour = self.digest_hour if self.digest == "daily" else None
        kinds = self.channels
        channels: dict[Kind, list[Channel]] = {
            "progress": kinds.progress, "escalation": kinds.escalation, "outcome": kinds.outcome,
        }  # fmt: skip
        return SetPreferences(self.language, channels, self.email, hour, quiet)


class CodeBody(Body):
    """The code out of the mail."""

    code: Annotated[Line, Field(pattern="^[0-9]{8}$")]


class KeysBody(Body):
    """A browser's keys, in base64url."""

    p256dh: Annotated[Line, Field(max_length=100)]
    auth: Annotated[Line, Field(max_length=40)]


class BrowserBody(Body):
    """A push subscription as browsers give it (`PushSubscription.toJSON()`)."""

    endpoint: Annotated[Line, Field(min_length=1, max_length=1_024)]
    keys: KeysBody
    expirationTime: float | None = None  # noqa: N815 - the browser's own spelling

    def command(self) -> AddBrowser:
        """Return the command; `Invalid` for keys that can be none."""
        p256dh, auth = _base64url(self.keys.p256dh), _base64url(self.keys.auth)
        wrong = {}
        if len(p256dh) != POINT:
            wrong["keys.p256dh"] = "must be 65 bytes in base64url"
        if len(auth) != AUTH:
            wrong["keys.auth"] = "must be 16 bytes in base64url"
        if wrong:
            raise Invalid(WRONG, fields=wrong)
        return AddBrowser(self.endpoint, p256dh, auth)


async def inbox(ask: Ask[InboxQuery, None]) -> Answer:
    """List what became of the caller's reports, newest first."""
    query = ask.query
    found = await ask.doors.notification.inbox(
        ask.principal.pseudonym, cursor=query.cursor, limit=query.limit, unread=query.unread
    )
    return Answer(_inbox(found))


async def mark(ask: Ask[NoQuery, MarkBody]) -> Answer:
    """Mark notifications as read, or as not read."""
    await ask.doors.notification.mark(ask.principal.pseudonym, ask.body.notification_ids, read=ask.body.read)
    shown: shapes.Marked = {"status": "marked"}
    return Answer(shown)


async def stream(ask: Ask[NoQuery, None]) -> Streaming:
    """Stream the events of the caller's own reports as they happen, from behind `Last-Event-ID` on."""
    mine = ask.principal.pseudonym
    door, last = ask.doors.notification, ask.header(LAST_EVENT_ID)
    after = None if last is None else door.number_of(mine, last)
    ask.guard.admit_stream("citizens", mine)
    place, name = partial(ask.guard.stream, "citizens", mine), partial(door.name_of, mine)
    return Streaming(EventStream(door.subscribe_own(mine, after=after), ask.limits, ask.draining, place, name))


async def preferences(ask: Ask[NoQuery, None]) -> Answer:
    """Show what the caller wants to be told, and how."""
    return Answer(_preferences(await ask.doors.notification.preferences(ask.principal.pseudonym)))


async def prefer(ask: Ask[NoQuery, PreferencesBody]) -> Answer:
    """Set all of that; a new address gets a code by e-mail."""
    return Answer(_preferences(await ask.doors.notification.prefer(ask.principal.pseudonym, ask.body.wish())))


async def confirm(ask: Ask[NoQuery, CodeBody]) -> Answer:
    """Confirm an address by its code."""
    return Answer(_preferences(await ask.doors.notification.confirm(ask.principal.pseudonym, ask.body.code)))


async def push_key(ask: Ask[NoQuery, None]) -> Answer:
    """Show the key that browsers subscribe with (`applicationServerKey`)."""
    shown: shapes.PushKey = {"public_key": ask.doors.notification.push_key()}
    return Answer(shown)


async def browsers(ask: Ask[NoQuery, None]) -> Answer:
    """List the browsers that are pushed to."""
    found = await ask.doors.notification.browsers(ask.principal.pseudonym)
    shown: shapes.Browsers = {"items": [_browser(each) for each in found]}
    return Answer(shown)


async def add_browser(ask: Ask[NoQuery, BrowserBody]) -> Answer:
    """Push to a browser from now on."""
    made = await ask.doors.notification.add_browser(ask.principal.pseudonym, ask.body.command())
    return Answer(_browser(made), 201)


async def remove_browser(ask: Ask[NoQuery, None]) -> Answer:
    """Push to a browser no more."""
    try:
        number = UUID(ask.path["subscription_id"])
    except ValueError:
        msg = "no such subscription"
        raise NotFound(msg) from None
    await ask.doors.notification.remove_browser(ask.principal.pseudonym, number)
    return Answer(b"", 204)


async def ask_to_stop(ask: Ask[NoQuery, None]) -> Answer:
    """Show a button: programs that look at links in mails must not stop anything."""
    del ask
    return Answer(_FORM.encode(), content_type=HTML)


async def stop_mail(ask: Ask[Any, None]) -> Answer:
    """Send no more e-mail to whom a mail's link is for, at one click of mail program or person (RFC 8058)."""
    await ask.doors.notification.stop_mail(ask.path["token"])
    return Answer(_DONE.encode(), content_type=HTML)


def _inbox(found: Inbox) -> shapes.Inbox:
    items = [views.notification(each) for each in found.items]
    return {"items": items, "cursor": found.cursor, "unread": found.unread}


def _preferences(value: ShownPreferences) -> shapes.Preferences:
    quiet = (None, None) if value.quiet is None else tuple(f"{each // 60:02}:{each % 60:02}" for each in value.quiet)
    return {
        "language": value.language,
        "channels": {kind: list(channels) for kind, channels in value.channels.items()},
        "email": value.email,
        "email_state": value.email_state,
        "digest": "immediately" if value.digest_hour is None else "daily",
        "digest_hour": value.digest_hour,
        "quiet_from": quiet[0],
        "quiet_until": quiet[1],
        "failed": dict(value.failed),
    }


def _browser(value: Browser) -> shapes.Browser:
    return {"subscription_id": str(value.subscription_id), "service": value.service}


def _minutes(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def _base64url(text: str) -> bytes:
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


_MINE = "/v1/me/notification-preferences"
_BROWSERS = "/v1/me/push-subscriptions"
_STOP = "/v1/unsubscribe/<token>"
_SHOWN = (Says(200, shapes.Preferences),)
_PAGE = (Says(200, str, produces=("text/html",)),)
ROUTES = (
    Route(
        "GET", "/v1/me/notifications", inbox, who="citizen", query=InboxQuery, answers=(Says(200, shapes.Inbox),),
    ),
    Route(
        "POST", "/v1/me/notifications/read", mark, who="citizen", body=MarkBody, answers=(Says(200, shapes.Marked),),
    ),
    Route(
        "GET", "/v1/me/stream", stream, who="citizen", reads=(LAST_EVENT_ID,),
        answers=events(shapes.OwnEvent),
    ),
    Route("GET", _MINE, preferences, who="citizen", answers=_SHOWN),
    Route("PUT", _MINE, prefer, who="citizen", body=PreferencesBody, answers=_SHOWN, refuses=("conflict",)),
    Route("POST", f"{_MINE}/confirm", confirm, who="citizen", body=CodeBody, answers=_SHOWN, refuses=("conflict",)),
    Route("GET", "/v1/push-key", push_key, answers=(Says(200, shapes.PushKey),)),
    Route("GET", _BROWSERS, browsers, who="citizen", answers=(Says(200, shapes.Browsers),)),
    Route(
        "POST", _BROWSERS, add_browser, who="citizen", body=BrowserBody,
        answers=(Says(201, shapes.Browser),), refuses=("conflict",),
    ),
    Route(
        "DELETE", f"{_BROWSERS}/<subscription_id>", remove_browser, who="citizen",
        answers=(Says(204, meaning="It is done."),),
    ),
    Route("GET", _STOP, ask_to_stop, answers=_PAGE),
    Route("POST", _STOP, stop_mail, answers=_PAGE, refuses=("conflict",)),
)  # fmt: skip
