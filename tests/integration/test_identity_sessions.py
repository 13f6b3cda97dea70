"""Sessions, staff and one's own account over a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import trio

from jagawarga.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests, Unauthenticated, Unavailable
from jagawarga.identity.messages import (
    AcceptInvitation,
    AddOfficer,
    OpenSession,
    Principal,
    PutAccount,
    RegisterCitizen,
    Session,
)
from jagawarga.identity.refresh import CITIZEN_SECONDS, STAFF_SECONDS, WEEK
from jagawarga.identity.service import Identity
from jagawarga.identity.store import MOST_INVITATIONS, MOST_SESSIONS
from jagawarga.identity.tree import identity_tree
from jagawarga.plumbing.aio import AioActor, AioDoor
from jagawarga.plumbing.database import Database, DatabaseActor
from jagawarga.plumbing.keys import Keyring
from supervisors import worker
from supervisors.testing import running
from tests.identity_provider import Register

pytestmark = pytest.mark.both_databases

KEYS = Keyring({1: b"k" * 32})
KENARI = RegisterCitizen("3273014501900007", "Kenari Wulandhari", "burung-kuning")
SIGN_IN = OpenSession(KENARI.nik, KENARI.password)
HEAD = PutAccount("kepala", "sandi-yang-kuat", "agency_head", "jalan")


class Clock:
    """Stands still until it is put on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def house(url: str, clock: Clock | None = None) -> AsyncIterator[Identity]:
    """Run identity with a citizen and an agency head."""
    door = AioDoor()
    database = Database(door, url, {"identity": 2})
    identity = Identity(database, KEYS, 900, clock or Clock(), provider=Register())
    async with running(
        worker("aio", AioActor, door), worker("database", DatabaseActor, database), identity_tree(identity)
    ):
        await identity.register(KENARI)
        await identity.put_account(HEAD)
        yield identity


async def who(identity: Identity, session: Session) -> Principal:
    return await identity.authenticate(session.access_token)


async def over(identity: Identity, session: Session) -> bool:
    """Whether a session is over, which both of its tokens must tell."""
    try:
        await identity.authenticate(session.access_token)
    except Unauthenticated:
        with pytest.raises(Unauthenticated):
            await identity.refresh_session(session.refresh_token)
        return True
    return False


async def test_a_session_goes_on(fresh_database_url: str) -> None:
    """Each refresh gives new tokens for the same person; nothing legible of them is stored."""
    async with house(fresh_database_url) as identity:
        first = await identity.open_session(SIGN_IN)
        second = await identity.refresh_session(first.refresh_token)
        assert second.refresh_token != first.refresh_token
        assert await who(identity, second) == await who(identity, first)
        assert (await who(identity, second)).session == (await who(identity, first)).session


async def test_a_spent_token_ends_the_family(fresh_database_url: str) -> None:
    """Shown twice, by whomever: the family is over, access tokens too, and the other session of the person goes on."""
    async with house(fresh_database_url) as identity:
        first, other = await identity.open_session(SIGN_IN), await identity.open_session(SIGN_IN)
        second = await identity.refresh_session(first.refresh_token)
        with pytest.raises(Unauthenticated):
            await identity.refresh_session(first.refresh_token)
        assert await over(identity, second)
        assert not await over(identity, other)


async def test_of_two_at_once_at_most_one_wins(fresh_database_url: str) -> None:
    """The same token twice at the same time is reuse as well, and leaves no session."""
    async with house(fresh_database_url) as identity:
        first = await identity.open_session(SIGN_IN)
        won: list[Session] = []

        async def once() -> None:
            with suppress(Unauthenticated):
                won.append(await identity.refresh_session(first.refresh_token))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(once)
            nursery.start_soon(once)
        assert len(won) == 1
        assert await over(identity, won[0])


@pytest.mark.parametrize(
    ("login", "seconds"), [(SIGN_IN, CITIZEN_SECONDS), (OpenSession("kepala", "sandi-yang-kuat"), STAFF_SECONDS)]
)
async def test_no_session_goes_on_for_ever(fresh_database_url: str, login: OpenSession, seconds: int) -> None:
    """However often it is refreshed, it ends with the time of its sign-in, and its row is swept."""
    clock = Clock()
    async with house(fresh_database_url, clock) as identity:
        session = await identity.open_session(login)
        assert session.refresh_expires_in == seconds
        clock.now += timedelta(seconds=seconds - 1)
        session = await identity.refresh_session(session.refresh_token)
        assert session.refresh_expires_in == 1
        clock.now += timedelta(seconds=1)
        with pytest.raises(Unauthenticated):
            await identity.refresh_session(session.refresh_token)
        await identity.store.sweep(clock.now, int(clock.now.timestamp()) // WEEK + 1)
        account = await identity.store.find(login.username)
        assert account is not None
        assert await identity.store.close_all(account.account_id) == []


async def test_signing_out(fresh_database_url: str) -> None:
    """Here alone, or everywhere."""
    async with house(fresh_database_url) as identity:
        one, two, three = [await identity.open_session(SIGN_IN) for _ in range(3)]
        await identity.close_session(await who(identity, one))
        assert await over(identity, one)
        two = await identity.refresh_session(two.refresh_token)
        await identity.close_all_sessions(await who(identity, two))
        assert await over(identity, two)
        assert await over(identity, three)


async def test_sessions_are_bounded(fresh_database_url: str) -> None:
    """One too many ends another one, never the new one."""
    async with house(fresh_database_url) as identity:
        sessions = [await identity.open_session(SIGN_IN) for _ in range(MOST_SESSIONS + 1)]
        assert not await over(identity, sessions[-1])
        assert [await over(identity, each) for each in sessions[:-1]].count(True) == 1


async def test_forged_refresh_tokens(fresh_database_url: str) -> None:
    """What is not ours is refused without a look into the database."""
    async with house(fresh_database_url) as identity:
        good = (await identity.open_session(SIGN_IN)).refresh_token
        for bad in ("", "x", good[:-2], good + "A", "\u00e4" * 20, "=" * 5, good[::-1], "A" * len(good)):
            with pytest.raises(Unauthenticated):
                await identity.refresh_session(bad)
        await identity.refresh_session(good)


async def test_a_restart_forgets_no_end_of_a_session(fresh_database_url: str) -> None:
    """Of a token from before, the database is asked: of an ended session it is refused, of another it is good."""
    async with house(fresh_database_url) as identity:
        ended, going_on = await identity.open_session(SIGN_IN), await identity.open_session(SIGN_IN)
        head = await identity.open_session(OpenSession(HEAD.username, HEAD.password))
        await identity.close_session(await who(identity, ended))
        again = Identity(identity.store.database, KEYS, 900, identity.clock, provider=Register())
        with pytest.raises(Unauthenticated):
            await who(again, ended)
        assert await who(again, going_on) == await who(identity, going_on)

        async def away(family: UUID) -> bool:
            raise Unavailable(str(family))

        # Known by now; nobody asks.
        again.store.is_open = away  # type: ignore[method-assign]
        await who(again, going_on)
        once_more = Identity(identity.store.database, KEYS, 900, identity.clock, provider=Register())
        once_more.store.is_open = away  # type: ignore[method-assign]
        assert (await who(once_more, going_on)).role == "citizen"
        with pytest.raises(Unavailable):
            await who(once_more, head)


async def test_another_password(fresh_database_url: str) -> None:
    """The old one is needed; the session at hand goes on, the others end, and guessing here gets slow as well."""
    async with house(fresh_database_url) as identity:
        here, elsewhere = await identity.open_session(SIGN_IN), await identity.open_session(SIGN_IN)
        me = await who(identity, here)
        with pytest.raises(Invalid):
            await identity.change_password(me, KENARI.password, f"x{KENARI.nik}")
        await identity.change_password(me, KENARI.password, "burung-biru-muda")
        assert await over(identity, elsewhere)
        with pytest.raises(Unauthenticated):
            await identity.open_session(SIGN_IN)
        assert await who(identity, await identity.refresh_session(here.refresh_token)) == me
        for _ in range(5):
            with pytest.raises(Forbidden):
                await identity.change_password(me, "a wrong guess", "burung-hijau-muda")
        with pytest.raises(TooManyRequests):
            await identity.change_password(me, "burung-biru-muda", "burung-hijau-muda")


async def test_erasing_an_account(fresh_database_url: str) -> None:
    """Nothing of the person is left; the NIK may register again, and is somebody else to the others, but for votes."""
    async with house(fresh_database_url) as identity:
        session = await identity.open_session(SIGN_IN)
        me = await who(identity, session)
        assert (await identity.own_account(me)).facts is not None
        with pytest.raises(Forbidden):
            await identity.delete_account(me, "a wrong guess")
        await identity.delete_account(me, KENARI.password)
        assert await over(identity, session)
        with pytest.raises(NotFound):
            await identity.facts(me.subject)
        with pytest.raises(Unauthenticated):
            await identity.own_account(me)
        await identity.register(KENARI)
        again = await who(identity, await identity.open_session(SIGN_IN))
        assert again.pseudonym != me.pseudonym
        # What each person may do once, they have done.
        assert identity.person(again) == identity.person(me) != me.pseudonym


async def test_an_agency_head_invites(fresh_database_url: str) -> None:
    """A code makes one officer of that agency, once; a login that is taken does not spend it."""
    async with house(fresh_database_url) as identity:
        code = (await identity.invite("jalan", None)).code
        with pytest.raises(Conflict):
            await identity.accept_invitation(AcceptInvitation(code, "kepala", "sandi-petugas"))
        said = code.lower().replace("-", " ")
        assert await identity.accept_invitation(AcceptInvitation(said, "petugas", "sandi-yang-lain")) == "jalan"
        officer = await identity.open_session(OpenSession("petugas", "sandi-yang-lain"))
        assert (officer.role, officer.agency) == ("officer", "jalan")
        for wrong in (code, "nothing"):
            with pytest.raises(NotFound):
                await identity.accept_invitation(AcceptInvitation(wrong, "petugas-2", "sandi-yang-lain"))


async def test_invitations_end(fresh_database_url: str) -> None:
    """One for a name is for nobody else; after a week it is over; an agency has so many out and no more."""
    clock = Clock()
    async with house(fresh_database_url, clock) as identity:
        named = await identity.invite("jalan", "petugas")
        with pytest.raises(NotFound):
            await identity.accept_invitation(AcceptInvitation(named.code, "somebody", "sandi-yang-lain"))
        for _ in range(MOST_INVITATIONS - 1):
            await identity.invite("jalan", None)
        with pytest.raises(Conflict):
            await identity.invite("jalan", None)
        await identity.invite("taman", None)
        clock.now += timedelta(seconds=named.expires_in)
        with pytest.raises(NotFound):
            await identity.accept_invitation(AcceptInvitation(named.code, "petugas", "sandi-yang-lain"))
        await identity.invite("jalan", None)


async def test_deactivating(fresh_database_url: str) -> None:
    """Officers of the own agency alone; their sessions end at once, they can not sign in, an operator brings them back."""
    async with house(fresh_database_url) as identity:
        officer = AddOfficer("petugas", "sandi-yang-lain", "jalan")
        await identity.add_officer(officer)
        session = await identity.open_session(OpenSession("petugas", "sandi-yang-lain"))
        for agency, username in (("taman", "petugas"), ("jalan", "kepala"), ("jalan", "nobody")):
            with pytest.raises(NotFound):
                await identity.deactivate_officer(agency, username)
        await identity.deactivate_officer("jalan", "petugas")
        assert await over(identity, session)
        with pytest.raises(Unauthenticated):
            await identity.open_session(OpenSession("petugas", "sandi-yang-lain"))
        await identity.add_officer(officer)
        await identity.open_session(OpenSession("petugas", "sandi-yang-lain"))


@pytest.mark.parametrize(
    ("role", "agency", "good"),
    [
        ("officer", "jalan", True), ("agency_head", "jalan", True), ("executive", None, True), ("auditor", None, True),
        ("officer", None, False), ("agency_head", None, False), ("executive", "jalan", False), ("auditor", "jalan", False),
        ("operator", None, False), ("citizen", None, False),
    ],
)  # fmt: skip
async def test_what_an_operator_makes(fresh_database_url: str, role: str, agency: str | None, good: bool) -> None:
    """Staff, with an agency where the role has one; neither citizens nor their own kind; made again, sessions end."""
    order = PutAccount("pegawai", "sandi-yang-kuat", role, agency)  # type: ignore[arg-type]
    async with house(fresh_database_url) as identity:
        if not good:
            with pytest.raises(Invalid):
                await identity.put_account(order)
            return
        await identity.put_account(order)
        session = await identity.open_session(OpenSession("pegawai", "sandi-yang-kuat"))
        assert (session.role, session.agency) == (role, agency)
        await identity.put_account(order)
        assert await over(identity, session)


async def test_nobody_locks_somebody_out_from_afar(fresh_database_url: str) -> None:
    """Who fails often at one address waits there; the owner signs in at another meanwhile."""
    async with house(fresh_database_url) as identity:
        for _ in range(5):
            with pytest.raises(Unauthenticated):
                await identity.open_session(OpenSession(KENARI.nik, "a wrong guess", "198.51.100.7"))
        with pytest.raises(TooManyRequests):
            await identity.open_session(OpenSession(KENARI.nik, KENARI.password, "198.51.100.7"))
        await identity.open_session(OpenSession(KENARI.nik, KENARI.password, "203.0.113.9"))
