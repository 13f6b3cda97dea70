"""What the API says of itself, over HTTP; and that what it says is so, tried by schemathesis on every operation."""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from typing import Any

import trio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import none
from schemathesis import GenerationMode, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from jagawarga.edge.limits import Rate
from jagawarga.edge.openapi import path_of
from jagawarga.edge.routing import Route
from jagawarga.edge.site import ROUTES
from tests.integration.edge_server import edge


async def test_it_is_served_to_anyone() -> None:
    """For programs and for people, to be kept for a while; the page may use its own style and nothing else."""
    async with edge() as running:
        document = await running.client.get("/openapi.json")
        assert document.status_code == 200
        assert document.json()["openapi"] == "3.1.0"
        assert "max-age" in document.headers["cache-control"]
        page = await running.client.get("/docs")
        style = re.search(r"<style>(.*)</style>", page.text)
        assert style is not None
        allowed = "sha256-" + base64.b64encode(sha256(style[1].encode()).digest()).decode()
        assert allowed in page.headers["content-security-policy"]
        assert page.headers["content-type"].startswith("text/html")


TOKENS = {
    "citizen": "citizen-token",
    "officer": "officer-token",
    "agency_head": "head-token",
    "operator": "operator-token",
    "executive": "executive-token",
    "auditor": "auditor-token",
}
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
GENEROUS: dict[str, Any] = {
    f"rate_{name}": Rate(10_000.0, 100_000)
    for name in ("address", "sign_in", "submit", "suggest", "tracking", "upload", "vote")
}


def operations(document: dict[str, Any]) -> list[tuple[Any, Route]]:
    """Each operation of the document with its route; what never ends is left out."""
    routes: dict[tuple[str, str], Route] = {(each.method, path_of(each)): each for each in ROUTES}
    results: Any = openapi.from_dict(document).get_all_operations()
    found: list[Any] = [each.ok() for each in results]
    return [(each, routes[each.method.upper(), each.path]) for each in found if not each.path.endswith("/stream")]


def tried(operation: Any, url: str, token: str | None) -> None:
    """Send what may be sent, and what may not, and hold the answers against the document."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    @settings(
        max_examples=6, deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(operation.as_strategy(), operation.as_strategy(GenerationMode.NEGATIVE) if operation.body else none())
    def send(good: Any, bad: Any) -> None:
        for case in (good, bad):
            if case is not None:
                response = case.call(base_url=url, headers=headers, timeout=20)
                case.validate_response(response, checks=CHECKS)

    send()


async def test_what_it_says_is_so() -> None:
    """On every operation, as nobody and as each role it is for: no server error, and no answer that it does not tell of."""
    async with edge(**GENEROUS) as running:
        url = f"http://127.0.0.1:{running.front.port}"
        document = (await running.client.get("/openapi.json")).json()
        found = operations(document)
        assert len(found) > 60
        for operation, route in found:
            roles = () if route.who is None else (route.who,) if isinstance(route.who, str) else route.who
            for token in (None, *(TOKENS[each] for each in roles)):
                await trio.to_thread.run_sync(tried, operation, url, token)
