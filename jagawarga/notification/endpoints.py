"""Where a push may be posted to: an address comes from a stranger, and must not lead into our own network.

Checked when it is given, and again when it is used, for a name may mean another machine by then: the post goes to the
very address that was looked at.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import trio

MOST: Final = 1_024
RESOLVE_WITHIN: Final = 5.0
_HTTPS: Final = 443


class Refused(Exception):
    """We do not post to that address."""


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint taken apart."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """As RFC 6454 writes it, for the signature's audience."""
        usual = _HTTPS if self.scheme == "https" else 80
        return f"{self.scheme}://{self.authority if self.port != usual else bracketed(self.host)}"

    @property
    def authority(self) -> str:
        """Host and port."""
        return f"{bracketed(self.host)}:{self.port}"


def target(endpoint: str, *, private: bool) -> Target:
    """Take an endpoint apart; `Refused` unless it is https on its usual port to a name or a public address.

    `private` (a setting for trials) allows everything else as well.
    """
    if len(endpoint) > MOST or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        raise Refused
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Refused from None
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        raise Refused
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise Refused
    usual = _HTTPS if parts.scheme == "https" else 80
    if not private and (port not in {None, usual} or (_is_literal(host) and not ip_address(host).is_global)):
        raise Refused
    query = f"?{parts.query}" if parts.query else ""
    return Target(parts.scheme, host, port or usual, (parts.path or "/") + query)


async def resolve(where: Target, *, private: bool) -> str:
    """Give the address to connect to; `Refused` when any of the name's is not public, `OSError` when it has none."""
    with trio.fail_after(RESOLVE_WITHIN):
        found = await trio.socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    # All of them: a name with one foot in our network is not one we trust.
    if not private and not all(ip_address(each).is_global for each in addresses):
        raise Refused
    return addresses[0]


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def bracketed(host: str) -> str:
    """A host as an address has it: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host
