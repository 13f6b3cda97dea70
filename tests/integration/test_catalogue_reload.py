"""The catalogue's files read again, over a real database: all of them or none, and for good."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jagawarga.catalogue.messages import Category
from jagawarga.catalogue.policies import Rule
from jagawarga.errors import Invalid, Unavailable
from supervisors import KILL
from supervisors.testing import restarted
from tests.integration.test_catalogue import CITY, PARK, catalogue_of

pytestmark = pytest.mark.both_databases

RULE = Rule("grave", severity="high", respond_within=(60.0,))
RULED = replace(CITY, rules=(RULE, *CITY.rules))
GRAVE = Category("tanah-longsor", "Tanah longsor", (900.0,), (9000.0,), "high")


async def test_other_files_hold_at_once_and_for_good(fresh_database_url: str) -> None:
    """Readers see them when the call returns; an actor that is killed comes back with them and what operators declared."""
    async with catalogue_of(fresh_database_url) as (service, _):
        await service.put_category(GRAVE, "lingkungan-hidup")
        assert service.clocks(GRAVE.key, "public", 3).respond_within == (900.0,)
        changed = await service.reload(RULED)
        assert changed["rules"]["added"] == ["grave"]
        assert service.clocks(GRAVE.key, "public", 3).respond_within == (60.0,)
        assert service.assign(GRAVE.key, None, None, "Jl. Mawar 3").clocks["private"].rules == ("grave",) * 3
        process = service.name.whereis()
        assert process is not None
        process.exit(KILL)
        await restarted(service.name, process)
        assert service.clocks(GRAVE.key, "public", 3).respond_within == (60.0,)
        assert await service.reload(RULED) == {}
    async with catalogue_of(fresh_database_url) as (service, _):
        assert service.category(GRAVE.key) == GRAVE


async def test_files_that_do_not_go_with_what_operators_declared_are_refused(fresh_database_url: str) -> None:
    """The authority above an operator's agency is gone from the files: everything stays as it was."""
    async with catalogue_of(fresh_database_url) as (service, _):
        await service.put_agency(PARK)
        orphaned = replace(RULED, agencies={key: each for key, each in RULED.agencies.items() if key != PARK.parent})
        with pytest.raises(Invalid, match="does not go with the files: there is no agency sekretariat-daerah"):
            await service.reload(orphaned)
        assert service.holder.snapshot.rules == CITY.rules
        assert await service.reload(CITY) == {}


async def test_without_the_database_nothing_changes(fresh_database_url: str) -> None:
    """What operators declared can not be asked for: the files that hold go on holding."""
    async with catalogue_of(fresh_database_url) as (service, database):
        await database.door.run(database._close)
        with pytest.raises(Unavailable):
            await service.reload(RULED)
        assert service.holder.snapshot.rules == CITY.rules
        await database.door.run(database._open)
        assert (await service.reload(RULED))["rules"]["added"] == ["grave"]
