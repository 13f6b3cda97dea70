"""The guard: whose address counts, which tokens are looked at."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from jagawarga.edge.guard import Guard, client_address
from jagawarga.edge.limits import EdgeLimits, Rate
from jagawarga.errors import Forbidden, TooManyRequests, Unauthenticated
from tests.edge_doors import FakeIdentity

PROXIES = (ip_network("10.0.0.0/8"), ip_network("127.0.0.1/32"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1, 10.0.0.7"], "198.51.100.1"),
        ("10.0.0.1", ["not an address"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::"),
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
        ("", [], ""),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str, forwarded: list[str], expected: str) -> None:
    """The client's address is the peer's unless that is a trusted proxy; what the client wrote itself never counts."""
    assert client_address(peer, forwarded, PROXIES) == expected


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [""],
        ["Bearer"],
        ["Bearer "],
        ["Basic Y2l0aXplbi10b2tlbg=="],
        ["citizen-token"],
        ["Bearer citizen-token", "Bearer citizen-token"],
        ["Bearer " + "x" * 5000],
        ["Bearer tok\u00e9n"],
        ["Bearer unknown"],
    ],
)
async def test_anything_but_one_good_bearer_token_is_nobody(headers: list[str]) -> None:
    """No, malformed, repeated, oversized and unknown tokens are all unauthenticated."""
    guard = Guard(FakeIdentity(), EdgeLimits())
    with pytest.raises(Unauthenticated):
        await guard.principal(headers, "citizen")


async def test_the_scheme_is_read_in_any_case() -> None:
    """RFC 9110: authentication schemes are case-insensitive."""
    guard = Guard(FakeIdentity(), EdgeLimits())
    assert (await guard.principal(["bearer citizen-token"], "citizen")).pseudonym == "p1"


async def test_another_role_is_forbidden() -> None:
    """A citizen may not do what officers do."""
    guard = Guard(FakeIdentity(), EdgeLimits())
    with pytest.raises(Forbidden):
        await guard.principal(["Bearer citizen-token"], "officer")


async def test_an_allowance_used_up_says_when_to_come_back() -> None:
    """The error carries the seconds until the next token."""
    guard = Guard(FakeIdentity(), EdgeLimits(rate_submit=Rate(0.1, 1)))
    guard.allow("submit", "p1")
    with pytest.raises(TooManyRequests) as refused:
        guard.allow("submit", "p1")
    assert 9 < refused.value.retry_after <= 10


async def test_the_tables_hold_no_address_and_no_pseudonym() -> None:
    """Keys are keyed hashes under a key of this guard alone: two guards know the same caller by different keys."""
    keys = []
    for _ in range(2):
        guard = Guard(FakeIdentity(), EdgeLimits())
        guard.allow("address", "203.0.113.9")
        keys.append(next(iter(guard._buckets["address"]._levels)))
    assert keys[0] != keys[1]
    assert b"203.0.113.9" not in keys[0]
