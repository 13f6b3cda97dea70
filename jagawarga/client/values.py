"""What the client takes and gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in account; `token` is a secret and not shown."""

    token: str = field(repr=False)
    role: str
    agency: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A report to be filed; what it says is not shown."""

    privacy: str
    category: str
    text: str = field(repr=False)
    latitude: float | None = field(default=None, repr=False)
    longitude: float | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)

    def body(self) -> dict[str, Any]:
        """Return the JSON to be sent."""
        members = {
            "privacy": self.privacy,
            "category": self.category,
            "text": self.text,
            "latitude": self.latitude,
            "longitude": self.longitude,
            "address": self.address,
        }
        return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Receipt:
    """The server's promise that a report is on disk.

    `seconds` is the time of the request that succeeded; `doubts` counts earlier tries of which nobody can say whether
    they were filed, too (there is no idempotency key yet).
    """

    report_id: str | None
    tracking_code: str = field(repr=False)
    status: str
    due_at: str | None
    seconds: float
    doubts: int
    waiting: bool = False
    """It was answered with 202: kept by the broker until the database can take it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event: its number, its type and its data, read from JSON."""

    sequence: int | None
    type: str
    data: dict[str, Any]


class Refused(Exception):
    """The server said no: `status` and `code` of its RFC 9457 problem, `fields` that are wrong, never their values."""

    def __init__(
        self,
        status: int,
        code: str,
        fields: tuple[str, ...] = (),
        *,
        doubts: int = 0,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{status} {code}" + (f" ({', '.join(fields)})" if fields else ""))
        self.status = status
        self.code = code
        self.fields = fields
        self.doubts = doubts
        self.retry_after = retry_after


class Unreachable(Exception):
    """No usable answer; `doubts` counts tries that may have had an effect nobody told us of."""

    def __init__(self, detail: str, doubts: int = 0) -> None:
        super().__init__(detail)
        self.doubts = doubts
