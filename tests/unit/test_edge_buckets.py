"""Allowances: what a bucket gives, what a table forgets."""

from __future__ import annotations

import pytest

from jagawarga.edge.buckets import Buckets
from jagawarga.edge.limits import Rate


def test_a_new_key_may_burst_and_then_waits_for_one_token() -> None:
    """A key not seen before has its whole burst, and is then told how long one token takes."""
    buckets = Buckets(Rate(0.5, 3), 10)
    assert [buckets.take(b"a", 0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert buckets.take(b"a", 0.0) == pytest.approx(2.0)


def test_waiting_as_long_as_told_is_enough() -> None:
    """After the seconds it was told to wait, the next request passes."""
    buckets = Buckets(Rate(0.5, 1), 10)
    buckets.take(b"a", 0.0)
    wait = buckets.take(b"a", 0.5)
    assert wait > 0
    assert buckets.take(b"a", 0.5 + wait) == 0.0


def test_refused_requests_cost_nothing() -> None:
    """Asking while refused does not push the wait further away."""
    buckets = Buckets(Rate(1.0, 1), 10)
    buckets.take(b"a", 0.0)
    assert [buckets.take(b"a", 0.0) for _ in range(5)] == [pytest.approx(1.0)] * 5


def test_keys_do_not_share() -> None:
    """One key's use leaves another's allowance whole."""
    buckets = Buckets(Rate(1.0, 1), 10)
    buckets.take(b"a", 0.0)
    assert buckets.take(b"b", 0.0) == 0.0


def test_the_table_never_grows_past_its_size_and_forgets_the_least_recently_used() -> None:
    """The key used longest ago is forgotten first, however many come."""
    buckets = Buckets(Rate(0.001, 1), 2)
    for key in (b"a", b"b", b"a", b"c"):
        buckets.take(key, 0.0)
    assert len(buckets) == 2
    assert buckets.take(b"a", 0.0) > 0
