"""The problems of the API by their codes, and which of them a route may answer with. What raises them is elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagawarga.edge.routing import Route

STEPS: Final = re.compile(r"/v1/(?:agency|me)/reports/<report_id>(?:/[a-z-]+)?|/v1/tracking/[a-z-]+")
"""Paths of steps, which may be for one version of the report."""


class Known(NamedTuple):
    """A problem: its status, what it means, and the headers that come with it."""

    status: int
    meaning: str
    headers: tuple[str, ...] = ()


_LATER: Final = ("Retry-After",)
PROBLEMS: Final[Mapping[str, Known]] = {
    "malformed-json": Known(400, "The body can not be read as JSON."),
    "malformed-request": Known(400, "The request can not be understood as HTTP."),
    "unauthenticated": Known(401, "No token or password, a wrong one, or one that is over.", ("WWW-Authenticate",)),
    "forbidden": Known(403, "The role may not do this."),
    "wrong-password": Known(403, "The password that goes with it is wrong."),
    "not-found": Known(404, "It is not there, or must look to the caller as if it were not."),
    "method-not-allowed": Known(405, "The address does not take that method.", ("Allow",)),
    "request-timeout": Known(408, "The body did not arrive in time."),
    "conflict": Known(409, "It does not go with the present state; `current` tells it where that helps."),
    "stale-version": Known(409, "The report has another version than `If-Match` says; `current` tells where it is."),
    "too-many-canned-answers": Known(409, "The agency has as many of them as it may have."),
    "body-too-large": Known(413, "The body is larger than the service takes."),
    "unsupported-media-type": Known(415, "The body is not declared to be JSON."),
    "range-not-satisfiable": Known(416, "The range begins behind the end.", ("Content-Range",)),
    "invalid-request": Known(422, "Some fields are wrong; `errors` names each of them."),
    "unknown-category": Known(422, "There is no such category."),
    "unknown-area": Known(422, "The address names no area that is known, and the category needs one."),
    "off-the-map": Known(422, "The place is outside of the area served here."),
    "unknown-agency": Known(422, "There is no such agency."),
    "agency-cycle": Known(422, "The ladder of agencies would never end."),
    "identity-not-confirmed": Known(422, "The identity provider does not confirm this person."),
    "media-too-large": Known(422, "The file is too large for its kind."),
    "unsupported-media": Known(422, "The file is of no kind that is taken."),
    "unreadable-media": Known(422, "The file can not be read as what it seems to be."),
    "too-many-requests": Known(429, "Too often; come back after `Retry-After`.", _LATER),
    "internal": Known(500, "The service failed; `instance` is the number under which that is logged."),
    "unavailable": Known(503, "A part of the service does not answer; the same request may succeed later.", _LATER),
    "overloaded": Known(503, "More reports arrive than can be stored now; nothing was done.", _LATER),
}


def refusals(route: Route) -> dict[int, list[str]]:
    """Return the codes of the problems a route may answer with, by status: what follows from its row, and the rest."""
    codes = ["invalid-request", "internal", "unavailable", *route.refuses]
    if not route.exempt:
        codes.append("too-many-requests")
    if route.who is not None:
        codes += ["unauthenticated", "forbidden"]
    if "<" in route.path:
        codes.append("not-found")
    if route.body is not None:
        codes += ["malformed-json", "request-timeout", "body-too-large", "unsupported-media-type"]
    if is_step(route):
        codes += ["conflict", "stale-version"]
    found: dict[int, list[str]] = {}
    for code in PROBLEMS:
        if code in codes:
            found.setdefault(PROBLEMS[code].status, []).append(code)
    return found


def is_step(route: Route) -> bool:
    """Tell whether it moves a report along, and may be for one version of it."""
    return route.method != "GET" and route.allowance != "upload" and STEPS.fullmatch(route.path) is not None
