"""The public feed over HTTP: what may be asked of it, and what others than the reporter do to a report."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.edge_server import CITIZEN, EXECUTIVE, HEAD, OFFICER, OPERATOR, OTHER_CITIZEN, Edge, edge

HERE = {"latitude": "-6.9", "longitude": "107.6"}


async def filed(running: Edge, **fields: Any) -> str:
    """A public report on the meridian of `HERE`, unless the fields say otherwise."""
    body = {"privacy": "public", "category": "pothole", "text": "Jalan berlubang", "latitude": -6.9, "longitude": 107.6}
    made = await running.client.post("/v1/reports", json=body | fields, headers=CITIZEN)
    assert made.status_code == 201, made.text
    # Of an anonymous report nobody is told the id.
    return str(list(running.house.reports.reports)[-1])


async def ids(running: Edge, **query: str) -> list[str]:
    """The ids of a page."""
    answer = await running.client.get("/v1/reports", params=query)
    assert answer.status_code == 200, answer.text
    return [each["report_id"] for each in answer.json()["items"]]


async def test_the_public_alone_in_each_order() -> None:
    """Newest, most supported, nearest; by words, category and status; a page at a time."""
    async with edge() as running:
        far = await filed(running, latitude=-6.91, text="Lampu padam")
        near = await filed(running, latitude=-6.901)
        for privacy in ("private", "anonymous"):
            await filed(running, privacy=privacy)
        await running.client.put(f"/v1/reports/{far}/vote", headers=OTHER_CITIZEN)
        assert sorted(await ids(running)) == sorted([far, near])
        assert await ids(running, sort="supported") == [far, near]
        assert await ids(running, sort="nearest", **HERE) == [near, far]
        assert await ids(running, text="lampu") == [far]
        assert await ids(running, text="%'") == []
        assert await ids(running, category="pothole", status="resolved") == []
        first = (await running.client.get("/v1/reports", params={"limit": "1", "sort": "nearest", **HERE})).json()
        assert [each["distance"] for each in first["items"]] == [111]
        assert await ids(running, sort="nearest", cursor=first["cursor"], **HERE) == [far]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"sort": "nearest"}, ["latitude", "longitude"]),
        ({"sort": "nearest", "latitude": "-6.9"}, ["longitude"]),
        ({"longitude": "107.6"}, ["latitude"]),
        ({"sort": "best"}, ["sort"]),
        ({"cursor": "AAAA"}, ["cursor"]),
        ({"limit": "101"}, ["limit"]),
        ({"since": "2026-11-23T00:00:00"}, ["since"]),
        ({"q": "lampu"}, ["q"]),
    ],
    ids=str,
)
async def test_a_wrong_question_names_its_field(query: dict[str, str], fields: list[str]) -> None:
    """A point is both coordinates, a cursor is of the same list, a time says its zone."""
    async with edge() as running:
        answer = await running.client.get("/v1/reports", params=query)
        assert answer.status_code == 422, answer.text
        assert sorted(each["field"] for each in answer.json()["errors"]) == fields


async def test_who_has_the_page_gets_no_other() -> None:
    """304 to the page's tag, until something of it changes."""
    async with edge() as running:
        report_id = await filed(running)
        for path in ("/v1/reports", f"/v1/reports/{report_id}", "/v1/reports/similar?latitude=-6.9&longitude=107.6"):
            page = await running.client.get(path)
            known = {"If-None-Match": page.headers["ETag"]}
            again = await running.client.get(path, headers=known)
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", page.headers["ETag"])
            await running.client.put(f"/v1/reports/{report_id}/vote", headers=OTHER_CITIZEN)
            changed = await running.client.get(path, headers=known)
            assert (changed.status_code, changed.headers["ETag"] != page.headers["ETag"]) == (200, True)
            await running.client.delete(f"/v1/reports/{report_id}/vote", headers=OTHER_CITIZEN)


async def test_one_vote_a_person() -> None:
    """However often it is sent; taken back it is none; to follow is to vote, too, and to follow no longer is not."""
    async with edge() as running:
        report_id = await filed(running)
        said: list[tuple[str, str, dict[str, str], int]] = [
            ("PUT", "vote", CITIZEN, 1), ("PUT", "vote", CITIZEN, 1), ("PUT", "vote", OTHER_CITIZEN, 2),
            ("DELETE", "vote", CITIZEN, 1), ("DELETE", "vote", CITIZEN, 1),
            ("PUT", "follow", CITIZEN, 2), ("DELETE", "follow", CITIZEN, 2),
        ]  # fmt: skip
        for method, what, who, votes in said:
            answer = await running.client.request(method, f"/v1/reports/{report_id}/{what}", headers=who)
            assert (answer.status_code, answer.json()) == (200, {"report_id": report_id, "votes": votes})
        await running.client.put(f"/v1/reports/{report_id}/follow", headers=OTHER_CITIZEN)
        follows = (await running.client.get("/v1/me/follows", headers=OTHER_CITIZEN)).json()
        assert [each["report_id"] for each in follows["items"]] == [report_id]
        assert (await running.client.get("/v1/me/follows", headers=CITIZEN)).json()["items"] == []


@pytest.mark.parametrize("privacy", ["private", "anonymous"])
async def test_of_what_is_not_public_there_is_nothing(privacy: str) -> None:
    """It can not be seen, voted for or followed, by anybody; not even that it exists."""
    async with edge() as running:
        report_id = await filed(running, privacy=privacy)
        asked = [("GET", "")] + [(method, f"/{what}") for method in ("PUT", "DELETE") for what in ("vote", "follow")]
        for method, path in asked:
            answer = await running.client.request(method, f"/v1/reports/{report_id}{path}", headers=CITIZEN)
            assert answer.status_code == 404, (method, path)


@pytest.mark.parametrize(
    "who", [{}, OFFICER, HEAD, EXECUTIVE, OPERATOR], ids=["nobody", "officer", "head", "exec", "op"]
)
async def test_citizens_vote(who: dict[str, str]) -> None:
    """An agency has no vote on what it is to do."""
    async with edge() as running:
        report_id = await filed(running)
        for what in ("vote", "follow"):
            for method in ("PUT", "DELETE"):
                answer = await running.client.request(method, f"/v1/reports/{report_id}/{what}", headers=who)
                assert answer.status_code == (403 if who else 401)
