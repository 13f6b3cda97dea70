"""The account routes over a real server: a table of who may ask what, and what each answers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from jagawarga.edge.api import accounts
from jagawarga.edge.site import ROUTES
from tests.integration.edge_server import AUDITOR, CITIZEN, EXECUTIVE, HEAD, OFFICER, OPERATOR, edge

TOKENS = {
    "citizen": CITIZEN, "officer": OFFICER, "agency_head": HEAD, "executive": EXECUTIVE, "operator": OPERATOR,
    "auditor": AUDITOR, "nobody": {},
}  # fmt: skip
ALL = "citizen officer agency_head executive operator auditor"
PASSWORDS = {"current": "right-password", "new": "a-new-password"}
HEAD_BODY = {"password": "right-password", "role": "agency_head", "agency": "roads"}
TABLE: list[tuple[str, str, Any, str, int]] = [
    # method, path, body, who may, what they get
    ("POST", "/v1/sessions/refresh", {"refresh_token": "refresh-token"}, f"{ALL} nobody", 201),
    ("DELETE", "/v1/sessions/current", None, ALL, 204),
    ("DELETE", "/v1/sessions", None, ALL, 204),
    ("GET", "/v1/me", None, ALL, 200),
    ("PUT", "/v1/me/password", PASSWORDS, ALL, 204),
    ("DELETE", "/v1/me", {"password": "right-password"}, "citizen", 204),
    ("POST", "/v1/agency/invitations", {}, "agency_head", 201),
    ("POST", "/v1/officers", {"code": "CODE", "username": "n", "password": "p"}, f"{ALL} nobody", 201),
    ("DELETE", "/v1/agency/officers/officer", None, "agency_head", 204),
    ("PUT", "/v1/operator/accounts/kepala", HEAD_BODY, "operator", 200),
    # An agency head does an officer's work; executive and auditor read no report.
    ("GET", "/v1/agency/reports", None, "officer agency_head", 200),
    ("GET", "/v1/me/reports", None, "citizen", 200),
]


def test_the_table_is_whole() -> None:
    """Each account route has its row."""
    rows = {(method, re.sub("/officers/officer$|/accounts/kepala$", "/*", path)) for method, path, *_ in TABLE}
    routes = {(each.method, re.sub("/officers/<.*>$|/accounts/<.*>$", "/*", each.path)) for each in accounts.ROUTES}
    assert routes <= rows


@pytest.mark.parametrize("role", TOKENS)
async def test_who_may(role: str) -> None:
    """Role by route: what the table says, 403 for other roles, 401 for nobody."""
    async with edge() as house:
        for method, path, body, allowed, status in TABLE:
            sent = {} if body is None else {"json": body}
            answer = await house.client.request(method, path, headers=TOKENS[role], **sent)
            expected = status if role in allowed.split() else 401 if role == "nobody" else 403
            assert answer.status_code == expected, (method, path, answer.text)
            if answer.status_code == 204:
                assert answer.content == b""


async def test_executive_and_auditor_are_on_no_route_of_reports() -> None:
    """Of all routes they are named on those of accounts alone."""
    for route in ROUTES:
        who = (route.who,) if isinstance(route.who, str) else route.who or ()
        if {"executive", "auditor"} & set(who):
            assert route in accounts.ROUTES


BAD: list[tuple[str, str, Any, dict[str, str], int]] = [
    ("POST", "/v1/sessions/refresh", {"refresh_token": "spent"}, {}, 401),
    ("POST", "/v1/sessions/refresh", {"refresh_token": "x" * 401}, {}, 422),
    ("POST", "/v1/sessions/refresh", {}, {}, 422),
    ("PUT", "/v1/me/password", {**PASSWORDS, "current": "wrong"}, CITIZEN, 403),
    ("DELETE", "/v1/me", {"password": "wrong"}, CITIZEN, 403),
    ("DELETE", "/v1/me", None, CITIZEN, 415),
    ("POST", "/v1/officers", {"code": "OLD", "username": "n", "password": "p"}, {}, 404),
    ("DELETE", "/v1/agency/officers/somebody", None, HEAD, 404),
    ("DELETE", "/v1/agency/officers/a%20b", None, HEAD, 422),
    ("PUT", "/v1/operator/accounts/x", {**HEAD_BODY, "agency": "nowhere"}, OPERATOR, 422),
    ("PUT", "/v1/operator/accounts/x", {**HEAD_BODY, "role": "king"}, OPERATOR, 422),
]


async def test_what_is_refused() -> None:
    """Each bad request has its status, as a problem, and makes no account."""
    async with edge() as house:
        for method, path, body, headers, status in BAD:
            sent = {} if body is None else {"json": body}
            answer = await house.client.request(method, path, headers=headers, **sent)
            assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), path
        assert house.house.identity.accounts == []
