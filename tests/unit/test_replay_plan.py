"""What has to be created before a city's complaints can be filed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jagawarga.cli.replay.plan import KEY_LIMIT, UnknownParent, make_key, make_plan
from jagawarga.edge.bodies import KEY

TOP: dict[str, str | None] = {"kota": None, "dinas-pu": "kota"}


def test_what_is_known_is_not_created() -> None:
    """Agencies and categories the server has are used as they are."""
    plan = make_plan([("Jalan Rusak", "Dinas PU")], TOP, ["jalan-rusak"])
    assert (plan.agencies, plan.categories) == ((), ())
    assert plan.keys["Jalan Rusak", "Dinas PU"] == "jalan-rusak"
    assert plan.agency_of("jalan-rusak") is None


def test_new_agencies_stand_under_the_highest_authority() -> None:
    """So everything can climb."""
    plan = make_plan([("Banjir", "Dinas Air")], TOP, [])
    assert [(each.key, each.parent) for each in plan.agencies] == [("dinas-air", "kota")]
    assert [(each.key, each.agency) for each in plan.categories] == [("banjir", "dinas-air")]
    assert plan.agency_of("banjir") == "dinas-air"


def test_another_parent_may_be_asked_for() -> None:
    """But it has to exist."""
    plan = make_plan([("Banjir", "Dinas Air")], TOP, [], parent="dinas-pu")
    assert plan.agencies[0].parent == "dinas-pu"
    with pytest.raises(UnknownParent):
        make_plan([("Banjir", "Dinas Air")], TOP, [], parent="nowhere")


def test_without_any_authority_one_is_created_first() -> None:
    """Parents come before their children."""
    plan = make_plan([("Banjir", "Dinas Air")], {}, [])
    assert [each.parent for each in plan.agencies] == [None, plan.agencies[0].key]


def test_a_category_of_several_agencies_becomes_one_for_each() -> None:
    """A report reaches the agency the file names."""
    plan = make_plan([("Izin", "Kecamatan A"), ("Izin", "Kecamatan B")], TOP, [])
    assert {each.key: each.agency for each in plan.categories} == {
        "izin-kecamatan-a": "kecamatan-a",
        "izin-kecamatan-b": "kecamatan-b",
    }


def test_a_row_without_category_or_agency_can_be_filed_all_the_same() -> None:
    """It goes to a category of its own, and to the highest authority."""
    plan = make_plan([("", "Dinas PU"), ("Lain", "")], TOP, [])
    assert plan.keys["", "Dinas PU"] == "tanpa-kategori"
    assert plan.agency_of(plan.keys["Lain", ""]) == "kota"


@given(st.text(max_size=200))
def test_every_name_makes_a_key_the_server_takes(name: str) -> None:
    """Whatever it is written in, and however long."""
    assert KEY.fullmatch(make_key(name))
    assert re.fullmatch(r"[a-z0-9-]{1,64}", make_key(name))


def test_long_names_that_begin_alike_have_different_keys() -> None:
    """A digest of the whole name keeps them apart."""
    assert make_key("x" * 100 + "a") != make_key("x" * 100 + "b")
    assert len(make_key("x" * 100)) == KEY_LIMIT
