"""What is sent and answered, as far as this client looks at it; `/openapi.json` of a running house has all of it.

Fields may be added to answers at any time: a client ignores those it does not know.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

Action = Literal["acknowledge", "start", "ask", "reply", "note", "resolve", "reject"]


class NewReport(TypedDict):
    """A report to be filed; a place is coordinates, an address, or both."""

    privacy: Literal["public", "private", "anonymous"]
    category: str
    text: str
    latitude: NotRequired[float]
    longitude: NotRequired[float]
    address: NotRequired[str]
    attachments: NotRequired[list[str]]


class Receipt(TypedDict):
    """The promise that a report is on disk."""

    report_id: NotRequired[str]
    tracking_code: str
    status: str
    due_at: str | None


class Upload(TypedDict):
    """A file that was taken."""

    media_id: str
    kind: str
    content_type: str
    bytes: int


class Line(TypedDict):
    """One line of a report's history."""

    event: str
    status: str
    at: str
    note: str | None


class Progress(TypedDict):
    """How a report stands, to the holder of its tracking code."""

    status: str
    agency: str
    holder: str
    due_at: str | None
    history: list[Line]


class Report(TypedDict):
    """A report with its content."""

    report_id: str
    status: str
    agency: str
    holder: str
    version: int
    text: str


class Session(TypedDict):
    """An access token and what renews it."""

    access_token: str
    expires_in: int
    refresh_token: str
    role: str
    agency: str | None


class Current(TypedDict):
    """Where a report is now, to whom a step was refused for that."""

    status: str
    level: int
    holder: str
    version: int
