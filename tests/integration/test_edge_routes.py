"""The routes over a real server: what each translates, and the table of what each refuses."""

from __future__ import annotations

import json
import re
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import trio

from jagawarga.edge.limits import Rate
from jagawarga.edge.problems import TITLES
from jagawarga.edge.site import ROUTES
from jagawarga.errors import Unavailable
from supervisors import NoProc
from tests.integration.edge_server import CITIZEN, OFFICER, OPERATOR, Edge, edge

if TYPE_CHECKING:
    import httpx

REPORT = {"privacy": "private", "category": "pothole", "text": "A hole.", "latitude": -6.2, "longitude": 106.8}
ANY = str(uuid4())
JSON = {"Content-Type": "application/json"}


def is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == f"urn:jagawarga:problem:{code}"
    assert problem["status"] == status
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", problem["instance"])
    return problem


async def file(house: Edge, **changes: Any) -> dict[str, Any]:
    answer = await house.client.post("/v1/reports", json=REPORT | changes, headers=CITIZEN)
    assert answer.status_code == 201, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


TABLE: list[tuple[str, str, dict[str, Any], int, str]] = [
    # method, path, request, status, code
    ("POST", "/v1/citizens", {"json": {"nik": "1"}}, 422, "invalid-request"),
    ("POST", "/v1/citizens", {"content": b"{", "headers": JSON}, 400, "malformed-json"),
    ("POST", "/v1/citizens", {"content": b"a=1"}, 415, "unsupported-media-type"),
    ("POST", "/v1/citizens", {"data": {"nik": "1"}}, 415, "unsupported-media-type"),
    ("POST", "/v1/citizens?x=1", {"json": {}}, 422, "invalid-request"),
    ("POST", "/v1/sessions", {"json": {"username": "u", "password": "wrong"}}, 401, "unauthenticated"),
    ("POST", "/v1/sessions", {"json": {"username": "u"}}, 422, "invalid-request"),
    ("GET", "/v1/sessions", {}, 405, "method-not-allowed"),
    ("GET", "/v1/categories?limit=1", {}, 422, "invalid-request"),
    ("GET", "/v1/reports?limit=101", {}, 422, "invalid-request"),
    ("GET", "/v1/reports?limit=1&limit=2", {}, 422, "invalid-request"),
    ("GET", "/v1/reports?cursor=a%20b", {}, 422, "invalid-request"),
    ("GET", "/v1/reports?page=2", {}, 422, "invalid-request"),
    ("GET", f"/v1/reports/{ANY}", {}, 404, "not-found"),
    ("GET", "/v1/reports/17", {}, 404, "not-found"),
    ("GET", "/v1/reports/", {}, 404, "not-found"),
    ("GET", "//v1/reports", {}, 404, "not-found"),
    ("GET", "/v1/nothing", {}, 404, "not-found"),
    ("DELETE", "/v1/reports", {}, 405, "method-not-allowed"),
    ("POST", "/v1/reports", {"json": REPORT}, 401, "unauthenticated"),
    ("POST", "/v1/reports", {"json": REPORT, "headers": {"Authorization": "Bearer old"}}, 401, "unauthenticated"),
    ("POST", "/v1/reports", {"json": REPORT, "headers": OFFICER}, 403, "forbidden"),
    ("POST", "/v1/reports", {"json": REPORT | {"latitude": 91}, "headers": CITIZEN}, 422, "invalid-request"),
    ("POST", "/v1/reports", {"json": REPORT | {"category": "unknown"}, "headers": CITIZEN}, 422, "invalid-request"),
    ("POST", "/v1/reports", {"json": REPORT | {"text": "x" * 10_001}, "headers": CITIZEN}, 422, "invalid-request"),
    ("POST", "/v1/reports", {"json": REPORT | {"text": "x" * 300_000}, "headers": CITIZEN}, 413, "body-too-large"),
    ("POST", "/v1/reports", {"content": b"[1,", "headers": CITIZEN | JSON}, 400, "malformed-json"),
    ("POST", "/v1/reports", {"headers": CITIZEN | JSON}, 400, "malformed-json"),
    ("GET", "/v1/tracking", {}, 422, "invalid-request"),
    ("GET", "/v1/tracking", {"headers": {"Tracking-Code": "CODE-9"}}, 404, "not-found"),
    ("GET", "/v1/tracking", {"headers": {"Tracking-Code": "x" * 2_000}}, 404, "not-found"),
    ("GET", "/v1/tracking", {"headers": {"Tracking-Code": ""}}, 404, "not-found"),
    ("GET", "/v1/me/reports", {}, 401, "unauthenticated"),
    ("GET", "/v1/me/reports", {"headers": OPERATOR}, 403, "forbidden"),
    ("GET", f"/v1/me/reports/{ANY}", {"headers": CITIZEN}, 404, "not-found"),
    ("GET", "/v1/me/notifications?cursor=x", {"headers": CITIZEN}, 422, "invalid-request"),
    ("GET", "/v1/agency/reports", {"headers": CITIZEN}, 403, "forbidden"),
    ("GET", "/v1/agency/reports", {"headers": OPERATOR}, 403, "forbidden"),
    ("GET", "/v1/agency/reports?status=lost", {"headers": OFFICER}, 422, "invalid-request"),
    ("GET", f"/v1/agency/reports/{ANY}", {"headers": OFFICER}, 404, "not-found"),
    ("POST", f"/v1/agency/reports/{ANY}/start", {"headers": OFFICER}, 404, "not-found"),
    ("POST", f"/v1/agency/reports/{ANY}/reject", {"headers": OFFICER}, 422, "invalid-request"),
    ("POST", f"/v1/agency/reports/{ANY}/explode", {"headers": OFFICER}, 404, "not-found"),
    ("GET", "/v1/agency/stream", {}, 401, "unauthenticated"),
    ("GET", "/v1/agency/stream", {"headers": OFFICER | {"Last-Event-ID": "-1"}}, 422, "invalid-request"),
    ("PUT", "/v1/operator/agencies/x", {"json": {"name": "X"}, "headers": OFFICER}, 403, "forbidden"),
    ("PUT", "/v1/operator/agencies/a b", {"json": {"name": "X"}, "headers": OPERATOR}, 422, "invalid-request"),
    ("PUT", "/v1/operator/agencies/x", {"json": {"name": "X", "parent": "no"}, "headers": OPERATOR},
     422, "invalid-request"),
    ("PUT", "/v1/operator/categories/x", {"json": {"name": "X"}, "headers": OPERATOR}, 422, "invalid-request"),
    ("PUT", "/v1/operator/officers/x", {"json": {"password": "p"}, "headers": OPERATOR}, 422, "invalid-request"),
    ("POST", "/healthz", {}, 405, "method-not-allowed"),
]  # fmt: skip


async def test_every_bad_request_is_a_problem_and_stores_nothing() -> None:
    """The table: route by route, each bad input has its status and type, and none leaves anything behind."""
    async with edge() as house:
        for method, path, asked, status, code in TABLE:
            is_problem(await house.client.request(method, path, **asked), status, code)
        assert house.house.reports.reports == {}
        assert house.house.identity.registered == []
        assert len(house.house.catalogue.known_agencies) == 1


async def test_every_route_for_somebody_refuses_nobody() -> None:
    """Each route with a role answers 401 with a challenge before it looks at anything else."""
    async with edge() as house:
        for route in ROUTES:
            if route.who is not None:
                answer = await house.client.request(route.method, re.sub("<[^>]*>", ANY, route.path))
                is_problem(answer, 401, "unauthenticated")
                assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_wrong_method_names_the_right_ones() -> None:
    """405 comes with `Allow`."""
    async with edge() as house:
        answer = await house.client.put("/v1/reports", json={})
        assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))


async def test_a_citizen_registers_and_signs_in() -> None:
    """Registration and session answer 201, a second registration as well: nobody learns who has an account."""
    async with edge() as house:
        body = {"nik": "3174012345678901", "name": "Siti", "password": "right-password"}
        assert (await house.client.post("/v1/citizens", json=body)).status_code == 201
        assert (await house.client.post("/v1/citizens", json=body)).status_code == 201
        session = await house.client.post("/v1/sessions", json={"username": "u", "password": "right-password"})
        assert (session.status_code, session.json()["token_type"], session.json()["expires_in"]) == (201, "Bearer", 900)
        assert session.headers["cache-control"] == "no-store"


async def test_a_receipt_names_the_report_unless_it_is_anonymous() -> None:
    """An anonymous reporter gets the tracking code and not the id."""
    async with edge() as house:
        assert set(await file(house)) == {"report_id", "tracking_code", "status", "due_at"}
        assert set(await file(house, privacy="anonymous")) == {"tracking_code", "status", "due_at"}


async def test_a_tracking_code_opens_progress_without_content() -> None:
    """The holder sees status and history, not text, place or id."""
    async with edge() as house:
        receipt = await file(house, privacy="anonymous")
        answer = await house.client.get("/v1/tracking", headers={"Tracking-Code": receipt["tracking_code"]})
        shown = answer.json()
        assert (shown["status"], shown["level"], shown["created_at"]) == ("received", 1, "2026-11-23T04:00:00Z")
        assert shown["history"][0]["event"] == "report.received"
        assert not {"text", "address", "latitude", "report_id"} & set(shown)


async def test_own_reports_are_the_callers_and_never_the_anonymous_ones() -> None:
    """The list and the single report are found by pseudonym; an anonymous report has none."""
    async with edge() as house:
        own = await file(house)
        await file(house, privacy="anonymous")
        listed = (await house.client.get("/v1/me/reports", headers=CITIZEN)).json()
        assert [each["report_id"] for each in listed["items"]] == [own["report_id"]]
        one = await house.client.get(f"/v1/me/reports/{own['report_id']}", headers=CITIZEN)
        assert one.json()["text"] == "A hole."
        assert (await house.client.get("/v1/me/notifications", headers=CITIZEN)).json() == {
            "items": [],
            "cursor": None,
            "unread": 0,
        }


async def test_the_public_sees_public_reports_only() -> None:
    """A private report is as absent from the feed as from its own address."""
    async with edge() as house:
        hidden, shown = await file(house), await file(house, privacy="public")
        feed = (await house.client.get("/v1/reports")).json()
        assert [each["report_id"] for each in feed["items"]] == [shown["report_id"]]
        one = (await house.client.get(f"/v1/reports/{shown['report_id']}")).json()
        assert "note" not in one["history"][0]
        is_problem(await house.client.get(f"/v1/reports/{hidden['report_id']}"), 404, "not-found")


async def test_an_officer_opens_and_moves_a_report() -> None:
    """List, open, act; a step the life-cycle does not have is a conflict."""
    async with edge() as house:
        await file(house, privacy="anonymous")
        listed = (await house.client.get("/v1/agency/reports?status=received", headers=OFFICER)).json()
        path = f"/v1/agency/reports/{listed['items'][0]['report_id']}"
        assert (await house.client.get(path, headers=OFFICER)).json()["text"] == "A hole."
        acted = await house.client.post(f"{path}/acknowledge", headers=OFFICER, json={"note": "We look at it."})
        assert (acted.status_code, acted.json()["status"]) == (200, "acknowledged")
        is_problem(await house.client.post(f"{path}/acknowledge", headers=OFFICER), 409, "conflict")


async def test_a_step_may_say_which_version_it_is_for() -> None:
    """`If-Match` with a stale version is a conflict that tells the present state; what is no version is wrong."""
    async with edge() as house:
        await file(house, privacy="anonymous")
        listed = (await house.client.get("/v1/agency/reports", headers=OFFICER)).json()["items"][0]
        act = f"/v1/agency/reports/{listed['report_id']}/acknowledge"
        for wrong in ("1", '"x"', 'W/"1"', '"' + "1" * 10 + '"', '"'):
            refused = await house.client.post(act, headers=OFFICER | {"If-Match": wrong})
            is_problem(refused, 422, "invalid-request")
        stale = await house.client.post(act, headers=OFFICER | {"If-Match": f'"{listed["version"] + 1}"'})
        is_problem(stale, 409, "stale-version")
        assert stale.json()["current"]["version"] == listed["version"]
        taken = await house.client.post(act, headers=OFFICER | {"If-Match": f'"{listed["version"]}"'})
        assert taken.status_code == 200


async def test_an_operator_puts_agencies_categories_and_officers() -> None:
    """What is put is what the catalogue then shows; hours become seconds inside."""
    async with edge() as house:
        put = house.client.put
        answer = await put("/v1/operator/agencies/parks", headers=OPERATOR, json={"name": "Parks", "parent": "roads"})
        assert answer.json() == {"key": "parks", "name": "Parks", "parent": "roads"}
        category = {"name": "Tree", "agency": "parks", "respond_hours": [1, 0.5], "resolve_hours": [24]}
        await put("/v1/operator/categories/tree", headers=OPERATOR, json=category)
        assert house.house.catalogue.known_categories["tree"].respond_within == (3600.0, 1800.0)
        officer = {"password": "p", "agency": "parks"}
        assert (await put("/v1/operator/officers/budi", headers=OPERATOR, json=officer)).status_code == 200
        shown = (await house.client.get("/v1/categories")).json()["items"]
        assert [each["key"] for each in shown] == ["pothole", "tree"]
        assert len((await house.client.get("/v1/agencies")).json()["items"]) == 2


async def test_readiness_tells_each_component() -> None:
    """503 with the component that is not ready; liveness and metrics answer all the same."""
    async with edge() as house:
        assert (await house.client.get("/readyz")).json() == {"status": "ok", "components": {"database": "ok"}}
        house.house.state["database"] = "out of reach"
        answer = await house.client.get("/readyz")
        assert (answer.status_code, answer.json()["components"]) == (503, {"database": "out of reach"})
        assert (await house.client.get("/healthz")).status_code == 200
        assert (await house.client.get("/metrics")).text == "# metrics\n"


@pytest.mark.parametrize(
    ("limits", "headers", "status"),
    [
        ({}, {}, 200),
        ({"metrics_networks": ()}, {}, 404),
        ({"metrics_networks": (IPv4Network("10.0.0.0/8"),)}, {}, 404),
        ({}, {"X-Forwarded-For": "127.0.0.1"}, 404),
        ({}, {"Forwarded": "for=127.0.0.1"}, 404),
        ({}, {"Via": "1.1 proxy"}, 404),
        ({"trusted_proxies": (IPv4Network("127.0.0.0/8"),)}, {"X-Forwarded-For": "127.0.0.1"}, 404),
    ],
    ids=str,
)
async def test_metrics_are_not_for_everybody(limits: dict[str, Any], headers: dict[str, str], status: int) -> None:
    """A counter that moves tells when somebody filed: only near networks may look, and none over a proxy."""
    async with edge(**limits) as house:
        assert (await house.client.get("/metrics", headers=headers)).status_code == status


async def test_a_report_that_waits_is_accepted() -> None:
    """202 says that it is kept, and not yet where it belongs; the receipt is the same."""
    async with edge() as house:
        house.house.reports.waiting = True
        answer = await house.client.post("/v1/reports", json=REPORT, headers=CITIZEN)
        assert answer.status_code == 202
        assert answer.json()["tracking_code"]
        assert answer.json()["status"] == "received"


@pytest.mark.parametrize("failure", [Unavailable("db down", retry_after=7), NoProc("writer")], ids=repr)
async def test_our_trouble_is_503_with_retry_after(failure: Exception) -> None:
    """Unavailable parts and absent actors ask the caller to come back."""
    async with edge() as house:
        house.house.reports.failure = failure
        answer = await house.client.post("/v1/reports", json=REPORT, headers=CITIZEN)
        is_problem(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert "db down" not in answer.text


async def test_a_door_that_never_answers_is_503_in_bounded_time() -> None:
    """The edge's own limit holds whatever is behind it."""
    async with edge(request_seconds=0.2) as house:
        house.house.reports.delay = 60
        is_problem(await house.client.post("/v1/reports", json=REPORT, headers=CITIZEN), 503, "unavailable")


async def test_a_bug_is_500_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the answer nor the log repeats what the exception says; the log has number, route and place."""
    async with edge() as house:
        house.house.reports.failure = KeyError("Siti 3174012345678901")
        problem = is_problem(await house.client.post("/v1/reports", json=REPORT, headers=CITIZEN), 500, "internal")
        assert (await house.client.get("/healthz")).status_code == 200
    logged = "".join(capsys.readouterr())
    assert problem["instance"] in logged
    assert "KeyError" in logged
    assert "3174012345678901" not in logged + json.dumps(problem)


async def test_answers_carry_safe_headers_and_no_server_name() -> None:
    """No sniffing, no storing, no CORS, no banner: of answers and of problems."""
    async with edge() as house:
        for path in ("/v1/me/reports", "/v1/nothing"):
            headers = (await house.client.get(path, headers={"Origin": "https://elsewhere.example"})).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
            assert "server" not in headers
            assert not any(name.startswith("access-control") for name in headers)


async def test_too_many_submissions_are_429_and_count_by_account() -> None:
    """The allowance is the account's; the answer says when to come back."""
    async with edge(rate_submit=Rate(0.1, 2)) as house:
        await file(house)
        await file(house)
        answer = await house.client.post("/v1/reports", json=REPORT, headers=CITIZEN)
        is_problem(answer, 429, "too-many-requests")
        assert 1 <= int(answer.headers["retry-after"]) <= 10
        assert len(house.house.reports.reports) == 2


async def test_too_many_requests_of_one_address_are_429_but_health_is_not() -> None:
    """What watches the process is exempt."""
    async with edge(rate_address=Rate(0.1, 1)) as house:
        assert (await house.client.get("/v1/reports")).status_code == 200
        is_problem(await house.client.get("/v1/reports"), 429, "too-many-requests")
        assert (await house.client.get("/healthz")).status_code == 200


async def test_too_many_sign_ins_are_429() -> None:
    """Each costs a password hash, so each address has few."""
    async with edge(rate_sign_in=Rate(0.1, 1)) as house:
        body = {"username": "u", "password": "wrong"}
        is_problem(await house.client.post("/v1/sessions", json=body), 401, "unauthenticated")
        is_problem(await house.client.post("/v1/sessions", json=body), 429, "too-many-requests")


@pytest.mark.parametrize("code", ["CODE-7", "?", "x" * 500])
async def test_a_failed_tracking_code_takes_the_floor_whatever_is_wrong_with_it(code: str) -> None:
    """Wrong shape and wrong code take as long and read the same."""
    async with edge(tracking_floor_seconds=0.3) as house:
        began = trio.current_time()
        problem = is_problem(await house.client.get("/v1/tracking", headers={"Tracking-Code": code}), 404, "not-found")
        assert 0.3 <= trio.current_time() - began < 1.5
        assert problem["detail"] == "There is nothing here that you may see."


async def test_guessing_ends_in_429_while_right_codes_cost_nothing() -> None:
    """Failures use the allowance up; successes give theirs back."""
    async with edge(rate_tracking=Rate(0.01, 2)) as house:
        right = {"Tracking-Code": (await file(house))["tracking_code"]}
        for _ in range(5):
            assert (await house.client.get("/v1/tracking", headers=right)).status_code == 200
        for _ in range(2):
            is_problem(await house.client.get("/v1/tracking", headers={"Tracking-Code": "no"}), 404, "not-found")
        is_problem(await house.client.get("/v1/tracking", headers={"Tracking-Code": "no"}), 429, "too-many-requests")


async def test_hanging_up_does_not_make_guesses_cheaper() -> None:
    """A guess abandoned before the floor has passed is still charged."""
    async with edge(rate_tracking=Rate(0.01, 2), tracking_floor_seconds=5.0) as house:
        for _ in range(2):
            with trio.move_on_after(0.2):
                await house.client.get("/v1/tracking", headers={"Tracking-Code": "no"})
        is_problem(await house.client.get("/v1/tracking", headers={"Tracking-Code": "no"}), 429, "too-many-requests")


async def test_few_codes_are_looked_up_at_once() -> None:
    """Beyond the bound a look-up is refused, not queued."""
    async with edge(tracking_at_once=1, tracking_floor_seconds=1.0) as house:
        answers: list[int] = []

        async def guess() -> None:
            answers.append((await house.client.get("/v1/tracking", headers={"Tracking-Code": "no"})).status_code)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(guess)
            nursery.start_soon(guess)
        assert sorted(answers) == [404, 429]


async def test_latency_is_observed_by_template_and_class() -> None:
    """Metrics know the route's template, never the address that was asked."""
    async with edge() as house:
        await house.client.get(f"/v1/reports/{ANY}")
        await house.client.get("/v1/nothing")
        await house.client.get("/v1/categories")
        seen = [(route, status) for route, status, _ in house.house.observed]
        assert seen == [("/v1/reports/<report_id>", "4xx"), ("(none)", "4xx"), ("/v1/categories", "2xx")]
        assert all(0 <= seconds < 5 for _, _, seconds in house.house.observed)


@pytest.mark.parametrize(
    ("asked", "title"), [(None, "Not Found"), ("en-GB", "Not Found"), ("id, en;q=0.5", TITLES[404])]
)
async def test_a_problem_in_the_callers_language(asked: str | None, title: str) -> None:
    """For people; the answer says which language it is, and on what that depended."""
    async with edge() as running:
        headers = {} if asked is None else {"Accept-Language": asked}
        answer = await running.client.get(f"/v1/reports/{uuid4()}", headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (404, title)
        assert answer.headers["Content-Language"] == ("id" if title == TITLES[404] else "en")
        assert answer.headers["Vary"] == "Accept-Language"
