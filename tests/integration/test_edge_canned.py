"""Canned answers over HTTP: who reads and writes them, what is refused, and how a step says one."""

from __future__ import annotations

from typing import Any

import pytest

from jagawarga.canned.messages import MOST, CannedAnswer
from jagawarga.reports.messages import Wish
from tests.integration.edge_server import AUDITOR, CITIZEN, EXECUTIVE, HEAD, OFFICER, OPERATOR, edge
from tests.integration.test_edge_life import NOBODY, filed

PATH = "/v1/agency/canned-answers"
WHERE = {"title": "Di mana?", "text": "Sebelah mana\ntepatnya?"}
ALL: dict[str, Any] = {"action": None, "category": None, "language": None}
STEPS = ("acknowledge", "ask", "reply", "resolve", "reject")


async def test_an_answer_is_put_read_and_deleted() -> None:
    """Created and changed by the head alike, read by officers; deleted, it is gone."""
    async with edge() as running:
        ask = running.client
        made = await ask.put(f"{PATH}/lokasi", json=WHERE, headers=HEAD)
        assert (made.status_code, made.json()) == (200, ALL | WHERE | {"key": "lokasi"})
        full = WHERE | {"action": "ask", "category": "pothole", "language": "en", "title": "Where?"}
        assert (await ask.put(f"{PATH}/lokasi", json=full, headers=HEAD)).json() == full | {"key": "lokasi"}
        await ask.put(f"{PATH}/aduh", json=WHERE, headers=HEAD)
        listed = await ask.get(PATH, headers=OFFICER)
        assert listed.json() == {"items": [ALL | WHERE | {"key": "aduh"}, full | {"key": "lokasi"}]}
        gone = await ask.delete(f"{PATH}/lokasi", headers=HEAD)
        assert (gone.status_code, gone.content) == (204, b"")
        assert (await ask.delete(f"{PATH}/lokasi", headers=HEAD)).status_code == 404
        assert [each["key"] for each in (await ask.get(PATH, headers=HEAD)).json()["items"]] == ["aduh"]


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", ["any", "asks", "pothole"]),
        ("?action=ask", ["any", "asks", "pothole"]),
        ("?action=reject", ["any", "pothole"]),
        ("?category=pothole", ["any", "asks", "pothole"]),
        ("?category=lamp&action=reject", ["any"]),
    ],
)
async def test_filters(query: str, keys: list[str]) -> None:
    """An answer for no step or category in particular goes with all."""
    async with edge() as running:
        for each in (
            CannedAnswer("any", "a", "a"),
            CannedAnswer("asks", "a", "a", "ask"),
            CannedAnswer("pothole", "a", "a", None, "pothole"),
        ):
            await running.house.canned.put("roads", each)
        found = (await running.client.get(PATH + query, headers=OFFICER)).json()["items"]
        assert [each["key"] for each in found] == keys


@pytest.mark.parametrize("query", ["?action=start", "?action=", "?category=a/b", "?limit=5", "?action=ask&action=ask"])
async def test_wrong_filters(query: str) -> None:
    """Refused, not passed over."""
    async with edge() as running:
        assert (await running.client.get(PATH + query, headers=OFFICER)).status_code == 422


@pytest.mark.parametrize(
    ("key", "changes", "field"),
    [
        ("a%20b", {}, "key"),
        ("x" * 65, {}, "key"),
        ("a", {"title": ""}, "title"),
        ("a", {"title": "x" * 201}, "title"),
        ("a", {"title": "a\nb"}, "title"),
        ("a", {"text": " \n"}, "text"),
        ("a", {"text": "x" * 2_001}, "text"),
        ("a", {"text": None}, "text"),
        ("a", {"action": "start"}, "action"),
        ("a", {"category": "a/b"}, "category"),
        ("a", {"category": "unknown"}, "category"),
        ("a", {"language": "jv"}, "language"),
        ("a", {"agency": "water"}, "agency"),
    ],
)
async def test_what_can_be_no_answer(key: str, changes: dict[str, Any], field: str) -> None:
    """The field is named, and nothing is kept."""
    async with edge() as running:
        answer = await running.client.put(f"{PATH}/{key}", json=WHERE | changes, headers=HEAD)
        assert answer.status_code == 422, answer.text
        assert [each["field"] for each in answer.json()["errors"]] == [field]
        assert running.house.canned.kept == {}


async def test_one_too_many() -> None:
    """A conflict of its own."""
    async with edge() as running:
        for number in range(MOST):
            await running.house.canned.put("roads", CannedAnswer(f"k{number}", "a", "a"))
        answer = await running.client.put(f"{PATH}/more", json=WHERE, headers=HEAD)
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:jagawarga:problem:too-many-canned-answers"


async def test_another_agencys_is_as_good_as_none() -> None:
    """Not listed, not said, not deleted; its key is free."""
    async with edge() as running:
        theirs = CannedAnswer("lokasi", "Air", "Pipa sebelah mana?")
        await running.house.canned.put("water", theirs)
        report_id, _ = await filed(running)
        assert (await running.client.get(PATH, headers=HEAD)).json() == {"items": []}
        asked = f"/v1/agency/reports/{report_id}/ask"
        answers = [
            (await running.client.post(asked, json={"answer": key}, headers=OFFICER)).json() | {"instance": None}
            for key in ("lokasi", "nothing")
        ]
        assert answers[0] == answers[1]
        assert (await running.client.delete(f"{PATH}/lokasi", headers=HEAD)).status_code == 404
        assert (await running.client.put(f"{PATH}/lokasi", json=WHERE, headers=HEAD)).status_code == 200
        assert await running.house.canned.answer("water", "lokasi") == theirs
        assert running.house.reports.wishes == []


@pytest.mark.parametrize("action", STEPS)
@pytest.mark.parametrize("of_the_step", [True, False])
async def test_a_step_says_an_answer(action: Any, of_the_step: bool) -> None:
    """Its text is the note, for the version that was meant: the history has the words, not the key."""
    async with edge() as running:
        answer = CannedAnswer("lokasi", "Di mana?", "Sebelah mana?", action if of_the_step else None)
        await running.house.canned.put("roads", answer)
        report_id, _ = await filed(running)
        path = f"/v1/agency/reports/{report_id}/{action}"
        done = await running.client.post(path, json={"answer": "lokasi"}, headers=OFFICER | {"If-Match": '"1"'})
        assert done.status_code == 200, done.text
        assert running.house.reports.wishes == [Wish(action, "Sebelah mana?", 1)]


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("ask", {"answer": "lokasi", "note": "Di mana?"}),
        ("ask", {"answer": "nothing"}),
        ("ask", {"answer": "a/b"}),
        ("ask", {"answer": 1}),
        ("reply", {"answer": "lokasi"}),
        ("acknowledge", {"answer": "lokasi"}),
        ("resolve", {"answer": "lokasi"}),
        ("reject", {"answer": "lokasi"}),
        ("start", {"answer": "any"}),
        ("note", {"answer": "any"}),
    ],
)
async def test_an_answer_that_a_step_does_not_say(action: str, body: dict[str, Any]) -> None:
    """With words beside it, unknown, no key, for another step, or with a step that says nothing to the reporter."""
    async with edge() as running:
        await running.house.canned.put("roads", CannedAnswer("lokasi", "Di mana?", "Sebelah mana?", "ask"))
        await running.house.canned.put("roads", CannedAnswer("any", "Terima kasih", "Terima kasih."))
        report_id, _ = await filed(running)
        path = f"/v1/agency/reports/{report_id}/{action}"
        refused = await running.client.post(path, json=body, headers=OFFICER)
        assert refused.status_code == 422, refused.text
        assert [each["field"] for each in refused.json()["errors"]] == ["answer"]
        assert "Sebelah" not in refused.text
        assert running.house.reports.wishes == []


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", PATH, [OFFICER, HEAD]), ("PUT", f"{PATH}/x", [HEAD]), ("DELETE", f"{PATH}/x", [HEAD])],
)
async def test_whose_they_are(method: str, path: str, allowed: list[dict[str, str]]) -> None:
    """Every other role is refused, and whoever is not signed in is asked to."""
    async with edge() as running:
        for who in (NOBODY, CITIZEN, OFFICER, HEAD, EXECUTIVE, OPERATOR, AUDITOR):
            answer = await running.client.request(method, path, headers=who)
            expected = {401} if who is NOBODY else {200, 404, 415} if who in allowed else {403}
            assert answer.status_code in expected, (who, answer.status_code)
