"""Who is asking, may they, and not too often.

Everything here lives in memory and dies with the process. Addresses and pseudonyms are table keys only as keyed
hashes under a random key nobody ever sees, so that not even a memory dump of the tables is a list of who asked.
"""

from __future__ import annotations

import secrets
from collections import Counter
from contextlib import contextmanager
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

import trio

from jagawarga.edge.buckets import Buckets
from jagawarga.errors import Forbidden, TooManyRequests, Unauthenticated, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from ipaddress import IPv4Address, IPv4Network, IPv6Network
    from typing import Literal

    from jagawarga.edge.limits import EdgeLimits
    from jagawarga.identity.messages import IdentityDoor, Principal, Role

    Allowance = Literal["address", "sign_in", "submit", "suggest", "tracking", "upload", "vote"]

MAX_TOKEN = 4_096
IPV6_SITE = (1 << 64) - 1
INCLUDES: Mapping[Role, set[Role]] = {"agency_head": {"officer"}}
"""Who may do all that another role may."""
TOO_OFTEN = "Too many requests; come back after the seconds in `Retry-After`."


class Guard:
    """Authentication, roles and allowances of one running edge."""

    def __init__(self, identity: IdentityDoor, limits: EdgeLimits) -> None:
        self._identity = identity
        self._limits = limits
        self._key = secrets.token_bytes(32)
        self._buckets: dict[Allowance, Buckets] = {
            "address": Buckets(limits.rate_address, limits.addresses),
            "sign_in": Buckets(limits.rate_sign_in, limits.addresses),
            "submit": Buckets(limits.rate_submit, limits.addresses),
            "suggest": Buckets(limits.rate_suggest, limits.addresses),
            "vote": Buckets(limits.rate_vote, limits.addresses),
            "upload": Buckets(limits.rate_upload, limits.addresses),
            "tracking": Buckets(limits.rate_tracking, limits.addresses),
        }
        self._streams = 0
        self._own_streams: Counter[bytes] = Counter()
        self._tracking = trio.Semaphore(limits.tracking_at_once)

    def allow(self, allowance: Allowance, who: str) -> None:
        """Take one request from the allowance of `who`; `TooManyRequests` when it is used up."""
        wait = self._buckets[allowance].take(self._hashed(who), trio.current_time())
        if wait > 0:
            raise TooManyRequests(TOO_OFTEN, retry_after=wait)

    def forgive(self, allowance: Allowance, who: str) -> None:
        """Give one request back."""
        self._buckets[allowance].give_back(self._hashed(who), trio.current_time())

    async def principal(self, authorization: Sequence[str], who: Role | tuple[Role, ...]) -> Principal:
        """Return who is behind a bearer token, given all `Authorization` headers of the request.

        Raises `Unauthenticated` unless there is exactly one good token, `Forbidden` for another role.
        """
        principal = await self._identity.authenticate(_bearer(authorization))
        roles = (who,) if isinstance(who, str) else who
        if principal.role not in roles and not INCLUDES.get(principal.role, set()) & set(roles):
            msg = f"This address is for the role {' or '.join(roles)}."
            raise Forbidden(msg)
        return principal

    @contextmanager
    def tracking_place(self) -> Iterator[None]:
        """Hold one of the places for looking up tracking codes; `trio.WouldBlock` when all are taken."""
        self._tracking.acquire_nowait()
        try:
            yield
        finally:
            self._tracking.release()

    def admit_stream(self, owner: str | None = None) -> None:
        """Raise `Unavailable` when all places for event streams are taken, `TooManyRequests` for a citizen's own.

        A citizen is an `owner`; citizens have other places than agencies, or a few could shut these out.
        """
        if owner is not None and self._own_streams[self._hashed(owner)] >= self._limits.streams_each:
            raise TooManyRequests(TOO_OFTEN, retry_after=5.0)
        taken = self._streams if owner is None else self._own_streams.total()
        if taken >= (self._limits.streams if owner is None else self._limits.streams_own):
            msg = "all event streams are taken"
            raise Unavailable(msg, retry_after=5.0)

    @contextmanager
    def stream(self, owner: str | None = None) -> Iterator[None]:
        """Hold one of the places for event streams."""
        if owner is None:
            self._streams += 1
            try:
                yield
            finally:
                self._streams -= 1
            return
        key = self._hashed(owner)
        self._own_streams[key] += 1
        try:
            yield
        finally:
            self._own_streams[key] -= 1
            if not self._own_streams[key]:
                del self._own_streams[key]

    def address(self, peer: str, forwarded: Sequence[str]) -> str:
        """Return the client's address: the peer's, or what trusted proxies say; of IPv6 the /64 a site owns."""
        return client_address(peer, forwarded, self._limits.trusted_proxies)

    def _hashed(self, who: str) -> bytes:
        return blake2b(who.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()


def client_address(peer: str, forwarded: Sequence[str], trusted: Sequence[IPv4Network | IPv6Network]) -> str:
    """Walk `X-Forwarded-For` from the right, past the proxies we trust, and believe nothing beyond them."""
    address = _parse(peer)
    if address is None:
        return peer
    for hop in reversed([part.strip() for line in forwarded for part in line.split(",")]):
        if not any(address in network for network in trusted):
            break
        said = _parse(hop)
        if said is None:
            break
        address = said
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Address(int(address) & ~IPV6_SITE))
    return str(address)


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None


def _bearer(authorization: Sequence[str]) -> str:
    if len(authorization) == 1:
        scheme, _, token = authorization[0].partition(" ")
        token = token.strip()
        if scheme.lower() == "bearer" and token.isascii() and token.isprintable() and 0 < len(token) <= MAX_TOKEN:
            return token
    msg = "A bearer token is needed, and exactly one."
    raise Unauthenticated(msg)
