"""The shapes of all that is answered: `views` is held to them by mypy, and the document of the API shows them.

A field that is added here is added to the API; none is taken away. What belongs to one route alone stands beside it.
"""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from jagawarga.canned.messages import Step
from jagawarga.identity.messages import Registered, Role
from jagawarga.notification.messages import Channel, EmailState, Kind, Language
from jagawarga.reports.messages import Privacy, Status

Moment = Annotated[str, ("format", "date-time")]
"""RFC 3339 in UTC."""
Id = Annotated[str, ("format", "uuid")]
Count = Annotated[int, ("minimum", 0)]
Cursor = Annotated[str | None, "Continues behind the last one, as the query's `cursor`; null at the end."]


# --- reports


class Receipt(TypedDict):
    """The promise that a report is on disk. The tracking code is shown here once and never again."""

    report_id: NotRequired[Annotated[Id, "Not of an anonymous report: its reporter has the code alone."]]
    tracking_code: str
    status: Status
    due_at: Moment | None


class HistoryLine(TypedDict):
    """One line of a report's history; `actor` is an agency's key, `system` or `reporter`, never a person."""

    version: Annotated[int, ("minimum", 1)]
    event: Annotated[str, ("pattern", "^report\\.[a-z_]+$")]
    status: Status
    level: Count
    holder: str
    actor: str
    at: Moment


class PublicLine(HistoryLine):
    """One line of a public report's history, to everybody."""

    attachments: Annotated[Count, "The photos that prove a resolution; of other steps nothing is shown."]


class NotedLine(HistoryLine):
    """One line of a report's history, with what went with the step: words and uploads."""

    note: str | None
    attachments: Annotated[Count, "How many there are; asked for by the line's version, and a number from 1 on."]


class Standing(TypedDict):
    """How a report stands: whose it was to begin with (`agency`), and who has to act now (`holder`)."""

    status: Status
    level: Annotated[Count, "How often it has climbed."]
    holder: str
    agency: str
    category: str
    privacy: Privacy
    created_at: Moment
    due_at: Annotated[Moment | None, "When it climbs, or goes on, by itself; null where no clock runs."]
    limit_at: Annotated[Moment | None, "When who has to act, or to say so, is late: at the top nothing climbs then."]
    merged: Annotated[bool, "It is a duplicate, and goes along with the report that it was merged into."]


class Progress(Standing):
    """How a report stands, to the holder of its tracking code: no text, no place, no id."""

    history: list[NotedLine]


class Names(TypedDict):
    """The names of an area, as far as it is known and still on the map."""

    kelurahan: str | None
    kecamatan: str | None


class Report(Standing, Names):
    """A report with its content, without its history."""

    report_id: Id
    area: str | None
    text: str
    latitude: float | None
    longitude: float | None
    address: str | None
    landmark: str | None
    version: Annotated[int, ("minimum", 1), "For `If-Match`."]
    attachments: Annotated[Count, "How many there are; they are asked for by number, from 1 on."]
    duplicate_of: Annotated[Id | None, "The report that it was merged into, where the caller may know of that one."]


class OwnReport(Report):
    """A report, to the one who filed it."""

    history: list[NotedLine]


class PublishedReport(Report):
    """A public report, to everybody: its history without what the agencies wrote, its supporters as a number."""

    history: list[PublicLine]
    votes: Count


class FeedReport(Report):
    """A public report in a list."""

    votes: Count
    distance: NotRequired[Annotated[Count, "Metres, where a point was asked for and the report has one."]]


class QueuedReport(Report):
    """A report in an agency's queue."""

    assignee: Annotated[str | None, "The pseudonym of the officer who has it."]
    assigned_to_me: bool
    satisfaction: Annotated[int | None, "From 1 to 5."]


class AgencyReport(QueuedReport):
    """A report, to an authority that has it."""

    history: list[NotedLine]
    duplicates: Annotated[list[Id], "The reports that were merged into it, and go along with it."]
    proof_used_before: Annotated[bool, "A photo that proves it resolved is much like one that proved another report."]


class PassedOn(TypedDict):
    """A report that is another agency's now: who passed it on sees this much, once."""

    status: Status
    agency: str
    holder: str
    version: int


class Reports(TypedDict):
    """A page of reports."""

    items: list[Report]
    cursor: Cursor


class Queue(TypedDict):
    """A page of what an agency has to act on, the nearest deadline first."""

    items: list[QueuedReport]
    cursor: Cursor


class Feed(TypedDict):
    """A page of public reports."""

    items: list[FeedReport]
    cursor: Cursor
    complete: Annotated[bool, "False for a while after a start: older reports are still read."]


class Votes(TypedDict):
    """How many support a report."""

    report_id: Id
    votes: Count


class Upload(TypedDict):
    """A file that was taken; `media_id` is the only way to it, for `attachments` of a report."""

    media_id: Annotated[str, ("pattern", "^[A-Za-z0-9_-]{32}$")]
    kind: Literal["image", "video", "audio", "document"]
    content_type: str
    bytes: Annotated[Count, "As it is kept, and not as it was sent."]


class CannedAnswer(TypedDict):
    """What an agency says again and again; null for a step, category or language means any."""

    key: str
    title: str
    text: str
    action: Step | None
    category: str | None
    language: Literal["id", "en"] | None


class CannedAnswers(TypedDict):
    """An agency's canned answers, in the order of their keys."""

    items: list[CannedAnswer]


class AgencyEvent(TypedDict):
    """The data of an event in an agency's stream."""

    report_id: Id
    version: int
    status: Status
    category: str
    privacy: Privacy
    agency: str
    holder: str
    level: Count
    occurred_at: Moment
    due_at: Moment | None


class OwnEvent(TypedDict, total=False):
    """The data of an event in a citizen's stream; that of `inbox.changed` is empty: look into the inbox."""

    report_id: Id
    status: Status
    holder: str
    at: Moment


# --- what there is to choose from


class Agency(TypedDict):
    """An authority, and the one above it."""

    key: str
    name: str
    parent: str | None


class Agencies(TypedDict):
    """Who reports may go to."""

    items: list[Agency]


class Area(TypedDict):
    """A kelurahan with the key of its kecamatan, or a kecamatan."""

    key: str
    name: str
    level: Literal["kelurahan", "kecamatan"]
    parent: str | None


class Areas(TypedDict):
    """The areas of the city, each kecamatan before its kelurahan."""

    items: list[Area]


class AreaAt(Names):
    """Where a point is."""

    area: str


class CategoryLimits(TypedDict):
    """A category with its limits in hours around the clock, one a level; the last one repeats."""

    key: str
    name: str
    severity: str
    respond_hours: list[float]
    resolve_hours: list[float]


class RoutedCategory(CategoryLimits):
    """A category as an operator has put it."""

    agency: str


class Clocks(TypedDict):
    """How fast reports must be seen to, in hours of the calendars, one a level; the last one repeats."""

    respond_hours: list[float]
    resolve_hours: list[float]
    calendars: list[str]
    warn_respond_hours: list[float]
    warn_resolve_hours: list[float]
    remind_hours: float | None


class ClocksByPrivacy(TypedDict):
    """The clocks of a category."""

    public: Clocks
    private: Clocks
    anonymous: Clocks


class Category(CategoryLimits):
    """What can be reported; `clocks` are what holds, whatever the limits say."""

    clocks: ClocksByPrivacy


class Categories(TypedDict):
    """What can be reported."""

    items: list[Category]


class Suggestion(TypedDict):
    """What a text may be about, how likely it is, and who would get the report."""

    category: str
    name: str
    score: Annotated[float, ("minimum", 0), ("maximum", 1)]
    agency: str | None


class Suggestions(TypedDict):
    """Up to three, the likeliest first."""

    items: list[Suggestion]


# --- accounts


class Registration(TypedDict):
    """What became of a registration; the same for who is registered already."""

    status: Registered


class Session(TypedDict):
    """An access token and what renews it, in the words of RFC 6749."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Annotated[Count, "Seconds."]
    refresh_token: str
    refresh_expires_in: Annotated[Count, "Seconds."]
    role: Role
    agency: str | None


class OwnAccount(TypedDict):
    """What is kept of the caller; of staff no more than role and agency."""

    role: Role
    agency: str | None
    name: NotRequired[str]
    nik: NotRequired[str]
    phone: NotRequired[str | None]
    email: NotRequired[str | None]
    address: NotRequired[str | None]
    registrations_tried: NotRequired[Annotated[Count, "By whoever else had the number."]]


class Invitation(TypedDict):
    """A code that makes whoever brings it an officer of the agency; it is shown once."""

    code: str
    agency: str
    expires_in: Annotated[Count, "Seconds."]


class Officer(TypedDict):
    """An officer's account."""

    username: str
    agency: str


class StaffAccount(TypedDict):
    """A staff account."""

    username: str
    role: Role
    agency: str | None


# --- notifications


class Notification(TypedDict):
    """One line of an inbox: what became of a report."""

    notification_id: Id
    report_id: Id
    type: str
    status: Status
    holder: str
    at: Moment
    read: bool


class Inbox(TypedDict):
    """A page of an inbox, newest first."""

    items: list[Notification]
    cursor: Cursor
    unread: Annotated[Count, "In all of it, up to a thousand."]


class Marked(TypedDict):
    """That it is done."""

    status: Literal["marked"]


class Preferences(TypedDict):
    """What somebody wants to be told, and how; times are those of Jakarta."""

    language: Language
    channels: dict[Kind, list[Channel]]
    email: str | None
    email_state: EmailState
    digest: Literal["immediately", "daily"]
    digest_hour: int | None
    quiet_from: str | None
    quiet_until: str | None
    failed: Annotated[dict[str, int], "What could not be delivered within a month, by channel."]


class PushKey(TypedDict):
    """The key that browsers subscribe with, in base64url."""

    public_key: str


class Browser(TypedDict):
    """A browser that is pushed to: its service, not the secret address."""

    subscription_id: Id
    service: str


class Browsers(TypedDict):
    """The browsers that are pushed to."""

    items: list[Browser]


# --- what goes wrong


class WrongField(TypedDict):
    """A field that is wrong, and what is wrong with it; never its value."""

    field: str
    detail: str


class Current(TypedDict):
    """Where a report is now, to whom a step was refused for that."""

    status: Status
    level: Count
    holder: str
    version: int


class Problem(TypedDict):
    """What went wrong (RFC 9457); values that were sent are never repeated."""

    type: Annotated[str, ("format", "uri")]
    title: str
    status: int
    detail: str
    instance: NotRequired[Annotated[str, ("format", "uri"), "The number of the request, in the log too."]]
    errors: NotRequired[list[WrongField]]
    current: NotRequired[Current]


# --- the process


class Health(TypedDict):
    """That the process lives."""

    status: Literal["ok"]


class Readiness(TypedDict):
    """How each component does: `ok`, or what is wrong with it."""

    status: Literal["ok", "unavailable"]
    components: dict[str, str]
