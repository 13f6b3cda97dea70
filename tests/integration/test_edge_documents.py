"""What the API says of itself, over HTTP; and that what it says is so, tried by schemathesis on every operation."""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from typing import Any

import httpx
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

from jagawarga.catalogue.messages import Agency
from jagawarga.edge.examples import BODIES
from jagawarga.edge.limits import Rate
from jagawarga.edge.openapi import CODE, path_of
from jagawarga.edge.routing import Route
from jagawarga.edge.site import ROUTES
from tests.conformance import DOCUMENT, wrong_with
from tests.integration.edge_server import CITIZEN, edge


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
AGENCIES = ("pekerjaan-umum", "pekerjaan-umum-utara")
GENEROUS: dict[str, Any] = {
    f"rate_{name}": Rate(10_000.0, 100_000)
    for name in ("address", "sign_in", "submit", "suggest", "tracking", "upload", "vote")
}


PARTS = {"key": "pekerjaan-umum", "username": "dewi", "token": "good-token"}


def operations(document: dict[str, Any]) -> list[tuple[Any, Route]]:
    """Each operation of the document with its route; what never ends is left out."""
    routes: dict[tuple[str, str], Route] = {(each.method, path_of(each)): each for each in ROUTES}
    results: Any = openapi.from_dict(document).get_all_operations()
    found: list[Any] = [each.ok() for each in results]
    return [(each, routes[each.method.upper(), each.path]) for each in found if not each.path.endswith("/stream")]


def tried(operation: Any, url: str, token: str | None) -> None:
    """Send what may be sent, and what may not, and hold the answers against the document."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    described = DOCUMENT["paths"][operation.path][operation.method]

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
                assert wrong_with(described, answered(response)) == []

    send()


def answered(response: Any) -> httpx.Response:
    """The answer as our own eyes see it: schemathesis does not look for headers that nobody told of."""
    headers = [(name, value) for name, values in response.headers.items() for value in values]
    asked = httpx.Request(response.request.method, response.request.url)
    return httpx.Response(response.status_code, headers=headers, content=response.content, request=asked)


def roles_of(route: Route) -> tuple[str, ...]:
    return () if route.who is None else (route.who,) if isinstance(route.who, str) else route.who


async def test_what_it_says_is_so() -> None:
    """On every operation, as nobody and as each role it is for: no server error, and nothing that it does not tell of.

    No status, content type, header or field.
    """
    async with edge(**GENEROUS) as running:
        url = f"http://127.0.0.1:{running.front.port}"
        document = (await running.client.get("/openapi.json")).json()
        assert document == DOCUMENT
        found = operations(document)
        assert len(found) > 60
        for operation, route in found:
            for token in (None, *(TOKENS[each] for each in roles_of(route))):
                await trio.to_thread.run_sync(tried, operation, url, token)


async def test_an_example_of_every_body_is_taken() -> None:
    """By the route that reads it, with whatever it asks for beyond the schema."""
    async with edge(**GENEROUS) as running:
        running.house.catalogue.known_agencies |= {each: Agency(each, each, None) for each in AGENCIES}
        filed = await running.client.post("/v1/reports", json=BODIES["ReportBody"], headers=CITIZEN)
        parts = PARTS | {"report_id": filed.json()["report_id"]}
        for route in ROUTES:
            if route.body is not None:
                token = {each: f"Bearer {TOKENS[each]}" for each in roles_of(route)}
                headers = {"Authorization": next(iter(token.values()), ""), CODE: filed.json()["tracking_code"]}
                path = path_of(route).format(**parts)
                answer = await running.client.request(
                    route.method, path, json=BODIES[route.body.__name__], headers=headers
                )
                assert answer.status_code not in {400, 413, 415, 422}, f"{route.method} {path}: {answer.text}"
