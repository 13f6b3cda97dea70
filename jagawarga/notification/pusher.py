"""Web Push (RFC 8030): each message encrypted for each browser, posted to the push service the browser named."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx
import trio
from cryptography.hazmat.primitives.asymmetric import ec

from jagawarga.errors import Corrupt, Unavailable
from jagawarga.notification.channel import SEND_WITHIN
from jagawarga.notification.endpoints import Refused, bracketed, resolve, target
from jagawarga.notification.plan import Outcome
from jagawarga.notification.vapid import CURVE, authorization, base64url, encrypt, point, server_key
from jagawarga.notification.writing import push, words
from jagawarga.plumbing.randomness import random_bytes

if TYPE_CHECKING:
    from uuid import UUID

    from jagawarga.notification.channel import Letter
    from jagawarga.notification.desk import Desk
    from jagawarga.notification.store import Store

BROWSER: Final = "push subscription"
TTL: Final = 24 * 3600
"""Seconds a push service keeps a message for a browser that is away."""
POST_WITHIN: Final = 8.0
_GONE: Final = frozenset({404, 410})
_OK: Final = range(200, 300)
_LATER: Final = frozenset({408, 425, 429, *range(500, 600)})


@dataclass(frozen=True, slots=True)
class Keys:
    """A subscription as it is sealed."""

    endpoint: str
    p256dh: bytes
    auth: bytes

    def to_bytes(self) -> bytes:
        """Write it for sealing."""
        return json.dumps([self.endpoint, self.p256dh.hex(), self.auth.hex()]).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Keys:
        """Read it."""
        endpoint, p256dh, auth = json.loads(data)
        return cls(endpoint, bytes.fromhex(p256dh), bytes.fromhex(auth))


class Pusher:
    """The push channel."""

    name: Final = "push"

    def __init__(self, store: Store, desk: Desk, *, private: bool = False) -> None:
        self.store = store
        self.desk = desk
        self.private = private
        self.key = server_key(desk.keyring)
        self.public_key = base64url(point(self.key))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[PushSession]:
        """Get ready; connections are made to each push service when it is needed."""
        # No proxy from the environment: the address that was checked is the one connected to.
        async with httpx.AsyncClient(timeout=POST_WITHIN, trust_env=False, follow_redirects=False) as client:
            yield PushSession(self, client)


class PushSession:
    """A batch of pushes."""

    def __init__(self, pusher: Pusher, client: httpx.AsyncClient) -> None:
        self.pusher = pusher
        self.client = client

    @property
    def usable(self) -> bool:
        """Always: each post stands by itself."""
        return True

    async def send(self, letter: Letter) -> Outcome:
        """Push to every browser of the recipient; what one of them took is sent. See `channel.Session`."""
        outcomes: list[Outcome] = []
        desk = self.pusher.desk
        said = words(letter.news, letter.preferences.language, desk.name)
        payload = push(said, letter.news, desk.link())
        with trio.move_on_after(SEND_WITHIN) as deadline:
            try:
                browsers = await self.pusher.store.subscriptions(letter.recipient)
            except Unavailable:
                return Outcome("again", "database")
            for number, digest, sealed in browsers:
                try:
                    keys = Keys.from_bytes(desk.keyring.unseal(BROWSER, sealed, digest))
                except Corrupt:
                    outcomes.append(Outcome("failed", "unreadable"))
                    continue
                outcome = await self._post(keys, payload)
                outcomes.append(outcome)
                if outcome.reason == "gone":
                    await self._remove(letter.recipient, number)
        if deadline.cancelled_caught:
            outcomes.append(Outcome("unknown", "too-slow"))
        return together(outcomes)

    async def _remove(self, recipient: str, number: UUID) -> None:
        try:
            await self.pusher.store.unsubscribe(recipient, [number])
        except Unavailable:
            return  # it will be gone the next time, too

    async def _post(self, keys: Keys, payload: bytes) -> Outcome:
        try:
            where = target(keys.endpoint, private=self.pusher.private)
            address = await resolve(where, private=self.pusher.private)
            body = encrypt(
                payload, keys.p256dh, keys.auth, ephemeral=ec.generate_private_key(CURVE), salt=random_bytes(16)
            )
        except (Refused, ValueError):
            return Outcome("failed", "refused-address")
        except (OSError, trio.TooSlowError):
            return Outcome("again", "no-such-name")
        desk = self.pusher.desk
        headers = {
            "Host": where.authority if where.origin.endswith(where.authority) else bracketed(where.host),
            "Authorization": authorization(self.pusher.key, where.origin, desk.public_url, desk.clock()),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL),
            "Urgency": "normal",
        }
        url = f"{where.scheme}://{bracketed(address)}:{where.port}{where.path}"
        return await self._answer(url, headers, body, where.host)

    async def _answer(self, url: str, headers: Mapping[str, str], body: bytes, host: str) -> Outcome:
        # The certificate is checked against the name, although the connection is to the address.
        request = self.client.build_request(
            "POST", url, headers=headers, content=body, extensions={"sni_hostname": host}
        )
        try:
            response = await self.client.send(request, stream=True)
            # Nothing of its body is read: it could be endless, and its words are not ours to keep.
            await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return Outcome("again", "out-of-reach")
        except httpx.HTTPError as error:
            return Outcome("unknown", type(error).__name__)
        code = response.status_code
        if code in _OK:
            return Outcome("sent")
        if code in _GONE:
            return Outcome("failed", "gone")
        return Outcome("again" if code in _LATER else "failed", f"http-{code}")


def together(outcomes: list[Outcome]) -> Outcome:
    """What became of a message that went to several browsers: the best of it, for it is sent as a whole or not."""
    for fate in ("sent", "unknown", "again"):
        for each in outcomes:
            if each.fate == fate:
                return each
    return outcomes[0] if outcomes else Outcome("failed", "no-browser")
