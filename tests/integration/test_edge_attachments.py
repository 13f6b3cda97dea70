"""Uploads that go with words, over HTTP: who may send them, with which steps, and who may see them afterwards."""

from __future__ import annotations

from uuid import uuid4

import pytest
import trio

from jagawarga.reports.messages import Wish
from tests.integration.edge_server import AUDITOR, CITIZEN, EXECUTIVE, HEAD, OFFICER, OPERATOR, OTHER_CITIZEN, edge
from tests.integration.test_edge_life import filed
from tests.integration.test_edge_routes import REPORT

HANDLE = "a" * 32
PUBLIC = REPORT | {"privacy": "public"}


@pytest.mark.parametrize("who", [CITIZEN, OFFICER, HEAD])
async def test_who_files_and_who_answers_may_upload(who: dict[str, str]) -> None:
    """With a role that has something to say about reports."""
    async with edge() as running:
        answer = await running.client.post("/v1/media", content=b"photo", headers=who)
        assert (answer.status_code, answer.json()["media_id"]) == (201, "m" * 32)


@pytest.mark.parametrize(("who", "status"), [({}, 401), (OPERATOR, 403), (EXECUTIVE, 403), (AUDITOR, 403)])
async def test_nobody_else_may(who: dict[str, str], status: int) -> None:
    """Before a byte of it is kept."""
    async with edge() as running:
        assert (await running.client.post("/v1/media", content=b"photo", headers=who)).status_code == status


async def test_whoever_has_a_code_may_upload_with_it() -> None:
    """As large as any other upload; without a code, or with a wrong one, nothing is taken."""
    async with edge() as running:
        _, code = await filed(running)
        answer = await running.client.post("/v1/tracking/media", content=b"x" * 2_000_000, headers=code)
        assert (answer.status_code, answer.json()["bytes"]) == (201, 2_000_000), answer.text
        for wrong, status in (({}, 422), ({"Tracking-Code": "CODE-9"}, 404)):
            refused = await running.client.post("/v1/tracking/media", content=b"x", headers=wrong)
            assert refused.status_code == status


@pytest.mark.parametrize("action", ["ask", "reply", "note", "resolve"])
async def test_steps_of_the_agency_with_uploads(action: str) -> None:
    """Each once, however often it is named."""
    async with edge() as running:
        report_id, _ = await filed(running)
        body = {"note": "lihat", "attachments": [HANDLE, HANDLE]}
        answer = await running.client.post(f"/v1/agency/reports/{report_id}/{action}", json=body, headers=OFFICER)
        assert answer.status_code == 200, answer.text
        assert running.house.reports.wishes == [Wish(action, "lihat", attachments=(HANDLE,))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "attachments"),
    [("acknowledge", [HANDLE]), ("reject", [HANDLE]), ("reply", ["x"]), ("reply", [HANDLE] * 6), ("reply", HANDLE)],
)
async def test_no_such_uploads(action: str, attachments: object) -> None:
    """With a step that has none, of the wrong shape, or too many."""
    async with edge() as running:
        report_id, _ = await filed(running)
        body = {"note": "lihat", "attachments": attachments}
        answer = await running.client.post(f"/v1/agency/reports/{report_id}/{action}", json=body, headers=OFFICER)
        assert (answer.status_code, running.house.reports.wishes) == (422, [])


@pytest.mark.parametrize(("path", "action"), [("messages", "message"), ("not-fixed", "dispute")])
async def test_the_reporter_with_uploads(path: str, action: str) -> None:
    """Signed in, and with the code alone."""
    async with edge() as running:
        report_id, code = await filed(running)
        body = {"text": "lihat", "attachments": [HANDLE]}
        own = await running.client.post(f"/v1/me/reports/{report_id}/{path}", json=body, headers=CITIZEN)
        by_code = await running.client.post(f"/v1/tracking/{path}", json=body, headers=code)
        assert (own.status_code, by_code.status_code) == (200, 200), by_code.text
        assert own.json()["history"][-1]["attachments"] == by_code.json()["history"][-1]["attachments"] == 1
        assert running.house.reports.wishes == [Wish(action, "lihat", attachments=(HANDLE,))] * 2  # type: ignore[arg-type]


async def test_who_sees_what_came_with_a_line() -> None:
    """Both sides and the holder of the code; the public only what proves it resolved, and no words at all."""
    async with edge() as running:
        made = (await running.client.post("/v1/reports", json=PUBLIC, headers=CITIZEN)).json()
        report_id, code = made["report_id"], {"Tracking-Code": made["tracking_code"]}
        for action in ("reply", "resolve"):
            body = {"note": "lihat", "attachments": [HANDLE]}
            await running.client.post(f"/v1/agency/reports/{report_id}/{action}", json=body, headers=OFFICER)
        shown = (await running.client.get(f"/v1/reports/{report_id}")).json()["history"]
        assert [each["attachments"] for each in shown] == [0, 0, 1]
        assert not any("note" in each for each in shown)
        for version, public in ((2, 404), (3, 200)):
            end = f"history/{version}/attachments/1"
            for path, who, status in (
                (f"/v1/agency/reports/{report_id}/{end}", OFFICER, 200),
                (f"/v1/agency/reports/{report_id}/{end}", HEAD, 200),
                (f"/v1/me/reports/{report_id}/{end}", CITIZEN, 200),
                (f"/v1/me/reports/{report_id}/{end}", OTHER_CITIZEN, 404),
                (f"/v1/tracking/{end}", code, 200),
                (f"/v1/tracking/{end}", {"Tracking-Code": "CODE-9"}, 404),
                (f"/v1/reports/{report_id}/{end}", {}, public),
                (f"/v1/reports/{uuid4()}/{end}", {}, 404),
            ):
                answer = await running.client.get(path, headers=who)
                assert answer.status_code == status, (path, answer.text)


@pytest.mark.parametrize(
    "end", ["1/attachments/1", "3/attachments/2", "9/attachments/1", "x/attachments/1", "3/attachments/0"]
)
async def test_no_such_attachment(end: str) -> None:
    """Of a line that has none, or not so many, or is not there."""
    async with edge() as running:
        report_id, _ = await filed(running)
        for action in ("reply", "resolve"):
            body = {"note": "lihat", "attachments": [HANDLE]}
            await running.client.post(f"/v1/agency/reports/{report_id}/{action}", json=body, headers=OFFICER)
        answer = await running.client.get(f"/v1/agency/reports/{report_id}/history/{end}", headers=OFFICER)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_the_head_of_an_agency_sees_attachments_too() -> None:
    """As its officers do."""
    async with edge() as running:
        report_id, _ = await filed(running)
        path = f"/v1/agency/reports/{report_id}/attachments/1"
        answers = [(await running.client.get(path, headers=who)).status_code for who in (OFFICER, HEAD)]
        assert answers == [404, 404]


async def test_merging_and_splitting() -> None:
    """Into which one, and a word to the reporter; for one version of the duplicate if wanted."""
    async with edge() as running:
        report_id, _ = await filed(running)
        other, _ = await filed(running)
        path = f"/v1/agency/reports/{report_id}"
        for wrong in (None, {}, {"into": "x"}, {"into": 7}, {"into": other, "text": "?"}):
            assert (await running.client.post(f"{path}/merge", json=wrong, headers=OFFICER)).status_code in {415, 422}
        sent = {"into": other, "note": "sama"}
        answer = await running.client.post(f"{path}/merge", json=sent, headers=OFFICER | {"If-Match": '"1"'})
        assert answer.status_code == 200, answer.text
        assert {"merged", "duplicate_of", "duplicates", "proof_used_before"} <= answer.json().keys()
        assert (await running.client.post(f"{path}/split", headers=HEAD)).status_code == 200
        merge, split = running.house.reports.wishes
        assert (merge.action, str(merge.into), merge.note, merge.expected) == ("merge", other, "sama", 1)
        assert split == Wish("split")


async def test_who_sends_slowly_keeps_nobody_else_from_sending() -> None:
    """So many uploads of one account at a time; another one's goes through."""
    async with edge(uploads_each=1) as running:
        stream = await running.connect()
        head = (
            f"POST /v1/media HTTP/1.1\r\nHost: x\r\nAuthorization: {CITIZEN['Authorization']}\r\nContent-Length: 9\r\n"
        )
        await stream.send_all(f"{head}\r\nslow".encode())
        with trio.fail_after(5):
            while (await running.client.post("/v1/media", content=b"x", headers=CITIZEN)).status_code != 429:
                await trio.sleep(0.01)
        assert (await running.client.post("/v1/media", content=b"x", headers=OTHER_CITIZEN)).status_code == 201
        await stream.send_all(b"slow!")
        assert b" 201 " in await stream.receive_some()
        assert (await running.client.post("/v1/media", content=b"x", headers=CITIZEN)).status_code == 201
