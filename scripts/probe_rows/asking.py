"""Every endpoint, asked by everybody it is not for, about every report; answers are searched for what is not theirs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from jagawarga.edge.site import ROUTES
from scripts.probe_rows.scene import CATEGORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jagawarga.cli.tour.caller import Caller
    from jagawarga.edge.routing import Route
    from scripts.probe_rows.scene import Scene, Target

_PART: Final = re.compile(r"<(?:\w+:)?(\w+)>")
SERVER_ERROR: Final = 500
ENDLESS: Final = re.compile(r"/stream$")
OWN_AFFAIRS: Final = {
    ("DELETE", "/v1/me"), ("DELETE", "/v1/sessions"), ("DELETE", "/v1/sessions/current"), ("PUT", "/v1/me/password"),
    ("POST", "/v1/citizens"), ("POST", "/v1/officers"),
}  # fmt: skip
"""What changes the caller's own account, and tells of no report."""
BODIES: Final[dict[str, Any]] = {
    "note": "apa?", "text": "apa?", "agency": "sosial", "satisfaction": 5, "username": "x", "password": "x" * 12,
    "refresh_token": "x" * 40, "current": "x", "new": "y" * 12, "code": "x" * 20, "title": "x",
}  # fmt: skip
"""A good value for each field that a step may have."""


@dataclass(slots=True)
class Findings:
    """What was asked, how it was answered, and what should not have been in an answer."""

    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    routes: set[str] = field(default_factory=set)


async def ask_everything(caller: Caller, scene: Scene) -> Findings:
    """Ask all of it."""
    found = Findings()
    for who, token in scene.strangers.items():
        forbidden = scene.forbidden(who)
        for route in ROUTES:
            if ENDLESS.search(route.path) or (route.method, route.path) in OWN_AFFAIRS:
                continue
            if who == "operator" and route.who == "operator":
                continue  # their own work
            if who == "reporter" and route.method != "GET":
                continue  # may change what is hers
            for path, headers in _ways(route, scene):
                for body in _bodies(route, scene):
                    await _ask(caller, found, route, path, headers, body, who, token, forbidden)
    return found


async def _ask(
    caller: Caller, found: Findings, route: Route, path: str, headers: dict[str, str], body: dict[str, Any] | None,
    who: str, token: str | None, forbidden: dict[str, str],
) -> None:  # fmt: skip
    answer = await caller.ask(route.method, path, body, who=token, content=None, **headers)
    found.requests += 1
    found.routes.add(f"{route.method} {route.path}")
    found.statuses[f"{answer.status_code // 100}xx"] += 1
    label = f"{route.method} {path} as {who}"
    if answer.status_code >= SERVER_ERROR and route.path != "/readyz":
        found.broken.append(f"{label}: {answer.status_code}")
    said = answer.text + str(dict(answer.headers))
    # What the caller has said is theirs.
    said = said.replace(path, "")
    found.leaks += [f"{label}: {what}" for word, what in forbidden.items() if word in said]


def _bodies(route: Route, scene: Scene) -> Iterator[dict[str, Any] | None]:
    """Give what is sent: good values, and with a step a canned answer that is not the caller's in their place."""
    if route.body is None:
        yield None
        return
    yield {name: BODIES[name] for name in route.body.model_fields if name in BODIES}
    if "answer" in route.body.model_fields:
        yield {"answer": scene.canned.key}


def _ways(route: Route, scene: Scene) -> Iterator[tuple[str, dict[str, str]]]:
    """Give each way of asking: about every report, with made-up parts, with filters that may let something through."""
    targets: list[Target | None] = [*scene.targets] if "report_id" in route.path or "tracking" in route.path else [None]
    for target in targets:
        parts = {
            "report_id": str(UUID(int=7)) if target is None else target.report_id,
            "number": "1",
            "key": scene.canned.key if "canned" in route.path else "sosial",
            "username": "x",
            "token": "x",
            "subscription_id": str(UUID(int=7)),
        }
        path = _PART.sub(lambda match, parts=parts: parts.get(match[1], "x"), route.path)  # type: ignore[misc]
        # A code that is nearly right.
        wrong = {} if target is None else {"Tracking_Code": target.code[:-1] + ("0" if target.code[-1] != "0" else "1")}
        yield path, wrong if "tracking" in route.path else {}
        if route.method == "GET" and "cursor" in route.query.model_fields:
            for query in ("limit=100", f"category={CATEGORY}&limit=100", "assignee=nobody&limit=100"):
                yield f"{path}?{query}", {}
