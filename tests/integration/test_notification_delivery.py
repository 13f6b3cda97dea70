"""From an event to a mailbox and a browser: the real database, a real SMTP server, a real push service."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import trio

from jagawarga.errors import Conflict, Invalid, NotFound
from jagawarga.notification.mailer import Server
from jagawarga.notification.messages import AddBrowser, SetPreferences
from jagawarga.notification.plan import CHANNELS, NOBODYS, Settlement
from jagawarga.notification.preferences import Preferences
from jagawarga.notification.sender import LEASE, Sender
from jagawarga.notification.service import Notifications, Ways
from jagawarga.notification.vapid import point
from jagawarga.plumbing.aio import AioActor, AioDoor
from jagawarga.plumbing.bus import Bus
from jagawarga.plumbing.database import Database, DatabaseActor
from jagawarga.plumbing.keys import Keyring
from jagawarga.plumbing.telemetry import DELIVERIES
from jagawarga.reports.messages import ReportEvent
from supervisors import Registry, worker
from supervisors.testing import running
from tests.integration.test_notification import event
from tests.mail_server import Behaviour, PushService, UserAgent, push_service, smtp_server

pytestmark = pytest.mark.both_databases

SENDER = Registry("delivery").name("email")
START = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
EVERYTHING: Any = {kind: ["email", "push"] for kind in ("progress", "escalation", "outcome")}


@dataclass
class World:
    """The notification context without its consumer: events are recorded by hand, at the time that is set."""

    made: Notifications
    url: str
    now: datetime = START

    def clock(self) -> datetime:
        return self.now

    async def tell(self, recipient: str | None, **changes: Any) -> ReportEvent:
        told = event(recipient, occurred_at=self.now, **changes)
        await self.made.store.record([told], [each.name for each in self.made.channels])
        return told

    async def rows(self) -> list[Any]:
        async def work() -> Any:
            connection = await asyncpg.connect(self.url)
            try:
                return await connection.fetch("SELECT * FROM notification.delivery ORDER BY at, channel")
            finally:
                await connection.close()

        found: list[Any] = await self.made.store.database.door.run(work)
        return found

    async def states(self) -> list[tuple[str, str, str, int]]:
        return [(row["channel"], row["state"], row["reason"], row["attempts"]) for row in await self.rows()]

    async def until(self, condition: Callable[[], bool], within: float = 20.0) -> None:
        with trio.fail_after(within):
            while not condition():
                await trio.sleep(0.02)

    async def settled(self, states: list[tuple[str, str, str, int]]) -> None:
        with trio.fail_after(20):
            while (found := await self.states()) != states:
                await trio.sleep(0.05)
        assert found == states


@asynccontextmanager
async def world(url: str, server: Server | None = None, *, senders: bool = True) -> AsyncIterator[World]:
    door = AioDoor()
    database = Database(door, url, {"notification": 3})
    ways = Ways(server, "https://jaga.test", private_push=True, name=lambda key: f"Dinas {key}")
    house: World
    made = Notifications(database, Bus(door, "nats://nobody"), Keyring({1: b"k" * 32}), ways, lambda: house.now)
    house = World(made, url)
    async with running(worker("aio", AioActor, door), worker("db", DatabaseActor, database)):
        workers = [
            worker(each.name, Sender, each, made.store, made.desk, name=SENDER if each.name == "email" else None)
            for each in made.channels
        ]
        async with running(*workers if senders else ()):
            yield house


def wish(email: str | None = None, **changes: Any) -> SetPreferences:
    return replace(SetPreferences("id", EVERYTHING, email, None, None), **changes)


async def confirmed(house: World, behaviour: Behaviour, recipient: str, **changes: Any) -> None:
    """Somebody with an address that is theirs."""
    before = len(behaviour.mails)
    address = f"{recipient}@kota.test"
    assert (await house.made.prefer(recipient, wish(address, **changes))).email_state == "pending"
    await house.until(lambda: len(behaviour.mails) > before)
    to, mail = behaviour.mails[-1]
    assert to == address
    found = re.search(r"\d{8}", text_of(mail))
    assert found is not None
    with pytest.raises(Invalid):
        await house.made.confirm(recipient, "00000000" if found[0] != "00000000" else "11111111")
    assert (await house.made.confirm(recipient, found[0])).email_state == "confirmed"


def text_of(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content())


async def browser(house: World, service: PushService, recipient: str, path: str = "/push/1") -> UserAgent:
    agent = UserAgent()
    await house.made.add_browser(recipient, AddBrowser(service.endpoint(path), point(agent.key), agent.auth))
    return agent


async def test_an_event_is_mailed_and_pushed_once(fresh_database_url: str) -> None:
    """However often it comes; who never said what they want hears through the inbox alone."""
    behaviour = Behaviour()
    counted = [DELIVERIES.labels(channel, "sent") for channel in CHANNELS]
    before = [each._value.get() for each in counted]
    with smtp_server(behaviour) as server:
        async with push_service() as service, world(fresh_database_url, server) as house:
            await confirmed(house, behaviour, "p1")
            agent = await browser(house, service, "p1")
            told = await house.tell("p1", privacy="public", type="report.resolved", status="resolved")
            await house.made.store.record([told], CHANNELS)
            await house.tell("p2")
            await house.until(lambda: len(behaviour.mails) == 2 and len(service.posts) == 1)
            await house.settled([("email", "sent", "", 1), ("email", "sent", "", 1), ("push", "sent", "", 1)])
    assert [each._value.get() - was for each, was in zip(counted, before, strict=True)] == [2, 1]
    assert "Laporan Anda dinyatakan selesai oleh Dinas dinas-a." in text_of(behaviour.mails[1][1])
    ((path, headers, body),) = service.posts
    shown = json.loads(agent.read(body))
    assert (path, shown["report_id"]) == ("/push/1", str(told.report_id))
    assert headers["content-encoding"] == "aes128gcm"
    assert headers["host"] == f"localhost:{service.port}"
    assert headers["authorization"].startswith("vapid t=")
    assert "ttl" in headers


async def test_an_anonymous_report_tells_nobody(fresh_database_url: str) -> None:
    """Neither a line in an inbox nor a delivery, even where all of the city wants everything."""
    behaviour = Behaviour()
    with smtp_server(behaviour) as server:
        async with world(fresh_database_url, server) as house:
            await confirmed(house, behaviour, "p1")
            before = await house.rows()
            await house.tell(None)
            assert await house.rows() == before
            assert (await house.made.inbox("p1", cursor=None, limit=9, unread=False)).items == ()
    assert len(behaviour.mails) == 1


async def test_a_private_report_names_no_authority(fresh_database_url: str) -> None:
    """Who reads another's mail does not learn whom they complained to, nor of what."""
    behaviour = Behaviour()
    with smtp_server(behaviour) as server:
        async with world(fresh_database_url, server) as house:
            await confirmed(house, behaviour, "p1")
            told = await house.tell("p1", agency="inspektorat", category="korupsi")
            await house.until(lambda: len(behaviour.mails) == 2)
    raw = behaviour.mails[1][1].as_string() + text_of(behaviour.mails[1][1])
    assert "Laporan Anda telah diterima." in raw
    assert not any(word in raw for word in ("inspektorat", "korupsi", str(told.report_id)))


async def test_a_change_of_preferences_leaves_no_time(fresh_database_url: str) -> None:
    """Of the code that was mailed the day is kept, and neither code nor address in the open."""
    behaviour = Behaviour()
    with smtp_server(behaviour) as server:
        async with world(fresh_database_url, server) as house:
            await confirmed(house, behaviour, "p1")
            await house.settled([("email", "sent", "", 1)])
            (row,) = await house.rows()
            ((_, sealed),) = (await house.made.store.preferences(["p1"])).values()
    times = {row["at"], row["due_at"], row["leased_until"]}
    assert times == {START.replace(hour=0), NOBODYS}
    assert b"kota" not in sealed
    assert "kota" not in str(row)


async def test_without_a_mail_server_nothing_is_queued(fresh_database_url: str) -> None:
    """The preferences say so, and an address is refused; push goes on."""
    async with push_service() as service, world(fresh_database_url) as house:
        assert (await house.made.preferences("p1")).email_state == "not_configured"
        with pytest.raises(Invalid):
            await house.made.prefer("p1", wish("a@b.id"))
        await browser(house, service, "p1")
        await house.tell("p1")
        await house.settled([("push", "sent", "", 1)])


async def test_greylisting_is_waited_out(fresh_database_url: str) -> None:
    """Not before its pause is over, and once."""
    behaviour = Behaviour()
    with smtp_server(behaviour) as server:
        async with world(fresh_database_url, server) as house:
            await confirmed(house, behaviour, "p1")
            behaviour.rcpt = "451 4.7.1 come back later"
            await house.tell("p1")
            await house.settled([("email", "sent", "", 1), ("email", "queued", "smtp-451", 1)])
            behaviour.rcpt = ""
            assert (await house.rows())[1]["due_at"] > house.now
            house.now += timedelta(minutes=1)
            await house.settled([("email", "sent", "", 1), ("email", "sent", "", 2)])
    assert len(behaviour.mails) == 2


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [({"rcpt": "550 5.1.1 no such mailbox"}, "smtp-550"), ({"drop_at": "DATA"}, "SMTPServerDisconnected")],
)
async def test_what_is_given_up_is_visible(fresh_database_url: str, trouble: dict[str, str], reason: str) -> None:
    """Refused for good, or handed over and never answered: not sent again, counted where its recipient looks."""
    behaviour = Behaviour()
    with smtp_server(behaviour) as server:
        async with world(fresh_database_url, server) as house:
            await confirmed(house, behaviour, "p1")
            for name, value in trouble.items():
                setattr(behaviour, name, value)
            await house.tell("p1")
            await house.settled([("email", "sent", "", 1), ("email", "failed", reason, 1)])
            assert (await house.made.preferences("p1")).failed == {"email": 1}
            assert len((await house.made.inbox("p1", cursor=None, limit=9, unread=True)).items) == 1


async def test_a_mail_server_that_is_away_uses_up_no_try(fresh_database_url: str) -> None:
    """What waits for it is sent when it is back; what became too old by then is given up."""
    behaviour = Behaviour()
    with smtp_server(behaviour) as server:
        async with world(fresh_database_url, server, senders=False) as house:
            away = replace(server, port=1)
            house.made.mailer.server = away  # type: ignore[union-attr]
            house.now -= timedelta(days=4)
            seal = house.made.desk.seal
            mine = Preferences(address="p1@kota.test")
            await house.made.store.save(
                "p1", 0, mine.wanted, seal("p1", mine), reachable=True, confirmation=None, now=house.now
            )
            await house.tell("p1")
            house.now += timedelta(days=4)
            await house.tell("p1")
            async with running(worker("s", Sender, house.made.mailer, house.made.store, house.made.desk, name=SENDER)):

                def tried() -> bool:
                    process = SENDER.whereis()
                    return process is not None and bool(process.actor.failures)  # type: ignore[attr-defined]

                await house.until(tried)
                assert await house.states() == [("email", "failed", "too-old", 0), ("email", "queued", "", 0)]
                house.made.mailer.server = server  # type: ignore[union-attr]
                await house.settled([("email", "failed", "too-old", 0), ("email", "sent", "", 1)])


async def test_an_address_that_breaks_connections_harms_nobody_else(fresh_database_url: str) -> None:
    """Another connection is made, and the others of the batch lose no try."""
    behaviour = Behaviour()
    with smtp_server(behaviour) as server:
        async with world(fresh_database_url, server) as house:
            for name in ("p1", "p2", "p3"):
                await confirmed(house, behaviour, name)
        async with world(fresh_database_url, server, senders=False) as house:
            behaviour.drop_for = "p2@kota.test"
            for name in ("p1", "p2", "p3"):
                await house.tell(name)
            async with running(worker("s", Sender, house.made.mailer, house.made.store, house.made.desk)):
                expected = {("p1", "sent", 1), ("p2", "queued", 1), ("p3", "sent", 1)}
                told: set[tuple[str, str, int]] = set()
                with trio.fail_after(20):
                    while told != expected:
                        rows = [row for row in await house.rows() if row["report_id"]]
                        told = {(row["recipient"], row["state"], row["attempts"]) for row in rows}
                        await trio.sleep(0.05)
    assert len(behaviour.mails) == 5


async def test_a_digest_is_one_mail_at_its_hour(fresh_database_url: str) -> None:
    """All of a day in one mail, held back until then; what was queued while it is quiet, too."""
    behaviour = Behaviour()
    with smtp_server(behaviour) as server:
        async with world(fresh_database_url, server) as house:
            await confirmed(house, behaviour, "p1", digest_hour=18)
            for _ in range(3):
                await house.tell("p1", privacy="public")
                house.now += timedelta(minutes=10)
            with trio.fail_after(20):
                while [row["due_at"] for row in (await house.rows())[1:]] != [START.replace(hour=11)] * 3:
                    await trio.sleep(0.05)
            assert len(behaviour.mails) == 1
            house.now = START.replace(hour=11)
            await house.until(lambda: len(behaviour.mails) == 2)
            await house.settled([("email", "sent", "", 1)] * 4)
    _, mail = behaviour.mails[1]
    assert mail["Subject"] == "3 kabar laporan Anda"
    assert text_of(mail).count("telah diterima oleh") == 3


async def test_a_sender_killed_in_mid_mail_sends_nothing_twice(fresh_database_url: str) -> None:
    """Marked before it was sent: nobody knows whether it arrived, so it is given up when its lease is over."""
    behaviour = Behaviour()
    with smtp_server(behaviour) as server:
        async with world(fresh_database_url, server) as house:
            await confirmed(house, behaviour, "p1")
            behaviour.slow = 1.0
            await house.tell("p1")
            with trio.fail_after(20):
                while (await house.states())[1][1] != "sending":
                    await trio.sleep(0.01)
            process = SENDER.whereis()
            assert process is not None
            process.exit("kill")
            await trio.sleep(1.5)
            assert (await house.states())[1] == ("email", "sending", "", 1)
            behaviour.slow = 0.0
            house.now += LEASE
            await house.settled([("email", "sent", "", 1), ("email", "failed", "interrupted", 1)])
    assert len(behaviour.mails) <= 2


async def test_what_was_claimed_and_not_marked_is_sent_when_the_lease_is_over(fresh_database_url: str) -> None:
    """Of two that claim, one gets it; and only who holds the lease may mark and settle."""
    behaviour = Behaviour()
    with smtp_server(behaviour) as server:
        async with world(fresh_database_url, server) as house:
            await confirmed(house, behaviour, "p1")
        async with world(fresh_database_url, server, senders=False) as house:
            told = await house.tell("p1")
            store, lease = house.made.store, house.now + timedelta(seconds=10)
            claims: list[list[Any]] = []

            async def claim(until: datetime) -> None:
                claims.append(await store.claim("email", house.now, until, 9))

            async with trio.open_nursery() as nursery:
                for number in range(4):
                    nursery.start_soon(claim, lease + timedelta(seconds=number))
            assert sorted(map(len, claims)) == [0, 0, 0, 1]
            stranger = lease + timedelta(days=1)
            assert await store.begin("email", "p1", [told.event_id], stranger) == set()
            await store.settle("email", "p1", [told.event_id], stranger, Settlement("sent", "", house.now))
            assert (await house.states())[1] == ("email", "queued", "", 0)
            house.now = lease + timedelta(seconds=9)
            async with running(worker("s", Sender, house.made.mailer, store, house.made.desk)):
                await house.settled([("email", "sent", "", 1), ("email", "sent", "", 1)])


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten(fresh_database_url: str, status: int) -> None:
    """The push service says so; nothing is queued for it any more."""
    async with push_service() as service, world(fresh_database_url) as house:
        service.status = status
        await browser(house, service, "p1")
        await house.tell("p1")
        await house.settled([("push", "failed", "gone", 1)])
        assert await house.made.browsers("p1") == ()
        await house.tell("p1")
        assert len(await house.rows()) == 1


@pytest.mark.parametrize(
    ("status", "hang_up", "row"),
    [
        (429, False, ("push", "queued", "http-429", 1)),
        (503, False, ("push", "queued", "http-503", 1)),
        (400, False, ("push", "failed", "http-400", 1)),
        (302, False, ("push", "failed", "http-302", 1)),
        (201, True, ("push", "failed", "RemoteProtocolError", 1)),
    ],
)
async def test_what_a_push_service_says(
    fresh_database_url: str, status: int, hang_up: bool, row: tuple[str, str, str, int]
) -> None:
    """Busy is tried again, refused is not, and a redirect is never followed."""
    async with push_service() as service, world(fresh_database_url) as house:
        service.status, service.hang_up = status, hang_up
        await browser(house, service, "p1")
        await house.tell("p1")
        await house.settled([row])
        assert len(service.posts) == 1


async def test_browsers_are_their_owners(fresh_database_url: str) -> None:
    """So many and no more; nobody removes another's; the same browser under another account changes hands."""
    async with push_service() as service, world(fresh_database_url, senders=False) as house:
        for number in range(10):
            await browser(house, service, "p1", f"/push/{number}")
        with pytest.raises(Conflict):
            await browser(house, service, "p1", "/push/10")
        await browser(house, service, "p1", "/push/3")
        mine = await house.made.browsers("p1")
        assert (len(mine), mine[0].service) == (10, "localhost")
        with pytest.raises(NotFound):
            await house.made.remove_browser("p2", mine[0].subscription_id)
        await browser(house, service, "p2", "/push/3")
        assert (len(await house.made.browsers("p1")), len(await house.made.browsers("p2"))) == (9, 1)


async def test_one_click_stops_mail_alone(fresh_database_url: str) -> None:
    """By the link of a mail; push and inbox go on, and another's mail, too."""
    behaviour = Behaviour()
    with smtp_server(behaviour) as server:
        async with push_service() as service, world(fresh_database_url, server) as house:
            await confirmed(house, behaviour, "p1")
            await browser(house, service, "p1")
            await house.tell("p1")
            await house.until(lambda: len(behaviour.mails) == 2 and len(service.posts) == 1)
            link = behaviour.mails[1][1]["List-Unsubscribe"].strip("<>")
            assert link.startswith("https://jaga.test/v1/unsubscribe/")
            token = link.rpartition("/")[2]
            for wrong in ("", "x", token[:10] + ("B" if token[10] == "A" else "A") + token[11:], "A" * 90):
                with pytest.raises(NotFound):
                    await house.made.stop_mail(wrong)
            await house.made.stop_mail(token)
            await house.made.stop_mail(token)
            await house.tell("p1")
            await house.until(lambda: len(service.posts) == 2)
            await trio.sleep(0.3)
    assert len(behaviour.mails) == 2


async def test_two_changes_of_one_are_one_change(fresh_database_url: str) -> None:
    """The slower of two that change the same preferences is told, and of many guesses at once one counts."""
    async with world(fresh_database_url, senders=False) as house:
        outcomes: list[str] = []

        async def change(hour: int) -> None:
            try:
                await house.made.prefer("p1", wish(digest_hour=hour))
                outcomes.append("done")
            except Conflict:
                outcomes.append("conflict")

        async with trio.open_nursery() as nursery:
            for hour in range(6):
                nursery.start_soon(change, hour)
        assert outcomes.count("done") >= 1
        assert (await house.made.store.preferences(["p1"]))["p1"][0] == outcomes.count("done")


async def test_an_inbox_is_read_page_by_page(fresh_database_url: str) -> None:
    """Newest first, each once, also those of one moment; marks are its owner's."""
    async with world(fresh_database_url, senders=False) as house:
        for number in range(7):
            await house.tell("p1")
            house.now += timedelta(seconds=number // 3)
        await house.tell("p2")
        seen: list[uuid.UUID] = []
        cursor = None
        while True:
            page = await house.made.inbox("p1", cursor=cursor, limit=3, unread=False)
            seen += [each.notification_id for each in page.items]
            cursor = page.cursor
            if cursor is None:
                break
        assert (len(seen), len(set(seen)), page.unread) == (7, 7, 7)
        await house.made.mark("p2", seen, read=True)
        await house.made.mark("p1", seen[:2], read=True)
        page = await house.made.inbox("p1", cursor=None, limit=9, unread=True)
        assert ([each.notification_id for each in page.items], page.unread) == (seen[2:], 5)
        await house.made.mark("p1", None, read=True)
        await house.made.mark("p1", seen[:1], read=False)
        page = await house.made.inbox("p1", cursor=None, limit=9, unread=True)
        assert [each.notification_id for each in page.items] == seen[:1]
        assert (await house.made.inbox("p2", cursor=None, limit=9, unread=True)).unread == 1
        for wrong in ("x", "AAAA", "=", "A" * 300):
            with pytest.raises(Invalid):
                await house.made.inbox("p1", cursor=wrong, limit=9, unread=False)
