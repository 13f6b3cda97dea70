"""Identity on the real database: registration, sign-in, and nothing legible in the rows."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from jagawarga.errors import NotFound, Unauthenticated
from jagawarga.identity.actor import Throttle
from jagawarga.identity.messages import AddOfficer, OpenSession, RegisterCitizen
from jagawarga.identity.seeding import plan, seed
from jagawarga.identity.service import Identity
from jagawarga.plumbing.aio import AioActor, AioDoor
from jagawarga.plumbing.database import Database, DatabaseActor
from jagawarga.plumbing.keys import Keyring
from supervisors import worker
from supervisors.testing import running
from tests.identity_provider import Register

ROOT = Path(__file__).resolve().parents[2]
KENARI = RegisterCitizen(
    "3273014501900007", "Kenari Wulandhari", "burung-kuning-1", "081298765432", "kenari@surat.example", "Jalan Emas 4"
)


@asynccontextmanager
async def identity(url: str, keys: Path) -> AsyncIterator[Identity]:
    """The identity context with its actor."""
    door = AioDoor()
    database = Database(door, url, {"identity": 2})
    made = Identity(database, Keyring.load(keys), 900, provider=Register())
    throttle = worker("throttle", Throttle, name=made.throttle)
    async with running(worker("aio", AioActor, door), worker("db", DatabaseActor, database), throttle):
        yield made


async def test_from_registration_to_facts(fresh_database_url: str, tmp_path: Path) -> None:
    """Who has registered signs in, is recognised by the token, and is known to the anonymizer."""
    async with identity(fresh_database_url, tmp_path) as desk:
        await desk.register(KENARI)
        assert await desk.register(KENARI) == "registered", "the same answer again"
        session = await desk.open_session(OpenSession(KENARI.nik, KENARI.password))
        principal = await desk.authenticate(session.access_token)
        assert principal.role == "citizen"
        assert (await desk.facts(principal.subject)).email == KENARI.email
        with pytest.raises(NotFound):
            await desk.facts("00000000-0000-0000-0000-000000000000")


async def test_unknown_and_wrong_look_the_same(fresh_database_url: str, tmp_path: Path) -> None:
    """Nobody learns from a failed sign-in whether there is such an account."""
    async with identity(fresh_database_url, tmp_path) as desk:
        await desk.register(KENARI)
        said = []
        for username in (KENARI.nik, "3273011506850009"):
            with pytest.raises(Unauthenticated) as caught:
                await desk.open_session(OpenSession(username, "not the password"))
            said.append(caught.value.detail)
        assert said[0] == said[1]


async def test_rows_are_illegible(fresh_database_url: str, tmp_path: Path) -> None:
    """Whoever reads the table reads neither names nor numbers, and no time of any activity."""
    async with identity(fresh_database_url, tmp_path) as desk:
        await desk.register(KENARI)

        async def read(connection: Any) -> Any:
            return await connection.fetchval("SELECT a::text FROM identity.account a")

        row = str(await desk.store.database.run("identity", read)).lower()
    for secret in (KENARI.nik, "kenari", "1298765432", "surat", "emas", "2026-"):
        assert secret not in row
        assert secret.encode().hex() not in row


async def test_officers(fresh_database_url: str, tmp_path: Path) -> None:
    """An operator makes an officer, and by the same order changes password and agency."""
    async with identity(fresh_database_url, tmp_path) as desk:
        await desk.add_officer(AddOfficer("petugas-x", "kata-sandi-satu", "dinas-a"))
        await desk.add_officer(AddOfficer("petugas-x", "kata-sandi-dua!", "dinas-b"))
        session = await desk.open_session(OpenSession("petugas-x", "kata-sandi-dua!"))
        assert (session.role, session.agency) == ("officer", "dinas-b")


async def test_seeding(fresh_database_url: str, tmp_path: Path) -> None:
    """Seeded once, the file and its passwords stay; a lost file is replaced by one whose passwords work."""
    file = tmp_path / "accounts.json"
    seeds = plan(ROOT / "config" / "accounts.toml", ["dinas-a"])
    async with identity(fresh_database_url, tmp_path / "keys") as desk:
        assert await seed(desk, seeds, file) == len(seeds) == 4
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        before = file.read_text()
        assert await seed(desk, plan(ROOT / "config" / "accounts.toml", ["dinas-a"]), file) == 0
        assert file.read_text() == before
        file.unlink()
        await seed(desk, plan(ROOT / "config" / "accounts.toml", ["dinas-a"]), file)
        for account in json.loads(file.read_text()):
            session = await desk.open_session(OpenSession(account["username"], account["password"]))
            assert session.role == account["role"]
