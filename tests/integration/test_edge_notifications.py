"""A citizen's notifications over a real server: what each route translates, and what each refuses."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from jagawarga.notification.messages import Notification
from tests.integration.edge_server import CITIZEN, HEAD, OFFICER, Edge, edge, read_until, until
from tests.integration.test_edge_routes import is_problem
from tests.mail_server import UserAgent

if TYPE_CHECKING:
    import trio

PREFERENCES = "/v1/me/notification-preferences"
BROWSERS = "/v1/me/push-subscriptions"
NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
SUBSCRIPTION = {"endpoint": "https://push.example.net/x", "keys": UserAgent().keys}

TABLE: list[tuple[str, str, dict[str, Any], int, str]] = [
    # method, path, request, status, code
    ("GET", "/v1/me/notifications?unread=perhaps", {}, 422, "invalid-request"),
    ("GET", "/v1/me/notifications?limit=0", {}, 422, "invalid-request"),
    ("GET", "/v1/me/notifications?cursor=x", {}, 422, "invalid-request"),
    ("POST", "/v1/me/notifications/read", {"json": {"notification_ids": []}}, 422, "invalid-request"),
    ("POST", "/v1/me/notifications/read", {"json": {"notification_ids": ["x"]}}, 422, "invalid-request"),
    ("POST", "/v1/me/notifications/read", {"json": {"notification_ids": [str(uuid4())] * 101}}, 422, "invalid-request"),
    ("POST", "/v1/me/notifications/read", {"json": {"read": "yes"}}, 422, "invalid-request"),
    ("GET", "/v1/me/stream", {"headers": CITIZEN | {"Last-Event-ID": "x"}}, 422, "invalid-request"),
    ("GET", "/v1/me/stream", {"headers": OFFICER}, 403, "forbidden"),
    ("PUT", PREFERENCES, {"json": {"language": "jv"}}, 422, "invalid-request"),
    ("PUT", PREFERENCES, {"json": {"channels": {"progress": ["fax"]}}}, 422, "invalid-request"),
    ("PUT", PREFERENCES, {"json": {"channels": {"gossip": ["email"]}}}, 422, "invalid-request"),
    ("PUT", PREFERENCES, {"json": {"digest": "weekly"}}, 422, "invalid-request"),
    ("PUT", PREFERENCES, {"json": {"digest": "daily", "digest_hour": 24}}, 422, "invalid-request"),
    ("PUT", PREFERENCES, {"json": {"quiet_from": "21:00"}}, 422, "invalid-request"),
    ("PUT", PREFERENCES, {"json": {"quiet_from": "24:00", "quiet_until": "06:00"}}, 422, "invalid-request"),
    *(
        ("PUT", PREFERENCES, {"json": {"email": address}}, 422, "invalid-request")
        for address in (
            "", "a", "a@", "@b.id", "a@b.id\nBcc: c@d.id", "a b@c.id", "a@b.id,c@d.id", "<a@b.id>", ".a@b.id", "a.@b.id",
            "a..b@c.id", "a@-b.id", "a@b.id-", "a@[127.0.0.1]", "x" * 65 + "@b.id", "a@" + "b" * 260,
        )
    ),
    ("POST", f"{PREFERENCES}/confirm", {"json": {"code": "1234567"}}, 422, "invalid-request"),
    ("POST", f"{PREFERENCES}/confirm", {"json": {"code": "1234567x"}}, 422, "invalid-request"),
    ("POST", f"{PREFERENCES}/confirm", {"json": {"code": "00000000"}}, 422, "invalid-request"),
    ("POST", BROWSERS, {"json": SUBSCRIPTION | {"keys": {"p256dh": "AAAA", "auth": "AAAA"}}}, 422, "invalid-request"),
    ("POST", BROWSERS, {"json": SUBSCRIPTION | {"keys": {"p256dh": "!", "auth": "ä"}}}, 422, "invalid-request"),
    ("POST", BROWSERS, {"json": {"endpoint": "https://push.example.net/x"}}, 422, "invalid-request"),
    ("DELETE", f"{BROWSERS}/{uuid4()}", {}, 404, "not-found"),
    ("DELETE", f"{BROWSERS}/x", {}, 404, "not-found"),
    ("DELETE", BROWSERS, {}, 405, "method-not-allowed"),
    ("POST", "/v1/unsubscribe/x", {}, 404, "not-found"),
    ("POST", "/v1/unsubscribe/", {}, 404, "not-found"),
]  # fmt: skip


async def test_every_bad_request_is_a_problem_and_changes_nothing() -> None:
    """The table: route by route, each bad input has its status and type."""
    async with edge() as house:
        for method, path, asked, status, code in TABLE:
            answer = await house.client.request(method, path, **({"headers": CITIZEN} | asked))
            is_problem(answer, status, code)
        fake = house.house.notification
        assert (fake.wishes, fake.known_browsers, fake.stopped) == ({}, {}, 0)


def notice() -> Notification:
    return Notification(uuid4(), uuid4(), "report.resolved", "resolved", "roads", NOW)


async def test_the_inbox_and_its_marks() -> None:
    """Lines with their marks; one, several or all are marked, of the caller's alone."""
    async with edge() as house:
        lines = house.house.notification.notices["p1"] = [notice() for _ in range(3)]
        answer = (await house.client.get("/v1/me/notifications?limit=2", headers=CITIZEN)).json()
        assert (len(answer["items"]), answer["unread"]) == (2, 3)
        assert answer["items"][0] == {
            "notification_id": str(lines[0].notification_id), "report_id": str(lines[0].report_id),
            "type": "report.resolved", "status": "resolved", "holder": "roads", "at": "2026-11-23T05:00:00Z",
            "read": False,
        }  # fmt: skip
        body = {"notification_ids": [str(lines[0].notification_id)]}
        marked = await house.client.post("/v1/me/notifications/read", json=body, headers=CITIZEN)
        assert marked.status_code == 200
        unread = (await house.client.get("/v1/me/notifications?unread=true", headers=CITIZEN)).json()
        assert len(unread["items"]) == 2
        await house.client.post("/v1/me/notifications/read", json={}, headers=CITIZEN)
        assert (await house.client.get("/v1/me/notifications", headers=CITIZEN)).json()["unread"] == 0
        await house.client.post("/v1/me/notifications/read", json={"read": False}, headers=CITIZEN)
        assert (await house.client.get("/v1/me/notifications", headers=CITIZEN)).json()["unread"] == 3


async def test_preferences_as_they_are_set() -> None:
    """All of them, in the caller's words; an empty wish is the defaults."""
    async with edge() as house:
        wish = {
            "language": "en",
            "channels": {"progress": ["push"], "escalation": ["email", "push"], "outcome": []},
            "email": "warga@kota.test",
            "digest": "daily",
            "digest_hour": 6,
            "quiet_from": "21:30",
            "quiet_until": "05:05",
        }
        shown = (await house.client.put(PREFERENCES, json=wish, headers=CITIZEN)).json()
        assert shown == wish | {"email_state": "pending", "failed": {}}
        confirmed = await house.client.post(f"{PREFERENCES}/confirm", json={"code": "12345678"}, headers=CITIZEN)
        assert confirmed.json()["email_state"] == "confirmed"
        assert (await house.client.get(PREFERENCES, headers=CITIZEN)).json() == confirmed.json()
        empty = (await house.client.put(PREFERENCES, json={}, headers=CITIZEN)).json()
        everything = {kind: ["email", "push"] for kind in ("progress", "escalation", "outcome")}
        assert (empty["channels"], empty["email"], empty["digest"]) == (everything, None, "immediately")


async def test_a_browser_comes_and_goes() -> None:
    """As `PushSubscription.toJSON()` writes it; its secret address is never shown again."""
    async with edge() as house:
        assert (await house.client.get("/v1/push-key")).json() == {"public_key": "key"}
        sent = SUBSCRIPTION | {"expirationTime": None}
        made = await house.client.post(BROWSERS, json=sent, headers=CITIZEN)
        assert (made.status_code, made.json()["service"]) == (201, "push.example.net")
        listed = await house.client.get(BROWSERS, headers=CITIZEN)
        assert listed.json() == {"items": [made.json()]}
        assert "/x" not in listed.text
        gone = await house.client.delete(f"{BROWSERS}/{made.json()['subscription_id']}", headers=CITIZEN)
        assert (gone.status_code, gone.content) == (204, b"")
        assert (await house.client.get(BROWSERS, headers=CITIZEN)).json() == {"items": []}


async def test_one_click_needs_nobody_signed_in() -> None:
    """A mail program posts RFC 8058's form; who looks at the link only gets a button and stops nothing."""
    async with edge() as house:
        page = await house.client.get("/v1/unsubscribe/good-token")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert re.search(r'<form method="post">', page.text)
        assert "good-token" not in page.text
        assert house.house.notification.stopped == 0
        answer = await house.client.post("/v1/unsubscribe/good-token", data={"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, house.house.notification.stopped) == (200, 1)


async def listen(house: Edge, last: str | None) -> trio.SocketStream:
    stream = await house.connect()
    extra = "" if last is None else f"Last-Event-ID: {last}\r\n"
    head = f"GET /v1/me/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {CITIZEN['Authorization']}\r\n{extra}\r\n"
    await stream.send_all(head.encode())
    return stream


@pytest.mark.parametrize("last", [None, "p1-1"])
async def test_a_citizens_stream_resumes(last: str | None) -> None:
    """Live events, and behind `Last-Event-ID` what was missed."""
    async with edge() as house:
        for number in (1, 2):
            house.house.notification.publish(f'{{"n":{number}}}')
        stream = await listen(house, last)
        await until(lambda: house.house.notification.subscribers == 1)
        house.house.notification.publish('{"n":3}')
        seen = await read_until(stream, b'data: {"n":3}\n\n')
        assert (b'{"n":2}' in seen) == (last is not None)
        assert b'{"n":1}' not in seen


async def test_citizens_streams_take_no_place_of_the_agencies() -> None:
    """One has so many and no more, all have so many together, and an officer still gets theirs."""
    async with edge(streams=1, streams_own=3, streams_each=2) as house:
        streams = [await listen(house, None) for _ in range(2)]
        await until(lambda: house.house.notification.subscribers == 2)
        one_more = await house.client.get("/v1/me/stream", headers=CITIZEN)
        assert (one_more.status_code, one_more.headers["retry-after"]) == (429, "5")
        async with house.client.stream("GET", "/v1/agency/stream", headers=OFFICER) as answer:
            assert answer.status_code == 200
        await streams[0].aclose()
        await until(lambda: house.house.notification.subscribers == 1)
        await listen(house, None)
        await until(lambda: house.house.notification.subscribers == 2)


async def test_the_ids_of_a_citizens_stream_are_their_own() -> None:
    """One of somebody else's stream, or a plain number, is refused."""
    async with edge() as house:
        for wrong in ("p7-1", "1"):
            answer = await house.client.get("/v1/me/stream", headers=CITIZEN | {"Last-Event-ID": wrong})
            assert answer.status_code == 422
        house.house.notification.publish("{}")
        stream = await listen(house, "p1-0")
        await read_until(stream, b"id: p1-1\n")


async def test_one_officer_does_not_take_all_the_agencies_streams() -> None:
    """Others get theirs."""
    async with edge(streams_of_officer=1) as house:  # noqa: SIM117 - what is asked in between
        async with house.client.stream("GET", "/v1/agency/stream", headers=OFFICER):
            assert (await house.client.get("/v1/agency/stream", headers=OFFICER)).status_code == 429
            async with house.client.stream("GET", "/v1/agency/stream", headers=HEAD) as answer:
                assert answer.status_code == 200
