"""The stores over one database, and for each of their methods the ways of calling it that a failure may meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg

from jagawarga.canned.messages import CannedAnswer
from jagawarga.canned.store import Store as Canned
from jagawarga.catalogue.messages import Agency, Category
from jagawarga.catalogue.store import Store as Catalogue
from jagawarga.feed.store import Change
from jagawarga.feed.store import Store as Feed
from jagawarga.identity.messages import PersonalFacts
from jagawarga.identity.refresh import RefreshToken, make
from jagawarga.identity.store import MOST_SESSIONS
from jagawarga.identity.store import Store as Identity
from jagawarga.notification.plan import CHANNELS, KINDS, Settlement
from jagawarga.notification.service import NEWEST as NEWEST_NOTICE
from jagawarga.notification.store import Store as Notification
from jagawarga.plumbing.aio import AioActor, AioDoor
from jagawarga.plumbing.database import Database, DatabaseActor
from jagawarga.plumbing.keys import Keyring
from jagawarga.reports.lifecycle import decide
from jagawarga.reports.messages import Place, ReportEvent, Sieve, Wish
from jagawarga.reports.model import ReportState, Together, Transition, event_of, filed, shared_terms
from jagawarga.reports.notices import Notice
from jagawarga.reports.rescheduling import rescheduled
from jagawarga.reports.store import NEWEST, OLDEST, Filing
from jagawarga.reports.store import Store as Reports
from supervisors import worker
from supervisors.testing import running
from tests.integration.interruptions import PREPARE

NOW: Final = datetime(2026, 5, 6, 7, 8, tzinfo=UTC)
FACTS: Final = PersonalFacts("Kenari", "3273014501900007", None, None, None)
TABLES: Final = (
    "identity.account", "identity.session", "identity.registration", "identity.invitation", "catalogue.agency",
    "catalogue.category", "notification.processed_event", "notification.notice", "notification.preference",
    "notification.delivery", "notification.push_subscription",
    "reports.report", "reports.history", "reports.access", "reports.outbox", "reports.calendar", "reports.proof",
    "feed.vote", "feed.follow", "canned.answer",
)  # fmt: skip
LOOKS: Final = 0x0123456789ABCDEF
Act = Callable[[], Awaitable[Any]]


@dataclass
class World:
    """All stores over one database whose transactions are serializable."""

    database: Database
    identity: Identity
    catalogue: Catalogue
    notification: Notification
    reports: Reports
    feed: Feed
    canned: Canned

    def filing(self, *, top: bool = False) -> Filing:
        """A report nobody has filed yet; at the `top` of its ladder at once if wanted."""
        report_id = uuid4()
        ladder, limits = (("lurah",), ()) if top else (("lurah", "camat"), (60.0,))
        terms = shared_terms(ladder, limits or (60.0,), limits or (60.0,))
        step = filed(report_id, privacy="public", category="jalan", reporter="p-1", terms=terms, now=NOW, grain=60)
        content = self.reports.seals.content(report_id, "Jalan berlubang", Place())
        return Filing(step, "Coblong", report_id.bytes * 2, content)

    async def filed(self, *, top: bool = False) -> ReportState:
        """A report that lies in the database."""
        filing = self.filing(top=top)
        await self.reports.write([filing])
        return filing.step.state

    async def account(self) -> str:
        """The login of a citizen who is registered."""
        login = uuid4().hex
        await self.identity.add(login, "citizen", None, "hash", FACTS)
        return login

    async def owner(self, *statements: str) -> list[Any]:
        """Run statements as the login itself; all their rows."""

        async def work() -> list[Any]:
            connection = await asyncpg.connect(self.database.url)
            try:
                return [row for statement in statements for row in await connection.fetch(statement)]
            finally:
                await connection.close()

        return await self.database.door.run(work)

    async def content(self) -> Counter[tuple[str, ...]]:
        """Every row of every table."""
        rows = await self.owner(*(f"SELECT '{table}' AS of, t.* FROM {table} AS t" for table in TABLES))
        return Counter(tuple(map(str, row.values())) for row in rows)


def acknowledged(state: ReportState) -> Transition:
    return decide(state, Wish("acknowledge", "kami datang"), "lurah", NOW + timedelta(minutes=1))


@asynccontextmanager
async def serializable(url: str) -> AsyncIterator[World]:
    """The stores, on a database that is serializable for whoever connects and can be told to fail."""
    door = AioDoor()
    name = url.partition("?")[0].rpartition("/")[2]
    database = Database(door, url)
    keyring = Keyring({1: b"k" * 32})
    stores = (
        Identity(database, keyring),
        Catalogue(database),
        Notification(database),
        Reports(database, keyring),
        Feed(database),
        Canned(database),
    )
    world = World(database, *stores)
    async with running(worker("aio", AioActor, door)):
        await world.owner(PREPARE, f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
        async with running(worker("database", DatabaseActor, database)):
            yield world


# --- the cases: each prepares what it needs and gives back the one call that is interrupted


async def identity_find(world: World) -> Act:
    login = await world.account()
    return lambda: _then(world.identity.find(login), lambda found: found.role)


async def identity_add(world: World) -> Act:
    login = uuid4().hex
    return lambda: world.identity.add(login, "citizen", None, "hash", FACTS)


async def identity_set_password(world: World) -> Act:
    login = await world.account()
    return lambda: world.identity.set_password(login, "citizen", None, "another")


async def identity_facts(world: World) -> Act:
    account = await world.identity.find(await world.account())
    assert account is not None
    return lambda: world.identity.facts(account.account_id)


async def identity_get(world: World) -> Act:
    account = await signed_in(world)
    return lambda: _then(world.identity.get(account), lambda found: found.role)


async def identity_register(world: World) -> Act:
    login = uuid4().hex
    return lambda: world.identity.register(login, "hash", FACTS)


async def identity_register_again(world: World) -> Act:
    login = await world.account()
    return lambda: world.identity.register(login, "hash", FACTS)


async def identity_change_password(world: World) -> Act:
    account = await signed_in(world)
    return lambda: _then(world.identity.change_password(account, "another", None), len)


async def identity_deactivate(world: World) -> Act:
    login = uuid4().hex
    await world.identity.add(login, "officer", "lurah", "hash", FACTS)
    return lambda: _then(world.identity.deactivate("lurah", login), len)


async def identity_delete(world: World) -> Act:
    account = await signed_in(world)
    return lambda: _then(world.identity.delete(account), len)


async def identity_tried(world: World) -> Act:
    account = await signed_in(world)
    return lambda: world.identity.tried(account)


async def identity_open_session(world: World) -> Act:
    account = await signed_in(world)
    return lambda: _then(world.identity.open_session(account, token(world)), len)


async def identity_open_one_too_many(world: World) -> Act:
    account = await signed_in(world)
    for _ in range(MOST_SESSIONS - 1):
        await world.identity.open_session(account, token(world))
    return lambda: _then(world.identity.open_session(account, token(world)), len)


async def identity_rotate(world: World) -> Act:
    shown = token(world)
    await signed_in(world, shown)
    fresh = make(world.identity.keyring, shown.family, shown.ends)
    return lambda: _then(world.identity.rotate(shown, fresh), lambda found: found.role)


async def identity_rotate_a_spent_one(world: World) -> Act:
    shown = token(world)
    await signed_in(world, shown)
    fresh = make(world.identity.keyring, shown.family, shown.ends)
    await world.identity.rotate(shown, fresh)
    return lambda: world.identity.rotate(shown, fresh)


async def identity_is_open(world: World) -> Act:
    shown = token(world)
    await signed_in(world, shown)
    return lambda: world.identity.is_open(shown.family)


async def identity_close(world: World) -> Act:
    shown = token(world)
    await signed_in(world, shown)
    return lambda: world.identity.close(shown.family)


async def identity_close_all(world: World) -> Act:
    account = await signed_in(world)
    return lambda: _then(world.identity.close_all(account), len)


async def identity_sweep(world: World) -> Act:
    await world.identity.sweep(NOW, 3_000)
    await signed_in(world)
    await world.identity.invite(uuid4().bytes, "lurah", None, NOW, NOW)
    return lambda: world.identity.sweep(NOW, 3_000)


async def identity_postpone(world: World) -> Act:
    return lambda: world.identity.postpone(uuid4().hex, "hash", FACTS)


async def identity_pending(world: World) -> Act:
    await world.identity.postpone(uuid4().hex, "hash", FACTS)
    return lambda: _then(world.identity.pending(UUID(int=0), 1), len)


async def identity_settle(world: World) -> Act:
    ((registration_id, facts),) = await waiting(world)
    return lambda: world.identity.settle(registration_id, facts)


async def identity_settle_refused(world: World) -> Act:
    ((registration_id, _),) = await waiting(world)
    return lambda: world.identity.settle(registration_id, None)


async def identity_invite(world: World) -> Act:
    agency, digest = uuid4().hex, uuid4().bytes
    return lambda: world.identity.invite(digest, agency, None, NOW, NOW + timedelta(days=7))


async def identity_accept(world: World) -> Act:
    digest, login = uuid4().bytes, uuid4().hex
    await world.identity.invite(digest, uuid4().hex, login, NOW, NOW + timedelta(days=7))
    return lambda: _then(world.identity.accept(digest, login, "hash", NOW, FACTS), lambda agency: agency is not None)


def token(world: World) -> RefreshToken:
    return make(world.identity.keyring, uuid4(), int(NOW.timestamp()))


async def signed_in(world: World, shown: RefreshToken | None = None) -> UUID:
    """An account with one session."""
    account = await world.identity.find(await world.account())
    assert account is not None
    await world.identity.open_session(account.account_id, shown or token(world))
    return account.account_id


async def waiting(world: World) -> list[tuple[UUID, PersonalFacts]]:
    """One registration that waits, and no other."""
    for registration_id, _ in await world.identity.pending(UUID(int=0), 1_000):
        await world.identity.settle(registration_id, None)
    await world.identity.postpone(uuid4().hex, "hash", FACTS)
    return await world.identity.pending(UUID(int=0), 1_000)


async def catalogue_load(world: World) -> Act:
    await world.catalogue.put_agency(Agency("a", "A", None))
    return world.catalogue.load


async def catalogue_put_agency(world: World) -> Act:
    return lambda: world.catalogue.put_agency(Agency(uuid4().hex, "A", None))


async def catalogue_put_category(world: World) -> Act:
    return lambda: world.catalogue.put_category(Category(uuid4().hex, "A", (1.0,), (2.0,)), "a")


def event(state: ReportState, event_id: UUID) -> ReportEvent:
    return event_of(acknowledged(state), event_id)


async def notification_record(world: World) -> Act:
    events = [event(await world.filed(), uuid4()) for _ in range(3)]
    await world.notification.record(events[:1])
    return lambda: world.notification.record(events)


async def notification_inbox(world: World) -> Act:
    await world.notification.record([event(await world.filed(), uuid4())])
    return lambda: _then(world.notification.inbox("p-1", NEWEST_NOTICE, 1), len)


async def notification_unread(world: World) -> Act:
    await world.notification.record([event(await world.filed(), uuid4())])
    return lambda: _then(world.notification.unread("p-1"), lambda count: count > 0)


async def notification_mark(world: World) -> Act:
    await world.notification.mark("p-1", [], NOW + timedelta(days=1), read=True)
    await world.notification.record([event(await world.filed(), uuid4())])
    return lambda: world.notification.mark("p-1", [], NOW + timedelta(days=1), read=True)


async def reachable(world: World) -> str:
    """A pseudonym that wants everything on every channel, and can be reached by it."""
    recipient = uuid4().hex
    wanted = [f"{kind}:{channel}" for kind in KINDS for channel in CHANNELS]
    assert await world.notification.save(
        recipient, 0, wanted, b"sealed", reachable=True, confirmation=None, now=NOW
    )  # fmt: skip
    assert await world.notification.subscribe(recipient, uuid4().bytes, b"sealed") is not None
    return recipient


async def queued(world: World) -> ReportEvent:
    """An event that waits to be mailed and pushed, and nothing else waits."""
    await world.owner("DELETE FROM notification.delivery")
    told = event(await world.filed(), uuid4())._replace(reporter=await reachable(world))
    await world.notification.record([told], CHANNELS)
    return told


LATER: Final = NOW + timedelta(days=9)
LEASE: Final = LATER + timedelta(minutes=5)
OLDEST_NEWS: Final = NOW - timedelta(days=1)


async def claimed(world: World) -> ReportEvent:
    told = await queued(world)
    assert [each.event_id for each in await world.notification.claim("email", LATER, LEASE, 9)] == [told.event_id]
    return told


async def begun(world: World) -> ReportEvent:
    told = await claimed(world)
    assert told.reporter is not None
    assert await world.notification.begin("email", told.reporter, [told.event_id], LEASE) == {told.event_id}
    return told


async def notification_record_wanted(world: World) -> Act:
    events = [event(await world.filed(), uuid4())._replace(reporter=await reachable(world)) for _ in range(2)]
    return lambda: world.notification.record(events, CHANNELS)


async def notification_preferences(world: World) -> Act:
    recipient = await reachable(world)
    return lambda: _then(world.notification.preferences([recipient]), lambda found: found[recipient])


async def notification_save(world: World) -> Act:
    recipient = await reachable(world)
    return lambda: world.notification.save(
        recipient, 1, ["progress:push"], b"other", reachable=False, confirmation=uuid4(), now=NOW
    )


async def notification_save_late(world: World) -> Act:
    recipient = await reachable(world)
    return lambda: world.notification.save(recipient, 7, [], b"", reachable=False, confirmation=uuid4(), now=NOW)


async def notification_claim(world: World) -> Act:
    await queued(world)
    return lambda: _then(world.notification.claim("email", LATER, LEASE, 9), len)


async def notification_begin(world: World) -> Act:
    told = await claimed(world)
    return lambda: _then(world.notification.begin("email", str(told.reporter), [told.event_id], LEASE), len)


async def notification_settle(world: World) -> Act:
    told = await begun(world)
    made = Settlement("failed", "smtp-550", LATER)
    return lambda: world.notification.settle("email", str(told.reporter), [told.event_id], LEASE, made)


async def notification_interrupted(world: World) -> Act:
    await begun(world)
    return lambda: world.notification.interrupted("email", LEASE)


async def notification_forget(world: World) -> Act:
    told = await begun(world)
    await world.notification.settle(
        "email", str(told.reporter), [told.event_id], LEASE, Settlement("sent", "", LATER)
    )  # fmt: skip
    return lambda: world.notification.forget(LATER)


async def notification_failures(world: World) -> Act:
    await begun(world)
    await world.notification.interrupted("email", LEASE)
    told = (await world.owner("SELECT recipient FROM notification.delivery WHERE state = 'failed'"))[0]["recipient"]
    return lambda: world.notification.failures(told, OLDEST_NEWS)


async def notification_subscribe(world: World) -> Act:
    recipient = uuid4().hex
    return lambda: _then(world.notification.subscribe(recipient, uuid4().bytes, b"s"), lambda made: made is not None)


async def notification_subscriptions(world: World) -> Act:
    recipient = await reachable(world)
    return lambda: _then(world.notification.subscriptions(recipient), len)


async def notification_unsubscribe(world: World) -> Act:
    recipient = await reachable(world)
    ids = [each[0] for each in await world.notification.subscriptions(recipient)]
    return lambda: world.notification.unsubscribe(recipient, ids)


async def reports_write_filings(world: World) -> Act:
    await world.filed()
    filings = [world.filing(), world.filing()]
    return lambda: world.reports.write(filings)


async def reports_write_steps(world: World) -> Act:
    steps = [acknowledged(await world.filed()) for _ in range(2)]
    await world.reports.write(steps[:1])
    return lambda: world.reports.write(steps)


async def reports_write_both(world: World) -> Act:
    batch: list[Filing | Transition] = [acknowledged(await world.filed()), world.filing()]
    return lambda: world.reports.write(batch)


async def reports_write_first(world: World) -> Act:
    """The first batch of a process asks for its place in the outbox as well."""
    world.reports._position = None
    batch = [world.filing()]
    return lambda: world.reports.write(batch)


async def reports_write_together(world: World) -> Act:
    """Steps that hold all or none, beside others; one of two such has moved on."""
    bundles = [Together(acknowledged(await world.filed()), (acknowledged(await world.filed()),)) for _ in range(2)]
    await world.reports.write(bundles[0].others)
    batch: list[Filing | Transition | Together] = [world.filing(), *bundles, acknowledged(await world.filed())]
    return lambda: world.reports.write(batch)


async def reports_write_a_proof(world: World) -> Act:
    step = acknowledged(await world.filed())._replace(proofs=(LOOKS,), attachments=("a" * 32,))
    return lambda: world.reports.write([step])


async def reports_family(world: World) -> Act:
    state = await world.filed()
    return lambda: _then(world.reports.family(state.report_id), len)


async def reports_proofs_like_those_of(world: World) -> Act:
    first, second = await world.filed(), await world.filed()
    await world.reports.write([acknowledged(first)._replace(proofs=(LOOKS,))])
    later = acknowledged(second)
    await world.reports.write([later._replace(at=later.at + timedelta(hours=1), proofs=(LOOKS,))])
    return lambda: _then(world.reports.proofs_like_those_of(second.report_id), lambda found: first.report_id in found)


async def reports_oldest(world: World) -> Act:
    await world.filed()
    return lambda: _then(world.reports.oldest(1), len)


async def reports_delete(world: World) -> Act:
    await world.filed()
    rows = (await world.reports.oldest(1000))[-1:]
    return lambda: world.reports.delete(rows)


async def reports_count(world: World) -> Act:
    return lambda: _then(world.reports.count(), lambda count: count >= 0)


async def reports_load(world: World) -> Act:
    state = await world.filed()
    return lambda: _then(world.reports.load(state.report_id), lambda found: found == state)


async def reports_due_page(world: World) -> Act:
    await world.filed()
    return lambda: _then(world.reports.due_page(OLDEST, NOW + timedelta(days=9), 1), len)


async def reports_clockless_page(world: World) -> Act:
    await world.filed(top=True)
    return lambda: _then(world.reports.clockless_page(UUID(int=0), 1), len)


async def reports_open_page(world: World) -> Act:
    await world.filed()
    return lambda: _then(world.reports.open_page(UUID(int=0), 1), len)


async def reports_tell(world: World) -> Act:
    told, fresh = await world.filed(), await world.filed()
    await world.reports.tell([Notice(replace(told, told=1), "report.due_soon", NOW)])
    notices = [Notice(replace(each, told=1), "report.due_soon", NOW) for each in (told, fresh)]
    return lambda: world.reports.tell(notices)


async def reports_reschedule(world: World) -> Act:
    moved, fresh = await world.filed(), await world.filed()
    await world.reports.write([acknowledged(moved)])
    terms = shared_terms(("lurah", "camat"), (90.0,), (90.0,), (), (45.0,))
    steps = [rescheduled(each, terms, NOW) for each in (moved, fresh)]
    return lambda: world.reports.reschedule([step for step in steps if step is not None])


async def reports_shelve(world: World) -> Act:
    kept = {f"a@{uuid4().hex}": "{}"}
    await world.reports.shelve(kept)
    return lambda: world.reports.shelve({**kept, f"b@{uuid4().hex}": "{}"})


async def reports_calendars(world: World) -> Act:
    await world.reports.shelve({"c@1": "{}"})
    return lambda: _then(world.reports.calendars(), lambda found: found["c@1"])


async def reports_rows_of(world: World) -> Act:
    state = await world.filed()
    return lambda: _then(world.reports.rows_of([state.report_id]), len)


async def reports_view(world: World) -> Act:
    state = await world.filed()
    return lambda: _then(world.reports.view("public_report", state.report_id), lambda view: len(view.history))


async def reports_view_as_agency(world: World) -> Act:
    state = await world.filed()
    return lambda: _then(world.reports.view_as_agency("lurah", state.report_id), lambda view: len(view.history))


async def reports_views(world: World) -> Act:
    await world.filed()
    return lambda: _then(world.reports.views("list_public", *NEWEST, 1), len)


async def reports_views_as_agency(world: World) -> Act:
    await world.filed()
    return lambda: _then(world.reports.views_as_agency("lurah", *NEWEST, None, 1), len)


async def reports_queue_as_agency(world: World) -> Act:
    await world.filed()
    return lambda: _then(world.reports.queue_as_agency("lurah", OLDEST, OLDEST, Sieve(), 1), len)


async def reports_tracked(world: World) -> Act:
    state = await world.filed()
    return lambda: _then(world.reports.tracked(state.report_id.bytes * 2), lambda found: found is not None)


async def reports_counts(world: World) -> Act:
    await world.filed()
    return lambda: _then(world.reports.counts(), lambda counts: counts["received"] > 0)


async def reports_stored(world: World) -> Act:
    state = await world.filed()
    return lambda: _then(world.reports.stored(state.report_id), lambda row: row["text"])


async def _then(work: Awaitable[Any], look: Callable[[Any], Any]) -> Any:
    """What a call gave, as far as it is the same for another report."""
    return look(await work)


async def feed_write(world: World) -> Act:
    report_id, other = uuid4(), uuid4()
    await world.feed.write([Change(report_id, b"a", "p-1", True, True), Change(other, b"b", "p-2", True, True)])
    batch = [
        Change(report_id, b"b", "p-2", True, True),
        Change(report_id, b"c", "p-3", True, None),
        Change(report_id, b"c", "p-3", False, None),
        Change(other, b"b", "p-2", False, False),
    ]

    async def act() -> Any:
        counts = await world.feed.write(batch)
        assert counts == {report_id: 2, other: 0}
        return sorted(counts.values())

    return act


async def feed_counts(world: World) -> Act:
    report_id = uuid4()
    await world.feed.write([Change(report_id, b"a", "p-1", True, None)])
    return lambda: _then(world.feed.counts([report_id, uuid4()]), lambda counts: list(counts.values()))


async def feed_followers(world: World) -> Act:
    report_id = uuid4()
    await world.feed.write([Change(report_id, each.encode(), each, None, True) for each in ("p-1", "p-2")])
    return lambda: _then(
        world.feed.followers([report_id], (report_id, "p-1"), 9), lambda rows: [row[1] for row in rows]
    )


async def feed_followed(world: World) -> Act:
    await world.feed.write([Change(uuid4(), b"a", "p-1", None, True)])
    return lambda: _then(world.feed.followed("p-1", UUID(int=0), 9), lambda ids: len(ids) > 0)


async def kept(world: World, count: int = 2) -> tuple[str, list[str]]:
    """An agency nobody else knows, and the keys of its answers."""
    agency, keys = uuid4().hex, sorted(uuid4().hex for _ in range(count))
    for key in keys:
        assert await world.canned.put(agency, CannedAnswer(key, "Terima kasih", "Kami datang."), count)
    return agency, keys


async def canned_answers(world: World) -> Act:
    agency, _ = await kept(world)
    return lambda: _then(world.canned.answers(agency, "ask", None), len)


async def canned_answer(world: World) -> Act:
    agency, (key, _) = await kept(world)
    return lambda: _then(world.canned.answer(agency, key), lambda found: found.text)


async def canned_put(world: World) -> Act:
    agency, _ = await kept(world)
    return lambda: world.canned.put(agency, CannedAnswer("new", "Baru", "Baru."), 3)


async def canned_put_over(world: World) -> Act:
    agency, (key, _) = await kept(world)
    return lambda: world.canned.put(agency, CannedAnswer(key, "Baru", "Baru.", "reject"), 2)


async def canned_put_one_too_many(world: World) -> Act:
    agency, _ = await kept(world)
    return lambda: world.canned.put(agency, CannedAnswer("new", "Baru", "Baru."), 2)


async def canned_delete(world: World) -> Act:
    agency, (key, _) = await kept(world)
    return lambda: world.canned.delete(agency, key)


CASES: Final[dict[str, tuple[Callable[[World], Awaitable[Act]], ...]]] = {
    "canned.answers": (canned_answers,),
    "canned.answer": (canned_answer,),
    "canned.put": (canned_put, canned_put_over, canned_put_one_too_many),
    "canned.delete": (canned_delete,),
    "feed.write": (feed_write,),
    "feed.counts": (feed_counts,),
    "feed.followers": (feed_followers,),
    "feed.followed": (feed_followed,),
    "identity.find": (identity_find,),
    "identity.add": (identity_add,),
    "identity.set_password": (identity_set_password,),
    "identity.facts": (identity_facts,),
    "identity.get": (identity_get,),
    "identity.register": (identity_register, identity_register_again),
    "identity.change_password": (identity_change_password,),
    "identity.deactivate": (identity_deactivate,),
    "identity.delete": (identity_delete,),
    "identity.tried": (identity_tried,),
    "identity.open_session": (identity_open_session, identity_open_one_too_many),
    "identity.rotate": (identity_rotate, identity_rotate_a_spent_one),
    "identity.is_open": (identity_is_open,),
    "identity.close": (identity_close,),
    "identity.close_all": (identity_close_all,),
    "identity.sweep": (identity_sweep,),
    "identity.postpone": (identity_postpone,),
    "identity.pending": (identity_pending,),
    "identity.settle": (identity_settle, identity_settle_refused),
    "identity.invite": (identity_invite,),
    "identity.accept": (identity_accept,),
    "catalogue.load": (catalogue_load,),
    "catalogue.put_agency": (catalogue_put_agency,),
    "catalogue.put_category": (catalogue_put_category,),
    "notification.record": (notification_record, notification_record_wanted),
    "notification.inbox": (notification_inbox,),
    "notification.unread": (notification_unread,),
    "notification.mark": (notification_mark,),
    "notification.preferences": (notification_preferences,),
    "notification.save": (notification_save, notification_save_late),
    "notification.claim": (notification_claim,),
    "notification.begin": (notification_begin,),
    "notification.settle": (notification_settle,),
    "notification.interrupted": (notification_interrupted,),
    "notification.forget": (notification_forget,),
    "notification.failures": (notification_failures,),
    "notification.subscribe": (notification_subscribe,),
    "notification.subscriptions": (notification_subscriptions,),
    "notification.unsubscribe": (notification_unsubscribe,),
    "reports.write": (
        reports_write_filings,
        reports_write_steps,
        reports_write_both,
        reports_write_first,
        reports_write_together,
        reports_write_a_proof,
    ),
    "reports.family": (reports_family,),
    "reports.proofs_like_those_of": (reports_proofs_like_those_of,),
    "reports.oldest": (reports_oldest,),
    "reports.delete": (reports_delete,),
    "reports.count": (reports_count,),
    "reports.load": (reports_load,),
    "reports.due_page": (reports_due_page,),
    "reports.clockless_page": (reports_clockless_page,),
    "reports.open_page": (reports_open_page,),
    "reports.tell": (reports_tell,),
    "reports.reschedule": (reports_reschedule,),
    "reports.shelve": (reports_shelve,),
    "reports.calendars": (reports_calendars,),
    "reports.rows_of": (reports_rows_of,),
    "reports.view": (reports_view,),
    "reports.view_as_agency": (reports_view_as_agency,),
    "reports.views": (reports_views,),
    "reports.views_as_agency": (reports_views_as_agency,),
    "reports.queue_as_agency": (reports_queue_as_agency,),
    "reports.tracked": (reports_tracked,),
    "reports.counts": (reports_counts,),
    "reports.stored": (reports_stored,),
}
"""A store's method → ways of calling it."""
EVERY: Final = [case for cases in CASES.values() for case in cases]
