"""The catalogue over a real database: durable changes, reads that never wait."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trio

from jagawarga.catalogue.config import load_config
from jagawarga.catalogue.messages import Agency, CatalogueDoor, Category
from jagawarga.catalogue.service import CatalogueService
from jagawarga.catalogue.tree import catalogue_children
from jagawarga.errors import Invalid, StartupError, Unavailable
from jagawarga.plumbing.aio import AioActor, AioDoor
from jagawarga.plumbing.database import Database, DatabaseActor
from supervisors import KILL, StartFailed, worker
from supervisors.testing import restarted, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jagawarga.plumbing.database import Connection

pytestmark = pytest.mark.both_databases

CITY = load_config(Path(__file__).resolve().parents[2] / "config")
TREE = Category("pohon", "Pohon", (60.0, 30.5), (120.0,))
PARK = Agency("taman", "Dinas Taman", "sekretariat-daerah")


@asynccontextmanager
async def catalogue_of(url: str) -> AsyncIterator[tuple[CatalogueService, Database]]:
    """Run the catalogue with all it stands on."""
    door = AioDoor()
    database = Database(door, url, {"catalogue": 2})
    service = CatalogueService(CITY)
    plumbing = [worker("aio", AioActor, door), worker("database", DatabaseActor, database)]
    async with running(*plumbing, *catalogue_children(service, database)):
        yield service, database


async def execute(database: Database, sql: str) -> None:
    """Do something behind the catalogue's back."""

    async def work(connection: Connection) -> Any:
        await connection.execute(sql)

    await database.run("catalogue", work)


async def test_files_are_there_at_once(fresh_database_url: str) -> None:
    """Without anything declared by operators the catalogue is what the files say."""
    async with catalogue_of(fresh_database_url) as (service, _):
        door: CatalogueDoor = service
        assert door.agencies() == tuple(CITY.agencies.values())
        assert door.categories() == tuple(CITY.categories.values())


async def test_change_is_seen_and_lasts(fresh_database_url: str) -> None:
    """What an operator put is there when the call returns, and after a new start of the process."""
    async with catalogue_of(fresh_database_url) as (service, _):
        await service.put_agency(PARK)
        await service.put_category(TREE, "taman")
        assert service.category("pohon") == TREE
    async with catalogue_of(fresh_database_url) as (service, _):
        assert PARK in service.agencies()
        assigned = service.assign("pohon", None, None, "Jl. Mawar 3")
        assert assigned.category == TREE
        assert assigned.ladder == ("taman", "sekretariat-daerah", "wali-kota")


async def test_put_twice_is_once(fresh_database_url: str) -> None:
    """The same entry may be put again and changed; the last word stays, also over an entry of the files."""
    async with catalogue_of(fresh_database_url) as (service, _):
        await service.put_category(TREE, "sosial")
        await service.put_category(TREE, "sosial")
        await service.put_category(Category("sampah", "Sampah", (1.0,), (2.0,)), "kesehatan")
    async with catalogue_of(fresh_database_url) as (service, _):
        assert service.assign("sampah", -6.9, 107.6, None).ladder[0] == "kesehatan"
        assert len(service.categories()) == len(CITY.categories) + 1


async def test_refusal_reaches_the_caller_alone(fresh_database_url: str) -> None:
    """An invalid change is raised in the caller; the actor lives on and nothing is written."""
    async with catalogue_of(fresh_database_url) as (service, _):
        before = service.name.whereis()
        with pytest.raises(Invalid):
            await service.put_agency(Agency("x", "X", "nobody"))
        with pytest.raises(Invalid):
            await service.put_category(TREE, "nobody")
        assert service.name.whereis() is before
    async with catalogue_of(fresh_database_url) as (service, _):
        assert service.categories() == tuple(CITY.categories.values())


async def test_concurrent_changes_all_hold(fresh_database_url: str) -> None:
    """Changes made at once are made one after another: none is lost, and no two make a cycle."""
    refused = 0

    async def put(agency: Agency) -> None:
        nonlocal refused
        try:
            await service.put_agency(agency)
        except Invalid:
            refused += 1

    async with catalogue_of(fresh_database_url) as (service, _):
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(put, Agency(f"a-{number}", "A", "wali-kota"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(put, Agency("a-1", "A", "a-2"))
            nursery.start_soon(put, Agency("a-2", "A", "a-1"))
        assert refused == 1
        assert len(service.agencies()) == len(CITY.agencies) + 20


async def test_reads_go_on_while_the_actor_is_down(fresh_database_url: str) -> None:
    """A killed actor costs readers nothing, and its next life knows all that was put."""
    async with catalogue_of(fresh_database_url) as (service, _):
        await service.put_agency(PARK)
        process = service.name.whereis()
        assert process is not None
        process.exit(KILL)
        assert PARK in service.agencies()
        await restarted(service.name, process)
        assert PARK in service.agencies()


async def test_change_without_database_is_unavailable(fresh_database_url: str) -> None:
    """While the database is away changes are `Unavailable` and reads go on; a new life reads what is there."""
    async with catalogue_of(fresh_database_url) as (service, database):
        process = service.name.whereis()
        assert process is not None
        await database.door.run(database._close)
        with pytest.raises(Unavailable):
            await service.put_agency(PARK)
        assert service.category("sampah")
        with pytest.raises(Unavailable):
            await service.put_agency(PARK)
        await database.door.run(database._open)
        await restarted(service.name, process)
        await service.put_agency(PARK)
        assert PARK in service.agencies()


async def test_misfit_fails_the_start(fresh_database_url: str) -> None:
    """Operators' entries that no longer go with the files stop the start instead of being passed over."""
    async with catalogue_of(fresh_database_url) as (_, database):
        await execute(database, "INSERT INTO catalogue.agency (key, name, parent) VALUES ('x', 'X', 'gone')")
    with pytest.raises(StartFailed) as caught:
        async with catalogue_of(fresh_database_url):
            pass
    cause = caught.value.root_cause()
    assert isinstance(cause, StartupError)
    assert "gone" in str(cause)
