"""The identity provider over real HTTP, well and unwell; registrations that wait for it, on the real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from jagawarga.errors import Invalid, StartupError, Unauthenticated, Unavailable
from jagawarga.identity import provider as provider_module
from jagawarga.identity.breaker import FAILURES
from jagawarga.identity.confirming import settle_pending
from jagawarga.identity.messages import OpenSession, RegisterCitizen
from jagawarga.identity.provider import Claim, HttpProvider, Provider
from jagawarga.identity.service import Identity
from jagawarga.identity.tree import identity_tree
from jagawarga.plumbing.aio import AioActor, AioDoor
from jagawarga.plumbing.database import Database, DatabaseActor
from jagawarga.plumbing.keys import Keyring
from jagawarga.provider.population import Population, load_population
from jagawarga.provider.server import SimulatedProvider, Switches
from jagawarga.provider.signing import PATH, SIGNATURE, TIME, sign_question
from supervisors import worker
from supervisors.testing import running
from tests.identity_provider import Register

SECRET = b"a secret of sixteen"
PEOPLE = Population({"3273015708790011": "Melati Umpama"}, frozenset({"3273010101800013"}))
KENARI = RegisterCitizen("3273014501900007", "Kenari Wulandhari", "burung-kuning")
SIGN_IN = OpenSession(KENARI.nik, KENARI.password)
CLAIM = Claim(KENARI.nik, KENARI.name, "1990-01-05")
CLAIMS = [
    (CLAIM, True),
    (replace(CLAIM, birth_date="1990-01-06"), False),
    (replace(CLAIM, birth_date=None), False),
    (Claim("3273015708790011", "melati  UMPAMA", "1979-08-17"), True),
    (Claim("3273015708790011", "Orang Lain", "1979-08-17"), False),
    (Claim("3273010101800013", "Siapa Saja", "1980-01-01"), False),
    (Claim("12", "Siapa Saja", None), False),
]
UNWELL = [
    Switches(outage=True), Switches(answer="nonsense"), Switches(answer="forged"), Switches(latency=30.0),
]  # fmt: skip


@asynccontextmanager
async def simulated(switches: Switches | None = None) -> AsyncIterator[SimulatedProvider]:
    """A provider that serves."""
    serving = SimulatedProvider(PEOPLE, SECRET, switches or Switches())
    async with trio.open_nursery() as nursery:
        up = trio.Event()
        nursery.start_soon(serving.serve, up.set)
        await up.wait()
        yield serving
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def asking(serving: SimulatedProvider, secret: bytes = SECRET, **how: Any) -> AsyncIterator[HttpProvider]:
    """A client of it."""
    client = HttpProvider(lambda: f"http://127.0.0.1:{serving.port}", secret, **how)
    async with client.open():
        yield client


@pytest.fixture(params=["memory", "http"])
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    """Give the fake of other tests, and the real thing."""
    if request.param == "memory":
        yield Register(PEOPLE)
        return
    async with simulated() as serving, asking(serving) as client:
        yield client


async def test_what_is_confirmed(provider: Provider) -> None:
    """Claim by claim, the same from the fake and over HTTP."""
    assert [await provider.confirm(claim) for claim, _ in CLAIMS] == [expected for _, expected in CLAIMS]


@pytest.mark.parametrize("switches", UNWELL, ids=["away", "nonsense", "forged", "slow"])
async def test_a_provider_that_is_unwell_confirms_nothing(switches: Switches, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hung up, slow, senseless or signed by another: `Unavailable` each time, and well again when it is well again."""
    monkeypatch.setattr(provider_module, "ALL_WITHIN", 0.4)
    async with simulated(replace(switches)) as serving, asking(serving) as client:
        with pytest.raises(Unavailable):
            await client.confirm(CLAIM)
        serving.switches.outage, serving.switches.latency, serving.switches.answer = False, 0.0, "right"
        assert await client.confirm(CLAIM)


async def test_nobody_asks_a_provider_that_is_away_again_and_again() -> None:
    """After a few failures the next question is refused at once and says when to come back."""
    async with simulated() as serving, asking(serving, b"another secret, as long") as client:
        for _ in range(FAILURES):
            with pytest.raises(Unavailable):
                await client.confirm(CLAIM)
        with pytest.raises(Unavailable) as caught:
            await client.confirm(CLAIM)
        assert 0 < caught.value.retry_after <= 1
        assert serving.asked == 0, "a question with a wrong signature is not looked at"


async def test_not_open_is_away() -> None:
    """While its connections are not held, the provider is away."""
    with pytest.raises(Unavailable):
        await HttpProvider(lambda: "http://127.0.0.1:1", SECRET).confirm(CLAIM)


async def test_old_and_foreign_questions_are_refused() -> None:
    """The time and the body are signed; other addresses and larger bodies have their own answers."""
    body, now = b'{"nik": "1", "name": "x", "birth_date": null}', 1_000
    good = {TIME: str(now), SIGNATURE: sign_question(SECRET, now, body)}
    async with simulated() as serving, httpx.AsyncClient(base_url=f"http://127.0.0.1:{serving.port}") as http:
        serving.clock = lambda: 1_060.0
        assert (await http.post(PATH, content=body, headers=good)).json() == {"confirmed": False}
        serving.clock = lambda: 1_061.5
        assert (await http.post(PATH, content=body, headers=good)).status_code == 401
        serving.clock = lambda: 1_000.0
        assert (await http.post(PATH, content=body + b" ", headers=good)).status_code == 401
        assert (await http.post(PATH, content=body, headers={**good, TIME: "-1"})).status_code == 401
        assert (await http.post("/", content=body, headers=good)).status_code == 404
        assert (await http.post(PATH, content=b"x" * 5_000, headers=good)).status_code == 413
        odd = {TIME: str(now), SIGNATURE: sign_question(SECRET, now, b"[]")}
        assert (await http.post(PATH, content=b"[]", headers=odd)).status_code == 422


@asynccontextmanager
async def identity_with(url: str, provider: Provider) -> AsyncIterator[Identity]:
    """Run identity with that provider."""
    door = AioDoor()
    database = Database(door, url, {"identity": 2})
    identity = Identity(database, Keyring({1: b"k" * 32}), 900, provider=provider)
    async with running(
        worker("aio", AioActor, door), worker("database", DatabaseActor, database), identity_tree(identity)
    ):
        yield identity


async def test_a_registration_waits_for_its_provider(fresh_database_url: str) -> None:
    """Away: kept, nobody can sign in with it. Back: it is an account, or forgotten if it is not confirmed."""
    async with simulated(Switches(outage=True)) as serving:
        client = HttpProvider(lambda: f"http://127.0.0.1:{serving.port}", SECRET)
        async with identity_with(fresh_database_url, client) as identity:
            assert await identity.register(KENARI) == "pending"
            assert await identity.register(replace(KENARI, nik="3273010101800013")) == "pending"
            with pytest.raises(Unauthenticated):
                await identity.open_session(SIGN_IN)
            with pytest.raises(Unavailable):
                await settle_pending(identity)
            serving.switches.outage = False
            client.breaker.succeeded()
            assert await settle_pending(identity) == 2
            assert await settle_pending(identity) == 0
            await identity.open_session(SIGN_IN)
            with pytest.raises(Unauthenticated):
                await identity.open_session(OpenSession("3273010101800013", KENARI.password))


async def test_nobody_can_block_a_nik_while_the_provider_is_away(fresh_database_url: str) -> None:
    """A stranger's claim on somebody's NIK waits beside the owner's, and is refused beside it."""
    register = Register(PEOPLE)
    owner = RegisterCitizen("3273015708790011", "Melati Umpama", "sandi-pemilik")
    async with identity_with(fresh_database_url, register) as identity:
        register.away = True
        assert await identity.register(replace(owner, name="Orang Lain", password="sandi-orang-lain")) == "pending"
        assert await identity.register(owner) == "pending"
        register.away = False
        await settle_pending(identity)
        await identity.open_session(OpenSession(owner.nik, owner.password))


async def test_who_is_registered_can_not_be_asked(fresh_database_url: str) -> None:
    """The answer for a NIK with an account is that for one without: registered, not confirmed, or pending."""
    register = Register(PEOPLE)
    async with identity_with(fresh_database_url, register) as identity:
        await identity.register(KENARI)
        fresh = replace(KENARI, nik="3273011506850009")
        assert await identity.register(KENARI) == await identity.register(fresh) == "registered"
        known = replace(KENARI, nik="3273015708790011", name="Melati Umpama")
        said = []
        for _ in range(2):
            with pytest.raises(Invalid) as caught:
                await identity.register(replace(known, name="Orang Lain"))
            said.append((caught.value.code, caught.value.detail, caught.value.fields))
            await identity.register(known)
        assert said[0] == said[1]
        register.away = True
        assert {await identity.register(each) for each in (known, replace(KENARI, nik="3273024708920008"))} == {
            "pending"
        }


async def test_a_population_file(tmp_path: Path) -> None:
    """The one that ships is read; a damaged one is said in one line."""
    shipped = load_population(Path(__file__).resolve().parents[2] / "config" / "population.toml")
    assert shipped.confirms("3273015708790011", "Melati Umpama", "1979-08-17")
    assert not shipped.confirms("3273010101800013", "Siapa Saja", "1980-01-01")
    (tmp_path / "p.toml").write_text("[[person]]\nname = 'x'\n")
    with pytest.raises(StartupError, match=r"p\.toml"):
        load_population(tmp_path / "p.toml")
