"""Identity over a real database: registration, sign-in, facts, seeding, and what its tables do not tell."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import trio

from jagawarga.errors import Conflict, Invalid, StartupError, TooManyRequests, Unauthenticated, Unavailable
from jagawarga.identity.messages import AddOfficer, IdentityDoor, OpenSession, RegisterCitizen
from jagawarga.identity.seeding import plan, seed
from jagawarga.identity.service import Identity, nobody
from jagawarga.identity.tree import identity_tree
from jagawarga.plumbing.aio import AioActor, AioDoor
from jagawarga.plumbing.database import Database, DatabaseActor
from jagawarga.plumbing.keys import Keyring
from supervisors import worker
from supervisors.testing import running
from tests.identity_provider import Register

pytestmark = pytest.mark.both_databases

KEYS = Keyring({1: b"k" * 32})
KENARI = RegisterCitizen(
    "3273014501900007", "Kenari Wulandhari", "burung-kuning", "0812 9876 5432", "kenari@surat.example", "Jl. Emas 4"
)
SIGN_IN = OpenSession(KENARI.nik, KENARI.password)
CONFIG = Path(__file__).resolve().parents[2] / "config" / "accounts.toml"


@asynccontextmanager
async def identity_over(url: str) -> AsyncIterator[Identity]:
    """Run identity with all it stands on."""
    door = AioDoor()
    database = Database(door, url, {"identity": 2})
    identity = Identity(database, KEYS, 900, provider=Register())
    async with running(
        worker("aio", AioActor, door), worker("database", DatabaseActor, database), identity_tree(identity)
    ):
        yield identity


async def rows(identity: Identity) -> list[Any]:
    async def work(connection: Any) -> Any:
        return await connection.fetch("SELECT * FROM identity.account")

    found: list[Any] = await identity.store.database.run("identity", work)
    return found


async def test_a_citizens_way(fresh_database_url: str) -> None:
    """Who registers can sign in; the token stands for them; their facts are what they gave."""
    async with identity_over(fresh_database_url) as identity:
        door: IdentityDoor = identity
        await door.register(KENARI)
        session = await door.open_session(SIGN_IN)
        assert (session.role, session.agency, session.expires_in) == ("citizen", None, 900)
        who = await door.authenticate(session.access_token)
        assert who.role == "citizen"
        facts = await door.facts(who.subject)
        assert (facts.name, facts.nik, facts.phone) == ("Kenari Wulandhari", KENARI.nik, "+6281298765432")
        again = await door.authenticate((await door.open_session(SIGN_IN)).access_token)
        assert again._replace(session=who.session) == who, "the pseudonym is the same each time"
        assert who.subject not in who.pseudonym


async def test_a_nik_registers_once(fresh_database_url: str) -> None:
    """A second registration gets the same answer and changes nothing, not even the password; the owner can see it."""
    async with identity_over(fresh_database_url) as identity:
        await identity.register(KENARI)
        assert await identity.register(replace(KENARI, password="another-password")) == "registered"
        session = await identity.open_session(SIGN_IN)
        assert (await identity.own_account(await identity.authenticate(session.access_token))).tried == 1
        assert len(await rows(identity)) == 1


async def test_the_tables_tell_nothing(fresh_database_url: str) -> None:
    """No personal datum is readable in the rows, and no column says when somebody came or was active."""
    async with identity_over(fresh_database_url) as identity:
        await identity.register(KENARI)
        await identity.open_session(SIGN_IN)
        (row,) = await rows(identity)
        stored = b"".join(each if isinstance(each, bytes) else str(each).encode() for each in row.values())
        for secret in ("Kenari", "Wulandhari", KENARI.nik, "81298765432", "surat.example", "Emas", KENARI.password):
            assert secret.encode() not in stored
        assert not any(word in name for name in dict(row) for word in ("time", "date", "_at", "last", "seen"))


async def test_facts_open_for_their_account_only(fresh_database_url: str) -> None:
    """A sealed row moved to another account does not open."""
    other = replace(KENARI, nik="3273011506850009")
    async with identity_over(fresh_database_url) as identity:
        await identity.register(KENARI)
        await identity.register(other)

        async def swap(connection: Any) -> None:
            await connection.execute(
                "UPDATE identity.account AS a SET facts = b.facts FROM identity.account AS b "
                "WHERE a.account_id <> b.account_id"
            )

        await identity.store.database.run("identity", swap)
        who = await identity.authenticate((await identity.open_session(SIGN_IN)).access_token)
        with pytest.raises(Exception, match="does not open"):
            await identity.facts(who.subject)


async def test_other_roles_may_not_read_it(fresh_database_url: str) -> None:
    """The role of another context has no right to the accounts."""
    door = AioDoor()
    database = Database(door, fresh_database_url, {"identity": 1, "reports": 1})

    async def peek(connection: Any) -> Any:
        return await connection.fetch("SELECT * FROM identity.account")

    async with running(worker("aio", AioActor, door), worker("database", DatabaseActor, database)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.run("reports", peek)


async def test_wrong_pairs_are_alike(fresh_database_url: str) -> None:
    """A wrong password and an unknown account get the same words after the same work."""
    async with identity_over(fresh_database_url) as identity:
        await identity.register(KENARI)
        told, taken = {}, {}
        for kind, username in (("known", KENARI.nik), ("unknown", "3273011506850009")):
            times = []
            for _ in range(3):
                began = time.perf_counter()
                with pytest.raises(Unauthenticated) as caught:
                    await identity.open_session(OpenSession(username, "wrong-password"))
                times.append(time.perf_counter() - began)
            told[kind], taken[kind] = str(caught.value), statistics.median(times)
        assert told["known"] == told["unknown"]
        # Generous, for busy machines: without the equal hash the unknown one is twenty times as fast.
        assert 0.2 < taken["unknown"] / taken["known"] < 5


@pytest.mark.parametrize("username", [KENARI.nik, "nobody-at-all"])
async def test_guessing_is_slowed_down(fresh_database_url: str, username: str) -> None:
    """After five failures the sixth try is refused with the time to wait, whether or not the account exists."""
    async with identity_over(fresh_database_url) as identity:
        await identity.register(KENARI)
        for _ in range(5):
            with pytest.raises(Unauthenticated):
                await identity.open_session(OpenSession(username, "wrong-password"))
        with pytest.raises(TooManyRequests) as caught:
            await identity.open_session(OpenSession(username, KENARI.password))
        assert 0 < caught.value.retry_after <= 2


async def test_officers(fresh_database_url: str) -> None:
    """An officer's token has the agency; adding them again moves them; nobody takes over another role's name."""
    async with identity_over(fresh_database_url) as identity:
        await identity.add_officer(AddOfficer("petugas-1", "a-long-password", "kebersihan"))
        session = await identity.open_session(OpenSession("petugas-1", "a-long-password"))
        assert (await identity.authenticate(session.access_token)).agency == "kebersihan"
        await identity.add_officer(AddOfficer("petugas-1", "another-password", "jalan"))
        with pytest.raises(Unauthenticated):
            await identity.open_session(OpenSession("petugas-1", "a-long-password"))
        assert (await identity.open_session(OpenSession("petugas-1", "another-password"))).agency == "jalan"
        await identity.add("operator", "operators-password", "operator", None, nobody())
        with pytest.raises(Conflict):
            await identity.add_officer(AddOfficer("operator", "stolen-password", "jalan"))
        await identity.open_session(OpenSession("operator", "operators-password"))
        with pytest.raises(Invalid):
            await identity.add_officer(AddOfficer("petugas-2", "petugas-2-x", "jalan"))


async def test_composed_passwords(fresh_database_url: str) -> None:
    """A password is the same however the keyboard composes its letters."""
    async with identity_over(fresh_database_url) as identity:
        await identity.register(replace(KENARI, password="caf\u00e9-di-pojok"))
        await identity.open_session(OpenSession(KENARI.nik, "cafe\u0301-di-pojok"))


async def test_database_out_of_reach(fresh_database_url: str) -> None:
    """Without its database identity is `Unavailable`, tokens are still read, and no try counts as a failure."""
    door = AioDoor()
    database = Database(door, fresh_database_url, {"identity": 1})
    identity = Identity(database, KEYS, 900, provider=Register())
    async with running(identity_tree(identity)):
        for _ in range(12):
            with pytest.raises(Unavailable):
                await identity.open_session(SIGN_IN)
        token = identity.tokens.issue("s", "p", "citizen", None).access_token
        assert (await identity.authenticate(token)).pseudonym == "p"


async def test_seeding(fresh_database_url: str, tmp_path: Path) -> None:
    """Each seeded account can sign in with the password of the file, which is private; a second start changes nothing."""
    file = tmp_path / "accounts.json"
    async with identity_over(fresh_database_url) as identity:
        assert await seed(identity, plan(CONFIG, ["kebersihan", "jalan"]), file) == 5
        assert file.stat().st_mode & 0o777 == 0o600
        listed = json.loads(file.read_text())
        assert set(listed[0]) == {"username", "password", "role", "agency", "name"}
        await _all_sign_in(identity, listed)
        before = await rows(identity)
        assert await seed(identity, plan(CONFIG, ["kebersihan", "jalan"]), file) == 0
        assert json.loads(file.read_text()) == listed
        assert await rows(identity) == before


async def test_seeding_what_is_missing(fresh_database_url: str, tmp_path: Path) -> None:
    """A new agency gets its officer; a list lost gets new passwords; an account lost is made as the list says."""
    file = tmp_path / "accounts.json"
    async with identity_over(fresh_database_url) as identity:
        await identity.register(KENARI)
        await seed(identity, plan(CONFIG, ["jalan"]), file)
        assert await seed(identity, plan(CONFIG, ["jalan", "taman"]), file) == 1
        file.unlink()
        assert await seed(identity, plan(CONFIG, ["jalan", "taman"]), file) == 5
        listed = json.loads(file.read_text())
        await _all_sign_in(identity, listed)
        await identity.open_session(SIGN_IN)

        await _as_owner(fresh_database_url, "DELETE FROM identity.account WHERE role = 'operator'")
        assert await seed(identity, plan(CONFIG, ["jalan", "taman"]), file) == 1
        assert json.loads(file.read_text()) == listed
        await _all_sign_in(identity, listed)


async def test_a_damaged_list(fresh_database_url: str, tmp_path: Path) -> None:
    """A damaged list of accounts is said in one line and overwritten by nobody."""
    file = tmp_path / "accounts.json"
    file.write_text('[{"username": "x"')
    async with identity_over(fresh_database_url) as identity:
        with pytest.raises(StartupError, match=r"accounts\.json"):
            await seed(identity, plan(CONFIG, []), file)
    assert file.read_text() == '[{"username": "x"'


async def _all_sign_in(identity: Identity, listed: list[dict[str, Any]]) -> None:
    async with trio.open_nursery() as nursery:
        for each in listed:
            nursery.start_soon(identity.open_session, OpenSession(each["username"], each["password"]))


async def _as_owner(url: str, sql: str) -> None:
    door = AioDoor()

    async def work() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(sql)
        await connection.close()

    async with running(worker("aio", AioActor, door)):
        await door.run(work)
