"""What every channel needs to write a message: names, links, tokens and codes, the clock."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING, Final

from jagawarga.errors import Corrupt, NotFound
from jagawarga.notification.preferences import Preferences, from_bytes, to_bytes
from jagawarga.plumbing.clock import utc_now
from jagawarga.plumbing.uuids import random_uuid

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagawarga.plumbing.clock import Clock
    from jagawarga.plumbing.keys import Keyring

PREFERENCES: Final = "notification preferences"
STOP: Final = "notification stop"
CODE: Final = "notification code"
CODE_DIGITS: Final = 8


class Desk:
    """Values in, values out; holds the keys."""

    def __init__(self, keyring: Keyring, public_url: str, name: Callable[[str], str], clock: Clock = utc_now) -> None:
        self.keyring = keyring
        self.public_url = public_url.rstrip("/")
        self.name = name
        self.clock = clock

    def seal(self, recipient: str, preferences: Preferences) -> bytes:
        """Seal preferences, so that they open for this recipient only."""
        return self.keyring.seal(PREFERENCES, to_bytes(preferences), recipient.encode())

    def unseal(self, recipient: str, sealed: bytes) -> Preferences:
        """Open them; `Corrupt` where they do not."""
        return from_bytes(self.keyring.unseal(PREFERENCES, sealed, recipient.encode()))

    def code(self, recipient: str, preferences: Preferences) -> str:
        """The code of an open confirmation. It is kept nowhere: whoever has the keys can work it out again."""
        assert preferences.confirmation is not None
        assert preferences.pending is not None
        parts = (recipient.encode(), preferences.confirmation.bytes, preferences.pending.encode())
        number = int.from_bytes(self.keyring.digest(CODE, b"\0".join(parts)))
        return str(number % 10**CODE_DIGITS).zfill(CODE_DIGITS)

    def code_fits(self, recipient: str, preferences: Preferences, code: str) -> bool:
        """Whether it is that code, in the same time for any."""
        if preferences.confirmation is None or preferences.pending is None:
            return False
        return hmac.compare_digest(self.code(recipient, preferences).encode(), code.encode())

    def link(self) -> str:
        """Where the inbox is."""
        return f"{self.public_url}/v1/me/notifications"

    def stop_link(self, recipient: str) -> str:
        """The address at which one click stops e-mail to somebody (RFC 8058); good for nothing else."""
        token = base64.urlsafe_b64encode(self.keyring.seal(STOP, recipient.encode())).decode().rstrip("=")
        return f"{self.public_url}/v1/unsubscribe/{token}"

    def stopped(self, token: str) -> str:
        """Whom a token of `stop_link` stands for; `NotFound` for one that is none."""
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            return self.keyring.unseal(STOP, sealed).decode()
        except (Corrupt, binascii.Error, ValueError):
            msg = "no such token"
            raise NotFound(msg) from None

    def number(self) -> str:
        """A number for a mail: random, so that it tells of nothing."""
        return str(random_uuid())
