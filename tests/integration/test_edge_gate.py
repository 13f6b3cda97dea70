"""The gate in front of the site: who is turned away, how early, and that nobody else is."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import trio

from jagawarga.edge.admission import LONGEST, SHORTEST, Admission
from jagawarga.edge.gate import Lookout
from jagawarga.edge.limits import Rate
from jagawarga.edge.site import ROUTES
from jagawarga.errors import Unavailable
from supervisors import Registry, worker
from supervisors.testing import running
from tests.integration.edge_server import CITIZEN, HEAD, OFFICER, OPERATOR, edge, read_until, until

REPORT = {"privacy": "public", "category": "pothole", "text": "Jalan berlubang", "address": "Jalan Mawar"}
HEADERS = {"citizen": CITIZEN, "officer": OFFICER, "operator": OPERATOR, "agency_head": HEAD, None: {}}
SELDOM = Rate(0.01, 1)
LOOKOUT = Registry("test-gate").name("lookout")


async def test_a_submission_too_many_gets_503_and_leaves_nothing() -> None:
    """A problem with `Retry-After`; no report was made, and the other addresses answer as ever."""
    async with edge(admission=Admission(0.0)) as running_edge:
        answer = await running_edge.client.post("/v1/reports", json=REPORT, headers=CITIZEN)
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:jagawarga:problem:overloaded"
        assert SHORTEST <= int(answer.headers["retry-after"]) <= LONGEST
        assert running_edge.house.reports.reports == {}
        for path, headers in (("/healthz", {}), ("/v1/agency/reports", OFFICER), ("/v1/reports", {})):
            assert (await running_edge.client.get(path, headers=headers)).status_code == 200


async def test_it_is_turned_away_before_its_body_is_sent() -> None:
    """The answer does not wait for a body that may be large and slow; the connection ends, as its rest is unread."""
    async with edge(admission=Admission(0.0)) as running_edge:
        stream = await running_edge.connect()
        await stream.send_all(b"POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n")
        said = await read_until(stream, b"overloaded")
        assert said.startswith(b"HTTP/1.1 503")
        assert b"connection: close" in said.lower()


async def test_a_connection_turned_away_goes_on() -> None:
    """It is kept and serves the next request; one that comes in pieces or close behind is answered in its turn."""
    whole = b"POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
    healthy = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    async with edge(admission=Admission(0.0)) as running_edge:
        stream = await running_edge.connect()
        for _ in range(3):
            await stream.send_all(whole)
            assert (await read_until(stream, b"}")).startswith(b"HTTP/1.1 503")
        await stream.send_all(whole[:70])
        await stream.send_all(whole[70:])
        assert (await read_until(stream, b"}")).startswith(b"HTTP/1.1 503")
        await stream.send_all(healthy + whole)
        said = await read_until(stream, b"overloaded")
        assert said.index(b"HTTP/1.1 200") < said.index(b"HTTP/1.1 503")


async def test_places_are_given_back() -> None:
    """By answers good and bad, and by clients that go away in the middle."""
    admission = Admission()
    async with edge(admission=admission) as running_edge:
        house = running_edge.house
        assert (await running_edge.client.post("/v1/reports", json=REPORT, headers=CITIZEN)).status_code == 201
        assert (await running_edge.client.post("/v1/reports", json={}, headers=CITIZEN)).status_code == 422
        house.reports.failure = RuntimeError("a bug")
        assert (await running_edge.client.post("/v1/reports", json=REPORT, headers=CITIZEN)).status_code == 500
        house.reports.failure, house.reports.delay = None, 60.0
        stream = await running_edge.connect()
        body = json.dumps(REPORT).encode()
        head = f"POST /v1/reports HTTP/1.1\r\nHost: x\r\nAuthorization: {CITIZEN['Authorization']}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        await stream.send_all(head.encode() + body)
        await until(lambda: admission.under_way == 1)
        await trio.aclose_forcefully(stream)
        await until(lambda: admission.under_way == 0)
        assert admission.facts()["admitted"] == 4


async def test_later_always_says_when() -> None:
    """Whatever part is away: on every route, a 503 or 429 carries `Retry-After`."""
    async with edge(rate_submit=SELDOM, rate_tracking=SELDOM) as running_edge:
        running_edge.house.reports.failure = Unavailable("away")
        running_edge.house.state["database"] = "away"
        seen: set[int] = set()
        for _ in range(2):
            for route in ROUTES:
                if route.path in {"/v1/agency/stream", "/v1/me/stream"}:
                    continue  # it would not end
                path = route.path.replace("<report_id>", str(uuid4())).replace("<key>", "a").replace("<username>", "b")
                headers: dict[str, str] = {
                    **HEADERS[route.who[0] if isinstance(route.who, tuple) else route.who],
                    "Tracking-Code": "CODE-0",
                }
                body: Any = REPORT if route.path == "/v1/reports" and route.method == "POST" else {}
                answer = await running_edge.client.request(
                    route.method, path, headers=headers, json=body if route.method != "GET" else None
                )
                seen.add(answer.status_code)
                if answer.status_code in {429, 503}:
                    assert int(answer.headers["retry-after"]) >= 1, route
        assert {429, 503} <= seen


async def test_the_lookout_tells_the_operator() -> None:
    """It notes how late the loop is, and shows how the admission stands."""
    admission = Admission()
    async with running(worker("lookout", Lookout, admission, name=LOOKOUT)):
        process = LOOKOUT.whereis()
        assert process is not None
        assert process.actor.describe() == admission.facts()
        await until(lambda: admission._since is not None)
