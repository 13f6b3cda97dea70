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
    from contextlib import AbstractContextManager
    from ipaddress import IPv4Address, IPv4Network, IPv6Network
    from typing import Literal

    from jagawarga.edge.limits import EdgeLimits
    from jagawarga.identity.messages import IdentityDoor, Principal, Role

    Pool = Literal["agencies", "citizens"]
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
        self._streams: dict[Pool, Counter[bytes]] = {"agencies": Counter(), "citizens": Counter()}
        self._most: dict[Pool, tuple[int, int]] = {
            "agencies": (limits.streams, limits.streams_of_officer),
            "citizens": (limits.streams_own, limits.streams_each),
        }
        self._uploads: Counter[bytes] = Counter()
        self._tracking = trio.Semaphore(limits.tracking_at_once)

    def allow(self, allowance: Allowance, who: str) -> None:
        """Take one request from the allowance of `who`; `TooManyRequests` when it is used up."""
        wait = self._buckets[allowance].take(self._hashed(who), trio.current_time())
        if wait > 0:
            raise TooManyRequests(TOO_OFTEN, retry_after=wait)

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

    def admit_stream(self, pool: Pool, owner: str) -> None:
        """Raise `Unavailable` when all places for event streams are taken, `TooManyRequests` for one owner's.

        Citizens have other places than agencies, or a few could shut these out.
        """
        taken, (all_of_them, each) = self._streams[pool], self._most[pool]
        if taken[self._hashed(owner)] >= each:
            raise TooManyRequests(TOO_OFTEN, retry_after=5.0)
        if taken.total() >= all_of_them:
            msg = "all event streams are taken"
            raise Unavailable(msg, retry_after=5.0)

    def stream(self, pool: Pool, owner: str) -> AbstractContextManager[None]:
        """Hold one of the places for event streams."""
        return _counted(self._streams[pool], self._hashed(owner))

    def upload(self, who: str) -> AbstractContextManager[None]:
        """Hold a place for an upload; `TooManyRequests` where `who` has as many under way as one may have.

        Or one who sends slowly could keep all others from sending.
        """
        key = self._hashed(who)
        if self._uploads[key] >= self._limits.uploads_each:
            raise TooManyRequests(TOO_OFTEN, retry_after=5.0)
        return _counted(self._uploads, key)

    def address(self, peer: str, forwarded: Sequence[str]) -> str:
        """Return the client's address: the peer's, or what trusted proxies say; of IPv6 the /64 a site owns."""
        return client_address(peer, forwarded, self._limits.trusted_proxies)

    def _hashed(self, who: str) -> bytes:
        return blake2b(who.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()


@contextmanager
def _counted(places: Counter[bytes], key: bytes) -> Iterator[None]:
    places[key] += 1
    try:
        yield
    finally:
        places[key] -= 1
        if not places[key]:
            del places[key]


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
