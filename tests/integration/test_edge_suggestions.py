"""Suggestions over a real server."""

from __future__ import annotations

from typing import Any

import pytest

from jagawarga.edge.limits import Rate
from tests.integration.edge_server import edge
from tests.integration.test_edge_routes import is_problem

PATH = "/v1/categories/suggestions"
SECRET = "hole beside Ibu Siti's house"


async def test_anyone_gets_suggestions() -> None:
    """A text is enough; nobody has to sign in, and the answer is kept by nobody on the way."""
    async with edge() as house:
        answer = await house.client.post(PATH, json={"text": "A hole", "latitude": -6.2, "longitude": 106.8})
        assert answer.json() == {
            "items": [{"category": "pothole", "name": "Pothole", "score": 0.75, "agency": "roads"}]
        }
        assert (answer.headers["cache-control"], answer.headers["content-language"]) == ("no-store", "id")
        answer = await house.client.post(PATH, json={"text": "Something"}, headers={"Accept-Language": "en"})
        assert (answer.json(), answer.headers["content-language"]) == ({"items": []}, "en")


@pytest.mark.parametrize(
    "body",
    [{}, {"text": " "}, {"text": "x" * 10_001}, {"text": "x", "latitude": 91}, {"text": 1}, {"text": "x", "a": 1}],
)
async def test_a_wrong_question_is_a_problem(body: dict[str, Any]) -> None:
    """No text, a blank or too long one, and what is no place."""
    async with edge() as house:
        is_problem(await house.client.post(PATH, json=body), 422, "invalid-request")


async def test_too_many_suggestions_are_429() -> None:
    """They count by address, beside its other requests."""
    async with edge(rate_suggest=Rate(0.01, 2)) as house:
        for _ in range(2):
            assert (await house.client.post(PATH, json={"text": SECRET})).status_code == 200
        refused = await house.client.post(PATH, json={"text": SECRET})
        is_problem(refused, 429, "too-many-requests")
        assert "Siti" not in refused.text
        assert (await house.client.get("/v1/categories")).status_code == 200


async def test_categories_say_their_language() -> None:
    """What is kept on the way is kept for each language."""
    async with edge() as house:
        answer = await house.client.get("/v1/categories", headers={"Accept-Language": "en"})
        assert (answer.headers["content-language"], answer.headers["vary"]) == ("en", "Accept-Language")
