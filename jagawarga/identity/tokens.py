"""Access tokens: signed, short-lived, and saying nothing to whoever finds one.

JWT (RFC 7519) signed with HS256 under a key of this installation. Who it is for is sealed as one opaque claim, so a
token that leaks does not tell whose it is; verifying one touches no disk. A citizen's own data are sealed in there as
well: the anonymizer needs them to cut them from a text, also while the database is away.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from typing import TYPE_CHECKING, Any, Final

from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic_core import from_json

from jagawarga.errors import Corrupt, Unauthenticated
from jagawarga.identity.messages import PersonalFacts, Principal, Session
from jagawarga.plumbing.keys import hmac_sha256

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagawarga.identity.messages import Role
    from jagawarga.plumbing.keys import Keyring

ALGORITHM: Final = "HS256"
HEADER: Final = {"alg": ALGORITHM, "typ": "at+jwt"}
ISSUER: Final = "jagawarga"
AUDIENCE: Final = "jagawarga-api"
PURPOSE: Final = "access-token"
LONGEST: Final = 6_000
REFUSED: Final = "the access token is not valid"
_FROM_URLSAFE: Final = bytes.maketrans(b"-_", b"+/")


class Tokens:
    """Issues and checks access tokens."""

    def __init__(self, keyring: Keyring, lifetime: int, clock: Callable[[], float] = time.time) -> None:
        self.keyring = keyring
        self.lifetime = lifetime
        self.clock = clock
        secret = keyring.signing_key(PURPOSE)
        self._sign = hmac_sha256(secret)
        self._key = OctKey.import_key(secret)
        self._header = jwt.encode(HEADER, {}, self._key, algorithms=[ALGORITHM]).partition(".")[0]

    def issue(
        self,
        subject: str,
        pseudonym: str,
        role: Role,
        agency: str | None,
        facts: PersonalFacts | None = None,
        *,
        session: str | None = None,
    ) -> Session:
        """Sign a token for an account."""
        now = int(self.clock())
        inner = json.dumps([subject, pseudonym, role, agency, facts, session]).encode()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + self.lifetime,
            "sub": base64.urlsafe_b64encode(self.keyring.seal(PURPOSE, inner)).decode(),
        }
        token = jwt.encode(HEADER, claims, self._key, algorithms=[ALGORITHM])
        return Session(token, self.lifetime, role, agency)

    def _verified(self, token: str) -> dict[str, Any]:
        """Give the claims of a token that we signed, for us, and that is not over; `ValueError` for another.

        We alone issue them, so there is one header that can be right, to the letter: no algorithm is read from it.
        """
        signed, _, signature = token.rpartition(".")
        header, _, claims = signed.partition(".")
        right = self._sign(signed.encode("ascii"))
        if not hmac.compare_digest(_unpadded(right), signature.encode("ascii")) or header != self._header:
            msg = "not a token of ours"
            raise ValueError(msg)
        read: dict[str, Any] = from_json(_decoded(claims))
        if read["iss"] != ISSUER or read["aud"] != AUDIENCE or not read["iat"] <= int(self.clock()) < read["exp"]:
            msg = "not a token for now and here"
            raise ValueError(msg)
        return read

    def check(self, token: str) -> Principal:
        """Give whom the token stands for; `Unauthenticated` when it is not ours, not whole or not valid any more."""
        if len(token) > LONGEST:
            raise Unauthenticated(REFUSED)
        try:
            inner = self.keyring.unseal(PURPOSE, _decoded(self._verified(token)["sub"]))
            subject, pseudonym, role, agency, facts, session = from_json(inner)
            known = None if facts is None else PersonalFacts(*facts)
        except (Corrupt, ValueError, KeyError, TypeError, AttributeError):
            raise Unauthenticated(REFUSED) from None
        return Principal(subject, pseudonym, role, agency, known, session)


def _unpadded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decoded(text: str) -> bytes:
    # What is too much of the padding is ignored.
    return binascii.a2b_base64(text.encode("ascii").translate(_FROM_URLSAFE) + b"==")
