"""The limits an operator sets reach the edge."""

from __future__ import annotations

from ipaddress import ip_network

from jagawarga.edge.limits import Rate, limits_of
from jagawarga.settings import load_settings


def test_settings_become_limits() -> None:
    """Sizes, rates and proxies are taken over as they are set."""
    limits = limits_of(load_settings(body_limit=2048, submissions_burst=7, trusted_proxies=("10.0.0.0/8",)))
    assert limits.body == 2048
    assert limits.rate_submit == Rate(5.0, 7)
    assert limits.trusted_proxies == (ip_network("10.0.0.0/8"),)


def test_a_stream_lives_no_longer_than_the_token_that_opened_it() -> None:
    """The life of a session bounds the life of a stream."""
    assert limits_of(load_settings(session_seconds=60)).stream_seconds == 60
