"""The life-cycle over HTTP: bodies, headers, roles and answers; what happens behind them is in `test_life`."""

from __future__ import annotations

from typing import Any

import pytest

from jagawarga.reports.messages import Place, Sieve, Wish
from tests.integration.edge_server import AUDITOR, CITIZEN, EXECUTIVE, HEAD, OFFICER, OPERATOR, Edge, edge
from tests.integration.test_edge_routes import REPORT

NOBODY: dict[str, str] = {}


async def filed(running: Edge) -> tuple[str, dict[str, str]]:
    """A report, and the header with its tracking code."""
    made = (await running.client.post("/v1/reports", json=REPORT, headers=CITIZEN)).json()
    return made["report_id"], {"Tracking-Code": made["tracking_code"]}


OWN: list[tuple[str, Any, Wish]] = [
    ("withdraw", None, Wish("withdraw")),
    ("withdraw", {}, Wish("withdraw")),
    ("messages", {"text": "Budi di sini"}, Wish("message", "Budi di sini")),
    ("confirm", None, Wish("confirm")),
    ("confirm", {"satisfaction": 5, "text": "bagus"}, Wish("confirm", "bagus", satisfaction=5)),
    ("not-fixed", {"text": "masih"}, Wish("dispute", "masih")),
]


@pytest.mark.parametrize(("path", "body", "wish"), OWN)
async def test_steps_of_the_reporter(path: str, body: Any, wish: Wish) -> None:
    """Signed in as they are written; with the code alone in cleaned words, and the answer has no id and no text."""
    async with edge() as running:
        report_id, code = await filed(running)
        own = await running.client.post(f"/v1/me/reports/{report_id}/{path}", json=body, headers=CITIZEN)
        assert (own.status_code, own.headers["ETag"]) == (200, '"2"'), own.text
        assert own.json()["report_id"] == report_id
        again = code | {"If-Match": '"2"'}
        by_code = await running.client.post(f"/v1/tracking/{path}", json=body, headers=again)
        assert by_code.status_code == 200, by_code.text
        assert not {"report_id", "text", "address"} & by_code.json().keys()
        cleaned = None if wish.note is None else wish.note.replace("Budi", "[nama]")
        assert running.house.reports.wishes == [wish, wish._replace(note=cleaned, expected=2)]


async def test_what_is_taken_back_leaves_the_feed_at_once() -> None:
    """Whatever becomes of its event; other steps leave it where it is."""
    async with edge() as running:
        report_id, code = await filed(running)
        await running.client.post("/v1/tracking/messages", json={"text": "?"}, headers=code)
        assert running.house.feed.forgotten == []
        for answer in (
            await running.client.post(f"/v1/me/reports/{report_id}/withdraw", headers=CITIZEN),
            await running.client.post("/v1/tracking/withdraw", headers=code),
        ):
            assert answer.json()["status"] == "withdrawn", answer.text
        assert [str(each) for each in running.house.feed.forgotten] == [report_id] * 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("messages", None),
        ("messages", {}),
        ("messages", {"text": " "}),
        ("messages", {"text": "x" * 2_001}),
        ("not-fixed", {}),
        ("confirm", {"satisfaction": 0}),
        ("confirm", {"satisfaction": 6}),
        ("confirm", {"satisfaction": "5"}),
        ("withdraw", {"text": "?"}),
    ],
)
async def test_wrong_words(path: str, body: Any) -> None:
    """Refused before anybody is asked, signed in or by code."""
    async with edge() as running:
        report_id, code = await filed(running)
        for answer in (
            await running.client.post(f"/v1/me/reports/{report_id}/{path}", json=body, headers=CITIZEN),
            await running.client.post(f"/v1/tracking/{path}", json=body, headers=code),
        ):
            assert answer.status_code in {400, 415, 422}, answer.text
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert running.house.reports.wishes == []


@pytest.mark.parametrize("path", ["withdraw", "confirm"])
async def test_a_wrong_code_is_a_wrong_code(path: str) -> None:
    """Whatever one wants with it."""
    async with edge() as running:
        await filed(running)
        for code, status in (({}, 422), ({"Tracking-Code": "CODE-9"}, 404), ({"Tracking-Code": "x" * 500}, 404)):
            assert (await running.client.post(f"/v1/tracking/{path}", headers=code)).status_code == status


@pytest.mark.parametrize(
    ("body", "wish"),
    [
        ({"text": "lain"}, Wish("edit", "lain")),
        ({"category": "lampu"}, Wish("edit", category="lampu")),
        ({"latitude": 1.5, "longitude": 2.5}, Wish("edit", place=Place(1.5, 2.5))),
        ({"address": "Jl. Dago", "text": "lain"}, Wish("edit", "lain", place=Place(None, None, "Jl. Dago"))),
        (
            {"address": "Jl. Dago", "landmark": "depan apotek"},
            Wish("edit", place=Place(None, None, "Jl. Dago", "depan apotek")),
        ),
    ],
)
async def test_editing(body: Any, wish: Wish) -> None:
    """Text, place or both."""
    async with edge() as running:
        report_id, _ = await filed(running)
        answer = await running.client.put(f"/v1/me/reports/{report_id}", json=body, headers=CITIZEN)
        assert answer.status_code == 200, answer.text
        assert running.house.reports.wishes == [wish]


@pytest.mark.parametrize(
    "body", [{}, {"latitude": 1.0}, {"landmark": "apotek"}, {"text": ""}, {"text": "x" * 10_001}, {"category": "a/b"}]
)
async def test_no_such_edit(body: Any) -> None:
    """Nothing at all, half a place, something near to none, nothing for a text, too much, what can be no category."""
    async with edge() as running:
        report_id, _ = await filed(running)
        answer = await running.client.put(f"/v1/me/reports/{report_id}", json=body, headers=CITIZEN)
        assert (answer.status_code, running.house.reports.wishes) == (422, []), answer.text


@pytest.mark.parametrize("action", ["ask", "reply", "note", "reject"])
async def test_what_needs_words(action: str) -> None:
    """An agency that asks, replies, notes or rejects says something."""
    async with edge() as running:
        report_id, _ = await filed(running)
        path = f"/v1/agency/reports/{report_id}/{action}"
        assert (await running.client.post(path, headers=OFFICER)).status_code == 422
        assert (await running.client.post(path, json={"note": "kapan?"}, headers=OFFICER)).status_code == 200
        assert running.house.reports.wishes == [Wish(action, "kapan?")]  # type: ignore[arg-type]


async def test_who_has_the_report() -> None:
    """The caller, a colleague, nobody; not somebody of another agency."""
    async with edge() as running:
        report_id, _ = await filed(running)
        path = f"/v1/agency/reports/{report_id}/assignee"
        assert (await running.client.put(path, headers=OFFICER)).status_code == 200
        assert (await running.client.put(path, json={"officer": "dewi"}, headers=HEAD)).status_code == 200
        assert (await running.client.delete(path, headers=OFFICER)).status_code == 200
        assert (await running.client.put(path, json={"officer": "asing"}, headers=OFFICER)).status_code == 422
        assert [each.officer for each in running.house.reports.wishes] == ["p2", "p-dewi", None]


async def test_passing_on() -> None:
    """With the agency and the reason."""
    async with edge() as running:
        report_id, _ = await filed(running)
        path = f"/v1/agency/reports/{report_id}/transfer"
        assert (await running.client.post(path, json={"agency": "water"}, headers=OFFICER)).status_code == 422
        body = {"agency": "water", "note": "pipa"}
        answer = await running.client.post(path, json=body, headers=OFFICER | {"If-Match": '"1"'})
        assert answer.status_code == 200
        assert running.house.reports.wishes == [Wish("transfer", "pipa", 1, agency="water")]


async def test_another_category() -> None:
    """With the category and the reason."""
    async with edge() as running:
        report_id, _ = await filed(running)
        path = f"/v1/agency/reports/{report_id}/reclassify"
        for wrong in ({"category": "lampu"}, {"note": "lampu"}, {"category": "a/b", "note": "?"}):
            assert (await running.client.post(path, json=wrong, headers=OFFICER)).status_code == 422
        body = {"category": "lampu", "note": "bukan jalan"}
        answer = await running.client.post(path, json=body, headers=OFFICER | {"If-Match": '"1"'})
        assert answer.status_code == 200
        assert running.house.reports.wishes == [Wish("reclassify", "bukan jalan", 1, category="lampu")]


async def test_the_queue() -> None:
    """Filters go through as they are; an officer is named by user name, and is shown as a pseudonym."""
    async with edge() as running:
        await filed(running)
        for query, sieve in (
            ("", Sieve()),
            (
                "?status=received&category=pothole&area=coblong.dago&level=0",
                Sieve("received", "pothole", "coblong.dago", None, 0),
            ),
            ("?assignee=me", Sieve(assignee="p2")),
            ("?assignee=nobody", Sieve(assignee="")),
            ("?assignee=dewi", Sieve(assignee="p-dewi")),
        ):
            answer = await running.client.get(f"/v1/agency/queue{query}", headers=OFFICER)
            assert answer.status_code == 200, answer.text
            assert running.house.reports.sieves[-1] == sieve
        assert answer.json()["items"][0]["assigned_to_me"] is False
        for query in ("?level=-1", "?status=asleep", "?assignee=asing", "?order=up"):
            assert (await running.client.get(f"/v1/agency/queue{query}", headers=OFFICER)).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/agency/queue", [OFFICER, HEAD]),
        ("PUT", "/v1/agency/reports/{}/assignee", [OFFICER, HEAD]),
        ("DELETE", "/v1/agency/reports/{}/assignee", [OFFICER, HEAD]),
        ("POST", "/v1/agency/reports/{}/transfer", [OFFICER, HEAD]),
        ("POST", "/v1/agency/reports/{}/reclassify", [OFFICER, HEAD]),
        ("POST", "/v1/agency/reports/{}/note", [OFFICER, HEAD]),
        ("PUT", "/v1/me/reports/{}", [CITIZEN]),
        ("POST", "/v1/me/reports/{}/withdraw", [CITIZEN]),
        ("POST", "/v1/me/reports/{}/messages", [CITIZEN]),
        ("POST", "/v1/me/reports/{}/confirm", [CITIZEN]),
        ("POST", "/v1/me/reports/{}/not-fixed", [CITIZEN]),
    ],
)
async def test_whose_it_is(method: str, path: str, allowed: list[dict[str, str]]) -> None:
    """Every other role is refused, and whoever is not signed in is asked to."""
    async with edge() as running:
        report_id, _ = await filed(running)
        for who in (NOBODY, CITIZEN, OFFICER, HEAD, EXECUTIVE, OPERATOR, AUDITOR):
            answer = await running.client.request(method, path.format(report_id), headers=who)
            expected = {401} if who is NOBODY else {200, 400, 415, 422} if who in allowed else {403}
            assert answer.status_code in expected, (who, answer.status_code)
