"""Canned answers: the door, which the edge's fake keeps to as well, and the rows, of which an agency has its own alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
import trio

from jagawarga.canned.messages import MOST, CannedAnswer, CannedDoor
from jagawarga.canned.service import Canned
from jagawarga.canned.store import Store
from jagawarga.catalogue.config import load_config
from jagawarga.catalogue.service import CatalogueService
from jagawarga.errors import Conflict, Invalid, NotFound, Unavailable
from jagawarga.plumbing.aio import AioActor, AioDoor
from jagawarga.plumbing.database import Connection, Database, DatabaseActor, Work
from jagawarga.reports.messages import Wish
from supervisors import worker
from supervisors.testing import running
from tests.edge_doors import FakeCanned, FakeCatalogue
from tests.integration.test_reports import built

pytestmark = pytest.mark.both_databases

CITY: Final = CatalogueService(load_config(Path(__file__).resolve().parents[2] / "config"))
THANKS: Final = CannedAnswer("terima-kasih", "Terima kasih", "Terima kasih atas laporannya.")
WHERE: Final = CannedAnswer("lokasi", "Di mana?", "Sebelah mana\ntepatnya?", "ask", None, "id")
SOON: Final = CannedAnswer("jadwal", "Dijadwalkan", "Tim kami datang minggu ini.", "reply", "jalan-rusak", "id")
LAMP: Final = CannedAnswer("lampu", "Lampu", "Lampu sudah diganti.", None, "lampu-jalan")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """A database with the schema."""
    door = AioDoor()
    database = Database(door, url)
    async with running(worker("aio", AioActor, door), worker("database", DatabaseActor, database)):
        yield database


@pytest.fixture
async def database(fresh_database_url: str) -> AsyncIterator[Database]:
    async with opened(fresh_database_url) as each:
        yield each


@pytest.fixture(params=["real", "fake"])
async def door(request: pytest.FixtureRequest, fresh_database_url: str) -> AsyncIterator[CannedDoor]:
    """Give the door over a real database, and the one that the edge's tests have."""
    if request.param == "fake":
        catalogue = FakeCatalogue()
        catalogue.known_categories = {each.key: each for each in CITY.categories()}
        yield FakeCanned(catalogue)
    else:
        async with opened(fresh_database_url) as each:
            yield Canned(each, CITY)


async def keys(door: CannedDoor, agency: str, action: Any = None, category: str | None = None) -> list[str]:
    return [each.key for each in await door.answers(agency, action=action, category=category)]


async def test_what_was_put_is_there_as_it_was_put(door: CannedDoor) -> None:
    """Every field of it; put again, it is what it was put last."""
    for each in (THANKS, WHERE, SOON, LAMP):
        await door.put("dinas", each)
    assert await door.answers("dinas", action=None, category=None) == (SOON, LAMP, WHERE, THANKS)
    assert await door.answer("dinas", "jadwal") == SOON
    changed = CannedAnswer("jadwal", "Besok", "Tim kami datang besok.")
    await door.put("dinas", changed)
    assert await door.answer("dinas", "jadwal") == changed


@pytest.mark.parametrize(
    ("action", "category", "fit"),
    [
        (None, None, ["jadwal", "lampu", "lokasi", "terima-kasih"]),
        ("ask", None, ["lampu", "lokasi", "terima-kasih"]),
        ("reply", None, ["jadwal", "lampu", "terima-kasih"]),
        ("reject", None, ["lampu", "terima-kasih"]),
        (None, "jalan-rusak", ["jadwal", "lokasi", "terima-kasih"]),
        (None, "lampu-jalan", ["lampu", "lokasi", "terima-kasih"]),
        (None, "unknown", ["lokasi", "terima-kasih"]),
        ("reply", "jalan-rusak", ["jadwal", "terima-kasih"]),
        ("ask", "lampu-jalan", ["lampu", "lokasi", "terima-kasih"]),
    ],
)
async def test_what_goes_with_a_step_and_a_category(
    door: CannedDoor, action: str | None, category: str | None, fit: list[str]
) -> None:
    """Those that are for it, and those that are for nothing in particular; in the order of their keys."""
    for each in (THANKS, WHERE, SOON, LAMP):
        await door.put("dinas", each)
    assert await keys(door, "dinas", action, category) == fit


async def test_a_category_must_be_declared(door: CannedDoor) -> None:
    """Or the answer would go with no report."""
    with pytest.raises(Invalid) as refused:
        await door.put("dinas", replace(SOON, category="unknown"))
    assert list(refused.value.fields) == ["category"]
    assert await keys(door, "dinas") == []


async def test_what_is_another_agencys_is_not_there(door: CannedDoor) -> None:
    """It is in no list, is not found, not deleted and not in the way: the same key is another answer."""
    await door.put("dinas", THANKS)
    assert await keys(door, "lain") == []
    for missing in ("terima-kasih", "nothing"):
        with pytest.raises(NotFound):
            await door.answer("lain", missing)
        with pytest.raises(NotFound):
            await door.delete("lain", missing)
    await door.put("lain", replace(THANKS, text="Sama-sama."))
    assert (await door.answer("dinas", "terima-kasih")).text == THANKS.text
    await door.delete("lain", "terima-kasih")
    assert await door.answer("dinas", "terima-kasih") == THANKS


async def test_what_is_deleted_is_gone(door: CannedDoor) -> None:
    """A second time there is nothing to delete."""
    await door.put("dinas", THANKS)
    await door.delete("dinas", "terima-kasih")
    assert await keys(door, "dinas") == []
    with pytest.raises(NotFound):
        await door.delete("dinas", "terima-kasih")


async def test_an_agency_keeps_so_many(door: CannedDoor) -> None:
    """One more is refused; what is there can be changed, and after one is deleted there is room for one."""
    for number in range(MOST):
        await door.put("dinas", replace(THANKS, key=f"k{number}"))
    with pytest.raises(Conflict) as refused:
        await door.put("dinas", THANKS)
    assert refused.value.code == "too-many-canned-answers"
    await door.put("dinas", replace(WHERE, key="k7"))
    await door.put("lain", THANKS)
    await door.delete("dinas", "k0")
    await door.put("dinas", THANKS)
    assert len(await keys(door, "dinas")) == MOST


async def test_of_two_who_put_the_last_one_one_does(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither has committed when the other comes: it waits, and counts what the first has written."""
    store, most = Store(database), 3
    for key in ("a", "b"):
        assert await store.put("dinas", replace(THANKS, key=key), most)
    run, through = database.run_as_agency, 0

    async def held(agency: str, work: Work[bool]) -> bool:
        async def until_the_other_comes(connection: Connection) -> bool:
            nonlocal through
            written = await work(connection)
            through += 1
            with suppress(TimeoutError):  # where the server does not tell who waits
                async with asyncio.timeout(2):
                    while through < 2 and not await connection.fetch("SELECT 1 FROM pg_locks WHERE NOT granted"):
                        await asyncio.sleep(0.01)
            return written

        return await run(agency, until_the_other_comes)

    written: list[bool] = []

    async def put(key: str) -> None:
        written.append(await store.put("dinas", replace(THANKS, key=key), most))

    with monkeypatch.context() as patched:
        patched.setattr(database, "run_as_agency", held)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(put, "c")
            nursery.start_soon(put, "d")
    assert (through, sorted(written)) == (2, [False, True])
    assert len(await store.answers("dinas", None, None)) == most


async def as_agency(database: Database, agency: str, statement: str) -> list[str]:
    """The keys that a statement without a word about the agency gives."""

    async def work(connection: Connection) -> list[str]:
        return [row["key"] for row in await connection.fetch(statement)]

    return await database.run_as_agency(agency, work)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT key FROM canned.answer",
        "UPDATE canned.answer SET text = 'x' RETURNING key",
        "DELETE FROM canned.answer RETURNING key",
    ],
)
async def test_the_policy_alone_shows_and_changes_an_agencys_own(database: Database, statement: str) -> None:
    """Even where a statement forgets whose answers are meant; said for nobody, it has none."""
    store = Store(database)
    await store.put("dinas", THANKS, MOST)
    await store.put("lain", WHERE, MOST)
    for nobody in ("", "asing"):
        assert await as_agency(database, nobody, statement) == []
    assert await as_agency(database, "dinas", statement) == ["terima-kasih"]
    assert await store.answer("lain", "lokasi") == WHERE


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO canned.answer (agency, key, title, text) VALUES ('lain', 'x', 'x', 'x') RETURNING key",
        "UPDATE canned.answer SET agency = 'lain' RETURNING key",
    ],
)
async def test_the_policy_lets_nobody_write_for_another(database: Database, statement: str) -> None:
    """Neither a new answer nor one of its own becomes another agency's."""
    await Store(database).put("dinas", THANKS, MOST)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await as_agency(database, "dinas", statement)


async def test_no_other_role_sees_them(database: Database) -> None:
    """Not even those of the contexts that keep reports and accounts."""

    async def work(connection: Connection) -> Any:
        return await connection.fetch("SELECT key FROM canned.answer")

    for role in database.sizes.keys() - {"agency"}:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.run(role, work)


async def test_what_was_said_stays_said(fresh_database_url: str, nats_url: str, tmp_path: Path) -> None:
    """A report's history has the text of its day, whatever becomes of the answer."""
    async with built(fresh_database_url, nats_url, tmp_path) as house:
        canned = Canned(house.database, CITY)
        await canned.put("lurah", THANKS)
        report_id = (await house.file()).report_id
        said = (await canned.answer("lurah", "terima-kasih")).text
        await house.reports.act("lurah", report_id, Wish("acknowledge", said))
        await canned.put("lurah", replace(THANKS, text="Lain."))
        await canned.delete("lurah", "terima-kasih")
        assert (await house.reports.open_for_agency("lurah", report_id)).history[-1].note == THANKS.text


async def test_without_the_database_it_says_so() -> None:
    """Nothing of it is in memory."""
    canned = Canned(Database(AioDoor(), "postgresql://nobody@127.0.0.1:1/none"), CITY)
    with pytest.raises(Unavailable):
        await canned.answer("dinas", "terima-kasih")
