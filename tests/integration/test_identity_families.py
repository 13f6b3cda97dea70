"""Families of refresh tokens against a model: whatever is done in whatever order, over a real database.

The model is as simple as the promise: a family is a list of tokens, of which the last is good while the family lives;
any other that is shown ends the family; so does signing out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jagawarga.errors import Unauthenticated
from jagawarga.identity.messages import Session
from jagawarga.identity.service import Identity
from jagawarga.identity.store import MOST_SESSIONS
from tests.integration.test_identity_sessions import KENARI, SIGN_IN, house

NUMBERS = st.integers(0, 20)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["open", "close", "close_all", "password"]), NUMBERS, st.just(0)),
        # Weighted: what is shown most often is the newest token or the one before.
        *[st.tuples(st.just("refresh"), NUMBERS, st.sampled_from([0, 0, 0, 1, 1, 2, 5]))] * 3,
    ),
    min_size=3,
    max_size=14,
)


@dataclass
class Family:
    """The model of one."""

    sessions: list[Session] = field(default_factory=list)
    alive: bool = True


async def refused(identity: Identity, token: str) -> Session | None:
    """The next session, or `None`."""
    try:
        return await identity.refresh_session(token)
    except Unauthenticated:
        return None


async def live(identity: Identity, family: Family) -> bool:
    """Whether the access tokens of a family, old or new, are taken; all must be alike."""
    taken = set()
    for each in family.sessions:
        try:
            await identity.authenticate(each.access_token)
        except Unauthenticated:
            taken.add(False)
        else:
            taken.add(True)
    assert len(taken) == 1
    return taken.pop()


async def step(identity: Identity, families: list[Family], what: str, number: int, back: int) -> None:
    """Do one thing to the real families and to the model."""
    if what == "open" or not families:
        if sum(each.alive for each in families) < MOST_SESSIONS:
            families.append(Family([await identity.open_session(SIGN_IN)]))
        return
    family = families[number % len(families)]
    if what == "refresh":
        shown = family.sessions[-1 - back % len(family.sessions)]
        fresh = await refused(identity, shown.refresh_token)
        good = family.alive and shown is family.sessions[-1]
        assert (fresh is not None) == good
        family.alive = good
        if fresh is not None:
            family.sessions.append(fresh)
        return
    if not family.alive:
        return
    principal = await identity.authenticate(family.sessions[-1].access_token)
    if what == "close":
        await identity.close_session(principal)
        family.alive = False
    elif what == "close_all":
        await identity.close_all_sessions(principal)
        for each in families:
            each.alive = False
    else:
        await identity.change_password(principal, KENARI.password, KENARI.password)
        for each in families:
            each.alive = each is family


@pytest.mark.both_databases
@settings(
    max_examples=25,
    deadline=None,
    # The database outlives an example on purpose: each begins by ending all sessions.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
async def test_families_are_what_the_model_says(fresh_database_url: str, steps: list[tuple[str, int, int]]) -> None:
    """After each step every family's access tokens are taken exactly while the model says it lives."""
    async with house(fresh_database_url) as identity:
        families: list[Family] = []
        await identity.close_all_sessions(
            await identity.authenticate((await identity.open_session(SIGN_IN)).access_token)
        )
        for what, number, back in steps:
            await step(identity, families, what, number, back)
            for family in families:
                assert await live(identity, family) == family.alive
