"""Every bound of the edge in one value, so that the composition root can fill it from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jagawarga.settings import Settings


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `burst` requests at once, refilled with `per_second`."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class EdgeLimits:
    """Sizes in bytes or characters, times in seconds."""

    body: int = 262_144
    upload: int = 52_428_800
    """The largest file of any kind."""
    text: int = 10_000
    header: int = 16_384
    """Request line and headers together; beyond it 431."""
    body_seconds: float = 15.0
    """For the whole request body to arrive; beyond it 408."""
    idle_seconds: float = 10.0
    """For the headers of the first or next request on a connection to arrive; beyond it the connection is closed."""
    send_seconds: float = 10.0
    """For a client to take one slice of 16 KiB; beyond it the connection is closed."""
    linger_seconds: float = 1.0
    """For a client to read the last answer and hang up, once we have said goodbye."""
    request_seconds: float = 30.0
    """For a route to answer; beyond it 503."""
    drain_seconds: float = 5.0
    """For requests in flight to finish when the server is stopped in order."""
    connections: int = 2_000
    connections_of_one: int = 256
    """Of one client address; a mobile network's customers may share one. The own machine and proxies are no such."""
    streams: int = 200
    """Of agencies."""
    streams_own: int = 1_000
    """Of all citizens; the rest of the connections is for requests."""
    streams_each: int = 4
    """Of one citizen."""
    streams_of_officer: int = 20
    uploads_each: int = 2
    """Uploads under way of one account, or, with a tracking code, of one address."""
    """Of one citizen."""
    stream_seconds: float = 900.0
    """Life of an event stream: no longer than that of the token that opened it."""
    heartbeat_seconds: float = 15.0
    tracking_floor_seconds: float = 0.5
    """A failed look-up of a tracking code takes at least this long."""
    tracking_at_once: int = 64
    rate_address: Rate = Rate(100.0, 400)
    """All requests of one client address."""
    rate_sign_in: Rate = Rate(1.0, 20)
    """Registrations and sign-ins of one client address: each costs a password hash."""
    rate_submit: Rate = Rate(1.0, 60)
    """Submissions of one account."""
    rate_suggest: Rate = Rate(5.0, 60)
    """Suggestions for one client address, asked for while people type: each costs up to a millisecond."""
    rate_upload: Rate = Rate(0.5, 20)
    """Uploads of one account: each costs a decoder."""
    rate_vote: Rate = Rate(1.0, 60)
    """Votes and follows of one account, given and taken back."""
    rate_tracking: Rate = Rate(0.2, 10)
    """Failed tracking codes of one client address."""
    addresses: int = 20_000
    """Entries kept in each table of buckets."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    metrics_networks: tuple[IPv4Network | IPv6Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
    """Who may read the metrics; nobody is a choice."""
    """Whose `X-Forwarded-For` is believed."""


def limits_of(settings: Settings) -> EdgeLimits:
    """Return the limits an operator may set, and the defaults of the rest."""
    return EdgeLimits(
        body=settings.body_limit,
        text=settings.text_limit,
        upload=max(settings.image_limit, settings.video_limit, settings.audio_limit, settings.document_limit),
        drain_seconds=settings.drain_seconds,
        stream_seconds=float(settings.session_seconds),
        rate_address=Rate(settings.requests_per_second, settings.requests_burst),
        rate_sign_in=Rate(settings.sign_ins_per_second, settings.sign_ins_burst),
        rate_submit=Rate(settings.submissions_per_second, settings.submissions_burst),
        rate_tracking=Rate(settings.wrong_codes_per_second, settings.wrong_codes_burst),
        trusted_proxies=settings.trusted_proxies,
        metrics_networks=settings.metrics_networks,
    )
